/**
 * oneDNN's kernels by their own names. TensorFlow gives its operations to oneDNN where the processor has instructions for neural networks (AVX-512 VNNI
 * and later), else to Eigen: all or nothing. On a processor with AVX2 alone oneDNN is two to five times as fast at a convolution's gradient by
 * its input, at batch norm and at many products of matrices at once, and slower at the rest, so those are called here whatever TensorFlow chose.
 * Convolutions of many channels are such products there (`winograd.ts`).
 */
import { readFileSync } from 'node:fs'
import process from 'node:process'
import * as tf from '@tensorflow/tfjs-core'
import { type NativeBackend, type OpAttribute, replaceKernel } from './kernels.ts'
import { type MatrixProduct, makeWinograd } from './winograd.ts'

/** For which oneDNN is the faster one, and what it calls them. Products of matrices are those of convolutions alone. */
const OPERATIONS: ReadonlyMap<string, string> = new Map([
  ['Conv2DBackpropInput', '_MklNativeConv2DBackpropInput'],
  ['FusedBatchNormV3', '_MklNativeFusedBatchNormV3'],
  ['FusedBatchNormGradV3', '_MklNativeFusedBatchNormGradV3'],
  ['MatMul', '_MklMatMul'],
  ['BatchMatMulV2', '_MklBatchMatMulV2'],
])

/** Elements of an operation’s largest input: with fewer, setting oneDNN up takes longer than it spares. A norm and its gradient have maps of one size, so they agree. */
const SMALLEST = 2 ** 14

/**
 * A filter's gradient is a product of matrices as long as there are pixels and as wide as there are channels. Eigen is slow at tall ones: with fewer
 * pixels a channel than this, or fewer channels, it is the faster one.
 */
const TALL = 100
const FEWEST_CHANNELS = 16

/** With fewer channels or pixels (of all images) Winograd's transforms take longer than the products that they spare. */
const WINOGRAD = { channels: 256, gradientChannels: 128, pixels: 1500 }

/** TensorFlow's own rule, for a build with oneDNN: the environment variable, else the processor. */
function leavesItToTensorflow(): boolean {
  if (process.env.TF_ENABLE_ONEDNN_OPTS) return true
  try {
    return /\b(?:avx512_vnni|avx512_bf16|avx_vnni|amx_\w+)\b/.test(readFileSync('/proc/cpuinfo', 'utf8'))
  } catch {
    return true // a system on which nothing was measured
  }
}

/** The backend with `OPERATIONS` and a filter's gradient by oneDNN; as it is on a GPU, and where TensorFlow takes oneDNN of itself or has none. */
export function useOneDnn(backend: NativeBackend, leaves = leavesItToTensorflow()): NativeBackend {
  if (backend.isUsingGpuDevice || leaves) return backend
  const oneDnn = oneDnnBackend(backend)
  const product = productsOf(oneDnn)
  try {
    tf.tidy(() => product(tf.ones([1, SMALLEST]), tf.ones([SMALLEST, 1])))
  } catch {
    return backend // a build without it
  }
  const winograd = makeWinograd(product)
  replaceKernel('Conv2D', standard => args => {
    const { inputs, attrs } = args as unknown as Convolution
    const { x, filter } = inputs
    return isPlain(attrs, filter.shape) && isWide(x, filter.shape, WINOGRAD.channels)
      ? winograd.convolve(x, filter)
      : standard(args)
  })
  replaceKernel('Conv2DBackpropInput', standard => args => {
    const { inputs, attrs } = args as unknown as InputGradient
    const { dy, filter } = inputs
    return isPlain(attrs, filter.shape) && isWide(dy, filter.shape, WINOGRAD.channels)
      ? winograd.inputGradient(dy, filter)
      : standard({ ...args, backend: oneDnn })
  })
  replaceKernel('Conv2DBackpropFilter', standard => args => {
    const { inputs, attrs } = args as unknown as FilterGradient
    const { x, dy } = inputs
    if (!isPlain(attrs, attrs.filterShape)) return standard(args)
    if (isWide(x, attrs.filterShape, WINOGRAD.gradientChannels)) return winograd.filterGradient(x, dy)
    return isTall(x, attrs.filterShape) ? filterGradient(product, x, dy) : standard(args)
  })
  return oneDnn
}

function oneDnnBackend(backend: NativeBackend): NativeBackend {
  const { binding } = backend
  const label = { name: '_kernel', type: binding.TF_ATTR_STRING, value: 'MklNameChangeOp' }
  const called = (
    name: string,
    attributes: OpAttribute[],
    inputs: tf.Tensor[],
  ): [string, OpAttribute[], tf.Tensor[]] => {
    const kernel = OPERATIONS.get(name)
    return kernel && inputs.some(({ shape }) => tf.util.sizeFromShape(shape) >= SMALLEST)
      ? [kernel, [...attributes, label], inputs]
      : [name, attributes, inputs]
  }
  const single: NativeBackend['executeSingleOutput'] = (...call) => backend.executeSingleOutput(...called(...call))
  const multiple: NativeBackend['executeMultipleOutputs'] = (name, attributes, inputs, outputs) =>
    backend.executeMultipleOutputs(...called(name, attributes, inputs), outputs)
  return Object.create(backend, { executeSingleOutput: { value: single }, executeMultipleOutputs: { value: multiple } })
}

function productsOf(backend: NativeBackend): MatrixProduct {
  const { TF_FLOAT, TF_ATTR_TYPE, TF_ATTR_BOOL } = backend.binding
  return (a, b, transpose = {}) => {
    const many = a.rank === 3
    const attributes = [
      { name: 'T', type: TF_ATTR_TYPE, value: TF_FLOAT },
      { name: many ? 'adj_x' : 'transpose_a', type: TF_ATTR_BOOL, value: transpose.a ?? false },
      { name: many ? 'adj_y' : 'transpose_b', type: TF_ATTR_BOOL, value: transpose.b ?? false },
    ]
    return backend.executeSingleOutput(many ? 'BatchMatMulV2' : 'MatMul', attributes, [a, b])
  }
}

type FilterShape = readonly [height: number, width: number, from: number, to: number]

interface Attributes {
  readonly strides: number | readonly number[]
  readonly pad: unknown
  readonly dataFormat: string
  readonly dilations?: number | readonly number[]
}

interface Convolution {
  readonly inputs: { readonly x: tf.Tensor4D; readonly filter: tf.Tensor4D }
  readonly attrs: Attributes
}

interface InputGradient {
  readonly inputs: { readonly dy: tf.Tensor4D; readonly filter: tf.Tensor4D }
  readonly attrs: Attributes
}

interface FilterGradient {
  readonly inputs: { readonly x: tf.Tensor4D; readonly dy: tf.Tensor4D }
  readonly attrs: Attributes & { readonly filterShape: FilterShape }
}

/** 3 × 3 of all pixels, within a border of zeros. */
const isPlain = ({ strides, pad, dataFormat, dilations = 1 }: Attributes, [height, width]: FilterShape): boolean =>
  height === 3 &&
  width === 3 &&
  pad === 'same' &&
  dataFormat === 'NHWC' &&
  [strides, dilations].flat().every(step => step === 1)

const pixelsOf = ({ shape: [batch, rows, columns] }: tf.Tensor4D) => batch * rows * columns

const isWide = (maps: tf.Tensor4D, [, , from, to]: FilterShape, channels: number): boolean =>
  Math.min(from, to) >= channels && pixelsOf(maps) >= WINOGRAD.pixels

const isTall = (maps: tf.Tensor4D, [, , from, to]: FilterShape): boolean =>
  Math.min(from, to) >= FEWEST_CHANNELS && pixelsOf(maps) >= TALL * Math.max(from, to)

/**
 * A convolution's gradient by its 3 × 3 filter, dw[i, j, c, d] = Σ x[h + i − 1, w + j − 1, c] · dy[h, w, d], as three products of matrices: pixels of all rows
 * (and images) follow one another, padded by two a row, so that a shift is an offset, and x three times beside itself holds a row of the filter.
 */
function filterGradient(product: MatrixProduct, x: tf.Tensor4D, dy: tf.Tensor4D): tf.Tensor {
  const [batch, rows, columns, from] = x.shape
  const to = dy.shape[3]
  return tf.tidy(() => {
    const row = columns + 2
    const pixels = batch * (rows + 2) * row
    const length = pixels - 2 * row - 2
    const listed = (map: tf.Tensor4D, border: [number, number]) =>
      tf.reshape(tf.pad(map, [[0, 0], border, border, [0, 0]]), [pixels, map.shape[3]])
    const maps = listed(x, [1, 1])
    const gradients = tf.slice(listed(dy, [0, 2]), [0, 0], [length, to])
    const shifted = [0, 1, 2].map(j => tf.slice(maps, [j, 0], [pixels - 2, from]))
    const beside = tf.concat(shifted, 1)
    const products = [0, 1, 2].map(i =>
      product(tf.slice(beside, [i * row, 0], [length, 3 * from]), gradients, { a: true }),
    )
    return tf.reshape(tf.stack(products), [3, 3, from, to])
  })
}
