/** Whole trainings, step by step: from files to updated weights, with the code that a run uses. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import process from 'node:process'
import * as tf from '@tensorflow/tfjs-core'
import { Pretext, Recipe } from '../../../src/contract/recipes.ts'
import type { RunConfig, TrainingEvent } from '../../../src/contract/runs.ts'
import type { VolumeInfo } from '../../../src/contract/volumes.ts'
import { initialParameters, toTorch } from '../../../src/core/models/parameters.ts'
import { type Batch, tensorsOf } from '../../../src/core/models/parts.ts'
import { methodOf } from '../../../src/core/ssl/index.ts'
import { makeStep } from '../../../src/core/training/step.ts'
import { VolumePool } from '../../../src/engine/files/volume-pool.ts'
import { openVolume } from '../../../src/engine/files/volumes.ts'
import { writeCheckpoint } from '../../../src/engine/files/whole-files.ts'
import { handlers } from '../../../src/engine/process/handlers.ts'
import type { TrainRequest } from '../../../src/engine/process/protocol.ts'
import { requireCompute } from '../../../src/engine/tensorflow/tensorflow.ts'
import { prepareAhead } from '../../../src/engine/training/batches.ts'
import { taskOf } from '../../../src/engine/training/tasks.ts'
import { type Epoch, floatsPath, type Given, type PretextTraining, weightsPath, writeFloats } from '../computed.ts'
import { type Kind, SEED } from './computation.ts'
import { stepperOf, stepsOn, supervisedStep } from './networks.ts'
import { optimizerOf } from './optimizer.ts'

/** Slices of an epoch. They are so many that no epoch ends, and writes weights, while steps are timed. */
const EPOCH_SLICES = 1400

/** Facts of a volume, without its slices. */
async function factsOf(file: string): Promise<VolumeInfo> {
  const volume = await openVolume(file, '')
  volume.dispose()
  return volume.info
}

/** How many times the volume is in the training. */
const copiesOf = ({ slices }: VolumeInfo) => Math.ceil(EPOCH_SLICES / slices)

type TrainingWork = Given<PretextTraining | Epoch>

function configOf({ computed, mask, precision }: TrainingWork, rate: number): RunConfig {
  const { network, networkConfig, optimizer } = computed
  const pretext = computed.kind === 'pretext' ? computed : null
  const recipe = Recipe.parse({
    epochs: 1000,
    batch: pretext?.batch ?? 1,
    optimizer: { kind: optimizer },
    schedule: { kind: 'constant', rate },
    saveMinutes: 1e6,
    ...(precision === 'bfloat16' && { precision }),
  })
  return {
    kind: pretext ? 'pretrain' : 'train',
    network,
    networkConfig,
    method: pretext?.method ?? null,
    methodConfig: pretext?.methodConfig ?? {},
    pretext: pretext && Pretext.parse({ measurement: pretext.measurement }),
    recipe,
    fineTuning: null,
    mask,
    slices: { kind: 'all' },
    seed: SEED,
  }
}

async function requestOf(given: TrainingWork, rate: number): Promise<TrainRequest> {
  const info = await factsOf(given.file)
  return {
    run: 'bench',
    config: configOf(given, rate),
    train: Array.from({ length: copiesOf(info) }, () => info),
    validation: [],
    start: null,
    states: [],
    directory: join(given.folder, `${given.name}-${process.pid}`),
    notes: [],
  }
}

/** The engine's training. The training waits in `pause` until the caller asks for the next step. */
function startTraining(request: TrainRequest): () => Promise<number> {
  let [wanted, taken] = [0, 0]
  let goOn = () => {}
  let heard = (_loss: number) => {}
  const pause = () =>
    new Promise<void>(resolve => {
      goOn = resolve
      if (taken < wanted) resolve()
    })
  const emit = (event: TrainingEvent) => {
    if (event.type !== 'step') return
    taken++
    heard(event.loss)
  }
  const ended = handlers.train(request, { signal: new AbortController().signal, emit, pause }).then((): never => {
    throw new Error('The training ended while its steps were timed')
  })
  ended.catch(() => {}) // The caller that waits for a step gets this error.
  const step = () =>
    new Promise<number>(resolve => {
      heard = resolve
      wanted++
      goOn()
    })
  return () => Promise.race([ended, step()])
}

/** Writes a batch of Self-MRI as files, with the facts that the peer needs about the batch. */
async function writePretext(given: Given<PretextTraining>): Promise<void> {
  const { computed } = given
  const pool = new VolumePool()
  const request = await requestOf(given, computed.rates.checked)
  const task = taskOf(request, pool, await requireCompute())
  const specs = [...task.network, ...task.head]
  await writeCheckpoint(weightsPath(given), { tensors: toTorch(initialParameters(specs, SEED), specs), metadata: {} })
  const batch = Object.values(await task.prepare(0, 0))
  for (const [i, { data }] of batch.entries()) await writeFloats(floatsPath(given, `part-${i}`), data)
  const facts = {
    methodConfig: methodOf(computed.method).config.parse(computed.methodConfig),
    keep: request.config.pretext!.keep,
    copies: request.train.length,
    parts: batch.map(({ shape }) => shape),
  }
  await writeFile(join(given.folder, `${given.name}.json`), JSON.stringify(facts))
  pool.dispose()
}

/** The check compares losses on one batch with written weights. The whole training is timed. */
export const pretext: Kind<PretextTraining> = {
  write: writePretext,
  async load(given) {
    const { computed } = given
    const request = await requestOf(given, computed.rates.timed)
    let next: (() => Promise<number>) | null = null
    return {
      async result() {
        const pool = new VolumePool()
        const task = taskOf(request, pool, await requireCompute())
        const specs = [...task.network, ...task.head]
        const batch = tensorsOf(await task.prepare(0, 0))
        const step = makeStep(specs, task.loss, optimizerOf(computed.optimizer), task.project)
        const losses = await stepsOn([batch], step, initialParameters(specs, SEED), given).result()
        tf.dispose(batch)
        pool.dispose()
        return losses
      },
      once() {
        next ??= startTraining(request)
        return next()
      },
    }
  },
}

async function firstLosses(next: () => unknown, count: number): Promise<Float32Array> {
  const losses: number[] = []
  while (losses.length < count) losses.push(Number(await next()))
  return Float32Array.from(losses)
}

export const epoch: Kind<Epoch> = {
  async load(given) {
    const next = startTraining(await requestOf(given, given.computed.rates.timed))
    return { result: () => firstLosses(next, given.computed.checkedSteps), once: next }
  },
}

/** The steps of `epoch` alone: on the first batches, prepared before, then on the last of these batches again. */
export const steps: Kind<Epoch> = {
  async load(given) {
    const { computed } = given
    const { timed } = computed.rates
    const pool = new VolumePool()
    const request = await requestOf(given, timed)
    // `prepareAhead` gives batches with the same last bits as those of `epoch`.
    const ahead = prepareAhead(taskOf(request, pool, await requireCompute()), request, given.hardware === 'gpu')
    const { task } = ahead
    const batches: Batch[] = []
    for (let index = 0; index < computed.checkedSteps; index++) batches.push(tensorsOf(await task.prepare(0, index)))
    ahead.dispose()
    pool.dispose()
    const weights = initialParameters(task.network, SEED)
    const optimizer = optimizerOf(computed.optimizer)
    const stepper = stepperOf(supervisedStep(computed, computed), weights, optimizer, given)
    let taken = 0
    const next = () => {
      const batch = batches[Math.min(taken, batches.length - 1)]
      return stepper.step(batch, optimizer.scalars(timed, ++taken))
    }
    return { result: () => firstLosses(next, computed.checkedSteps), once: next }
  },
}
