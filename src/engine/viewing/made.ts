/** The last images of panes. Several shows of a slice need its image, and a slice's networks share their input. */
import type { Volume } from '../../core/data/volume.ts'
import type { Model } from '../../core/models/model.ts'
import type { Pattern } from '../../core/mri/pattern.ts'
import { isClassical, type Reconstructor } from '../../core/reconstruct.ts'
import { keepSlices } from './kept-slices.ts'

/** Images of a slice through all networks that panes show, and images of the slice before. */
const MADE_KEPT = 16

/** A network, a classical method with its settings as JSON, or `null`: zero-filled. */
type Maker = Model | string | null

const made = keepSlices<Maker, Float32Array>(MADE_KEPT, () => 1)

/** Classical methods are made anew for each request. */
const makerOf = (reconstructor: Reconstructor | null): Maker =>
  isClassical(reconstructor) ? JSON.stringify(reconstructor) : reconstructor

export const knownImage = (
  volume: Volume,
  slice: number,
  pattern: Pattern,
  by: Reconstructor | null,
): Float32Array | null => made.find({ volume, slice, pattern, maker: makerOf(by) })

export const keepImage = (
  volume: Volume,
  slice: number,
  pattern: Pattern,
  by: Reconstructor | null,
  image: Float32Array,
): Float32Array => made.keep({ volume, slice, pattern, maker: makerOf(by) }, image)
