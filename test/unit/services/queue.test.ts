/** The queue with an engine that does what a test says. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { AppError } from '../../../src/contract/errors.ts'
import type { TrainingSummary } from '../../../src/contract/report.ts'
import { Recipe, type RunConfig, type TrainingEvent } from '../../../src/contract/runs.ts'
import type { StudyVolume } from '../../../src/contract/studies.ts'
import { unet } from '../../../src/core/models/unet.ts'
import { encodeCheckpoint } from '../../../src/core/training/checkpoint.ts'
import { initialParameters, toTorch } from '../../../src/core/training/parameters.ts'
import type { Engine } from '../../../src/engine/client.ts'
import { importCheckpoint } from '../../../src/services/checkpoints.ts'
import { openServices, type Services } from '../../../src/services/context.ts'
import { eventsOf } from '../../../src/services/log.ts'
import { makeQueue, type Queue } from '../../../src/services/queue.ts'
import { viewRun } from '../../../src/services/run-views.ts'
import { findRun, listRuns } from '../../../src/services/runs.ts'
import { studyById } from '../../../src/services/studies.ts'
import { prepareRun, supervisedConfig } from '../../../src/services/training.ts'
import { noiseVolume } from '../../volumes.ts'

interface Training {
  readonly run: string
  readonly signal: AbortSignal
  emit(event: TrainingEvent): void
  finish(): Promise<void>
  fail(error: Error): Promise<void>
}

let profile: string
let services: Services
let queue: Queue
let trainings: Training[]
/** How many engines were asked for. */
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
  checkpoint: { path: '', sha256: '' },
})

/** Only `train`, which stays in hand until the test ends it. */
const fakeEngine = {
  call: (_name: 'train', { run }: { run: string }, options: { signal: AbortSignal; onEvent: Training['emit'] }) =>
    new Promise((resolve, reject) => {
      trainings.push({
        run,
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
  services = openServices({ profile })
  trainings = []
  engines = 0
  const faked: Services = Object.create(services, {
    jobs: {
      value: async () => {
        engines++
        return fakeEngine
      },
    },
  })
  queue = makeQueue(faked)
})

afterEach(() => {
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
  const { lastInsertRowid } = services.db
    .prepare(
      `INSERT INTO studies (name, kind, roots, split, slices, remarks, created_at)
        VALUES (?, ?, '[]', '{"by":"folders","seed":null,"fractions":null}', '{"kind":"all"}', '[]', '')`,
    )
    .run(kind, kind)
  const { info } = noiseVolume('a')
  services.db
    .prepare("INSERT INTO volumes (study_id, path, role, patient, info) VALUES (?, ?, 'train', ?, ?)")
    .run(lastInsertRowid, info.path, info.patient, JSON.stringify(info satisfies Partial<StudyVolume>))
  return Number(lastInsertRowid)
}

const prepared = (count: number) => {
  const study = studyById(services, addStudy())
  return Array.from({ length: count }, () => prepareRun(services, { study, config, parent: null }))
}

const statuses = () => listRuns(services).map(({ status }) => status)

describe('the queue', () => {
  it('trains one after another, in order, and writes down what happens', async () => {
    const runs = queue.add(prepared(3))
    await settled()
    expect(statuses()).toEqual(['running', 'queued', 'queued'])
    expect(trainings.map(({ run }) => run)).toEqual([runs[0]])
    trainings[0].emit({ type: 'step', step: 9, steps: 10, epoch: 4, loss: 1 })
    trainings[0].emit({ type: 'step', step: 10, steps: 10, epoch: 5, loss: 1 }) // too soon for the log
    expect(queue.doing).toBe(`run ${runs[0]}: epoch 5/5`)
    await trainings[0].finish()
    expect(statuses()).toEqual(['finished', 'running', 'queued'])
    await trainings[1].finish()
    await trainings[2].finish()
    expect(statuses()).toEqual(['finished', 'finished', 'finished'])
    expect(queue.doing).toBeNull()
    const events = eventsOf(services, runs[0]).map(({ event }) => (event.type === 'status' ? event.status : event.type))
    expect(events).toEqual(['queued', 'running', 'step', 'finished'])
    const { run } = viewRun(services, runs[0])
    expect(run.startedAt! >= run.createdAt).toBe(true)
  })

  it('cancels a run that waits at once, and one in training when it has really stopped', async () => {
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

  it('goes on with another engine when one died, whose run is interrupted with the reason', async () => {
    queue.add(prepared(2))
    await settled()
    await trainings[0].fail(new AppError('ENGINE_DIED', 'The engine process ended by SIGKILL'))
    expect(listRuns(services)[0]).toMatchObject({ status: 'interrupted', reason: expect.stringContaining('SIGKILL') })
    expect(engines).toBe(2)
    await trainings[1].finish()
    expect(statuses()).toEqual(['interrupted', 'finished'])
  })

  it('that is stopped lets the training write its state, and begins nothing more', async () => {
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

  it('that is abandoned leaves runs that say so', async () => {
    queue.add(prepared(2))
    await settled()
    queue.abandon()
    expect(statuses()).toEqual(['interrupted', 'interrupted'])
  })
})

describe('what may be asked for', () => {
  it('is no training on new scans', () => {
    const study = studyById(services, addStudy('scans'))
    expect(() => prepareRun(services, { study, config, parent: null })).toThrow(/nothing is trained on them/)
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

  it('is a run whose training is not known, of which the file is kept', async () => {
    const study = addStudy()
    const file = write('unet.safetensors', weights())
    const id = importCheckpoint(services, study, file)
    const { run } = viewRun(services, id)
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
    const request = { study: studyById(services, study), config, parent: { run: id } }
    const [fineTuned] = queue.add([prepareRun(services, request)])
    expect(viewRun(services, fineTuned).run.unknownTraining).toBe(true)
    expect(findRun(services, fineTuned).parent).toBe(id)
  })

  it('that is damaged or foreign is refused, and leaves no row', () => {
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
      expect(() => importCheckpoint(services, study, write(name, bytes)), name).toThrow(
        expect.objectContaining({ code }),
      )
    expect(() => importCheckpoint(services, study, join(profile, 'nowhere'))).toThrow(
      expect.objectContaining({ code: 'FILE_UNREADABLE' }),
    )
    expect(() => importCheckpoint(services, 99, write('whole', whole))).toThrow(
      expect.objectContaining({ code: 'STUDY_NOT_FOUND' }),
    )
    expect(listRuns(services)).toEqual([])
  })
})
