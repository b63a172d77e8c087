/** The sampling patterns of a volume's slices: given by a file, or drawn here; and their acceleration. */
import { drawPattern, keptPattern, type Masking } from '../mri/draw.ts'
import { acceleration, fullPattern, measurableAcceleration, type Pattern } from '../mri/pattern.ts'
import { RandomState } from '../mri/random.ts'
import { storedPatterns } from '../mri/stored-mask.ts'
import { mean } from '../statistics.ts'
import type { PatternOf, Volume } from './volume.ts'

/** The pattern that each slice has before one is drawn: the file's own, or the mask file's. `null`: none. */
export const givenPatterns = (volume: Volume, mask: Masking): PatternOf | null =>
  volume.mask ?? (mask.stored ? storedPatterns(mask.stored, volume.info) : null)

/** The patterns of a volume's slices: given, else one drawn from `random` or a seed, else one by the file name. */
export function maskOf(volume: Volume, mask: Masking, random?: RandomState | number): PatternOf {
  const given = givenPatterns(volume, mask) // measured with this pattern, so it is never masked again
  if (given) return given
  const { rows, columns, file } = volume.info
  const pattern =
    random instanceof RandomState
      ? drawPattern(mask, [rows, columns], random)
      : keptPattern(mask, [rows, columns], random ?? file)
  return () => pattern
}

/** As `maskOf`, with a mask drawn from `seed`. `null`: a mask seeded by the file's name. */
export const seededMaskOf = (volume: Volume, mask: Masking, seed: number | null): PatternOf =>
  maskOf(volume, mask, seed ?? undefined)

/** The acceleration over all these slices, samples over measured samples. Holds one pattern at a time. */
function overSlices(mask: PatternOf, slices: readonly number[], of: (pattern: Pattern) => number): number {
  let last: { readonly pattern: Pattern; readonly value: number } | null = null
  const values = slices.map(slice => {
    const pattern = mask(slice)
    if (last?.pattern !== pattern) last = { pattern, value: of(pattern) }
    return last.value
  })
  return values.every(value => value === values[0]) ? values[0] : 1 / mean(values.map(value => 1 / value))
}

/** Acceleration of the patterns of these slices. For an irregular file: of all slices. */
export const accelerationOf = ({ info: { sampling } }: Volume, mask: PatternOf, slices: readonly number[]): number =>
  sampling.kind === 'irregular' ? sampling.acceleration : overSlices(mask, slices, acceleration)

/** The acceleration over the measurable columns, if the header says that some are not; else `null`. */
export function measurableAccelerationOf({ info }: Volume, mask: PatternOf, slices: readonly number[]): number | null {
  if (!info.padding || (info.padding[0] <= 0 && info.padding[1] >= info.columns)) return null
  const [from, to] = info.padding
  return overSlices(mask, slices, pattern => measurableAcceleration(pattern, { from, to }, info.path))
}

/** The patterns to multiply by. K-space of an irregular file is used as stored, so its patterns are not searched. */
export const appliedPatterns = ({ info: { sampling, rows, columns } }: Volume, mask: PatternOf): PatternOf =>
  sampling.kind === 'irregular' ? () => fullPattern(rows, columns) : mask
