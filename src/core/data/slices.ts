/** The slices a training or an evaluation goes through. */
import { type SliceSelection, selectSlices, type VolumeInfo } from '../../contract/volumes.ts'
import { stream } from '../mri/random.ts'
import type { Volume } from './volume.ts'

/** A volume known by its facts, opened only when its k-space is needed; whoever provides it decides how long it stays open. */
export interface VolumeSource {
  readonly info: VolumeInfo
  open(): Promise<Volume>
}

export interface SliceReference {
  readonly source: VolumeSource
  readonly index: number
}

/** The selected slices of all volumes, volume by volume. */
export const listSlices = (sources: readonly VolumeSource[], selection: SliceSelection): SliceReference[] =>
  sources.flatMap(source => selectSlices(selection, source.info.slices).map(index => ({ source, index })))

/** In words, slices counted from 1. */
export const nameSlice = ({ source, index }: SliceReference): string => `${source.info.file} slice ${index + 1}`

/** Which of `count` samples each step of an epoch takes: shuffled anew by (seed, epoch), once an epoch. */
export function batchPlaces(seed: number, count: number, batch: number): (epoch: number, step: number) => number[] {
  let order: readonly number[] = []
  let shuffledFor = -1
  return (epoch, step) => {
    if (epoch !== shuffledFor) order = stream(seed, 'order', epoch).shuffle(count)
    shuffledFor = epoch
    return order.slice(step * batch, (step + 1) * batch)
  }
}

/** Whether two slices show the same thing: the same patient at the same or a neighbouring place, in whatever contrast. */
export const sameSubject = (a: SliceReference, b: SliceReference): boolean =>
  a.source.info.patient === b.source.info.patient && Math.abs(a.index - b.index) <= 1

/**
 * Like `batchPlaces`, but a batch holds as few as possible of what shows the same thing: each place is the first one left, in the shuffled
 * order, with the fewest such others in the batch.
 */
export function spreadPlaces(
  seed: number,
  samples: readonly SliceReference[],
  batch: number,
): (epoch: number, step: number) => number[] {
  const shuffled = batchPlaces(seed, samples.length, samples.length)
  let batches: readonly number[][] = []
  let madeFor = -1
  const make = (left: number[]): number[][] => {
    const made: number[][] = []
    while (left.length > 0) {
      const chosen: number[] = []
      while (chosen.length < batch && left.length > 0) {
        let [best, fewest] = [0, Number.POSITIVE_INFINITY]
        for (let i = 0; i < left.length && fewest > 0; i++) {
          const same = chosen.filter(other => sameSubject(samples[other], samples[left[i]])).length
          if (same < fewest) [best, fewest] = [i, same]
        }
        chosen.push(...left.splice(best, 1))
      }
      made.push(chosen)
    }
    return made
  }
  return (epoch, step) => {
    if (epoch !== madeFor) batches = make([...shuffled(epoch, 0)])
    madeFor = epoch
    return batches[step] ?? []
  }
}
