/** A slice of a source as a pane shows it, and what is known of the source's samples and pixels. */
import { AppError } from '../../contract/errors.ts'
import { accelerationOf, seededMaskOf } from '../data/patterns.ts'
import type { Volume } from '../data/volume.ts'
import type { SliceInput } from '../inputs/input.ts'
import type { Kernels } from '../kernels.ts'
import type { Model } from '../models/model.ts'
import type { Masking } from '../mri/draw.ts'
import type { Fourier } from '../mri/fourier.ts'
import { fullPattern, type Pattern } from '../mri/pattern.ts'
import { voxelSizeOf } from '../mri/transform.ts'
import { isClassical, type Reconstructor } from '../reconstruct.ts'
import type { CoilFacts } from './coil-facts.ts'
import type { Coils } from './coils.ts'
import type { Picture } from './frame.ts'
import type { SliceGiven } from './given.ts'
import type { ShownMaps } from './shown-maps.ts'

/** A slice of a source, and what it is shown with. */
export interface Subject extends Coils {
  readonly source: 'truth' | 'network'
  /** `null`: the zero-filled image, or the ground truth. */
  readonly reconstructor: Reconstructor | null
  /** Whether the image is in the units of the file, so that metrics fit it. */
  readonly scored: boolean
  readonly mask: Masking
  /** `null`: the mask is seeded by the file's name. */
  readonly seed: number | null
  /** Maximum of the ground truth over the volume; `null` without ground truth. */
  readonly volumeMaximum: number | null
  /** Layer and channel (from 0) of a `feature`. */
  readonly layer: string
  readonly channel: number
  /** Of a `cascade`, see `FrameOptions`. */
  readonly cascade: number | null
  /** Of a classical image that is computed. */
  readonly coilFacts: CoilFacts | null
  readonly kernels: Kernels
  readonly fourier: Fourier
  /** As `reconstructSlice`. The function may keep images, because several shows of a slice need its image. */
  readonly reconstruct: (
    volume: Volume,
    index: number,
    mask: Pattern,
    reconstructor: Reconstructor | null,
  ) => Promise<Float32Array>
  /** As `inputOf`. */
  readonly inputFor: (
    volume: Volume,
    index: number,
    mask: Pattern,
    model: Pick<Model, 'network' | 'config'>,
  ) => SliceInput
  /** As `giveSlice`. The function may keep what it gives, because several shows of a slice need it. */
  readonly given: (
    volume: Volume,
    index: number,
    mask: Pattern,
    model: Model,
    range: number | null,
  ) => Promise<SliceGiven>
  /** As `makeShownMaps`. The function may keep maps, because several shows of a slice need its maps. */
  readonly mapsOf: (volume: Volume, slice: number, pattern: Pattern) => ShownMaps
}

/** For words. */
export function nameOf({ source, reconstructor }: Subject): string {
  if (source === 'truth') return source
  return isClassical(reconstructor) ? reconstructor.classical : reconstructor ? 'run' : 'zero-filled'
}

export const refuse = (message: string): never => {
  throw new AppError('INVALID_ARGUMENT', message)
}

export const drawnMask = ({ volume, slice, mask, seed }: Subject): Pattern => seededMaskOf(volume, mask, seed)(slice)

/** The mask with which the source was made; `undefined` for the ground truth, which was fully sampled. */
const maskOfSource = (subject: Subject) => (subject.source === 'truth' ? undefined : drawnMask(subject))

/** Mask and acceleration of the source. */
export function samplingOf(subject: Subject): Pick<Picture, 'mask' | 'acceleration'> {
  const mask = maskOfSource(subject)
  return mask ? { mask, acceleration: accelerationOf(subject.volume, () => mask, [subject.slice]) } : {}
}

/** The samples that the source uses. The ground truth uses all samples. */
export function patternOf(subject: Subject): Pattern {
  const { path, rows, columns } = subject.volume.info
  if (subject.source === 'truth' && subject.volume.mask)
    refuse(
      `Expected fully sampled k-space, got a file that was sub-sampled in the scanner, ${path}. ` +
        'Look at the zero-filled source instead.',
    )
  return maskOfSource(subject) ?? fullPattern(rows, columns)
}

/** Pixel size, mm [down, right]. */
export function pixelSizeOf({ volume, source }: Subject): [number, number] | undefined {
  const [down, right] = voxelSizeOf(volume.info, source) ?? []
  return down && right ? [down, right] : undefined
}
