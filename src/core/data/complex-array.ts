/** Complex numbers that lie in a file at fixed distances, in any order of axes, as k-space of slices. */
import { AppError } from '../../contract/errors.ts'
import { beyondFloat32 } from '../extremes.ts'
import type { Stack } from './volume.ts'

export interface Axis {
  readonly size: number
  /** Distance between neighbours, in complex numbers. */
  readonly stride: number
}

export interface ComplexArray {
  /** For messages. */
  readonly path: string
  /** Bytes `from` ≤ byte < `from` + `length`, as of a `FileSource`. */
  read(from: number, length: number): Uint8Array
  /** Byte of the first number. */
  readonly first: number
  readonly type: 'complex64' | 'complex128'
  readonly littleEndian: boolean
  readonly slices: Axis
  readonly coils: Axis
  readonly rows: Axis
  readonly columns: Axis
}

/** Steps of each axis when the last axis of `sizes` is the fastest. */
export function stridesOf(sizes: readonly number[]): number[] {
  const strides = sizes.map(() => 1)
  for (let axis = sizes.length - 2; axis >= 0; axis--) strides[axis] = strides[axis + 1] * sizes[axis + 1]
  return strides
}

/** Bytes of one complex number. */
export const bytesOf = (type: ComplexArray['type']): number => (type === 'complex64' ? 8 : 16)

/** The identity of a volume includes this shape. One coil has no axis of coils, as in fastMRI's files. */
export const kspaceShape = ({ slices, coils, rows, columns }: Record<'slices' | 'coils' | 'rows' | 'columns', Axis>) =>
  coils.size === 1 ? [slices.size, rows.size, columns.size] : [slices.size, coils.size, rows.size, columns.size]

/**
 * The memory of the last slice that was lent, for the next slice of its size. New memory of a slice takes as long as a
 * third of its reading.
 */
let spare: Float32Array | null = null

function withLent<T>(length: number, use: (values: Float32Array) => T): T {
  const lent = spare?.length === length ? spare : new Float32Array(length)
  spare = null // `use` may read another slice
  try {
    return use(lent)
  } finally {
    spare = lent
  }
}

/** K-space that is stored as an array: each slice is read by itself. `sources`: other files of the volume. */
export const arrayStack = (array: ComplexArray, sources: readonly string[] = []): Stack => ({
  role: 'k-space',
  dataset: 'kspace',
  type: array.type,
  shape: kspaceShape(array),
  withSlice(index, use) {
    if (array.type === 'complex128') return use(readSlice(array, index))
    const { coils, rows, columns } = array
    return withLent(2 * coils.size * rows.size * columns.size, lent => use(readSlice(array, index, lent)))
  },
  unwritten: () => new Set(),
  sources: () => sources,
})

/**
 * One slice, or of one slice the coils from `coil` up, as float32: [coils, rows, columns, 2].
 * @param into Takes the numbers of complex64. Absent: a fresh array.
 */
export function readSlice(
  array: ComplexArray,
  index: number,
  into?: Float32Array,
  coil = 0,
  coils = array.coils.size,
): Float32Array {
  const { slices, rows, columns, type, path } = array
  if (!(Number.isInteger(index) && index >= 0 && index < slices.size))
    throw new RangeError(`Slice ${index} of ${slices.size} in ${path}`)
  const length = 2 * coils * rows.size * columns.size
  const values = type === 'complex64' ? (into ?? new Float32Array(length)) : new Float64Array(length)
  const start = index * slices.stride + coil * array.coils.stride
  gather(array, start, coils, values)
  if (values instanceof Float32Array) return values
  const beyond = beyondFloat32(values)
  if (beyond === null) return Float32Array.from(values)
  throw new AppError(
    'NOT_FINITE',
    'Expected numbers that 32-bit floats can hold (1.2e-38 to 3.4e38), ' +
      `got ${beyond.toPrecision(3)} as the largest in slice ${index + 1}, in ${path}. ` +
      'Multiply k-space by one constant, and write the file again.',
  )
}

export interface Placed extends Axis {
  /** Distance between neighbours in the result, in complex numbers. */
  readonly to: number
}

/** Copies [coils, rows, columns] from `start` on. The slowest axis of the file is the outer loop: one read each. */
function gather(array: ComplexArray, start: number, coils: number, values: Float32Array | Float64Array): void {
  const { rows, columns, first, type } = array
  const placed: readonly Placed[] = [
    { size: coils, stride: array.coils.stride, to: rows.size * columns.size },
    { ...rows, to: columns.size },
    { ...columns, to: 1 },
  ]
  const [outer, middle, inner] = placed.toSorted((a, b) => b.stride - a.stride)
  const span = (middle.size - 1) * middle.stride + (inner.size - 1) * inner.stride + 1
  for (let i = 0; i < outer.size; i++) {
    const from = first + (start + i * outer.stride) * bytesOf(type)
    place(numbersOf(array, from, span), middle, inner, values.subarray(2 * i * outer.to))
  }
}

/** `span` complex numbers from byte `from` on. */
function numbersOf({ path, read, type, littleEndian }: ComplexArray, from: number, span: number) {
  const size = bytesOf(type)
  const found = read(from, span * size)
  if (found.length < span * size)
    throw new AppError('FILE_UNREADABLE', `The file is truncated: ${path}. Copy or download it again.`)
  const bytes = littleEndian && found.byteOffset % size === 0 ? found : found.slice()
  if (!littleEndian) swap(bytes, size / 2)
  return type === 'complex64'
    ? new Float32Array(bytes.buffer, bytes.byteOffset, 2 * span)
    : new Float64Array(bytes.buffer, bytes.byteOffset, 2 * span)
}

/** Reverses the bytes of each number. */
function swap(bytes: Uint8Array, size: number): void {
  for (let at = 0; at < bytes.length; at += size) bytes.subarray(at, at + size).reverse()
}

/** Side of the squares in which a plane is transposed, so that both of its orders stay in the processor's cache. */
const TILE = 32

/** Copies a plane of complex numbers from one order of axes to another. */
export function place(
  from: Float32Array | Float64Array,
  middle: Placed,
  inner: Placed,
  to: Float32Array | Float64Array,
): void {
  if (inner.stride === 1 && inner.to === 1) {
    for (let m = 0; m < middle.size; m++) {
      const at = 2 * m * middle.stride
      to.set(from.subarray(at, at + 2 * inner.size), 2 * m * middle.to)
    }
    return
  }
  if (from instanceof Float32Array && to instanceof Float32Array) {
    transpose(pairsOf(from), middle, inner, pairsOf(to), 1)
    return
  }
  transpose(from, middle, inner, to, 2)
}

/** Each complex64 as the 8 bytes of one number, which are moved at once. */
const pairsOf = ({ buffer, byteOffset, length }: Float32Array) => new Float64Array(buffer, byteOffset, length / 2)

/** @param parts Numbers of the arrays that are one complex number. */
function transpose(
  from: Float32Array | Float64Array,
  middle: Placed,
  inner: Placed,
  to: Float32Array | Float64Array,
  parts: 1 | 2,
): void {
  const [fromStep, toStep] = [parts * inner.stride, parts * inner.to]
  for (let top = 0; top < middle.size; top += TILE)
    for (let left = 0; left < inner.size; left += TILE) {
      const bottom = Math.min(top + TILE, middle.size)
      const count = Math.min(TILE, inner.size - left)
      for (let m = top; m < bottom; m++) {
        let a = parts * m * middle.stride + left * fromStep
        let b = parts * m * middle.to + left * toStep
        for (let n = 0; n < count; n++, a += fromStep, b += toStep) {
          to[b] = from[a]
          if (parts === 2) to[b + 1] = from[a + 1]
        }
      }
    }
}
