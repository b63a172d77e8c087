/** The zero-filled magnitude, as fastMRI's U-Net takes it: `image` [crop height, crop width, 1], mean 0 and SD 1. */
import { requireFiniteImage } from '../imaging.ts'
import { cropShape, normalise, rescale } from '../mri/transform.ts'
import type { InputKind } from './input.ts'

export const magnitude: InputKind = {
  label: 'magnitude images',
  measured: false,
  shape: cropShape,
  sizes: cropShape,
  prepare(volume, slice, mask, _, imaging) {
    const zeroFilled = requireFiniteImage(imaging.zeroFilled(volume, slice, mask), volume, slice, 'zero-filled')
    const { image, mean, std } = normalise(zeroFilled)
    return { parts: { image: { data: image, shape: [...cropShape(volume.info), 1] } }, mean, std }
  },
  target: (truth, { mean, std }) => rescale(truth, mean, std),
}
