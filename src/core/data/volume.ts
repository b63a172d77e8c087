/** A volume as core uses it, independent of its file format. */
import type { SliceFault, VolumeInfo } from '../../contract/volumes.ts'
import type { Pattern } from '../mri/pattern.ts'
import type { StoredMask } from '../mri/stored-mask.ts'
import type { FileSource } from './source.ts'

/** The pattern of a slice, counted from 0. Slices that share a pattern share one object. */
export type PatternOf = (slice: number) => Pattern

/** Size of one slice's k-space, [coils, rows, columns]. */
export type Matrix = Pick<VolumeInfo, 'coils' | 'rows' | 'columns'>

export interface Volume {
  readonly info: VolumeInfo
  /** One slice of centred k-space, [coils, rows, columns, 2] (re, im), as stored. A fresh array. */
  readKspace(index: number): Float32Array
  /** Calls `use` with that slice, without a copy. The array is valid only until `use` returns. */
  withKspace<T>(index: number, use: (kspace: Float32Array) => T): T
  /**
   * Ground-truth magnitude of one slice, [height, width], stored or computed; `null` if there is none.
   * Throws `NOT_FINITE` if the image holds NaN or infinity, unless `asStored` is true.
   */
  readTarget(index: number, asStored?: boolean): Float32Array | null
  /** The noise-free image of a synthetic slice, in the shape of the ground truth, or `null`. */
  readNoiseFree(index: number, asStored?: boolean): Float32Array | null
  /** With which pattern each slice was measured; `null` if the file is fully sampled. */
  readonly mask: PatternOf | null
  dispose(): void
}

/** An array of a file that is used: the k-space or an image of each slice. */
export interface Stack {
  readonly role: 'k-space' | 'ground truth' | 'noise-free'
  /** The array's name in the file, for messages. */
  readonly dataset: SliceFault['dataset']
  /** Type of the stored numbers. The identity of the file includes type and shape. */
  readonly type: string
  /** [slices, height, width] of images. [slices, coils, rows, columns] of k-space, without `coils` for one coil. */
  readonly shape: readonly number[]
  /**
   * Calls `use` with one slice as float32, as stored. The array is valid only until `use` returns.
   * Throws `NOT_FINITE` if float32 cannot hold the numbers.
   */
  withSlice<T>(index: number, use: (values: Float32Array) => T): T
  /** Slices that were never written, whole or in part. They read as the fill value. */
  unwritten(): ReadonlySet<number>
  /** Absolute paths of other files that hold parts of the array. */
  sources(): readonly string[]
}

/** A mask in a file: over columns, as 0 and 1, or of another kind. */
export type FileMask = Uint8Array | StoredMask

/** Facts that a file states about a volume. */
export type StatedFacts = Pick<
  VolumeInfo,
  'reconSize' | 'voxelSize' | 'geometry' | 'padding' | 'acquisition' | 'maximum' | 'orientation' | 'origin' | 'frames'
> & {
  /** `null`: the file's name stands for the patient. */
  readonly patientId: string | null
}

/** A volume as a file stores it: what is used of the file. The identity of the volume is computed from these parts. */
export interface StoredVolume {
  readonly matrix: Matrix
  readonly kspace: Stack
  readonly target: Stack | null
  readonly noiseFree: Stack | null
  /** The file's own mask; `null` if the file has none. */
  readonly mask: FileMask | null
  readonly header: string | null
  readonly attributes: Readonly<Record<string, string | number | null>>
  readonly facts: StatedFacts
  /** What is odd about the file, in words, as far as it is known before k-space is read. */
  readonly remarks: readonly string[]
}

/** What a volume has beside its k-space if the file states nothing but its numbers. */
export const NUMBERS_ONLY: Omit<StoredVolume, 'matrix' | 'kspace'> = {
  target: null,
  noiseFree: null,
  mask: null,
  header: null,
  attributes: {},
  facts: {
    reconSize: null,
    acquisition: null,
    maximum: null,
    orientation: null,
    origin: 'measured',
    patientId: null,
  },
  remarks: [],
}

/** The used arrays, k-space first. */
export const stacksOf = ({ kspace, target, noiseFree }: StoredVolume): Stack[] =>
  [kspace, target, noiseFree].filter(stack => stack !== null)

/** One file format: a file of `formats/` and a line in its table. */
export interface VolumeFormat {
  readonly label: string
  /** File name endings, lower case, with their dot. */
  readonly extensions: readonly string[]
  /** Endings of a second file: [its ending, the ending of the file that is the volume]. */
  readonly beside?: readonly (readonly [ending: string, volume: string])[]
  /** Whether the file looks like this format, judged by its bytes or by the names of its datasets. */
  sniff(source: FileSource): boolean
  /** The parts of the file, for `volumePath`. Absent, or `null`: the file holds one volume. */
  parts?(source: FileSource): readonly string[] | null
  /** The volume in the file, or in a part of the file. Throws if the volume cannot be used. */
  read(source: FileSource, part: string | null): StoredVolume
}
