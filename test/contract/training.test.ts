/** What every network and every method must do; a new entry in a table inherits these tests. */
import * as tf from '@tensorflow/tfjs-core'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Recipe, TrainingEvent } from '../../src/contract/runs.ts'
import { NETWORKS, networkOf } from '../../src/core/models/index.ts'
import { fileNameMask } from '../../src/core/mri/mask.ts'
import { METHODS, methodOf } from '../../src/core/ssl/index.ts'
import { pretextTask } from '../../src/core/ssl/pretext.ts'
import type { Checkpoint } from '../../src/core/training/checkpoint.ts'
import { initialParameters, unpack } from '../../src/core/training/parameters.ts'
import { supervisedTask } from '../../src/core/training/supervised.ts'
import { type Training, type TrainingTask, train } from '../../src/core/training/train.ts'
import { useEngine } from '../engine.ts'
import { noiseVolume, sourceOf } from '../volumes.ts'

beforeAll(useEngine)

const mask = { kind: 'random', acceleration: 4, centerFraction: 0.08 } as const
const pretext = { measurement: 'fixed', viewMasks: 'independent', keep: 0.5 } as const
const slices = { kind: 'all' } as const
const patients = (...names: string[]) => names.map(name => sourceOf(noiseVolume(name)))

const tasks: [string, () => TrainingTask][] = Object.keys(NETWORKS).flatMap(networkId => {
  const network = networkOf(networkId)
  const networkConfig = network.config.parse({ channels: 2 })
  const shared = { network, networkConfig, train: patients('a', 'b'), validation: patients('c'), slices, mask, seed: 5 }
  return [
    [`supervised ${networkId}`, () => supervisedTask({ ...shared, batch: 1 })] as [string, () => TrainingTask],
    ...Object.keys(METHODS).map((id): [string, () => TrainingTask] => [
      `${id} on ${networkId}`,
      () =>
        pretextTask({
          ...shared,
          method: methodOf(id),
          methodConfig: methodOf(id).config.parse({ crop: 32, hidden: 16 }),
          pretext,
          batch: 2,
          epochs: 2,
        }),
    ]),
  ]
})

const recipe: Recipe = {
  epochs: 2,
  batch: 1,
  optimizer: { kind: 'adam', beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0 },
  schedule: { kind: 'constant', rate: 1e-3 },
}

async function trainAll(task: TrainingTask, changes: Partial<Training> = {}) {
  const saved = new Map<string, Checkpoint>()
  const training: Training = {
    run: '1',
    task,
    recipe,
    seed: 5,
    start: null,
    metadata: {},
    notes: [],
    save: async (name, checkpoint) => {
      saved.set(name, checkpoint)
      return { path: name, sha256: '' }
    },
    signal: { aborted: false },
    ...changes,
  }
  const events: TrainingEvent[] = []
  const steps = train(training)
  for (;;) {
    const { value, done } = await steps.next()
    if (done) return { summary: value, events, saved }
    events.push(value)
  }
}

const losses = (events: readonly TrainingEvent[]) =>
  events.flatMap(event => (event.type === 'step' ? [event.loss] : []))
const weights = (checkpoint: Checkpoint) => [...checkpoint.tensors.values()].flatMap(({ data }) => Array.from(data))

describe.each(tasks)('%s', (_, make) => {
  it('has a finite loss, and a finite gradient that is not zero for every tensor', async () => {
    const task = make()
    const specs = [...task.network, ...task.head]
    const batch = await task.batch(0, 0)
    const { value, grad } = tf.valueAndGrad(flat => task.loss(unpack(flat as tf.Tensor1D, specs), batch))(
      tf.tensor1d(initialParameters(specs, 5)),
    )
    expect(Number.isFinite(value.dataSync()[0])).toBe(true)
    for (const [name, tensor] of Object.entries(unpack(grad as tf.Tensor1D, specs))) {
      const values = Array.from(tensor.dataSync())
      expect(values.every(Number.isFinite), name).toBe(true)
      expect(
        values.some(each => each !== 0),
        name,
      ).toBe(true)
    }
  })

  it('gives the same losses and weights for the same seed, and others for another', async () => {
    const [first, second] = [await trainAll(make()), await trainAll(make())]
    expect(losses(first.events)).toEqual(losses(second.events))
    expect(weights(first.saved.get('last')!)).toEqual(weights(second.saved.get('last')!))
    expect(losses((await trainAll(make(), { seed: 6 })).events)).not.toEqual(losses(first.events))
  })

  it('leaves no tensor behind, finished or cancelled', async () => {
    await trainAll(make()) // makes the kernels' kept constants
    const before = tf.memory().numTensors
    await trainAll(make())
    expect(tf.memory().numTensors).toBe(before)
    const signal = { aborted: false }
    const save: Training['save'] = async () => ({ path: '', sha256: '' })
    const steps = train({ run: '1', task: make(), recipe, seed: 5, start: null, metadata: {}, notes: [], save, signal })
    await steps.next()
    await steps.next()
    signal.aborted = true
    expect((await steps.next()).value).toMatchObject({ type: 'checkpoint', role: 'last', epoch: 0 })
    await expect(steps.next()).rejects.toMatchObject({ code: 'CANCELLED' })
    expect(tf.memory().numTensors).toBe(before)
  })

  it('writes the network under its own names, and the head apart', async () => {
    const task = make()
    const { saved } = await trainAll(task)
    expect([...saved.get('last')!.tensors.keys()]).toEqual(task.network.map(spec => spec.name))
    expect(saved.has('head')).toBe(task.head.length > 0)
  })
})

describe('a training', () => {
  const [, supervised] = tasks[0]

  it('starts from the weights it is given', async () => {
    const task = supervised()
    const start = initialParameters(task.network, 99)
    const still = await trainAll(task, {
      start,
      recipe: { ...recipe, epochs: 1, schedule: { kind: 'constant', rate: 1e-30 } },
    })
    const other = await trainAll(supervised(), {
      recipe: { ...recipe, epochs: 1, schedule: { kind: 'constant', rate: 1e-30 } },
    })
    expect(losses(still.events)).not.toEqual(losses(other.events))
  })

  it('sees the same order and masks as its control, whatever its start', async () => {
    const [one, two] = [supervised(), supervised()]
    const [a, b] = [await one.batch(1, 2), await two.batch(1, 2)]
    expect(a[0].dataSync()).toEqual(b[0].dataSync())
    expect((await one.batch(2, 2))[0].dataSync()).not.toEqual(a[0].dataSync())
  })

  it('keeps the weights with the lowest validation loss', async () => {
    const { summary, events, saved } = await trainAll(supervised(), {
      recipe: { ...recipe, epochs: 4, schedule: { kind: 'constant', rate: 0.05 } },
    })
    const validated = events.flatMap(event => (event.type === 'epoch' ? [event.figures.validationLoss!] : []))
    expect(summary.validationLoss).toBe(Math.min(...validated))
    expect(summary.bestEpoch).toBe(validated.indexOf(Math.min(...validated)) + 1)
    expect(saved.get('best')!.metadata.epoch).toBe(String(summary.bestEpoch))
  })

  it('stops at a loss that is no number and names the step; what was written stays', async () => {
    const task = supervised()
    const poisoned: TrainingTask = {
      ...task,
      loss: (parameters, batch) => tf.mul(task.loss(parameters, batch), Number.NaN),
    }
    await expect(trainAll(poisoned)).rejects.toMatchObject({
      code: 'NOT_FINITE',
      message: expect.stringContaining('epoch 1, step 1 of 4'),
    })
  })

  it('never masks again what the file has sub-sampled', async () => {
    const own = fileNameMask(mask, 36, 'scanner.h5')
    const scanned = sourceOf(noiseVolume('a', { mask: own }))
    const network = networkOf('unet')
    const task = supervisedTask({
      network,
      networkConfig: network.config.parse({ channels: 2 }),
      train: [scanned],
      validation: [],
      slices,
      mask,
      batch: 2,
      seed: 0,
    })
    const inputs = async (epoch: number) => (await task.batch(epoch, 0))[0].dataSync().toSorted()
    expect(await inputs(0)).toEqual(await inputs(1))
  })

  it('refuses a batch of several matrices, with the remedy', async () => {
    const network = networkOf('unet')
    const mixed = [sourceOf(noiseVolume('a')), sourceOf(noiseVolume('b', { columns: 40 }))]
    const task = supervisedTask({
      network,
      networkConfig: network.config.parse({ channels: 2 }),
      train: mixed,
      validation: [],
      slices,
      mask,
      batch: 4,
      seed: 0,
    })
    await expect(task.batch(0, 0)).rejects.toMatchObject({
      code: 'SHAPE_MISMATCH',
      message: expect.stringContaining('batch of 1'),
    })
  })
})
