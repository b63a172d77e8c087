/** Embeddings as rows: their length, and the nearest row of each. */
import * as tf from '@tensorflow/tfjs-core'
import { read } from '../read.ts'

/**
 * Rows scaled to length 1. A row of zeros stays zero and has a finite gradient, because the root's argument is at least
 * 1e-24. The form z / √… is avoided, because TensorFlow's graph optimizer rewrites z / √… to the form below.
 * A replayed step would then differ from the eager step.
 */
export const normaliseRows = (z: tf.Tensor2D): tf.Tensor2D =>
  tf.mul(z, tf.rsqrt(tf.maximum(tf.sum(tf.square(z), 1, true), 1e-24)))

/** Share of rows of `a` [n, d] whose most similar row of `b` [n, d] has the same place. Chance is 1/n. */
export async function nearestIsOwn(a: tf.Tensor2D, b: tf.Tensor2D): Promise<number> {
  const nearest = await read<'int32'>(() => tf.argMax(tf.matMul(normaliseRows(a), normaliseRows(b), false, true), 1))
  return Array.from(nearest).filter((found, place) => found === place).length / nearest.length
}
