/**
 * Data consistency with coil maps, as MoDL (Aggarwal et al. 2019, arXiv:1712.02862) solves it:
 *   x = (AᴴA + μ)⁻¹ (Aᴴ y + μ z),   A = (M F S_c)_c,
 * by n iterations of conjugate gradients from 0. Each sample of the batch has scalars of its own.
 * The gradient is that of the exact solution, solved by the same n iterations for the incoming gradient g:
 *   v = (AᴴA + μ)⁻¹ g,   ∂z = μ v,   ∂μ = Re ⟨v, z − x⟩.
 * So no iteration is kept in memory. n iterations that do not reach the solution give an approximate gradient.
 */
import * as tf from '@tensorflow/tfjs-core'
import type { Kernels } from '../../kernels.ts'

/** What was measured. These tensors are data: they get no gradient. */
export interface Measurement {
  /** Aᴴ y: [batch, height, width, 2]. */
  readonly adjoint: tf.Tensor4D
  /** S: [batch, coils, height, width, 2]. */
  readonly maps: tf.Tensor5D
  /** M: [batch, height or 1, width or 1, 1]. */
  readonly mask: tf.Tensor4D
}

const energyOf = (x: tf.Tensor4D): tf.Tensor4D => tf.sum(tf.square(x), [1, 2, 3], true)

/**
 * x with (AᴴA + μ) x = `right`, by `iterations` steps from 0. `mu` [1] is positive.
 * A residual of exactly 0 stops its sample: the quotients are then 0. So a slice of zeros gives zeros.
 */
export function conjugateGradients(
  normal: (x: tf.Tensor4D) => tf.Tensor4D,
  right: tf.Tensor4D,
  mu: tf.Tensor,
  iterations: number,
): tf.Tensor4D {
  const step = ([x, residual, direction, energy]: tf.Tensor4D[]): tf.Tensor4D[] => {
    const product: tf.Tensor4D = tf.add(normal(direction), tf.mul(mu, direction))
    const length = tf.divNoNan(energy, tf.sum(tf.mul(direction, product), [1, 2, 3], true))
    const rest: tf.Tensor4D = tf.sub(residual, tf.mul(length, product))
    const next = energyOf(rest)
    const share = tf.divNoNan(next, energy)
    return [tf.add(x, tf.mul(length, direction)), rest, tf.add(rest, tf.mul(share, direction)), next]
  }
  return tf.tidy(() => {
    let state: tf.Tensor4D[] = [tf.zerosLike(right), right, right, energyOf(right)]
    for (let i = 0; i < iterations; i++) {
      const next = tf.tidy(() => step(state))
      if (i > 0) tf.dispose(state)
      state = next
    }
    return state[0]
  })
}

type Forward = (
  z: tf.Tensor4D,
  mu: tf.Tensor1D,
  save: (tensors: tf.Tensor[]) => void,
) => { value: tf.Tensor4D; gradFunc: (dy: tf.Tensor4D, saved: tf.Tensor[]) => tf.Tensor[] }
const withGradient = tf.customGrad as unknown as (forward: Forward) => (z: tf.Tensor4D, mu: tf.Tensor1D) => tf.Tensor4D

/** The image x that agrees with the measurement and with z [batch, height, width, 2]. `mu` [1] weighs z. */
export const agreeing = (
  kernels: Kernels,
  { adjoint, maps, mask }: Measurement,
  z: tf.Tensor4D,
  mu: tf.Tensor1D,
  iterations: number,
): tf.Tensor4D =>
  withGradient((z, mu, save) => {
    const right: tf.Tensor4D = tf.add(adjoint, tf.mul(mu, z))
    const x = conjugateGradients(each => kernels.normal(each, maps, mask), right, mu, iterations)
    save([tf.sub(z, x), mu, maps, mask])
    return {
      value: x,
      gradFunc: (dy, [rest, mu, maps, mask]) =>
        tf.tidy(() => {
          const normal = (each: tf.Tensor4D) => kernels.normal(each, maps as tf.Tensor5D, mask as tf.Tensor4D)
          const v = conjugateGradients(normal, dy, mu, iterations)
          return [tf.mul(mu, v), tf.reshape(tf.sum(tf.mul(v, rest)), [1])]
        }),
    }
  })(z, mu)
