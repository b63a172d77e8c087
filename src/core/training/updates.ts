/**
 * One update of each kind of optimizer, in plain TensorFlow.js, as PyTorch defines them (torch.optim). TensorFlow.js's
 * own RMSprop differs: its epsilon is inside the root. A native update has the bits of this file, so it keeps the order
 * of these operations.
 */
import * as tf from '@tensorflow/tfjs-core'
import type { OptimizerConfig } from '../../contract/recipes.ts'

export interface Updated {
  readonly parameters: tf.Tensor1D
  readonly slots: tf.Tensor1D[]
}

/**
 * The parameters and slots after one step. Slots are vectors as long as the parameters. An update reads the kind of the
 * optimizer and its constants, but neither weight decay nor LARC.
 */
export type Update = (
  config: OptimizerConfig,
  parameters: tf.Tensor1D,
  gradients: tf.Tensor1D,
  slots: readonly tf.Tensor1D[],
  scalars: readonly tf.Scalar[],
) => Updated

/** Each vector is as long as all parameters together, so intermediate tensors are disposed at once. */
const brief = (compute: () => tf.Tensor): tf.Tensor1D => tf.tidy(compute) as tf.Tensor1D

/** decay · average + weight · value */
export const blend = (average: tf.Tensor1D, value: tf.Tensor1D, decay: number, weight: number): tf.Tensor1D =>
  brief(() => tf.add(tf.mul(average, decay), tf.mul(value, weight)))

/** The weight of a new value in an average that keeps `decay`, with `decay` as float32. */
export const followingWeight = (decay: number): number => 1 - Math.fround(decay)

/** decay · average + (1 − decay) · value, as TensorFlow's optimizers compute it. */
const follow = (average: tf.Tensor1D, value: tf.Tensor1D, decay: number): tf.Tensor1D =>
  brief(() => tf.add(average, tf.mul(tf.sub(value, average), followingWeight(decay))))

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

type UpdateOf<Kind> = (
  config: Extract<OptimizerConfig, { kind: Kind }>,
  ...state: Parameters<Update> extends [unknown, ...infer Rest] ? Rest : never
) => Updated

const sgd: UpdateOf<'sgd'> = ({ momentum, nesterov }, parameters, gradients, [velocity], [rate]) => {
  if (!velocity) return { parameters: move(parameters, gradients, rate), slots: [] }
  const next = blend(velocity, gradients, momentum, 1)
  const direction = nesterov ? blend(next, gradients, momentum, 1) : next
  return { parameters: move(parameters, direction, rate), slots: [next] }
}

/** Kingma & Ba 2015, arXiv:1412.6980. The bias corrections are in `rate` and `epsilon`. */
const adam: UpdateOf<'adam'> = ({ beta1, beta2 }, parameters, gradients, [mean, square], [rate, epsilon]) => {
  const nextMean = follow(mean, gradients, beta1)
  const nextSquare = brief(() => follow(square, tf.square(gradients), beta2))
  return { parameters: moveByRoot(parameters, nextMean, nextSquare, rate, epsilon), slots: [nextMean, nextSquare] }
}

/** Hinton's RMSprop with epsilon outside the root: p ← p − rate · g / (√v + ε). */
const rmsprop: UpdateOf<'rmsprop'> = (config, parameters, gradients, [square, velocity], [rate]) => {
  const { alpha, epsilon, momentum } = config
  const nextSquare = brief(() => follow(square, tf.square(gradients), alpha))
  if (!velocity)
    return { parameters: moveByRoot(parameters, gradients, nextSquare, rate, epsilon), slots: [nextSquare] }
  const direction = brief(() => tf.div(gradients, tf.add(tf.sqrt(nextSquare), epsilon)))
  const next = blend(velocity, direction, momentum, 1)
  return { parameters: move(parameters, next, rate), slots: [nextSquare, next] }
}

export const plainUpdate: Update = (config, ...state) => {
  if (config.kind === 'sgd') return sgd(config, ...state)
  return config.kind === 'adam' ? adam(config, ...state) : rmsprop(config, ...state)
}
