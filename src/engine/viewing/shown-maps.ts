/** Coil maps for panes, kept in memory, so that coils and eigenvalues of a slice follow each other at once. */
import type { Volume } from '../../core/data/volume.ts'
import { isEqual, type Pattern } from '../../core/mri/pattern.ts'
import { makeShownMaps, type ShownMaps } from '../../core/viewing/shown-maps.ts'
import { plain } from '../native/arithmetic.ts'
import { requirePictureMemory } from '../process/coil-memory.ts'

/** Room for ten slices of 15 coils with 320 × 320 pixels. */
const MOST_BYTES = 128e6

interface KeptMaps {
  readonly volume: Volume
  readonly slice: number
  readonly pattern: Pattern
  readonly made: ShownMaps
}

/** The newest maps are at the end. */
const kept: KeptMaps[] = []

const bytesOf = ({ made: { magnitudes, phases } }: KeptMaps) => magnitudes.byteLength + phases.byteLength

/** As `makeShownMaps`. Throws `OUT_OF_MEMORY` before the maps are computed. */
export function mapsOf(volume: Volume, slice: number, pattern: Pattern): ShownMaps {
  const known = kept.find(one => one.volume === volume && one.slice === slice && isEqual(one.pattern, pattern))
  if (known) return known.made
  requirePictureMemory(volume.info)
  const made = makeShownMaps(volume, slice, pattern, plain)
  kept.push({ volume, slice, pattern, made })
  const bytes = () => kept.reduce((sum, one) => sum + bytesOf(one), 0)
  while (kept.length > 1 && bytes() > MOST_BYTES) kept.shift()
  return made
}
