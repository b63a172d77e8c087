/**
 * Data consistency of k-space k with what was measured, k₀, where the mask M is 1:
 *   soft  k − η · M · (k − k₀), η learned (E2E-VarNet, arXiv:2004.06688),
 *   hard  k₀ where it was measured, else k.
 * k and k₀ are [batch, coils, height, width, 2]. M is [batch, height or 1, width or 1, 1].
 */
import * as tf from '@tensorflow/tfjs-core'
import { z } from 'zod'

export const Consistency = z.enum(['none', 'soft', 'hard'])
export type Consistency = z.infer<typeof Consistency>

/** M for each coil: [batch, 1, height or 1, width or 1, 1]. A graph cannot replay ExpandDims. */
export function maskOfCoils(mask: tf.Tensor4D): tf.Tensor5D {
  const [batch, ...sizes] = mask.shape
  return tf.reshape(mask, [batch, 1, ...sizes])
}

/** `eta` [1]. */
export const soft = (kspace: tf.Tensor5D, measured: tf.Tensor5D, mask: tf.Tensor4D, eta: tf.Tensor): tf.Tensor5D =>
  tf.sub(kspace, tf.mul(tf.mul(maskOfCoils(mask), eta), tf.sub(kspace, measured)))

export const hard = (kspace: tf.Tensor5D, measured: tf.Tensor5D, mask: tf.Tensor4D): tf.Tensor5D => {
  const weight = maskOfCoils(mask)
  return tf.add(tf.mul(kspace, tf.sub(1, weight)), tf.mul(measured, weight))
}
