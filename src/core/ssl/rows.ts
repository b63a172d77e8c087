/** Embeddings as rows. */
import * as tf from '@tensorflow/tfjs-core'
import { read } from '../read.ts'

/**
 * Rows scaled to length 1. A row of zeros stays one, with a gradient that is finite: the root is taken of what is not 0. Not z / √…, which
 * TensorFlow's graph optimizer rewrites to this, and a replayed step would no longer be the eager one bit for bit.
 */
export const normaliseRows = (z: tf.Tensor2D): tf.Tensor2D =>
  tf.mul(z, tf.rsqrt(tf.maximum(tf.sum(tf.square(z), 1, true), 1e-24)))

/** Share of rows of `a` [n, d] whose most similar row of `b` [n, d] is that of the same place. Chance is 1/n. */
export async function nearestIsOwn(a: tf.Tensor2D, b: tf.Tensor2D): Promise<number> {
  const nearest = await read<'int32'>(() => tf.argMax(tf.matMul(normaliseRows(a), normaliseRows(b), false, true), 1))
  return Array.from(nearest).filter((found, place) => found === place).length / nearest.length
}
