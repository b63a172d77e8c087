import * as tf from '@tensorflow/tfjs-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { makePlainKernels } from '../../../../../src/core/kernels.ts'
import { combine, expand, fourierOfCoils, imageOf, reduce } from '../../../../../src/core/models/physics/coils.ts'
import { conjugateSum, magnitude, product, rootSumOfSquares } from '../../../../../src/core/models/physics/complex.ts'
import { hard, soft } from '../../../../../src/core/models/physics/consistency.ts'
import { meanOver, sumOfSquares } from '../../../../../src/core/models/physics/sums.ts'
import { kernels, useEngine } from '../../../../engine.ts'
import { expectClose, golden } from '../../../../golden.ts'
import { goldenTensor, inner, noise } from '../../../../physics.ts'

beforeAll(useEngine)

const data = (x: tf.Tensor) => x.dataSync() as Float32Array

/** [batch, coils, height, width] */
const SIZES = [
  [1, 1, 8, 6],
  [2, 3, 7, 10],
  [1, 4, 9, 11],
  [3, 2, 1, 5],
] as const

/** ⟨y, A x⟩ = ⟨Aᴴ y, x⟩, and A's gradient is Aᴴ. */
function expectAdjoint<X extends tf.Tensor, Y extends tf.Tensor>(
  x: X,
  y: Y,
  forward: (x: X) => Y,
  adjoint: (y: Y) => X,
): void {
  const [image, back] = [forward(x), adjoint(y)]
  expect(image.shape).toEqual(y.shape)
  expect(back.shape).toEqual(x.shape)
  const scale = Math.sqrt(inner(image, image) * inner(y, y))
  expect(Math.abs(inner(y, image) - inner(back, x)) / scale).toBeLessThan(1e-5)
  const [gradient] = tf.grads(forward as unknown as (x: tf.Tensor) => tf.Tensor)([x], y)
  expectClose(data(gradient), data(back), 1e-5)
}

describe.each(SIZES)('%i images of %i coils, %i × %i', (batch, coils, height, width) => {
  const kspace = () => noise<tf.Tensor5D>([batch, coils, height, width, 2], 1)
  const other = () => noise<tf.Tensor5D>([batch, coils, height, width, 2], 2)
  const maps = () => noise<tf.Tensor5D>([batch, coils, height, width, 2], 3)
  const image = () => noise<tf.Tensor4D>([batch, height, width, 2], 4)

  it('transforms coils by a unitary Fourier transform', () => {
    const [forward, inverse] = (['forward', 'inverse'] as const).map(
      direction => (x: tf.Tensor5D) => fourierOfCoils(kernels(), x, direction),
    )
    expectAdjoint(kspace(), other(), forward, inverse)
  })

  it('reduces by the adjoint of expansion', () => {
    const S = maps()
    expectAdjoint(
      image(),
      kspace(),
      x => expand(kernels(), x, S),
      k => reduce(kernels(), k, S),
    )
    expectAdjoint(
      kspace(),
      image(),
      k => reduce(kernels(), k, S),
      x => expand(kernels(), x, S),
    )
  })

  it('combines coils by the adjoint of the product with maps', () => {
    const S = maps()
    const single = tf.reshape(image(), [batch, 1, height, width, 2]) as tf.Tensor5D
    expectAdjoint(
      single,
      other(),
      x => product(kernels(), S, x),
      y => conjugateSum(kernels(), S, y),
    )
    expectAdjoint(
      kspace(),
      single,
      y => conjugateSum(kernels(), S, y),
      x => product(kernels(), S, x),
    )
  })

  it('has the gradients of the maps', () => {
    const S = maps()
    const single = tf.reshape(image(), [batch, 1, height, width, 2]) as tf.Tensor5D
    const losses = [
      (S: tf.Tensor) => tf.sum(tf.mul(product(kernels(), S, single), other())),
      (S: tf.Tensor) => tf.sum(tf.mul(conjugateSum(kernels(), S, kspace()), single)),
    ]
    for (const loss of losses) {
      const gradient = tf.grad(loss)(S)
      expect(gradient.shape).toEqual(S.shape)
      // The loss is linear in the maps, so it is the gradient times the maps.
      const step = noise(S.shape, 5)
      const scale = Math.sqrt(inner(gradient, gradient) * inner(step, step))
      expect(Math.abs(data(loss(step))[0] - inner(gradient, step)) / scale).toBeLessThan(1e-5)
    }
  })

  it('puts measured samples back by a linear operation', () => {
    const mask = tf.reshape(tf.tensor1d(Array.from({ length: batch * width }, (_, i) => (i % 3 === 0 ? 1 : 0))), [
      batch,
      1,
      width,
      1,
    ]) as tf.Tensor4D
    const zero = tf.zerosLike(kspace()) as tf.Tensor5D
    const eta = tf.tensor1d([0.7])
    // Both are diagonal and real, so each is its own adjoint.
    const bySoft = (k: tf.Tensor5D) => soft(k, zero, mask, eta)
    const byHard = (k: tf.Tensor5D) => hard(k, zero, mask)
    expectAdjoint(kspace(), other(), bySoft, bySoft)
    expectAdjoint(kspace(), other(), byHard, byHard)
    expectAdjoint(
      kspace(),
      other(),
      k => hard(zero, k, mask),
      k => hard(zero, k, mask),
    )
  })

  it('has the product of the plain kernels', () => {
    const single = tf.reshape(image(), [batch, 1, height, width, 2])
    for (const conjugated of [false, true])
      for (const [a, b] of [
        [maps(), kspace()],
        [maps(), single],
        [single, maps()],
      ]) {
        const expected = makePlainKernels().complexProduct(a, b, conjugated)
        const actual = kernels().complexProduct(a, b, conjugated)
        expect(actual.shape).toEqual(expected.shape)
        expectClose(data(actual), data(expected), 1e-6)
      }
  })

  it('needs no maps for one coil', () => {
    if (coils > 1) return
    expectAdjoint(
      image(),
      kspace(),
      x => expand(kernels(), x, null),
      k => reduce(kernels(), k, null),
    )
  })
})

describe('magnitudes', () => {
  it('are the roots of sums of squares', () => {
    const images = tf.tensor5d([3, 4, 0, 12], [1, 2, 1, 1, 2])
    expect(data(rootSumOfSquares(images))[0]).toBeCloseTo(13, 5)
    expect(data(magnitude(tf.tensor4d([3, 4], [1, 1, 1, 2])))[0]).toBeCloseTo(5, 5)
    expect(data(imageOf(kernels(), tf.tensor5d([3, 4, 0, 12], [1, 2, 1, 1, 2])))[0]).toBeCloseTo(13, 5)
    expectClose(data(combine(kernels(), images, images)), [169, 0], 1e-6)
  })

  it('have a gradient of 0 at 0, and their own just beside it', () => {
    const x = tf.tensor4d([0, 0, 1e-6, 0, 0, -1], [1, 3, 1, 2])
    const gradient = tf.grad(each => tf.sum(magnitude(each as tf.Tensor4D)))(x)
    expectClose(data(gradient), [0, 0, 1, 0, 0, -1], 1e-5)
  })
})

describe('sums', () => {
  it.each([
    ['of squares', sumOfSquares, (x: tf.Tensor) => tf.sum(tf.square(x), [1, 3], true)],
    ['divided by their number', meanOver, (x: tf.Tensor) => tf.mean(x, [1, 3], true)],
  ])('%s have the values and gradients of TensorFlow.js', (_, ours, theirs) => {
    const [x, dy] = [noise([2, 3, 4, 2], 1), noise([2, 1, 4, 1], 2)]
    const own = (x: tf.Tensor) => ours(x, [1, 3])
    expectClose(data(own(x)), data(theirs(x)), 1e-6)
    expectClose(data(tf.grads(own)([x], dy)[0]), data(tf.grads(theirs)([x], dy)[0]), 1e-6)
  })
})

describe('data consistency', () => {
  const vectors = golden('complex-unet')
  const [kspace, measured] = ['dc.kspace', 'dc.measured'].map(
    name => () => goldenTensor(vectors, name, [1, 3, 10, 12, 2]) as tf.Tensor5D,
  )
  const mask = () => goldenTensor(vectors, 'dc.mask', [1, 1, 12, 1]) as tf.Tensor4D
  const { eta } = vectors.params.dc as { eta: number }

  it('is VarNet’s', () => {
    expectClose(data(soft(kspace(), measured(), mask(), tf.tensor1d([eta]))), vectors.array('dc.soft').data, 1e-6)
  })

  it('is exact if it is hard', () => {
    expectClose(data(hard(kspace(), measured(), mask())), vectors.array('dc.hard').data, 1e-6)
  })
})
