/** Norms with their rectifier as one operation of our own each, with their gradients. */
import type * as tf from '@tensorflow/tfjs-core'
import { type Kernels, LEAKY_SLOPE, NORM_EPSILON } from '../../../core/kernels.ts'
import { type NativeBackend, withGradient } from '../kernels.ts'
import { numberAttribute } from './attributes.ts'

export function normLeakyReluOf(backend: NativeBackend): Kernels['normLeakyRelu'] {
  const slope = numberAttribute(backend, 'slope', LEAKY_SLOPE)
  const attributes = [slope, numberAttribute(backend, 'epsilon', NORM_EPSILON)]
  return withGradient<[tf.Tensor4D]>((x, save) => {
    const [y, inverse] = backend.executeMultipleOutputs('SelfMriInstanceNorm', attributes, [x], 2)
    save([y, inverse])
    return {
      value: y,
      gradFunc: (dy, saved) =>
        backend.executeMultipleOutputs('SelfMriInstanceNormGradient', [slope], [dy, ...saved], 1)[0],
    }
  })
}
