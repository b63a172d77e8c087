/**
 * A replayed training equals an eager training, bit for bit, on a CPU. TensorFlow's graph optimizer changes the order
 * and the memory of operations, but not their arithmetic. A new method, network or optimizer inherits these tests.
 */
import * as tf from '@tensorflow/tfjs-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { OptimizerConfig, Pretext } from '../../../../../src/contract/recipes.ts'
import { NETWORKS, networkOf } from '../../../../../src/core/models/index.ts'
import { initialParameters } from '../../../../../src/core/models/parameters.ts'
import { type Batch, tensorsOf } from '../../../../../src/core/models/parts.ts'
import { METHODS, methodOf } from '../../../../../src/core/ssl/index.ts'
import { pretextTask } from '../../../../../src/core/ssl/pretext.ts'
import { makeOptimizer } from '../../../../../src/core/training/optimizers.ts'
import { makeStep, stepIn } from '../../../../../src/core/training/step.ts'
import { eagerStepper, startingState } from '../../../../../src/core/training/stepper.ts'
import { supervisedTask } from '../../../../../src/core/training/supervised.ts'
import type { TrainingTask } from '../../../../../src/core/training/task.ts'
import { plainUpdate } from '../../../../../src/core/training/updates.ts'
import { record } from '../../../../../src/engine/tensorflow/graph/recording.ts'
import { encodeSavedModel } from '../../../../../src/engine/tensorflow/graph/saved-model.ts'
import { makeGraphStepper } from '../../../../../src/engine/tensorflow/graph/stepper.ts'
import { compute, kernels, useEngine } from '../../../../engine.ts'
import { SMALL_NETWORK } from '../../../../network-inputs.ts'
import { noiseVolume, sourceOf } from '../../../../volumes.ts'
import { backend, type Feed, take, trainAsGraph, trainEagerly } from './steps.ts'

beforeAll(useEngine)

const STEPS = 4
const mask = { kind: 'random', acceleration: 4, centerFraction: 0.08 } as const
const adam = OptimizerConfig.parse({ kind: 'adam' })

function shared(network: string, columns = 36) {
  const volumes = (...names: string[]) => names.map(name => sourceOf(noiseVolume(name, { columns })))
  return {
    network: networkOf(network),
    networkConfig: networkOf(network).config.parse(SMALL_NETWORK),
    train: volumes('a', 'b', 'c', 'd'),
    validation: [],
    slices: { kind: 'all' } as const,
    mask,
    seed: 5,
  }
}

/** Small settings of all methods. Each method reads its own settings. */
const SMALL = {
  crop: 32,
  hidden: 16,
  embedding: 8,
  large: 32,
  small: 32,
  smalls: 1,
  prototypes: 6,
  queue: 4,
  frozen: 1,
  negatives: 9,
}

function pretext(id: string, network: string): TrainingTask {
  const method = methodOf(id)
  return pretextTask(
    {
      ...shared(network),
      method,
      methodConfig: method.config.parse(SMALL),
      pretext: Pretext.parse({ keep: 0.5 }),
      batch: 2,
      epochs: 1,
    },
    compute(),
  )
}

/** A task with several outputs, whose losses are added. */
function deepSupervision(): TrainingTask {
  const network = networkOf('unet-plus-plus')
  const networkConfig = network.config.parse({ channels: 2, deepSupervision: true })
  return supervisedTask({ ...shared('unet-plus-plus'), networkConfig, batch: 1 }, compute())
}

/** VarNet with cascades that are computed again in the backward pass. */
function recomputed(): TrainingTask {
  const network = networkOf('varnet')
  const networkConfig = network.config.parse({ ...SMALL_NETWORK, recompute: true })
  return supervisedTask({ ...shared('varnet'), networkConfig, batch: 2 }, compute())
}

const tasks: [string, () => TrainingTask][] = Object.keys(NETWORKS).flatMap(network => [
  [`supervised ${network}, batch 1`, () => supervisedTask({ ...shared(network), batch: 1 }, compute())] as const,
  [
    `supervised ${network}, batch 2, odd size`,
    () => supervisedTask({ ...shared(network, 37), batch: 2 }, compute()),
  ] as const,
  ...Object.keys(METHODS)
    .filter(id => methodOf(id).recipes.workstation.network === network)
    .map(id => [`${id} on ${network}`, () => pretext(id, network)] as const),
]) as [string, () => TrainingTask][]

const optimizers: [string, OptimizerConfig][] = OptimizerConfig.options.flatMap(({ shape }) => {
  const [kind] = shape.kind.values
  const make = (changes: object = {}) => OptimizerConfig.parse({ kind, ...changes })
  return [
    [kind, make()],
    [`${kind}, weight decay`, make({ weightDecay: 0.01 })],
    ...('momentum' in shape
      ? ([
          [`${kind}, no momentum`, make({ momentum: 0 })],
          [`${kind}, momentum`, make({ momentum: 0.9 })],
        ] as const)
      : []),
    ...('larc' in shape ? ([[`${kind}, LARC`, make({ larc: {} })]] as const) : []),
    ...('nesterov' in shape ? ([[`${kind}, Nesterov`, make({ nesterov: true })]] as const) : []),
  ] as [string, OptimizerConfig][]
})

const mapped = (batch: Batch, map: (tensor: tf.Tensor) => tf.Tensor): Batch =>
  Object.fromEntries(Object.entries(batch).map(([name, tensor]) => [name, map(tensor)]))

async function prepare(task: TrainingTask, config: OptimizerConfig) {
  const specs = [...task.network, ...task.head]
  const optimizer = makeOptimizer(kernels(), config)
  const batches = await Promise.all([0, 1, 2].map(async index => tensorsOf(await task.prepare(0, index))))
  const feed: Feed = i => ({
    batch: mapped(batches[i % batches.length], tensor => tf.clone(tensor)),
    scalars: optimizer.scalars(1e-3 / (i + 1), i + 1),
  })
  const start = startingState(initialParameters(specs, 5), optimizer)
  return { step: makeStep(specs, task.loss, optimizer), start, feed, free: () => tf.dispose(batches) }
}

async function expectEqual(task: TrainingTask, config: OptimizerConfig, inBfloat16 = false): Promise<void> {
  const { step: exact, start, feed, free } = await prepare(task, config)
  const step = stepIn(inBfloat16 ? 'bfloat16' : 'float32', kernels(), exact)
  const graph = await trainAsGraph(step, start, STEPS, feed)
  expect(graph).toEqual({ ...(await trainEagerly(step, start, STEPS, feed)), lines: [] })
  free()
}

describe('replayed steps equal eager ones, bit for bit:', () => {
  it.each(tasks)('%s', (_, make) => expectEqual(make(), adam))

  // bfloat16-networks.test.ts replays the supervised tasks.
  const methods = tasks.filter(([label]) => !label.startsWith('supervised'))
  it.each(methods)('%s, in bfloat16', (_, make) => expectEqual(make(), adam, true))

  it('deep supervision', () => expectEqual(deepSupervision(), adam))

  it('cascades that are computed again', () => expectEqual(recomputed(), adam))

  it.each(optimizers)('%s', (_, config) =>
    expectEqual(supervisedTask({ ...shared('unet'), batch: 1 }, compute()), config),
  )

  it('the results of an update become variables without a copy', async () => {
    const { step, start, feed, free } = await prepare(supervisedTask({ ...shared('unet'), batch: 1 }, compute()), adam)
    const { batch, scalars } = feed(0)
    const variables = [start.parameters, ...start.slots].map(vector => tf.tensor1d(vector))
    const fed = scalars.map(value => tf.scalar(value))
    const modelOf = (change: (parameters: tf.Tensor1D) => tf.Tensor1D) =>
      Buffer.from(
        encodeSavedModel(backend().binding, [
          record(backend(), {
            variables,
            feeds: [...Object.values(batch), ...fed],
            run([parameters, ...slots], feeds) {
              const { state, loss } = step(
                { parameters: parameters as tf.Tensor1D, slots: slots as tf.Tensor1D[] },
                { image: feeds[0], target: feeds[1] },
                feeds.slice(2) as tf.Scalar[],
              )
              return { next: [change(state.parameters), ...state.slots], outputs: [loss] }
            },
          }).recording,
        ]),
      )
    const updated = modelOf(parameters => parameters)
    expect(updated.includes('DeepCopy')).toBe(false)
    expect(updated.includes('SelfMriAdam')).toBe(kernels().update !== plainUpdate)
    expect(modelOf(parameters => tf.clipByValue(parameters, -1, 1)).includes('DeepCopy')).toBe(true)
    tf.dispose([...variables, ...fed, ...Object.values(batch)])
    free()
  })

  it('a training that is resumed in the middle', async () => {
    const { step, start, feed, free } = await prepare(supervisedTask({ ...shared('unet'), batch: 1 }, compute()), adam)
    const whole = await trainAsGraph(step, start, 2 * STEPS, feed)
    const half = await trainAsGraph(step, start, STEPS, feed)
    const rest = await trainAsGraph(step, half.state, STEPS, i => feed(i + STEPS))
    expect([...half.losses, ...rest.losses]).toEqual(whole.losses)
    expect(rest.state).toEqual(whole.state)
    free()
  })

  it('batches of several shapes with one state', async () => {
    const one = await prepare(supervisedTask({ ...shared('unet'), batch: 1 }, compute()), adam)
    const other = await prepare(supervisedTask({ ...shared('unet', 40), batch: 1 }, compute()), adam)
    const last = await prepare(supervisedTask({ ...shared('unet'), batch: 3 }, compute()), adam) // 8 slices: 3, 3, 2
    const feed: Feed = i => [one, other, last][i % 3].feed(i)
    const graph = await trainAsGraph(one.step, one.start, 12, feed)
    expect(graph).toEqual({ ...(await trainEagerly(one.step, one.start, 12, feed)), lines: [] })
    for (const { free } of [one, other, last]) free()
  })
})

describe('a graph stepper', () => {
  it('computes batches beyond the most shapes eagerly, says so once, and stays equal', async () => {
    const config = { channels: 2, pools: 1 }
    const network = networkOf('unet')
    const specs = network.parameters(config)
    const optimizer = makeOptimizer(kernels(), adam)
    const step = makeStep(
      specs,
      (parameters, { image }) =>
        tf.mean(tf.square(network.outputs(kernels(), config, parameters, { image })[0])) as tf.Scalar,
      optimizer,
    )
    const start = startingState(initialParameters(specs, 1), optimizer)
    const feed: Feed = i => ({
      batch: { image: tf.randomNormal([1, 8, 8 + (i % 4), 1], 0, 1, 'float32', i + 1) },
      scalars: optimizer.scalars(1e-3, i + 1),
    })
    const { lines, ...graph } = await trainAsGraph(step, start, 8, feed, 2)
    expect(graph).toMatchObject({ losses: (await trainEagerly(step, start, 8, feed)).losses })
    expect(lines).toEqual([
      expect.stringMatching(/^Batches of float32 1 × 8 × 10 × 1, 2 scalars run eagerly.*2 other shapes/),
      expect.stringMatching(/^Batches of float32 1 × 8 × 11 × 1/),
    ])
  })

  it('gives the parameters after the last step, and the initial state before the first step', async () => {
    const { step, start, feed, free } = await prepare(supervisedTask({ ...shared('unet'), batch: 1 }, compute()), adam)
    const [graph, eager] = [makeGraphStepper(backend(), () => {})(step, start), eagerStepper(step, start)]
    expect(await graph.read()).toEqual(start)
    expect(graph.parameters().dataSync()).toEqual(start.parameters)
    for (let i = 0; i < 3; i++) {
      await take(graph, 1, feed, i)
      await take(eager, 1, feed, i)
      expect(graph.parameters().dataSync()).toEqual(eager.parameters().dataSync())
    }
    graph.dispose()
    eager.dispose()
    free()
  })
})
