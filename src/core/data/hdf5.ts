/** What a file format needs of HDF5; the engine implements it, so that core opens no file. */

export interface Hdf5File {
  readonly path: string
  readonly bytes: number
  /** Shape of a dataset, `null` if there is none of that name. */
  shape(dataset: string): number[] | null
  /** Element kind of a dataset. */
  kind(dataset: string): 'complex64' | 'complex128' | 'float32' | 'float64' | 'integer' | 'string' | 'other' | null
  /** Slices [from, from + count) along the first axis as float32, row-major; complex as interleaved (re, im). */
  readFloat32(dataset: string, from: number, count: number): Float32Array
  /** A whole small dataset of numbers as float64. */
  readNumbers(dataset: string): Float64Array
  readText(dataset: string): string | null
  /** Attribute of the root group. */
  attribute(name: string): string | number | null
  dispose(): void
}
