/**
 * Sums over axes, which keep the length 1. Their gradients broadcast. TensorFlow.js's own gradients multiply by ones of
 * the input's shape, which a recorded graph keeps as constants: with many coils, hundreds of megabytes.
 */
import * as tf from '@tensorflow/tfjs-core'

type Reduction = (
  x: tf.Tensor,
  save: tf.GradSaveFunc,
) => {
  value: tf.Tensor
  gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => tf.Tensor
}
const withGradient = tf.customGrad as unknown as (reduce: Reduction) => (x: tf.Tensor) => tf.Tensor

/** Σ x². */
export const sumOfSquares = (x: tf.Tensor, axes: number[]): tf.Tensor =>
  withGradient((x, save) => {
    save([x])
    return {
      value: tf.tidy(() => tf.sum(tf.square(x), axes, true)),
      gradFunc: (dy, [x]) => tf.tidy(() => tf.mul(x, tf.mul(dy, 2))),
    }
  })(x)

/** The mean of x. */
export const meanOver = (x: tf.Tensor, axes: number[]): tf.Tensor =>
  withGradient(x => {
    const count = axes.reduce((product, axis) => product * x.shape[axis], 1)
    return {
      value: tf.mean(x, axes, true),
      gradFunc: dy => tf.tidy(() => tf.broadcastTo(tf.div(dy, count), x.shape)),
    }
  })(x)
