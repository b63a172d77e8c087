/** What a file format needs of HDF5; the engine implements it, so that core opens no file. */

/**
 * Element of a dataset, in any byte order. Complex: pairs of floats or integers named r, i (real, imag; re, im), or HDF5's own
 * complex class. `boolean`: enumerations and bit fields. `other`: everything not listed, such as bfloat16 and 80-bit floats.
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

export interface Hdf5File {
  readonly path: string
  /** File name with extension. */
  readonly name: string
  readonly bytes: number
  /** Names of the datasets in the root group. */
  readonly datasets: readonly string[]
  /** Shape of a dataset, `null` if nothing has that name; throws if it is no dataset, or a link that leads nowhere. */
  shape(dataset: string): readonly number[] | null
  /**
   * Element kind of a dataset, `null` if there is none of that name. Throws if its elements cannot be had: a filter that
   * is not known, numbers in another file.
   */
  kind(dataset: string): ElementKind | null
  /** What the elements of a dataset are, for a message: "16-bit integers", "text". */
  typeName(dataset: string): string
  /**
   * Slices [from, from + count) along the first axis as float32, row-major; complex as interleaved (re, im). `NOT_FINITE` if that
   * range cannot hold them. Not copied: the array is the
   * library's own, of no use once `use` has returned.
   */
  withFloat32<T>(dataset: string, from: number, count: number, use: (values: Float32Array) => T): T
  /** Slices along the first axis of which a part, or all, was never written, as far as the file says so: reading gives the fill value. */
  unwritten(dataset: string): ReadonlySet<number>
  /** Absolute paths of the other files that a virtual dataset is put together from; none of any other dataset. */
  virtualSources(dataset: string): readonly string[]
  /** A whole small dataset of numbers (booleans as 0 and 1) as float64. */
  readNumbers(dataset: string): Float64Array
  /** A dataset that is one string, or the bytes of one; `null` if it is anything else or there is none. */
  readText(dataset: string): string | null
  /**
   * Attribute of the root group: a single number (a boolean as 0 or 1) or text, several as text with commas, `null` if
   * there is none, or none of these.
   */
  attribute(name: string): string | number | null
  dispose(): void
}
