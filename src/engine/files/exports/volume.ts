/** Reconstructs one volume, or one of its slices, and writes the result. */
import { AppError } from '../../../contract/errors.ts'
import { maskPairs } from '../../../contract/evaluation.ts'
import { faultInWords, type SliceFault } from '../../../contract/volumes.ts'
import type { Arithmetic } from '../../../core/compute.ts'
import { accelerationOf, seededMaskOf } from '../../../core/data/patterns.ts'
import { croppedTruth } from '../../../core/data/truth.ts'
import type { Volume } from '../../../core/data/volume.ts'
import { isUneven, type Placement, placementOf, placementOfSlice } from '../../../core/mri/geometry.ts'
import { cropShape, voxelSizeOf } from '../../../core/mri/transform.ts'
import type { Pause } from '../../../core/pause.ts'
import { type OnShare, type Reconstructor, reconstructSlices } from '../../../core/reconstruct.ts'
import type { ReconstructRequest } from '../../process/protocol.ts'
import { withStored } from '../masks.ts'
import { WRITERS } from './index.ts'

/** Indices of the requested slices, counted from 0. */
function indicesOf({ info }: Volume, slice: number | null): number[] {
  if (slice === null) return Array.from({ length: info.slices }, (_, index) => index)
  if (Number.isInteger(slice) && slice >= 0 && slice < info.slices) return [slice]
  throw new AppError(
    'INVALID_ARGUMENT',
    `Expected a slice from 1 to ${info.slices}, got ${slice + 1}, in ${info.path}. ` +
      'Choose one of these slices, or the whole volume.',
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
        `Expected a ground truth, got none, in ${volume.info.path}. Export the zero-filled image or a run instead.`,
      )
    images.set(truth, i * height * width)
  }
  return images
}

/** The mask in words. ASCII only, because DICOM's texts are ASCII. */
function maskInAscii(volume: Volume, { source, mask, seed }: ReconstructRequest, indices: readonly number[]): string {
  if (source === 'truth') return 'none'
  if (volume.mask) return `of the file, acceleration ${Number(accelerationOf(volume, volume.mask, indices).toFixed(2))}`
  if (mask.file) return `file, SHA-256 ${mask.file.sha256}`
  const pairs = maskPairs(mask).map(pair => `acceleration ${pair.acceleration}, centre fraction ${pair.centerFraction}`)
  const origin = seed === null ? 'seeded by the file name' : `seed ${seed}`
  return `${mask.kind}, ${pairs.join(' or ')}, ${origin}`
}

/** Faults of the exported slices. */
function faultsOf({ info }: Volume, source: ReconstructRequest['source'], indices: readonly number[]): SliceFault[] {
  const isOf = (dataset: string) =>
    source === 'truth' ? !['kspace', 'reconstruction_noise_free'].includes(dataset) : dataset === 'kspace'
  return (info.content?.faults ?? []).filter(({ slice, dataset }) => indices.includes(slice) && isOf(dataset))
}

/** Throws `NOT_FINITE` if a slice has no image. */
function requireFiniteSlices({ info }: Volume, faults: readonly SliceFault[], slice: number | null): void {
  const without = faults.filter(({ fault }) => fault === 'not finite')
  if (without.length === 0) return
  const remedy =
    slice === null && without.length < info.slices
      ? 'Export the other slices one by one (--slice)'
      : 'Choose another slice'
  throw new AppError(
    'NOT_FINITE',
    `Expected finite numbers in all slices, got ${without.map(faultInWords).join(', ')}, in ${info.path}. ` +
      `${remedy}, or replace the file.`,
  )
}

function exportPlacement({ info }: Volume, { source, slice }: ReconstructRequest): Placement | undefined {
  const placement = placementOf(info, source)
  return placement && slice !== null ? placementOfSlice(placement, slice) : placement
}

/** What the file cannot hold. */
const remarksOf = ({ format }: ReconstructRequest, placement: Placement | undefined): string[] =>
  format === 'nifti' && placement && isUneven(placement)
    ? [
        'The distances between the slices differ, and NIfTI knows one distance only. The file therefore says nothing ' +
          'of position and orientation. Export as DICOM to keep the position of each slice.',
      ]
    : []

interface WrittenVolume {
  /** Slices, counted from 0, whose image is zero because the file holds no data for them. */
  readonly empty: readonly number[]
  /** What the written file cannot hold, in words. */
  readonly remarks: readonly string[]
}

/** Exports a volume. Throws `UNSUPPORTED_FORMAT` if the file holds no data for all requested slices. */
export async function exportVolume(
  volume: Volume,
  reconstructor: Reconstructor | null,
  compute: Arithmetic,
  request: ReconstructRequest,
  output: string,
  pause: Pause,
  onShare?: OnShare,
): Promise<WrittenVolume> {
  const { source, mask, seed, slice, format, run, checkpoint, units, reconstructor: made } = request
  const indices = indicesOf(volume, slice)
  const faults = faultsOf(volume, source, indices)
  requireFiniteSlices(volume, faults, slice)
  const empty = faults.flatMap(({ slice, fault }) => (fault === 'all zero' ? [slice] : []))
  if (empty.length === indices.length) {
    throw new AppError(
      'UNSUPPORTED_FORMAT',
      `Expected data in slice ${empty.map(index => index + 1).join(', ')}, got only zeros, in ${volume.info.path}. ` +
        'Choose another slice, or write the file again.',
    )
  }
  const images =
    source === 'truth'
      ? await readTruths(volume, indices, pause)
      : await reconstructSlices(
          volume,
          indices,
          seededMaskOf(volume, withStored(mask), seed),
          reconstructor,
          compute,
          pause,
          onShare,
        )
  const placement = exportPlacement(volume, request)
  await WRITERS[format](output, {
    images,
    shape: [indices.length, ...cropShape(volume.info)],
    slice,
    info: { ...volume.info, voxelSize: voxelSizeOf(volume.info, source) },
    ...(placement && { placement }),
    provenance: {
      ...{ run, checkpoint, units },
      mask: maskInAscii(volume, request, indices),
      ...(made && 'classical' in made && { classical: made }),
    },
  })
  return { empty, remarks: remarksOf(request, placement) }
}
