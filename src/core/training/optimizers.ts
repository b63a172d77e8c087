/**
 * SGD, Adam and RMSprop as PyTorch defines them (torch.optim). Each optimizer is a pure function of (parameters,
 * gradients, slots, scalars). Everything that changes between steps is one of the `scalars`, so that a recorded step
 * can be replayed.
 */
import * as tf from '@tensorflow/tfjs-core'
import type { OptimizerConfig } from '../../contract/recipes.ts'
import type { Kernels } from '../kernels.ts'
import { blend, type Updated } from './updates.ts'

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

/** SGD: velocity. RMSprop: mean square, velocity. Adam: mean, mean square. */
function slotsOf(config: OptimizerConfig): number {
  if (config.kind === 'adam') return 2
  return (config.kind === 'rmsprop' ? 1 : 0) + (config.momentum > 0 ? 1 : 0)
}

/**
 * The rate. For Adam also epsilon, both with the bias corrections: p ← p − rate/(1 − β₁ᵗ) · m / (√v/√(1 − β₂ᵗ) + ε).
 * Numerator and denominator are multiplied by √(1 − β₂ᵗ).
 */
function scalarsOf(config: OptimizerConfig, rate: number, step: number): number[] {
  if (config.kind !== 'adam') return [rate]
  const correction = Math.sqrt(1 - config.beta2 ** step)
  return [(rate * correction) / (1 - config.beta1 ** step), config.epsilon * correction]
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

/** Weight decay as L2, or within LARC. */
function changeOf(config: OptimizerConfig, sizes: readonly number[] | undefined): Change | null {
  if (config.kind === 'sgd' && config.larc) return larc(config.larc.trust, config.weightDecay, sizes)
  return config.weightDecay === 0
    ? null
    : (parameters, gradients) => blend(parameters, gradients, config.weightDecay, 1)
}

/** `sizes`: lengths of the tensors in the flat vector, in order. Default: one tensor. */
export function makeOptimizer(
  { update }: Pick<Kernels, 'update'>,
  config: OptimizerConfig,
  sizes?: readonly number[],
): Optimizer {
  const change = changeOf(config, sizes)
  return {
    slots: slotsOf(config),
    scalars: (rate, step) => scalarsOf(config, rate, step),
    update: (parameters, gradients, ...rest) =>
      update(config, parameters, change ? change(parameters, gradients) : gradients, ...rest),
  }
}
