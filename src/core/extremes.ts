import { AppError } from '../contract/errors.ts'

/** Least and greatest number of an image. Throws `NOT_FINITE`, naming `what`, if a bound is not finite. */
export function extremes(values: Float32Array, what: string): { minimum: number; maximum: number } {
  let minimum = Number.POSITIVE_INFINITY
  let maximum = Number.NEGATIVE_INFINITY
  for (let i = 0; i < values.length; i++) {
    if (values[i] < minimum) minimum = values[i]
    if (values[i] > maximum) maximum = values[i]
  }
  if (!(Number.isFinite(minimum) && Number.isFinite(maximum)))
    throw new AppError('NOT_FINITE', `Expected ${what}, got ${minimum} to ${maximum}.`)
  return { minimum, maximum }
}

/** Whether all values are finite: no NaN and no infinity. */
export function allFinite(values: Float32Array): boolean {
  // Sums of float32 in double cannot overflow, so the sum is finite exactly if every value is.
  // Two sums at once take half the time.
  let even = 0
  let odd = 0
  for (let i = 0; i < values.length; i += 2) {
    even += values[i]
    odd += values[i + 1] ?? 0
  }
  return Number.isFinite(even + odd)
}

/** Σ x², in double precision. */
export function energyOf(values: Float32Array): number {
  let sum = 0
  for (let i = 0; i < values.length; i++) sum += values[i] * values[i]
  return sum
}

/**
 * Returns the largest magnitude if a 32-bit float cannot hold that magnitude. It is then too large, or too small to be
 * exact. Returns `null` if the magnitude fits, or if the file already holds an infinite number. Smaller numbers of the
 * slice may round to zero.
 */
export function beyondFloat32(values: Float64Array): number | null {
  let largest = 0
  for (const value of values) {
    const magnitude = Math.abs(value)
    if (magnitude > largest) largest = magnitude
  }
  const fits =
    largest === 0 ||
    largest === Number.POSITIVE_INFINITY ||
    (largest >= 2 ** -126 && Math.fround(largest) !== Number.POSITIVE_INFINITY)
  return fits ? null : largest
}
