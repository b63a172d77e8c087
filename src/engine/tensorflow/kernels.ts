/**
 * core's kernels by native TensorFlow operations that TensorFlow.js does not use: FusedBatchNormV3 (which is also
 * instance norm if the batch is one image), LeakyRelu, and FFT2D on bit-cast floats. See
 * docs/decisions/0009-kernels-chosen-by-name.md.
 */
import * as tf from '@tensorflow/tfjs-core'
import {
  convolve,
  convolvePixels,
  convolveTransposed,
  type Kernels,
  LEAKY_SLOPE,
  NORM_EPSILON,
  normalBy,
} from '../../core/kernels.ts'
import type { Direction } from '../../core/mri/fourier.ts'
import { plainUpdate } from '../../core/training/updates.ts'
import type { OpAttribute } from './graph/native.ts'

/** The part of tfjs-node's backend and binding that this folder calls. */
export interface NativeBackend {
  readonly binding: Record<
    'TF_FLOAT' | 'TF_COMPLEX64' | 'TF_ATTR_TYPE' | 'TF_ATTR_FLOAT' | 'TF_ATTR_INT' | 'TF_ATTR_STRING' | 'TF_ATTR_BOOL',
    number
  > & { readonly TF_Version: string }
  readonly isUsingGpuDevice: boolean
  executeSingleOutput(name: string, attributes: OpAttribute[], inputs: tf.Tensor[]): tf.Tensor
  executeMultipleOutputs(name: string, attributes: OpAttribute[], inputs: tf.Tensor[], outputs: number): tf.Tensor[]
}

type Forward<Inputs extends tf.Tensor[]> = (...inputs: [...Inputs, save: (tensors: tf.Tensor[]) => void]) => {
  value: tf.Tensor
  gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => tf.Tensor | tf.Tensor[]
}

/** `tf.customGrad` with a type that names the inputs and the saved tensors. */
export const withGradient = tf.customGrad as unknown as <Inputs extends tf.Tensor[]>(
  forward: Forward<Inputs>,
) => (...inputs: Inputs) => tf.Tensor4D

/**
 * Splits vectors by Slice. TensorFlow's SplitV copies each part. Slice copies only parts that do not start and end on
 * boundaries of 64 bytes.
 */
export function splitVectorsInPlace(backend: NativeBackend): void {
  if (backend.isUsingGpuDevice) return // not measured on a GPU
  const kernel = tf.getKernel('SplitV', tf.getBackend())
  const split: tf.KernelFunc = args => {
    const x = args.inputs.x as tf.Tensor
    if (x.rank !== 1) return kernel.kernelFunc(args)
    const { numOrSizeSplits } = args.attrs as unknown as tf.SplitVAttrs
    let begin = 0
    return tf.backend_util.prepareSplitSize(x, numOrSizeSplits).map(size => {
      const part = tf.slice(x, begin, size)
      begin += size
      return part
    })
  }
  tf.unregisterKernel('SplitV', tf.getBackend())
  tf.registerKernel({ ...kernel, kernelFunc: split })
}

/** From this many elements per sample on, a batch is normalised sample by sample, because this was measured faster. */
const LARGE_SAMPLE = 2 ** 16

/** Fused kernels on a native backend. Their few constant tensors live as long as the backend. */
export function fusedKernels(backend: NativeBackend): Omit<Kernels, 'inBfloat16'> {
  const { instanceNorm, batchNorm } = norms(backend, makeNormalise(backend))
  // Relu is not used, because the graph optimizer would fuse Relu with a batch norm before it. The last bit would then
  // differ.
  const relu = rectifier(backend, 0)
  const leakyRelu = rectifier(backend, LEAKY_SLOPE)
  const transforms = { fourier: fourierOf(backend), complexProduct: complexProductOf(backend) }
  return {
    convolve,
    convolvePixels,
    convolveTransposed,
    normLeakyRelu: x => leakyRelu(instanceNorm(x)),
    batchNormRelu(x, scale, offset) {
      const { y, ...statistics } = batchNorm(x, scale, offset)
      return { activated: relu(y), ...statistics }
    },
    biasRelu: (x, bias) => relu(tf.add(x, bias)),
    update: plainUpdate,
    ...transforms,
    normal: normalBy(transforms),
  }
}

const typeAttribute = ({ binding }: NativeBackend, name: string, value: number): OpAttribute => ({
  name,
  type: binding.TF_ATTR_TYPE,
  value,
})

export const numberAttribute = ({ binding }: NativeBackend, name: string, value: number): OpAttribute => ({
  name,
  type: binding.TF_ATTR_FLOAT,
  value,
})

type Layout = 'NHWC' | 'NCHW'

interface Normalise {
  /**
   * Normalises each channel over the whole batch. `hear` gets each channel's mean and unbiased variance, which are
   * disposed when `hear` returns.
   */
  together(
    x: tf.Tensor4D,
    scale: tf.Tensor1D,
    offset: tf.Tensor1D,
    options?: { readonly layout?: Layout; readonly hear?: Hear },
  ): tf.Tensor4D
  /** Normalises each map by its own mean and variance, without scale and offset. */
  maps(x: tf.Tensor4D, maps: number, layout: Layout): tf.Tensor4D
}

function makeNormalise(backend: NativeBackend): Normalise {
  const { binding } = backend
  const kept = new Map<string, tf.Tensor>()
  const constant = (key: string, make: () => tf.Tensor): tf.Tensor => {
    const found = kept.get(key)
    if (found) return found
    const made = tf.keep(make())
    kept.set(key, made)
    return made
  }

  const normAttributes = (layout: Layout): OpAttribute[] => [
    typeAttribute(backend, 'T', binding.TF_FLOAT),
    typeAttribute(backend, 'U', binding.TF_FLOAT),
    numberAttribute(backend, 'epsilon', NORM_EPSILON),
    { name: 'data_format', type: binding.TF_ATTR_STRING, value: layout },
    { name: 'is_training', type: binding.TF_ATTR_BOOL, value: true },
  ]
  const attributesOf = { NHWC: normAttributes('NHWC'), NCHW: normAttributes('NCHW') }

  const together: Normalise['together'] = (x, scale, offset, { layout = 'NHWC', hear = () => {} } = {}) => {
    const attributes = attributesOf[layout]
    const none = constant('empty', () => tf.tensor1d([]))
    return withGradient<[tf.Tensor4D, tf.Tensor1D, tf.Tensor1D]>((x, scale, offset, save) => {
      const [y, batchMean, batchVariance, mean, variance, reserve] = backend.executeMultipleOutputs(
        'FusedBatchNormV3',
        attributes,
        [x, scale, offset, none, none],
        6,
      )
      hear(batchMean as tf.Tensor1D, batchVariance as tf.Tensor1D)
      save([x, scale, mean, variance, reserve])
      return {
        value: y,
        // The last two outputs of this operation are empty.
        gradFunc: (dy, saved) =>
          backend.executeMultipleOutputs('FusedBatchNormGradV3', attributes, [dy, ...saved], 5).slice(0, 3),
      }
    })(x, scale, offset)
  }

  return {
    together,
    maps: (x, maps, layout) =>
      together(
        x,
        constant(`ones ${maps}`, () => tf.ones([maps])) as tf.Tensor1D,
        constant(`zeros ${maps}`, () => tf.zeros([maps])) as tf.Tensor1D,
        { layout },
      ),
  }
}

type Hear = (mean: tf.Tensor1D, variance: tf.Tensor1D) => void

/** Computes a norm with a gradient, and keeps the statistics that `hear` gets. The tape would dispose them. */
export function withStatistics(compute: (hear: Hear) => tf.Tensor4D) {
  const kept: tf.Tensor1D[] = []
  const y = compute((...statistics) => void kept.push(...statistics.map(tf.keep)))
  const [mean, variance] = kept.map(tensor => tf.clone(tensor)) // the clones belong to the caller's scope
  tf.dispose(kept)
  return { y, mean, variance }
}

function norms(backend: NativeBackend, { together, maps: normaliseMaps }: Normalise) {
  const batchNorm = (x: tf.Tensor4D, scale: tf.Tensor1D, offset: tf.Tensor1D) =>
    withStatistics(hear => together(x, scale, offset, { hear }))

  function instanceNorm(x: tf.Tensor4D): tf.Tensor4D {
    if (x.shape[0] === 1) return normaliseMaps(x, x.shape[3], 'NHWC')
    return backend.isUsingGpuDevice ? normaliseChannelsFirst(x) : normaliseBatch(x)
  }

  /** On a GPU the graph optimizer converts convolutions to channels first. Its transpositions cancel with these two. */
  function normaliseChannelsFirst(x: tf.Tensor4D): tf.Tensor4D {
    const [batch, height, width, channels] = x.shape
    const maps = batch * channels
    const first = tf.reshape(tf.transpose(x, [0, 3, 1, 2]), [1, maps, height, width]) as tf.Tensor4D
    const normalised = tf.reshape(normaliseMaps(first, maps, 'NCHW'), [batch, channels, height, width])
    return tf.transpose(normalised, [0, 2, 3, 1]) as tf.Tensor4D
  }

  /**
   * Normalises each sample by its own statistics. For large samples, moving samples into channels and back takes longer
   * than one norm per sample.
   */
  function normaliseBatch(x: tf.Tensor4D): tf.Tensor4D {
    const [batch, height, width, channels] = x.shape
    if (height * width * channels >= LARGE_SAMPLE) {
      return tf.concat(
        tf.split(x, batch, 0).map(sample => instanceNorm(sample as tf.Tensor4D)),
        0,
      )
    }
    const together = tf.reshape(tf.transpose(x, [1, 2, 0, 3]), [1, height, width, batch * channels]) as tf.Tensor4D
    return tf.transpose(tf.reshape(instanceNorm(together), [height, width, batch, channels]), [2, 0, 1, 3])
  }

  return { instanceNorm, batchNorm }
}

function rectifier(backend: NativeBackend, slope: number): (x: tf.Tensor4D) => tf.Tensor4D {
  const attributes = [typeAttribute(backend, 'T', backend.binding.TF_FLOAT), numberAttribute(backend, 'alpha', slope)]
  return withGradient<[tf.Tensor4D]>((x, save) => {
    const y = backend.executeSingleOutput('LeakyRelu', attributes, [x])
    save([y])
    return {
      value: y,
      // The kernel needs only the sign of x. y has the same sign, so y is passed in place of x.
      gradFunc: (dy, saved) => backend.executeSingleOutput('LeakyReluGrad', attributes, [dy, saved[0]]),
    }
  })
}

/** Pairs of float32 as complex numbers and back, in the same memory. */
function bitcastsOf(backend: NativeBackend) {
  const { TF_FLOAT, TF_COMPLEX64 } = backend.binding
  const attributes = (from: number, to: number) => [
    typeAttribute(backend, 'T', from),
    typeAttribute(backend, 'type', to),
  ]
  const [toComplex, toPairs] = [attributes(TF_FLOAT, TF_COMPLEX64), attributes(TF_COMPLEX64, TF_FLOAT)]
  return {
    complex: (x: tf.Tensor) => backend.executeSingleOutput('Bitcast', toComplex, [x]),
    pairs: (x: tf.Tensor) => backend.executeSingleOutput('Bitcast', toPairs, [x]),
  }
}

/** By FFT2D and IFFT2D on bit-cast floats. Rolls centre both domains. */
function fourierOf(backend: NativeBackend): Kernels['fourier'] {
  const { complex, pairs } = bitcastsOf(backend)
  const transformAttributes = [typeAttribute(backend, 'Tcomplex', backend.binding.TF_COMPLEX64)]
  const transformed = (x: tf.Tensor, direction: Direction) => {
    const [, height, width] = x.shape
    const isForward = direction === 'forward'
    const name = isForward ? 'FFT2D' : 'IFFT2D'
    const result = backend.executeSingleOutput(name, transformAttributes, [complex(uncentred(x))])
    const root = Math.sqrt(height * width)
    return tf.mul(centred(pairs(result)), isForward ? 1 / root : root) as tf.Tensor4D
  }
  return unitary((x, direction) => tf.tidy(() => transformed(x, direction)))
}

/** By complex Mul and Conj on bit-cast floats. */
function complexProductOf(backend: NativeBackend): Kernels['complexProduct'] {
  const { complex, pairs } = bitcastsOf(backend)
  const attributes = [typeAttribute(backend, 'T', backend.binding.TF_COMPLEX64)]
  const conjugate = (x: tf.Tensor) => backend.executeSingleOutput('Conj', attributes, [x])
  return (a, b, conjugated) =>
    tf.tidy(() => {
      const factor = conjugated ? conjugate(complex(a)) : complex(a)
      return pairs(backend.executeSingleOutput('Mul', attributes, [factor, complex(b)]))
    })
}

/** A Fourier transform with its gradient: the other direction, because the transform is unitary. */
export const unitary =
  (transform: (x: tf.Tensor, direction: Direction) => tf.Tensor): Kernels['fourier'] =>
  (x, direction) =>
    withGradient<[tf.Tensor4D]>(x => ({
      value: transform(x, direction),
      gradFunc: dy => transform(dy, direction === 'forward' ? 'inverse' : 'forward'),
    }))(x)

/** Moves the first `by` entries of an axis to its end. */
function turned(x: tf.Tensor, axis: number, by: number): tf.Tensor {
  if (by === 0) return x
  return tf.concat(tf.split(x, [by, x.shape[axis] - by], axis).reverse(), axis)
}

const uncentred = (x: tf.Tensor) => [1, 2].reduce((each, axis) => turned(each, axis, Math.floor(x.shape[axis] / 2)), x)
const centred = (x: tf.Tensor) => [1, 2].reduce((each, axis) => turned(each, axis, Math.ceil(x.shape[axis] / 2)), x)
