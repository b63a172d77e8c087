/** Updates of optimizers by one operation of our own each, with the bits of core's plain updates. */
import type * as tf from '@tensorflow/tfjs-core'
import type { OptimizerConfig } from '../../../contract/recipes.ts'
import { followingWeight, type Update } from '../../../core/training/updates.ts'
import { type NativeBackend, numberAttribute } from '../kernels.ts'

/** The operation of an optimizer, and the operation's numbers. */
function operationOf(config: OptimizerConfig, slots: number): readonly [name: string, numbers: Record<string, number>] {
  if (config.kind === 'adam')
    return ['SelfMriAdam', { follow_mean: followingWeight(config.beta1), follow_square: followingWeight(config.beta2) }]
  const { momentum } = config
  if (config.kind === 'sgd') {
    if (slots === 0) return ['SelfMriSgd', {}]
    return [config.nesterov ? 'SelfMriNesterov' : 'SelfMriMomentum', { momentum }]
  }
  const numbers = { follow_square: followingWeight(config.alpha), epsilon: config.epsilon }
  return slots === 1 ? ['SelfMriRmsprop', numbers] : ['SelfMriRmspropMomentum', { ...numbers, momentum }]
}

export function updateOf(backend: NativeBackend): Update {
  return (config, parameters, gradients, slots, scalars) => {
    const [name, numbers] = operationOf(config, slots.length)
    const attributes = Object.entries(numbers).map(([key, value]) => numberAttribute(backend, key, value))
    const inputs = [parameters, gradients, ...slots, ...scalars]
    const [next, ...nextSlots] = backend.executeMultipleOutputs(name, attributes, inputs, 1 + slots.length)
    return { parameters: next as tf.Tensor1D, slots: nextSlots as tf.Tensor1D[] }
  }
}
