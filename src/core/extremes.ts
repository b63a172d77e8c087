import { AppError } from '../contract/errors.ts'

/** Least and greatest of an image's numbers; throws `NOT_FINITE`, naming what they are of, where there are none. */
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
