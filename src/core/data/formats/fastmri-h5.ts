/**
 * fastMRI's HDF5 files (Zbontar et al., arXiv 1811.08839; Knoll et al., Radiol. Artif. Intell. 2020).
 * Datasets: `kspace` complex [slices, coils, rows, columns], or [slices, rows, columns] for one coil,
 * `reconstruction_rss` and `reconstruction_esc` [slices, height, width], `ismrmrd_header`, and in sub-sampled files
 * `mask` (in fastMRI over columns). Attributes: acquisition, max, norm, patient_id.
 * This project also reads masks of other kinds, and the attribute `patient_orientation`.
 * Its synthetic files add the dataset `reconstruction_noise_free` and the attribute `synthetic`.
 */
import { AppError } from '../../../contract/errors.ts'
import type { Sampling, VolumeContent } from '../../../contract/volumes.ts'
import { allFinite } from '../../extremes.ts'
import { columnPattern, multiply, type Pattern, patternOfGrid } from '../../mri/pattern.ts'
import { unpacked, withoutLines } from '../../mri/stored-mask.ts'
import type { Hdf5File } from '../hdf5.ts'
import { surveySlices } from '../measured.ts'
import { maskedSampling } from '../sampling.ts'
import type { FileSource } from '../source.ts'
import { storedSampling } from '../stored-sampling.ts'
import type { Matrix, PatternOf, Stack, Used, Volume, VolumeFormat } from '../volume.ts'
import { type Layout, layoutOf, layoutRemarks, readMask } from './fastmri-layout.ts'
import { headerRemarks, parseIsmrmrdHeader } from './ismrmrd-header.ts'

export const fastmriH5: VolumeFormat = {
  label: 'fastMRI HDF5',
  extensions: ['.h5', '.hdf5'],
  sniff: source => (source.hdf5()?.shape('kspace') ?? null) !== null,
  open,
  used,
}

/** Attributes that are used. */
const ATTRIBUTES = ['acquisition', 'max', 'patient_id', 'patient_orientation', 'synthetic'] as const

function used(source: FileSource): Used {
  const file = source.hdf5()!
  const layout = layoutOf(file)
  const { matrix, kspace, target, noiseFree } = layout
  const header = file.readText('ismrmrd_header')
  return {
    stacks: [kspace, target, noiseFree].filter(stack => stack !== null),
    matrix,
    mask: readMask(file, layout),
    header,
    attributes: Object.fromEntries(ATTRIBUTES.map(name => [name, file.attribute(name)])),
    remarks: [...headerRemarks(header, matrix), ...layoutRemarks(file, { matrix, target })],
  }
}

function open(source: FileSource, hashPatient: (id: string) => string, content?: VolumeContent): Volume {
  const file = source.hdf5()!
  const layout = layoutOf(file)
  const { slices, matrix, target, noiseFree } = layout
  const { sampling, own, isColumns } = acquisitionOf(file, layout, content)
  const kspace = own && !isColumns ? measuredOf(layout.kspace, own) : layout.kspace
  // Reading one slice reports a damaged file when the file is listed.
  if (!content) kspace.withSlice(Math.floor(slices / 2), () => {})
  const header = parseIsmrmrdHeader(file.readText('ismrmrd_header'), matrix)
  const patientId = String(file.attribute('patient_id') ?? '').trim() || header?.patientId || source.name
  const acquisition = file.attribute('acquisition')
  const maximum = file.attribute('max')

  function withSlice<T>(stack: Stack, index: number, use: (values: Float32Array) => T, asStored = false): T {
    return stack.withSlice(index, values => {
      if (!asStored) requireFinite(values, stack, index, matrix.coils, source.path)
      return use(values)
    })
  }
  const readSlice = (stack: Stack, index: number, asStored = false) =>
    withSlice(stack, index, values => values.slice(), asStored)

  return {
    info: {
      path: source.path,
      file: source.name,
      slices,
      ...matrix,
      targetShape: target && [target.shape[1], target.shape[2]],
      reconSize: header?.reconSize ?? null,
      acquisition: acquisition === null ? null : String(acquisition),
      orientation: parseOrientation(file.attribute('patient_orientation')),
      ...(header?.voxelSize && { voxelSize: header.voxelSize }),
      ...(header?.padding && { padding: header.padding }),
      maximum: typeof maximum === 'number' && Number.isFinite(maximum) ? maximum : null,
      patient: hashPatient(patientId),
      sampling,
      synthetic: Number(file.attribute('synthetic')) === 1,
      noiseFree: noiseFree !== null,
      bytes: source.bytes,
      ...(content && { content }),
    },
    mask:
      own ??
      (sampling.kind === 'irregular' ? foundPatterns(matrix, (index, use) => withSlice(kspace, index, use)) : null),
    readKspace: index => readSlice(kspace, index),
    withKspace: (index, use) => withSlice(kspace, index, use),
    readTarget: (index, asStored) => target && readSlice(target, index, asStored),
    readNoiseFree: (index, asStored) => noiseFree && readSlice(noiseFree, index, asStored),
    dispose: () => source.dispose(),
  }
}

/** A patient direction: the letter of the nearest axis' end. An oblique plane adds the letter of a second axis. */
const DIRECTION = /^(?:[LR][APHF]?|[AP][LRHF]?|[HF][LRAP]?)$/

const axisOf = (direction: string) => ['LR', 'AP', 'HF'].find(ends => ends.includes(direction[0]))

/** DICOM's Patient Orientation, such as `L\F` or `LA\F`; `null` for a text that does not say two directions. */
function parseOrientation(text: string | number | null): [rows: string, columns: string] | null {
  const directions = String(text ?? '').split('\\')
  if (directions.length !== 2 || !directions.every(direction => DIRECTION.test(direction))) return null
  const [rows, columns] = directions
  return axisOf(rows) === axisOf(columns) ? null : [rows, columns]
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
function acquisitionOf(file: Hdf5File, layout: Layout, content: VolumeContent | undefined): Acquisition {
  const { matrix } = layout
  const byColumns = (sampling: Sampling, measured: Uint8Array | null): Acquisition => {
    const pattern = measured && columnPattern(measured, matrix.rows)
    return { sampling, own: pattern && (() => pattern), isColumns: true }
  }
  const stored = content && content.sampling.kind !== 'irregular' ? null : readMask(file, layout)
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
      `Expected the measured ones of ${matrix.columns} columns, got ${mask?.length ?? 'none'}, for ${file.path}. ` +
        'Scan the study again.',
    )
  return byColumns(sampling, Uint8Array.from(mask, Number))
}

function requireFinite(values: Float32Array, stack: Stack, index: number, coils: number, path: string): void {
  if (allFinite(values)) return
  const at = values.findIndex(value => !Number.isFinite(value))
  const coil = stack.role === 'k-space' && coils > 1 ? `, coil ${Math.floor((at * coils) / values.length) + 1}` : ''
  throw new AppError(
    'NOT_FINITE',
    `Expected finite numbers, got ${values[at]} in ${stack.dataset}, slice ${index + 1}${coil}, in ${path}. ` +
      'Leave this slice out, or replace the file.',
  )
}
