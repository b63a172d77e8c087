/**
 * Intensity distortion for one channel. Of colour jitter, only brightness and contrast apply to a grey image, and
 * instance norm undoes both except at the borders. The distortion has a gamma curve, because instance norm does not
 * undo a gamma curve.
 */

export interface Distortion {
  /** Exponent of the image scaled to its maximum. */
  readonly gamma: number
  /** Factor about the image's mean. */
  readonly contrast: number
  /** Factor of the whole image. */
  readonly brightness: number
}

/** By which each magnitude is multiplied, so that magnitudes follow the gamma curve. The largest stays as it is. */
export function curve(magnitudes: Float32Array, gamma: number): Float32Array {
  const maximum = magnitudes.reduce((most, value) => Math.max(most, value), 0)
  return magnitudes.map(value => (value > 0 ? (value / maximum) ** (gamma - 1) : 0))
}

/** Magnitude image (≥ 0) → distorted, in the same units; never negative. */
export function distort(image: Float32Array, { gamma, contrast, brightness }: Distortion): Float32Array {
  let maximum = 0
  for (const value of image) maximum = Math.max(maximum, value)
  if (maximum === 0) return image
  const curved = image.map(value => maximum * (value / maximum) ** gamma)
  const mean = curved.reduce((sum, value) => sum + value, 0) / curved.length
  return curved.map(value => Math.max(0, (mean + (value - mean) * contrast) * brightness))
}
