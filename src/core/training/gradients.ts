/**
 * Changes of gradients before the optimizer. Each change is an optimizer around another optimizer, so a step stays one
 * pure function.
 * Clipping by the global norm as PyTorch's `clip_grad_norm_`: g ← g · min(1, max / (‖g‖₂ + 1e-6)), with ‖g‖₂ over all
 * parameters together.
 * Accumulation: the mean gradient of a large batch is Σ shareᵢ · gᵢ over its parts. The share of a part is its samples
 * over all samples.
 */
import * as tf from '@tensorflow/tfjs-core'
import type { Recipe } from '../../contract/recipes.ts'
import type { Kernels } from '../kernels.ts'
import { makeOptimizer, type Optimizer } from './optimizers.ts'

function clipping(optimizer: Optimizer, maximum: number): Optimizer {
  return {
    ...optimizer,
    update(parameters, gradients, slots, scalars) {
      const norm = tf.sqrt(tf.sum(tf.square(gradients)))
      const factor = tf.minimum(tf.div(maximum, tf.add(norm, 1e-6)), 1)
      return optimizer.update(parameters, tf.mul(gradients, factor), slots, scalars)
    },
  }
}

/** The first slot is the sum so far. Only the last part of a step changes the parameters and begins a new sum. */
function accumulating(optimizer: Optimizer): Optimizer {
  const own = 2 // scalars: the part's share, and 1 if it is the last
  return {
    slots: optimizer.slots + 1,
    scalars: (rate, step, { share, last } = { share: 1, last: true }) => [
      ...optimizer.scalars(rate, step),
      share,
      last ? 1 : 0,
    ],
    update(parameters, gradients, [before, ...slots], scalars) {
      const [share, last] = scalars.slice(-own)
      const sum: tf.Tensor1D = tf.add(before, tf.mul(gradients, share))
      const updated = optimizer.update(parameters, sum, slots, scalars.slice(0, -own))
      const isLast = tf.greater(last, 0)
      const choose = (then: tf.Tensor1D, otherwise: tf.Tensor1D): tf.Tensor1D => tf.where(isLast, then, otherwise)
      return {
        parameters: choose(updated.parameters, parameters),
        slots: [choose(tf.zerosLike(sum), sum), ...updated.slots.map((slot, i) => choose(slot, slots[i]))],
      }
    },
  }
}

/** The recipe's optimizer, with the recipe's clipping and accumulation. `sizes`: as for `makeOptimizer`. */
export function recipeOptimizer(
  kernels: Pick<Kernels, 'update'>,
  { optimizer: config, clipNorm, accumulate }: Recipe,
  sizes?: readonly number[],
): Optimizer {
  const plain = makeOptimizer(kernels, config, sizes)
  const clipped = clipNorm === null ? plain : clipping(plain, clipNorm)
  return accumulate === 1 ? clipped : accumulating(clipped)
}
