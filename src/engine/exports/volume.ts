/** What is asked of one volume, a slice or all of them, reconstructed and written. */
import { AppError } from '../../contract/errors.ts'
import type { MaskSpec } from '../../contract/evaluation.ts'
import type { Volume } from '../../core/data/volume.ts'
import { croppedTruth } from '../../core/frame.ts'
import { cropShape, voxelSizeOf } from '../../core/mri/transform.ts'
import type { Pause } from '../../core/pause.ts'
import { accelerationOf, type Model, reconstructSlices, seededMaskOf } from '../../core/reconstruct.ts'
import type { ReconstructRequest } from '../protocol.ts'
import { WRITERS } from './index.ts'

/** Slices, counted from 0. */
function indicesOf({ info }: Volume, slice: number | null): number[] {
  if (slice === null) return Array.from({ length: info.slices }, (_, index) => index)
  if (Number.isInteger(slice) && slice >= 0 && slice < info.slices) return [slice]
  throw new AppError(
    'INVALID_ARGUMENT',
    `Expected a slice from 1 to ${info.slices}, got ${slice + 1}, in ${info.path}. Choose one of those, or the whole volume.`,
  )
}

/** Ground truth of several slices, concatenated: [indices.length, h, w]. */
async function readTruths(volume: Volume, indices: readonly number[], pause: Pause): Promise<Float32Array> {
  const [height, width] = cropShape(volume.info)
  const images = new Float32Array(indices.length * height * width)
  for (const [i, index] of indices.entries()) {
    await pause()
    const truth = croppedTruth(volume, index)
    if (!truth)
      throw new AppError(
        'INVALID_ARGUMENT',
        `Expected a ground truth, got none, in ${volume.info.path}. Export its zero-filled image or a run’s instead.`,
      )
    images.set(truth, i * height * width)
  }
  return images
}

/** In plain ASCII, as DICOM's texts are. */
function maskInWords(volume: Volume, { source, mask, seed }: ReconstructRequest): string {
  if (source === 'truth') return 'none'
  if (volume.mask) return `of the file, acceleration ${Number(accelerationOf(volume, volume.mask).toFixed(2))}`
  const { kind, acceleration: asked, centerFraction }: MaskSpec = mask
  return `${kind}, acceleration ${asked}, centre fraction ${centerFraction}, ${seed === null ? 'seeded by the file name' : `seed ${seed}`}`
}

export async function exportVolume(
  volume: Volume,
  model: Model | null,
  request: ReconstructRequest,
  output: string,
  pause: Pause,
): Promise<void> {
  const { source, mask, seed, slice, format, run, checkpoint, units } = request
  const indices = indicesOf(volume, slice)
  const images =
    source === 'truth'
      ? await readTruths(volume, indices, pause)
      : await reconstructSlices(volume, indices, seededMaskOf(volume, mask, seed), model, pause)
  await WRITERS[format](output, {
    images,
    shape: [indices.length, ...cropShape(volume.info)],
    slice,
    info: { ...volume.info, voxelSize: voxelSizeOf(volume.info, source) },
    provenance: { run, checkpoint, mask: maskInWords(volume, request), units },
  })
}
