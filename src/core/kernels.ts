/**
 * The four operations that a native engine does much faster than TensorFlow.js's own compositions.
 * `plain` is the definition, in ordinary TensorFlow.js; the engine installs fused ones, which are tested against it.
 */
import * as tf from '@tensorflow/tfjs-core'

export interface Kernels {
  /** Each channel of each sample of [batch, height, width, channel] to mean 0 and variance 1 (biased; epsilon 1e-5; no affine). */
  instanceNorm(x: tf.Tensor4D): tf.Tensor4D
  /** Each channel of the whole batch to mean 0 and variance 1, likewise. */
  batchNorm(x: tf.Tensor4D): tf.Tensor4D
  /** x where x > 0, else 0.2 · x. */
  leakyRelu(x: tf.Tensor4D): tf.Tensor4D
  /** Inverse DFT (with its 1 / n) of each line of [line, sample, 2] (re, im). Not differentiable. */
  inverseDft(x: tf.Tensor3D): tf.Tensor3D
}

export const NORM_EPSILON = 1e-5
export const LEAKY_SLOPE = 0.2

function normalise(x: tf.Tensor4D, axes: number[]): tf.Tensor4D {
  const { mean, variance } = tf.moments(x, axes, true)
  return tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, NORM_EPSILON)))
}

export const plain: Kernels = {
  instanceNorm: x => normalise(x, [1, 2]),
  batchNorm: x => normalise(x, [0, 1, 2]),
  leakyRelu: x => tf.leakyRelu(x, LEAKY_SLOPE),
  inverseDft: x =>
    tf.tidy(() => {
      const [re, im] = tf.unstack(x, 2)
      const lines = tf.ifft(tf.complex(re, im))
      return tf.stack([tf.real(lines), tf.imag(lines)], 2) as tf.Tensor3D
    }),
}

let active: Kernels = plain

export const kernels = (): Kernels => active

export function useKernels(replacement: Kernels): void {
  active = replacement
}
