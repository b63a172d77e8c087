/** What a file format needs from HDF5. The engine implements this interface, so core opens no file. */

/**
 * Element kind of a dataset, in any byte order.
 * Complex: pairs of floats or integers named r, i (or real, imag; re, im), or HDF5's own complex class.
 * `boolean`: enumerations and bit fields. `other`: every kind not listed, such as bfloat16 and 80-bit floats.
 */
export type ElementKind =
  | 'complex32'
  | 'complex64'
  | 'complex128'
  | 'complex-integer'
  | 'float16'
  | 'float32'
  | 'float64'
  | 'integer'
  | 'boolean'
  | 'string'
  | 'other'

export function isComplex(kind: ElementKind | null): boolean {
  return kind?.startsWith('complex') === true
}

export function isReal(kind: ElementKind | null): boolean {
  return kind === 'integer' || kind?.startsWith('float') === true
}

/** A compound of a dataset. Members of members have names such as `head.idx.slice`. Throws if a member is missing. */
export interface Hdf5Record {
  /** The number of a member, or number `index` of a member that is an array. 64-bit integers lose their lowest bits. */
  number(member: string, index?: number): number
  /** A member of variable length, of 32-bit floats. The library owns the array. */
  floats(member: string): Float32Array
}

export interface Hdf5File {
  readonly path: string
  /** Names of the groups in the root group. A dataset in such a group has a name such as `dataset/data`. */
  readonly groups: readonly string[]
  /** Names of the datasets in the root group. */
  readonly datasets: readonly string[]
  /** Shape of a dataset; `null` if nothing has that name. Throws if the name is not a dataset, or a broken link. */
  shape(dataset: string): readonly number[] | null
  /**
   * Element kind of a dataset; `null` if no dataset has that name.
   * Throws if the elements cannot be read: an unknown filter, or numbers in another file.
   */
  kind(dataset: string): ElementKind | null
  /** What the elements of a dataset are, for a message: "16-bit integers", "text". */
  typeName(dataset: string): string
  /**
   * Calls `use` with slices [from, from + count) along the first axis, as float32, row-major.
   * Complex numbers are interleaved (re, im). Throws `NOT_FINITE` if float32 cannot hold the numbers.
   * The array is not copied. The library owns the array, which is valid only until `use` returns.
   */
  withFloat32<T>(dataset: string, from: number, count: number, use: (values: Float32Array) => T): T
  /** Like `withFloat32`, for the box of the size `box` whose first element is `first`. */
  withBox<T>(dataset: string, first: readonly number[], box: readonly number[], use: (values: Float32Array) => T): T
  /**
   * Calls `use` with compounds of a dataset of one axis, in the order of `indices`, and with each one's place in
   * `indices`. The compound and its arrays are valid only until `use` returns. `use` must not read from HDF5 files.
   */
  eachRecord(dataset: string, indices: ArrayLike<number>, use: (record: Hdf5Record, place: number) => void): void
  /** Slices along the first axis that the file calls unwritten, whole or in part. Reading them gives the fill value. */
  unwritten(dataset: string): ReadonlySet<number>
  /** Absolute paths of the source files of a virtual dataset; empty for every other dataset. */
  virtualSources(dataset: string): readonly string[]
  /** A whole small dataset of numbers (booleans as 0 and 1) as float64. */
  readNumbers(dataset: string): Float64Array
  /** A dataset that is one string, or the bytes of one string; `null` for any other dataset, or none. */
  readText(dataset: string): string | null
  /**
   * Attribute of the root group: one number (a boolean as 0 or 1) or text. Several values become text with commas.
   * `null` if the attribute is missing or of another kind.
   */
  attribute(name: string): string | number | null
  dispose(): void
}
