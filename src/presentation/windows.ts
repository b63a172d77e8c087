/**
 * Display windows fitted to one image, once for screen and print. A window leaves out 0.5 % of the values at an end.
 * With 1 %, bright vessels and fat would be white.
 */

/** Window of numbers: `low` has the map's first colour, `high` the last. */
export interface GreyWindow {
  readonly low: number
  readonly high: number
}

const CUT = 0.005

/** The value below which a share of the values lies. Pixels without a number are left out. */
function percentiles(values: Float32Array, shares: readonly number[]): number[] {
  const sorted = values.filter(Number.isFinite).sort()
  return shares.map(share => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0)
}

/** Window from 0, for a magnitude image. */
export function fitWindow(values: Float32Array): GreyWindow {
  const [high] = percentiles(values, [1 - CUT])
  return { low: 0, high: high || 1 }
}

/** Window over the middle 99 % of values of any sign, for an image in arbitrary units. */
export function ownWindow(values: Float32Array): GreyWindow {
  const [low, high] = percentiles(values, [CUT, 1 - CUT])
  return { low, high: high > low ? high : low + 1 }
}
