/** The slices a training or an evaluation goes through. */
import { type SliceFault, type SliceSelection, selectSlices, type VolumeInfo } from '../../contract/volumes.ts'
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

/** What a slice is held against, if anything: k-space alone is enough for a pretext. */
export type Reference = 'ground truth' | 'noise-free' | null

const isOf = (reference: Reference, dataset: string): boolean =>
  dataset === 'kspace' ||
  (reference !== null && (dataset === 'reconstruction_noise_free') === (reference === 'noise-free'))

/** Why selected slices are left out. */
export const leftOut = (info: VolumeInfo, selection: SliceSelection, reference: Reference): SliceFault[] => {
  const selected = new Set(selectSlices(selection, info.slices))
  return (info.content?.faults ?? []).filter(({ slice, dataset }) => selected.has(slice) && isOf(reference, dataset))
}

/** Selected slices without a fault. */
export function usableSlices(info: VolumeInfo, selection: SliceSelection, reference: Reference): number[] {
  const faulty = new Set(leftOut(info, selection, reference).map(({ slice }) => slice))
  return selectSlices(selection, info.slices).filter(slice => !faulty.has(slice))
}

export const isWhole = (info: VolumeInfo, slice: number, reference: Reference): boolean =>
  leftOut(info, { kind: 'range', from: slice, to: slice }, reference).length === 0

/** The slice without a fault nearest the middle, ⌊slices / 2⌋; that one where all have one. */
export function shownSlice(info: VolumeInfo): number {
  const middle = Math.floor(info.slices / 2)
  const all = { kind: 'all' } as const
  const whole = usableSlices(info, all, 'ground truth')
  const from = whole.length > 0 ? whole : usableSlices(info, all, null)
  return from.toSorted((a, b) => Math.abs(a - middle) - Math.abs(b - middle))[0] ?? middle
}

/** The selected slices of all volumes that can be used, volume by volume. */
export const listSlices = (
  sources: readonly VolumeSource[],
  selection: SliceSelection,
  reference: Reference,
): SliceReference[] =>
  sources.flatMap(source => usableSlices(source.info, selection, reference).map(index => ({ source, index })))

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
