/** A reconstruction on its way into a file: its images, and what is told of them wherever a format has room for it. */
import type { VolumeInfo } from '../../../contract/volumes.ts'

export interface Provenance {
  /** A run's number, `zero-filled` or `truth`. */
  readonly run: string
  /** SHA-256 of the network's weights; `null` without a network. */
  readonly checkpoint: string | null
  /** In words. */
  readonly mask: string
  /** `signal`: units of the file's k-space. `arbitrary`: what a pre-trained network makes. */
  readonly units: 'signal' | 'arbitrary'
}

export interface Reconstruction {
  /** [slices, height, width], row-major. */
  readonly images: Float32Array
  readonly shape: readonly [slices: number, height: number, width: number]
  /** The one slice that it is of, counted from 0; `null`: all of the volume. */
  readonly slice: number | null
  /** `voxelSize`: of these images. */
  readonly info: Pick<VolumeInfo, 'file' | 'synthetic' | 'orientation' | 'maximum' | 'voxelSize'>
  readonly provenance: Provenance
}

/** Writes to a path, whole or not at all. */
export type WriteReconstruction = (path: string, reconstruction: Reconstruction) => Promise<void>

/** `run 3`, in plain ASCII, as DICOM's and NIfTI's texts are. */
export function sourceInWords({ run }: Provenance): string {
  if (run === 'truth') return 'ground truth'
  return run === 'zero-filled' ? run : `run ${run}`
}

/** One slice, [height, width]: a view, no copy. */
export function imageOf({ images, shape }: Reconstruction, place: number): Float32Array {
  const pixels = shape[1] * shape[2]
  return images.subarray(place * pixels, (place + 1) * pixels)
}

export const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array | Uint16Array): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength)
