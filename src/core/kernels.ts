/**
 * Five operations that a native engine computes much faster than TensorFlow.js does, and convolutions in bfloat16.
 * The plain kernels are the definition: tests compare an engine's kernels with the plain kernels.
 */
import * as tf from '@tensorflow/tfjs-core'
import { makeInverseDft } from './mri/dft.ts'

export interface Kernels {
  /**
   * Each channel of each sample of [batch, height, width, channel] to mean 0 and variance 1
   * (biased; epsilon 1e-5; no affine).
   */
  instanceNorm(x: tf.Tensor4D): tf.Tensor4D
  /** Each channel of the whole batch to mean 0 and variance 1, then times `scale` plus `offset`, both learned. */
  batchNorm(x: tf.Tensor4D, scale: tf.Tensor1D, offset: tf.Tensor1D): BatchNorm
  /** The larger of x and 0. */
  relu(x: tf.Tensor4D): tf.Tensor4D
  /** x where x > 0, else 0.2 · x. */
  leakyRelu(x: tf.Tensor4D): tf.Tensor4D
  /** Inverse DFT (with its 1 / n) of each line of [line, sample, 2] (re, im). */
  inverseDft(values: Float32Array, lines: number, samples: number): Float32Array
  /** Calls `work`, whose convolutions and their gradients are computed in bfloat16. */
  inBfloat16<T>(work: () => T): T
}

/**
 * [batch, height, width, channel] normalised, and each channel's mean and variance before.
 * Only `normalised` may be differentiated.
 */
export interface BatchNorm {
  readonly normalised: tf.Tensor4D
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

/** The kernels in plain TensorFlow.js: the DFT in plain arrays, convolutions always in float32. */
export const makePlainKernels = (): Kernels => ({
  instanceNorm: x => normalise(x, [1, 2]),
  batchNorm(x, scale, offset) {
    const { mean, variance } = tf.moments(x, [0, 1, 2])
    const count = x.size / x.shape[3]
    return {
      normalised: tf.add(tf.mul(normalise(x, [0, 1, 2]), scale), offset),
      mean: mean as tf.Tensor1D,
      variance: tf.mul(variance, count / Math.max(1, count - 1)),
    }
  },
  relu: x => tf.relu(x),
  leakyRelu: x => tf.leakyRelu(x, LEAKY_SLOPE),
  inverseDft: makeInverseDft(),
  inBfloat16: work => work(),
})
