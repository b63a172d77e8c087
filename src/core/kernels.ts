/**
 * The three operations that a native engine does much faster than TensorFlow.js's own compositions.
 * `plain` is the definition, in ordinary TensorFlow.js; the engine installs fused ones, which are tested against it.
 */
import * as tf from '@tensorflow/tfjs-core'

export interface Kernels {
  /** Each channel of each sample of [batch, height, width, channel] to mean 0 and variance 1 (biased; epsilon 1e-5; no affine). */
  instanceNorm(x: tf.Tensor4D): tf.Tensor4D
  /** x where x > 0, else 0.2 · x. */
  leakyRelu(x: tf.Tensor4D): tf.Tensor4D
  /** Centred orthonormal 2-D DFT of [height, width, 2] (re, im), or its inverse. Not differentiable. */
  centredDft(x: tf.Tensor3D, inverse: boolean): tf.Tensor3D
  /** √(re² + im²) of [height, width, 2]. Not differentiable. */
  magnitude(x: tf.Tensor3D): tf.Tensor2D
}

export const INSTANCE_NORM_EPSILON = 1e-5
export const LEAKY_SLOPE = 0.2

/** Rolls an axis so that its index 0 comes to `shift` (0 ≤ shift < size). */
function roll(x: tf.Tensor, axis: number, shift: number): tf.Tensor {
  const [head, tail] = tf.split(x, [x.shape[axis] - shift, shift], axis)
  return tf.concat([tail, head], axis)
}

export const plain: Kernels = {
  instanceNorm(x) {
    const { mean, variance } = tf.moments(x, [1, 2], true)
    return tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, INSTANCE_NORM_EPSILON)))
  },
  leakyRelu: x => tf.leakyRelu(x, LEAKY_SLOPE),
  magnitude: x => tf.tidy(() => tf.sqrt(tf.sum(tf.square(x), 2)) as tf.Tensor2D),
  centredDft: (x, inverse) =>
    tf.tidy(() => {
      const [height, width] = x.shape
      const transform = inverse ? tf.ifft : tf.fft
      const shifted = roll(roll(x, 0, Math.ceil(height / 2) % height), 1, Math.ceil(width / 2) % width)
      const [re, im] = tf.unstack(shifted, 2)
      const alongRows = transform(tf.complex(re, im))
      const turned = tf.complex(tf.transpose(tf.real(alongRows)), tf.transpose(tf.imag(alongRows)))
      const both = transform(turned) // [width, height]
      const stacked = tf.stack([tf.transpose(tf.real(both)), tf.transpose(tf.imag(both))], 2)
      const scale = inverse ? Math.sqrt(height * width) : 1 / Math.sqrt(height * width)
      return tf.mul(roll(roll(stacked, 0, Math.floor(height / 2)), 1, Math.floor(width / 2)), scale) as tf.Tensor3D
    }),
}

let active: Kernels = plain

export const kernels = (): Kernels => active

export function useKernels(replacement: Kernels): void {
  active = replacement
}
