import { readFileSync } from 'node:fs'
import * as tf from '@tensorflow/tfjs-core'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Given } from '../../../../src/contract/networks.ts'
import { OptimizerConfig } from '../../../../src/contract/recipes.ts'
import { modl } from '../../../../src/core/models/modl.ts'
import type { Input, Pass } from '../../../../src/core/models/network.ts'
import { fromTorch, initialParameters, toTorch, unpack } from '../../../../src/core/models/parameters.ts'
import { makeOptimizer } from '../../../../src/core/training/optimizers.ts'
import { makeStep } from '../../../../src/core/training/step.ts'
import { startingState } from '../../../../src/core/training/stepper.ts'
import { kernels, useEngine } from '../../../engine.ts'
import { expectClose } from '../../../golden.ts'
import { noise } from '../../../physics.ts'
import { trainAsGraph, trainEagerly } from '../../engine/tensorflow/graph/steps.ts'

beforeAll(useEngine)

interface Numbers {
  readonly shape: number[]
  readonly data: number[]
}
interface Case {
  readonly image: Numbers
  readonly loss: number
  readonly weights: Record<string, Numbers>
  readonly gradients: Record<string, Numbers>
  /** After one pass in training. */
  readonly running: Record<string, Numbers>
  /** The image with these running statistics. */
  readonly evaluated: Numbers
}
const fixture = JSON.parse(readFileSync(new URL('../../../fixtures/modl/deepinv.json', import.meta.url), 'utf8'))

const batched = ({ shape, data }: Numbers) => tf.tensor(data, [1, ...shape])
const given = (): Input => ({
  kspace: batched(fixture.kspace),
  maps: batched(fixture.maps),
  mask: tf.tensor4d(fixture.mask.data, [1, 1, fixture.mask.data.length, 1]),
})
const target = () => tf.expandDims(batched(fixture.target), 3)

type Settings = Parameters<typeof modl.parameters>[0]
const parse = (settings: Partial<Settings>): Settings => modl.config.parse(settings)

/** A pass in training: the loss, its gradients by name, the image, and the buffers. */
function train(config: Settings, flat: Float32Array, input: Input, truth: tf.Tensor) {
  const specs = modl.parameters(config)
  const buffers: Record<string, tf.Tensor> = {}
  const lossOf = (x: tf.Tensor) => {
    const parameters: Record<string, tf.Tensor> = { ...unpack(x as tf.Tensor1D, specs) }
    const set: Pass['set'] = (name, value) => {
      buffers[name] = tf.keep(tf.clone(value))
      parameters[name] = value
    }
    const [image] = modl.outputs(kernels(), config, parameters, input, { set })
    return tf.mean(tf.square(tf.sub(tf.square(image), truth))) as tf.Scalar
  }
  const { value, grad } = tf.valueAndGrad(lossOf)(tf.tensor1d(flat))
  return { loss: value.dataSync()[0], gradients: toTorch(grad.dataSync() as Float32Array, specs), buffers }
}

/** What a pass gives, in order. */
function gives(config: Settings, flat: Float32Array, input: Input) {
  const told: [Given, tf.Tensor][] = []
  const parameters = unpack(tf.tensor1d(flat), modl.parameters(config))
  const [image] = modl.outputs(kernels(), config, parameters, input, { give: (...each) => void told.push(each) })
  return { image, told, named: (what: Given) => told.filter(([name]) => name === what).map(([, value]) => value) }
}

const plain = (numbers: Record<string, Numbers>) =>
  new Map(Object.entries(numbers).map(([name, { shape, data }]) => [name, { shape, data: Float32Array.from(data) }]))

describe('MoDL beside deepinv', () => {
  const { channels, layers, blocks } = fixture.config
  const sizes = { channels, layers, blocks, iterations: 40 }

  it('equals deepinv’s MoDL: image, loss, and the gradients of weights and step sizes', () => {
    const { image, loss, weights, gradients } = fixture.deepinv as Case
    const config = parse({ ...sizes, batchNorm: false, denoiserLast: true, ownMu: true })
    const gammas = Array.from({ length: blocks }, (_, t) => weights[`gamma.${t}`].data[0])
    const mu = { shape: [blocks], data: Float32Array.from(gammas, gamma => 1 / gamma) }
    const flat = fromTorch(plain(weights).set('mu', mu), modl.parameters(config), 'deepinv.json')
    const found = train(config, flat, given(), target())
    expectClose(gives(config, flat, given()).named('complex image')[0].dataSync(), image.data, 2e-6)
    expect(Math.abs(found.loss / loss - 1)).toBeLessThan(1e-6)
    for (const [name, { data }] of found.gradients) if (name !== 'mu') expectClose(data, gradients[name].data, 2e-5)
    const ofMu = found.gradients.get('mu')!.data // γ = 1/μ, so ∂γ = −μ² ∂μ
    const ofGamma = gammas.map((gamma, t) => -ofMu[t] / gamma ** 2)
    expectClose(
      ofGamma,
      gammas.map((_, t) => gradients[`gamma.${t}`].data[0]),
      1e-4,
    )
  })

  it.each([false, true])('equals the published network by deepinv’s parts, recompute: %s', recompute => {
    const { image, loss, weights, gradients, running, evaluated } = fixture.published as Case
    const config = parse({ ...sizes, recompute })
    const specs = modl.parameters(config)
    const fresh = toTorch(initialParameters(specs, 0), specs)
    const flat = fromTorch(new Map([...fresh, ...plain(weights)]), specs, 'deepinv.json')
    const found = train(config, flat, given(), target())
    expect(Math.abs(found.loss / loss - 1)).toBeLessThan(1e-6)
    for (const [name, { data }] of plain(gradients)) expectClose(found.gradients.get(name)!.data, data, 2e-5)
    expect(Object.keys(found.buffers).sort()).toEqual(Object.keys(running).sort())
    for (const [name, { data }] of plain(running)) expectClose(found.buffers[name].dataSync(), data, 1e-5)
    const after = fromTorch(new Map([...fresh, ...plain(weights), ...plain(running)]), specs, 'deepinv.json')
    expectClose(gives(config, after, given()).named('complex image')[0].dataSync(), evaluated.data, 2e-6)
    expect(evaluated.data.some((value, i) => Math.abs(value - image.data[i]) > 0.01)).toBe(true)
  })
})

const KINDS = [
  { name: 'published', settings: {} },
  { name: 'published, recomputed', settings: { recompute: true } },
  { name: 'without batch norm', settings: { batchNorm: false } },
  { name: 'deepinv’s', settings: { batchNorm: false, denoiserLast: true, ownMu: true } },
  { name: 'with a U-Net', settings: { denoiser: 'unet' } },
  { name: 'with a U-Net, zero start, recomputed', settings: { denoiser: 'unet', zeroStart: true, recompute: true } },
] as const
const SMALL = { blocks: 2, iterations: 4, channels: 4, layers: 3, pools: 1 }

/** Two samples of another size than the fixture's. The mask is of points, and one coil is dead. */
function drawn(seed = 1): Input {
  const [height, width] = [15, 18]
  const maps = tf.mul(noise([2, 3, height, width, 2], seed), tf.tensor5d([0.5, 0, 0.5], [1, 3, 1, 1, 1]))
  const mask = tf.cast(tf.greater(noise([2, height, width, 1], seed + 10), 0), 'float32')
  return { kspace: tf.mul(noise([2, 3, height, width, 2], seed + 20), tf.expandDims(mask, 1)), maps, mask }
}
/** Fresh parameters, with a last layer that is not 0. */
function weightsOf(config: Settings) {
  const fresh = initialParameters(modl.parameters({ ...config, zeroStart: false }), 3)
  return fresh.map(value => value || 0.1)
}
const truth = () => tf.abs(noise([2, 15, 18, 1], 5))

describe.each(KINDS)('MoDL, $name', ({ settings }) => {
  const config = parse({ ...SMALL, ...settings })
  const specs = modl.parameters(config)

  it('has a finite gradient other than 0 for every parameter', () => {
    const { gradients } = train(config, weightsOf(config), drawn(), truth())
    for (const { name, buffer } of specs) {
      const { data } = gradients.get(name)!
      expect(data.every(Number.isFinite), name).toBe(true)
      if (!buffer)
        expect(
          data.some(value => value !== 0),
          name,
        ).toBe(true)
    }
  })

  it('gives its k-space, its complex image, the image of each block, and the maps', () => {
    const input = drawn()
    const { image, told, named } = gives(config, weightsOf(config), input)
    expect(new Set(told.map(([what]) => what))).toEqual(new Set(modl.gives!(config)))
    expect(named('cascade').map(({ shape }) => shape)).toEqual([image.shape, image.shape])
    expect([...named('cascade')[1].dataSync()]).toEqual([...image.dataSync()])
    const [complex] = named('complex image') as tf.Tensor4D[]
    expectClose(image.dataSync(), tf.sqrt(tf.sum(tf.square(complex), 3)).dataSync(), 1e-6)
    const coil = tf.slice(named('k-space')[0], [0, 2], [2, 1])
    const [map, single] = [tf.slice(input.maps, [0, 2], [2, 1]), tf.expandDims(complex, 1)]
    const seen = kernels().complexProduct(map, single, false)
    const expected = kernels().fourier(tf.reshape(seen, complex.shape), 'forward')
    expectClose(coil.dataSync(), expected.dataSync(), 1e-5)
    expect(named('maps')).toEqual([input.maps])
  })

  it('gives the features of exactly its layers, in order', () => {
    const layers: string[] = []
    modl.outputs(kernels(), config, unpack(tf.tensor1d(weightsOf(config)), specs), drawn(), {
      tap(layer, { shape }) {
        layers.push(layer)
        if (layer !== modl.bottleneck(config).layer) return
        expect(shape[3]).toBe(modl.bottleneck(config).channels)
      },
    })
    expect(layers).toEqual(modl.layers(config))
    expect(layers).toContain(modl.bottleneck(config).layer)
  })

  it('is recognised by the names and shapes of its tensors', () => {
    const shapes = new Map(specs.map(({ name, shape }) => [name, shape]))
    const { denoiser, channels, layers, pools, batchNorm, ownMu } = config
    expect(shapes.has(modl.sign.first)).toBe(true)
    expect(modl.sign.settings(shapes)).toEqual({
      denoiser,
      channels,
      ...(denoiser === 'cnn' ? { layers, batchNorm } : { pools }),
      ...(ownMu && { ownMu, blocks: config.blocks }),
    })
    expect(modl.sign.settings(new Map([...shapes].filter(([name]) => name !== 'mu')))).toBeNull()
    expect(modl.sign.settings(new Map([['mu', [1]]]))).toBeNull()
  })

  it('gives 0 and finite gradients for a slice of zeros, and no NaN if all coils are dead', () => {
    const input = drawn()
    const silent = { ...input, kspace: tf.zerosLike(input.kspace) }
    const fresh = initialParameters(modl.parameters({ ...config, zeroStart: true }), 3)
    expect(Math.max(...gives({ ...config, zeroStart: true }, fresh, silent).image.dataSync())).toBeLessThan(1e-8)
    for (const each of [silent, { ...input, maps: tf.zerosLike(input.maps) }]) {
      const { loss, gradients } = train(config, weightsOf(config), each, truth())
      expect(loss).toBeGreaterThan(0)
      for (const { data } of gradients.values()) expect(data.every(Number.isFinite)).toBe(true)
    }
  })

  it('is replayed with equal bits, and leaves no tensor behind', async () => {
    const optimizer = makeOptimizer(kernels(), OptimizerConfig.parse({ kind: 'adam' }))
    const step = makeStep(
      specs,
      (parameters, { target, ...input }, pass) => {
        const [image] = modl.outputs(kernels(), config, parameters, input, pass)
        return tf.mean(tf.square(tf.sub(image, target))) as tf.Scalar
      },
      optimizer,
    )
    const start = startingState(weightsOf(config), optimizer)
    const feed = (step: number) => ({
      batch: { ...drawn(step + 1), target: truth() },
      scalars: optimizer.scalars(0.01, step + 1),
    })
    const eager = await trainEagerly(step, start, 3, feed)
    const before = tf.memory().numTensors
    await trainEagerly(step, start, 3, feed)
    expect(tf.memory().numTensors - before).toBe(tensorsOfFeeds(feed, 3))
    const graph = await trainAsGraph(step, start, 3, feed)
    expect(graph.lines).toEqual([])
    expect(graph).toEqual(eager)
  })
})

/** A feed makes tensors beside the batch. They are not the step's. */
function tensorsOfFeeds(feed: (step: number) => { batch: Record<string, tf.Tensor> }, steps: number): number {
  const before = tf.memory().numTensors
  for (let i = 0; i < steps; i++) tf.dispose(feed(i).batch)
  return tf.memory().numTensors - before
}

describe('MoDL', () => {
  it('with a zero start and one step is CG-SENSE towards the zero-filled image', () => {
    const config = parse({ ...SMALL, blocks: 1, batchNorm: false, zeroStart: true, iterations: 60 })
    const { named } = gives(config, initialParameters(modl.parameters(config), 1), given())
    const [x] = named('complex image') as tf.Tensor4D[]
    const { maps, mask } = given() as { maps: tf.Tensor5D; mask: tf.Tensor4D }
    const coils = kernels().fourier(tf.reshape(given().kspace, [3, 12, 10, 2]), 'inverse')
    const zeroFilled = tf.sum(kernels().complexProduct(maps, tf.expandDims(coils, 0), true), 1) as tf.Tensor4D
    const left = tf.add(kernels().normal(x, maps, mask), tf.mul(x, 0.05))
    expectClose(left.dataSync(), tf.mul(zeroFilled, 1.05).dataSync(), 1e-4)
  })

  it('contains the complex U-Net that a pretext trains, in all its denoiser’s weights', () => {
    const config = parse({ ...SMALL, denoiser: 'unet', zeroStart: true })
    expect(modl.trunk!(config)).toEqual({
      network: 'complex-unet',
      config: { channels: 4, pools: 1, zeroStart: true },
    })
    const own = modl.parameters(config).flatMap(({ name }) => (name === 'mu' ? [] : [name]))
    expect(own.map(name => modl.fromTrunk!(config, name.replace('denoiser.', ''))[0])).toEqual(own)
    expect(modl.trunk!(parse(SMALL))).toBeNull()
  })

  it('takes images of any size without a U-Net, and refuses sizes whose bottleneck is one pixel', () => {
    expect(modl.tooSmall(parse({ denoiser: 'unet', pools: 4 }), [16, 16], 1)).toContain('--pools')
    expect(modl.tooSmall(parse({ denoiser: 'unet', pools: 4 }), [17, 16], 1)).toBeNull()
    expect(modl.tooSmall(parse({}), [1, 1], 1)).toContain('batch norm')
    expect(modl.tooSmall(parse({}), [7, 7], 1)).toBeNull()
    expect(modl.tooSmall(parse({ batchNorm: false }), [1, 1], 1)).toBeNull()
  })

  it('keeps μ positive, says why, and starts as the authors do', () => {
    const [mu] = modl.parameters(parse({}))
    expect(mu).toMatchObject({ name: 'mu', initial: 0.05, minimum: { value: 1e-4 } })
    expect(modl.parameters(parse({ ownMu: true }))[0].shape).toEqual([10])
  })
})
