/**
 * What can be shown of a slice beside its magnitude, without tensors. k-space is [rows, columns, 2].
 *   k-space   log₁₀ |y|,
 *   phase     arg F⁻¹ y, centred and orthonormal as fastMRI's `ifft2c`,
 *   residual  M(F x̂ − y), with the mask M and a complex x̂.
 * A magnitude |x̂| lacks a phase and everything outside the crop. Both come from the zero-filled image F⁻¹ M y.
 * Without both, even the ground truth's residual is above ‖M y‖.
 */
import type { Fourier } from './fourier.ts'
import { SSIM_MARGIN, ssimMap } from './metrics.ts'
import type { Shape } from './transform.ts'

/** Magnitudes below this share of the largest are drawn as this share, because float32 leaves no structure there. */
const FLOOR = 1e-6

const magnitude = (complex: Float32Array, sample: number) =>
  Math.sqrt(complex[2 * sample] ** 2 + complex[2 * sample + 1] ** 2)

/** Root of the sum of squares. */
export const norm = (values: Float32Array): number => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0))

/** The largest magnitude. */
export function largest(complex: Float32Array): number {
  let most = 0
  for (let i = 0; i < complex.length / 2; i++) most = Math.max(most, magnitude(complex, i))
  return most
}

/** k-space with 0 in the columns that were not measured. */
export function maskedKspace(kspace: Float32Array, mask: Uint8Array): Float32Array {
  const measured = new Float32Array(kspace.length)
  for (let i = 0; i < kspace.length; i++) if (mask[(i >> 1) % mask.length]) measured[i] = kspace[i]
  return measured
}

/** log₁₀ of a magnitude, at least a millionth of `reference`; NaN in columns that were not measured. */
export function logMagnitude(kspace: Float32Array, mask: Uint8Array, reference = largest(kspace)): Float32Array {
  const log = new Float32Array(kspace.length / 2).fill(Number.NaN)
  for (let i = 0; i < log.length; i++)
    if (mask[i % mask.length]) log[i] = Math.log10(Math.max(magnitude(kspace, i), FLOOR * reference))
  return log
}

/** log₁₀ of the Fourier transform of a real image [height, width]. */
export function logSpectrum(fourier: Fourier, image: Float32Array, [height, width]: Shape): Float32Array {
  const complex = new Float32Array(2 * image.length)
  for (let i = 0; i < image.length; i++) complex[2 * i] = image[i]
  return logMagnitude(fourier.images(complex, [1, height, width], 'forward'), new Uint8Array(width).fill(1))
}

/** Indices of a grid's middle [crop height, crop width], row by row. */
function* cropSamples([height, width]: Shape, [cropHeight, cropWidth]: Shape): Generator<number> {
  const top = Math.floor((height - cropHeight) / 2)
  const left = Math.floor((width - cropWidth) / 2)
  for (let row = top; row < top + cropHeight; row++)
    for (let column = left; column < left + cropWidth; column++) yield row * width + column
}

/** Phase of the image of masked k-space, radians in −π … π, [crop height, crop width]. */
export function phaseImage(fourier: Fourier, kspace: Float32Array, shape: Shape, crop: Shape): Float32Array {
  const image = fourier.images(kspace, [1, ...shape], 'inverse')
  return Float32Array.from(cropSamples(shape, crop), i => Math.atan2(image[2 * i + 1], image[2 * i]))
}

/** The mask over columns, repeated for every row. */
export function maskGrid(mask: Uint8Array, rows: number): Float32Array {
  const grid = new Float32Array(rows * mask.length)
  for (let row = 0; row < rows; row++) grid.set(mask, row * mask.length)
  return grid
}

/**
 * The residual of a magnitude [crop height, crop width] against masked k-space `measured`.
 * Returns the complex difference, 0 where nothing was measured.
 */
export function residualOf(
  fourier: Fourier,
  magnitudes: Float32Array,
  { measured, mask, shape, crop }: { measured: Float32Array; mask: Uint8Array; shape: Shape; crop: Shape },
): Float32Array {
  const image = fourier.images(measured, [1, ...shape], 'inverse')
  let pixel = 0
  for (const i of cropSamples(shape, crop)) {
    const length = magnitude(image, i)
    const [re, im] = length > 0 ? [image[2 * i] / length, image[2 * i + 1] / length] : [1, 0]
    image[2 * i] = magnitudes[pixel] * re
    image[2 * i + 1] = magnitudes[pixel++] * im
  }
  const predicted = fourier.images(image, [1, ...shape], 'forward')
  for (let i = 0; i < predicted.length; i++)
    predicted[i] = mask[(i >> 1) % mask.length] ? predicted[i] - measured[i] : 0
  return predicted
}

/** SSIM of the window around each pixel, [height, width]; NaN in the margin, where windows reach beyond the image. */
export function ssimImage(
  image: Float32Array,
  truth: Float32Array,
  [height, width]: Shape,
  range: number,
): Float32Array {
  const windows = [height - 2 * SSIM_MARGIN, width - 2 * SSIM_MARGIN] as const
  const map = ssimMap(image, truth, height, width, range)
  const padded = new Float32Array(height * width).fill(Number.NaN)
  let window = 0
  for (const i of cropSamples([height, width], windows)) padded[i] = map[window++]
  return padded
}

/** Mean and standard deviation (n − 1) of each pixel over two or more images of one shape. */
export function pixelStatistics(images: readonly Float32Array[]): { mean: Float32Array; spread: Float32Array } {
  const mean = new Float32Array(images[0].length)
  const spread = new Float32Array(images[0].length)
  for (let i = 0; i < mean.length; i++) {
    let sum = 0
    for (const image of images) sum += image[i]
    const centre = sum / images.length
    let squares = 0
    for (const image of images) squares += (image[i] - centre) ** 2
    mean[i] = centre
    spread[i] = Math.sqrt(squares / (images.length - 1))
  }
  return { mean, spread }
}
