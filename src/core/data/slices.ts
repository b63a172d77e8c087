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
