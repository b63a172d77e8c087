/** Tests of every network and every method. A new entry in a table inherits these tests. */

import * as tf from '@tensorflow/tfjs-core'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import { throwIfCancelled } from '../../src/contract/errors.ts'
import { referenceKeys } from '../../src/contract/methods.ts'
import { Pretext, Recipe } from '../../src/contract/recipes.ts'
import { HELD_OUT_CHANCE, type TrainingEvent } from '../../src/contract/runs.ts'
import { selectSlices } from '../../src/contract/volumes.ts'
import { evaluateVolume } from '../../src/core/evaluate.ts'
import { makeEagerImaging } from '../../src/core/imaging.ts'
import { NETWORKS, networkOf } from '../../src/core/models/index.ts'
import { fromTorch, initialParameters, unpack } from '../../src/core/models/parameters.ts'
import { tensorsOf } from '../../src/core/models/parts.ts'
import { keptPattern } from '../../src/core/mri/draw.ts'
import { reconstructSlice } from '../../src/core/reconstruct.ts'
import { advise } from '../../src/core/ssl/health.ts'
import { METHODS, methodOf } from '../../src/core/ssl/index.ts'
import { pretextTask } from '../../src/core/ssl/pretext.ts'
import type { Checkpoint } from '../../src/core/training/checkpoint.ts'
import { eagerStepper, type MakeStepper } from '../../src/core/training/stepper.ts'
import { supervisedTask } from '../../src/core/training/supervised.ts'
import type { Training, TrainingTask } from '../../src/core/training/task.ts'
import { train } from '../../src/core/training/train.ts'
import { graphStepper } from '../../src/engine/tensorflow/graph/stepper.ts'
import { compute, useEngine } from '../engine.ts'
import { expectLiveGradients } from '../gradients.ts'
import { SMALL_NETWORK } from '../network-inputs.ts'
import { noiseVolume, sourceOf } from '../volumes.ts'

beforeAll(useEngine)

const mask = { kind: 'random', acceleration: 4, centerFraction: 0.08 } as const
const slices = { kind: 'all' } as const
const patients = (...names: string[]) => names.map(name => sourceOf(noiseVolume(name)))

/** Small settings for tests. A method without an entry takes its defaults. */
const SMALL: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  simclr: { crop: 32, hidden: 16 },
  swav: { large: 32, small: 32, smalls: 1, hidden: 16, embedding: 8, prototypes: 6, queue: 4, frozen: 0 },
  pirl: { crop: 32, patch: 32, embedding: 8, negatives: 8 },
  rotnet: { crop: 32 },
}

interface Case {
  readonly network: string
  readonly make: () => TrainingTask
}

function casesOf(networkId: string): [string, Case][] {
  const network = networkOf(networkId)
  const networkConfig = network.config.parse(SMALL_NETWORK)
  const shared = { network, networkConfig, train: patients('a', 'b'), validation: patients('c'), slices, mask, seed: 5 }
  const supervised = () => supervisedTask({ ...shared, batch: 1 }, compute())
  const pretraining = (id: string, changes: Partial<Pretext> = {}) => {
    const method = methodOf(id)
    const methodConfig = method.config.parse(SMALL[id] ?? {})
    const pretext = Pretext.parse({ keep: 0.5, ...changes })
    return () => pretextTask({ ...shared, method, methodConfig, pretext, batch: 2, epochs: 2 }, compute())
  }
  const makes: [string, () => TrainingTask][] = [
    ['supervised', supervised],
    ...Object.keys(METHODS)
      .filter(id => methodOf(id).recipes.workstation.network === networkId) // All methods on all networks take minutes.
      .map((id): [string, () => TrainingTask] => [id, pretraining(id)]),
  ]
  if (networkId === 'unet') {
    makes.push(['rotnet, measured afresh', pretraining('rotnet', { measurement: 'fresh' })])
    makes.push(['simclr with a reconstruction term', pretraining('simclr', { reconstruction: 1 })])
  }
  return makes.map(([name, make]) => [`${name} on ${networkId}`, { network: networkId, make }])
}

const cases = Object.keys(NETWORKS).flatMap(casesOf)

const recipe = Recipe.parse({
  epochs: 2,
  batch: 1,
  optimizer: { kind: 'adam' },
  schedule: { kind: 'constant', rate: 1e-3 },
})

async function trainAll(task: TrainingTask, changes: Partial<Training> = {}) {
  const saved = new Map<string, Checkpoint>()
  const previews = new Map<number, Float32Array>()
  const written: string[] = []
  const training: Training = {
    run: '1',
    kernelsName: 'TensorFlow',
    task,
    recipe,
    seed: 5,
    start: null,
    metadata: {},
    notes: [],
    files: {
      async saveCheckpoint(role, epoch, checkpoint) {
        saved.set(role, checkpoint)
        written.push(`${role} ${epoch}`)
        return { path: role, sha256: '' }
      },
      async saveState(epoch, step) {
        written.push(`state ${epoch} ${step}`)
        return { path: `state ${epoch} ${step}`, sha256: '' }
      },
      async savePreview(epoch, image) {
        previews.set(epoch, image)
        return { path: `previews/${epoch}` }
      },
    },
    pause: async () => {},
    compute: { ...compute(), makeStepper: eagerStepper },
    ...changes,
  }
  const events: TrainingEvent[] = []
  const steps = train(training)
  for (;;) {
    const { value, done } = await steps.next()
    if (done) return { summary: value, events, saved, previews, written }
    events.push(value)
  }
}

/** A pause that cancels the training when it is called for the `count`-th time, counted from 0. */
function pauseUntil(count: number): Training['pause'] {
  let pauses = 0
  return async () => throwIfCancelled({ aborted: pauses++ === count })
}

const losses = (events: readonly TrainingEvent[]) =>
  events.flatMap(event => (event.type === 'step' ? [event.loss] : []))
function correlation(a: Float32Array, b: Float32Array): number {
  const mean = (values: Float32Array) => values.reduce((sum, value) => sum + value, 0) / values.length
  const [meanA, meanB] = [mean(a), mean(b)]
  const product = (x: Float32Array, y: Float32Array, mx: number, my: number) =>
    x.reduce((sum, value, i) => sum + (value - mx) * (y[i] - my), 0)
  return product(a, b, meanA, meanB) / Math.sqrt(product(a, a, meanA, meanA) * product(b, b, meanB, meanB))
}

/** A replayed graph and eager operations may differ in the last bits. */
function expectNear(actual: Float32Array, expected: Float32Array): void {
  const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
  const worst = actual.reduce((most, value, i) => Math.max(most, Math.abs(value - expected[i])), 0)
  expect(actual.length).toBe(expected.length)
  expect(worst).toBeLessThanOrEqual(1e-5 * largest)
}

const weights = (checkpoint: Checkpoint) => [...checkpoint.tensors.values()].flatMap(({ data }) => Array.from(data))

describe.each(cases)('%s', (_, { network: networkId, make }) => {
  it('has a finite loss, and a finite gradient that is not zero for every tensor', async () => {
    const task = make()
    const specs = [...task.network, ...task.head]
    const batch = tensorsOf(await task.prepare(0, 0))
    const start = tf.tensor1d(initialParameters(specs, 5))
    const held = unpack(start, specs)
    const buffers = Object.fromEntries(specs.flatMap(({ name, buffer }) => (buffer ? [[name, held[name]]] : [])))
    const { value, grad } = tf.valueAndGrad(flat =>
      task.loss({ ...unpack(flat as tf.Tensor1D, specs), ...buffers }, batch, { set() {} }),
    )(start)
    expect(Number.isFinite(value.dataSync()[0])).toBe(true)
    // Parts are read by name, so their order does not change the loss.
    const shuffled = Object.fromEntries(Object.entries(batch).toReversed())
    expect(task.loss({ ...held, ...buffers }, shuffled, { set() {} }).dataSync()).toEqual(value.dataSync())
    expectLiveGradients(unpack(grad as tf.Tensor1D, specs), specs)
  })

  it('gives the same losses and weights for the same seed, and others for another', async () => {
    const [first, second] = [await trainAll(make()), await trainAll(make())]
    expect(losses(first.events)).toEqual(losses(second.events))
    expect(weights(first.saved.get('last')!)).toEqual(weights(second.saved.get('last')!))
    expect(losses((await trainAll(make(), { seed: 6 })).events)).not.toEqual(losses(first.events))
  })

  it('leaves no tensor behind, finished or cancelled', async () => {
    await trainAll(make()) // The first training makes constants that the kernels keep.
    const before = tf.memory().numTensors
    await trainAll(make())
    expect(tf.memory().numTensors).toBe(before)
    for (const pauses of [0, 1, 6, 9]) {
      const cancelled = trainAll(make(), { recipe: { ...recipe, epochs: 9 }, pause: pauseUntil(pauses) })
      await expect(cancelled).rejects.toMatchObject({ code: 'CANCELLED' })
      expect(tf.memory().numTensors, `cancelled at pause ${pauses}`).toBe(before)
    }
  })

  it('writes the network under its own names, and the head apart', async () => {
    const task = make()
    const { saved } = await trainAll(task)
    expect([...saved.get('last')!.tensors.keys()]).toEqual(task.network.map(spec => spec.name))
    expect(saved.has('head')).toBe(task.head.length > 0)
  })

  it('previews its middle validation slice after each validation', async () => {
    const task = make()
    const { events, previews, saved } = await trainAll(task)
    const validated = [1, 2].filter(epoch => epoch === recipe.epochs || epoch % task.validateEvery === 0)
    const told = events.flatMap(event => (event.type === 'preview' ? [event] : []))
    expect(told.map(({ epoch }) => epoch)).toEqual(validated)
    expect(told[0]).toMatchObject({ shape: [40, 36], file: 'c.h5', slice: 1, path: `previews/${validated[0]}` })
    const specs = [...task.network, ...task.head]
    const kept = fromTorch(new Map([...saved.get('last')!.tensors, ...(saved.get('head')?.tensors ?? [])]), specs, '')
    const parameters = tf.tensor1d(kept)
    const last = (await task.preview(parameters))!
    expectNear(previews.get(recipe.epochs)!, last.image)
    expect(previews.get(recipe.epochs)).not.toEqual(previews.get(1) ?? new Float32Array(0))
    const volume = noiseVolume('c')
    const network = networkOf(networkId)
    const model = { network, config: network.config.parse(SMALL_NETWORK), specs, parameters }
    const reconstructed = await reconstructSlice(
      volume,
      1,
      keptPattern(mask, [40, 36], 'c.h5'),
      model,
      makeEagerImaging(compute()),
    )
    if (last.units === 'signal') expectNear(last.image, reconstructed)
    else expect(correlation(last.image, reconstructed)).toBeCloseTo(1, 6) // The units differ.
    expect(last.units).toBe(task.keepBest ? 'signal' : 'arbitrary')
  })

  it('keeps the weights of the last step if it is cancelled, with the number of the epoch', async () => {
    const task = make()
    const perEpoch = task.batchesPerEpoch
    for (const [pauses, epoch] of [
      [1, 1],
      [perEpoch, 1], // during the validation
    ]) {
      const written: string[] = []
      const files: Training['files'] = {
        async saveCheckpoint(role, epoch) {
          written.push(`${role} ${epoch}`)
          return { path: '', sha256: '' }
        },
        saveState: async () => ({ path: '', sha256: '' }),
        savePreview: async () => ({ path: '' }),
      }
      await expect(trainAll(make(), { files, pause: pauseUntil(pauses) })).rejects.toMatchObject({ code: 'CANCELLED' })
      expect(written.at(-1)).toBe(`last ${epoch}`)
    }
  })
})

describe.each(Object.keys(METHODS))('%s', id => {
  const method = methodOf(id)

  it('reports every figure that it declares, and no other', async () => {
    const network = networkOf('unet')
    const networkConfig = network.config.parse({ channels: 2, pools: 2 })
    const methodConfig = method.config.parse(SMALL[id] ?? {})
    const data = { train: patients('a', 'b'), validation: patients('c'), slices, mask }
    const settings = { network, networkConfig, method, methodConfig, pretext: Pretext.parse({ keep: 0.5 }) }
    const task = pretextTask({ ...data, ...settings, seed: 5, batch: 2, epochs: 1 }, compute())
    const parameters = tf.tensor1d(initialParameters([...task.network, ...task.head], 5))
    const { extra } = (await task.validate(parameters, async () => {}))!
    parameters.dispose()
    const { [HELD_OUT_CHANCE]: _, ...reported } = extra
    const declared = [...method.figures.map(figure => figure.id), ...referenceKeys(method.figures)]
    expect(Object.keys(reported).toSorted()).toEqual(declared.toSorted())
  })

  it('warns of a collapsed figure only, with its remedy', () => {
    for (const { id: figure, most, collapse } of method.figures.filter(({ collapse }) => collapse)) {
      const values = { ...(typeof most === 'string' && { [most]: 100 }) }
      const limit = collapse!.below * (typeof most === 'string' ? 100 : most!)
      const warnings = (value: number) =>
        advise({ judgement: 1, loss: null, chance: null, figures: { ...values, [figure]: value } }, method.figures)
      expect(warnings(limit)).toEqual([])
      expect(warnings(limit / 2)).toMatchObject([
        { level: 'warning', code: `collapsed-${figure}`, text: expect.stringContaining(collapse!.remedy) },
      ])
    }
  })
})

describe('a training', () => {
  const [, { make: supervised }] = cases[0]

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
    const [a, b] = [await one.prepare(1, 2), await two.prepare(1, 2)]
    expect(a.image.data).toEqual(b.image.data)
    expect((await one.prepare(2, 2)).image.data).not.toEqual(a.image.data)
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

  it('validates chosen slices with the maximum of the whole volume, as an evaluation does', async () => {
    const volume = noiseVolume('c', { slices: 4 })
    const maxima = Array.from({ length: 4 }, (_, index) => Math.max(...volume.readTarget(index)!))
    const dimmest = maxima.indexOf(Math.min(...maxima))
    const network = networkOf('unet')
    const networkConfig = network.config.parse({ channels: 2, pools: 2 })
    const specs = network.parameters(networkConfig)
    for (const chosen of [
      { kind: 'range', from: dimmest, to: dimmest },
      { kind: 'every', n: 3 },
      { kind: 'middle' },
      { kind: 'all' },
    ] as const) {
      const shared = { network, networkConfig, mask, slices: chosen, seed: 5, batch: 1 }
      const train = [sourceOf(noiseVolume('a', { slices: 4 }))]
      const task = supervisedTask({ ...shared, train, validation: [sourceOf(volume)] }, compute())
      const { events, saved } = await trainAll(task, { recipe: { ...recipe, epochs: 1 } })
      const told = events.find(event => event.type === 'epoch')!.figures.validation!

      const parameters = tf.tensor1d(fromTorch(saved.get('best')!.tensors, specs, 'best'))
      const model = { network, config: networkConfig, specs, parameters }
      const settings = { mask, maskDraws: null, slices: chosen, reference: 'ground truth' } as const
      const { ssim, psnr, nmse } = await evaluateVolume(volume, model, settings, compute(), async () => {})
      expect({ ssim, psnr, nmse }).toEqual(told)

      // PSNR from its definition.
      const indices = selectSlices(chosen, 4)
      const columns = keptPattern(mask, [volume.info.rows, volume.info.columns], volume.info.file)
      let [squares, pixels] = [0, 0]
      for (const index of indices) {
        const truth = volume.readTarget(index)!
        const image = await reconstructSlice(volume, index, columns, model, makeEagerImaging(compute()))
        for (const [i, value] of image.entries()) squares += (value - truth[i]) ** 2
        pixels += image.length
      }
      const range = Math.max(...maxima)
      expect(psnr).toBeCloseTo(10 * Math.log10(range ** 2 / (squares / pixels)), 4)
      parameters.dispose()
    }
  })

  it('writes the last weights after the first epoch, at the end, and between when writing is cheap', async () => {
    const epochs = { ...recipe, epochs: 4 }
    let clock = 0
    const now = vi.spyOn(performance, 'now').mockImplementation(() => clock)
    const task = supervised()
    const timed = () => ({
      ...task,
      prepare(epoch: number, index: number) {
        clock += 10
        return task.prepare(epoch, index)
      },
    })
    const { written } = await trainAll(timed(), { recipe: epochs })
    expect(new Set(written).size).toBe(written.length) // No file is written twice.
    expect(written.filter(each => each.startsWith('last'))).toEqual(['last 1', 'last 2', 'last 3', 'last 4'])
    const slow: string[] = []
    await trainAll(timed(), {
      recipe: epochs,
      files: {
        async saveCheckpoint(role, epoch) {
          slow.push(`${role} ${epoch}`)
          clock += 200
          return { path: '', sha256: '' }
        },
        saveState: async () => ({ path: '', sha256: '' }),
        savePreview: async () => ({ path: '' }),
      },
    })
    expect(slow.filter(each => each.startsWith('last'))).toEqual(['last 1', 'last 4'])
    now.mockRestore()
  })

  it('previews nothing without a validation volume', async () => {
    const network = networkOf('unet')
    const task = supervisedTask(
      {
        network,
        networkConfig: network.config.parse(SMALL_NETWORK),
        train: patients('a'),
        validation: [],
        slices,
        mask,
        batch: 1,
        seed: 0,
      },
      compute(),
    )
    const { events } = await trainAll(task)
    expect(events.filter(({ type }) => type === 'preview')).toEqual([])
  })

  it('validates on more volumes than are open at once', async () => {
    const network = networkOf('unet')
    let open = 0
    const sources = Array.from({ length: 5 }, (_, i) => noiseVolume(String(i)))
    const task = supervisedTask(
      {
        network,
        networkConfig: network.config.parse(SMALL_NETWORK),
        train: patients('a'),
        // Opening a volume closes the volume before.
        validation: sources.map((volume, i) => ({
          info: volume.info,
          async open() {
            open = i
            return {
              ...volume,
              withKspace(index, use) {
                if (open !== i) throw new Error(`volume ${i} has been closed`)
                return volume.withKspace(index, use)
              },
            }
          },
        })),
        slices,
        mask,
        batch: 1,
        seed: 0,
      },
      compute(),
    )
    expect((await trainAll(task)).summary.validationLoss).toBeGreaterThan(0)
  })

  it.each(Object.keys(METHODS))(
    'with %s reports its own loss without the reconstruction term, beside the chance level',
    async id => {
      const network = networkOf('unet')
      const networkConfig = network.config.parse({ channels: 2, pools: 2 })
      const method = methodOf(id)
      const methodConfig = method.config.parse(SMALL[id] ?? {})
      const shared = {
        network,
        networkConfig,
        train: patients('a', 'b'),
        validation: patients('c'),
        slices,
        mask,
        seed: 5,
      }
      const outcome = async (reconstruction: number, makeStepper: MakeStepper) => {
        const pretext = Pretext.parse({ keep: 0.5, reconstruction, apart: false })
        // With one step per epoch, the loss is that of the initial weights, so the term has changed nothing yet.
        const batch = (method.instances?.(methodConfig) ?? 1) * 4
        const task = pretextTask({ ...shared, method, methodConfig, pretext, batch, epochs: 1 }, compute())
        const { events, summary } = await trainAll(task, {
          recipe: { ...recipe, epochs: 1 },
          compute: { ...compute(), makeStepper },
        })
        const { loss, extra } = events.find(event => event.type === 'epoch')!.figures
        return { loss, extra, summary, chance: method.chanceLoss(methodConfig, { batch, samples: batch }) }
      }
      // Graph steps are compared with eager steps elsewhere, so eager steps are tested here for one method only.
      for (const makeStepper of id === 'simclr' ? [eagerStepper, graphStepper] : [graphStepper]) {
        const [plain, both] = [await outcome(0, makeStepper), await outcome(5, makeStepper)]
        expect(plain.extra.ownLoss).toBeUndefined()
        expect(both.extra.ownLoss).toBeCloseTo(plain.loss, 5)
        expect(both.loss).toBeGreaterThan(both.extra.ownLoss)
        for (const { summary, chance, extra } of [plain, both]) {
          expect(summary.chanceLoss).toBe(chance)
          if (chance === null) expect(summary.ownLoss).toBeUndefined()
          else expect(summary.ownLoss).toBeCloseTo(plain.loss, 5)
          // The two held-out slices form a batch of two, so their chance level differs from the training's.
          if (id === 'simclr') expect([chance, extra.heldOutChance]).toEqual([Math.log(7), Math.log(3)])
          if (id === 'rotnet') expect([chance, extra.heldOutChance]).toEqual([Math.log(4), Math.log(4)])
        }
      }
    },
  )

  it('stops at a loss of NaN and names the step, and keeps the files written before', async () => {
    const task = supervised()
    const poisoned: TrainingTask = {
      ...task,
      loss: (...given) => tf.mul(task.loss(...given), Number.NaN),
    }
    await expect(trainAll(poisoned)).rejects.toMatchObject({
      code: 'NOT_FINITE',
      message: expect.stringContaining('epoch 1, step 1 of 4'),
    })
  })

  it('never masks k-space again that the file has sub-sampled', async () => {
    const own = keptPattern(mask, [40, 36], 'scanner.h5')
    const scanned = sourceOf(noiseVolume('a', { mask: own }))
    const network = networkOf('unet')
    const task = supervisedTask(
      {
        network,
        networkConfig: network.config.parse(SMALL_NETWORK),
        train: [scanned],
        validation: [],
        slices,
        mask,
        batch: 2,
        seed: 0,
      },
      compute(),
    )
    const inputs = async (epoch: number) => (await task.prepare(epoch, 0)).image.data.toSorted()
    expect(await inputs(0)).toEqual(await inputs(1))
  })
})

describe('a study of several matrices and numbers of coils', () => {
  /** ESPIRiT's maps need more than six columns at the centre. */
  const mask = { kind: 'random', acceleration: 2, centerFraction: 0.34 } as const
  const mixed = () => [
    sourceOf(noiseVolume('a', { slices: 5, coils: 3, rows: 32, columns: 24 })),
    sourceOf(noiseVolume('b', { slices: 3, coils: 5, rows: 36, columns: 28 })),
  ]
  const held = () => [
    sourceOf(noiseVolume('c', { coils: 2, rows: 36, columns: 28 })),
    sourceOf(noiseVolume('d', { coils: 4, rows: 32, columns: 24 })),
  ]
  const shared = () => ({ train: mixed(), validation: held(), slices, mask, seed: 5, batch: 2 })
  const supervised = (networkId: string) => () => {
    const network = networkOf(networkId)
    const networkConfig = network.config.parse({ ...SMALL_NETWORK, ...(networkId === 'unet' && { pools: 2 }) })
    return supervisedTask({ ...shared(), network, networkConfig }, compute())
  }
  const pretraining = (id: string) => () => {
    const network = networkOf('unet')
    const networkConfig = network.config.parse({ channels: 2, pools: 2 })
    const method = methodOf(id)
    const methodConfig = method.config.parse(SMALL[id] ?? {})
    const pretext = Pretext.parse({ keep: 0.5, reconstruction: id === 'simclr' ? 1 : 0 })
    const job = { ...shared(), network, networkConfig, method, methodConfig, pretext, epochs: 1 }
    return pretextTask(job, compute())
  }
  const tasks = [
    ...Object.keys(NETWORKS).map((id): [string, () => TrainingTask] => [id, supervised(id)]),
    ...Object.keys(METHODS).map((id): [string, () => TrainingTask] => [id, pretraining(id)]),
  ]

  it.each(tasks)('trains and validates, with a finite loss and a gradient in every batch: %s', async (_, make) => {
    const task = make()
    const specs = [...task.network, ...task.head]
    const start = tf.tensor1d(initialParameters(specs, 5))
    const values = unpack(start, specs)
    const buffers = Object.fromEntries(specs.flatMap(({ name, buffer }) => (buffer ? [[name, values[name]]] : [])))
    const places = Array.from({ length: task.batchesPerEpoch }, (_, index) => task.contents(0, index))
    for (const index of places.keys()) {
      const batch = tensorsOf(await task.prepare(0, index))
      const { value, grad } = tf.valueAndGrad(flat =>
        task.loss({ ...unpack(flat as tf.Tensor1D, specs), ...buffers }, batch, { set() {} }),
      )(start)
      const gradient = grad.dataSync()
      expect(Number.isFinite(value.dataSync()[0])).toBe(true)
      expect(gradient.every(Number.isFinite)).toBe(true)
      expect(gradient.some(each => each !== 0)).toBe(true)
      tf.dispose([...Object.values(batch), value, grad])
    }
    expect(new Set(places.flat()).size).toBe(places.flat().length)
    const { events, summary } = await trainAll(task, { recipe: { ...recipe, epochs: 1, batch: 2 } })
    expect(losses(events)).toHaveLength(task.batchesPerEpoch)
    expect(losses(events).every(Number.isFinite)).toBe(true)
    expect(summary.validationLoss === null || Number.isFinite(summary.validationLoss)).toBe(true)
    const preview = events.find(event => event.type === 'preview')!
    expect(preview).toMatchObject({ file: 'c.h5', shape: [36, 28] })
  })

  it('puts slices of one shape in a supervised batch, and every slice in an epoch', async () => {
    const task = supervised('unet')()
    const contents = Array.from({ length: task.batchesPerEpoch }, (_, index) => task.contents(0, index))
    expect(contents.map(({ length }) => length).toSorted()).toEqual([1, 1, 2, 2, 2])
    expect(contents.flat().toSorted()).toEqual([
      ...Array.from({ length: 5 }, (_, i) => `a.h5 slice ${i + 1}`),
      ...Array.from({ length: 3 }, (_, i) => `b.h5 slice ${i + 1}`),
    ])
    for (const [index, names] of contents.entries()) {
      const { image, target } = await task.prepare(0, index)
      const shape = names[0].startsWith('a') ? [32, 24] : [36, 28]
      expect([image.shape, target.shape]).toEqual(Array(2).fill([names.length, ...shape, 1]))
    }
  })

  it('mixes matrices in a batch of views, which have one size', () => {
    const task = pretraining('simclr')()
    const contents = Array.from({ length: task.batchesPerEpoch }, (_, index) => task.contents(0, index))
    expect(contents.every(({ length }) => length === 2)).toBe(true)
    expect(contents.some(names => new Set(names.map(name => name[0])).size === 2)).toBe(true)
  })

  it('has equal losses by recorded graphs, which have other sizes of batches too', async () => {
    const graph = { ...compute(), makeStepper: graphStepper }
    const [eager, recorded] = [
      await trainAll(supervised('unet')()),
      await trainAll(supervised('unet')(), { compute: graph }),
    ]
    expect(losses(recorded.events)).toHaveLength(10)
    expectNear(Float32Array.from(losses(recorded.events)), Float32Array.from(losses(eager.events)))
  })

  it('is scored as each volume alone, and its training’s validation is the mean', async () => {
    const task = supervised('unet')()
    const { events, saved } = await trainAll(task, { recipe: { ...recipe, epochs: 1 } })
    const network = networkOf('unet')
    const config = network.config.parse({ channels: 2, pools: 2 })
    const parameters = tf.tensor1d(fromTorch(saved.get('best')!.tensors, task.network, 'best'))
    const model = { network, config, specs: task.network, parameters }
    const settings = { mask, maskDraws: null, slices, reference: 'ground truth' } as const
    const scores = []
    for (const source of held())
      scores.push(await evaluateVolume(await source.open(), model, settings, compute(), async () => {}))
    const told = events.find(event => event.type === 'epoch')!.figures.validation!
    expect(told.ssim).toBeCloseTo((scores[0].ssim + scores[1].ssim) / 2, 10)
    parameters.dispose()
  })
})
