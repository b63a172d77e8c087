/** One slice for looking at: the ground truth to hold it against, and what is told of an image beside its pixels. */
import { AppError } from '../../contract/errors.ts'
import type { FrameMeta, SliceMetrics } from '../../contract/images.ts'
import { type Reference, usableSlices } from '../data/slices.ts'
import type { Volume } from '../data/volume.ts'
import { extremes } from '../extremes.ts'
import { acceleration } from '../mri/mask.ts'
import { scoreSlice } from '../mri/metrics.ts'
import { centreCropReal, cropShape } from '../mri/transform.ts'
import type { Pause } from '../pause.ts'

/** Ground truth of one slice at the size that images are compared at, [crop height, crop width]; `null` where there is none. */
export function croppedTruth(volume: Volume, index: number): Float32Array | null {
  const { info } = volume
  const truth = volume.readTarget(index)
  return truth && centreCropReal(truth, info.targetShape!, cropShape(info))
}

/**
 * Largest finite number of a slice's reference image at that size; −∞ where there is none. A slice that is not scored counts, too: the data
 * range of metrics is the volume's.
 */
export function largestFinite(volume: Volume, index: number, reference: NonNullable<Reference>): number {
  const { info } = volume
  let largest = Number.NEGATIVE_INFINITY
  try {
    const image = reference === 'noise-free' ? volume.readNoiseFree(index, true) : volume.readTarget(index, true)
    if (!image) return largest
    for (const value of centreCropReal(image, info.targetShape!, cropShape(info)))
      if (value > largest && value !== Number.POSITIVE_INFINITY) largest = value
  } catch (error) {
    if (!(error instanceof AppError && error.code === 'NOT_FINITE')) throw error // beyond float32
  }
  return largest
}

/** Maximum of the cropped ground truth over the volume, the data range of metrics; `null` if no slice can be scored. */
export async function truthMaximum(volume: Volume, pause: Pause): Promise<number | null> {
  const { info } = volume
  if (!info.targetShape || usableSlices(info, { kind: 'all' }, 'ground truth').length === 0) return null
  let maximum = Number.NEGATIVE_INFINITY
  for (let index = 0; index < info.slices; index++) {
    await pause()
    maximum = Math.max(maximum, largestFinite(volume, index, 'ground truth'))
  }
  return maximum
}

/** An image and what is known of it; what is left out is `null` in what is told. */
export interface Picture extends Partial<Pick<FrameMeta, 'pixelSize' | 'note' | 'acceleration' | 'residual'>> {
  readonly image: Float32Array
  readonly shape: readonly [number, number]
  readonly units: FrameMeta['units']
  /** The mask over columns that it was made with. */
  readonly mask?: Uint8Array
}

const finiteOrNull = (value: number) => (Number.isFinite(value) ? value : null)

/** Throws `NOT_FINITE` for an image that holds no number at all. */
export function describeFrame(
  { image, shape, units, mask, note = null, residual = null, ...picture }: Picture,
  facts: Pick<FrameMeta, 'show' | 'volumeMaximum' | 'metrics'>,
): FrameMeta {
  const { minimum, maximum } = extremes(image, 'an image of finite numbers')
  return {
    shape: [shape[0], shape[1]],
    units,
    ...(picture.pixelSize && { pixelSize: picture.pixelSize }),
    note,
    minimum,
    maximum,
    ...facts,
    mask: mask ? mask.join('') : '',
    acceleration: picture.acceleration ?? (mask ? acceleration(mask) : null),
    residual,
  }
}

/** The metrics of one slice, with the data range of its volume. */
export function sliceMetrics(
  prediction: Float32Array,
  target: Float32Array,
  shape: readonly [number, number],
  range: number,
): SliceMetrics {
  const { ssim, psnr, nmse } = scoreSlice(prediction, target, shape, range)
  return { ssim: finiteOrNull(ssim), psnr: finiteOrNull(psnr), nmse: finiteOrNull(nmse) }
}
