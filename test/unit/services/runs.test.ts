import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Recipe, type RunConfig } from '../../../src/contract/runs.ts'
import type { VolumeInfo } from '../../../src/contract/volumes.ts'
import { openServices, type Services } from '../../../src/services/context.ts'
import { openDatabase } from '../../../src/services/db/index.ts'
import { eventsOf } from '../../../src/services/log.ts'
import { findRun, listRuns, modelOf, requireUnseen } from '../../../src/services/runs.ts'
import { findStudy } from '../../../src/services/studies.ts'
import { startRun } from '../../../src/services/training.ts'
import { noiseVolume } from '../../volumes.ts'

let profile: string
let services: Services

beforeEach(() => {
  profile = mkdtempSync(join(tmpdir(), 'self-mri-profile-'))
  services = openServices({ profile })
})

afterEach(() => {
  services.dispose()
  rmSync(profile, { recursive: true, force: true })
})

const config: RunConfig = {
  kind: 'train',
  network: 'unet',
  networkConfig: { channels: 4, pools: 2 },
  method: null,
  methodConfig: {},
  pretext: null,
  recipe: Recipe.parse({
    epochs: 2,
    batch: 1,
    optimizer: { kind: 'sgd' },
    schedule: { kind: 'constant', rate: 1 },
  }),
  fineTuning: null,
  mask: { kind: 'random', acceleration: 4, centerFraction: 0.08 },
  slices: { kind: 'all' },
  seed: 0,
}

function addStudy(name: string, volumes: [VolumeInfo, string][]): string {
  const { lastInsertRowid } = services.db
    .prepare(
      "INSERT INTO studies (name, roots, split, slices, remarks, created_at) VALUES (?, '[]', '{}', '{\"kind\":\"all\"}', '[]', '')",
    )
    .run(name)
  const add = services.db.prepare('INSERT INTO volumes (study_id, path, role, patient, info) VALUES (?, ?, ?, ?, ?)')
  for (const [info, role] of volumes) add.run(lastInsertRowid, info.path, role, info.patient, JSON.stringify(info))
  return String(lastInsertRowid)
}

/** A run's row as a process of this number would have left it. */
function addRun(
  study: string,
  {
    pid = process.pid,
    status = 'finished',
    parent = null as number | null,
    trained = [] as string[],
    createdAt = new Date().toISOString(),
  } = {},
): number {
  const { lastInsertRowid } = services.db
    .prepare(
      "INSERT INTO runs (kind, study_id, parent_id, status, config, environment, pid, created_at, claimed_at) VALUES ('train', ?, ?, ?, ?, '{}', ?, ?, ?)",
    )
    .run(Number(study), parent, status, JSON.stringify(config), pid, createdAt, createdAt)
  for (const patient of trained)
    services.db.prepare("INSERT INTO run_patients VALUES (?, ?, 'train')").run(lastInsertRowid, patient)
  return Number(lastInsertRowid)
}

const info = (patient: string) => noiseVolume(patient).info

describe('the leak of patients', () => {
  it('is refused by file name, for a run’s own training and for that of the run it came from', () => {
    const study = addStudy('s', [[info('a'), 'train']])
    const pretrained = addRun(study, { trained: ['a'] })
    const fineTuned = addRun(study, { parent: pretrained, trained: ['b'] })
    expect(() => requireUnseen(services, String(fineTuned), [info('c')])).not.toThrow()
    expect(() => requireUnseen(services, String(fineTuned), [info('c'), info('b')])).toThrow(/b\.h5/)
    expect(() => requireUnseen(services, String(fineTuned), [info('a')])).toThrow(
      new RegExp(`a\\.h5.*training of run ${pretrained}`),
    )
    expect(() => requireUnseen(services, String(pretrained), [info('b')])).not.toThrow()
  })

  it('within a study stops a training before it begins, and leaves no row', async () => {
    const study = addStudy('s', [
      [{ ...info('a'), path: '/1.h5', file: '1.h5' }, 'train'],
      [{ ...info('a'), path: '/2.h5', file: '2.h5' }, 'test'],
    ])
    await expect(startRun(services, { study: findStudy(services, study), config, parent: null })).rejects.toMatchObject(
      {
        code: 'PATIENT_LEAK',
        message: expect.stringMatching(/1\.h5 \(train\), 2\.h5 \(test\)/),
      },
    )
    expect(listRuns(services)).toEqual([])
  })

  it('of a fine-tuning’s test patients through its parent is refused', async () => {
    const first = addStudy('first', [[info('a'), 'train']])
    const parent = addRun(first, { trained: ['a'] })
    const second = addStudy('second', [
      [info('b'), 'train'],
      [info('a'), 'test'],
    ])
    const request = { study: findStudy(services, second), config, parent: { run: String(parent) } }
    await expect(startRun(services, request)).rejects.toMatchObject({ code: 'PATIENT_LEAK' })
  })
})

describe('a run', () => {
  it('whose process is gone reads interrupted after the next start; one that lives is left alone', () => {
    const study = addStudy('s', [[info('a'), 'train']])
    const gone = addRun(study, { pid: 2 ** 30, status: 'running' })
    const waited = addRun(study, { pid: 2 ** 30, status: 'queued' })
    const alive = addRun(study, { pid: process.ppid, status: 'running' })
    const mine = addRun(study, { status: 'running' })
    // In a container a program gets the same number each time it is started.
    const before = addRun(study, { status: 'running', createdAt: '2020-01-01T00:00:00.000Z' })
    services.dispose()
    services = openServices({ profile })
    for (const [run, reason] of [
      [gone, 'ended while'],
      [waited, 'had begun'],
      [before, 'ended while'],
    ] as const) {
      const { status, reason: said } = findRun(services, String(run))
      expect([status, said]).toEqual(['interrupted', expect.stringContaining(reason)])
      expect(eventsOf(services, String(run)).at(-1)!.event).toMatchObject({ type: 'status', status, reason: said })
    }
    for (const run of [alive, mine]) expect(findRun(services, String(run)).status).toBe('running')
  })

  it('whose checkpoint was changed or is gone is refused, the file named', () => {
    const run = addRun(addStudy('s', [[info('a'), 'train']]))
    const path = join(profile, 'last.safetensors')
    writeFileSync(path, 'weights')
    const sha256 = createHash('sha256').update('weights').digest('hex')
    services.db.prepare("INSERT INTO checkpoints VALUES (?, 'last', 1, 0, ?, ?, '')").run(run, path, sha256)
    expect(modelOf(services, String(run)).checkpoint).toBe(path)
    writeFileSync(path, 'wEights')
    expect(() => modelOf(services, String(run))).toThrow(
      expect.objectContaining({ code: 'CHECKPOINT_DAMAGED', message: expect.stringContaining(path) }),
    )
    rmSync(path)
    expect(() => modelOf(services, String(run))).toThrow(expect.objectContaining({ code: 'FILE_UNREADABLE' }))
  })

  it('or a study that is not there is said to be so, with what there is', () => {
    addStudy('Knees', [[info('a'), 'train']])
    expect(() => findRun(services, '12')).toThrow(/got "12".*self-mri runs/)
    expect(() => findStudy(services, 'Brains')).toThrow(/"Knees".*got "Brains"/)
  })
})

describe('the database', () => {
  it('has one salt a profile, kept from start to start', () => {
    const { salt } = services
    services.dispose()
    services = openServices({ profile })
    expect(services.salt).toBe(salt)
    expect(salt).toHaveLength(32)
  })

  it('of a newer program is refused politely and left as it is', () => {
    services.dispose()
    const path = join(profile, 'self-mri.sqlite')
    const raw = new Database(path)
    const version = raw.pragma('user_version', { simple: true })
    raw.pragma('user_version = 999')
    raw.close()
    expect(() => openDatabase(profile)).toThrow(
      expect.objectContaining({ code: 'DATABASE', message: expect.stringContaining('999') }),
    )
    const again = new Database(path)
    expect(again.pragma('user_version', { simple: true })).toBe(999)
    again.pragma(`user_version = ${version}`)
    again.close()
    services = openServices({ profile })
  })

  it('that is no database is refused, the file named', () => {
    services.dispose()
    const other = mkdtempSync(join(tmpdir(), 'self-mri-broken-'))
    writeFileSync(join(other, 'self-mri.sqlite'), 'this is not a database, but long enough to look at'.repeat(50))
    expect(() => openDatabase(other)).toThrow(
      expect.objectContaining({ code: 'DATABASE', message: expect.stringContaining('self-mri.sqlite') }),
    )
    rmSync(other, { recursive: true })
    services = openServices({ profile })
  })
})
