/** Convolutions by our own operations, with their gradients. */
import * as tf from '@tensorflow/tfjs-core'
import type { Kernels } from '../../../core/kernels.ts'
import type { OpAttribute } from '../graph/native.ts'
import { type NativeBackend, withGradient } from '../kernels.ts'

export function convolutionOf(backend: NativeBackend): Kernels['convolve'] {
  const type = backend.binding.TF_ATTR_INT
  return (maps, filter) => {
    const count: OpAttribute = { name: 'N', type, value: maps.length }
    const channels: OpAttribute = { name: 'channels', type, value: maps.map(({ shape }) => shape[3]) }
    return withGradient<tf.Tensor4D[]>((...given) => {
      const save = given.at(-1) as unknown as (tensors: tf.Tensor[]) => void
      const inputs = given.slice(0, -1) as tf.Tensor[]
      save(inputs)
      return {
        value: backend.executeSingleOutput('SelfMriConvolve', [count], inputs),
        gradFunc(dy, saved) {
          const [filter] = saved.slice(-1)
          const byMaps = backend.executeMultipleOutputs(
            'SelfMriConvolveInput',
            [count, channels],
            [dy, filter],
            maps.length,
          )
          return [...byMaps, backend.executeSingleOutput('SelfMriConvolveFilter', [count], [...saved.slice(0, -1), dy])]
        },
      }
    })(...maps, filter)
  }
}

export const transposedOf = (backend: NativeBackend): Kernels['convolveTransposed'] =>
  withGradient<[tf.Tensor4D, tf.Tensor4D]>((x, filter, save) => {
    save([x, filter])
    return {
      value: backend.executeSingleOutput('SelfMriTransposed', [], [x, filter]),
      gradFunc: (dy, [x, filter]) => [
        backend.executeSingleOutput('SelfMriTransposedInput', [], [dy, filter]),
        backend.executeSingleOutput('SelfMriTransposedFilter', [], [x, dy]),
      ],
    }
  })

/** As a product of matrices. The gradients of TensorFlow's convolution copy all maps, when memory is at its peak. */
export const convolvePixels: Kernels['convolvePixels'] = (x, filter, bias) => {
  const [batch, height, width, from] = x.shape
  const to = filter.shape[3]
  const products = tf.matMul(tf.reshape(x, [-1, from]), tf.reshape(filter, [from, to]))
  return tf.add(tf.reshape(products, [batch, height, width, to]), bias)
}
