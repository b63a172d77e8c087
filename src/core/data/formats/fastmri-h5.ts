/**
 * fastMRI's single-coil HDF5 files (Zbontar et al., arXiv 1811.08839; Knoll et al., Radiol. Artif. Intell. 2020).
 * Datasets: `kspace` complex [slices, rows, columns], `reconstruction_esc` and `reconstruction_rss`
 * [slices, height, width], `ismrmrd_header`, and in sub-sampled files `mask`.
 * Attributes: acquisition, max, norm, patient_id. This project also reads the attribute `patient_orientation`.
 * Its synthetic files add the dataset `reconstruction_noise_free` and the attribute `synthetic`.
 */
import { AppError } from '../../../contract/errors.ts'
import type { Sampling, VolumeContent } from '../../../contract/volumes.ts'
import { allFinite } from '../../extremes.ts'
import { type Hdf5File, isComplex, isReal } from '../hdf5.ts'
import { maskedSampling } from '../sampling.ts'
import type { Used, Volume, VolumeFormat } from '../volume.ts'
import { encodedSize, parseIsmrmrdHeader } from './ismrmrd-header.ts'

export const fastmriH5: VolumeFormat = {
  label: 'fastMRI single-coil HDF5',
  extensions: ['.h5', '.hdf5'],
  sniff: file => file.shape('kspace') !== null,
  open,
  used,
}

/** Names of the datasets and k-space's shape. Throws if the shapes contradict each other. */
function layout(file: Hdf5File) {
  const shape = kspaceShape(file)
  const target = ['reconstruction_esc', 'reconstruction_rss'].find(name => file.shape(name) !== null) ?? null
  const targetShape = target === null ? null : imageShape(file, target, shape[0])
  const noiseFree = file.shape('reconstruction_noise_free') === null ? null : 'reconstruction_noise_free'
  if (noiseFree !== null) requireSameSize(file, imageShape(file, noiseFree, shape[0]), targetShape)
  return { shape, target, targetShape, noiseFree }
}

/** Attributes that are used. */
const ATTRIBUTES = ['acquisition', 'max', 'patient_id', 'patient_orientation', 'synthetic'] as const

function used(file: Hdf5File): Used {
  const { shape, target, noiseFree } = layout(file)
  const [, rows, columns] = shape
  const header = file.readText('ismrmrd_header')
  return {
    stacks: [
      { role: 'k-space', dataset: 'kspace' },
      ...(target === null ? [] : [{ role: 'ground truth' as const, dataset: target }]),
      ...(noiseFree === null ? [] : [{ role: 'noise-free' as const, dataset: noiseFree }]),
    ],
    matrix: [rows, columns],
    mask: readMask(file, columns),
    header,
    attributes: Object.fromEntries(ATTRIBUTES.map(name => [name, file.attribute(name)])),
    remarks: transposed(encodedSize(header), rows, columns),
  }
}

/** A remark if k-space seems to be stored with its phase-encoding steps as rows. */
function transposed(encoded: readonly [number, number] | null, rows: number, columns: number): string[] {
  if (!encoded || columns !== encoded[0] || rows === encoded[0]) return []
  return [
    `The header says ${encoded[0]} samples along the readout and ${encoded[1]} phase-encoding steps, ` +
      `k-space has ${rows} rows and ${columns} columns: its columns seem to be the readout. ` +
      'Masks leave out columns: transpose k-space and write the file again.',
  ]
}

function open(file: Hdf5File, hashPatient: (id: string) => string, content?: VolumeContent): Volume {
  const { shape, target, targetShape, noiseFree } = layout(file)
  const [slices, rows, columns] = shape
  // Reading one slice reports a damaged file when the file is listed.
  if (!content) file.withFloat32('kspace', Math.floor(slices / 2), 1, () => {})
  const { mask, sampling } = acquisitionOf(file, columns, content)
  const header = parseIsmrmrdHeader(file.readText('ismrmrd_header'), [rows, columns])
  const patientId = String(file.attribute('patient_id') ?? '').trim() || header?.patientId || file.name
  const acquisition = file.attribute('acquisition')
  const maximum = file.attribute('max')

  function withSlice<T>(dataset: string, index: number, use: (values: Float32Array) => T, asStored = false): T {
    if (!(Number.isInteger(index) && index >= 0 && index < slices)) {
      throw new RangeError(`Slice ${index} of ${slices} in ${file.path}`)
    }
    return file.withFloat32(dataset, index, 1, values => {
      if (!asStored) requireFinite(values, dataset, index, file.path)
      return use(values)
    })
  }
  const readSlice = (dataset: string, index: number, asStored = false) =>
    withSlice(dataset, index, values => values.slice(), asStored)

  return {
    info: {
      path: file.path,
      file: file.name,
      slices,
      rows,
      columns,
      coils: 1,
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
      ...(content && { content }),
    },
    mask,
    readKspace: index => readSlice('kspace', index),
    withKspace: (index, use) => withSlice('kspace', index, use),
    readTarget: (index, asStored) => (target === null ? null : readSlice(target, index, asStored)),
    readNoiseFree: (index, asStored) => (noiseFree === null ? null : readSlice(noiseFree, index, asStored)),
    dispose: () => file.dispose(),
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

function kspaceShape(file: Hdf5File): [slices: number, rows: number, columns: number] {
  const shape = file.shape('kspace') ?? []
  if (!isComplex(file.kind('kspace'))) {
    const got = file.typeName('kspace')
    throw unsupported(
      file,
      `Expected complex k-space (pairs r, i of 16- to 64-bit floats or integers), got ${got}`,
      'Write it as complex64.',
    )
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

/** [height, width] of a stack of images. Throws if the stack has not one image for each slice of k-space. */
function imageShape(file: Hdf5File, dataset: string, slices: number): [number, number] {
  const shape = file.shape(dataset) ?? []
  if (shape.length !== 3 || shape[0] !== slices || shape.includes(0)) {
    throw new AppError(
      'SHAPE_MISMATCH',
      `Expected ${dataset} of [${slices}, height, width], an image for each slice of k-space, ` +
        `got [${shape.join(', ')}], in ${file.path}`,
    )
  }
  if (!isReal(file.kind(dataset))) {
    const got = file.typeName(dataset)
    const remedy = 'Write the magnitude as 32-bit floats, or remove the dataset.'
    throw unsupported(
      file,
      `Expected real numbers in ${dataset} (16- to 64-bit floats or integers), got ${got}`,
      remedy,
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

/** How k-space was acquired, as `content` says. If `content` is not known yet, as far as a dataset `mask` says. */
function acquisitionOf(
  file: Hdf5File,
  columns: number,
  content: VolumeContent | undefined,
): { mask: Uint8Array | null; sampling: Sampling } {
  if (!content) {
    const stored = readMask(file, columns)
    if (!stored?.includes(0)) return { mask: null, sampling: { kind: 'unread' } }
    return { mask: stored, sampling: maskedSampling(stored, 'mask dataset') }
  }
  const { sampling, mask } = content
  if (sampling.kind === 'irregular') return { mask: new Uint8Array(columns).fill(1), sampling }
  if (sampling.kind !== 'sub-sampled') return { mask: null, sampling }
  if (mask?.length !== columns)
    throw new AppError(
      'SHAPE_MISMATCH',
      `Expected the measured ones of ${columns} columns, got ${mask?.length ?? 'none'}, for ${file.path}. ` +
        'Scan the study again.',
    )
  return { mask: Uint8Array.from(mask, Number), sampling }
}

/** The dataset `mask` as 0 and 1: one number or boolean per column, in any shape. */
function readMask(file: Hdf5File, columns: number): Uint8Array | null {
  if (file.shape('mask') === null) return null
  const values = file.readNumbers('mask')
  const remedy = 'Remove the dataset mask: k-space itself then says what was measured.'
  if (values.some(Number.isNaN)) throw unsupported(file, 'Expected a mask of numbers, got NaN', remedy)
  const mask = Uint8Array.from(values, value => Number(value !== 0))
  if (mask.length !== columns) {
    const message = `Expected a mask of ${columns} values, one for each column of k-space, got ${mask.length}`
    throw new AppError('SHAPE_MISMATCH', `${message}, in ${file.path}. ${remedy}`)
  }
  if (!mask.includes(1)) throw unsupported(file, 'Expected a mask with measured columns, got only zeros', remedy)
  return mask
}

function requireFinite(values: Float32Array, dataset: string, index: number, path: string): void {
  if (allFinite(values)) return
  throw new AppError(
    'NOT_FINITE',
    `Expected finite numbers, got ${values.find(value => !Number.isFinite(value))} in ${dataset}, ` +
      `slice ${index + 1}, in ${path}. Leave this slice out, or replace the file.`,
  )
}

function unsupported(file: Hdf5File, message: string, remedy?: string): AppError {
  return new AppError('UNSUPPORTED_FORMAT', `${message}, in ${file.path}${remedy === undefined ? '' : `. ${remedy}`}`)
}
