/** Norms with their rectifier as one operation of our own each, with their gradients. */
import type * as tf from '@tensorflow/tfjs-core'
import { type Kernels, LEAKY_SLOPE, NORM_EPSILON } from '../../../core/kernels.ts'
import { type NativeBackend, numberAttribute, withGradient, withStatistics } from '../kernels.ts'

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

export function batchNormReluOf(backend: NativeBackend): Kernels['batchNormRelu'] {
  const attributes = [numberAttribute(backend, 'epsilon', NORM_EPSILON)]
  return (x, scale, offset) => {
    const { y: activated, ...statistics } = withStatistics(hear =>
      withGradient<[tf.Tensor4D, tf.Tensor1D, tf.Tensor1D]>((x, scale, offset, save) => {
        const inputs = [x, scale, offset]
        const outputs = backend.executeMultipleOutputs('SelfMriBatchNormRelu', attributes, inputs, 4)
        const [y, mean, variance, inverse] = outputs
        hear(mean as tf.Tensor1D, variance as tf.Tensor1D)
        save([...inputs, mean, inverse])
        return {
          value: y,
          gradFunc: (dy, saved) =>
            backend.executeMultipleOutputs('SelfMriBatchNormReluGradient', [], [dy, ...saved], 3),
        }
      })(x, scale, offset),
    )
    return { activated, ...statistics }
  }
}

export const biasReluOf = (backend: NativeBackend): Kernels['biasRelu'] =>
  withGradient<[tf.Tensor4D, tf.Tensor1D]>((x, bias, save) => {
    const y = backend.executeSingleOutput('SelfMriBiasRelu', [], [x, bias])
    save([y])
    return {
      value: y,
      gradFunc: (dy, [y]) => backend.executeMultipleOutputs('SelfMriBiasReluGradient', [], [dy, y], 2),
    }
  })
