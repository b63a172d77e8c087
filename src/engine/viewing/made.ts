/** The last images of panes. Several shows of a slice need its image, and a slice's networks share their input. */
import type { Volume } from '../../core/data/volume.ts'
import type { Model } from '../../core/models/model.ts'
import { isEqual, type Pattern } from '../../core/mri/pattern.ts'
import { isClassical, type Reconstructor } from '../../core/reconstruct.ts'

/** Images of a slice through all networks that panes show, and images of the slice before. */
const MADE_KEPT = 16

interface Made {
  readonly volume: Volume
  readonly slice: number
  readonly mask: Pattern
  /** A network, a classical method with its settings as JSON, or `null`: zero-filled. */
  readonly maker: Model | string | null
  readonly image: Float32Array
}

/** The newest image is at the end. */
const made: Made[] = []

/** Classical methods are made anew for each request. */
const makerOf = (reconstructor: Reconstructor | null): Made['maker'] =>
  isClassical(reconstructor) ? JSON.stringify(reconstructor) : reconstructor

export function knownImage(
  volume: Volume,
  slice: number,
  mask: Pattern,
  by: Reconstructor | null,
): Float32Array | null {
  const maker = makerOf(by)
  const known = made.find(
    one => one.volume === volume && one.slice === slice && one.maker === maker && isEqual(one.mask, mask),
  )
  return known?.image ?? null
}

export function keepImage(
  volume: Volume,
  slice: number,
  mask: Pattern,
  by: Reconstructor | null,
  image: Float32Array,
): Float32Array {
  if (made.push({ volume, slice, mask, maker: makerOf(by), image }) > MADE_KEPT) made.shift()
  return image
}
