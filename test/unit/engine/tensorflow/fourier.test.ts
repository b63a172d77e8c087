/** The Fourier transform of graphs: our own operation, TensorFlow's, and the definition as products with matrices. */
import * as tf from '@tensorflow/tfjs-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { type Kernels, makePlainKernels } from '../../../../src/core/kernels.ts'
import { makeFourier } from '../../../../src/core/mri/fourier.ts'
import { makeOptimizer } from '../../../../src/core/training/optimizers.ts'
import { makeStep } from '../../../../src/core/training/step.ts'
import { startingState } from '../../../../src/core/training/stepper.ts'
import { fusedKernels, type NativeBackend } from '../../../../src/engine/tensorflow/kernels.ts'
import { kernels, useEngine } from '../../../engine.ts'
import { expectClose } from '../../../golden.ts'
import { trainAsGraph, trainEagerly } from './graph/steps.ts'

beforeAll(useEngine)

type Sizes = [images: number, height: number, width: number]
const SIZES: Sizes[] = [
  [2, 8, 12],
  [1, 31, 20],
  [3, 7, 1],
  [1, 45, 62],
]
const normal = (sizes: Sizes, seed: number) => tf.randomNormal<tf.Rank.R4>([...sizes, 2], 0, 1, 'float32', seed)
const other = { forward: 'inverse', inverse: 'forward' } as const

describe.each([
  ['the engine’s', () => kernels().fourier],
  ['TensorFlow’s', () => fusedKernels(tf.backend() as unknown as NativeBackend).fourier],
  ['the plain', () => makePlainKernels().fourier],
] as const)('%s transform', (_, fourier: () => Kernels['fourier']) => {
  it.each(['forward', 'inverse'] as const)('%s, equals the definition in double precision', direction => {
    for (const sizes of SIZES) {
      const x = normal(sizes, 1)
      const y = fourier()(x, direction)
      expect(y.shape).toEqual(x.shape)
      expectClose(y.dataSync(), makeFourier().images(x.dataSync() as Float32Array, sizes, direction), 2e-6)
    }
  })

  it.each(['forward', 'inverse'] as const)('%s, has its adjoint as gradient', direction => {
    for (const sizes of SIZES) {
      const [x, y] = [normal(sizes, 1), normal(sizes, 2)]
      const score = (x: tf.Tensor) => tf.sum(tf.mul(fourier()(x as tf.Tensor4D, direction), y)) as tf.Scalar
      const { value, grad } = tf.valueAndGrad(score)(x)
      expectClose(grad.dataSync(), fourier()(y, other[direction]).dataSync(), 2e-6)
      const [inner] = tf.sum(tf.mul(x, grad)).dataSync() // ⟨x, Aᴴ y⟩
      expect(inner / value.dataSync()[0]).toBeCloseTo(1, 3) // over ⟨A x, y⟩
      expect(grad.dataSync().every(value => Number.isFinite(value) && value !== 0)).toBe(true)
    }
  })
})

describe.each([
  ['the engine’s', () => kernels().normal],
  ['TensorFlow’s', () => fusedKernels(tf.backend() as unknown as NativeBackend).normal],
  ['the plain', () => makePlainKernels().normal],
] as const)('%s normal operator of coils', (_, normalOf: () => Kernels['normal']) => {
  const random = (shape: number[], seed: number) => tf.randomNormal(shape, 0, 1, 'float32', seed)
  const CASES = [
    { batch: 2, coils: 3, height: 9, width: 14, mask: [1, 14] },
    { batch: 2, coils: 2, height: 12, width: 7, mask: [12, 1] },
    { batch: 1, coils: 4, height: 31, width: 20, mask: [31, 20] },
    { batch: 3, coils: 1, height: 5, width: 6, mask: [1, 1] },
  ]
  /** An image, a weight of the result, maps of which one coil is dead, and masks that differ between the samples. */
  const draw = ({ batch, coils, height, width, mask }: (typeof CASES)[number]) => ({
    x: random([batch, height, width, 2], 1) as tf.Tensor4D,
    y: random([batch, height, width, 2], 2) as tf.Tensor4D,
    maps: tf.mul(
      random([batch, coils, height, width, 2], 3),
      coils === 4 ? tf.tensor5d([1, 0, 1, 1], [1, 4, 1, 1, 1]) : 1,
    ) as tf.Tensor5D,
    mask: tf.cast(tf.greater(random([batch, ...mask, 1], 4), 0), 'float32') as tf.Tensor4D,
  })

  it.each(CASES)('equals the definition in double precision, for a mask of $mask', sizes => {
    const { batch, coils, height, width } = sizes
    const { x, maps, mask } = draw(sizes)
    const found = normalOf()(x, maps, mask)
    expect(found.shape).toEqual(x.shape)
    const whole = tf.mul(mask, tf.ones([batch, height, width, 1]))
    for (let i = 0; i < batch; i++) {
      const [image, map, one, result] = [x, maps, whole, found].map(
        tensor => tf.slice(tensor, i, 1).dataSync() as Float32Array,
      )
      const expected = new Float32Array(image.length)
      makeFourier().normal(image, map, Uint8Array.from(one), [coils, height, width], expected)
      expectClose(result, expected, 3e-6)
    }
  })

  it.each(CASES)('is its own adjoint and its own gradient, for a mask of $mask', sizes => {
    const { x, y, maps, mask } = draw(sizes)
    const [ofX, ofY] = [x, y].map(each => normalOf()(each, maps, mask))
    const inner = (a: tf.Tensor, b: tf.Tensor) => tf.sum(tf.mul(a, b)).dataSync()[0]
    const scale = Math.sqrt(inner(ofX, ofX) * inner(y, y))
    expect(Math.abs(inner(ofX, y) - inner(x, ofY))).toBeLessThanOrEqual(1e-6 * scale)
    const grad = tf.grad(v => tf.sum(tf.mul(normalOf()(v as tf.Tensor4D, maps, mask), y)))(x)
    expectClose(grad.dataSync(), ofY.dataSync(), 1e-6)
  })

  it('leaves no tensor behind', () => {
    const { x, maps, mask } = draw(CASES[0])
    const run = () => tf.tidy(() => void tf.grad(v => tf.sum(normalOf()(v as tf.Tensor4D, maps, mask)))(x))
    run()
    const before = tf.memory().numTensors
    run()
    expect(tf.memory().numTensors).toBe(before)
  })
})

it('the engine’s normal operator refuses maps and masks of other sizes', () => {
  const [x, maps, mask] = [tf.ones([2, 6, 4, 2]), tf.ones([2, 3, 6, 4, 2]), tf.ones([2, 1, 4, 1])]
  const refused = (given: tf.Tensor[]) => () =>
    kernels()
      .normal(...(given as [tf.Tensor4D, tf.Tensor5D, tf.Tensor4D]))
      .dataSync()
  expect(refused([tf.ones([2, 6, 4, 1]), maps, mask])).toThrow('complex images')
  expect(refused([x, tf.ones([2, 3, 6, 5, 2]), mask])).toThrow('coil maps')
  expect(refused([x, tf.ones([2, 0, 6, 4, 2]), mask])).toThrow('coil maps')
  expect(refused([x, maps, tf.ones([2, 1, 3, 1])])).toThrow('masks')
  expect(refused([x, maps, tf.ones([1, 1, 4, 1])])).toThrow('masks')
})

it('the engine’s transform is replayed with equal bits', async () => {
  const optimizer = makeOptimizer(kernels(), { kind: 'adam', beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0 })
  const step = makeStep(
    [
      { name: 'image', kind: 'vector', shape: [216], fanIn: 1 },
      { name: 'weights', kind: 'vector', shape: [2], fanIn: 1 },
    ],
    ({ image, weights }, { measured, mask }) => {
      const kspace = kernels().fourier(tf.reshape(image, [1, 12, 9, 2]), 'forward')
      const consistent = kernels().fourier(tf.mul(mask, tf.sub(kspace, measured)) as tf.Tensor4D, 'inverse')
      return tf.mean(tf.square(tf.mul(consistent, weights))) as tf.Scalar
    },
    optimizer,
  )
  const start = startingState(tf.randomNormal([218], 0, 1, 'float32', 3).dataSync() as Float32Array, optimizer)
  const feed = (step: number) => ({
    batch: {
      measured: normal([1, 12, 9], step + 10),
      mask: tf.cast(tf.greater(normal([1, 12, 9], step + 20), 0), 'float32'),
    },
    scalars: optimizer.scalars(0.01, step + 1),
  })
  expect(await trainAsGraph(step, start, 4, feed)).toEqual(await trainEagerly(step, start, 4, feed))
})
