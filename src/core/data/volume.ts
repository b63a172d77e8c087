/** A volume as the science sees it, whatever file format it came from. */
import type { VolumeInfo } from '../../contract/volumes.ts'

export interface Volume {
  readonly info: VolumeInfo
  /** One slice of centred k-space, [rows, columns, 2] (re, im), as stored. A fresh array. */
  readKspace(index: number): Float32Array
  /** One slice of the ground truth magnitude, [height, width], or `null` where the file has none. */
  readTarget(index: number): Float32Array | null
  /** The noise-free image of a synthetic slice, same shape as the target, or `null`. */
  readNoiseFree(index: number): Float32Array | null
  /** The file's own sampling mask over columns (1 measured, 0 not), or `null` when fully sampled. */
  readonly mask: Uint8Array | null
  dispose(): void
}
