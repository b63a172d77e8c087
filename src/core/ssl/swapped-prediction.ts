/**
 * SwAV's assignments and loss (Caron et al. 2020, arXiv:2006.09882; VISSL's `swav_loss.py`). Assignments are
 * Sinkhorn-Knopp's: Q = exp(scores/ε), scaled in turn so that every prototype has an equal share of the batch and every
 * image adds up to 1. Loss: −Σ q · log softmax(scores/T), where q is the assignment of another crop.
 */
import * as tf from '@tensorflow/tfjs-core'

export interface Sinkhorn {
  readonly epsilon: number
  readonly iterations: number
}

/** Scores [n, prototypes] → assignments of that shape; rows sum to 1. Not to be differentiated. */
function sinkhorn(scores: tf.Tensor2D, { epsilon, iterations }: Sinkhorn): tf.Tensor2D {
  const [images, prototypes] = scores.shape
  let log: tf.Tensor2D = tf.div(scores, epsilon) // logarithms throughout: exp(scores/ε) leaves float32's range
  for (let i = 0; i < iterations; i++) {
    log = tf.sub(log, tf.add(tf.logSumExp(log, 0, true), Math.log(prototypes)))
    log = tf.sub(log, tf.add(tf.logSumExp(log, 1, true), Math.log(images)))
  }
  return tf.mul(tf.exp(log), images)
}

/** Assignments [n, prototypes] of a crop's scores, evened out over these and the queue's scores together. */
export function assign(scores: tf.Tensor2D, queue: tf.Tensor2D | null, settings: Sinkhorn): tf.Tensor2D {
  if (!queue) return sinkhorn(scores, settings)
  return tf.slice(sinkhorn(tf.concat2d([scores, queue], 0), settings), 0, scores.shape[0])
}

/** The mean over assigned crops, over their other crops, and over images. `targets` are in the order of `assigned`. */
export function swappedPrediction(
  scores: readonly tf.Tensor2D[],
  targets: readonly tf.Tensor2D[],
  assigned: readonly number[],
  temperature: number,
): tf.Scalar {
  const predictions = scores.map(each => tf.logSoftmax(tf.div(each, temperature)))
  const losses = assigned.map((crop, i) => {
    const others = predictions.filter((_, other) => other !== crop)
    const each = others.map(prediction => tf.neg(tf.mean(tf.sum(tf.mul(targets[i], prediction), 1))))
    return tf.div(tf.addN(each), each.length)
  })
  return tf.div(tf.addN(losses), losses.length)
}

/** Exponential of the entropy of the mean assignment: how many prototypes are in use, from 1 to all. */
export function prototypesInUse(assignments: tf.Tensor2D): tf.Scalar {
  const share = tf.mean(assignments, 0)
  return tf.exp(tf.neg(tf.sum(tf.mul(share, tf.log(tf.maximum(share, 1e-12)))))) as tf.Scalar
}
