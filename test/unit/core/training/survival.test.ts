/** Trainings that are stopped and resumed, and the parts of a recipe beside the steps. */
import * as tf from '@tensorflow/tfjs-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { throwIfCancelled } from '../../../../src/contract/errors.ts'
import { Pretext, Recipe } from '../../../../src/contract/recipes.ts'
import type { TrainingEvent } from '../../../../src/contract/runs.ts'
import type { TrainingSummary } from '../../../../src/contract/training-summary.ts'
import type { Kernels } from '../../../../src/core/kernels.ts'
import { networkOf } from '../../../../src/core/models/index.ts'
import type { ParameterSpec } from '../../../../src/core/models/network.ts'
import { countParameters } from '../../../../src/core/models/parameters.ts'
import { methodOf } from '../../../../src/core/ssl/index.ts'
import { pretextTask } from '../../../../src/core/ssl/pretext.ts'
import type { Checkpoint } from '../../../../src/core/training/checkpoint.ts'
import { recipeOptimizer } from '../../../../src/core/training/gradients.ts'
import { recipeRate } from '../../../../src/core/training/schedules.ts'
import { decodeState } from '../../../../src/core/training/state.ts'
import { eagerStepper } from '../../../../src/core/training/stepper.ts'
import { supervisedTask } from '../../../../src/core/training/supervised.ts'
import type { Training, TrainingTask } from '../../../../src/core/training/task.ts'
import { train } from '../../../../src/core/training/train.ts'
import { compute, kernels, useEngine } from '../../../engine.ts'
import { expectClose } from '../../../golden.ts'
import { noiseVolume, sourceOf } from '../../../volumes.ts'

beforeAll(useEngine)

const network = networkOf('unet')
const shared = {
  network,
  networkConfig: network.config.parse({ channels: 2, pools: 2 }),
  train: ['a', 'b', 'c'].map(name => sourceOf(noiseVolume(name))),
  validation: [sourceOf(noiseVolume('v'))],
  slices: { kind: 'all' },
  mask: { kind: 'random', acceleration: 4, centerFraction: 0.08 },
  seed: 3,
} as const

const supervised = (batch = 1) => supervisedTask({ ...shared, batch }, compute())
const pretrained = (id: string, methodConfig: Record<string, unknown>) => () =>
  pretextTask(
    {
      ...shared,
      method: methodOf(id),
      methodConfig: methodOf(id).config.parse(methodConfig),
      pretext: Pretext.parse({ keep: 0.5 }),
      batch: 2,
      epochs: 3,
    },
    compute(),
  )
const simclr = pretrained('simclr', { crop: 32, hidden: 8 })

const recipeOf = (changes: Partial<Parameters<typeof Recipe.parse>[0] & object> = {}) =>
  Recipe.parse({
    epochs: 3,
    batch: 1,
    optimizer: { kind: 'adam' },
    schedule: { kind: 'cosine', rate: 1e-3, end: 0 },
    ...changes,
  })

interface Outcome {
  readonly events: TrainingEvent[]
  readonly error: unknown
  readonly files: Map<string, Checkpoint>
  readonly summary: TrainingSummary | null
}

/** Trains to the end or to an error. Gives the events, the error, and the written files by name. */
async function attempt(task: TrainingTask, changes: Partial<Training> = {}): Promise<Outcome> {
  const files = new Map<string, Checkpoint>()
  const write = async (path: string, checkpoint: Checkpoint) => {
    files.set(path, checkpoint)
    return { path, sha256: path }
  }
  const training = train({
    run: '1',
    kernelsName: 'A 1',
    task,
    recipe: recipeOf(),
    seed: 3,
    start: null,
    metadata: {},
    notes: [],
    pause: async () => {},
    compute: { ...compute(), makeStepper: eagerStepper },
    files: {
      saveCheckpoint: (role, epoch, checkpoint, step) => write(`${role} ${epoch}${step ? ` ${step}` : ''}`, checkpoint),
      saveState: (epoch, step, state) => write(`state ${epoch} ${step}`, state),
      savePreview: async epoch => ({ path: `preview ${epoch}` }),
    },
    ...changes,
  })
  const events: TrainingEvent[] = []
  try {
    while (true) {
      const { value, done } = await training.next()
      if (done) return { events, error: null, files, summary: value }
      events.push(value)
    }
  } catch (error) {
    return { events, error, files, summary: null }
  }
}

const stopAtPause = (count: number): Training['pause'] => {
  let pauses = 0
  return async () => throwIfCancelled({ aborted: pauses++ === count })
}

const newestState = ({ files }: Outcome) => {
  const name = [...files.keys()].filter(each => each.startsWith('state')).at(-1)!
  return decodeState(files.get(name)!, '1', name)
}
const weights = ({ tensors }: Checkpoint) => Array.from(tensors, ([name, { data }]) => [name, ...data])
const epochs = ({ events }: Outcome) =>
  events.flatMap(event => (event.type === 'epoch' ? [{ ...event.figures, seconds: 0 }] : []))
const steps = ({ events }: Outcome) =>
  events.flatMap(event => (event.type === 'step' ? [[event.step, event.loss]] : []))

/** Notes that the kernels have changed. */
const changes = ({ events }: Outcome) =>
  events.filter(event => event.type === 'note' && event.code === 'kernels-changed')

const withLoss = (loss: number): TrainingTask => ({
  ...supervised(),
  validate: async () => ({ loss, metrics: null, extra: {} }),
})

it.each([Number.NaN, Number.POSITIVE_INFINITY])('weights with a validation loss of %d are not kept', async loss => {
  const { error, files } = await attempt(withLoss(loss))
  expect(error).toMatchObject({
    code: 'NOT_FINITE',
    message: expect.stringContaining(`validation loss became ${loss} after epoch 1`),
  })
  expect([...files.keys()]).toEqual([])
})

it('initial weights that overflow float32 are named as the reason, and the learning rate is not', async () => {
  const start = new Float32Array(countParameters(supervised().network)).fill(1e38)
  const { error } = await attempt(supervised(), { start })
  expect(error).toMatchObject({
    code: 'NOT_FINITE',
    message: expect.stringMatching(
      /at epoch 1, step 1 of .*with the weights that training starts from. Start from other weights/,
    ),
  })
})

const cases: [string, () => TrainingTask, Recipe][] = [
  ['supervised', supervised, recipeOf()],
  [
    'supervised, with all that a recipe can do',
    supervised,
    recipeOf({
      accumulate: 4, // An epoch has six batches.
      clipNorm: 0.05,
      warmup: 1,
      optimizer: { kind: 'rmsprop', momentum: 0.9 },
      earlyStopping: { patience: 9 },
    }),
  ],
  ['SimCLR', simclr, recipeOf({ batch: 2 })],
  [
    'SwAV with its queue, frozen prototypes at first',
    pretrained('swav', {
      ...{ large: 16, small: 16, smalls: 1, hidden: 8, embedding: 4, prototypes: 5 },
      ...{ queue: 4, queueFrom: 2, frozen: 3 },
    }),
    recipeOf({ batch: 2 }),
  ],
  [
    'PIRL with its memory bank and partition',
    pretrained('pirl', { crop: 32, patch: 16, embedding: 4, negatives: 8 }),
    recipeOf({ batch: 2 }),
  ],
  [
    'U-Net++ with its running statistics',
    () => ({
      ...supervisedTask(
        {
          ...shared,
          network: networkOf('unet-plus-plus'),
          networkConfig: networkOf('unet-plus-plus').config.parse({ channels: 1, deepSupervision: true }),
          batch: 2,
        },
        compute(),
      ),
      // No validation: after some images, prediction replays a graph, whose last bit differs for this network.
      validate: async () => null,
    }),
    recipeOf({ batch: 2 }),
  ],
]

describe.each(cases)('a training that is stopped at any point and resumed: %s', (_, make, recipe) => {
  it('reports equal epochs and steps, and ends with equal weights and state, bit for bit', async () => {
    const whole = await attempt(make(), { recipe })
    const last = 'last 3'
    for (const pauses of [0, 1, 4, 7, 11]) {
      const stopped = await attempt(make(), { recipe, pause: stopAtPause(pauses) })
      if (!stopped.error) continue // The training ended before this pause.
      expect(stopped.error).toMatchObject({ code: 'CANCELLED' })
      const state = newestState(stopped)
      const { epoch, step } = state.progress
      const rest = await attempt(make(), { recipe, resume: state })
      expect(rest.events[0]).toMatchObject({ type: 'resumed', from: { epoch, step } })
      expect(changes(rest)).toEqual([])
      expect(epochs(rest), `after step ${step}`).toEqual(epochs(whole).slice(epoch))
      expect(steps(rest)).toEqual(steps(whole).slice(step))
      expect(weights(rest.files.get(last)!)).toEqual(weights(whole.files.get(last)!))
      expect(newestState(rest).plain).toEqual(newestState(whole).plain)
      const { seconds } = newestState(rest).progress
      expect(seconds.steps).toBeGreaterThanOrEqual(state.progress.seconds.steps)
    }
  })
})

describe('a training that goes on with other kernels', () => {
  /** A state as version 0.2 wrote it. */
  const former = ({ files }: Outcome) => {
    const [name, { tensors, metadata }] = [...files].filter(([each]) => each.startsWith('state')).at(-1)!
    const { kernels: _, ...progress } = JSON.parse(metadata.progress)
    return decodeState({ tensors, metadata: { ...metadata, progress: JSON.stringify(progress) } }, '1', name)
  }
  /** An epoch has six steps. Without validation, pauses come before steps only. */
  const task = (): TrainingTask => ({ ...supervised(), validate: async () => null })
  const stopped = (changes: Partial<Training> = {}) => attempt(task(), { pause: stopAtPause(8), ...changes })

  it('says from which epoch on, and keeps the kernels of every step', async () => {
    const state = newestState(await stopped())
    expect(state.progress).toMatchObject({ step: 8, epoch: 1, kernels: [{ name: 'A 1', epoch: 1, step: 0 }] })
    const rest = await attempt(task(), { resume: state, kernelsName: 'B 1' })
    expect(rest.events[1]).toEqual({
      type: 'note',
      level: 'info',
      code: 'kernels-changed',
      data: { epoch: 2, step: 8, from: 'A 1', to: 'B 1' },
      text: 'Last digits may differ from epoch 2 on: the run used A 1 before, and goes on with B 1.',
    })
    const kernels = [state.progress.kernels[0], { name: 'B 1', epoch: 2, step: 8 }]
    expect(newestState(rest).progress.kernels).toEqual(kernels)
    expect(rest.summary?.kernels).toEqual(kernels)
  })

  it('says so at each change, and forgets kernels that took no step', async () => {
    const first = newestState(await stopped({ pause: stopAtPause(2) }))
    const idle = newestState(await stopped({ resume: first, kernelsName: 'B 1', pause: stopAtPause(0) }))
    expect(idle.progress.step).toBe(2)
    const again = await stopped({ resume: idle, pause: stopAtPause(6) })
    expect(changes(again)).toEqual([])
    const third = await stopped({ resume: newestState(again), kernelsName: 'C 1', pause: stopAtPause(4) })
    const last = await attempt(task(), { resume: newestState(third), kernelsName: 'D 1' })
    expect([third, last].flatMap(changes)).toMatchObject([{ data: { epoch: 2, to: 'C 1' } }, { data: { to: 'D 1' } }])
    expect(last.summary?.kernels.map(({ name }) => name)).toEqual(['A 1', 'C 1', 'D 1'])
  })

  it('says so if version 0.2 or earlier wrote the state', async () => {
    const rest = await attempt(task(), { resume: former(await stopped()) })
    expect(changes(rest)).toMatchObject([
      { text: expect.stringContaining('the run used kernels of version 0.2 or earlier before, and goes on with A 1.') },
    ])
    expect(rest.summary?.kernels).toEqual([
      { name: null, epoch: 1, step: 0 },
      { name: 'A 1', epoch: 2, step: 8 },
    ])
  })

  it('says nothing if no step is left', async () => {
    const whole = await attempt(task())
    const again = await attempt(task(), { resume: newestState(whole), kernelsName: 'B 1' })
    expect(changes(again)).toEqual([])
    expect(again.summary?.kernels).toEqual(whole.summary?.kernels)
  })
})

describe('a state', () => {
  it('of a finished training resumes without a further step', async () => {
    const whole = await attempt(supervised())
    const training = { resume: newestState(whole) }
    const again = await attempt(supervised(), training)
    expect(again.events.map(({ type }) => type)).toEqual(['resumed'])
    expect(again.error).toBeNull()
  })

  it('holds buffers, which the loss sets and no optimizer changes', async () => {
    const specs: ParameterSpec[] = [
      { name: 'head.queue', kind: 'vector', shape: [2], fanIn: 1, initial: 0, buffer: true },
    ]
    /** A task whose targets are shifted by the means of the two batches before. */
    const withQueue = (): TrainingTask => {
      const task = supervised()
      return {
        ...task,
        head: specs,
        loss(parameters, { image, target }, pass) {
          const before = parameters['head.queue']
          pass.set('head.queue', tf.concat([tf.reshape(tf.mean(tf.square(image)), [1]), tf.slice(before, 0, 1)]))
          return task.loss(parameters, { image, target: tf.add(target, tf.mean(before)) }, pass)
        },
        validate: async () => null,
        preview: async () => null,
      }
    }
    const queueOf = ({ plain }: { plain: { parameters: Float32Array } }) => plain.parameters.slice(-2)
    const whole = await attempt(withQueue())
    const stopped = newestState(await attempt(withQueue(), { pause: stopAtPause(4) }))
    expect(stopped.progress.step).toBe(4)
    expect(queueOf(stopped).every(mean => mean > 0)).toBe(true)
    const rest = await attempt(withQueue(), { resume: stopped })
    expect(steps(rest)).toEqual(steps(whole).slice(4))
    expect(weights(rest.files.get('last 3')!)).toEqual(weights(whole.files.get('last 3')!))
    expect(newestState(rest).plain).toEqual(newestState(whole).plain)

    const forgotten = { ...stopped.plain, parameters: stopped.plain.parameters.slice() }
    forgotten.parameters.fill(0, -2)
    const other = await attempt(withQueue(), { resume: { ...stopped, plain: forgotten } })
    expect(steps(other)[0]).not.toEqual(steps(whole)[4]) // Without the queue, the loss differs.
  })

  it('of another network is refused', async () => {
    const state = newestState(await attempt(supervised()))
    const plain = { ...state.plain, parameters: state.plain.parameters.slice(1) }
    const { error } = await attempt(supervised(), { resume: { ...state, plain } })
    expect(error).toMatchObject({ code: 'CHECKPOINT_DAMAGED' })
  })

  it('is written within an epoch after `saveMinutes`', async () => {
    const { files } = await attempt(supervised(), { recipe: recipeOf({ epochs: 1, saveMinutes: 1e-9 }) })
    const names = [...files.keys()].filter(name => name.startsWith('state'))
    expect(names).toEqual([1, 2, 3, 4, 5, 6].map(step => `state 0 ${step}`).concat('state 1 6'))
  })
})

describe('a loss of NaN', () => {
  it('stops the run at this step, names the slices, and writes no weights', async () => {
    const task = supervised(2)
    const poisoned: TrainingTask = {
      ...task,
      async prepare(epoch, index) {
        const batch = await task.prepare(epoch, index)
        if (epoch < 1 || index < 1) return batch
        return { ...batch, target: { ...batch.target, data: batch.target.data.map(() => Number.NaN) } }
      },
    }
    const { error, files, events } = await attempt(poisoned)
    expect(error).toMatchObject({ code: 'NOT_FINITE' })
    const named = task.contents(1, 1)
    expect(named).toHaveLength(2)
    expect((error as Error).message).toContain(`epoch 2, step 2 of 3, on ${named.join(', ')}`)
    expect(named[0]).toMatch(/^[abc]\.h5 slice [12]$/)
    expect([...files.keys()].at(-1)).toBe('state 1 3')
    expect(events.at(-1)).toMatchObject({ type: 'step', step: 4 })
    for (const { tensors } of files.values())
      for (const { data } of tensors.values()) expect(data.every(Number.isFinite)).toBe(true)
  })

  it('is not the only check: weights with NaN after the last step are not written either', async () => {
    const task = supervised()
    const exploding: TrainingTask = { ...task, loss: (...given) => tf.mul(task.loss(...given), 1e30) }
    const recipe = recipeOf({ optimizer: { kind: 'sgd' }, schedule: { kind: 'constant', rate: 1e30 }, epochs: 1 })
    const { error, files } = await attempt({ ...exploding, batchesPerEpoch: 1, validate: async () => null }, { recipe })
    expect(error).toMatchObject({ code: 'NOT_FINITE', message: expect.stringContaining('After step 1') })
    expect([...files.keys()]).toEqual([])
  })
})

describe('a recipe', () => {
  const flat = (values: readonly number[]) => tf.tensor1d(Float32Array.from(values))
  const scalars = (values: readonly number[]) => values.map(value => tf.scalar(value))

  it('of an older version gets the present defaults', () => {
    const old = { epochs: 2, batch: 1, optimizer: { kind: 'sgd' }, schedule: { kind: 'constant', rate: 1 } }
    expect(Recipe.parse(old)).toMatchObject({
      accumulate: 1,
      warmup: 0,
      clipNorm: null,
      earlyStopping: null,
      saveMinutes: 5,
      milestones: [],
      freshOutput: false,
    })
  })

  it('clips by the norm of all gradients together, as PyTorch does, and keeps shorter gradients', () => {
    const optimizer = recipeOptimizer(kernels(), recipeOf({ optimizer: { kind: 'sgd' }, clipNorm: 1 }))
    const update = (gradients: readonly number[]) =>
      Array.from(
        optimizer.update(flat([0, 0]), flat(gradients), [], scalars(optimizer.scalars(1, 1))).parameters.dataSync(),
      )
    expectClose(update([3, 4]), [-3 / (5 + 1e-6), -4 / (5 + 1e-6)], 1e-6)
    expect(update([0.25, -0.5])).toEqual([-0.25, 0.5])
  })

  it.each(['sgd', 'adam', 'rmsprop'])('with accumulation takes the steps of a larger batch: %s', async kind => {
    // With the usual epsilon, RMSprop takes a whole step for a gradient of rounding errors.
    const optimizer = { kind, ...(kind === 'rmsprop' && { epsilon: 1e-3 }) }
    const changes = { optimizer, schedule: { kind: 'constant', rate: 1e-3 } }
    // Six slices make a step of four and a step of two. The step of two is weighted by its samples.
    const large = await attempt(supervised(4), { recipe: recipeOf({ ...changes, batch: 4 }) })
    const parts = await attempt(supervised(2), { recipe: recipeOf({ ...changes, batch: 2, accumulate: 2 }) })
    const single = await attempt(supervised(1), { recipe: recipeOf({ ...changes, batch: 1, accumulate: 4 }) })
    const losses = (outcome: Outcome) => steps(outcome).map(([, loss]) => loss)
    expect(losses(large)).toHaveLength(6)
    for (const outcome of [parts, single]) expectClose(losses(outcome), losses(large), 1e-4)
  })

  it('with accumulation is refused if the method compares samples of a batch', async () => {
    const { error } = await attempt(simclr(), { recipe: recipeOf({ batch: 2, accumulate: 2 }) })
    expect(error).toMatchObject({ code: 'INVALID_ARGUMENT', message: expect.stringContaining('accumulate 2') })
  })

  it('warms up linearly from 0, and then begins its schedule', () => {
    const warm = recipeOf({ epochs: 5, warmup: 2, schedule: { kind: 'step', rate: 1, every: 2, factor: 0.1 } })
    const rates = Array.from({ length: 10 }, (_, step) => recipeRate(warm, step, 2))
    expectClose(rates, [0, 0.25, 0.5, 0.75, 1, 1, 1, 1, 0.1, 0.1], 1e-12)
  })

  it('stops early after the given number of validations without a lower loss', async () => {
    const task = supervised()
    const validationLosses = [3, 2, 2.5, 2, 1]
    let validations = 0
    const told = {
      ...task,
      validate: async () => ({ loss: validationLosses[validations++], metrics: null, extra: {} }),
    }
    const recipe = recipeOf({ epochs: 5, earlyStopping: { patience: 2 } })
    const outcome = await attempt(told, { recipe })
    const { events, error, files } = outcome
    expect(error).toBeNull()
    expect(epochs(outcome)).toHaveLength(4)
    expect(events.at(-1)).toMatchObject({ type: 'note', text: expect.stringContaining('after epoch 4 of 5') })
    expect([...files.keys()].filter(name => name.startsWith('best'))).toEqual(['best 1', 'best 2'])
    expect(files.has('last 4')).toBe(true)
  })

  it('keeps the weights of the epochs that it names', async () => {
    const { events, files } = await attempt(supervised(), { recipe: recipeOf({ milestones: [1, 3] }) })
    expect([...files.keys()].filter(name => name.startsWith('milestone'))).toEqual(['milestone 1', 'milestone 3'])
    expect(weights(files.get('milestone 3')!)).toEqual(weights(files.get('last 3')!))
    expect(events).toContainEqual(
      expect.objectContaining({ type: 'checkpoint', role: 'milestone', epoch: 3, step: 18 }),
    )
  })
})

it('computes the steps, and nothing else, in the recipe’s precision', async () => {
  let calls = 0
  const counting: Kernels = {
    ...kernels(),
    inBfloat16(work) {
      calls++
      return kernels().inBfloat16(work)
    },
  }
  const given = { compute: { kernels: counting, makeStepper: eagerStepper } }
  const exact = await attempt(supervised(), given)
  expect([exact.error, calls]).toEqual([null, 0])
  const mixed = await attempt(supervised(), { ...given, recipe: recipeOf({ precision: 'bfloat16' }) })
  expect([mixed.error, calls]).toEqual([null, steps(mixed).length])
  expect(epochs(mixed)).toHaveLength(3)
})
