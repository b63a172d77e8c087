/** Elements of HDF5 datasets: whether they are numbers, what messages call them, and how their bytes become numbers. */
import type { Metadata } from 'h5wasm/node'
import type { ElementKind } from '../../core/data/hdf5.ts'

type Get = (view: DataView, at: number, littleEndian: boolean) => number

interface Scalar {
  readonly bits: number
  readonly get: Get
}

export interface Element {
  readonly kind: ElementKind
  /** In the plural, for messages, such as "complex numbers of 16-bit floats". */
  readonly words: string
  /** The numbers of one element, in order. Empty if the element does not hold numbers. */
  readonly numbers: readonly (Scalar & { readonly at: number; readonly littleEndian: boolean })[]
  /** Bytes of one element in memory. */
  readonly size: number
  /** Whether a dataset of these elements may hold the bytes of a text: opaque bytes or 8-bit integers. */
  readonly isBytes: boolean
}

/** HDF5's classes of datatypes (H5Tpublic.h). h5wasm's list does not contain the class `complex`. */
const CLASS = {
  integer: 0,
  float: 1,
  string: 3,
  bitfield: 4,
  opaque: 5,
  compound: 6,
  enumeration: 8,
  complex: 11,
} as const
const OTHER_CLASSES: Readonly<Record<number, string | undefined>> = {
  2: 'times',
  [CLASS.opaque]: 'opaque bytes',
  7: 'references',
  9: 'sequences of variable length',
  10: 'arrays',
}

const FLOATS: Readonly<Record<number, Get | undefined>> = {
  2: (view, at, little) => half(view.getUint16(at, little)),
  4: (view, at, little) => view.getFloat32(at, little),
  8: (view, at, little) => view.getFloat64(at, little),
}
const SIGNED: Readonly<Record<number, Get | undefined>> = {
  1: (view, at) => view.getInt8(at),
  2: (view, at, little) => view.getInt16(at, little),
  4: (view, at, little) => view.getInt32(at, little),
  8: (view, at, little) => Number(view.getBigInt64(at, little)),
}
const UNSIGNED: Readonly<Record<number, Get | undefined>> = {
  1: (view, at) => view.getUint8(at),
  2: (view, at, little) => view.getUint16(at, little),
  4: (view, at, little) => view.getUint32(at, little),
  8: (view, at, little) => Number(view.getBigUint64(at, little)),
}

/** Names of the two parts of a complex number in h5py, in MATLAB and ISMRMRD, and in PyTorch. */
const PARTS = [
  ['r', 'i'],
  ['real', 'imag'],
  ['re', 'im'],
]

/** The number whose IEEE 754 binary16 bits are given. */
function half(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >> 10) & 0x1f
  const fraction = bits & 0x3ff
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25))
}

/** Describes the elements of a dataset. `datatype` is the datatype message of the file, or `null` if none was found. */
export function elementOf(metadata: Metadata, datatype: Buffer | null): Element {
  const { type, size } = metadata
  const other = (words: string): Element => ({
    kind: 'other',
    words,
    numbers: [],
    size,
    isBytes: type === CLASS.opaque,
  })
  if (type === CLASS.string) return { kind: 'string', words: 'text', numbers: [], size, isBytes: false }
  if (type === CLASS.enumeration || type === CLASS.bitfield) {
    const get = (type === CLASS.enumeration && metadata.signed ? SIGNED : UNSIGNED)[size]
    const words = type === CLASS.enumeration ? 'booleans or an enumeration' : 'bit fields'
    return get
      ? { kind: 'boolean', words, numbers: [{ bits: 8 * size, get, at: 0, littleEndian: true }], size, isBytes: false }
      : other(words)
  }
  const parts = partsOf(metadata)
  if (parts === null) {
    const members = metadata.compound_type?.members.map(({ name }) => name).join(', ')
    return other(members === undefined ? (OTHER_CLASSES[type] ?? `a type of class ${type}`) : `compounds (${members})`)
  }
  const [first] = parts
  const isFloat = first.type === CLASS.float
  const get: Get | undefined = (isFloat ? FLOATS : first.signed ? SIGNED : UNSIGNED)[first.size]
  // HDF5's complex class names the type of its parts once. A compound names the type of each part.
  const named = (type as number) === CLASS.complex ? 1 : parts.length
  const usual = datatype === null || (get !== undefined && isUsual(datatype, first, named))
  const name = `${8 * first.size}-bit ${isFloat ? 'floats' : first.signed ? 'integers' : 'unsigned integers'}`
  const isSupported = get !== undefined && usual
  const scalars = usual || get === undefined ? name : `${name} of an unusual layout`
  const words = parts.length === 2 ? `complex numbers of ${scalars}` : scalars
  if (!isSupported) return other(words)
  // The library converts numbers to little-endian order, except pairs whose parts have different byte orders.
  const mixed = parts.some(part => part.littleEndian !== first.littleEndian)
  return {
    kind: kindOf(parts.length === 2, isFloat, 8 * first.size),
    words,
    numbers: parts.map(part => ({
      bits: 8 * part.size,
      get,
      at: part.offset,
      littleEndian: mixed ? part.littleEndian : true,
    })),
    size,
    isBytes: type === CLASS.integer && size === 1,
  }
}

type Part = Pick<Metadata, 'type' | 'size' | 'signed' | 'littleEndian'> & { readonly offset: number }

/** The number of a real element, or the real and imaginary parts of a complex element. `null` for other elements. */
function partsOf(metadata: Metadata): Part[] | null {
  const { type, size, signed, littleEndian } = metadata
  if (type === CLASS.integer || type === CLASS.float) return [{ type, size, signed, littleEndian, offset: 0 }]
  if ((type as number) === CLASS.complex) {
    return [0, size / 2].map(offset => ({ type: CLASS.float, size: size / 2, signed: false, littleEndian, offset }))
  }
  const members = metadata.compound_type?.members ?? []
  const parts = PARTS.map(names => names.flatMap(name => members.filter(member => member.name.toLowerCase() === name)))
  const pair = members.length === 2 && parts.find(found => found.length === 2)
  if (!pair || pair[0].type !== pair[1].type || pair[0].size !== pair[1].size || pair[0].signed !== pair[1].signed) {
    return null
  }
  return pair[0].type === CLASS.integer || pair[0].type === CLASS.float ? pair : null
}

function kindOf(complex: boolean, float: boolean, bits: number): ElementKind {
  if (!float) return complex ? 'complex-integer' : 'integer'
  if (bits === 16) return complex ? 'complex32' : 'float16'
  if (bits === 32) return complex ? 'complex64' : 'float32'
  return complex ? 'complex128' : 'float64'
}

/** By bytes of an IEEE 754 format: sign bit, first exponent bit, exponent bits, mantissa bits, exponent bias. */
const IEEE: Readonly<Record<number, readonly [number, number, number, number, number]>> = {
  2: [15, 10, 5, 10, 15],
  4: [31, 23, 8, 23, 127],
  8: [63, 52, 11, 52, 1023],
}

/**
 * Whether a datatype message (HDF5 File Format Specification, IV.A.2.d) has `count` numbers without padding bits.
 * Floats must also have an IEEE 754 layout. This check is needed because h5wasm reports bfloat16 as half floats, and
 * 12-bit integers as 16-bit integers.
 */
function isUsual(datatype: Buffer, { type, size }: Part, count: number): boolean {
  const isFloat = type === CLASS.float
  const usual = Buffer.alloc(isFloat ? 18 : 10)
  usual.writeUInt32LE(size, 2)
  usual.writeUInt16LE(8 * size, 8)
  if (isFloat) {
    const [sign, exponentAt, exponentBits, mantissaBits, bias] = IEEE[size]
    usual.set([sign], 0)
    usual.set([exponentAt, exponentBits, 0, mantissaBits], 10)
    usual.writeUInt32LE(bias, 14)
  }
  let found = 0
  for (let at = datatype.indexOf(usual, 2); at !== -1; at = datatype.indexOf(usual, at + usual.length)) {
    const ofClass = (datatype[at - 2] & 0x0f) === type
    // In the first flag byte of a float, bits 4 and 5 mark the implied leading 1 of the mantissa. Bit 6 marks VAX
    // order.
    if (ofClass && (!isFloat || (datatype[at - 1] & 0x70) === 0x20)) found++
  }
  return found === count
}

/** Decodes all numbers of the elements into `into`. A complex element gives two numbers. */
export function decode<T extends Float32Array | Float64Array>(bytes: Uint8Array, element: Element, into: T): T {
  const { numbers, size } = element
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (const [part, { get, at, littleEndian }] of numbers.entries()) {
    for (let i = part, from = at; i < into.length; i += numbers.length, from += size)
      into[i] = get(view, from, littleEndian)
  }
  return into
}

/** Whether the elements in memory are float32 numbers, or pairs of float32 numbers. */
export function isFloat32({ kind, numbers, size }: Element): boolean {
  const isSingle = kind === 'float32' || kind === 'complex64'
  return (
    isSingle && size === 4 * numbers.length && numbers.every(({ at, littleEndian }, i) => at === 4 * i && littleEndian)
  )
}

const UTF8 = new TextDecoder('utf-8', { fatal: true })

/**
 * h5wasm decodes each byte of an ASCII string as one letter. Python writes UTF-8 bytes into strings declared as ASCII.
 */
export function asUtf8(text: string, { cset }: Pick<Metadata, 'cset'>): string {
  if (cset !== 0) return text
  try {
    return UTF8.decode(Buffer.from(text, 'latin1'))
  } catch {
    return text
  }
}
