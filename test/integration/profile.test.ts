/** Profiles that were moved, are old, or are locked by another program, and ambiguous names on the command line. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { MaskSpec } from '../../src/contract/evaluation.ts'
import { Recipe } from '../../src/contract/recipes.ts'
import type { TrainingEvent } from '../../src/contract/runs.ts'
import { openServices, type Services } from '../../src/services/open.ts'
import { fineTuningOf } from '../../src/services/runs/catalogue.ts'
import { resumeRun } from '../../src/services/runs/resume.ts'
import { checkpointsOf, findRun, storedRun } from '../../src/services/runs/runs.ts'
import { startRun, supervisedConfig } from '../../src/services/runs/training.ts'
import { findStudy, studyById, volumesOf } from '../../src/services/studies/studies.ts'
import { evaluate } from '../../src/services/viewing/evaluations.ts'
import { reconstruct } from '../../src/services/viewing/save.ts'
import { unpackOldProfile } from '../old-profile.ts'

vi.setConfig({ testTimeout: 240_000 })

const root = fileURLToPath(new URL('../../', import.meta.url))

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'self-mri-profile-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function start(profile: string, ...args: string[]) {
  const child = spawn(process.execPath, [join(root, 'src/cli/main.ts'), ...args], {
    env: { ...process.env, INIT_CWD: folder, SELF_MRI_PROFILE: profile },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let [out, err] = ['', '']
  child.stdout.on('data', chunk => {
    out += chunk
  })
  child.stderr.on('data', chunk => {
    err += chunk
  })
  return {
    finished: once(child, 'close').then(([status]) => ({ status: status as number | null, out, err })),
    /** Resolves when standard error matches these words. */
    said: (words: RegExp) => vi.waitFor(() => expect(err).toMatch(words), { timeout: 60_000, interval: 50 }),
  }
}

const run = (profile: string, ...args: string[]) => start(profile, ...args).finished

describe('a run that is stopped, and whose profile is then moved', () => {
  const EPOCHS = 6

  /** Trains run 5 on a copy of the old profile's study, and stops after `stopAfter` epochs. */
  async function train(services: Services, stopAfter: number): Promise<void> {
    const stop = new AbortController()
    const { network, networkConfig, mask, slices } = findRun(services.profile, '3').config
    const recipe = Recipe.parse({
      epochs: EPOCHS,
      batch: 1,
      optimizer: { kind: 'adam' },
      schedule: { kind: 'constant', rate: 1e-3 },
    })
    const config = supervisedConfig('train', { network, networkConfig, mask, slices, seed: 1 }, recipe)
    const training = startRun(
      services,
      { study: studyById(services.profile, 1), config, parent: null },
      {
        signal: stop.signal,
        onEvent: event => {
          if (event.type === 'epoch' && event.figures.epoch === stopAfter) stop.abort()
        },
      },
    )
    if (stopAfter < EPOCHS) await expect(training).rejects.toMatchObject({ code: 'CANCELLED' })
    else await training
  }

  it('ends with the weights of an undisturbed run, bit for bit', async () => {
    const { profile } = unpackOldProfile(folder, { dataFollow: true })
    cpSync(profile, join(folder, 'moves'), { recursive: true })
    const whole = openServices({ profile })
    await train(whole, EPOCHS)
    const stopped = openServices({ profile: join(folder, 'moves') })
    await train(stopped, 3)
    stopped.dispose()
    mkdirSync(join(folder, 'elsewhere'))
    renameSync(join(folder, 'moves'), join(folder, 'elsewhere', 'has moved'))
    const moved = openServices({ profile: join(folder, 'elsewhere', 'has moved') })
    expect((await resumeRun(moved, '5')).status).toBe('finished')
    const kept = (services: Services) =>
      checkpointsOf(services.profile, 5).map(({ role, epoch, sha256 }) => [role, epoch, sha256])
    expect(kept(moved).at(-1)).toEqual(kept(whole).at(-1)) // the last checkpoint
    expect(kept(moved)).toHaveLength(kept(whole).length)
    expect(findRun(moved.profile, '5').checkpoint!.sha256).toBe(findRun(whole.profile, '5').checkpoint!.sha256)
    expect(findRun(moved.profile, '5').summary!.checkpoint.path).toBe(findRun(moved.profile, '5').checkpoint!.path)
    expect(JSON.parse(storedRun(moved.profile, '5').summary!).checkpoint.path).toMatch(/^5\/best-\d{4}\.safetensors$/)
    expect(existsSync(join(folder, 'moves'))).toBe(false)
    whole.dispose()
    moved.dispose()
  })
})

it('a profile of 349f561 that has moved is scored as it was, fine-tuned, resumed and reconstructed with', async () => {
  const { profile, data } = unpackOldProfile(folder, { dataFollow: true })
  const services = openServices({ profile })
  const study = findStudy(services.profile, 'Brains')
  const mask = MaskSpec.parse({})
  const settings = { mask, maskDraws: null, slices: { kind: 'all' }, reference: 'ground truth' } as const
  const of = { study, volumes: volumesOf(study, 'test') }
  const scored = await evaluate(services, { of, run: '3', settings })
  expect(scored.mean!.ssim).toBeCloseTo(0.2421064439654153, 6) // the score of the old version
  const parent = findRun(services.profile, '1').config
  const config = supervisedConfig('finetune', parent, { ...fineTuningOf(parent), epochs: 1 })
  const tuned = await startRun(services, { study, config, parent: { run: '1', epoch: null } })
  expect(tuned).toMatchObject({ status: 'finished', parent: '1' })
  const events: TrainingEvent[] = []
  const resumed = await resumeRun(services, '4', { onEvent: event => events.push(event) })
  expect(resumed).toMatchObject({ status: 'finished', epochs: { done: 60, planned: 60 } })
  expect(events.find(({ type }) => type === 'resumed')).toMatchObject({ from: { step: 1, epoch: 1 } })
  const request = { mask, seed: null, slice: null, epoch: null, format: 'hdf5' } as const
  const directory = join(folder, 'made')
  const { volumes } = await reconstruct(services, { ...request, paths: [join(data, 'test')], run: '4', directory })
  expect(volumes).toEqual(of.volumes.map(({ file }) => expect.objectContaining({ output: join(directory, file) })))
  services.dispose()

  const check = await run(profile, 'profile', 'check', '--json')
  expect(check.status, check.out).toBe(0)
  expect(JSON.parse(check.out).faults).toEqual([])
  rmSync(join(profile, 'runs/3/best-0002.safetensors'))
  const lacking = await run(profile, 'profile', 'check')
  expect(lacking.status).toBe(1)
  expect(lacking.out).toMatch(/^missing: .*runs\/3\/best-0002\.safetensors \(checkpoint of run 3\): restore the file/)
})

it('a check of a folder without a database says so, and makes no database', async () => {
  for (const profile of [join(folder, 'nowhere'), join(folder, 'emptied')]) {
    if (profile.endsWith('emptied')) {
      mkdirSync(join(profile, 'runs'), { recursive: true })
      writeFileSync(join(profile, 'self-mri.sqlite'), '')
    }
    const before = existsSync(profile) && readdirSync(profile)
    const check = await run(profile, 'profile', 'check', '--json')
    expect(check.status).toBe(1)
    expect(JSON.parse(check.out).error).toMatchObject({
      code: 'FILE_UNREADABLE',
      message: expect.stringMatching(/got no database in .*--profile DIR/),
    })
    expect(existsSync(profile) && readdirSync(profile)).toEqual(before)
  }
})

describe('a database that another program holds', () => {
  /** Starts a program that locks the database until the returned function is called. */
  async function hold(profile: string, ...statements: string[]): Promise<() => Promise<void>> {
    const script = `const { default: Database } = await import(${JSON.stringify(import.meta.resolve('better-sqlite3'))})
      const db = new Database(${JSON.stringify(join(profile, 'self-mri.sqlite'))})
      for (const statement of ${JSON.stringify(statements)}) db.exec(statement)
      console.log('held')
      process.stdin.once('data', () => { if (db.inTransaction) db.exec('ROLLBACK'); db.close(); process.exit() })`
    const child: ChildProcess = spawn(process.execPath, ['--input-type=module', '-e', script])
    await once(child.stdout!, 'data')
    return async () => {
      child.stdin!.write('go')
      await once(child, 'close')
    }
  }

  it('can be read while the other program writes', async () => {
    const { profile } = unpackOldProfile(folder)
    openServices({ profile }).dispose()
    const release = await hold(profile, 'BEGIN IMMEDIATE')
    const before = readdirSync(profile)
    expect(await run(profile, 'studies')).toMatchObject({
      status: 0,
      err: '',
      out: expect.stringContaining('1  Brains'),
    })
    // The check fails, because the study's files are not in the new folder.
    expect(await run(profile, 'profile', 'check')).toMatchObject({ status: 1, err: '' })
    expect(readdirSync(profile)).toEqual(before)
    await release()
  })

  it('is waited for with a message if the lock is exclusive', async () => {
    const { profile, data } = unpackOldProfile(folder)
    openServices({ profile }).dispose()
    const release = await hold(profile, 'PRAGMA locking_mode = EXCLUSIVE', 'UPDATE studies SET hidden_at = NULL')
    const waiting = [start(profile, 'studies'), start(profile, 'import', join(data, 'test'), '--name', 'Second')]
    for (const { said } of waiting)
      await said(/^Waiting for the database, which another program holds \(Ctrl\+C gives up\) …$/m)
    await release()
    expect((await Promise.all(waiting.map(({ finished }) => finished))).map(({ status }) => status)).toEqual([0, 0])
  })
})

it('the second of two simultaneous imports with one name says that the name is taken', async () => {
  const { data } = unpackOldProfile(folder)
  const profile = join(folder, 'new')
  const both = await Promise.all([1, 2].map(() => run(profile, 'import', data, '--name', 'Twice', '--json')))
  expect(both.map(({ status }) => status).sort()).toEqual([0, 2])
  const refused = both.find(({ status }) => status === 2)!
  expect(JSON.parse(refused.out).error).toEqual({
    code: 'INVALID_ARGUMENT',
    message: 'Expected a new study’s name, got "Twice", which exists already. Choose another name.',
  })
})

describe('an ambiguous argument', () => {
  it('is refused for a study’s number and name, and a folder with a number as name gets another name', async () => {
    const { profile, data } = unpackOldProfile(folder)
    renameSync(join(data, 'test'), join(data, '2'))
    const numbered = await run(profile, 'import', join(data, '2'), '--json')
    expect(JSON.parse(numbered.out)).toMatchObject({ id: 4, name: 'data/2' })
    expect(numbered.err).toBe(
      'The study is called "data/2", because "2" would be read as a study’s number. Choose another name with --name.\n',
    )
    expect(await run(profile, 'import', data, '--name', '3')).toMatchObject({ status: 2, out: '' })

    const services = openServices({ profile })
    services.profile.db.exec("UPDATE studies SET name = '3' WHERE id = 4") // An older version allowed this name.
    services.dispose()
    const refused = await run(profile, 'studies', '3', '--json')
    expect(refused.status).toBe(1)
    expect(JSON.parse(refused.out).error).toEqual({
      code: 'AMBIGUOUS',
      message:
        'Expected one study, got "3", which means study 3, "Uploaded" (write number:3) ' +
        'and study 4, "3" (write number:4).',
    })
    expect(JSON.parse((await run(profile, 'studies', 'number:3', '--json')).out).name).toBe('Uploaded')
    expect(JSON.parse((await run(profile, 'studies', 'name:3', '--json')).out).id).toBe(4)
  })

  it('is refused for a run’s number and a file of that name', async () => {
    const { profile } = unpackOldProfile(folder, { dataFollow: true })
    copyFileSync(join(profile, 'runs/3/best-0002.safetensors'), join(folder, '1'))
    const tune = (from: string) =>
      run(profile, 'finetune', '--study', 'Brains', '--from', from, '--epochs', '1', '--json')
    const refused = await tune('1')
    expect(refused.status).toBe(1)
    expect(JSON.parse(refused.out).error).toMatchObject({
      code: 'AMBIGUOUS',
      message: expect.stringMatching(/run 1 \(write number:1\) and the file .*\/1 \(write \.\/1\)/),
    })
    expect(JSON.parse((await tune('number:1')).out).parent).toBe('1')
    expect(JSON.parse((await tune('./1')).out).parent).toBe(join(folder, '1'))
  })
})

describe('an output folder that cannot be made', () => {
  it('is refused before anything is computed', async () => {
    const { profile, data } = unpackOldProfile(folder)
    writeFileSync(join(folder, 'file'), '')
    const out = process.platform === 'linux' ? '/proc/nowhere/x' : join(folder, 'file/below')
    for (const args of [['reconstruct', join(data, 'test')], ['study'], ['demo']]) {
      const { status, err } = await run(profile, ...args, '--out', out)
      expect(err).toMatch(/^(Cannot write into|Expected) .* Choose another folder\.$/m)
      expect(status).toBe(1)
    }
    expect(existsSync(join(profile, 'runs/5'))).toBe(false)
  })
})
