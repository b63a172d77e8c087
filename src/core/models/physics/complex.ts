/**
 * Complex arithmetic on pairs (re, im) of float32 in the last axis. Operands broadcast as in TensorFlow.js.
 * Gradients are those of the real numbers: of y = a · b they are ∂a = conj(b) · ∂y and ∂b = conj(a) · ∂y.
 */
import * as tf from '@tensorflow/tfjs-core'
import type { Kernels } from '../../kernels.ts'
import { sumOfSquares } from './sums.ts'

/** √ has an infinite derivative at 0. Inputs have scale 1, so this number is far below the square of any signal. */
const TINY = 1e-18

/** The sum over the axes along which `shape` has length 1. */
function sumTo(x: tf.Tensor, shape: readonly number[]): tf.Tensor {
  const axes = shape.flatMap((length, axis) => (length === 1 && x.shape[axis] !== 1 ? [axis] : []))
  return axes.length > 0 ? tf.sum(x, axes, true) : x
}

type Multiply = (
  a: tf.Tensor,
  b: tf.Tensor,
  save: (tensors: tf.Tensor[]) => void,
) => {
  value: tf.Tensor
  gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => tf.Tensor[]
}
const withGradient = tf.customGrad as unknown as (multiply: Multiply) => (a: tf.Tensor, b: tf.Tensor) => tf.Tensor

/** a · b. Both have equal ranks. */
export const product = <T extends tf.Tensor>(kernels: Kernels, a: tf.Tensor, b: tf.Tensor): T =>
  withGradient((a, b, save) => {
    save([a, b])
    return {
      value: kernels.complexProduct(a, b, false),
      gradFunc: (dy, [a, b]) => [
        sumTo(kernels.complexProduct(b, dy, true), a.shape),
        sumTo(kernels.complexProduct(a, dy, true), b.shape),
      ],
    }
  })(a, b) as T

/** Σ conj(a) · b over axis 1, which keeps the length 1. It holds no product of a and b for its gradient. */
export const conjugateSum = <T extends tf.Tensor>(kernels: Kernels, a: T, b: T): T =>
  withGradient((a, b, save) => {
    save([a, b])
    return {
      value: tf.tidy(() => tf.sum(kernels.complexProduct(a, b, true), 1, true)),
      gradFunc: (dy, [a, b]) => [kernels.complexProduct(dy, b, true), kernels.complexProduct(a, dy, false)],
    }
  })(a, b) as T

/** Σ x² over `axes`, which keep the length 1, and a number that makes gradients of its root finite: 0 at 0. */
const squares = (x: tf.Tensor, axes: number[]): tf.Tensor => tf.add(sumOfSquares(x, axes), TINY)

/** |x|: [batch, height, width, 2] → [batch, height, width, 1]. */
export const magnitude = (image: tf.Tensor4D): tf.Tensor4D => tf.sqrt(squares(image, [3]) as tf.Tensor4D)

/** √(Σ |x|²) over coils: [batch, coils, height, width, 2] → [batch, 1, height, width, 1]. */
export const rootSumOfSquares = (images: tf.Tensor5D): tf.Tensor5D => tf.sqrt(squares(images, [1, 4]) as tf.Tensor5D)

/**
 * Images of coils divided by `rootSumOfSquares`. By Rsqrt, because the graph optimizer replaces a division by a root,
 * which changes the last bit.
 */
export const dividedByRoot = (images: tf.Tensor5D): tf.Tensor5D =>
  tf.mul(images, tf.rsqrt(squares(images, [1, 4]) as tf.Tensor5D))
