/**
 * core's kernels as native TensorFlow operations that TensorFlow.js does not use itself:
 * FusedBatchNormV3 (with a batch of one it is instance norm too), LeakyRelu, and IFFT on bit-cast floats.
 */
import * as tf from '@tensorflow/tfjs-core'
import { type Kernels, LEAKY_SLOPE, NORM_EPSILON } from '../core/kernels.ts'

interface OpAttribute {
  readonly name: string
  readonly type: number
  readonly value: unknown
}

/** The part of tfjs-node's backend and binding that is called here. */
export interface NativeBackend {
  readonly binding: Record<
    'TF_FLOAT' | 'TF_COMPLEX64' | 'TF_ATTR_TYPE' | 'TF_ATTR_FLOAT' | 'TF_ATTR_STRING' | 'TF_ATTR_BOOL',
    number
  > & { readonly TF_Version: string }
  readonly isUsingGpuDevice: boolean
  executeSingleOutput(name: string, attributes: OpAttribute[], inputs: tf.Tensor[]): tf.Tensor
  executeMultipleOutputs(name: string, attributes: OpAttribute[], inputs: tf.Tensor[], outputs: number): tf.Tensor[]
}

type Forward = (
  x: tf.Tensor4D,
  save: (tensors: tf.Tensor[]) => void,
) => { value: tf.Tensor; gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => tf.Tensor }

/** `tf.customGrad` for one input; its own type lets neither the input nor the saved tensors be named. */
const withGradient = tf.customGrad as unknown as (forward: Forward) => (x: tf.Tensor4D) => tf.Tensor4D

/** Fused kernels on a native backend. Their few constant tensors live as long as the backend. */
export function fusedKernels(backend: NativeBackend): Kernels {
  const { binding } = backend
  const type = (name: string, value: number): OpAttribute => ({ name, type: binding.TF_ATTR_TYPE, value })
  const number = (name: string, value: number): OpAttribute => ({ name, type: binding.TF_ATTR_FLOAT, value })
  const kept = new Map<string, tf.Tensor>()
  const constant = (key: string, make: () => tf.Tensor): tf.Tensor => {
    const found = kept.get(key)
    if (found) return found
    const made = tf.keep(make())
    kept.set(key, made)
    return made
  }

  const normAttributes = [
    type('T', binding.TF_FLOAT),
    type('U', binding.TF_FLOAT),
    number('epsilon', NORM_EPSILON),
    { name: 'data_format', type: binding.TF_ATTR_STRING, value: 'NHWC' },
    { name: 'is_training', type: binding.TF_ATTR_BOOL, value: true },
  ]
  const normaliseTogether = withGradient((x, save) => {
    const channels = x.shape[3]
    const scale = constant(`ones ${channels}`, () => tf.ones([channels]))
    const offset = constant(`zeros ${channels}`, () => tf.zeros([channels]))
    const none = constant('empty', () => tf.tensor1d([]))
    const [y, , , mean, variance, reserve] = backend.executeMultipleOutputs(
      'FusedBatchNormV3',
      normAttributes,
      [x, scale, offset, none, none],
      6,
    )
    save([x, mean, variance, reserve])
    return {
      value: y,
      gradFunc: (dy, saved) => {
        const [input, ...statistics] = saved
        return backend.executeMultipleOutputs(
          'FusedBatchNormGradV3',
          normAttributes,
          [dy, input, scale, ...statistics],
          5,
        )[0]
      },
    }
  })

  /** The batch moves into the channels, [1, height, width, batch · channel]: each sample then has statistics of its own. */
  function normaliseBatch(x: tf.Tensor4D): tf.Tensor4D {
    const [batch, height, width, channels] = x.shape
    const together = tf.reshape(tf.transpose(x, [1, 2, 0, 3]), [1, height, width, batch * channels]) as tf.Tensor4D
    return tf.transpose(tf.reshape(normaliseTogether(together), [height, width, batch, channels]), [2, 0, 1, 3])
  }

  const leakyAttributes = [type('T', binding.TF_FLOAT), number('alpha', LEAKY_SLOPE)]
  const leakyRelu = withGradient((x, save) => {
    const y = backend.executeSingleOutput('LeakyRelu', leakyAttributes, [x])
    save([y])
    return {
      value: y,
      // The sign of y is the sign of x, so y serves where the kernel asks for its features.
      gradFunc: (dy, saved) => backend.executeSingleOutput('LeakyReluGrad', leakyAttributes, [dy, saved[0]]),
    }
  })

  const toComplex = [type('T', binding.TF_FLOAT), type('type', binding.TF_COMPLEX64)]
  const toFloat = [type('T', binding.TF_COMPLEX64), type('type', binding.TF_FLOAT)]
  const transformAttributes = [type('Tcomplex', binding.TF_COMPLEX64)]

  return {
    instanceNorm: x => (x.shape[0] === 1 ? normaliseTogether(x) : normaliseBatch(x)),
    batchNorm: normaliseTogether,
    leakyRelu,
    inverseDft: x =>
      tf.tidy(() => {
        const lines = backend.executeSingleOutput('Bitcast', toComplex, [x])
        const transformed = backend.executeSingleOutput('IFFT', transformAttributes, [lines])
        return backend.executeSingleOutput('Bitcast', toFloat, [transformed]) as tf.Tensor3D
      }),
  }
}
