/** One slice for looking at: the ground truth to hold it against, and what is told of an image beside its pixels. */
import type { FrameMeta } from '../contract/images.ts'
import type { Volume } from './data/volume.ts'
import { extremes } from './extremes.ts'
import { acceleration } from './mri/mask.ts'
import { scoreVolume } from './mri/metrics.ts'
import { centreCropReal, cropShape } from './mri/transform.ts'
import type { Pause } from './pause.ts'

/** Ground truth of one slice at the size that images are compared at, [crop height, crop width]; `null` where there is none. */
export function croppedTruth(volume: Volume, index: number): Float32Array | null {
  const { info } = volume
  const truth = volume.readTarget(index)
  return truth && centreCropReal(truth, info.targetShape!, cropShape(info))
}

/** Maximum of the cropped ground truth over the whole volume, the data range of metrics; `null` without ground truth. */
export async function truthMaximum(volume: Volume, pause: Pause): Promise<number | null> {
  if (!volume.info.targetShape) return null
  let maximum = Number.NEGATIVE_INFINITY
  for (let index = 0; index < volume.info.slices; index++) {
    await pause()
    for (const value of croppedTruth(volume, index)!) if (value > maximum) maximum = value
  }
  return maximum
}

interface FrameFacts {
  readonly image: Float32Array
  readonly shape: readonly [number, number]
  readonly units: FrameMeta['units']
  readonly volumeMaximum: number | null
  /** What to score the image against; `null`: no score. */
  readonly truth: Float32Array | null
  /** Over columns; `null`: nothing was masked. */
  readonly mask: Uint8Array | null
}

const finiteOrNull = (value: number) => (Number.isFinite(value) ? value : null)

/** Throws `NOT_FINITE` for an image that holds no number at all. */
export function describeFrame({ image, shape, units, volumeMaximum, truth, mask }: FrameFacts): FrameMeta {
  const { minimum, maximum } = extremes(image, 'an image of finite numbers')
  return {
    shape: [shape[0], shape[1]],
    units,
    minimum,
    maximum,
    volumeMaximum,
    metrics: truth && volumeMaximum !== null ? sliceMetrics(image, truth, shape, volumeMaximum) : null,
    mask: mask ? mask.join('') : '',
    acceleration: mask && acceleration(mask),
  }
}

/** The metrics of one slice, with the data range of its volume. */
function sliceMetrics(prediction: Float32Array, target: Float32Array, shape: readonly [number, number], range: number) {
  const { ssim, psnr, nmse } = scoreVolume({ prediction, target, shape: [1, ...shape], maximum: range })
  return { ssim: finiteOrNull(ssim), psnr: finiteOrNull(psnr), nmse: finiteOrNull(nmse) }
}
