/**
 * NT-Xent, the loss of SimCLR (Chen et al. 2020, arXiv:2002.05709, eq. 1), as VISSL scales it: the mean over all 2N
 * anchors of −log exp(z_a·z_p/T) / Σ_{b ≠ a} exp(z_a·z_b/T), z L2-normalised, p the other view of a's image.
 */
import * as tf from '@tensorflow/tfjs-core'
import { read } from '../read.ts'
import { normaliseRows } from './rows.ts'

/** Similarities [2N, 2N] over the temperature. An anchor's similarity to itself is −1e9, so that it never counts. */
function logits(normalised: tf.Tensor2D, temperature: number): tf.Tensor2D {
  const itself = tf.mul(tf.eye(normalised.shape[0]), -1e9)
  return tf.add(tf.div(tf.matMul(normalised, normalised, false, true), temperature), itself)
}

/** Embeddings [2N, d], not normalised: first views, then second views in the same order. */
export function ntXent(embeddings: tf.Tensor2D, temperature: number): tf.Scalar {
  const z = normaliseRows(embeddings)
  const [first, second] = tf.split(z, 2, 0)
  const positive = tf.div(tf.sum(tf.mul(z, tf.concat([second, first], 0)), 1), temperature)
  return tf.mean(tf.sub(tf.logSumExp(logits(z, temperature), 1), positive)) as tf.Scalar
}

/** Share of anchors whose most similar other row is their own other view. Chance is 1/(2N − 1). */
export async function retrievalAccuracy(embeddings: tf.Tensor2D): Promise<number> {
  const nearest = Array.from(await read<'int32'>(() => tf.argMax(logits(normaliseRows(embeddings), 1), 1)))
  const images = nearest.length / 2
  return (
    nearest.reduce((hits, found, anchor) => hits + (found === (anchor + images) % nearest.length ? 1 : 0), 0) /
    nearest.length
  )
}
