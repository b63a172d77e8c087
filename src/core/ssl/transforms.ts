/**
 * The original work's four transforms, under the original work's names: a real image to k-space, a column mask on
 * k-space, k-space back to a complex image, and the magnitude as one channel. The transforms are centred and
 * orthonormal, as in fastMRI's `fftc.py`.
 */
import { fft2Centred, ifft2Centred } from '../mri/fft-double.ts'
import type { Shape } from '../mri/transform.ts'

/** Image [h, w] → k-space [h, w, 2]. */
export function spatialToFrequency(image: Float32Array, [height, width]: Shape): Float64Array {
  const complex = new Float64Array(2 * image.length)
  for (let i = 0; i < image.length; i++) complex[2 * i] = image[i]
  return fft2Centred(complex, height, width)
}

/** k-space [h, columns, 2], with zeros in the columns that the mask leaves out. */
export function applyFrequencyMask(kspace: Float64Array, mask: Uint8Array): Float64Array {
  const columns = mask.length
  return kspace.map((value, i) => (mask[(i >> 1) % columns] ? value : 0))
}

/** k-space [h, w, 2] → complex image [h, w, 2]. */
export const frequencyToSpatial = (kspace: Float64Array, [height, width]: Shape): Float64Array =>
  ifft2Centred(kspace, height, width)

/** Complex image [h, w, 2] → its magnitude [h, w]. */
export function toOneChannelTensor(image: Float64Array): Float32Array {
  const magnitude = new Float32Array(image.length / 2)
  for (let i = 0; i < magnitude.length; i++) magnitude[i] = Math.hypot(image[2 * i], image[2 * i + 1])
  return magnitude
}
