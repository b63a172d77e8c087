/**
 * fastMRI's single-coil HDF5 files (Zbontar et al., arXiv 1811.08839; Knoll et al., Radiol. Artif. Intell. 2020):
 * `kspace` complex [slices, rows, columns], `reconstruction_esc` and `reconstruction_rss` [slices, height, width],
 * `ismrmrd_header`, in sub-sampled files `mask`; attributes acquisition, max, norm, patient_id. This project reads the attribute
 * `patient_orientation` too, and its synthetic files add `reconstruction_noise_free` and the attribute `synthetic`.
 */
import { AppError } from '../../../contract/errors.ts'
import type { Sampling } from '../../../contract/volumes.ts'
import { allFinite } from '../../extremes.ts'
import type { Hdf5File } from '../hdf5.ts'
import type { Volume, VolumeFormat } from '../volume.ts'
import { parseIsmrmrdHeader } from './ismrmrd-header.ts'

export const fastmriH5: VolumeFormat = {
  label: 'fastMRI single-coil HDF5',
  extensions: ['.h5', '.hdf5'],
  sniff: file => file.shape('kspace') !== null,
  open,
}

/**
 * A column with less than this share of the median column's energy counts as nearly empty. In the demonstration files
 * (126 columns) the columns at both edges hold only noise, 0.02 to 0.05 of the median, or rounding errors, 1e-30 of it,
 * and the columns with signal start at about 0.08; at 0.05 each file has 9 to 14 of them.
 */
const NEARLY_EMPTY = 0.05

function open(file: Hdf5File, hashPatient: (id: string) => string): Volume {
  const [slices, rows, columns] = kspaceShape(file)
  const target = ['reconstruction_esc', 'reconstruction_rss'].find(name => file.shape(name) !== null) ?? null
  const targetShape = target === null ? null : imageShape(file, target, slices)
  const noiseFree = file.shape('reconstruction_noise_free') === null ? null : 'reconstruction_noise_free'
  if (noiseFree !== null) requireSameSize(file, imageShape(file, noiseFree, slices), targetShape)

  const energy = file.withFloat32('kspace', Math.floor(slices / 2), 1, kspace => columnEnergy(kspace, columns))
  const { mask, sampling } = judgeSampling(file, energy)
  const header = parseIsmrmrdHeader(file.readText('ismrmrd_header'), [rows, columns])
  const patientId = String(file.attribute('patient_id') ?? '').trim() || header?.patientId || file.name
  const acquisition = file.attribute('acquisition')
  const maximum = file.attribute('max')

  function withSlice<T>(dataset: string, index: number, use: (values: Float32Array) => T): T {
    if (!(Number.isInteger(index) && index >= 0 && index < slices)) {
      throw new RangeError(`Slice ${index} of ${slices} in ${file.path}`)
    }
    return file.withFloat32(dataset, index, 1, values => {
      requireFinite(values, dataset, index, file.path)
      return use(values)
    })
  }
  const readSlice = (dataset: string, index: number) => withSlice(dataset, index, values => values.slice())

  return {
    info: {
      path: file.path,
      file: file.name,
      slices,
      rows,
      columns,
      targetShape,
      reconSize: header?.reconSize ?? null,
      acquisition: acquisition === null ? null : String(acquisition),
      orientation: parseOrientation(file.attribute('patient_orientation')),
      ...(header?.voxelSize && { voxelSize: header.voxelSize }),
      maximum: typeof maximum === 'number' && Number.isFinite(maximum) ? maximum : null,
      patient: hashPatient(patientId),
      sampling,
      synthetic: Number(file.attribute('synthetic')) === 1,
      noiseFree: noiseFree !== null,
      bytes: file.bytes,
    },
    mask,
    readKspace: index => readSlice('kspace', index),
    withKspace: (index, use) => withSlice('kspace', index, use),
    readTarget: index => (target === null ? null : readSlice(target, index)),
    readNoiseFree: index => (noiseFree === null ? null : readSlice(noiseFree, index)),
    dispose: () => file.dispose(),
  }
}

/** A patient direction: the letter of the nearest axis' end and, of an oblique plane, that of another axis. */
const DIRECTION = /^(?:[LR][APHF]?|[AP][LRHF]?|[HF][LRAP]?)$/

const axisOf = (direction: string) => ['LR', 'AP', 'HF'].find(ends => ends.includes(direction[0]))

/** DICOM's Patient Orientation, such as `L\F` or `LA\F`; `null` for anything that does not say two directions. */
function parseOrientation(text: string | number | null): [rows: string, columns: string] | null {
  const directions = String(text ?? '').split('\\')
  if (directions.length !== 2 || !directions.every(direction => DIRECTION.test(direction))) return null
  const [rows, columns] = directions
  return axisOf(rows) === axisOf(columns) ? null : [rows, columns]
}

function kspaceShape(file: Hdf5File): [slices: number, rows: number, columns: number] {
  const shape = file.shape('kspace') ?? []
  const kind = file.kind('kspace')
  if (kind !== 'complex64' && kind !== 'complex128') {
    const got = kind === 'other' ? 'another or a big-endian type' : kind
    throw unsupported(file, `Expected complex k-space (pairs r, i of little-endian floats), got ${got}`)
  }
  if (shape.length === 4) {
    const got = `multi-coil k-space [${shape.join(', ')}], which is not supported`
    throw unsupported(file, `Expected single-coil k-space [slices, rows, columns], got ${got}`)
  }
  if (shape.length !== 3 || shape.includes(0)) {
    throw unsupported(file, `Expected k-space [slices, rows, columns], got [${shape.join(', ')}]`)
  }
  return [shape[0], shape[1], shape[2]]
}

/** [height, width] of a stack of images that must have one for each slice of k-space. */
function imageShape(file: Hdf5File, dataset: string, slices: number): [number, number] {
  const shape = file.shape(dataset) ?? []
  if (shape.length !== 3 || shape[0] !== slices || shape.includes(0)) {
    throw new AppError(
      'SHAPE_MISMATCH',
      `Expected ${dataset} of [${slices}, height, width], an image for each slice of k-space, ` +
        `got [${shape.join(', ')}], in ${file.path}`,
    )
  }
  return [shape[1], shape[2]]
}

function requireSameSize(file: Hdf5File, noiseFree: [number, number], target: [number, number] | null): void {
  if (target !== null && noiseFree.join() === target.join()) return
  throw new AppError(
    'SHAPE_MISMATCH',
    `Expected reconstruction_noise_free of the ground truth's size, ${target?.join(' × ') ?? 'but there is none'}, ` +
      `got ${noiseFree.join(' × ')}, in ${file.path}`,
  )
}

/** Σ over rows of |k|² for each column. */
function columnEnergy(kspace: Float32Array, columns: number): Float64Array {
  const energy = new Float64Array(columns)
  for (let i = 0; i < kspace.length; ) {
    for (let column = 0; column < columns; column++, i += 2)
      energy[column] += kspace[i] * kspace[i] + kspace[i + 1] * kspace[i + 1]
  }
  return energy
}

/** The file's own mask where it has one, else what the energy of the middle slice's columns says. */
function judgeSampling(file: Hdf5File, energy: Float64Array): { mask: Uint8Array | null; sampling: Sampling } {
  const stored = readMask(file, energy.length)
  if (stored?.includes(0)) return subSampled(stored, 'mask dataset')

  const first = energy.findIndex(value => value !== 0)
  if (first === -1) throw unsupported(file, 'Expected signal in the middle slice, got k-space that is zero everywhere')
  const last = energy.findLastIndex(value => value !== 0)
  const inside = energy.subarray(first, last + 1)
  if (inside.includes(0)) {
    return subSampled(
      Uint8Array.from(energy, value => Number(value !== 0)),
      'empty columns',
    )
  }

  const limit = NEARLY_EMPTY * inside.toSorted()[Math.floor(inside.length / 2)]
  const nearlyEmptyColumns = inside.filter(value => value < limit).length
  return { mask: null, sampling: { kind: 'full', nearlyEmptyColumns, zeroPadding: energy.length - inside.length } }
}

function subSampled(mask: Uint8Array, evidence: 'mask dataset' | 'empty columns') {
  const measuredColumns = mask.filter(value => value === 1).length
  const acceleration = mask.length / measuredColumns
  return { mask, sampling: { kind: 'sub-sampled' as const, evidence, measuredColumns, acceleration } }
}

/** The dataset `mask`, one number or boolean a column in whatever shape, as 0 and 1. */
function readMask(file: Hdf5File, columns: number): Uint8Array | null {
  if (file.shape('mask') === null) return null
  const mask = Uint8Array.from(file.readNumbers('mask'), value => Number(value !== 0))
  if (mask.length !== columns) {
    const message = `Expected a mask of ${columns} values, one for each column of k-space, got ${mask.length}`
    throw new AppError('SHAPE_MISMATCH', `${message}, in ${file.path}`)
  }
  if (!mask.includes(1)) throw unsupported(file, 'Expected a mask with measured columns, got only zeros')
  return mask
}

function requireFinite(values: Float32Array, dataset: string, index: number, path: string): void {
  if (allFinite(values)) return
  throw new AppError(
    'NOT_FINITE',
    `Expected finite numbers, got ${values.find(value => !Number.isFinite(value))} in ${dataset}, ` +
      `slice ${index} (counted from 0), in ${path}. Leave this slice out, or replace the file.`,
  )
}

function unsupported(file: Hdf5File, message: string): AppError {
  return new AppError('UNSUPPORTED_FORMAT', `${message}, in ${file.path}`)
}
