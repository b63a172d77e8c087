/** The slices that a training or an evaluation uses. */
import { type SliceFault, type SliceSelection, selectSlices, type VolumeInfo } from '../../contract/volumes.ts'
import type { Volume } from './volume.ts'

/** A volume's facts, and a way to open the volume when its k-space is needed. The provider decides when to close it. */
export interface VolumeSource {
  readonly info: VolumeInfo
  open(): Promise<Volume>
}

export interface SliceReference {
  readonly source: VolumeSource
  readonly index: number
}

/** The image that a slice is compared with. `null`: none, because k-space alone is enough for a pretext task. */
export type Reference = 'ground truth' | 'noise-free' | null

const isOf = (reference: Reference, dataset: string): boolean =>
  dataset === 'kspace' ||
  (reference !== null && (dataset === 'reconstruction_noise_free') === (reference === 'noise-free'))

/** The faults for which selected slices are left out. */
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

/** Of some slices of a volume of `count` slices, the one nearest the middle, ⌊count / 2⌋. */
export const nearestMiddle = (slices: readonly number[], count: number): number | undefined => {
  const distance = (slice: number) => Math.abs(slice - Math.floor(count / 2))
  return slices.toSorted((a, b) => distance(a) - distance(b))[0]
}

/**
 * The slice without a fault that is nearest the middle, ⌊slices / 2⌋.
 * If every ground truth has a fault, only k-space counts. If every slice has a fault, the middle slice is returned.
 */
export function shownSlice(info: VolumeInfo): number {
  const middle = Math.floor(info.slices / 2)
  const all = { kind: 'all' } as const
  const whole = usableSlices(info, all, 'ground truth')
  const from = whole.length > 0 ? whole : usableSlices(info, all, null)
  return nearestMiddle(from, info.slices) ?? middle
}

/** The selected slices without a fault, volume by volume. */
export const listSlices = (
  sources: readonly VolumeSource[],
  selection: SliceSelection,
  reference: Reference,
): SliceReference[] =>
  sources.flatMap(source => usableSlices(source.info, selection, reference).map(index => ({ source, index })))

/** File and slice in words, slices counted from 1. */
export const nameSlice = ({ source, index }: SliceReference): string => `${source.info.file} slice ${index + 1}`

/** Where a slice lies in its volume: frames of one slice count as the same place. */
const placeOf = ({ source: { info }, index }: SliceReference): number => index % (info.slices / (info.frames ?? 1))

/** Whether two slices show one subject: the same patient, at the same or a neighbouring place, in any contrast. */
export const sameSubject = (a: SliceReference, b: SliceReference): boolean =>
  a.source.info.patient === b.source.info.patient && Math.abs(placeOf(a) - placeOf(b)) <= 1
