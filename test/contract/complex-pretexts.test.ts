/** Every method on a network of complex images, alone and inside a VarNet. */

import * as tf from '@tensorflow/tfjs-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { Pretext, Recipe } from '../../src/contract/recipes.ts'
import type { EpochFigures } from '../../src/contract/runs.ts'
import { makeImaging } from '../../src/core/imaging.ts'
import { INPUTS } from '../../src/core/inputs/index.ts'
import { networkOf } from '../../src/core/models/index.ts'
import { initialParameters, toTorch, unpack } from '../../src/core/models/parameters.ts'
import { tensorsOf } from '../../src/core/models/parts.ts'
import { trainedNetwork } from '../../src/core/models/trained.ts'
import { varnet } from '../../src/core/models/varnet.ts'
import { METHODS, methodOf } from '../../src/core/ssl/index.ts'
import { pretextTask } from '../../src/core/ssl/pretext.ts'
import { measurementMask } from '../../src/core/ssl/view-masks.ts'
import { startingWeights } from '../../src/core/torch/start.ts'
import { trainInMemory } from '../../src/core/training/in-memory.ts'
import { compute, useEngine } from '../engine.ts'
import { expectLiveGradients } from '../gradients.ts'
import { noiseVolume, sourceOf } from '../volumes.ts'

beforeAll(useEngine)

const mask = { kind: 'random', acceleration: 4, centerFraction: 0.2 } as const
const VARNET = { network: 'varnet', networkConfig: { cascades: 2, channels: 2, pools: 2, mapChannels: 2, mapPools: 1 } }

/** Small settings. The bottleneck of 32 pixels has 8 pixels. */
const SMALL: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  simclr: { crop: 32, hidden: 16, attach: 'bottleneck', grid: 2 },
  swav: { large: 32, small: 32, smalls: 1, hidden: 16, embedding: 8, prototypes: 6, frozen: 0, attach: 'bottleneck' },
  pirl: { crop: 32, patch: 32, embedding: 8, negatives: 8, attach: 'bottleneck', grid: 2 },
  rotnet: { crop: 32, attach: 'bottleneck', grid: 2 },
}

interface Settings {
  readonly coils?: number
  readonly pretext?: Partial<Pretext>
  readonly methodConfig?: Readonly<Record<string, unknown>>
}

function taskOf(id: string, { coils = 1, pretext = {}, methodConfig = {} }: Settings = {}) {
  const trained = trainedNetwork({ ...VARNET, kind: 'pretrain' })
  const network = networkOf(trained.network)
  const method = methodOf(id)
  const patients = (...names: string[]) => names.map(name => sourceOf(noiseVolume(name, { coils, columns: 40 })))
  return pretextTask(
    {
      network,
      networkConfig: network.config.parse(trained.networkConfig),
      ...{ train: patients('a', 'b'), validation: patients('c'), slices: { kind: 'all' }, mask, seed: 5 },
      ...{ method, methodConfig: method.config.parse({ ...SMALL[id], ...methodConfig }), batch: 2, epochs: 2 },
      pretext: Pretext.parse({ keep: 0.5, ...pretext }),
    },
    compute(),
  )
}

const recipe = Recipe.parse({
  epochs: 2,
  batch: 2,
  optimizer: { kind: 'adam' },
  schedule: { kind: 'constant', rate: 1e-3 },
})

const trained = async (id: string, seed: number) => {
  const epochs: EpochFigures[] = []
  const weights = await trainInMemory({ task: taskOf(id), recipe, seed, compute: compute() }, figures =>
    epochs.push(figures),
  )
  return { weights, epochs }
}

describe.each(Object.keys(METHODS))('%s on complex images', id => {
  it.each([
    { coils: 1, measurement: 'fixed' },
    { coils: 3, measurement: 'fresh' },
  ] as const)('has a finite loss and gradients: $coils coils, $measurement measurement', async given => {
    const { coils, measurement } = given
    const task = taskOf(id, { coils, pretext: { measurement, reconstruction: 1 } })
    const specs = [...task.network, ...task.head]
    const plain = await task.prepare(0, 0)
    const images = Object.values(plain).filter(({ shape }) => shape.length > 3)
    expect(images.length).toBeGreaterThan(0)
    for (const { shape } of images) expect(shape.at(-1)).toBe(2)
    const batch = tensorsOf(plain)
    const start = tf.tensor1d(initialParameters(specs, 5))
    const held = unpack(start, specs)
    const buffers = Object.fromEntries(specs.flatMap(({ name, buffer }) => (buffer ? [[name, held[name]]] : [])))
    const { value, grad } = tf.valueAndGrad(flat =>
      task.loss({ ...unpack(flat as tf.Tensor1D, specs), ...buffers }, batch, { set() {} }),
    )(start)
    expect(Number.isFinite(value.dataSync()[0])).toBe(true)
    expectLiveGradients(unpack(grad as tf.Tensor1D, specs), specs)
  })

  it('gives the same weights for the same seed, others for another, and leaves no tensor behind', async () => {
    const first = await trained(id, 5)
    const before = tf.memory().numTensors
    const again = await trained(id, 5)
    expect(tf.memory().numTensors).toBe(before)
    expect(again.weights).toEqual(first.weights)
    expect(again.epochs.map(({ loss }) => loss)).toEqual(first.epochs.map(({ loss }) => loss))
    expect((await trained(id, 6)).weights).not.toEqual(first.weights)
  })

  it('scales views: their largest magnitude is 1, of inputs to reconstruct the root mean square', async () => {
    const [sample] = await taskOf(id).views(0, 0, 1)
    const images = sample.parts.filter(({ shape }) => shape.at(-1) === 2 && shape.length > 2)
    expect(images.length).toBeGreaterThan(0)
    for (const { data, name } of images.filter(({ name }) => name !== 'all measured lines')) {
      const magnitudes = Array.from({ length: data.length / 2 }, (_, i) => Math.hypot(data[2 * i], data[2 * i + 1]))
      if (name === 'sub-sampled again')
        expect(magnitudes.reduce((sum, value) => sum + value ** 2, 0) / magnitudes.length).toBeCloseTo(1, 5)
      else if (name === 'jigsaw patches') expect(Math.max(...magnitudes)).toBeLessThanOrEqual(1.00001)
      else expect(Math.max(...magnitudes)).toBeCloseTo(1, 5)
    }
  })
})

it.each([1, 3])('learns the complex image that a training takes: %i coils', async coils => {
  const { target } = await taskOf('subsample-again', { coils }).prepare(0, 0)
  const imaging = makeImaging(compute())
  const volumes = ['a', 'b'].map(name => noiseVolume(name, { coils, columns: 40 }))
  const inputs = volumes.flatMap(volume =>
    [0, 1].map(slice => {
      const { parts } = INPUTS.complex.prepare(volume, slice, measurementMask(volume, slice, mask), [], imaging)
      return parts.image.data
    }),
  )
  /** The cosine of the angle between two vectors. */
  const likeness = (a: Float32Array, b: Float32Array) => {
    const product = (x: Float32Array, y: Float32Array) => x.reduce((sum, value, i) => sum + value * y[i], 0)
    return product(a, b) / Math.sqrt(product(a, a) * product(b, b))
  }
  const first = target.data.subarray(0, target.data.length / 2)
  expect(Math.max(...inputs.map(input => likeness(first, input)))).toBeCloseTo(1, 5)
})

describe('weights of a pre-training in a VarNet', () => {
  const config = varnet.config.parse(VARNET.networkConfig)
  const specs = varnet.parameters(config)
  const inner = networkOf('complex-unet').parameters(networkOf('complex-unet').config.parse({ channels: 2, pools: 2 }))
  const given = toTorch(initialParameters(inner, 3), inner)
  const weights = { tensors: given, metadata: {}, remarks: [] }

  it('are copied into every cascade, and the map network and η start fresh', () => {
    const start = toTorch(startingWeights(weights, VARNET, 8, 'a.safetensors'), specs)
    const fresh = toTorch(initialParameters(specs, 8), specs)
    for (const [name, { data }] of start) {
      const [, of] = /^cascades\.\d+\.model\.(unet\..*)$/.exec(name) ?? []
      expect(data, name).toEqual((of === undefined ? fresh.get(name) : given.get(of))!.data)
    }
  })

  it('may be weights of the VarNet itself', () => {
    const own = initialParameters(specs, 4)
    const tensors = toTorch(own, specs)
    expect(startingWeights({ ...weights, tensors }, VARNET, 8, 'a.safetensors')).toEqual(own)
  })

  it('are refused if they are of another size', () => {
    const wide = { ...VARNET, networkConfig: { ...VARNET.networkConfig, channels: 4 } }
    expect(() => startingWeights(weights, wide, 8, 'a.safetensors')).toThrow(
      /Expected unet\..* of 4 × 2 × 3 × 3, got 2 × 2 × 3 × 3, in a.safetensors/,
    )
  })
})
