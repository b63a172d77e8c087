/**
 * Calls oneDNN's kernels by name where oneDNN is faster than Eigen on this processor. See
 * docs/decisions/0009-kernels-chosen-by-name.md; docs/performance.md has the measurements.
 */
import { readFileSync } from 'node:fs'
import process from 'node:process'
import * as tf from '@tensorflow/tfjs-core'
import type { OpAttribute } from './graph/native.ts'
import { type NativeBackend, replaceKernel } from './kernels.ts'
import { type MatrixProduct, makeWinograd } from './winograd.ts'

/**
 * Thresholds for Winograd's algorithm. `pixels` counts all images of a batch. Below a threshold the transforms take
 * longer than the saved products.
 */
interface Above {
  readonly channels: number
  readonly pixels: number
}

/** The fastest kernels on a processor, by measurement. */
export interface Ways {
  /** Operations for which oneDNN is faster, including the matrix products of convolutions. */
  readonly oneDnn: readonly string[]
  /** Thresholds for a convolution and its gradients. `null`: Winograd's algorithm is not used. */
  readonly winograd: { readonly forward: Above; readonly input: Above | null; readonly filter: Above | null }
  /** Whether a filter's gradient is computed as matrix products. */
  readonly products: boolean
}

const NORMS = ['FusedBatchNormV3', 'FusedBatchNormGradV3']

export const AVX2: Ways = {
  oneDnn: ['Conv2DBackpropInput', ...NORMS, 'MatMul', 'BatchMatMulV2'],
  winograd: {
    forward: { channels: 256, pixels: 1500 },
    input: { channels: 256, pixels: 1500 },
    filter: { channels: 128, pixels: 1500 },
  },
  products: true,
}

export const AVX512: Ways = {
  oneDnn: ['Conv2D', 'Conv2DBackpropInput', 'Conv2DBackpropFilter', ...NORMS, 'MatMul', 'BatchMatMulV2'],
  winograd: { forward: { channels: 256, pixels: 400 }, input: null, filter: null },
  products: false,
}

/**
 * Least elements of an operation's largest input for oneDNN. With fewer elements, oneDNN's setup takes longer than it
 * saves. A norm and its gradient have maps of equal size, so both use one library.
 */
const SMALLEST = 2 ** 14

/**
 * A filter's gradient is a product of matrices, with a row per pixel and a column per channel. The product by oneDNN is
 * faster than Eigen's convolution only for tall matrices. `TALL` is the least ratio of pixels to channels.
 * `FEWEST_CHANNELS` is the least number of channels.
 */
const TALL = 100
const FEWEST_CHANNELS = 16

/**
 * `null` if the user has switched TensorFlow's own use of oneDNN on, or if the system was not measured. With
 * `SELF_MRI_KERNELS=avx2` a processor with AVX-512 counts as one without.
 */
function waysHere(): Ways | null {
  if (process.env.TF_ENABLE_ONEDNN_OPTS === '1') return null
  if (process.env.SELF_MRI_KERNELS === 'avx2') return AVX2
  try {
    const hasInstructions = /\b(?:avx512_vnni|avx512_bf16|avx_vnni|amx_\w+)\b/.test(
      readFileSync('/proc/cpuinfo', 'utf8'),
    )
    return hasInstructions ? AVX512 : AVX2
  } catch {
    return null
  }
}

/**
 * Returns a backend that uses oneDNN, products or Winograd where they are faster. Returns `backend` unchanged on a GPU,
 * and if the library has no oneDNN.
 */
export function useOneDnn(backend: NativeBackend, ways: Ways | null = waysHere()): NativeBackend {
  if (backend.isUsingGpuDevice || !ways) return backend
  const oneDnn = oneDnnBackend(backend, ways)
  const product = productsOf(oneDnn)
  try {
    tf.tidy(() => product(tf.ones([1, SMALLEST]), tf.ones([SMALLEST, 1])))
  } catch {
    return backend // a build without oneDNN
  }
  const { forward, input, filter } = ways.winograd
  const winograd = makeWinograd(product)
  replaceKernel('Conv2D', standard => args => {
    const { inputs, attrs } = args as unknown as Convolution
    const { x, filter } = inputs
    return isPlain(attrs, filter.shape) && isWide(x, filter.shape, forward)
      ? winograd.convolve(x, filter)
      : standard({ ...args, backend: oneDnn })
  })
  replaceKernel('Conv2DBackpropInput', standard => args => {
    const { inputs, attrs } = args as unknown as InputGradient
    const { dy, filter } = inputs
    return isPlain(attrs, filter.shape) && isWide(dy, filter.shape, input)
      ? winograd.inputGradient(dy, filter)
      : standard({ ...args, backend: oneDnn })
  })
  replaceKernel('Conv2DBackpropFilter', standard => args => {
    const { inputs, attrs } = args as unknown as FilterGradient
    const { x, dy } = inputs
    if (isPlain(attrs, attrs.filterShape)) {
      if (isWide(x, attrs.filterShape, filter)) return winograd.filterGradient(x, dy)
      if (ways.products && isTall(x, attrs.filterShape)) return filterGradient(product, x, dy)
    }
    return standard({ ...args, backend: oneDnn })
  })
  return oneDnn
}

function oneDnnBackend(backend: NativeBackend, ways: Ways): NativeBackend {
  const { binding } = backend
  const label = { name: '_kernel', type: binding.TF_ATTR_STRING, value: 'MklNameChangeOp' }
  const taken = new Set(ways.oneDnn)
  const called = (
    name: string,
    attributes: OpAttribute[],
    inputs: tf.Tensor[],
  ): [string, OpAttribute[], tf.Tensor[]] =>
    taken.has(name) && inputs.some(({ shape }) => tf.util.sizeFromShape(shape) >= SMALLEST)
      ? [name.includes('MatMul') ? `_Mkl${name}` : `_MklNative${name}`, [...attributes, label], inputs]
      : [name, attributes, inputs]
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

/** Whether a convolution is 3 × 3 with stride 1, no dilation, and a border of zeros. */
const isPlain = ({ strides, pad, dataFormat, dilations = 1 }: Attributes, [height, width]: FilterShape): boolean =>
  height === 3 &&
  width === 3 &&
  pad === 'same' &&
  dataFormat === 'NHWC' &&
  [strides, dilations].flat().every(step => step === 1)

const pixelsOf = ({ shape: [batch, rows, columns] }: tf.Tensor4D) => batch * rows * columns

const isWide = (maps: tf.Tensor4D, [, , from, to]: FilterShape, above: Above | null): boolean =>
  above !== null && Math.min(from, to) >= above.channels && pixelsOf(maps) >= above.pixels

const isTall = (maps: tf.Tensor4D, [, , from, to]: FilterShape): boolean =>
  Math.min(from, to) >= FEWEST_CHANNELS && pixelsOf(maps) >= TALL * Math.max(from, to)

/**
 * A convolution's gradient by its 3 × 3 filter as three products of matrices: dw[i, j, c, d] = Σ x[h + i − 1, w + j −
 * 1, c] · dy[h, w, d]. The pixels of all rows and images form one list. Each row is padded by two pixels, so that a
 * shift is an offset. Three shifted copies of x side by side hold a row of the filter.
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
