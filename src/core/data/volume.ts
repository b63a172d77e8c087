/** A volume as the science sees it, whatever file format it came from. */
import type { VolumeContent, VolumeInfo } from '../../contract/volumes.ts'
import type { Hdf5File } from './hdf5.ts'

export interface Volume {
  readonly info: VolumeInfo
  /** One slice of centred k-space, [rows, columns, 2] (re, im), as stored. A fresh array. */
  readKspace(index: number): Float32Array
  /** The same without a copy: the array is not the caller's, and of no use once `use` has returned. */
  withKspace<T>(index: number, use: (kspace: Float32Array) => T): T
  /**
   * One slice of the ground truth magnitude, [height, width], or `null` where the file has none. Throws `NOT_FINITE`, unless it is read
   * `asStored`, for an image that holds NaN or infinity.
   */
  readTarget(index: number, asStored?: boolean): Float32Array | null
  /** The noise-free image of a synthetic slice, same shape as the target, or `null`. */
  readNoiseFree(index: number, asStored?: boolean): Float32Array | null
  /**
   * The file's own sampling mask over columns (1 measured, 0 not), or `null` when fully sampled. All ones for an irregular file: what is not
   * there is zero already, and nothing is masked again.
   */
  readonly mask: Uint8Array | null
  dispose(): void
}

/** What is used of a file, which its identity is made of. */
export interface Used {
  /** Arrays [slices, …]; k-space first. */
  readonly stacks: readonly { readonly role: 'k-space' | 'ground truth' | 'noise-free'; readonly dataset: string }[]
  /** [rows, columns] of k-space. */
  readonly matrix: readonly [rows: number, columns: number]
  /** Over columns, as 0 and 1; `null` without one. */
  readonly mask: Uint8Array | null
  readonly header: string | null
  readonly attributes: Readonly<Record<string, string | number | null>>
  /** What is odd about it before any k-space is looked at, in words. */
  readonly remarks: readonly string[]
}

/** One file format: a file of `formats/` and a line in its table. */
export interface VolumeFormat {
  readonly label: string
  /** File name endings, lower case, with their dot. */
  readonly extensions: readonly string[]
  /** Whether the file looks like this format, judged by its dataset names. */
  sniff(file: Hdf5File): boolean
  /** `hashPatient` turns a patient id into what may be kept of it. The volume owns the file from here on. */
  open(file: Hdf5File, hashPatient: (id: string) => string, content?: VolumeContent): Volume
  /** Throws as `open` does for a file that cannot be used. */
  used(file: Hdf5File): Used
}
