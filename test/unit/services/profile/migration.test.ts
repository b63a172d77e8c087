/** A database of the first version, with rows in every table, goes through every migration without loss. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openDatabase } from '../../../../src/services/profile/db/index.ts'

const FIRST = new URL('../../../../src/services/profile/db/migrations/0001-studies-and-runs.sql', import.meta.url)

let profile: string

beforeEach(() => {
  profile = mkdtempSync(join(tmpdir(), 'self-mri-migration-'))
})
afterEach(() => rmSync(profile, { recursive: true, force: true }))

const path = () => join(profile, 'self-mri.sqlite')

/** As an older program wrote it. The acquisition holds words that must stay as they are. */
const infoOf = (synthetic: boolean) => JSON.stringify({ acquisition: '{"synthetic":true}', synthetic, coils: 1 })

function writeFirstVersion(): void {
  const db = new Database(path())
  db.pragma('journal_mode = WAL')
  db.exec(readFileSync(FIRST, 'utf8'))
  db.exec(`
    INSERT INTO settings VALUES ('salt', 'abc');
    INSERT INTO studies VALUES (1, 'Brain, 0.055 T (demonstration)', '[]', '{}', '{"kind":"all"}', '[]', 't');
    INSERT INTO studies VALUES (2, 'Knees', '[]', '{}', '{"kind":"all"}', '[]', 't');
    INSERT INTO studies VALUES (3, 'Knee, synthetic (seed 7)', '[]', '{}', '{"kind":"all"}', '[]', 't');
    INSERT INTO volumes VALUES (2, '/b.h5', 'test', 'p2', '{}'), (2, '/a.h5', 'train', 'p1', '{}'),
      (1, '/a.h5', 'val', 'p3', '{}');
    INSERT INTO skipped_files VALUES (2, '/c.h5', 'broken');
    INSERT INTO runs VALUES (4, 'pretrain', 2, NULL, NULL, 'finished', NULL, '{}', '{}', '{}', 1, 'c4', 'f4');
    INSERT INTO runs VALUES (9, 'finetune', 2, 4, NULL, 'failed', 'why', '{}', NULL, '{}', 1, 'c9', 'f9');
    INSERT INTO run_patients VALUES (4, 'p1', 'train'), (9, 'p1', 'train');
    INSERT INTO epochs VALUES (4, 1, 0.5, 0.1, 2, 0.6, NULL, NULL, NULL, '{"a":1}'),
      (9, 1, 0.4, 0.1, 2, 0.5, 0.9, 30, 0.1, '{}');
    INSERT INTO checkpoints VALUES (4, 'last', 1, '/w', 'sha', 't');
    INSERT INTO evaluations VALUES (1, 9, '{}', 't'), (2, NULL, '{}', 't');
  `)
  db.prepare('UPDATE volumes SET info = ? WHERE path = ?').run(infoOf(true), '/b.h5')
  db.prepare('UPDATE volumes SET info = ? WHERE patient = ?').run(infoOf(false), 'p1')
  db.pragma('user_version = 1')
  db.close()
}

it('keeps every row, gives volumes numbers and studies kinds, and leaves a copy from before', () => {
  writeFirstVersion()
  const before = new Database(path())
  const rows = (db: Database.Database, table: string) => db.prepare(`SELECT * FROM ${table}`).all()
  const kept = ['settings', 'skipped_files', 'run_patients', 'epochs', 'checkpoints', 'evaluations']
  const first = kept.map(table => rows(before, table))
  const runs = rows(before, 'runs') as object[]
  before.close()

  const db = openDatabase(profile)
  // In the first version, a checkpoint had no step, and a score did not name its checkpoint and request.
  const since: Record<string, object> = {
    checkpoints: { step: 0, head: null },
    evaluations: { checkpoint: null, request: null },
  }
  const withSince = first.map((all, i) => all.map(row => ({ ...(row as object), ...since[kept[i]] })))
  expect(kept.map(table => rows(db, table))).toEqual(withSince)
  expect(rows(db, 'runs')).toEqual(
    runs.map(run => expect.objectContaining({ ...run, hidden_at: null, started_at: expect.stringMatching(/^c/) })),
  )
  expect(db.prepare('SELECT id, study_id, path, role, patient FROM volumes ORDER BY id').raw().all()).toEqual([
    [1, 1, '/a.h5', 'val', 'p3'],
    [2, 2, '/a.h5', 'train', 'p1'],
    [3, 2, '/b.h5', 'test', 'p2'],
  ])
  const infos = db.prepare("SELECT info FROM volumes WHERE info <> '{}' ORDER BY id").pluck().all() as string[]
  expect(infos.map(text => JSON.parse(text))).toEqual(
    ['measured', 'synthetic'].map(origin => ({ acquisition: '{"synthetic":true}', origin, coils: 1 })),
  )
  expect(db.prepare('SELECT kind FROM studies ORDER BY id').pluck().all()).toEqual([
    'demonstration',
    'folder',
    'synthetic',
  ])
  expect(db.pragma('foreign_key_check')).toEqual([])
  expect(db.pragma('foreign_keys', { simple: true })).toBe(1)
  const next = db.prepare(
    `INSERT INTO runs (kind, study_id, status, config, environment, pid, claimed_at, created_at)
      VALUES ('import', 2, 'queued', '{}', '{}', 1, '', '')`,
  )
  expect(next.run().lastInsertRowid).toBe(10)
  expect(() => db.exec('INSERT INTO run_patients VALUES (99, ?, ?)')).toThrow()
  db.close()

  const copy = new Database(`${path()}.before-0002`)
  expect(copy.pragma('user_version', { simple: true })).toBe(1)
  expect(kept.map(table => rows(copy, table))).toEqual(first)
  copy.close()
})

it('continues the reproductions that a signal stopped in an earlier version, and no others', () => {
  const migrations = new URL('./', FIRST)
  const db = new Database(path())
  const earlier = readdirSync(migrations).filter(name => Number.parseInt(name, 10) < 5)
  for (const name of earlier.toSorted()) db.exec(readFileSync(new URL(name, migrations), 'utf8'))
  db.exec(`
    INSERT INTO studies (id, name, kind, roots, split, slices, remarks, created_at)
      VALUES (1, 'Knees', 'folder', '[]', '{}', '{"kind":"all"}', '[]', 't');
    INSERT INTO reproductions (id, study_id, request, status, reason, created_at) VALUES
      (1, 1, '{}', 'stopped', 'SIGTERM stopped the program during the reproduction.', 't'),
      (2, 1, '{}', 'stopped', NULL, 't'),
      (3, 1, '{}', 'stopped', 'The program was closed during the reproduction.', 't'),
      (4, 1, '{}', 'stopped', 'SIGHUP stopped the program during the reproduction.', 't');
  `)
  db.pragma('user_version = 4')
  db.close()
  const now = openDatabase(profile)
  expect(now.prepare('SELECT id FROM reproductions WHERE continues = 1').pluck().all()).toEqual([1, 4])
  now.close()
})

it('makes no copy of a new or current database', () => {
  openDatabase(profile).close()
  openDatabase(profile).close()
  expect(existsSync(path())).toBe(true)
  expect(readdirSync(profile).filter(name => name.includes('before'))).toEqual([])
})
