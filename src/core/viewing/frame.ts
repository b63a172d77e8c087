/** The facts that a pane receives of an image beside its pixels. */
import type { FrameMeta, SliceMetrics } from '../../contract/images.ts'
import { extremes } from '../extremes.ts'
import { scoreSlice } from '../mri/metrics.ts'
import { acceleration, type Pattern } from '../mri/pattern.ts'

/** An image and the facts that are known of it. */
export interface Picture
  extends Partial<
    Pick<FrameMeta, 'pixelSize' | 'tiles' | 'note' | 'cautions' | 'acceleration' | 'residual' | 'cascades'>
  > {
  readonly image: Float32Array
  /** A second number of each pixel. */
  readonly second?: { readonly kind: NonNullable<FrameMeta['second']>; readonly values: Float32Array }
  readonly shape: readonly [number, number]
  readonly units: FrameMeta['units']
  /** The pattern with which the image was made. */
  readonly mask?: Pattern
}

const finiteOrNull = (value: number) => (Number.isFinite(value) ? value : null)

/** Throws `NOT_FINITE` if the image holds infinity, or nothing but NaN. */
export function describeFrame(
  { image, second, shape, units, mask, note = null, residual = null, ...picture }: Picture,
  facts: Pick<FrameMeta, 'show' | 'volumeMaximum' | 'metrics'>,
): FrameMeta {
  const { minimum, maximum } = extremes(image, 'an image of finite numbers')
  return {
    shape: [shape[0], shape[1]],
    units,
    ...(picture.pixelSize && { pixelSize: picture.pixelSize }),
    ...(second && { second: second.kind }),
    ...(picture.tiles && { tiles: picture.tiles }),
    ...(picture.cascades && { cascades: picture.cascades }),
    note,
    ...(picture.cautions?.length && { cautions: picture.cautions }),
    minimum,
    maximum,
    ...facts,
    mask: mask?.kind === 'columns' ? mask.measured.join('') : '',
    acceleration: picture.acceleration ?? (mask ? acceleration(mask) : null),
    residual,
  }
}

/** The numbers of a picture as a response carries them: [h, w], or [2, h, w] with a second number of each pixel. */
export function bodyOf({ image, second }: Picture): Float32Array {
  if (!second) return image
  const body = new Float32Array(2 * image.length)
  body.set(image)
  body.set(second.values, image.length)
  return body
}

/** The metrics of one slice, with the data range of its volume. */
export function sliceMetrics(
  prediction: Float32Array,
  target: Float32Array,
  shape: readonly [number, number],
  range: number,
): SliceMetrics {
  const { ssim, psnr, nmse, foreground } = scoreSlice(prediction, target, shape, range)
  return {
    ...{ ssim: finiteOrNull(ssim), psnr: finiteOrNull(psnr), nmse: finiteOrNull(nmse) },
    foreground: { ssim: finiteOrNull(foreground.ssim), nmse: finiteOrNull(foreground.nmse) },
  }
}
