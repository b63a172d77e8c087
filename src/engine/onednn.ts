/**
 * oneDNN's kernels by their own names. TensorFlow gives its operations to oneDNN where the processor has instructions for neural networks (AVX-512 VNNI
 * and later), else to Eigen: all or nothing. On a processor with AVX2 alone oneDNN is two to five times as fast at a convolution's gradient by
 * its input and at batch norm, and slower at the rest, so those are called here whatever TensorFlow chose.
 */
import { readFileSync } from 'node:fs'
import process from 'node:process'
import * as tf from '@tensorflow/tfjs-core'
import type { NativeBackend, OpAttribute } from './kernels.ts'

/** For which oneDNN is the faster one, and what it calls them. A product of matrices is one only for `filterGradient`. */
const OPERATIONS: ReadonlyMap<string, string> = new Map([
  ['Conv2DBackpropInput', '_MklNativeConv2DBackpropInput'],
  ['FusedBatchNormV3', '_MklNativeFusedBatchNormV3'],
  ['FusedBatchNormGradV3', '_MklNativeFusedBatchNormGradV3'],
  ['MatMul', '_MklMatMul'],
])

/** Elements of an operation’s largest input: with fewer, setting oneDNN up takes longer than it spares. A norm and its gradient have maps of one size, so they agree. */
const SMALLEST = 2 ** 14

/**
 * A filter's gradient is a product of matrices as long as there are pixels and as wide as there are channels. Eigen is slow at tall ones: with fewer
 * pixels a channel than this, or fewer channels, it is the faster one.
 */
const TALL = 100
const FEWEST_CHANNELS = 16

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
  try {
    tf.tidy(() => matrixProduct(oneDnn, tf.ones([SMALLEST, 1]), tf.ones([SMALLEST, 1])))
  } catch {
    return backend // a build without it
  }
  replaceKernel('Conv2DBackpropInput', standard => args => standard({ ...args, backend: oneDnn }))
  replaceKernel(
    'Conv2DBackpropFilter',
    standard => args => filterGradient(oneDnn, args as unknown as FilterGradient) ?? standard(args),
  )
  return oneDnn
}

function replaceKernel(name: string, replacement: (standard: tf.KernelFunc) => tf.KernelFunc): void {
  const kernel = tf.getKernel(name, tf.getBackend())
  tf.unregisterKernel(name, tf.getBackend())
  tf.registerKernel({ ...kernel, kernelFunc: replacement(kernel.kernelFunc) })
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

/** aᵀ · b of [n, i] and [n, j]. */
function matrixProduct(backend: NativeBackend, a: tf.Tensor, b: tf.Tensor): tf.Tensor {
  const { TF_FLOAT, TF_ATTR_TYPE, TF_ATTR_BOOL } = backend.binding
  const attributes = [
    { name: 'T', type: TF_ATTR_TYPE, value: TF_FLOAT },
    { name: 'transpose_a', type: TF_ATTR_BOOL, value: true },
    { name: 'transpose_b', type: TF_ATTR_BOOL, value: false },
  ]
  return backend.executeSingleOutput('MatMul', attributes, [a, b])
}

interface FilterGradient {
  readonly inputs: { readonly x: tf.Tensor4D; readonly dy: tf.Tensor4D }
  readonly attrs: {
    readonly strides: number | [number, number]
    readonly pad: string
    readonly dataFormat: string
    readonly filterShape: readonly [number, number, number, number]
  }
}

/**
 * A convolution's gradient by its 3 × 3 filter, dw[i, j, c, d] = Σ x[h + i − 1, w + j − 1, c] · dy[h, w, d], as three products of matrices: pixels of all rows
 * (and images) follow one another, padded by two a row, so that a shift is an offset, and x three times beside itself holds a row of the filter.
 * `null` for other filters, and where TensorFlow's own is the faster one.
 */
function filterGradient(
  backend: NativeBackend,
  { inputs: { x, dy }, attrs: { strides, pad, dataFormat, filterShape } }: FilterGradient,
): tf.Tensor | null {
  const [size, width, from, to] = filterShape
  const [batch, rows, columns] = x.shape
  const applies =
    size === 3 && width === 3 && pad === 'same' && dataFormat === 'NHWC' && [strides].flat().every(step => step === 1)
  const isTall = Math.min(from, to) >= FEWEST_CHANNELS && batch * rows * columns >= TALL * Math.max(from, to)
  if (!applies || !isTall) return null
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
      matrixProduct(backend, tf.slice(beside, [i * row, 0], [length, 3 * from]), gradients),
    )
    return tf.reshape(tf.stack(products), [...filterShape])
  })
}
