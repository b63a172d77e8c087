/** A reconstruction to be exported: its images, and the provenance that each format writes if it has a field for it. */
import { CLASSICAL_LABELS, type ClassicalChoice } from '../../../contract/classical.ts'
import type { VolumeInfo } from '../../../contract/volumes.ts'
import type { Placement } from '../../../core/mri/geometry.ts'

export interface Provenance {
  /** A run's number, `zero-filled`, `truth`, or the name of a classical source. */
  readonly run: string
  /** The classical method with all settings. Absent without a classical method. */
  readonly classical?: ClassicalChoice
  /** SHA-256 of the network's weights; `null` without a network. */
  readonly checkpoint: string | null
  /** The mask in words. */
  readonly mask: string
  /** `signal`: units of the file's k-space. `arbitrary`: units of a pre-trained network's output. */
  readonly units: 'signal' | 'arbitrary'
}

export interface Reconstruction {
  /** [slices, height, width], row-major. */
  readonly images: Float32Array
  readonly shape: readonly [slices: number, height: number, width: number]
  /** The reconstructed slice, counted from 0. `null`: all slices of the volume. */
  readonly slice: number | null
  /** `voxelSize` is the voxel size of these images. */
  readonly info: Pick<VolumeInfo, 'file' | 'origin' | 'orientation' | 'maximum' | 'voxelSize'>
  /** Where these images lie in the patient. Absent if unknown. */
  readonly placement?: Placement
  readonly provenance: Provenance
}

/** Writes a complete file, or no file. */
export type WriteReconstruction = (path: string, reconstruction: Reconstruction) => Promise<void>

/** The source in words, such as `run 3` or `CG-SENSE`. ASCII only, because DICOM's and NIfTI's texts are ASCII. */
export function sourceInWords({ run, classical }: Provenance): string {
  if (classical) return CLASSICAL_LABELS[classical.classical]
  if (run === 'truth') return 'ground truth'
  return run === 'zero-filled' ? run : `run ${run}`
}

/** One slice, [height, width], as a view of `images`. */
export function imageOf({ images, shape }: Reconstruction, place: number): Float32Array {
  const pixels = shape[1] * shape[2]
  return images.subarray(place * pixels, (place + 1) * pixels)
}

export const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array | Uint16Array): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength)
