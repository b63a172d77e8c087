import { AppError } from '../contract/errors.ts'

/** Least and greatest of an image's numbers; throws `NOT_FINITE`, naming what they are of, where there are none. */
export function extremes(values: Float32Array, what: string): { minimum: number; maximum: number } {
  let minimum = Number.POSITIVE_INFINITY
  let maximum = Number.NEGATIVE_INFINITY
  for (const value of values) {
    if (value < minimum) minimum = value
    if (value > maximum) maximum = value
  }
  if (!(Number.isFinite(minimum) && Number.isFinite(maximum)))
    throw new AppError('NOT_FINITE', `Expected ${what}, got ${minimum} to ${maximum}.`)
  return { minimum, maximum }
}
