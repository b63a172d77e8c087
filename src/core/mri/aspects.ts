/**
 * What can be shown of a slice beside its magnitude, without tensors. k-space is [coils, rows, columns, 2].
 *   k-space   log₁₀ √Σ_c |y_c|²,
 *   phase     arg F⁻¹ y of one coil, centred and orthonormal as fastMRI's `ifft2c`,
 *   residual  M(F x̂_c − y_c), with the mask M and complex images x̂_c. Shown as k-space is.
 * A magnitude |x̂| has no phase, no share of each coil, and no pixels outside the crop. All come from the zero-filled
 * images z_c = F⁻¹ M y_c: x̂_c = |x̂| · z_c / √Σ_c |z_c|², and z_c outside the crop.
 * Without them, even the ground truth's residual is above ‖M y‖.
 */
import type { Fourier } from './fourier.ts'
import { SSIM_MARGIN, ssimMap } from './metrics.ts'
import { fullPattern, isMeasured, type Pattern } from './pattern.ts'
import type { Shape } from './transform.ts'

/** Magnitudes below this share of the largest are drawn as this share, because float32 leaves no structure there. */
const FLOOR = 1e-6

/** Root of the sum of squares of one sample over coils, of [coils, samples, 2]. */
function magnitude(complex: Float32Array, samples: number, sample: number): number {
  let squares = 0
  for (let i = sample; i < complex.length / 2; i += samples) squares += complex[2 * i] ** 2 + complex[2 * i + 1] ** 2
  return Math.sqrt(squares)
}

/** Root of the sum of squares. */
export function norm(values: Float32Array): number {
  let squares = 0
  for (const value of values) squares += value * value
  return Math.sqrt(squares)
}

/** The largest magnitude of [coils, samples, 2]. */
export function largest(complex: Float32Array, coils: number): number {
  const samples = complex.length / (2 * coils)
  let most = 0
  for (let i = 0; i < samples; i++) most = Math.max(most, magnitude(complex, samples, i))
  return most
}

/**
 * log₁₀ of the magnitude, [rows, columns], at least a millionth of `reference`; NaN where nothing was measured.
 */
export function logMagnitude(
  kspace: Float32Array,
  coils: number,
  mask: Pattern,
  reference = largest(kspace, coils),
): Float32Array {
  const log = new Float32Array(kspace.length / (2 * coils)).fill(Number.NaN)
  const measures = isMeasured(mask)
  for (let i = 0; i < log.length; i++)
    if (measures(i)) log[i] = Math.log10(Math.max(magnitude(kspace, log.length, i), FLOOR * reference))
  return log
}

/** log₁₀ of the Fourier transform of a real image [height, width]. */
export function logSpectrum(fourier: Fourier, image: Float32Array, [height, width]: Shape): Float32Array {
  const complex = new Float32Array(2 * image.length)
  for (let i = 0; i < image.length; i++) complex[2 * i] = image[i]
  return logMagnitude(fourier.images(complex, [1, height, width], 'forward'), 1, fullPattern(height, width))
}

/** Indices of a grid's middle [crop height, crop width], row by row. */
function* cropSamples([height, width]: Shape, [cropHeight, cropWidth]: Shape): Generator<number> {
  const top = Math.floor((height - cropHeight) / 2)
  const left = Math.floor((width - cropWidth) / 2)
  for (let row = top; row < top + cropHeight; row++)
    for (let column = left; column < left + cropWidth; column++) yield row * width + column
}

/** Phase of a complex image [height, width, 2], radians in −π … π, [crop height, crop width]. */
export const phaseOf = (image: Float32Array, shape: Shape, crop: Shape): Float32Array =>
  Float32Array.from(cropSamples(shape, crop), i => Math.atan2(image[2 * i + 1], image[2 * i]))

/** Phase of the image of one coil's masked k-space, as `phaseOf`. */
export const phaseImage = (fourier: Fourier, kspace: Float32Array, shape: Shape, crop: Shape): Float32Array =>
  phaseOf(fourier.images(kspace, [1, ...shape], 'inverse'), shape, crop)

export interface Measurement {
  /** Masked k-space, [coils, rows, columns, 2]. */
  readonly measured: Float32Array
  readonly coils: number
  readonly mask: Pattern
  /** [rows, columns] */
  readonly shape: Shape
  readonly crop: Shape
}

/**
 * The residual of a magnitude [crop height, crop width]: the complex difference [coils, rows, columns, 2], 0 where
 * nothing was measured. All coils have equal shares of a pixel where all zero-filled images are 0.
 */
export function residualOf(
  fourier: Fourier,
  magnitudes: Float32Array,
  { measured, coils, mask, shape, crop }: Measurement,
): Float32Array {
  const image = fourier.images(measured, [coils, ...shape], 'inverse')
  const samples = shape[0] * shape[1]
  let pixel = 0
  for (const sample of cropSamples(shape, crop)) {
    const length = magnitude(image, samples, sample)
    const wanted = magnitudes[pixel++]
    for (let i = sample; i < coils * samples; i += samples) {
      image[2 * i] = wanted * (length > 0 ? image[2 * i] / length : 1 / Math.sqrt(coils))
      image[2 * i + 1] = wanted * (length > 0 ? image[2 * i + 1] / length : 0)
    }
  }
  return difference(fourier.images(image, [coils, ...shape], 'forward'), measured, mask, shape)
}

/** M(k − y) of k-space [coils, rows, columns, 2]: 0 where nothing was measured. */
export function difference(kspace: Float32Array, measured: Float32Array, mask: Pattern, shape: Shape): Float32Array {
  const measures = isMeasured(mask)
  const samples = shape[0] * shape[1]
  return kspace.map((value, i) => (measures((i >> 1) % samples) ? value - measured[i] : 0))
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
