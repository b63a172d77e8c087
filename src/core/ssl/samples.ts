/** Slices as samples of a pretext: k-space → mask → zero-filled image, and what a method may ask of a slice. */
import type { Pretext } from '../../contract/recipes.ts'
import { nameSlice, type SliceReference, sameSubject } from '../data/slices.ts'
import { drawPattern, sampleAgain } from '../mri/draw.ts'
import { makeZeroFilling } from '../mri/fft.ts'
import type { Fourier } from '../mri/fourier.ts'
import { fullPattern, type Pattern } from '../mri/pattern.ts'
import { stream } from '../mri/random.ts'
import { cropShape } from '../mri/transform.ts'
import type { SupervisedJob } from '../training/supervised.ts'
import type { Sample } from './method.ts'
import { isFresh, measurementMask, viewMasks } from './view-masks.ts'

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

/** `samples` are the training's. `apart`: rivals never show the sample's own patient at a neighbouring slice. */
export function sampling(
  { seed, mask, pretext }: Pick<SupervisedJob, 'seed' | 'mask'> & { readonly pretext: Pretext },
  fourier: Fourier,
  samples: readonly Instance[],
  apart: boolean,
): WithSample {
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
    const sampleOf = (imageOf: (mask: Pattern) => Float32Array): Sample => ({
      shape: cropShape(source.info),
      view: view => imageOf(maskOf(view)),
      measured: () => imageOf(measured()),
      again: view => imageOf(sampleAgain(measured(), mask, pretext.keep, draw('sub-sample again', view))),
      full: () => (fresh ? imageOf(fullPattern(rows, columns)) : null),
      masked: (image, side, view) =>
        fourier.maskColumns(image, drawPattern(mask, [side, side], draw('view mask', view)).measured),
      random: view => draw('augmentation', view),
      instance,
      place,
      get rivals() {
        return rivalsOf(place)
      },
      count: samples.length,
    })
    return volume.withKspace(index, kspace => {
      const zeroFilled = zeroFilling.underMasks(kspace, coils, cropShape(volume.info))
      const images = new Map<Pattern, Float32Array>() // views that share a mask share its image
      return use(
        sampleOf(mask => {
          const image = images.get(mask) ?? zeroFilled(mask)
          images.set(mask, image)
          return image
        }),
      )
    })
  }
}
