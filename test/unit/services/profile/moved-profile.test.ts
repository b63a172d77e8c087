/** A moved profile works as before, also a profile of version 349f561, which stored absolute paths. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openServices, type Services } from '../../../../src/services/open.ts'
import { checkProfile } from '../../../../src/services/profile/check.ts'
import { keptModel } from '../../../../src/services/runs/kept-model.ts'
import { eventsOf } from '../../../../src/services/runs/log.ts'
import { makeRecorder } from '../../../../src/services/runs/recorder.ts'
import { parentOf } from '../../../../src/services/runs/resume.ts'
import { findRun, listRuns, statesOf, storedRun } from '../../../../src/services/runs/runs.ts'
import { insertRun } from '../../../../src/services/runs/store.ts'
import { recordJob } from '../../../../src/services/runs/store-training.ts'
import { viewRun } from '../../../../src/services/runs/views.ts'
import { DEMONSTRATION_VOLUME } from '../../../../src/services/studies/demonstration.ts'
import { listStudies } from '../../../../src/services/studies/studies.ts'
import { OLD_PLACE, unpackOldProfile } from '../../../old-profile.ts'

let folder: string
let opened: Services[]

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'self-mri-moved-'))
  opened = []
})
afterEach(() => {
  for (const services of opened) services.dispose()
  rmSync(folder, { recursive: true, force: true })
})

function open(profile: string, readOnly = false): Services {
  const services = openServices({ profile, readOnly })
  opened.push(services)
  return services
}

/** Closes the profile, and moves it to a folder with a space in its name. */
function moved(services: Services): Services {
  services.dispose()
  opened = opened.filter(each => each !== services)
  const profile = join(folder, 'another place', 'p')
  mkdirSync(join(folder, 'another place'), { recursive: true })
  renameSync(services.profile.directory, profile)
  return open(profile)
}

/** Every text in the database that contains this path. */
function textsWith(profile: string, place: string): string[] {
  const db = new Database(join(profile, 'self-mri.sqlite'), { readonly: true })
  const tables = db.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").pluck().all() as string[]
  const rows = tables.flatMap(table =>
    db
      .prepare(`SELECT * FROM ${table}`)
      .all()
      .map(row => `${table} ${JSON.stringify(row)}`),
  )
  db.close()
  return rows.filter(row => row.includes(place))
}

describe('a profile of 349f561 that was moved before the update', () => {
  it.each([[false], [true]])('has all its runs and files in the new folder (read only: %s)', async readOnly => {
    const { profile } = unpackOldProfile(folder, { dataFollow: true })
    const services = open(profile, readOnly)
    const check = await checkProfile(services.profile)
    expect(check.faults).toEqual([])
    expect(check.checked).toEqual({ checkpoint: 10, state: 6, preview: 6, 'mask file': 0, 'study file': 12 })
    expect(listRuns(services.profile).map(({ id, status }) => [id, status])).toEqual([
      ['1', 'finished'],
      ['2', 'finished'],
      ['3', 'finished'],
      ['4', 'interrupted'],
    ])
    // keptModel also compares the file's hash with the hash that the run recorded.
    expect(keptModel(services.profile, '3').model.checkpoint).toBe(join(profile, 'runs/3/best-0002.safetensors'))
    expect(keptModel(services.profile, '3', 1).model.checkpoint).toBe(
      join(profile, 'runs/3/milestone-0001.safetensors'),
    )
    expect(findRun(services.profile, '1').summary).toEqual({
      run: '1',
      epochs: 1,
      steps: 1,
      batch: 2,
      seconds: expect.any(Object),
      loss: 0.9474534392356873, // as the old version stored it
      chanceLoss: null,
      validationLoss: 0.891174703836441,
      bestEpoch: null,
      kernels: [{ name: null, epoch: 1, step: 0 }],
      checkpoint: { path: join(profile, 'runs/1/last-0001.safetensors'), sha256: expect.stringMatching(/^5a29f7f4/) },
    })
    expect(viewRun(services.profile, '2').checkpoints.map(({ path }) => path)).toEqual(
      ['best-0001', 'best-0002', 'last-0002'].map(name => join(profile, `runs/2/${name}.safetensors`)),
    )
    const named = eventsOf(services.profile, '4').flatMap(({ event }) =>
      'path' in event && event.path ? [event.path] : [],
    )
    expect(named).toHaveLength(4)
    expect(named.every(path => path.startsWith(join(profile, 'runs/4/')) && existsSync(path))).toBe(true)
  })

  it('finds the files of the program in its present folder, and uploads in the profile', () => {
    const { profile, data } = unpackOldProfile(folder, { dataFollow: true })
    const [brains, demonstration, uploaded] = listStudies(open(profile).profile)
    expect(demonstration.roots).toEqual([join(DEMONSTRATION_VOLUME, '..')])
    expect(demonstration.volumes.map(({ path }) => path)).toContain(DEMONSTRATION_VOLUME)
    expect(uploaded.roots).toEqual([join(profile, 'uploads/batch-1')])
    expect(uploaded.volumes.map(({ path }) => path)).toEqual([join(profile, 'uploads/batch-1/uploaded.h5')])
    expect(brains.roots).toEqual([data])
  })

  it('stores no former path, except paths of a user’s own files and of scored files', () => {
    const { profile } = unpackOldProfile(folder)
    open(profile).dispose()
    opened = []
    expect(textsWith(profile, `${OLD_PLACE}/profile`)).toEqual([])
    expect(textsWith(profile, '/tmp/self-mri-program')).toEqual([])
    expect(textsWith(profile, `${OLD_PLACE}/data`).map(row => row.split(' ')[0])).toEqual([
      'studies',
      'evaluations',
      'evaluations',
      'volumes',
      'volumes',
      'volumes',
    ])
  })

  it('names the files of a study that are missing at their stored path', async () => {
    const { profile } = unpackOldProfile(folder)
    const { faults } = await checkProfile(open(profile).profile)
    expect(faults).toEqual(
      ['test', 'train', 'val'].map(role => ({
        kind: 'study file',
        of: 'Brains',
        path: `${OLD_PLACE}/data/${role}/patient_${role}.h5`,
        fault: 'missing',
      })),
    )
  })

  it('finds uploads also after two moves: before its first runs and after them', () => {
    const { profile } = unpackOldProfile(folder)
    const path = join(profile, 'self-mri.sqlite')
    const old = new Database(path)
    old.exec(`UPDATE checkpoints SET path = replace(path, '${OLD_PLACE}', '/second place') WHERE run_id > 1;
      UPDATE volumes SET path = '/second place/profile/extra/x.h5' WHERE id = 1`)
    old.close()
    const services = open(profile)
    expect(
      services.profile.db.prepare('SELECT path FROM volumes WHERE id IN (1, 12) ORDER BY id').pluck().all(),
    ).toEqual(['extra/x.h5', 'uploads/batch-1/uploaded.h5'])
    expect(listRuns(services.profile).map(({ checkpoint }) => existsSync(checkpoint!.path))).toEqual([
      true,
      true,
      true,
      true,
    ])
  })

  it('finds uploads also if no run records the former folder', () => {
    const { profile } = unpackOldProfile(folder)
    const old = new Database(join(profile, 'self-mri.sqlite'))
    old.exec(
      'DELETE FROM evaluations; DELETE FROM events; DELETE FROM checkpoints; DELETE FROM states; DELETE FROM runs',
    )
    old.close()
    expect(listStudies(open(profile).profile)[2].volumes[0].path).toBe(join(profile, 'uploads/batch-1/uploaded.h5'))
  })

  it('keeps the path of a user’s own folder that has the name of a folder in the profile', () => {
    const { profile } = unpackOldProfile(folder)
    const own = join(folder, 'uploads/batch-1/uploaded.h5')
    mkdirSync(join(folder, 'uploads/batch-1'), { recursive: true })
    writeFileSync(own, '')
    const old = new Database(join(profile, 'self-mri.sqlite'))
    old.prepare("UPDATE volumes SET path = @own, info = json_set(info, '$.path', @own) WHERE id = 12").run({ own })
    old.close()
    expect(listStudies(open(profile).profile)[2].volumes[0].path).toBe(own)
  })
})

describe('a profile of this version', () => {
  const config = (services: Services) => ({
    ...findRun(services.profile, '3').config,
    kind: 'import' as const,
    recipe: null,
  })

  it('does not store its own path', () => {
    const { profile } = unpackOldProfile(folder)
    const services = open(profile)
    const run = insertRun(services.profile, {
      study: 1,
      config: config(services),
      parent: { file: join(profile, 'uploads/weights.safetensors') },
      status: 'running',
    })
    const recorder = makeRecorder(services.profile, run)
    const file = (name: string) => ({ path: join(profile, 'runs', run, name), sha256: 's' })
    recorder.record({ type: 'checkpoint', role: 'best', epoch: 1, step: 1, ...file('best-0001.safetensors') })
    recorder.record({ type: 'state', at: { step: 1, epoch: 1 }, bestEpoch: 1, ...file('state.safetensors') })
    recorder.close()
    expect(textsWith(profile, profile)).toEqual([])
    expect(readFileSync(join(profile, 'runs', run, 'events.jsonl'), 'utf8')).not.toContain(profile)

    const later = moved(services)
    const directory = join(later.profile.directory, 'runs', run)
    expect(findRun(later.profile, run).checkpoint!.path).toBe(join(directory, 'best-0001.safetensors'))
    expect(statesOf(later.profile, Number(run))[0].path).toBe(join(directory, 'state.safetensors'))
    expect(parentOf(later.profile, storedRun(later.profile, run))).toEqual({
      file: join(later.profile.directory, 'uploads/weights.safetensors'),
    })
  })

  it('removes files of weights and states that are no longer needed, in the new folder', () => {
    const { profile } = unpackOldProfile(folder)
    const later = moved(open(profile))
    const directory = join(later.profile.directory, 'runs/4')
    const recorder = makeRecorder(later.profile, '4')
    recorder.record({
      type: 'checkpoint',
      role: 'last',
      epoch: 2,
      step: 2,
      path: join(directory, 'last-0002.safetensors'),
      sha256: 's',
    })
    recorder.close()
    expect(existsSync(join(directory, 'last-0001.safetensors'))).toBe(false)
    expect(existsSync(join(directory, 'best-0001.safetensors'))).toBe(true)
  })
})

it('the check of a profile names missing and damaged files', async () => {
  const { profile } = unpackOldProfile(folder, { dataFollow: true })
  rmSync(join(profile, 'runs/2/best-0002.safetensors'))
  rmSync(join(profile, 'runs/1/previews/0001.f32'))
  const state = join(profile, 'runs/4/state-0001-000001.safetensors')
  const bytes = readFileSync(state)
  bytes[bytes.length - 1] ^= 1
  writeFileSync(state, bytes)
  const services = open(profile)
  services.profile.db.exec("UPDATE studies SET hidden_at = 'now' WHERE id = 3")
  rmSync(join(profile, 'uploads'), { recursive: true }) // files of a study that was removed from the list
  const { faults, checked } = await checkProfile(services.profile)
  expect(checked['study file']).toBe(11)
  expect(faults).toEqual([
    { kind: 'checkpoint', of: '2', path: join(profile, 'runs/2/best-0002.safetensors'), fault: 'missing' },
    { kind: 'state', of: '4', path: state, fault: 'damaged' },
    { kind: 'preview', of: '1', path: join(profile, 'runs/1/previews/0001.f32'), fault: 'missing' },
  ])
})

it('the check of a profile omits a run in training, whose files change, and says so', async () => {
  const { profile } = unpackOldProfile(folder, { dataFollow: true })
  const services = open(profile)
  services.profile.db.prepare("UPDATE runs SET status = 'running', pid = ? WHERE id = 4").run(process.pid)
  rmSync(join(profile, 'runs/4'), { recursive: true })
  const { faults, checked, training } = await checkProfile(services.profile)
  expect(faults).toEqual([])
  expect(training).toEqual(['4'])
  expect(checked).toEqual({ checkpoint: 8, state: 5, preview: 5, 'mask file': 0, 'study file': 12 })
})

it.each([
  ['submitted', true],
  ['pending', true],
  ['running', true],
  ['ended', false],
  ['lost', false],
] as const)('the check of a profile knows whether a job that is %s may delete files', async (state, goesOn) => {
  const { profile } = unpackOldProfile(folder, { dataFollow: true })
  const services = open(profile)
  const job = { executor: 'slurm', id: '812', state, node: null, words: '', folder: '4/job' } as const
  recordJob(services.profile, '4', { job })
  services.profile.db.exec("UPDATE runs SET status = 'interrupted' WHERE id = 4")
  rmSync(join(profile, 'runs/4/state-0001-000001.safetensors')) // as the job does
  const { faults, training } = await checkProfile(services.profile)
  expect(training).toEqual(goesOn ? ['4'] : [])
  expect(faults).toHaveLength(goesOn ? 0 : 1)
})
