/**
 * Noise-contrastive estimation against a memory bank (Wu et al. 2018, arXiv:1805.01978; VISSL's `nce_loss.py`, as in
 * PIRL). P = exp(m·v/T)/Z and c = K/M. loss = −[ln P/(P + c + ε) + Σ ln c/(P′ + c + ε)], the mean over samples.
 * Negatives are counts over the bank's rows, drawn with replacement, so no rows are gathered.
 */
import * as tf from '@tensorflow/tfjs-core'
import type { RandomState } from '../mri/random.ts'
import { normaliseRows } from './rows.ts'

const EPSILON = 2 ** -23

/** How often each of `rows` rows is among `draws` drawn with replacement. */
export function drawCounts(random: RandomState, draws: number, rows: number): Float32Array {
  const counts = new Float32Array(rows)
  for (let draw = 0; draw < draws; draw++) counts[random.randint(rows)]++
  return counts
}

/** m·v/T of every sample and row, [n, rows]; v [n, d] not normalised, bank [rows, d] of length 1. */
const similarities = (v: tf.Tensor2D, bank: tf.Tensor2D, temperature: number): tf.Tensor2D =>
  tf.div(tf.matMul(normaliseRows(v), bank, false, true), temperature)

/**
 * Z of the first step: the mean score over positives and negatives, times the bank's rows. Not to be differentiated.
 */
export function partition(
  v: tf.Tensor2D,
  bank: tf.Tensor2D,
  positive: tf.Tensor2D,
  counts: tf.Tensor2D,
  temperature: number,
): tf.Scalar {
  const taken = tf.add(positive, counts)
  const mean = tf.div(tf.sum(tf.mul(taken, tf.exp(similarities(v, bank, temperature)))), tf.sum(taken))
  return tf.mul(mean, bank.shape[0])
}

/** `positive` [n, rows]: each sample's own row, one-hot; `counts` [n, rows]: how often each row is a negative. */
export function nce(
  v: tf.Tensor2D,
  bank: tf.Tensor2D,
  positive: tf.Tensor2D,
  counts: tf.Tensor2D,
  partition: tf.Scalar,
  temperature: number,
): tf.Scalar {
  const logP = tf.sub(similarities(v, bank, temperature), tf.log(partition)) // P itself may leave float32's range
  const c = tf.div(tf.sum(counts, 1, true), bank.shape[0]) // [n, 1], K/M
  const logAll = tf.log(tf.add(tf.add(tf.exp(logP), c), EPSILON))
  const own = tf.sum(tf.mul(positive, tf.sub(logP, logAll)))
  const others = tf.sum(tf.mul(counts, tf.sub(tf.log(c), logAll)))
  return tf.div(tf.neg(tf.add(own, others)), v.shape[0])
}

/** VISSL's other loss: softmax cross-entropy of the positive among positive and negatives. No partition is needed. */
export function infoNce(
  v: tf.Tensor2D,
  bank: tf.Tensor2D,
  positive: tf.Tensor2D,
  counts: tf.Tensor2D,
  temperature: number,
): tf.Scalar {
  const logits = similarities(v, bank, temperature)
  const own = tf.sum(tf.mul(positive, logits), 1)
  const all = tf.log(tf.sum(tf.mul(tf.add(positive, counts), tf.exp(logits)), 1)) // |logits| ≤ 1/T, so exp is safe
  return tf.mean(tf.sub(all, own)) as tf.Scalar
}

/** The bank after a step. Rows of positives become normalise(momentum · m + (1 − momentum) · v); others stay. */
export function updatedBank(bank: tf.Tensor2D, positive: tf.Tensor2D, v: tf.Tensor2D, momentum: number): tf.Tensor2D {
  const rows = tf.matMul(positive, bank) // [n, d]
  const moved = normaliseRows(tf.add(tf.mul(rows, momentum), tf.mul(normaliseRows(v), 1 - momentum)))
  const kept = tf.sub(1, tf.sum(positive, 0)) // [rows], 0 for rows that change
  return tf.add(tf.mul(bank, tf.reshape(kept, [-1, 1])), tf.matMul(positive, moved, true))
}
