/** Safety of the database: damage, two programs that write at once, updates. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { makeBell } from '../../../../src/services/profile/bell.ts'
import { openDatabase } from '../../../../src/services/profile/db/index.ts'
import { addRun } from '../../../runs.ts'

const DATABASE = import.meta.resolve('../../../../src/services/profile/db/index.ts')
const RECORDER = import.meta.resolve('../../../../src/services/runs/recorder.ts')

let profile: string

beforeEach(() => {
  profile = mkdtempSync(join(tmpdir(), 'self-mri-database-'))
})
afterEach(() => rmSync(profile, { recursive: true, force: true }))

const path = () => join(profile, 'self-mri.sqlite')

/** Makes a database with a table of many pages, and overwrites bytes in the middle of the file. */
function damage(): void {
  const db = openDatabase(profile)
  const add = db.prepare('INSERT INTO settings VALUES (?, ?)')
  for (let i = 0; i < 2000; i++) add.run(`name ${i}`, 'value '.repeat(20))
  db.pragma('wal_checkpoint(TRUNCATE)')
  db.close()
  const bytes = readFileSync(path())
  bytes.fill(0xab, bytes.length / 2, bytes.length / 2 + 8192)
  writeFileSync(path(), bytes)
}

describe('a damaged database', () => {
  it('is refused, and is not changed', () => {
    damage()
    const before = readFileSync(path())
    expect(() => openDatabase(profile)).toThrow(
      expect.objectContaining({
        code: 'DATABASE',
        message: expect.stringMatching(/intact.*restore the database from your own copy/),
      }),
    )
    expect(readFileSync(path()).equals(before)).toBe(true)
  })

  it('is refused, and the message names the copy from before an update', () => {
    damage()
    copyFileSync(path(), `${path()}.before-0003`)
    expect(() => openDatabase(profile)).toThrow(/self-mri\.sqlite\.before-0003 in this folder is a copy/)
  })
})

it('two programs that write at once lose nothing and damage nothing', async () => {
  const db = openDatabase(profile)
  const runs = join(profile, 'runs')
  const rows = { db, directory: profile, runs, salt: '', bell: makeBell(), settingsBell: makeBell() }
  db.exec(
    `INSERT INTO studies (id, name, roots, split, slices, remarks, created_at)
      VALUES (1, 's', '[]', '{}', '{}', '[]', '')`,
  )
  for (let n = 0; n < 2; n++) addRun(rows, 1, { status: 'running' })
  const write = async (run: number) => {
    const child = spawn(process.execPath, [
      '--input-type=module',
      '-e',
      `const { openDatabase } = await import(${JSON.stringify(DATABASE)})
      const { makeRecorder } = await import(${JSON.stringify(RECORDER)})
      const db = openDatabase(${JSON.stringify(profile)})
      const rows = { db, directory: ${JSON.stringify(profile)}, runs: ${JSON.stringify(runs)}, bell: { ring() {} } }
      const recorder = makeRecorder(rows, '${run}')
      for (let epoch = 1; epoch <= 150; epoch++) {
        const times = { epoch, learningRate: 1, seconds: 1 }
        const figures = { ...times, loss: 1, validationLoss: null, validation: null, extra: {} }
        recorder.record({ type: 'epoch', figures })
        recorder.record({ type: 'state', at: { step: epoch, epoch }, bestEpoch: null, path: 'p' + epoch, sha256: '' })
      }
      db.close()`,
    ])
    let said = ''
    child.stderr.on('data', chunk => {
      said += chunk
    })
    const [code] = await once(child, 'close')
    expect(said).toBe('')
    expect(code).toBe(0)
  }
  await Promise.all([write(1), write(2)])
  const count = (table: string) =>
    db.prepare(`SELECT run_id, COUNT(*) AS n FROM ${table} GROUP BY run_id ORDER BY run_id`).raw().all()
  expect(count('epochs')).toEqual([
    [1, 150],
    [2, 150],
  ])
  expect(count('events')).toEqual([
    [1, 301],
    [2, 301],
  ])
  expect(count('states')).toEqual([
    [1, 2],
    [2, 2],
  ])
  expect(db.pragma('integrity_check', { simple: true })).toBe('ok')
  db.close()
})

it('a database of the second version keeps its runs and checkpoints, and a copy from before stays', () => {
  const migration = (name: string) =>
    readFileSync(new URL(`../../../../src/services/profile/db/migrations/${name}.sql`, import.meta.url), 'utf8')
  const old = new Database(path())
  old.exec(migration('0001-studies-and-runs') + migration('0002-queue-and-log'))
  old.pragma('user_version = 2')
  old.exec(`
    INSERT INTO studies (id, name, roots, split, slices, remarks, created_at)
      VALUES (1, 's', '[]', '{}', '{}', '[]', '');
    INSERT INTO runs (id, kind, study_id, parent_id, status, reason, config, environment, pid, created_at, hidden_at)
      VALUES (3, 'pretrain', 1, NULL, 'finished', NULL, '{}', '{}', 1, 'c3', NULL),
        (7, 'finetune', 1, 3, 'interrupted', 'why', '{}', '{}', 1, 'c7', 'h');
    INSERT INTO checkpoints VALUES (3, 'last', 4, '/w', 'sha', 't'), (3, 'best', 2, '/b', 'sha', 't');
    INSERT INTO epochs VALUES (3, 1, 0.5, 0.1, 2, 0.6, NULL, NULL, NULL, '{}');
    INSERT INTO events (run_id, at, event) VALUES (7, 't', '{}');
  `)
  old.close()
  const db = openDatabase(profile)
  expect(
    db.prepare('SELECT id, parent_id, parent_epoch, status, fault, claimed_at, hidden_at FROM runs').raw().all(),
  ).toEqual([
    [3, null, null, 'finished', null, 'c3', null],
    [7, 3, null, 'interrupted', null, 'c7', 'h'],
  ])
  expect(db.prepare('SELECT role, epoch, step, path FROM checkpoints ORDER BY role').raw().all()).toEqual([
    ['best', 2, 0, '/b'],
    ['last', 4, 0, '/w'],
  ])
  expect([db.pragma('foreign_key_check'), db.prepare('SELECT COUNT(*) FROM events').pluck().get()]).toEqual([[], 1])
  db.close()
  const copy = new Database(`${path()}.before-0003`)
  expect(copy.pragma('user_version', { simple: true })).toBe(2)
  copy.close()
})
