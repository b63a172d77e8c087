/** A volume's ground truth at the size of comparison, and the data range of metrics. */
import { AppError } from '../../contract/errors.ts'
import { centreCropReal, cropShape } from '../mri/transform.ts'
import type { Pause } from '../pause.ts'
import { type Reference, usableSlices } from './slices.ts'
import type { Volume } from './volume.ts'

/** Ground truth of one slice, cropped to the size of comparison, [crop height, crop width]; `null` if there is none. */
export function croppedTruth(volume: Volume, index: number): Float32Array | null {
  const { info } = volume
  const truth = volume.readTarget(index)
  return truth && centreCropReal(truth, info.targetShape!, cropShape(info))
}

/**
 * Largest finite number of a slice's cropped reference image; −∞ if there is no such image.
 * Slices that are not scored count too, because the data range of metrics is the volume's.
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
    // `NOT_FINITE` here means that float32 cannot hold the image's numbers.
    if (!(error instanceof AppError && error.code === 'NOT_FINITE')) throw error
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
