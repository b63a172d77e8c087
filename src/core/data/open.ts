/** A stored volume as the rest of core uses it: with its patterns, its checks and its facts. */
import { orientationOf } from '../../contract/directions.ts'
import { AppError } from '../../contract/errors.ts'
import { volumePath } from '../../contract/volume-path.ts'
import type { Sampling, VolumeContent } from '../../contract/volumes.ts'
import { allFinite } from '../extremes.ts'
import type { Fourier } from '../mri/fourier.ts'
import { columnPattern, multiply, type Pattern, patternOfGrid } from '../mri/pattern.ts'
import { unpacked, withoutLines } from '../mri/stored-mask.ts'
import { cropShape, type Shape } from '../mri/transform.ts'
import { surveySlices } from './measured.ts'
import { maskedSampling } from './sampling.ts'
import type { FileSource } from './source.ts'
import { storedSampling } from './stored-sampling.ts'
import type { Matrix, PatternOf, Stack, StoredVolume, Volume } from './volume.ts'

/** `hashPatient` turns a patient id into a hash that may be kept. `fourier` computes the ground truth. */
export interface Opening {
  readonly hashPatient: (id: string) => string
  readonly fourier: Fourier
}

/**
 * Opens a stored volume of a source. Without `content`, sampling may be `unread`.
 * From this call on, the volume owns the source.
 */
export function openStored(
  stored: StoredVolume,
  { source, part }: { readonly source: FileSource; readonly part: string | null },
  { hashPatient, fourier }: Opening,
  content?: VolumeContent,
): Volume {
  const { matrix, target, noiseFree } = stored
  const path = volumePath(source.path, part)
  const { sampling, own, isColumns } = acquisitionOf(path, stored, content)
  const kspace = own && !isColumns ? measuredOf(stored.kspace, own) : stored.kspace
  const [slices] = kspace.shape
  // Reading one slice reports a damaged file when the file is listed.
  if (!content) kspace.withSlice(Math.floor(slices / 2), () => {})
  const { patientId, ...facts } = stored.facts
  const computed = isTruthComputed(stored, sampling)
    ? cropShape({ ...matrix, targetShape: null, reconSize: facts.reconSize })
    : null

  function withSlice<T>(stack: Stack, index: number, use: (values: Float32Array) => T, asStored = false): T {
    return stack.withSlice(index, values => {
      if (!asStored) requireFinite(values, stack, index, matrix.coils, path)
      return use(values)
    })
  }
  const readSlice = (stack: Stack, index: number, asStored = false) =>
    withSlice(stack, index, values => values.slice(), asStored)

  function readTarget(index: number, asStored = false): Float32Array | null {
    if (computed === null) return target && readSlice(target, index, asStored)
    const image = withSlice(kspace, index, values => rootOverCoils(fourier, values, matrix, computed), asStored)
    if (!asStored) requireFinite(image, { role: 'ground truth', dataset: 'the computed ground truth' }, index, 1, path)
    return image
  }

  return {
    info: {
      path,
      file: volumePath(source.name, part),
      slices,
      ...matrix,
      targetShape: computed ?? (target && [target.shape[1], target.shape[2]]),
      ...(computed && { truth: 'computed' as const }),
      ...facts,
      ...(facts.geometry && { orientation: orientationOf(facts.geometry) }),
      patient: hashPatient(patientId ?? source.name),
      sampling,
      noiseFree: noiseFree !== null,
      bytes: source.bytes,
      ...(content && { content }),
    },
    mask:
      own ??
      (sampling.kind === 'irregular' ? foundPatterns(matrix, (index, use) => withSlice(kspace, index, use)) : null),
    readKspace: index => readSlice(kspace, index),
    withKspace: (index, use) => withSlice(kspace, index, use),
    readTarget,
    readNoiseFree: (index, asStored) => noiseFree && readSlice(noiseFree, index, asStored),
    dispose: () => source.dispose(),
  }
}

/**
 * Whether the ground truth is computed. K-space must be measured, in full and up to both of its edges: sub-sampled or
 * one-sided k-space would give a blurred reference, and k-space that was not measured comes with its own.
 */
const isTruthComputed = ({ target, facts }: StoredVolume, sampling: Sampling): boolean =>
  target === null && facts.origin === 'measured' && sampling.kind === 'full' && sampling.edges === 'even'

/** The root sum of squares over coils of the inverse transform, cropped: [height, width]. */
function rootOverCoils(
  fourier: Fourier,
  kspace: Float32Array,
  { coils, rows, columns }: Matrix,
  [height, width]: Shape,
): Float32Array {
  const grid = { coils, rows, columns, height, width }
  const all = Int32Array.from({ length: columns }, (_, column) => column)
  const along = new Float32Array(2 * coils * height * columns)
  fourier.columns(kspace, all, grid, along)
  return fourier.rows(along, all, grid, 'magnitude')
}

/** The patterns of an irregular file, each found in the k-space of its slice. The last is kept. */
function foundPatterns(
  matrix: Matrix,
  withKspace: (index: number, use: (kspace: Float32Array) => void) => void,
): PatternOf {
  const survey = surveySlices(matrix)
  let last: { readonly slice: number; readonly pattern: Pattern } | null = null
  return slice => {
    if (last?.slice === slice) return last.pattern
    withKspace(slice, kspace => survey.look(kspace, slice))
    const pattern = patternOfGrid(survey.grid(), matrix.rows, matrix.columns)
    last = { slice, pattern }
    return pattern
  }
}

/** K-space with 0 where the file's own mask says that nothing was measured. */
const measuredOf = (kspace: Stack, own: PatternOf): Stack => ({
  ...kspace,
  withSlice: (index, use) => kspace.withSlice(index, values => use(multiply(own(index), values))),
})

interface Acquisition {
  readonly sampling: Sampling
  /** The patterns that the file or `content` names. `null`: none. */
  readonly own: PatternOf | null
  readonly isColumns: boolean
}

/** How k-space was acquired, as `content` says. If `content` is not known yet, as far as a dataset `mask` says. */
function acquisitionOf(
  path: string,
  { matrix, mask: stated }: StoredVolume,
  content: VolumeContent | undefined,
): Acquisition {
  const byColumns = (sampling: Sampling, measured: Uint8Array | null): Acquisition => {
    const pattern = measured && columnPattern(measured, matrix.rows)
    return { sampling, own: pattern && (() => pattern), isColumns: true }
  }
  const stored = content && content.sampling.kind !== 'irregular' ? null : stated
  if (stored && !(stored instanceof Uint8Array)) {
    const sampling = content?.sampling ?? storedSampling(stored, matrix)
    const left = content?.lost ? withoutLines(stored, content.lost, matrix) : stored
    return { sampling, own: unpacked(left, matrix), isColumns: false }
  }
  if (!content)
    return stored?.includes(0)
      ? byColumns(maskedSampling(stored, 'mask dataset'), stored)
      : byColumns({ kind: 'unread' }, null)
  const { sampling, mask } = content
  if (sampling.kind !== 'sub-sampled') return byColumns(sampling, null)
  if (mask?.length !== matrix.columns)
    throw new AppError(
      'SHAPE_MISMATCH',
      `Expected the measured ones of ${matrix.columns} columns, got ${mask?.length ?? 'none'}, for ${path}. ` +
        'Scan the study again.',
    )
  return byColumns(sampling, Uint8Array.from(mask, Number))
}

function requireFinite(
  values: Float32Array,
  stack: Pick<Stack, 'role' | 'dataset'>,
  index: number,
  coils: number,
  path: string,
): void {
  if (allFinite(values)) return
  const at = values.findIndex(value => !Number.isFinite(value))
  const coil = stack.role === 'k-space' && coils > 1 ? `, coil ${Math.floor((at * coils) / values.length) + 1}` : ''
  throw new AppError(
    'NOT_FINITE',
    `Expected finite numbers, got ${values[at]} in ${stack.dataset}, slice ${index + 1}${coil}, in ${path}. ` +
      'Leave this slice out, or replace the file.',
  )
}
