/** Patterns under which a pretext sees a slice. `Pretext` in the contract says what of k-space they may show. */
import type { Pretext } from '../../contract/recipes.ts'
import { givenPatterns } from '../data/patterns.ts'
import type { Volume } from '../data/volume.ts'
import { drawPattern, fileNameKey, keptPattern, type Masking, sampleAgain } from '../mri/draw.ts'
import type { Pattern } from '../mri/pattern.ts'
import type { RandomState } from '../mri/random.ts'

/** Whether patterns may draw from all samples. A sub-sampled file, or a mask file, has no samples beyond its own. */
export const isFresh = (volume: Volume, mask: Masking, measurement: Pretext['measurement']): boolean =>
  measurement === 'fresh' && !volume.mask && !mask.stored

/**
 * The pattern of a slice's only measurement. File name and slice decide the pattern, so it is equal in every run, as
 * from a scanner.
 */
export function measurementMask(volume: Volume, index: number, mask: Masking): Pattern {
  const given = givenPatterns(volume, mask)
  if (given) return given(index)
  const { rows, columns, file } = volume.info
  return keptPattern(mask, [rows, columns], [...fileNameKey(file), index])
}

/** The patterns of a slice's views in one epoch. `random(view)` gives a view's random stream. */
export function viewMasks(
  volume: Volume,
  index: number,
  mask: Masking,
  { measurement, viewMasks, keep }: Pretext,
  random: (view: number) => RandomState,
): (view: number) => Pattern {
  const { rows, columns } = volume.info
  const fresh = isFresh(volume, mask, measurement)
  const draw = (view: number) =>
    fresh
      ? drawPattern(mask, [rows, columns], random(view))
      : sampleAgain(measurementMask(volume, index, mask), mask, keep, random(view))
  if (viewMasks === 'independent') return draw
  const shared = fresh ? draw(0) : measurementMask(volume, index, mask)
  return () => shared
}
