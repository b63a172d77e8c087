/** Facts about one volume, known before its k-space is transformed. */
import { z } from 'zod'
import { Crimes } from './crimes.ts'
import { Origin } from './origin.ts'
import { some } from './words.ts'

export const ROLES = ['train', 'val', 'test'] as const
export const Role = z.enum(ROLES)
export type Role = z.infer<typeof Role>

/**
 * How the file's k-space was acquired, judged over all slices and in both directions.
 * `unread`: the contents of the file have not been read yet.
 * `full`: every phase-encoding column was measured. `nearlyEmptyColumns` columns contain almost no signal.
 * `zeroPadding` counts the empty columns at the two edges. `edges`: whether the empty lines at both edges are alike, of
 * columns and of rows. `one-sided`: partial Fourier, or a partial readout. Absent if an older program read the file.
 * `sub-sampled`: all slices have the same measured columns, according to the dataset `mask` or to empty columns.
 * Such k-space is never masked again.
 * `irregular`: the slices have no common set of measured columns. Such k-space is scored and reconstructed as measured,
 * which a dataset `mask` may say. It is never masked again and never used for training. `acceleration`: samples over
 * measured samples.
 */
export const Sampling = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('full'),
    nearlyEmptyColumns: z.int(),
    zeroPadding: z.int(),
    edges: z.enum(['even', 'one-sided']).optional(),
  }),
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

/** Whether the file was sub-sampled during the acquisition. Such k-space is not masked again. */
export const isMeasuredSo = ({ kind }: Sampling): boolean => kind === 'sub-sampled' || kind === 'irregular'

/** A slice that scores and trainings omit, with the reason. */
export const SliceFault = z.object({
  /** Counted from 0. */
  slice: z.int(),
  dataset: z.string(),
  /** `incomplete`: a part of the slice was never written into the file, and reads as the fill value. */
  fault: z.enum(['not finite', 'all zero', 'incomplete']),
  /** Only for k-space of several coils: the coils with numbers that are not finite, counted from 0. */
  coils: z.array(z.int()).optional(),
})
export type SliceFault = z.infer<typeof SliceFault>

/** 'coil 3', or 'coils 3, 7'. `coils` count from 0, the words from 1. */
export const coilsByNumber = (coils: readonly number[]): string =>
  `${coils.length === 1 ? 'coil' : 'coils'} ${some(coils.map(coil => `${coil + 1}`))}`

/** The fault in words. Slices and coils count from 1. */
export const faultInWords = ({ slice, dataset, fault, coils }: SliceFault): string =>
  `slice ${slice + 1} (${dataset}: ${fault}${coils ? ` in ${coilsByNumber(coils)}` : ''})`

/** Detects without reading if a file was written. Times in nanoseconds since 1970, decimal. */
export const FileVersion = z.object({
  bytes: z.int(),
  modified: z.string(),
  changed: z.string(),
  inode: z.string(),
  /** For a virtual dataset: version of each source file, by path. `''`: the source file is missing. */
  sources: z.record(z.string(), z.string()).optional(),
})
export type FileVersion = z.infer<typeof FileVersion>

/** Facts about a file, known after the whole file was read once. */
export const VolumeContent = z.object({
  /**
   * SHA-256 over the used contents: k-space, ground truth, noise-free image, mask, header and attributes.
   * Independent of the file's name, path and compression.
   */
  identity: z.string(),
  /**
   * SHA-256 over k-space only. Finds a scan that occurs twice, even with another patient id, header or ground truth.
   */
  scan: z.string(),
  /** Version of the file that was read. */
  version: FileVersion,
  sampling: Sampling,
  /** For `sub-sampled`: one character per column, `1` measured, `0` not measured. Otherwise absent. */
  mask: z.string().optional(),
  /**
   * Lines, counted from 0, that the file's mask calls measured and that are empty in k-space. They count as not
   * measured. Only for a mask that is not of columns. Absent if there are none.
   */
  lost: z.object({ rows: z.array(z.int()).readonly(), columns: z.array(z.int()).readonly() }).optional(),
  /** What speaks against fully sampled k-space being raw. Absent if an older program read the file. */
  crimes: Crimes.optional(),
  faults: z.array(SliceFault),
  /** Unusual properties of the data in words, with evidence. */
  remarks: z.array(z.string()),
})
export type VolumeContent = z.infer<typeof VolumeContent>

/** mm [down, right, thickness of a slice]. An unknown thickness is `null`. */
export const VoxelSize = z.tuple([z.number(), z.number(), z.number().nullable()])
export type VoxelSize = z.infer<typeof VoxelSize>

const Vector = z.tuple([z.number(), z.number(), z.number()])

/**
 * Where the slices lie in the patient, in DICOM's coordinates: x to the left, y to the back, z to the head.
 * Pixel sizes and the slice thickness are `voxelSize`. The spacing of slices follows from `origins`.
 */
export const Geometry = z.object({
  /** Unit vectors along a row of the image (towards higher columns) and along a column (towards higher rows). */
  right: Vector,
  down: Vector,
  /** For each slice, where the origin of the Fourier transform lies: the pixel ⌊rows / 2⌋, ⌊columns / 2⌋. mm. */
  origins: z.array(Vector),
})
export type Geometry = z.infer<typeof Geometry>

export const VolumeInfo = z.object({
  /** Absolute path of the file, with the part of the volume if the file holds several: see `volumePath`. */
  path: z.string(),
  /** File name with extension, and the part. The seed of the volume's mask, as in fastMRI. */
  file: z.string(),
  slices: z.int(),
  /** k-space matrix: readout rows, phase-encoding columns. */
  rows: z.int(),
  columns: z.int(),
  /** Receiver coils. k-space of one slice is [coils, rows, columns]. */
  coils: z.int().default(1),
  /** [height, width] of the ground truth. `null` without ground truth, and as long as `mayComputeTruth`. */
  targetShape: z.tuple([z.int(), z.int()]).nullable(),
  /**
   * Only with ground truth. `computed`: the root sum of squares over coils of the fully measured k-space.
   * `stored`, or absent: an image in the file, `reconstruction_rss` or for one coil `_esc`.
   */
  truth: z.enum(['stored', 'computed']).optional(),
  /** Crop that the header demands. `null` without a header. */
  reconSize: z.tuple([z.int(), z.int()]).nullable(),
  acquisition: z.string().nullable(),
  /** Attribute `max`: maximum of the ground truth over the volume. */
  maximum: z.number().nullable(),
  /**
   * Patient directions of rows (rightwards) and columns (downwards), as in DICOM's Patient Orientation (0020,0020).
   * Each has one or two letters of L R A P H F, of different axes: `['L', 'F']`. `null` if the file does not say.
   * With `geometry`, the letters follow from it.
   */
  orientation: z.tuple([z.string(), z.string()]).nullable().default(null),
  /**
   * Size of an encoded sample. Absent if the file does not say, or if an older program imported the file.
   * The pixel size of an image comes from `voxelSizeOf` (core) or from its `FrameMeta`.
   */
  voxelSize: VoxelSize.optional(),
  /** Absent if the file does not say. */
  geometry: Geometry.optional(),
  /** Times at which the same places were measured: the slices are all places of the first time, then of the next. */
  frames: z.int().optional(),
  /**
   * Columns left ≤ column < right can be measured, as the header says. The columns outside are padding.
   * Absent: all columns, or the header does not say.
   */
  padding: z.tuple([z.int(), z.int()]).optional(),
  /** Salted SHA-256 of the patient id, or of the file's name without such an id. The id itself is never stored. */
  patient: z.string(),
  sampling: Sampling,
  origin: Origin,
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

/** The sampling in a few words, with the number of omitted slices. */
export function samplingInWords({
  sampling,
  slices,
  content,
}: Pick<VolumeInfo, 'sampling' | 'slices' | 'content'>): string {
  const faulty = new Set(content?.faults.map(({ slice }) => slice)).size
  return howSampled(sampling) + (faulty > 0 ? `, ${faulty} of ${slices} slices left out` : '')
}

/** Whether the file has no ground truth, but reading the whole file may show that one can be computed. */
export const mayComputeTruth = ({
  targetShape,
  sampling,
  origin,
}: Pick<VolumeInfo, 'targetShape' | 'sampling' | 'origin'>): boolean =>
  targetShape === null && sampling.kind === 'unread' && origin === 'measured'

/** Whether the volume has ground truth, as far as is known before the whole file was read. */
export const mayHaveTruth = (info: Pick<VolumeInfo, 'targetShape' | 'sampling' | 'origin'>): boolean =>
  info.targetShape !== null || mayComputeTruth(info)

/** The ground truth in a word, for a table. */
export function truthInWords(info: Pick<VolumeInfo, 'targetShape' | 'truth' | 'sampling' | 'origin'>): string {
  if (info.targetShape !== null) return info.truth === 'computed' ? 'computed' : 'yes'
  return mayComputeTruth(info) ? 'after reading' : 'no'
}

/** '15 coils', or '4 to 20 coils' if the numbers of coils differ. */
export function coilsInWords(volumes: readonly Pick<VolumeInfo, 'coils'>[]): string {
  const coils = volumes.map(volume => volume.coils)
  const [least, most] = coils.reduce(([low, high], n) => [Math.min(low, n), Math.max(high, n)], [Infinity, 0])
  if (least < most) return `${least} to ${most} coils`
  return most === 1 ? '1 coil' : `${most} coils`
}

/** A file that cannot be used, with the reason in plain words. */
export const SkippedFile = z.object({ path: z.string(), reason: z.string() })
export type SkippedFile = z.infer<typeof SkippedFile>

/** The used slices of a volume. `middle`: only index ⌊slices / 2⌋, as in the original work. */
export const SliceSelection = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('all') }),
  z.object({ kind: z.literal('range'), from: z.int().min(0), to: z.int().min(0) }),
  z.object({ kind: z.literal('every'), n: z.int().min(1) }),
  z.object({ kind: z.literal('middle') }),
])
export type SliceSelection = z.infer<typeof SliceSelection>

/** Indices (from 0, ascending) of the selected slices of a volume of `count` slices. A range includes both ends. */
export function selectSlices(selection: SliceSelection, count: number): number[] {
  const all = Array.from({ length: count }, (_, index) => index)
  if (selection.kind === 'all') return all
  if (selection.kind === 'range') return all.filter(index => index >= selection.from && index <= selection.to)
  if (selection.kind === 'every') return all.filter(index => index % selection.n === 0)
  return count > 0 ? [Math.floor(count / 2)] : []
}

/** Whether a slice is selected. Allocates no array, because the plan of a large study calls this a million times. */
export function selectsAny(selection: SliceSelection, count: number): boolean {
  if (selection.kind !== 'range') return count > 0
  return selection.from <= selection.to && selection.from < count
}
