/** Masks under which a pretext sees a slice. `Pretext` in the contract says what of k-space they may show. */
import type { MaskSpec } from '../../contract/evaluation.ts'
import type { Pretext } from '../../contract/recipes.ts'
import type { Volume } from '../data/volume.ts'
import { makeMask, subsampleMask } from '../mri/mask.ts'
import { RandomState } from '../mri/random.ts'

/** Whether masks may draw from all lines. A sub-sampled file has no lines beyond its own mask. */
export const isFresh = (volume: Volume, measurement: Pretext['measurement']): boolean =>
  measurement === 'fresh' && !volume.mask

/**
 * The mask of a slice's only measurement. File name and slice decide the mask, so it is equal in every run, as from a
 * scanner.
 */
export function measurementMask(volume: Volume, index: number, mask: MaskSpec): Uint8Array {
  if (volume.mask) return volume.mask
  const key = Array.from(volume.info.file, character => character.codePointAt(0)!)
  return makeMask(mask, volume.info.columns, RandomState.fromKey([...key, index]))
}

/** The masks of a slice's views in one epoch. `random(view)` gives a view's random stream. */
export function viewMasks(
  volume: Volume,
  index: number,
  mask: MaskSpec,
  { measurement, viewMasks, keep }: Pretext,
  random: (view: number) => RandomState,
): (view: number) => Uint8Array {
  const fresh = isFresh(volume, measurement)
  const draw = (view: number) =>
    fresh
      ? makeMask(mask, volume.info.columns, random(view))
      : subsampleMask(measurementMask(volume, index, mask), mask, keep, random(view))
  if (viewMasks === 'independent') return draw
  const shared = fresh ? draw(0) : measurementMask(volume, index, mask)
  return () => shared
}
