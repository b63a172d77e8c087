/**
 * Windows that fit an image by itself, once for screen and print. A window leaves out 0.5 % of the values at an end.
 * The screen always did. Reports left out 1 %, and then bright vessels and fat were white that were grey on screen.
 */

/** Window of numbers: the map's first colour at `low`, its last at `high`. */
export interface GreyWindow {
  readonly low: number
  readonly high: number
}

const CUT = 0.005

/** The value below which a share of the values lies; pixels without a number are left out. */
function percentiles(values: Float32Array, shares: readonly number[]): number[] {
  const sorted = values.filter(Number.isFinite).sort()
  return shares.map(share => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0)
}

/** From 0, for a magnitude image. */
export function fitWindow(values: Float32Array): GreyWindow {
  const [high] = percentiles(values, [1 - CUT])
  return { low: 0, high: high || 1 }
}

/** Over the middle 99 % of values of any sign, for an image in arbitrary units. */
export function ownWindow(values: Float32Array): GreyWindow {
  const [low, high] = percentiles(values, [CUT, 1 - CUT])
  return { low, high: high > low ? high : low + 1 }
}
