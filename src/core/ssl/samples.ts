/** Slices as samples of a pretext: k-space → mask → zero-filled image, and what a method may ask of a slice. */
import type { Pretext } from '../../contract/recipes.ts'
import { nameSlice, type SliceReference, sameSubject } from '../data/slices.ts'
import { complexImages } from '../inputs/complex.ts'
import type { MapArithmetic } from '../inputs/kspace.ts'
import { drawPattern, sampleAgain } from '../mri/draw.ts'
import { makeZeroFilling } from '../mri/fft.ts'
import type { Fourier } from '../mri/fourier.ts'
import { fullPattern, type Pattern } from '../mri/pattern.ts'
import { stream } from '../mri/random.ts'
import { cropShape } from '../mri/transform.ts'
import type { SupervisedJob } from '../training/supervised.ts'
import { centred, fromPairs, type Image, interleaved, isComplex, planewise } from './image.ts'
import type { Sample } from './method.ts'
import { isFresh, measurementMask, viewMasks } from './view-masks.ts'

type SampledJob = Pick<SupervisedJob, 'network' | 'seed' | 'mask'> & { readonly pretext: Pretext }

/** A slice, or one of several instances that a method makes of a slice. */
export interface Instance extends SliceReference {
  /** From 0. */
  readonly instance: number
}

/** File and slice in words, and the instance if a slice has several. */
export const nameInstance = (sample: Instance, instances: number): string =>
  nameSlice(sample) + (instances > 1 ? `, part ${sample.instance + 1} of ${instances}` : '')

/**
 * Calls `use` with a sample, which is valid only until `use` returns: its k-space is not copied.
 * `key` names the random streams of a sample within the epoch. `place` is `null` for a held-out patient.
 */
export type WithSample = <T>(
  instance: Instance,
  epoch: number,
  key: number,
  place: number | null,
  use: (sample: Sample) => T,
) => Promise<T>

/** Places of samples that show another patient, or another part of the patient. */
function rivalsAmong(samples: readonly Instance[], apart: boolean): (place: number | null) => readonly number[] {
  const everyPlace = [...samples.keys()]
  return place => {
    if (place === null || !apart) return everyPlace
    const others = everyPlace.filter(other => !sameSubject(samples[other], samples[place]))
    return others.length > 0 ? others : everyPlace // the few slices of one patient may all be neighbours
  }
}

/** Zero-filled images of one slice under masks. */
type ZeroFilled = (mask: Pattern) => Image

/** A square image under a mask of its k-space's columns. */
function maskedColumns(fourier: Fourier, image: Image, measured: Uint8Array): Image {
  if (!isComplex(image)) return planewise(image, image.shape, plane => fourier.maskColumns(plane, measured))
  const sizes = [1, ...image.shape] as const
  const kspace = fourier.images(interleaved(image.planes), sizes, 'forward')
  for (let i = 0; i < kspace.length; i++) if (!measured[(i >> 1) % measured.length]) kspace[i] = 0
  return fromPairs(fourier.images(kspace, sizes, 'inverse'), image.shape)
}

/** Calls `compute` once for each mask. */
function onceEach<T>(compute: (mask: Pattern) => T): (mask: Pattern) => T {
  const known = new Map<Pattern, T>()
  return mask => {
    const value = known.get(mask) ?? compute(mask)
    known.set(mask, value)
    return value
  }
}

/** `samples` are the training's. `apart`: rivals never show the sample's own patient at a neighbouring slice. */
export function sampling(
  { network: { takes }, seed, mask, pretext }: SampledJob,
  arithmetic: MapArithmetic,
  samples: readonly Instance[],
  apart: boolean,
): WithSample {
  const { fourier } = arithmetic
  const rivalsOf = rivalsAmong(samples, apart)
  const zeroFilling = makeZeroFilling(fourier)
  return async ({ source, index, instance }, epoch, key, place, use) => {
    const volume = await source.open()
    const { coils, rows, columns } = volume.info
    const draw = (purpose: string, view?: number) =>
      view === undefined ? stream(seed, purpose, epoch, key) : stream(seed, purpose, epoch, key, view)
    const maskOf = viewMasks(volume, index, mask, pretext, view => draw('view mask', view))
    const fresh = isFresh(volume, mask, pretext.measurement)
    let drawn: Pattern | null = null
    const measured = () => {
      drawn ??= fresh ? drawPattern(mask, [rows, columns], draw('measurement')) : measurementMask(volume, index, mask)
      return drawn
    }
    const crop = cropShape(source.info)
    const sampleOf = (imageOf: ZeroFilled): Sample => ({
      view: view => centred(imageOf(maskOf(view)), crop),
      measured: () => imageOf(measured()),
      again: view => imageOf(sampleAgain(measured(), mask, pretext.keep, draw('sub-sample again', view))),
      full: () => (fresh ? centred(imageOf(fullPattern(rows, columns)), crop) : null),
      masked(image, view) {
        const { measured } = drawPattern(mask, [...image.shape], draw('view mask', view))
        return maskedColumns(fourier, image, measured)
      },
      random: view => draw('augmentation', view),
      instance,
      place,
      get rivals() {
        return rivalsOf(place)
      },
      count: samples.length,
    })
    const complex = takes === 'complex' ? complexImages(volume, index, measured(), arithmetic) : null
    return volume.withKspace(index, kspace => {
      const magnitude = zeroFilling.underMasks(kspace, coils, crop)
      const zeroFilled: ZeroFilled = complex
        ? mask => fromPairs(complex(kspace, mask), [rows, columns])
        : mask => ({ planes: [magnitude(mask)], shape: crop })
      return use(sampleOf(onceEach(zeroFilled))) // views that share a mask share its image
    })
  }
}
