import { readFileSync } from 'node:fs'
import * as tf from '@tensorflow/tfjs-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { OptimizerConfig } from '../../../../src/contract/recipes.ts'
import { makePlainKernels } from '../../../../src/core/kernels.ts'
import { complexUnet } from '../../../../src/core/models/complex-unet.ts'
import { centreCrop } from '../../../../src/core/models/model.ts'
import type { Input } from '../../../../src/core/models/network.ts'
import { countParameters, initialParameters, toTorch, unpack } from '../../../../src/core/models/parameters.ts'
import { varnet } from '../../../../src/core/models/varnet.ts'
import type { Shape } from '../../../../src/core/mri/transform.ts'
import { makeLoss } from '../../../../src/core/training/losses.ts'
import { makeOptimizer } from '../../../../src/core/training/optimizers.ts'
import { makeStep } from '../../../../src/core/training/step.ts'
import { eagerStepper, startingState } from '../../../../src/core/training/stepper.ts'
import { kernels, useEngine } from '../../../engine.ts'
import { expectClose, golden } from '../../../golden.ts'
import { expectGradients, goldenTensor, goldenWeights, noise } from '../../../physics.ts'

beforeAll(useEngine)

const data = (x: tf.Tensor) => x.dataSync() as Float32Array
const vectors = golden('varnet')
const parse = (settings: object = {}) =>
  varnet.config.parse({ cascades: 2, channels: 3, pools: 2, mapChannels: 2, mapPools: 2, ...settings })
const config = parse()
const specs = varnet.parameters(config)
const loss = makeLoss({ ssim: 1 }).ofTensors

/** The centre columns as fastMRI finds them: `low` of them, or as many as the mask has around the middle. */
function centreOf(mask: readonly number[], low?: number): number[] {
  const middle = Math.floor(mask.length / 2)
  const run = (from: number, step: number) => {
    let length = 0
    while (mask[from + step * length] === 1) length++
    return length
  }
  const count = low ?? Math.max(2 * Math.min(run(middle - 1, -1), run(middle, 1)), 1)
  const start = Math.floor((mask.length - count + 1) / 2)
  return mask.map((_, i) => (i >= start && i < start + count ? 1 : 0))
}

function inputOf(name: string): Input {
  const { num_low_frequencies: low } = vectors.params[name] as { num_low_frequencies: number | string }
  const { shape, data: mask } = vectors.array(`${name}.mask`)
  const [batch, columns] = shape
  const rows = Array.from({ length: batch }, (_, i) => Array.from(mask.slice(i * columns, (i + 1) * columns)))
  const tensor = (values: number[][]) => tf.tensor4d(values.flat(), [batch, 1, columns, 1])
  return {
    kspace: goldenTensor(vectors, `${name}.kspace`),
    mask: tensor(rows),
    centre: tensor(rows.map(row => centreOf(row, typeof low === 'number' ? low : undefined))),
  }
}

function truthOf(name: string) {
  const [batch, height, width] = vectors.array(`${name}.target`).shape
  return {
    crop: [height, width] as Shape,
    target: goldenTensor(vectors, `${name}.target`, [batch, height, width, 1]) as tf.Tensor4D,
    range: goldenTensor(vectors, `${name}.data_range`) as tf.Tensor1D,
  }
}

const weights = () => goldenWeights(vectors, specs)

/**
 * In the gradients of `odd`, a value lies so near the corner of a leaky rectifier that kernels which round differently
 * may fall on its other side. So these gradients are compared with the plain kernels.
 */
const kernelsFor = (name: string) => (name === 'odd' ? { ...makePlainKernels(), update: kernels().update } : kernels())

describe.each(['even', 'odd', 'batch', 'single'])('VarNet, %s', name => {
  it('gives fastMRI’s maps, k-space and image', () => {
    const given: [string, tf.Tensor][] = []
    const [output] = varnet.outputs(kernels(), config, unpack(tf.tensor1d(weights()), specs), inputOf(name), {
      give: (...each) => void given.push(each),
    })
    const named = (what: string) => given.filter(([label]) => label === what).map(([, value]) => value)
    expect(new Set(given.map(([what]) => what))).toEqual(new Set(varnet.gives!(config)))
    expectClose(data(named('maps')[0]), vectors.array(`${name}.sens`).data, 1e-4)
    expectClose(data(named('k-space')[0]), vectors.array(`${name}.kspace_after_2`).data, 1e-4)
    expectClose(data(output), vectors.array(`${name}.y`).data, 1e-4)
    expect(named('cascade').map(({ shape }) => shape)).toEqual([output.shape, output.shape])
    expectClose(data(named('cascade')[1]), data(output), 1e-6)
    expect(named('complex image')[0].shape).toEqual([...output.shape.slice(0, 3), 2])
    const first = parse({ cascades: 1 })
    const after: tf.Tensor[] = []
    varnet.outputs(kernels(), first, unpack(tf.tensor1d(weights()), specs), inputOf(name), {
      give: (what, value) => void (what === 'k-space' && after.push(value)),
    })
    expectClose(data(after[0]), vectors.array(`${name}.kspace_after_1`).data, 1e-4)
  })

  it.each([false, true])('gives fastMRI’s loss and gradients, cascades recomputed: %s', recompute => {
    const { crop, target, range } = truthOf(name)
    const { value, grad } = tf.valueAndGrad(flat => {
      const parameters = unpack(flat as tf.Tensor1D, specs)
      const [output] = varnet.outputs(kernelsFor(name), { ...config, recompute }, parameters, inputOf(name))
      return loss(centreCrop(output, crop), target, range)
    })(tf.tensor1d(weights()))
    expect(Math.abs(data(value)[0] - vectors.scalar(`${name}.loss`))).toBeLessThan(1e-5)
    expectGradients(vectors, name, data(grad), specs, 5e-3)
  })

  it('follows fastMRI over three steps of Adam', async () => {
    const { crop, ...truth } = truthOf(name)
    const optimizer = makeOptimizer(kernels(), OptimizerConfig.parse({ kind: 'adam' }))
    const step = makeStep(
      specs,
      (parameters, { target, range, ...input }) => {
        const [output] = varnet.outputs(kernels(), config, parameters, input)
        return loss(centreCrop(output, crop), target as tf.Tensor4D, range as tf.Tensor1D)
      },
      optimizer,
    )
    const stepper = eagerStepper(step, startingState(weights(), optimizer))
    const batch = { ...inputOf(name), ...truth }
    const before = tf.memory().numTensors
    for (const [i, expected] of vectors.scalars(`${name}.adam_losses`).entries())
      expect(Math.abs((await stepper.step(batch, optimizer.scalars(1e-3, i + 1))) - expected)).toBeLessThan(1e-4)
    expect(tf.memory().numTensors).toBe(before)
    stepper.dispose()
  })
})

describe('VarNet', () => {
  const kspaceOf = (batch: number, coils: number, height: number, width: number, low = 6): Input => {
    const mask = tf.cast(tf.less(tf.abs(tf.sub(tf.range(0, width), width / 2)), low), 'float32')
    const row = tf.tile(tf.reshape(mask, [1, 1, width, 1]), [batch, 1, 1, 1])
    const kspace = tf.mul(noise([batch, coils, height, width, 2], 1), tf.expandDims(row, 1))
    return { kspace, mask: row, centre: row }
  }
  const run = (settings: object, input: Input, give?: (what: string, value: tf.Tensor) => void) => {
    const config = parse(settings)
    const specs = varnet.parameters(config)
    const parameters = unpack(tf.tensor1d(initialParameters(specs, 1)), specs)
    return varnet.outputs(kernels(), config, parameters, input, { give })[0]
  }

  it('has the parameters of fastMRI’s VarNet with its default settings', () => {
    const file = new URL('../../../fixtures/golden/varnet/default-parameters.json', import.meta.url)
    const { parameters }: { parameters: [string, number[]][] } = JSON.parse(readFileSync(file, 'utf8'))
    const own = varnet.parameters(varnet.config.parse({}))
    expect(new Map(own.map(({ name, shape }) => [name, shape]))).toEqual(new Map(parameters))
    expect(countParameters(own)).toBe(vectors.scalar('parameters_default'))
    const small = parse({ cascades: 5, channels: 8, pools: 3, mapChannels: 4, mapPools: 3 })
    expect(countParameters(varnet.parameters(small))).toBe(vectors.scalar('parameters_small_5x8x3'))
  })

  it('starts from the measured k-space with a zero start', () => {
    const input = kspaceOf(2, 3, 21, 20)
    const given: tf.Tensor[] = []
    run({ zeroStart: true, cascades: 3 }, input, (what, value) => void (what === 'k-space' && given.push(value)))
    expect(data(given[0])).toEqual(data(input.kspace))
  })

  it('keeps measured samples exactly with hard data consistency', () => {
    const input = kspaceOf(1, 2, 18, 20)
    const given: tf.Tensor[] = []
    run({ consistency: 'hard' }, input, (what, value) => void (what === 'k-space' && given.push(value)))
    const mask = tf.expandDims(input.mask, 1)
    expectClose(data(tf.mul(given[0], mask)), data(input.kspace), 0)
    expect(data(given[0])).not.toEqual(data(input.kspace))
  })

  it('takes any number of coils with one set of weights, and each sample by itself', () => {
    const input = kspaceOf(2, 5, 18, 20)
    const output = run({}, input)
    expect(output.shape).toEqual([2, 18, 20, 1])
    expect(run({}, kspaceOf(1, 2, 18, 20)).shape).toEqual([1, 18, 20, 1])
    const second = Object.fromEntries(Object.entries(input).map(([name, part]) => [name, tf.slice(part, 1, 1)]))
    expectClose(data(run({}, second)), data(tf.slice(output, 1, 1)), 1e-5)
  })

  it('needs no map network for one coil, and refuses several coils without one', () => {
    expect(varnet.parameters(parse({ maps: 'none' })).every(({ name }) => name.startsWith('cascades.'))).toBe(true)
    expect(run({ maps: 'none' }, kspaceOf(1, 1, 18, 20)).shape).toEqual([1, 18, 20, 1])
    expect(() => run({ maps: 'none' }, kspaceOf(1, 4, 18, 20))).toThrow(/Expected k-space of one coil, got 4 coils/)
  })

  it.each([
    ['soft', false],
    ['soft', true],
    ['hard', false],
    ['none', false],
  ] as const)(
    'gives no NaN for slices and coils without signal, consistency %s, recomputed %s',
    (consistency, recompute) => {
      const config = parse({ consistency, recompute, pools: 3 })
      const specs = varnet.parameters(config)
      const live = tf.tensor([1, 0, 1, 0, 0, 0], [2, 3, 1, 1, 1]) // the second slice is empty
      const { kspace, ...rest } = kspaceOf(2, 3, 18, 20)
      const input = { kspace: tf.mul(kspace, live), ...rest }
      const target = noise<tf.Tensor4D>([2, 18, 20, 1], 4)
      const { value, grad } = tf.valueAndGrad(flat =>
        loss(
          varnet.outputs(kernels(), config, unpack(flat as tf.Tensor1D, specs), input)[0],
          target,
          tf.tensor1d([1, 1]),
        ),
      )(tf.tensor1d(initialParameters(specs, 1)))
      expect(Number.isFinite(data(value)[0])).toBe(true)
      const buffers = new Set(specs.flatMap(({ name, buffer }) => (buffer ? [name] : [])))
      for (const [name, { data }] of toTorch(grad.dataSync() as Float32Array, specs)) {
        expect(data.every(Number.isFinite), name).toBe(true)
        expect(
          data.some(each => each !== 0),
          name,
        ).toBe(!buffers.has(name))
      }
    },
  )

  it('has the same gradients with cascades that are computed again', () => {
    const input = kspaceOf(2, 3, 20, 20)
    const target = noise<tf.Tensor4D>([2, 20, 20, 1], 4)
    const before = tf.memory().numTensors
    const [kept, again] = [false, true].map(recompute => {
      const gradients = tf.tidy(() => {
        const gradient = tf.grad(flat => {
          const parameters = unpack(flat as tf.Tensor1D, specs)
          const [output] = varnet.outputs(makePlainKernels(), { ...config, recompute }, parameters, input)
          return loss(output, target, tf.tensor1d([1, 1]))
        })(tf.tensor1d(initialParameters(specs, 1)))
        return data(gradient)
      })
      return toTorch(gradients, specs)
    })
    expect(tf.memory().numTensors).toBe(before)
    // Rounding differs, because gradients of the maps are added in another order.
    for (const [name, { data }] of again) expectClose(data, kept.get(name)!.data, 1e-5)
  })

  it('is recognised from names and shapes', () => {
    for (const settings of [
      {},
      { cascades: 5, channels: 4, pools: 3, mapChannels: 3, mapPools: 4 },
      { consistency: 'hard' },
    ]) {
      const config = parse(settings)
      const shapes = new Map(varnet.parameters(config).map(({ name, shape }) => [name, shape]))
      expect({ ...config, ...varnet.sign.settings(shapes) }).toEqual(config)
      expect(shapes.has(varnet.sign.first)).toBe(true)
      expect(complexUnet.sign.settings(shapes)).toBeNull()
    }
    const single = new Map(varnet.parameters(parse({ maps: 'none' })).map(({ name, shape }) => [name, shape]))
    expect(varnet.sign.settings(single)).toMatchObject({ maps: 'none' })
  })

  it('tells the features of all layers, and copies a trunk into every cascade', () => {
    const told: string[] = []
    const parameters = unpack(tf.tensor1d(initialParameters(specs, 1)), specs)
    varnet.outputs(kernels(), { ...config, recompute: true }, parameters, kspaceOf(1, 2, 18, 20), {
      tap: layer => void told.push(layer),
    })
    expect(told).toEqual(varnet.layers(config))
    expect(told).toContain(varnet.bottleneck(config).layer)
    const trunk = varnet.trunk!(config)!
    const copied = complexUnet
      .parameters(complexUnet.config.parse(trunk.config))
      .flatMap(({ name }) => varnet.fromTrunk!(config, name))
    const own = specs.map(({ name }) => name).filter(name => name.includes('.model.'))
    expect(new Set(copied)).toEqual(new Set(own))
  })
})
