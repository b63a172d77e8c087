/** What a file format needs of HDF5; the engine implements it, so that core opens no file. */

/** Element of a dataset; complex is h5py's compound {r, i} of two little-endian floats, `other` everything not listed. */
export type ElementKind = 'complex64' | 'complex128' | 'float32' | 'float64' | 'integer' | 'string' | 'other'

export interface Hdf5File {
  readonly path: string
  /** File name with extension. */
  readonly name: string
  readonly bytes: number
  /** Names of the datasets in the root group. */
  readonly datasets: readonly string[]
  /** Shape of a dataset, `null` if there is none of that name. */
  shape(dataset: string): readonly number[] | null
  /** Element kind of a dataset, `null` if there is none of that name. */
  kind(dataset: string): ElementKind | null
  /**
   * Slices [from, from + count) along the first axis as float32, row-major; complex as interleaved (re, im). Not copied: the array is the
   * library's own, of no use once `use` has returned.
   */
  withFloat32<T>(dataset: string, from: number, count: number, use: (values: Float32Array) => T): T
  /** Absolute paths of the other files that a virtual dataset is put together from; none of any other dataset. */
  virtualSources(dataset: string): readonly string[]
  /** A whole small dataset of numbers (booleans as 0 and 1) as float64. */
  readNumbers(dataset: string): Float64Array
  /** A dataset that is one string, `null` if it is anything else or there is none. */
  readText(dataset: string): string | null
  /** Attribute of the root group: a single number (a boolean as 0 or 1) or string, `null` if there is none. */
  attribute(name: string): string | number | null
  dispose(): void
}
