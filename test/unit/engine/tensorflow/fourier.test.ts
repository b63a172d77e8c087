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
