/** The queue, with an engine that tests control. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { AppError } from '../../../../src/contract/errors.ts'
import { Recipe } from '../../../../src/contract/recipes.ts'
import type { RunConfig, TrainingEvent } from '../../../../src/contract/runs.ts'
import type { TrainingSummary } from '../../../../src/contract/training-summary.ts'
import { initialParameters, toTorch } from '../../../../src/core/models/parameters.ts'
import { unet } from '../../../../src/core/models/unet.ts'
import { encodeCheckpoint } from '../../../../src/core/training/checkpoint.ts'
import type { Engine } from '../../../../src/engine/process/client.ts'
import type { TrainRequest } from '../../../../src/engine/process/protocol.ts'
import { openServices, type Services } from '../../../../src/services/open.ts'
import {
  inJob,
  JobRecord,
  jobFolderOf,
  makePrivateFolder,
  readJobFile,
  writeWhole,
} from '../../../../src/services/places/jobs/job-files.ts'
import type { TakeOptions } from '../../../../src/services/places/place.ts'
import { maskFileAt } from '../../../../src/services/profile/mask-files.ts'
import { runDirectory } from '../../../../src/services/profile/paths.ts'
import { changeSettings } from '../../../../src/services/profile/settings.ts'
import { importCheckpoint } from '../../../../src/services/runs/checkpoints.ts'
import { eventsOf } from '../../../../src/services/runs/log.ts'
import { makeQueue, type Queue } from '../../../../src/services/runs/queue.ts'
import { resume as resumeStopped } from '../../../../src/services/runs/requests.ts'
import { prepareResumption, type Resumption } from '../../../../src/services/runs/resume.ts'
import { resumeInterrupted } from '../../../../src/services/runs/resume-interrupted.ts'
import { findRun, listRuns } from '../../../../src/services/runs/runs.ts'
import { interruptRun } from '../../../../src/services/runs/store.ts'
import { recordJob, recordState } from '../../../../src/services/runs/store-training.ts'
import { prepareRun, supervisedConfig } from '../../../../src/services/runs/training.ts'
import { viewRun } from '../../../../src/services/runs/views.ts'
import { studyById } from '../../../../src/services/studies/studies.ts'
import { fakeEngines, takeDevice } from '../../../engines.ts'
import { npy } from '../../../npy.ts'
import { addVolume, contentsOf } from '../../../studies.ts'
import { noiseVolume } from '../../../volumes.ts'

const DEVICE = import.meta.resolve('../../../engines.ts')

interface Training {
  readonly run: string
  readonly signal: AbortSignal
  readonly states: TrainRequest['states']
  emit(event: TrainingEvent): void
  finish(): Promise<void>
  fail(error: Error): Promise<void>
}

let profile: string
let services: Services
let queue: Queue
let trainings: Training[]
/** Number of requested engines. */
let engines: number

const settled = () => new Promise<void>(resolve => setImmediate(resolve))

const summary = (run: string): TrainingSummary => ({
  run,
  epochs: 1,
  steps: 1,
  batch: 1,
  seconds: { steps: 2, validation: 0, preparation: 0 },
  loss: 0,
  chanceLoss: null,
  validationLoss: null,
  bestEpoch: null,
  kernels: [],
  checkpoint: { path: '', sha256: '' },
})

/** An engine with the call `train` only. Each training runs until the test ends it. */
const fakeEngine = {
  call: (_name: 'train', { run, states }: TrainRequest, options: { signal: AbortSignal; onEvent: Training['emit'] }) =>
    new Promise((resolve, reject) => {
      trainings.push({
        run,
        states,
        signal: options.signal,
        emit: options.onEvent,
        finish() {
          resolve(summary(run))
          return settled()
        },
        fail(error) {
          reject(error)
          return settled()
        },
      })
    }),
} as unknown as Engine

beforeEach(() => {
  profile = mkdtempSync(join(tmpdir(), 'self-mri-queue-'))
  const opened = openServices({ profile })
  services = { ...opened, contents: contentsOf(opened.profile) }
  trainings = []
  engines = 0
  const training = async () => {
    engines++
    return fakeEngine
  }
  queue = makeQueue({ ...services, engines: fakeEngines({ training }) })
})

afterEach(async () => {
  queue.dispose()
  for (const { fail } of trainings) await fail(new AppError('CANCELLED', 'The test is over'))
  services.dispose()
  rmSync(profile, { recursive: true, force: true })
})

const config: RunConfig = supervisedConfig(
  'train',
  {
    network: 'unet',
    networkConfig: { channels: 4, pools: 2 },
    mask: { kind: 'random', acceleration: 4, centerFraction: 0.08 },
    slices: { kind: 'all' },
    seed: 0,
  },
  Recipe.parse({ epochs: 5, batch: 1, optimizer: { kind: 'sgd' }, schedule: { kind: 'constant', rate: 1 } }),
)

function addStudy(kind = 'folder'): number {
  const { lastInsertRowid } = services.profile.db
    .prepare(
      `INSERT INTO studies (name, kind, roots, split, slices, remarks, created_at)
        VALUES (?, ?, '[]', '{"by":"folders","seed":null,"fractions":null}', '{"kind":"all"}', '[]', '')`,
    )
    .run(kind, kind)
  const { info } = noiseVolume('a')
  addVolume(services.profile, Number(lastInsertRowid), info, 'train')
  return Number(lastInsertRowid)
}

const prepared = (count: number) => {
  const study = studyById(services.profile, addStudy())
  return Array.from({ length: count }, () => prepareRun(services.profile, { study, config, parent: null }))
}

/** Writes a mask file that measures all columns. */
function maskFile(columns: number): RunConfig['mask'] {
  const path = join(profile, `${columns}.npy`)
  writeFileSync(path, npy("'|u1'", `(${columns},)`, new Uint8Array(columns).fill(1)))
  return { kind: 'file', acceleration: 4, centerFraction: 0.08, file: maskFileAt(path) }
}

const statuses = () => listRuns(services.profile).map(({ status }) => status)

describe('the queue', () => {
  it('trains one run after another, in order, and logs the events', async () => {
    const runs = queue.add(prepared(3))
    await settled()
    expect(statuses()).toEqual(['running', 'queued', 'queued'])
    expect(trainings.map(({ run }) => run)).toEqual([runs[0]])
    trainings[0].emit({ type: 'step', step: 9, steps: 10, epoch: 4, loss: 1 })
    trainings[0].emit({ type: 'step', step: 10, steps: 10, epoch: 5, loss: 1 }) // too early for the log
    expect(queue.doing).toEqual([{ run: runs[0], words: `run ${runs[0]}: epoch 5/5`, slot: 0, isJob: false }])
    await trainings[0].finish()
    expect(statuses()).toEqual(['finished', 'running', 'queued'])
    await trainings[1].finish()
    await trainings[2].finish()
    expect(statuses()).toEqual(['finished', 'finished', 'finished'])
    expect(queue.doing).toEqual([])
    const events = eventsOf(services.profile, runs[0]).map(({ event }) =>
      event.type === 'status' ? event.status : event.type,
    )
    expect(events).toEqual(['queued', 'running', 'step', 'finished'])
    const { run } = viewRun(services.profile, runs[0])
    expect(run.startedAt! >= run.createdAt).toBe(true)
  })

  it('cancels a waiting run at once, and a run in training when its training has stopped', async () => {
    const [first, second, third] = queue.add(prepared(3))
    await settled()
    expect(queue.stopRun(second, 'cancel')).toBe(true)
    expect(queue.stopRun(first, 'cancel')).toBe(true)
    expect(trainings[0].signal.aborted).toBe(true)
    expect(statuses()).toEqual(['running', 'cancelled', 'queued'])
    await trainings[0].fail(new AppError('CANCELLED', 'Cancelled'))
    expect(statuses()).toEqual(['cancelled', 'cancelled', 'running'])
    expect(trainings.map(({ run }) => run)).toEqual([first, third])
    await trainings[1].finish()
    expect(queue.stopRun(first, 'cancel')).toBe(false)
  })

  it('continues with a new engine if an engine died, and the run is interrupted with the reason', async () => {
    queue.add(prepared(2))
    await settled()
    await trainings[0].fail(new AppError('ENGINE_DIED', 'The engine process ended by SIGKILL'))
    expect(listRuns(services.profile)[0]).toMatchObject({
      status: 'interrupted',
      reason: expect.stringContaining('SIGKILL'),
    })
    expect(engines).toBe(2)
    await trainings[1].finish()
    expect(statuses()).toEqual(['interrupted', 'finished'])
  })

  it('lets the training write its state when it is stopped, and begins no other run', async () => {
    queue.add(prepared(2))
    await settled()
    const stopped = queue.stop()
    expect(trainings[0].signal.aborted).toBe(true)
    expect(statuses()).toEqual(['running', 'interrupted'])
    await trainings[0].fail(new AppError('CANCELLED', 'Cancelled'))
    await stopped
    expect(statuses()).toEqual(['interrupted', 'interrupted'])
    expect(trainings).toHaveLength(1)
  })

  it('keeps waiting runs in order after a signal, and the next window continues only these', async () => {
    const [first, second, third, fourth] = queue.add(prepared(4))
    await settled()
    queue.move(fourth, second)
    const stopped = queue.stop('SIGTERM')
    await trainings[0].fail(new AppError('CANCELLED', 'Cancelled'))
    await stopped
    const reasons = listRuns(services.profile).map(({ status, reason }) => `${status}: ${reason}`)
    expect(reasons).toEqual([
      'interrupted: SIGTERM stopped the program while the run was going on.',
      ...Array(3).fill('interrupted: SIGTERM stopped the program before the run had begun.'),
    ])
    expect(viewRun(services.profile, fourth).run).toMatchObject({ queuePosition: null, resumable: true })

    const taken = async () => {
      const runs: string[] = []
      const resume = (run: string) => void runs.push(run)
      await resumeInterrupted({ ...services, queue: { ...queue, resume } })
      return runs
    }
    expect(await taken()).toEqual([fourth, second, third])
    changeSettings(services.profile, services.engines, { autoResume: true })
    expect(await taken()).toEqual([first, fourth, second, third])
    ;(await prepareResumption(services, fourth)).claim() // Another process takes the run.
    expect(await taken()).toEqual([first, second, third])
  })

  it('begins waiting runs when settings give more places', async () => {
    let slots = 1
    const several = makeQueue({
      ...services,
      engines: fakeEngines({ training: async () => fakeEngine, slots: () => slots }),
    })
    several.add(prepared(3))
    await settled()
    expect(trainings).toHaveLength(1)
    slots = 2
    await several.refill()
    await settled()
    expect(trainings).toHaveLength(2)
    expect(statuses()).toEqual(['running', 'running', 'queued'])
    several.dispose()
  })

  it('gives no place to runs whose jobs wait elsewhere', async () => {
    const engines = fakeEngines({ training: async () => fakeEngine, slots: () => 2, isRemote: true })
    const several = makeQueue({ ...services, engines })
    const runs = several.add(prepared(4))
    const places = () => runs.map(run => viewRun(services.profile, run).run.queuePosition)
    await vi.waitFor(() => expect(trainings).toHaveLength(2))
    expect(statuses()).toEqual(Array(4).fill('queued'))
    expect(places()).toEqual([null, null, 1, 2])
    several.dispose()
  })

  it('trains on this machine at once after a switch, while its jobs go on, and leaves only jobs', async () => {
    let isRemote = true
    const fakes = fakeEngines({ training: async () => fakeEngine, slots: () => 9 })
    const several = makeQueue({
      ...services,
      engines: {
        ...fakes,
        get isRemote() {
          return isRemote
        },
        slots: async () => (isRemote ? 3 : 1),
        take: async options => Object.assign(await fakes.take(options), { isRemote }),
      },
    })
    const all = prepared(5)
    several.add(all.slice(0, 3))
    await vi.waitFor(() => expect(trainings).toHaveLength(3))
    isRemote = false
    several.add(all.slice(3))
    await vi.waitFor(() => expect(trainings).toHaveLength(4))
    expect(statuses()).toEqual(['queued', 'queued', 'queued', 'running', 'queued'])
    expect(several.doing.map(({ isJob }) => isJob)).toEqual([true, true, true, false])
    void several.stop('close', true)
    expect(several.leavesJobs).toBe(false)
    void several.stop('close')
    expect(several.leavesJobs).toBe(true)
    for (const { fail } of trainings.slice(0, 3)) await fail(new AppError('JOB_CONTINUES', 'The job goes on.'))
    isRemote = true
    void several.stop('close')
    expect(several.leavesJobs).toBe(false)
    several.dispose()
  })

  it('begins the next run when a run follows its job, because the job takes no device', async () => {
    const fakes = fakeEngines({ training: async () => fakeEngine, slots: () => 9 })
    const take = async (options: TakeOptions) => ({
      ...(await fakes.take(options)),
      isRemote: Number(options.run) < 4,
    })
    const several = makeQueue({ ...services, engines: { ...fakes, slots: async () => 1, take } })
    several.add(prepared(5))
    await vi.waitFor(() => expect(trainings).toHaveLength(4))
    await settled()
    expect(statuses()).toEqual(['queued', 'queued', 'queued', 'running', 'queued'])
    several.dispose()
  })

  it('says what a run waits for in a sentence', async () => {
    const fakes = fakeEngines({ training: async () => fakeEngine })
    const take = (options: TakeOptions) => {
      options.onWait?.('other jobs, because 32 is the most at once')
      return fakes.take(options)
    }
    const full = makeQueue({ ...services, engines: { ...fakes, take } })
    const [run] = full.add(prepared(1))
    const words = () =>
      eventsOf(services.profile, run).flatMap(({ event }) => (event.type === 'waiting' ? event.words : []))
    expect(words()).toEqual(['Waiting for other jobs, because 32 is the most at once.'])
    await settled()
    full.dispose()
  })

  it('says that a run which waits for a place among jobs is no training of this machine', async () => {
    const engines = fakeEngines({ training: () => new Promise(() => {}), isRemote: true })
    const waiting = makeQueue({ ...services, engines })
    waiting.add(prepared(1))
    expect(waiting.doing).toMatchObject([{ slot: null, isJob: true }])
    waiting.dispose()
  })

  it('keeps the place of a first run that waited for the device during a signal', async () => {
    const lock = await takeDevice({})
    const [first, second] = queue.add(prepared(2))
    await settled()
    const stopped = queue.stop('SIGHUP')
    await stopped
    lock.release()
    expect(trainings).toEqual([])
    const rows = services.profile.db
      .prepare('SELECT id, status, reason, queue_place AS place FROM runs ORDER BY id')
      .all()
    const reason = 'SIGHUP stopped the program before the run had begun.'
    expect(rows).toEqual(
      [first, second].map((run, i) => ({ id: Number(run), status: 'interrupted', reason, place: i + 1 })),
    )
  })

  it('names the signal as the reason, also if the signal ended the engine', async () => {
    queue.add(prepared(1))
    await settled()
    const stopped = queue.stop('SIGTERM')
    await trainings[0].fail(new AppError('ENGINE_DIED', 'The engine process ended by SIGTERM'))
    await stopped
    expect(listRuns(services.profile)[0]).toMatchObject({
      status: 'interrupted',
      reason: 'SIGTERM stopped the program while the run was going on.',
    })
  })

  it('marks its runs as interrupted if it is disposed', async () => {
    queue.add(prepared(2))
    await settled()
    queue.dispose()
    expect(statuses()).toEqual(['interrupted', 'interrupted'])
  })
})

/** The event of an engine that has written a state. */
const state = (step: number): TrainingEvent => ({
  type: 'state',
  at: { step, epoch: 0 },
  bestEpoch: null,
  path: join(profile, `state-${step}`),
  sha256: `sha ${step}`,
})

describe('a run that is paused', () => {
  it('is paused when its training has stopped, lets the next run begin, and resumes from its state', async () => {
    const [first, second] = queue.add(prepared(2))
    await settled()
    trainings[0].emit(state(3))
    trainings[0].emit(state(7))
    expect(queue.stopRun(first, 'pause')).toBe(true)
    queue.stopRun(first, 'cancel') // too late, because the run is already stopping
    expect(statuses()).toEqual(['running', 'queued'])
    await trainings[0].fail(new AppError('CANCELLED', 'Cancelled'))
    expect(statuses()).toEqual(['paused', 'running'])
    expect(findRun(services.profile, first)).toMatchObject({ resumable: true, stateStep: 7 })

    queue.resume(first, await prepareResumption(services, first))
    expect(viewRun(services.profile, first).run).toMatchObject({ status: 'queued', queuePosition: 1 })
    await expect(prepareResumption(services, first)).rejects.toThrow(/got run 1, which is queued/)
    await trainings[1].finish()
    expect(statuses()).toEqual(['running', 'finished'])
    expect(trainings[2].run).toBe(first)
    expect(trainings[2].states.map(({ sha256 }) => sha256)).toEqual(['sha 7', 'sha 3'])
    expect(queue.stopRun(second, 'pause')).toBe(false)
    await trainings[2].finish()
  })

  it('leaves the queue if it was waiting, and the order of the queue can be changed', async () => {
    const [, second, third, fourth] = queue.add(prepared(4))
    await settled()
    const places = () => [second, third, fourth].map(run => viewRun(services.profile, run).run.queuePosition)
    expect(places()).toEqual([1, 2, 3])
    expect(queue.move(fourth, second)).toBe(true)
    expect(places()).toEqual([2, 3, 1])
    expect(queue.move(fourth, null)).toBe(true)
    expect(places()).toEqual([1, 2, 3])
    expect(queue.stopRun(second, 'pause')).toBe(true)
    expect(places()).toEqual([null, 1, 2])
    expect(queue.move(third, second)).toBe(false)
    await trainings[0].finish()
    expect(trainings[1].run).toBe(third)
  })
})

describe('a resumption', () => {
  it('needs the copy of the mask file or the file: is refused while both are gone', async () => {
    changeSettings(services.profile, services.engines, { autoResume: true })
    const mask = maskFile(36)
    const study = studyById(services.profile, addStudy())
    const [run] = queue.add([prepareRun(services.profile, { study, config: { ...config, mask }, parent: null })])
    await settled()
    await trainings[0].fail(new AppError('CANCELLED', 'Cancelled'))
    services.profile.db.prepare(`UPDATE runs SET status = 'interrupted' WHERE id = ?`).run(run)
    rmSync(mask.file!.path)
    await expect(prepareResumption(services, run)).resolves.toMatchObject({ prepared: { config: { mask } } })
    rmSync(join(profile, 'masks'), { recursive: true })
    await expect(prepareResumption(services, run)).rejects.toMatchObject({ code: 'FILE_UNREADABLE' })
    expect(findRun(services.profile, run)).toMatchObject({ status: 'interrupted', resumable: true })
    maskFile(36)
    await expect(prepareResumption(services, run)).resolves.toMatchObject({ prepared: { config: { mask } } })
  })

  it('is refused if the study has other volumes now', async () => {
    const [run] = queue.add(prepared(1))
    await settled()
    queue.stopRun(run, 'pause')
    await trainings[0].fail(new AppError('CANCELLED', 'Cancelled'))
    services.profile.db.exec(`UPDATE volumes SET info = json_set(info, '$.content.identity', 'another')`)
    await expect(prepareResumption(services, run)).rejects.toMatchObject({
      code: 'DATA_CHANGED',
      message: expect.stringMatching(/contents at the start of run 1.*a\.h5/),
    })
  })

  it('is not offered after a loss of NaN, or after a failure without a state', async () => {
    queue.add(prepared(3))
    await settled()
    trainings[0].emit(state(3))
    await trainings[0].fail(new AppError('NOT_FINITE', 'The loss became NaN'))
    await trainings[1].fail(new AppError('OUT_OF_MEMORY', 'too much'))
    trainings[2].emit(state(3))
    await trainings[2].fail(new AppError('OUT_OF_MEMORY', 'too much'))
    expect(listRuns(services.profile).map(({ resumable }) => resumable)).toEqual([false, false, true])
  })

  it('keeps the events of a job until its run is stored as finished', async () => {
    const runs = queue.add(prepared(2))
    const foldersOf = runs.map(run => jobFolderOf(runDirectory(services.profile, run)))
    for (const folder of foldersOf) {
      makePrivateFolder(folder)
      for (const path of [inJob(folder).events, inJob(folder).result]) writeFileSync(path, '')
    }
    await settled()
    await trainings[0].finish()
    await trainings[1].fail(new AppError('JOB_CONTINUES', 'The job goes on.'))
    const left = (folder: string) => [existsSync(inJob(folder).events), existsSync(inJob(folder).result)]
    expect(foldersOf.map(left)).toEqual([
      [false, true],
      [true, true],
    ])
  })

  it('starts a job that was cancelled again if the user asks, but not automatically', async () => {
    const [run] = queue.add(prepared(1))
    const folder = jobFolderOf(runDirectory(services.profile, run))
    makePrivateFolder(folder)
    const record = { executor: 'slurm', id: '812', name: 'n', token: 't', fruitless: 1, step: 0, told: false }
    writeWhole(inJob(folder).record, record)
    writeWhole(inJob(folder).cancel, '')
    const isResumed = () => readJobFile(inJob(folder).record, JobRecord)!.resumed ?? false
    const watched = { ...services, queue: { ...queue, resume: (_: string, { claim }: Resumption) => claim() } }
    changeSettings(services.profile, services.engines, { autoResume: true })
    const tell = (state: 'running' | 'ended') =>
      recordJob(services.profile, run, {
        job: { executor: 'slurm', id: '812', state, node: null, words: '', folder },
      })
    const status = () => findRun(services.profile, run).status
    tell('running')
    interruptRun(services.profile, run, 'The job goes on.')
    await resumeInterrupted(watched) // to see how the job ended
    expect(status()).toBe('queued')
    expect(isResumed()).toBe(false)
    tell('ended')
    interruptRun(services.profile, run, 'The job was cancelled.')
    await resumeInterrupted(watched)
    expect(status()).toBe('interrupted')
    await resumeStopped(watched, run)
    expect(isResumed()).toBe(true)
    interruptRun(services.profile, run, 'It crashed.')
    await resumeInterrupted(watched)
    expect(status()).toBe('queued')
  })

  it('happens automatically at most three times without progress', async () => {
    changeSettings(services.profile, services.engines, { autoResume: true })
    const [run] = queue.add(prepared(1))
    const interrupt = () => interruptRun(services.profile, run, 'it crashed')
    const resumed: string[] = []
    const resume = (id: string, { claim }: Resumption) => {
      claim()
      resumed.push(id)
    }
    const watched = { ...services, queue: { ...queue, resume } }
    const rounds = async (count: number) => {
      for (let i = 0; i < count; i++) {
        interrupt()
        await resumeInterrupted(watched)
      }
      return resumed.length
    }
    expect(await rounds(5)).toBe(3)
    recordState(services.profile, run, { at: { step: 5, epoch: 0 }, bestEpoch: null, path: 'p', sha256: 's' })
    expect(await rounds(5)).toBe(6)
    changeSettings(services.profile, services.engines, { autoResume: false })
    recordState(services.profile, run, { at: { step: 9, epoch: 0 }, bestEpoch: null, path: 'p', sha256: 's' })
    expect(await rounds(1)).toBe(6)
  })
})

describe('the device', () => {
  const taken = async () => {
    const taken = await takeDevice({})
    taken.name('5')
    return taken
  }

  it('is waited for with a message if another program trains on it', async () => {
    const lock = await taken()
    const [run] = queue.add(prepared(1))
    await settled()
    const words = `run 5 of process ${process.pid}`
    expect(queue.doing).toMatchObject([
      { run, words: `run ${run}: waiting for the device, on which ${words} trains`, slot: null },
    ])
    expect(viewRun(services.profile, run).run).toMatchObject({ status: 'queued', queuePosition: 1 })
    expect(eventsOf(services.profile, run).at(-1)!.event).toMatchObject({ type: 'waiting', reason: 'device in use' })
    lock.release()
    await vi.waitFor(() => expect(statuses()).toEqual(['running']))
    await trainings[0].finish()
    const next = await takeDevice({ noWait: true }) // The device is free again.
    next.release()
  })

  it('is not waited for if the option says so', async () => {
    const lock = await taken()
    await expect(takeDevice({ noWait: true })).rejects.toMatchObject({
      code: 'DEVICE_BUSY',
      message: expect.stringContaining('run 5 of process'),
    })
    const [run] = queue.add(prepared(1))
    await settled()
    queue.stopRun(run, 'cancel')
    await vi.waitFor(() => expect(statuses()).toEqual(['cancelled']))
    expect(trainings).toEqual([])
    lock.release()
  })

  it('is free again after its owner was killed', async () => {
    const owner = spawn(process.execPath, [
      '--input-type=module',
      '-e',
      `const { takeDevice } = await import(${JSON.stringify(DEVICE)})
      await takeDevice({}); console.log('taken'); setInterval(() => {}, 1000)`,
    ])
    await once(owner.stdout, 'data')
    await expect(takeDevice({ noWait: true })).rejects.toMatchObject({
      message: expect.stringContaining(`process ${owner.pid}`),
    })
    owner.kill('SIGKILL')
    await once(owner, 'close')
    const lock = await takeDevice({ noWait: true })
    lock.release()
  })
})

describe('a refused request', () => {
  it('is accumulation for a method that compares the samples of a batch', () => {
    const study = studyById(services.profile, addStudy())
    const pretraining: RunConfig = {
      ...config,
      kind: 'pretrain',
      method: 'simclr',
      recipe: { ...config.recipe, accumulate: 2 },
    }
    expect(() => prepareRun(services.profile, { study, config: pretraining, parent: null })).toThrow(
      /SimCLR.*accumulate 2/,
    )
  })

  it('is training under a mask file that is gone or has another size, or under an impossible pair', () => {
    const study = studyById(services.profile, addStudy())
    const prepare = (mask: RunConfig['mask']) => () =>
      prepareRun(services.profile, { study, config: { ...config, mask }, parent: null })
    expect(prepare(maskFile(36))).not.toThrow()
    expect(prepare(maskFile(32))).toThrow(expect.objectContaining({ code: 'SHAPE_MISMATCH' }))
    const mask = maskFile(36)
    rmSync(mask.file!.path)
    expect(prepare(mask)).not.toThrow()
    rmSync(join(profile, 'masks'), { recursive: true })
    expect(prepare(mask)).toThrow(expect.objectContaining({ code: 'FILE_UNREADABLE' }))
    const alternatives = [{ acceleration: 16, centerFraction: 0.08 }]
    expect(prepare({ ...config.mask, alternatives })).toThrow(/does not fit a\.h5.*got 16/)
  })

  it('is training on new scans', () => {
    const study = studyById(services.profile, addStudy('scans'))
    expect(() => prepareRun(services.profile, { study, config, parent: null })).toThrow(/only for reconstruction/)
  })
})

describe('an imported checkpoint', () => {
  const write = (name: string, bytes: Uint8Array) => {
    const path = join(profile, name)
    writeFileSync(path, bytes)
    return path
  }
  const networkConfig = { channels: 2, pools: 2 }
  const weights = () => {
    const specs = unet.parameters(networkConfig)
    return encodeCheckpoint({ tensors: toTorch(initialParameters(specs, 0), specs), metadata: {} })
  }

  it('is a run with an unknown training, and its file is copied', async () => {
    const study = addStudy()
    const file = write('unet.safetensors', weights())
    const id = importCheckpoint(services.profile, study, file)
    const { run } = viewRun(services.profile, id)
    expect(run).toMatchObject({
      kind: 'import',
      status: 'finished',
      parent: file,
      keptEpoch: null,
      unknownTraining: true,
      epochs: { done: 0, planned: 0 },
      config: { networkConfig, recipe: null },
    })
    rmSync(file)
    const request = { study: studyById(services.profile, study), config, parent: { run: id } }
    const [fineTuned] = queue.add([prepareRun(services.profile, request)])
    expect(viewRun(services.profile, fineTuned).run.unknownTraining).toBe(true)
    expect(findRun(services.profile, fineTuned).parent).toBe(id)
  })

  it('is refused if it is damaged or of another program, and makes no run', () => {
    const study = addStudy()
    const whole = weights()
    const foreign = encodeCheckpoint({
      tensors: new Map([['conv.weight', { shape: [1], data: new Float32Array(1) }]]),
      metadata: {},
    })
    for (const [name, bytes, code] of [
      ['short', whole.subarray(0, whole.length / 2), 'CHECKPOINT_DAMAGED'],
      ['text', Buffer.from('these are no weights at all'), 'CHECKPOINT_DAMAGED'],
      ['foreign', foreign, 'UNSUPPORTED_FORMAT'],
    ] as const)
      expect(() => importCheckpoint(services.profile, study, write(name, bytes)), name).toThrow(
        expect.objectContaining({ code }),
      )
    expect(() => importCheckpoint(services.profile, study, join(profile, 'nowhere'))).toThrow(
      expect.objectContaining({ code: 'FILE_UNREADABLE' }),
    )
    expect(() => importCheckpoint(services.profile, 99, write('whole', whole))).toThrow(
      expect.objectContaining({ code: 'STUDY_NOT_FOUND' }),
    )
    expect(listRuns(services.profile)).toEqual([])
  })
})
