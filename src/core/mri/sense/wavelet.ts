/**
 * Orthonormal two-dimensional wavelet transform of complex images, with periodic borders. Per level and axis:
 *   approximation[n] = Σ h[k] x[2n + 1 − K/2 + k],   detail[n] = Σ (−1)ᵏ h[K − 1 − k] x[2n + 1 − K/2 + k],
 * where h has K numbers, and indices wrap around. The approximation lies before the detail on each axis, and the next
 * level transforms the approximation of both axes (PyWavelets' `coeffs_to_array`, mode `periodization`).
 * Source of h: Daubechies 1992, "Ten Lectures on Wavelets", table 6.1.
 */
import { AppError } from '../../../contract/errors.ts'

const SCALING = {
  haar: [Math.SQRT1_2, Math.SQRT1_2],
  db4: [
    0.2303778133088964, 0.7148465705529155, 0.6308807679298587, -0.0279837694168599, -0.1870348117190931,
    0.0308413818355607, 0.0328830116668852, -0.010597401785069,
  ],
} as const

export type WaveletName = keyof typeof SCALING
export const WAVELETS = Object.keys(SCALING) as WaveletName[]

/** Both functions change x [rows, columns, 2] in place. */
export interface Wavelet {
  forward(x: Float32Array): void
  inverse(x: Float32Array): void
}

/** `first`: sums of index n begin at sample 2n + first. */
interface Filters {
  readonly low: Float64Array
  readonly high: Float64Array
  readonly first: number
}

function filtersOf(name: WaveletName): Filters {
  const low = Float64Array.from(SCALING[name])
  const high = low.map((_, k) => (k % 2 ? -1 : 1) * low[low.length - 1 - k])
  return { low, high, first: 1 - low.length / 2 }
}

const wrapped = (index: number, length: number): number => ((index % length) + length) % length

/** For images of one shape, whose rows and columns must be divisible by 2^levels. */
export function makeWavelet(
  name: WaveletName,
  levels: number,
  [rows, columns]: readonly [rows: number, columns: number],
): Wavelet {
  if (rows % 2 ** levels || columns % 2 ** levels)
    throw new AppError(
      'SHAPE_MISMATCH',
      `Expected rows and columns divisible by ${2 ** levels} for ${levels} levels, got ${rows} × ${columns}`,
    )
  const filters = filtersOf(name)
  const between = new Float32Array(2 * rows * columns) // transformed along one axis, [rows, columns, 2] of the level
  const line = new Float64Array(2 * (columns + 2 * filters.low.length))
  const sizes = Array.from({ length: levels }, (_, level) => [rows >> level, columns >> level] as const)
  return {
    forward(x) {
      for (const [height, width] of sizes) {
        for (let row = 0; row < height; row++)
          splitRow(filters, x.subarray(2 * row * columns), between.subarray(2 * row * width), width, line)
        splitColumns(filters, between, [height, width], x, columns)
      }
    },
    inverse(x) {
      for (const [height, width] of sizes.toReversed()) {
        joinColumns(filters, x, columns, between, [height, width])
        for (let row = 0; row < height; row++)
          joinRow(filters, between.subarray(2 * row * width), x.subarray(2 * row * columns), width, line)
      }
    },
  }
}

/** One line of `width` samples → approximation and detail, beside each other. `line`: working memory. */
function splitRow(
  { low, high, first }: Filters,
  x: Float32Array,
  parts: Float32Array,
  width: number,
  line: Float64Array,
) {
  const taps = low.length
  for (let i = 0; i < width + taps - 2; i++) {
    const from = 2 * wrapped(i + first, width)
    line[2 * i] = x[from]
    line[2 * i + 1] = x[from + 1]
  }
  for (let n = 0; n < width / 2; n++) {
    let lowRe = 0
    let lowIm = 0
    let highRe = 0
    let highIm = 0
    for (let k = 0; k < taps; k++) {
      const re = line[4 * n + 2 * k]
      const im = line[4 * n + 2 * k + 1]
      lowRe += low[k] * re
      lowIm += low[k] * im
      highRe += high[k] * re
      highIm += high[k] * im
    }
    parts[2 * n] = lowRe
    parts[2 * n + 1] = lowIm
    parts[width + 2 * n] = highRe
    parts[width + 2 * n + 1] = highIm
  }
}

/** The inverse of `splitRow`. */
function joinRow(
  { low, high, first }: Filters,
  parts: Float32Array,
  x: Float32Array,
  width: number,
  line: Float64Array,
) {
  const half = low.length / 2
  // Real and imaginary part of an approximation, then of its detail.
  for (let i = 0; i < width / 2 + half - 1; i++) {
    const from = 2 * wrapped(i + 1 - half, width / 2)
    line[4 * i] = parts[from]
    line[4 * i + 1] = parts[from + 1]
    line[4 * i + 2] = parts[width + from]
    line[4 * i + 3] = parts[width + from + 1]
  }
  for (let j = 0; j < width / 2; j++) {
    let evenRe = 0
    let evenIm = 0
    let oddRe = 0
    let oddIm = 0
    for (let t = 0; t < half; t++) {
      const at = 4 * (j + half - 1 - t)
      const tap = 2 * t
      evenRe += low[tap] * line[at] + high[tap] * line[at + 2]
      evenIm += low[tap] * line[at + 1] + high[tap] * line[at + 3]
      oddRe += low[tap + 1] * line[at] + high[tap + 1] * line[at + 2]
      oddIm += low[tap + 1] * line[at + 1] + high[tap + 1] * line[at + 3]
    }
    const even = 2 * wrapped(2 * j + first, width)
    const odd = 2 * wrapped(2 * j + 1 + first, width)
    x[even] = evenRe
    x[even + 1] = evenIm
    x[odd] = oddRe
    x[odd + 1] = oddIm
  }
}

type Shape = readonly [height: number, width: number]

/** As `splitRow`, of all columns of `parts` [height, width, 2], into the top left of x, whose rows have `columns`. */
function splitColumns(
  { low, high, first }: Filters,
  parts: Float32Array,
  [height, width]: Shape,
  x: Float32Array,
  columns: number,
) {
  const taps = low.length
  const rows = new Int32Array(taps)
  for (let n = 0; n < height / 2; n++) {
    for (let k = 0; k < taps; k++) rows[k] = 2 * width * wrapped(2 * n + first + k, height)
    const toLow = 2 * columns * n
    const toHigh = toLow + columns * height
    for (let i = 0; i < 2 * width; i++) {
      let approximation = 0
      let detail = 0
      for (let k = 0; k < taps; k++) {
        const value = parts[rows[k] + i]
        approximation += low[k] * value
        detail += high[k] * value
      }
      x[toLow + i] = approximation
      x[toHigh + i] = detail
    }
  }
}

/** The inverse of `splitColumns`. */
function joinColumns(
  { low, high, first }: Filters,
  x: Float32Array,
  columns: number,
  parts: Float32Array,
  [height, width]: Shape,
) {
  const half = low.length / 2
  const rows = new Int32Array(half)
  const toHigh = columns * height // from a row of approximations to the row of its details
  for (let j = 0; j < height / 2; j++) {
    for (let t = 0; t < half; t++) rows[t] = 2 * columns * wrapped(j - t, height / 2)
    const even = 2 * width * wrapped(2 * j + first, height)
    const odd = 2 * width * wrapped(2 * j + 1 + first, height)
    for (let i = 0; i < 2 * width; i++) {
      let evenValue = 0
      let oddValue = 0
      for (let t = 0; t < half; t++) {
        const approximation = x[rows[t] + i]
        const detail = x[rows[t] + toHigh + i]
        evenValue += low[2 * t] * approximation + high[2 * t] * detail
        oddValue += low[2 * t + 1] * approximation + high[2 * t + 1] * detail
      }
      parts[even + i] = evenValue
      parts[odd + i] = oddValue
    }
  }
}
