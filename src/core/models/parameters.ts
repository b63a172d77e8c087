/**
 * A network's parameters as one flat vector. An optimizer then takes a dozen operations for any number of tensors.
 * The vector holds TensorFlow.js's layouts. PyTorch's layouts appear only in checkpoints.
 */
import * as tf from '@tensorflow/tfjs-core'
import { AppError } from '../../contract/errors.ts'
import { stream } from '../mri/random.ts'
import type { ParameterSpec, Parameters } from './network.ts'

/** Values of a tensor in a plain array. Parameters are in PyTorch's layout, images are [h, w, 1]. */
export interface PlainTensor {
  readonly shape: readonly number[]
  readonly data: Float32Array
}

const size = (shape: readonly number[]) => shape.reduce((product, n) => product * n, 1)

export const countParameters = (specs: readonly ParameterSpec[]) =>
  specs.reduce((sum, spec) => sum + size(spec.shape), 0)

/** For each axis of TensorFlow.js's layout: the axis of PyTorch's layout. */
const TORCH_AXES = {
  conv: [2, 3, 1, 0],
  'conv-transpose': [2, 3, 1, 0],
  linear: [1, 0],
  matrix: [0, 1],
  vector: [0],
} as const

const shapeHere = (spec: ParameterSpec) => TORCH_AXES[spec.kind].map(axis => spec.shape[axis])

/** Fresh parameters. Each tensor has a stream of (seed, its name), so equal names in two networks get equal values. */
export function initialParameters(specs: readonly ParameterSpec[], seed: number): Float32Array {
  const flat = new Float32Array(countParameters(specs))
  let offset = 0
  for (const spec of specs) {
    const values = flat.subarray(offset, offset + size(spec.shape))
    offset += values.length
    if (typeof spec.initial === 'number') {
      values.fill(spec.initial)
      continue
    }
    const random = stream(seed, `initialise ${spec.name}`)
    const bound = 1 / Math.sqrt(spec.fanIn)
    for (let i = 0; i < values.length; i++) values[i] = (random.uniform() * 2 - 1) * bound
    if (spec.initial === 'unit rows') scaleRows(values, spec.shape[1])
  }
  return flat
}

/** Scales rows of `length` elements to norm 1, in place. */
function scaleRows(values: Float32Array, length: number): void {
  for (let row = 0; row < values.length; row += length) {
    const part = values.subarray(row, row + length)
    const norm = Math.hypot(...part)
    for (let i = 0; i < length; i++) part[i] /= norm
  }
}

/** The flat vector [n] with new values for the named tensors. `values` are in TensorFlow.js's layouts. */
export function replace(
  flat: tf.Tensor1D,
  specs: readonly ParameterSpec[],
  values: ReadonlyMap<string, tf.Tensor>,
): tf.Tensor1D {
  if (values.size === 0) return flat
  const parts: tf.Tensor1D[] = []
  let [from, to] = [0, 0] // range that is kept since the last replaced tensor
  const keep = () => {
    if (to > from) parts.push(tf.slice(flat, from, to - from))
  }
  for (const spec of specs) {
    const value = values.get(spec.name)
    const end = to + size(spec.shape)
    if (value) {
      keep()
      parts.push(tf.reshape(value, [-1]))
      from = end
    }
    to = end
  }
  keep()
  return tf.concat(parts)
}

/** The flat vector [n] as named tensors; differentiable. */
export function unpack(flat: tf.Tensor1D, specs: readonly ParameterSpec[]): Parameters {
  const parts = tf.split(
    flat,
    specs.map(spec => size(spec.shape)),
  )
  return Object.fromEntries(specs.map((spec, i) => [spec.name, tf.reshape(parts[i], shapeHere(spec))]))
}

/**
 * Copies `source` (row-major, at most four axes) to `result` with its axes reordered: result axis i is source axis
 * `axes[i]`.
 * The inner loop runs along the longer of the two last axes, the source's or the result's.
 * This is faster, because a kernel's rows have three elements and its channels have hundreds.
 */
function permute(source: Float32Array, shape: readonly number[], axes: readonly number[], result: Float32Array): void {
  if (shape.length === 1) {
    result.set(source)
    return
  }
  const sizes = axes.map(axis => shape[axis])
  const stepsOf = (lengths: readonly number[]) => lengths.map((_, axis) => size(lengths.slice(axis + 1)))
  const from = stepsOf(shape)
  const to = stepsOf(sizes)
  // Axes in the order of the result: the length of each axis, and its steps in both arrays.
  const walk = axes.map((axis, i) => ({ length: sizes[i], read: from[axis], write: to[i] }))
  if (shape.at(-1)! > sizes.at(-1)!) walk.sort((one, other) => other.read - one.read)
  const [a, b, c, d] = [
    ...Array<(typeof walk)[number]>(4 - walk.length).fill({ length: 1, read: 0, write: 0 }),
    ...walk,
  ]
  for (let i = 0; i < a.length; i++)
    for (let j = 0; j < b.length; j++)
      for (let k = 0; k < c.length; k++) {
        let read = i * a.read + j * b.read + k * c.read
        let write = i * a.write + j * b.write + k * c.write
        for (let l = 0; l < d.length; l++, read += d.read, write += d.write) result[write] = source[read]
      }
}

/** Flat vector → named tensors in PyTorch's layouts. */
export function toTorch(flat: Float32Array, specs: readonly ParameterSpec[]): Map<string, PlainTensor> {
  const tensors = new Map<string, PlainTensor>()
  let offset = 0
  for (const spec of specs) {
    const values = flat.subarray(offset, offset + size(spec.shape))
    const axes = TORCH_AXES[spec.kind]
    const inverse = spec.shape.map((_, axis) => axes.indexOf(axis as never))
    const data = new Float32Array(values.length)
    permute(values, shapeHere(spec), inverse, data)
    tensors.set(spec.name, { shape: spec.shape, data })
    offset += values.length
  }
  return tensors
}

function requireMinimum({ name, minimum }: ParameterSpec, data: Float32Array, origin: string): void {
  const refused = minimum && data.find(value => !(value >= Math.fround(minimum.value)))
  if (refused === undefined) return
  throw new AppError(
    'INVALID_ARGUMENT',
    `Expected ${name} of at least ${minimum!.value}, got ${refused}, in ${origin}. ${minimum!.because} ` +
      'Choose another checkpoint of the run, or train again with a lower learning rate.',
  )
}

/**
 * Named tensors in PyTorch's layouts → flat vector. Errors name `origin`.
 * Throws `SHAPE_MISMATCH` if a tensor of `specs` is missing or has another shape, and `INVALID_ARGUMENT` if an element
 * is below the parameter's minimum.
 */
export function fromTorch(
  tensors: ReadonlyMap<string, PlainTensor>,
  specs: readonly ParameterSpec[],
  origin: string,
): Float32Array {
  const flat = new Float32Array(countParameters(specs))
  let offset = 0
  for (const spec of specs) {
    const tensor = tensors.get(spec.name)
    const shape = spec.shape.join(' × ')
    if (!tensor)
      throw new AppError('SHAPE_MISMATCH', `Expected a tensor ${spec.name} of ${shape}, got none, in ${origin}`)
    if (tensor.shape.join(' × ') !== shape) {
      throw new AppError(
        'SHAPE_MISMATCH',
        `Expected ${spec.name} of ${shape}, got ${tensor.shape.join(' × ')}, in ${origin}`,
      )
    }
    requireMinimum(spec, tensor.data, origin)
    const place = flat.subarray(offset, offset + tensor.data.length)
    permute(tensor.data, spec.shape, TORCH_AXES[spec.kind], place)
    offset += tensor.data.length
  }
  return flat
}
