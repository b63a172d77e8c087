/**
 * oneDNN's kernels by their own names. TensorFlow gives its operations to oneDNN where the processor has instructions for neural networks (AVX-512 VNNI
 * and later), else to Eigen: all or nothing. On a processor with AVX2 alone oneDNN is two to five times as fast at a convolution's gradient by
 * its input, at batch norm and at many products of matrices at once, and slower at the rest; with those instructions it is faster at all of them but where
 * maps are small, as setting a kernel up takes longer than it. So the engine starts TensorFlow without (`TF_ENABLE_ONEDNN_OPTS=0`), and calls it here
 * where it is the faster one. Convolutions of many channels are products of matrices (`winograd.ts`).
 */
import { readFileSync } from 'node:fs'
import process from 'node:process'
import * as tf from '@tensorflow/tfjs-core'
import type { OpAttribute } from './graph/native.ts'
import { type NativeBackend, replaceKernel } from './kernels.ts'
import { type MatrixProduct, makeWinograd } from './winograd.ts'

/** Above which convolutions are Winograd's: with fewer channels or pixels (of all images) its transforms take longer than the products that they spare. */
interface Above {
  readonly channels: number
  readonly pixels: number
}

/** What is fastest on a processor; measured. */
export interface Ways {
  /** Operations, and a convolution's products of matrices, for which oneDNN is the faster one. */
  readonly oneDnn: readonly string[]
  /** A convolution, and its gradients; `null`: by the definition. */
  readonly winograd: { readonly forward: Above; readonly input: Above | null; readonly filter: Above | null }
  /** A filter's gradient as products of matrices. */
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

/** Elements of an operation’s largest input: with fewer, setting oneDNN up takes longer than it spares. A norm and its gradient have maps of one size, so they agree. */
const SMALLEST = 2 ** 14

/**
 * A filter's gradient is a product of matrices as long as there are pixels and as wide as there are channels. Eigen is slow at tall ones: with fewer
 * pixels a channel than this, or fewer channels, it is the faster one.
 */
const TALL = 100
const FEWEST_CHANNELS = 16

/** `null` where TensorFlow is told to take oneDNN of itself, and on a system on which nothing was measured. */
function waysHere(): Ways | null {
  if (process.env.TF_ENABLE_ONEDNN_OPTS === '1') return null
  try {
    const hasInstructions = /\b(?:avx512_vnni|avx512_bf16|avx_vnni|amx_\w+)\b/.test(
      readFileSync('/proc/cpuinfo', 'utf8'),
    )
    return hasInstructions ? AVX512 : AVX2
  } catch {
    return null
  }
}

/** The backend with what is fastest by oneDNN, products or Winograd; as it is on a GPU, and where the library has no oneDNN. */
export function useOneDnn(backend: NativeBackend, ways: Ways | null = waysHere()): NativeBackend {
  if (backend.isUsingGpuDevice || !ways) return backend
  const oneDnn = oneDnnBackend(backend, ways)
  const product = productsOf(oneDnn)
  try {
    tf.tidy(() => product(tf.ones([1, SMALLEST]), tf.ones([SMALLEST, 1])))
  } catch {
    return backend // a build without it
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

/** 3 × 3 of all pixels, within a border of zeros. */
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
