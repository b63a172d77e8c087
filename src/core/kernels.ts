/**
 * Operations that a native engine computes much faster than TensorFlow.js does, and maps in bfloat16.
 * The plain kernels are the definition: tests compare an engine's kernels with the plain kernels.
 */
import * as tf from '@tensorflow/tfjs-core'
import type { Direction } from './mri/fourier.ts'
import { plainUpdate, type Update } from './training/updates.ts'

export interface Kernels {
  /**
   * A 3 × 3 convolution, stride 1, in a border of zeros, of maps [batch, height, width, channel] as if they were
   * concatenated along their channels. `filter` [3, 3, all channels, results].
   */
  convolve(maps: readonly tf.Tensor4D[], filter: tf.Tensor4D): tf.Tensor4D
  /** A 1 × 1 convolution. `filter` [1, 1, from, to], `bias` [to]. */
  convolvePixels(x: tf.Tensor4D, filter: tf.Tensor4D, bias: tf.Tensor1D): tf.Tensor4D
  /** A transposed 2 × 2 convolution, stride 2: [n, h, w, from] → [n, 2h, 2w, to]. `filter` [2, 2, to, from]. */
  convolveTransposed(x: tf.Tensor4D, filter: tf.Tensor4D): tf.Tensor4D
  /**
   * Each channel of each sample of [batch, height, width, channel] to mean 0 and variance 1 (biased; epsilon 1e-5; no
   * affine), then x where x > 0, else 0.2 · x.
   */
  normLeakyRelu(x: tf.Tensor4D): tf.Tensor4D
  /**
   * Each channel of the whole batch to mean 0 and variance 1, then times `scale` plus `offset`, both learned, then the
   * larger of the result and 0.
   */
  batchNormRelu(x: tf.Tensor4D, scale: tf.Tensor1D, offset: tf.Tensor1D): BatchNorm
  /** The larger of x + bias and 0. `bias` [channel]. */
  biasRelu(x: tf.Tensor4D, bias: tf.Tensor1D): tf.Tensor4D
  /** The update of an optimizer. */
  update: Update
  /**
   * Complex images [n, h, w, 2] to k-space, or back: centred and orthonormal, as `Fourier.images`. Any size.
   * The gradient is the other direction.
   */
  fourier(x: tf.Tensor4D, direction: Direction): tf.Tensor4D
  /**
   * AᴴA x = Σ conj(S_c) · F⁻¹ M F (S_c · x) over coils, of complex images [n, h, w, 2], as `Fourier.normal`.
   * Coil maps S [n, coils, h, w, 2]. Mask M of k-space [n, h or 1, w or 1, 1]: 1 measured, 0 not.
   * AᴴA is its own adjoint, so the gradient by x is AᴴA of the gradient. Maps and masks are data: they get no gradient.
   */
  normal(x: tf.Tensor4D, maps: tf.Tensor5D, mask: tf.Tensor4D): tf.Tensor4D
  /**
   * a · b, or conj(a) · b, of complex numbers as pairs in the last axis. Operands of equal rank broadcast. It has no
   * gradient: see `product` in models/physics/complex.ts.
   */
  complexProduct(a: tf.Tensor, b: tf.Tensor, conjugated: boolean): tf.Tensor
  /** Calls `work`, whose maps are bfloat16 from convolution to convolution. All tensors that it returns are float32. */
  inBfloat16<T>(work: () => T): T
}

/**
 * [batch, height, width, channel] normalised and rectified, and each channel's mean and variance before.
 * Only `activated` may be differentiated.
 */
export interface BatchNorm {
  readonly activated: tf.Tensor4D
  readonly mean: tf.Tensor1D
  /** Unbiased, unlike the variance that x is divided by. */
  readonly variance: tf.Tensor1D
}

export const NORM_EPSILON = 1e-5
export const LEAKY_SLOPE = 0.2

function normalise(x: tf.Tensor4D, axes: number[]): tf.Tensor4D {
  const { mean, variance } = tf.moments(x, axes, true)
  return tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, NORM_EPSILON)))
}

/**
 * Convolves several maps as if they were concatenated along their channels: the sum of one convolution per map.
 * Gradients of one wide convolution at full resolution take far longer in TensorFlow.
 * Measured on a CPU, 64 → 32 channels at 320 × 320: 830 ms for one convolution, 130 ms for its parts.
 * The sum is one AddN, because a graph optimizer may reorder several Adds.
 */
export const convolve: Kernels['convolve'] = (maps, filter) => {
  if (maps.length === 1) return tf.conv2d(maps[0], filter, 1, 'same')
  const parts = tf.split<tf.Tensor4D>(
    filter,
    maps.map(map => map.shape[3]),
    2,
  )
  return tf.addN(maps.map((map, i) => tf.conv2d(map, parts[i], 1, 'same')))
}

export const convolvePixels: Kernels['convolvePixels'] = (x, filter, bias) =>
  tf.add(tf.conv2d(x, filter, 1, 'same'), bias)

export const convolveTransposed: Kernels['convolveTransposed'] = (x, filter) => {
  const [batch, height, width] = x.shape
  return tf.conv2dTranspose(x, filter, [batch, height * 2, width * 2, filter.shape[2]], 2, 'valid')
}

/** The centred orthonormal Fourier matrix exp(∓2πi · (k − ⌊n/2⌋)(m − ⌊n/2⌋) / n) / √n: its two parts, [1, n, n]. */
function fourierMatrix(n: number, direction: Direction): tf.Tensor3D[] {
  const turn = ((direction === 'forward' ? -2 : 2) * Math.PI) / n
  const origin = Math.floor(n / 2)
  return [Math.cos, Math.sin].map(part => {
    const values = Float32Array.from({ length: n * n }, (_, i) => {
      const product = (Math.floor(i / n) - origin) * ((i % n) - origin)
      return part(turn * (product % n)) / Math.sqrt(n)
    })
    return tf.tensor3d(values, [1, n, n])
  })
}

const matrixProduct = ([aRe, aIm]: tf.Tensor[], [bRe, bIm]: tf.Tensor[]): tf.Tensor[] => [
  tf.sub(tf.matMul(aRe, bRe), tf.matMul(aIm, bIm)),
  tf.add(tf.matMul(aRe, bIm), tf.matMul(aIm, bRe)),
]

/** By the definition: a product with a matrix along each axis. */
const fourier: Kernels['fourier'] = (x, direction) => {
  const [, height, width] = x.shape
  const alongRows = matrixProduct(tf.unstack(x, 3), fourierMatrix(width, direction))
  return tf.stack(matrixProduct(fourierMatrix(height, direction), alongRows), 3) as tf.Tensor4D
}

const complexProductOfParts: Kernels['complexProduct'] = (a, b, conjugated) =>
  tf.tidy(() => {
    const [[aRe, aIm], [bRe, bIm]] = [a, b].map(x => tf.unstack(x, x.rank - 1))
    const turned = conjugated ? tf.neg(aIm) : aIm
    const parts = [tf.sub(tf.mul(aRe, bRe), tf.mul(turned, bIm)), tf.add(tf.mul(aRe, bIm), tf.mul(turned, bRe))]
    return tf.stack(parts, parts[0].rank)
  })

/** `Kernels.normal` by its definition, with these kernels. */
export const normalBy = ({ fourier, complexProduct }: Pick<Kernels, 'fourier' | 'complexProduct'>): Kernels['normal'] =>
  ownAdjoint((x, maps, mask) =>
    tf.tidy(() => {
      // By reshape, because a graph cannot replay ExpandDims.
      const [batch, coils, height, width] = maps.shape as number[]
      const transformed = (pairs: tf.Tensor, direction: Direction) =>
        tf.reshape(fourier(tf.reshape(pairs, [batch * coils, height, width, 2]), direction), maps.shape)
      const seen = complexProduct(maps, tf.reshape(x, [batch, 1, height, width, 2]), false)
      const measured = tf.mul(transformed(seen, 'forward'), tf.reshape(mask, [batch, 1, ...mask.shape.slice(1)]))
      return tf.sum(complexProduct(maps, transformed(measured, 'inverse'), true), 1)
    }),
  )

/** An operator of images that equals its adjoint, with itself as gradient. */
export const ownAdjoint =
  (operator: (x: tf.Tensor, maps: tf.Tensor, mask: tf.Tensor) => tf.Tensor): Kernels['normal'] =>
  (x, maps, mask) =>
    tf.customGrad((...given) => {
      const [image, save] = given as unknown as [tf.Tensor4D, tf.GradSaveFunc]
      save([maps, mask])
      return {
        value: operator(image, maps, mask) as tf.Tensor4D,
        gradFunc: (dy: tf.Tensor, [maps, mask]: tf.Tensor[]) => operator(dy, maps, mask),
      }
    })(x)

/** The kernels in plain TensorFlow.js: maps always in float32. */
export const makePlainKernels = (): Kernels => ({
  convolve,
  convolvePixels,
  convolveTransposed,
  normLeakyRelu: x => tf.leakyRelu(normalise(x, [1, 2]), LEAKY_SLOPE),
  batchNormRelu(x, scale, offset) {
    const { mean, variance } = tf.moments(x, [0, 1, 2])
    const count = x.size / x.shape[3]
    return {
      activated: tf.relu(tf.add(tf.mul(normalise(x, [0, 1, 2]), scale), offset)),
      mean: mean as tf.Tensor1D,
      variance: tf.mul(variance, count / Math.max(1, count - 1)),
    }
  },
  biasRelu: (x, bias) => tf.relu(tf.add(x, bias)),
  update: plainUpdate,
  fourier,
  complexProduct: complexProductOfParts,
  normal: normalBy({ fourier, complexProduct: complexProductOfParts }),
  inBfloat16: work => work(),
})
