import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { openServices, type Services } from '../../../../src/services/open.ts'
import { openDatabase } from '../../../../src/services/profile/db/index.ts'
import { modelOf } from '../../../../src/services/runs/kept-model.ts'
import { requireUnseen } from '../../../../src/services/runs/leaks.ts'
import { eventsOf } from '../../../../src/services/runs/log.ts'
import { findRun, listRuns } from '../../../../src/services/runs/runs.ts'
import { recordCheckpoint } from '../../../../src/services/runs/store-training.ts'
import { startRun } from '../../../../src/services/runs/training.ts'
import { viewRun, viewRuns } from '../../../../src/services/runs/views.ts'
import { findStudy } from '../../../../src/services/studies/studies.ts'
import { addRun, TRAINING } from '../../../runs.ts'
import { addStudy } from '../../../studies.ts'
import { noiseVolume } from '../../../volumes.ts'

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

const info = (patient: string) => noiseVolume(patient).info

describe('the leak of patients', () => {
  it('is refused with the file’s name, for the run’s own training and for its parent’s training', () => {
    const study = addStudy(services.profile, 's', [[info('a'), 'train']])
    const pretrained = addRun(services.profile, study.id, { trained: ['a'] })
    const fineTuned = addRun(services.profile, study.id, { parent: { run: pretrained }, trained: ['b'] })
    expect(() => requireUnseen(services.profile, fineTuned, [info('c')])).not.toThrow()
    expect(() => requireUnseen(services.profile, fineTuned, [info('c'), info('b')])).toThrow(/b\.h5/)
    expect(() => requireUnseen(services.profile, fineTuned, [info('a')])).toThrow(
      new RegExp(`a\\.h5.*training of run ${pretrained}`),
    )
    expect(() => requireUnseen(services.profile, pretrained, [info('b')])).not.toThrow()
  })

  it('within a study refuses a training before it begins, and makes no run', async () => {
    const study = addStudy(services.profile, 's', [
      [{ ...info('a'), path: '/1.h5', file: '1.h5' }, 'train'],
      [{ ...info('a'), path: '/2.h5', file: '2.h5' }, 'test'],
    ])
    await expect(startRun(services, { study: study, config: TRAINING, parent: null })).rejects.toMatchObject({
      code: 'PATIENT_LEAK',
      message: expect.stringMatching(/1\.h5 \(train\), 2\.h5 \(test\)/),
    })
    expect(listRuns(services.profile)).toEqual([])
  })

  it('of a fine-tuning’s test patients through its parent is refused', async () => {
    const first = addStudy(services.profile, 'first', [[info('a'), 'train']])
    const parent = addRun(services.profile, first.id, { trained: ['a'] })
    const second = addStudy(services.profile, 'second', [
      [info('b'), 'train'],
      [info('a'), 'test'],
    ])
    const request = { study: second, config: TRAINING, parent: { run: parent } }
    await expect(startRun(services, request)).rejects.toMatchObject({ code: 'PATIENT_LEAK' })
  })
})

it('the list of runs has patients and times of ancestors, and reads them at once', () => {
  const study = addStudy(services.profile, 's', [])
  const run = (trained: string[], parent: string | null) =>
    addRun(services.profile, study.id, { trained, parent: parent === null ? null : { run: parent } })
  const first = run(['b', 'a'], null)
  const second = run(['c'], first)
  const third = run(['a', 'd'], second)
  const { db } = services.profile
  db.exec(`UPDATE runs SET hidden_at = 'now' WHERE id = ${second}`)
  db.exec(`UPDATE runs SET start_path = 'w' WHERE id = ${first}`)
  const asked = vi.spyOn(db, 'prepare')
  const views = viewRuns(services.profile)
  expect(asked.mock.calls.filter(([sql]) => sql.includes('run_patients'))).toHaveLength(1)
  const statements = asked.mock.calls.map(([sql]) => sql)
  expect(statements).toEqual([...new Set(statements)]) // none is prepared again for another run
  asked.mockRestore()
  expect(views).toMatchObject([
    { id: first, trainedPatients: ['a', 'b'], unknownTraining: true },
    { id: third, trainedPatients: ['a', 'd', 'c', 'b'], validatedPatients: [], unknownTraining: true },
  ])
  expect(viewRun(services.profile, third).run).toEqual(views[1])
})

describe('a run', () => {
  it('is interrupted at the next start if its process has ended, and unchanged if its process lives', () => {
    const study = addStudy(services.profile, 's', [[info('a'), 'train']])
    const gone = addRun(services.profile, study.id, { pid: 2 ** 30, status: 'running' })
    const waited = addRun(services.profile, study.id, { pid: 2 ** 30, status: 'queued' })
    const alive = addRun(services.profile, study.id, { pid: process.ppid, status: 'running' })
    const mine = addRun(services.profile, study.id, { status: 'running' })
    // In a container, a program can get the same process id at each start.
    const before = addRun(services.profile, study.id, { status: 'running', claimedAt: '2020-01-01T00:00:00.000Z' })
    services.dispose()
    services = openServices({ profile })
    for (const [run, reason] of [
      [gone, 'ended while'],
      [waited, 'had begun'],
      [before, 'ended while'],
    ] as const) {
      const { status, reason: said } = findRun(services.profile, run)
      expect([status, said]).toEqual(['interrupted', expect.stringContaining(reason)])
      expect(eventsOf(services.profile, run).at(-1)!.event).toMatchObject({ type: 'status', status, reason: said })
    }
    for (const run of [alive, mine]) expect(findRun(services.profile, run).status).toBe('running')
  })

  it('is refused if its checkpoint was changed or is missing, and the file is named', () => {
    const run = addRun(services.profile, addStudy(services.profile, 's', [[info('a'), 'train']]).id)
    const path = join(profile, 'last.safetensors')
    writeFileSync(path, 'weights')
    const sha256 = createHash('sha256').update('weights').digest('hex')
    recordCheckpoint(services.profile, run, { role: 'last', epoch: 1, step: 0, path, sha256 })
    expect(modelOf(services.profile, run).checkpoint).toBe(path)
    writeFileSync(path, 'wEights')
    expect(() => modelOf(services.profile, run)).toThrow(
      expect.objectContaining({ code: 'CHECKPOINT_DAMAGED', message: expect.stringContaining(path) }),
    )
    rmSync(path)
    expect(() => modelOf(services.profile, run)).toThrow(expect.objectContaining({ code: 'FILE_UNREADABLE' }))
  })

  it('or a study that does not exist is an error that lists the existing ones', () => {
    addStudy(services.profile, 'Knees', [[info('a'), 'train']])
    expect(() => findRun(services.profile, '12')).toThrow(/got "12".*self-mri runs/)
    expect(() => findStudy(services.profile, 'Brains')).toThrow(/"Knees".*got "Brains"/)
  })
})

describe('the database', () => {
  it('has one salt per profile, which stays', () => {
    const { salt } = services.profile
    services.dispose()
    services = openServices({ profile })
    expect(services.profile.salt).toBe(salt)
    expect(salt).toHaveLength(32)
  })

  it('of a newer version is refused with a message, and is not changed', () => {
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

  it('that is no database is refused, and the file is named', () => {
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
