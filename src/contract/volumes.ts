/** What is known of one fastMRI file before any of its k-space is transformed. */
import { z } from 'zod'

export const ROLES = ['train', 'val', 'test'] as const
export const Role = z.enum(ROLES)
export type Role = z.infer<typeof Role>

/**
 * How the file's k-space was acquired, judged over all slices and in both directions.
 * `unread`: the contents of the file have not been read yet.
 * `full`: every phase-encoding column was measured; `nearlyEmptyColumns` of them carry next to no signal, and
 * `zeroPadding` counts the empty ones at the two edges.
 * `sub-sampled`: one set of columns was measured in all slices, as the dataset `mask` or empty columns say. Such k-space is never masked again.
 * `irregular`: what was measured is not one set of columns for all slices. Such k-space is scored and reconstructed as it is; it is never
 * masked again and never trained on. `acceleration`: samples over measured samples.
 */
export const Sampling = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('full'), nearlyEmptyColumns: z.int(), zeroPadding: z.int() }),
  z.object({
    kind: z.literal('sub-sampled'),
    evidence: z.enum(['mask dataset', 'empty columns']),
    measuredColumns: z.int(),
    acceleration: z.number(),
  }),
  z.object({
    kind: z.literal('irregular'),
    pattern: z.enum(['rows', 'points', 'each slice differs']),
    acceleration: z.number(),
  }),
  z.object({ kind: z.literal('unread') }),
])
export type Sampling = z.infer<typeof Sampling>

/** Whether the file holds less than all of k-space, so that nothing more of it is masked here. */
export const isMeasuredSo = ({ kind }: Sampling): boolean => kind === 'sub-sampled' || kind === 'irregular'

/** A slice that is left out of scores and trainings, and why. */
export const SliceFault = z.object({
  /** Counted from 0. */
  slice: z.int(),
  dataset: z.string(),
  /** `incomplete`: a part of it was never written into the file, and reads as the fill value. */
  fault: z.enum(['not finite', 'all zero', 'incomplete']),
})
export type SliceFault = z.infer<typeof SliceFault>

/** In words, slices counted from 1. */
export const faultInWords = ({ slice, dataset, fault }: SliceFault): string =>
  `slice ${slice + 1} (${dataset}: ${fault})`

/** What tells cheaply whether a file was written since: times in nanoseconds since 1970, decimal. */
export const FileVersion = z.object({
  bytes: z.int(),
  modified: z.string(),
  changed: z.string(),
  inode: z.string(),
  /** Of a virtual dataset: the version of each file that it is put together from, by path; `''`: there is none. */
  sources: z.record(z.string(), z.string()).optional(),
})
export type FileVersion = z.infer<typeof FileVersion>

/** What reading a whole file once says of it. */
export const VolumeContent = z.object({
  /**
   * SHA-256 over what is used of the file: k-space, ground truth, noise-free image, mask, header and attributes. It does not depend on the
   * file's name, place, or compression.
   */
  identity: z.string(),
  /** SHA-256 over k-space alone: tells a scan that is there twice, also under another patient id, header or ground truth. */
  scan: z.string(),
  /** Of the file that was read. */
  version: FileVersion,
  sampling: Sampling,
  /** Of `sub-sampled`: the columns that were measured, one character each, `1` or `0`; else absent. */
  mask: z.string().optional(),
  faults: z.array(SliceFault),
  /** What is odd about the data, with its evidence, in words. */
  remarks: z.array(z.string()),
})
export type VolumeContent = z.infer<typeof VolumeContent>

/** mm [down, right, thickness of a slice]; the thickness is `null` where it is not known. */
export const VoxelSize = z.tuple([z.number(), z.number(), z.number().nullable()])
export type VoxelSize = z.infer<typeof VoxelSize>

export const VolumeInfo = z.object({
  /** Absolute path. */
  path: z.string(),
  /** File name with extension: it seeds the file's mask, as in fastMRI. */
  file: z.string(),
  slices: z.int(),
  /** k-space matrix: readout rows, phase-encoding columns. */
  rows: z.int(),
  columns: z.int(),
  /** [height, width] of `reconstruction_esc` (or `_rss`), `null` without ground truth. */
  targetShape: z.tuple([z.int(), z.int()]).nullable(),
  /** Crop that the header asks for, `null` without a header. */
  reconSize: z.tuple([z.int(), z.int()]).nullable(),
  acquisition: z.string().nullable(),
  /** Attribute `max`: maximum of the ground truth over the volume. */
  maximum: z.number().nullable(),
  /**
   * Patient directions towards which rows run (rightwards) and columns run (downwards), as in DICOM's Patient Orientation (0020,0020):
   * one or two different axes' letters of L R A P H F each, such as `['L', 'F']`; `null` where the file does not say.
   */
  orientation: z.tuple([z.string(), z.string()]).nullable().default(null),
  /**
   * Of an encoded sample; absent where the file does not say, or was imported before this was read. The pixel size of a given image is
   * `voxelSizeOf` (core) or its `FrameMeta`.
   */
  voxelSize: VoxelSize.optional(),
  /** Salted SHA-256 of the file's patient id (or of its name where it has none); the id itself is kept nowhere. */
  patient: z.string(),
  sampling: Sampling,
  synthetic: z.boolean(),
  /** The file carries the noise-free image (`reconstruction_noise_free`); synthetic files only. */
  noiseFree: z.boolean(),
  bytes: z.int(),
  /** Absent until the whole file has been read. */
  content: VolumeContent.optional(),
})
export type VolumeInfo = z.infer<typeof VolumeInfo>

function howSampled(sampling: Sampling): string {
  if (sampling.kind === 'unread') return 'not read yet'
  if (sampling.kind === 'full')
    return sampling.nearlyEmptyColumns > 0 ? `full, ${sampling.nearlyEmptyColumns} columns nearly empty` : 'full'
  const pattern = sampling.kind === 'irregular' ? ` (${sampling.pattern})` : ''
  return `sub-sampled in the file${pattern}, ${sampling.acceleration.toFixed(1)}×`
}

/** In a few words, with the number of slices that are left out. */
export function samplingInWords({
  sampling,
  slices,
  content,
}: Pick<VolumeInfo, 'sampling' | 'slices' | 'content'>): string {
  const faulty = new Set(content?.faults.map(({ slice }) => slice)).size
  return howSampled(sampling) + (faulty > 0 ? `, ${faulty} of ${slices} slices left out` : '')
}

/** A file that a scan found and cannot use, with the reason in plain words. */
export const SkippedFile = z.object({ path: z.string(), reason: z.string() })
export type SkippedFile = z.infer<typeof SkippedFile>

/** Which slices of a volume take part. `middle`: index ⌊slices / 2⌋ only, as the original work's authors took one slice a volume. */
export const SliceSelection = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('all') }),
  z.object({ kind: z.literal('range'), from: z.int().min(0), to: z.int().min(0) }),
  z.object({ kind: z.literal('every'), n: z.int().min(1) }),
  z.object({ kind: z.literal('middle') }),
])
export type SliceSelection = z.infer<typeof SliceSelection>

/** Indices (from 0, ascending) of the selected slices of a volume of `count` slices; a range includes both ends. */
export function selectSlices(selection: SliceSelection, count: number): number[] {
  const all = Array.from({ length: count }, (_, index) => index)
  if (selection.kind === 'all') return all
  if (selection.kind === 'range') return all.filter(index => index >= selection.from && index <= selection.to)
  if (selection.kind === 'every') return all.filter(index => index % selection.n === 0)
  return count > 0 ? [Math.floor(count / 2)] : []
}

/** Whether a volume of `count` slices has a selected one; a plan of a large study asks this a million times. */
export function selectsAny(selection: SliceSelection, count: number): boolean {
  if (selection.kind !== 'range') return count > 0
  return selection.from <= selection.to && selection.from < count
}
