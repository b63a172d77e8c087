/**
 * Gradient checkpointing (Chen et al. 2016, arXiv:1604.06174): the forward pass keeps only the inputs of a function.
 * The backward pass computes the function again, and then its gradients. This takes the time of one more forward pass.
 */
import * as tf from '@tensorflow/tfjs-core'
import { frugalGrads } from '../../training/frugal.ts'

type Named = Readonly<Record<string, tf.Tensor>>

type Forward = (...inputsAndSave: unknown[]) => {
  value: tf.Tensor
  gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => tf.Tensor[]
}

/**
 * f(inputs), computed again in the backward pass. `f` is a pure function of its inputs. `constants` are inputs without
 * a gradient: a gradient that depends on one throws.
 */
export function recompute<T extends tf.Tensor>(f: (inputs: Named) => T, inputs: Named, constants: Named = {}): T {
  const names = [...Object.keys(inputs), ...Object.keys(constants)]
  const count = Object.keys(inputs).length
  const value = (tensors: readonly tf.Tensor[]) => f(Object.fromEntries(names.map((name, i) => [name, tensors[i]])))
  const forward: Forward = (...given) => {
    const tensors = given.slice(0, -1) as tf.Tensor[]
    const save = given.at(-1) as tf.GradSaveFunc
    save(tensors)
    return {
      value: value(tensors),
      gradFunc(dy, saved) {
        const fixed = saved.slice(count)
        const gradients = frugalGrads((...xs) => value([...xs, ...fixed]), saved.slice(0, count), tf.clone(dy))
        return [...gradients, ...fixed.map(() => tf.scalar(0))]
      },
    }
  }
  return tf.customGrad(forward as never)(...Object.values(inputs), ...Object.values(constants)) as T
}
