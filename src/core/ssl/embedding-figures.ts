/** Figures of methods that tell embeddings apart: how far embeddings spread, and how many are told apart. */
import * as tf from '@tensorflow/tfjs-core'
import type { MethodFigure } from '../../contract/methods.ts'
import { read } from '../read.ts'
import { normaliseRows } from './rows.ts'

export const SPREAD: MethodFigure = {
  id: 'spread',
  label: 'Spread',
  meaning: 'of normalised embeddings: 1 evenly spread, 0 collapsed into one point',
  unit: 'share',
  better: 'higher',
  most: 1,
  collapse: {
    below: 0.1,
    meaning: 'The embeddings have nearly become one point.',
    remedy: 'A lower learning rate, larger views, or a head on the output image may help.',
  },
}

/** Computed by `retrievalAccuracy` (SimCLR) or `nearestIsOwn` (PIRL). */
export const RETRIEVAL: MethodFigure = {
  id: 'retrieval',
  label: 'Retrieval',
  meaning: 'share of held-out samples whose nearest embedding is their own other view',
  unit: 'share',
  better: 'higher',
  chance: 'retrievalChance',
  most: 1,
}

/**
 * Spread of L2-normalised embeddings [n, d]: √d · mean over dimensions of the SD over rows. The spread is 1 if the rows
 * spread evenly, and 0 if all rows are one point (Chen & He 2021, arXiv:2011.10566, section 4.1).
 */
export async function embeddingSpread(embeddings: tf.Tensor2D): Promise<number> {
  const [spread] = await read(() => {
    const { variance } = tf.moments(normaliseRows(embeddings), 0)
    return tf.mul(tf.mean(tf.sqrt(variance)), Math.sqrt(embeddings.shape[1]))
  })
  return spread
}
