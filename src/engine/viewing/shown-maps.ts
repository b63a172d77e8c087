/** Coil maps for panes, kept in memory, so that coils and eigenvalues of a slice follow each other at once. */
import type { Volume } from '../../core/data/volume.ts'
import type { Pattern } from '../../core/mri/pattern.ts'
import { makeShownMaps, type ShownMaps } from '../../core/viewing/shown-maps.ts'
import { plain } from '../native/arithmetic.ts'
import { requirePictureMemory } from '../process/coil-memory.ts'
import { keepSlices } from './kept-slices.ts'

/** Room for ten slices of 15 coils with 320 × 320 pixels. */
const MOST_BYTES = 128e6

const kept = keepSlices<null, ShownMaps>(
  MOST_BYTES,
  ({ magnitudes, phases }) => magnitudes.byteLength + phases.byteLength,
)

/** As `makeShownMaps`. Throws `OUT_OF_MEMORY` before the maps are computed. */
export function mapsOf(volume: Volume, slice: number, pattern: Pattern): ShownMaps {
  const of = { volume, slice, pattern, maker: null }
  const known = kept.find(of)
  if (known) return known
  requirePictureMemory(volume.info)
  return kept.keep(of, makeShownMaps(volume, slice, pattern, plain))
}
