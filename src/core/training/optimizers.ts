/**
 * SGD, Adam and RMSprop as PyTorch defines them (torch.optim). Each optimizer is a pure function of (parameters,
 * gradients, slots, scalars). TensorFlow.js's own RMSprop differs: its epsilon is inside the root.
 * Everything that changes between steps is one of the `scalars`, so that a recorded step can be replayed.
 */
import * as tf from '@tensorflow/tfjs-core'
import type { OptimizerConfig } from '../../contract/recipes.ts'

interface Updated {
  readonly parameters: tf.Tensor1D
  readonly slots: tf.Tensor1D[]
}

export interface Optimizer {
  /** Number of state vectors. Each is as long as the parameters, and zero at first. */
  readonly slots: number
  /**
   * The scalars of one step (from 1) at this learning rate.
   * `part`: a part's share of the step's samples, if the step has several parts.
   */
  scalars(rate: number, step: number, part?: { readonly share: number; readonly last: boolean }): number[]
  update(
    parameters: tf.Tensor1D,
    gradients: tf.Tensor1D,
    slots: readonly tf.Tensor1D[],
    scalars: readonly tf.Scalar[],
  ): Updated
}

/** Each vector is as long as all parameters together, so intermediate tensors are disposed at once. */
const brief = (compute: () => tf.Tensor): tf.Tensor1D => tf.tidy(compute) as tf.Tensor1D

/** decay · average + weight · value */
const blend = (average: tf.Tensor1D, value: tf.Tensor1D, decay: number, weight: number): tf.Tensor1D =>
  brief(() => tf.add(tf.mul(average, decay), tf.mul(value, weight)))

/** decay · average + (1 − decay) · value. Equal to TensorFlow's Adam to the last bit, with `decay` as float32. */
const follow = (average: tf.Tensor1D, value: tf.Tensor1D, decay: number): tf.Tensor1D =>
  brief(() => tf.add(average, tf.mul(tf.sub(value, average), 1 - Math.fround(decay))))

const move = (parameters: tf.Tensor1D, direction: tf.Tensor, rate: tf.Scalar): tf.Tensor1D =>
  brief(() => tf.sub(parameters, tf.mul(direction, rate)))

/** parameters − rate · direction / (√square + epsilon), in this order of operations. */
const moveByRoot = (
  parameters: tf.Tensor1D,
  direction: tf.Tensor1D,
  square: tf.Tensor1D,
  rate: tf.Scalar,
  epsilon: tf.Scalar | number,
): tf.Tensor1D =>
  brief(() => {
    const root = brief(() => tf.add(tf.sqrt(square), epsilon))
    return tf.sub(
      parameters,
      brief(() => tf.div(tf.mul(direction, rate), root)),
    )
  })

function sgd({ momentum, nesterov }: Extract<OptimizerConfig, { kind: 'sgd' }>): Optimizer {
  return {
    slots: momentum > 0 ? 1 : 0,
    scalars: rate => [rate],
    update(parameters, gradients, [velocity], [rate]) {
      if (!velocity) return { parameters: move(parameters, gradients, rate), slots: [] }
      const next = blend(velocity, gradients, momentum, 1)
      const direction = nesterov ? blend(next, gradients, momentum, 1) : next
      return { parameters: move(parameters, direction, rate), slots: [next] }
    },
  }
}

/**
 * Kingma & Ba 2015, arXiv:1412.6980: p ← p − rate/(1 − β₁ᵗ) · m / (√v/√(1 − β₂ᵗ) + ε).
 * Numerator and denominator are multiplied by √(1 − β₂ᵗ).
 */
function adam({ beta1, beta2, epsilon }: Extract<OptimizerConfig, { kind: 'adam' }>): Optimizer {
  return {
    slots: 2,
    scalars(rate, step) {
      const correction = Math.sqrt(1 - beta2 ** step)
      return [(rate * correction) / (1 - beta1 ** step), epsilon * correction]
    },
    update(parameters, gradients, [mean, square], [rate, epsilon]) {
      const nextMean = follow(mean, gradients, beta1)
      const nextSquare = brief(() => follow(square, tf.square(gradients), beta2))
      return {
        parameters: moveByRoot(parameters, nextMean, nextSquare, rate, epsilon),
        slots: [nextMean, nextSquare],
      }
    },
  }
}

/** Hinton's RMSprop with epsilon outside the root: p ← p − rate · g / (√v + ε). */
function rmsprop({ alpha, epsilon, momentum }: Extract<OptimizerConfig, { kind: 'rmsprop' }>): Optimizer {
  return {
    slots: momentum > 0 ? 2 : 1,
    scalars: rate => [rate],
    update(parameters, gradients, [square, velocity], [rate]) {
      const nextSquare = brief(() => follow(square, tf.square(gradients), alpha))
      if (!velocity)
        return { parameters: moveByRoot(parameters, gradients, nextSquare, rate, epsilon), slots: [nextSquare] }
      const direction = brief(() => tf.div(gradients, tf.add(tf.sqrt(nextSquare), epsilon)))
      const next = blend(velocity, direction, momentum, 1)
      return { parameters: move(parameters, next, rate), slots: [nextSquare, next] }
    },
  }
}

/** A change of gradients before the optimizer itself. */
type Change = (parameters: tf.Tensor1D, gradients: tf.Tensor1D) => tf.Tensor1D

/**
 * LARC (You et al. 2017, arXiv:1708.03888; apex's `LARC.py`, clip=False, as VISSL uses it), for each tensor by itself:
 * g ← (g + wd·p) · trust · ‖p‖ / (‖g‖ + wd·‖p‖ + ε) if neither norm is 0, else g.
 * `sizes`: lengths of the tensors, one after another.
 */
function larc(trust: number, weightDecay: number, sizes: readonly number[] | undefined): Change {
  const epsilon = 1e-8
  const scaled: Change = (p, g) => {
    const [length, slope] = [tf.sqrt(tf.sum(tf.square(p))), tf.sqrt(tf.sum(tf.square(g)))]
    const ratio = tf.div(tf.mul(length, trust), tf.add(tf.add(slope, tf.mul(length, weightDecay)), epsilon))
    const isMoving = tf.logicalAnd(tf.greater(length, 0), tf.greater(slope, 0))
    return tf.where(isMoving, tf.mul(blend(p, g, weightDecay, 1), ratio), g)
  }
  return (parameters, gradients) => {
    const lengths = [...(sizes ?? [parameters.shape[0]])]
    const tensors = tf.split<tf.Tensor1D>(parameters, lengths)
    return tf.concat1d(tf.split<tf.Tensor1D>(gradients, lengths).map((gradient, i) => scaled(tensors[i], gradient)))
  }
}

function plain(config: OptimizerConfig): Optimizer {
  if (config.kind === 'sgd') return sgd(config)
  return config.kind === 'adam' ? adam(config) : rmsprop(config)
}

/** Weight decay as L2, or within LARC. */
function changeOf(config: OptimizerConfig, sizes: readonly number[] | undefined): Change | null {
  if (config.kind === 'sgd' && config.larc) return larc(config.larc.trust, config.weightDecay, sizes)
  return config.weightDecay === 0
    ? null
    : (parameters, gradients) => blend(parameters, gradients, config.weightDecay, 1)
}

/** `sizes`: lengths of the tensors in the flat vector, in order. Default: one tensor. */
export function makeOptimizer(config: OptimizerConfig, sizes?: readonly number[]): Optimizer {
  const optimizer = plain(config)
  const change = changeOf(config, sizes)
  if (!change) return optimizer
  return {
    ...optimizer,
    update: (parameters, gradients, slots, scalars) =>
      optimizer.update(parameters, change(parameters, gradients), slots, scalars),
  }
}
