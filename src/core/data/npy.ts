/**
 * Reads NumPy's array files (.npy, versions 1 to 3): a magic text, a header in Python's syntax, then the numbers.
 * Source: NumPy, `numpy.lib.format`.
 */
import { AppError } from '../../contract/errors.ts'

export interface NpyArray {
  readonly shape: readonly number[]
  /** An element, counted in C order. Of a complex number: |re| + |im|, which is zero only if the number is zero. */
  at(i: number): number
}

type Reader = (view: DataView, at: number, little: boolean) => number

/** By NumPy's type: kind and bytes. */
const READERS: Readonly<Record<string, Reader>> = {
  b1: (view, at) => view.getUint8(at),
  u1: (view, at) => view.getUint8(at),
  i1: (view, at) => view.getInt8(at),
  u2: (view, at, little) => view.getUint16(at, little),
  i2: (view, at, little) => view.getInt16(at, little),
  u4: (view, at, little) => view.getUint32(at, little),
  i4: (view, at, little) => view.getInt32(at, little),
  u8: (view, at, little) => Number(view.getBigUint64(at, little)),
  i8: (view, at, little) => Number(view.getBigInt64(at, little)),
  f2: (view, at, little) => halfOf(view.getUint16(at, little)),
  f4: (view, at, little) => view.getFloat32(at, little),
  f8: (view, at, little) => view.getFloat64(at, little),
  c8: (view, at, little) => Math.abs(view.getFloat32(at, little)) + Math.abs(view.getFloat32(at + 4, little)),
  c16: (view, at, little) => Math.abs(view.getFloat64(at, little)) + Math.abs(view.getFloat64(at + 8, little)),
}

/** A 16-bit float from its bits. */
export function halfOf(bits: number): number {
  const [sign, exponent, fraction] = [bits >> 15 ? -1 : 1, (bits >> 10) & 31, bits & 1023]
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY
  return sign * (exponent ? 2 ** (exponent - 15) * (1 + fraction / 1024) : 2 ** -24 * fraction)
}

const refuse = (path: string, expected: string, got: string, remedy: string): AppError =>
  new AppError('UNSUPPORTED_FORMAT', `Expected ${expected}, got ${got}, in ${path}. ${remedy}`)

const AGAIN = 'Write it again with numpy.save.'

/** What stands before the numbers. */
export interface NpyHeader {
  /** NumPy's kind and bytes of an element, such as `c8`. `null`: a type with several fields. */
  readonly type: string | null
  readonly littleEndian: boolean
  readonly shape: readonly number[]
  readonly isFortran: boolean
  /** Byte of the first number. */
  readonly body: number
}

const MAGIC = '\x93NUMPY'
/** NumPy writes headers of some hundred bytes, and refuses to read more than 10,000. */
const HEADER_BYTES = 2 ** 16

/** Bytes that hold the header of every file that is read. */
export const NPY_HEADER_BYTES = 12 + HEADER_BYTES

export const isNpy = (bytes: Uint8Array): boolean => String.fromCharCode(...bytes.subarray(0, 6)) === MAGIC

/** Throws `UNSUPPORTED_FORMAT`, with the file and the remedy, if the bytes do not begin with a header. */
export function readNpyHeader(bytes: Uint8Array, path: string): NpyHeader {
  if (!isNpy(bytes)) throw refuse(path, 'a NumPy file (.npy)', 'another kind of file', AGAIN)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const version = bytes[6]
  if (!(version >= 1 && version <= 3))
    throw refuse(path, 'version 1, 2 or 3 of the NumPy format', `version ${version}`, AGAIN)
  const begins = version === 1 ? 10 : 12
  if (bytes.length < begins) throw refuse(path, 'a whole NumPy file', `${bytes.length} bytes`, AGAIN)
  const body = begins + (version === 1 ? view.getUint16(8, true) : view.getUint32(8, true))
  if (body > bytes.length) throw refuse(path, `a header of ${body} bytes`, `${bytes.length} bytes`, AGAIN)
  const header = new TextDecoder().decode(bytes.subarray(begins, body))
  const descr = /['"]descr['"]\s*:\s*['"]([<>|=]?)(\w+)['"]/.exec(header)
  const text = /['"]shape['"]\s*:\s*\(([^)]*)\)/.exec(header)?.[1]
  if (text === undefined) throw refuse(path, 'a header with a shape', 'none', AGAIN)
  return {
    type: descr?.[2] ?? null,
    littleEndian: descr?.[1] !== '>',
    shape: text.split(',').flatMap(size => (size.trim() === '' ? [] : [Number.parseInt(size, 10)])),
    isFortran: /['"]fortran_order['"]\s*:\s*True/.test(header),
    body,
  }
}

/** Throws `UNSUPPORTED_FORMAT`, with the file and the remedy, if the bytes are no such file of numbers. */
export function readNpy(bytes: Uint8Array, path: string): NpyArray {
  if (bytes[0] === 0x50 && bytes[1] === 0x4b)
    throw refuse(path, 'one array (.npy)', 'a zip of arrays (.npz)', 'Write the mask alone with numpy.save.')
  const { type, littleEndian, shape, isFortran, body } = readNpyHeader(bytes, path)
  const read = type === null ? undefined : READERS[type]
  if (!read)
    throw refuse(
      path,
      'numbers or booleans',
      type ?? 'a type with several fields',
      'Convert the array first: mask.astype(bool).',
    )
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const length = shape.reduce((product, size) => product * size, 1)
  const size = Number(type!.slice(1))
  if (!(bytes.length - body >= length * size))
    throw refuse(path, `${length} numbers [${shape.join(', ')}]`, `${Math.max(0, bytes.length - body)} bytes`, AGAIN)
  const place = isFortran ? fortranPlaces(shape) : (i: number) => i
  return { shape, at: i => read(view, body + size * place(i), littleEndian) }
}

/** Where an element, counted in C order, lies in Fortran order. */
function fortranPlaces(shape: readonly number[]): (i: number) => number {
  const strides = shape.map((_, axis) => shape.slice(0, axis).reduce((product, size) => product * size, 1))
  return i => {
    let rest = i
    let place = 0
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      place += (rest % shape[axis]) * strides[axis]
      rest = Math.floor(rest / shape[axis])
    }
    return place
  }
}
