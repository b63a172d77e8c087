/** The datasets of a fastMRI file: which ones are used, and whether their shapes and types fit. */
import { AppError } from '../../../contract/errors.ts'
import { fitsVolume, hasRowsOnly, type StoredMask, storedMask } from '../../mri/stored-mask.ts'
import { type Hdf5File, isComplex, isReal } from '../hdf5.ts'
import type { FileMask, Stack, StoredVolume } from '../volume.ts'

export type Layout = Pick<StoredVolume, 'matrix' | 'kspace' | 'target' | 'noiseFree'>

/**
 * fastMRI's multi-coil files have the ground truth `reconstruction_rss`, the root sum of squares over coils. In its
 * single-coil files, `reconstruction_esc` belongs to the one emulated coil, and `reconstruction_rss` to all real coils.
 * So `reconstruction_esc` is never the ground truth of several coils.
 */
const targetNames = (coils: number): readonly string[] =>
  coils > 1 ? ['reconstruction_rss'] : ['reconstruction_esc', 'reconstruction_rss']

/** Says why the only image of a file of several coils, `reconstruction_esc`, is no ground truth. */
export const layoutRemarks = (file: Hdf5File, { matrix, target }: Pick<Layout, 'matrix' | 'target'>): string[] =>
  matrix.coils > 1 && target === null && file.shape('reconstruction_esc') !== null
    ? [
        'The image reconstruction_esc is not used: it belongs to one emulated coil, and k-space has ' +
          `${matrix.coils} coils. Their ground truth is reconstruction_rss, the root sum of squares over coils.`,
      ]
    : []

/** Throws if a dataset cannot be used, or if shapes contradict each other. */
export function layoutOf(file: Hdf5File): Layout {
  const [slices, coils, rows, columns] = kspaceShape(file)
  const named = targetNames(coils).find(name => file.shape(name) !== null)
  const target = named === undefined ? null : imageStack(file, 'ground truth', named, slices)
  const hasNoiseFree = file.shape('reconstruction_noise_free') !== null
  const noiseFree = hasNoiseFree ? imageStack(file, 'noise-free', 'reconstruction_noise_free', slices) : null
  if (noiseFree !== null) requireSameSize(file, noiseFree, target)
  return {
    matrix: { coils, rows, columns },
    // A file of one coil has the same identity with and without an axis of coils.
    kspace: stackOf(file, 'k-space', 'kspace', coils === 1 ? [slices, rows, columns] : [slices, coils, rows, columns]),
    target,
    noiseFree,
  }
}

function stackOf(file: Hdf5File, role: Stack['role'], dataset: string, shape: readonly number[]): Stack {
  return {
    role,
    dataset,
    type: file.kind(dataset)!,
    shape,
    withSlice(index, use) {
      if (!(Number.isInteger(index) && index >= 0 && index < shape[0])) {
        throw new RangeError(`Slice ${index} of ${shape[0]} in ${file.path}`)
      }
      return file.withFloat32(dataset, index, 1, use)
    },
    unwritten: () => file.unwritten(dataset),
    sources: () => file.virtualSources(dataset),
  }
}

function kspaceShape(file: Hdf5File): [slices: number, coils: number, rows: number, columns: number] {
  const shape = file.shape('kspace') ?? []
  if (!isComplex(file.kind('kspace'))) {
    const got = file.typeName('kspace')
    throw unsupported(
      file,
      `Expected complex k-space (pairs r, i of 16- to 64-bit floats or integers), got ${got}`,
      'Write it as complex64.',
    )
  }
  const [slices, coils, rows, columns] = shape.length === 3 ? [shape[0], 1, shape[1], shape[2]] : shape
  if (shape.length < 3 || shape.length > 4 || shape.includes(0)) {
    const expected = 'Expected k-space [slices, rows, columns] or [slices, coils, rows, columns]'
    throw unsupported(file, `${expected}, got [${shape.join(', ')}]`)
  }
  return [slices, coils, rows, columns]
}

/** A stack of images [slices, height, width]. Throws if the stack has not one image for each slice of k-space. */
function imageStack(file: Hdf5File, role: Stack['role'], dataset: string, slices: number): Stack {
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
  return stackOf(file, role, dataset, shape)
}

function requireSameSize(file: Hdf5File, noiseFree: Stack, target: Stack | null): void {
  const [size, expected] = [noiseFree.shape.slice(1), target?.shape.slice(1)]
  if (expected?.join() === size.join()) return
  throw new AppError(
    'SHAPE_MISMATCH',
    `Expected reconstruction_noise_free of the ground truth's size, ${expected?.join(' × ') ?? 'but there is none'}, ` +
      `got ${size.join(' × ')}, in ${file.path}`,
  )
}

/**
 * The dataset `mask`. As 0 and 1 if it has one number or boolean per column, in any shape but [rows, 1]. A mask that
 * repeats these numbers for every row or slice means the same. Other masks have the shapes of `storedMask`.
 */
export function readMask(file: Hdf5File, { kspace, matrix: { rows, columns } }: Layout): FileMask | null {
  const [slices] = kspace.shape
  const shape = file.shape('mask')
  if (shape === null) return null
  const values = file.readNumbers('mask')
  const remedy = 'Remove the dataset mask: k-space itself then says what was measured.'
  if (values.some(Number.isNaN)) throw unsupported(file, 'Expected a mask of numbers, got NaN', remedy)
  const all = Uint8Array.from(values, value => Number(value !== 0))
  if (!all.includes(1)) throw unsupported(file, 'Expected a mask with measured columns, got only zeros', remedy)
  // A mask of ones means the same for rows and for columns.
  const isOfRows = hasRowsOnly(shape, { rows }) && all.includes(0)
  const isOfColumns = all.length % columns === 0 && all.every((value, i) => value === all[i % columns])
  if (isOfColumns && !isOfRows) return all.slice(0, columns)
  const stored = storedMask(`the dataset mask of ${file.path}`, { shape, at: i => all[i] })
  if (fitsVolume(stored.shape, { slices, rows, columns })) return withoutRepeats(stored)
  throw new AppError(
    'SHAPE_MISMATCH',
    `Expected a mask of ${columns} columns, ${rows} × ${columns} samples ` +
      `or ${slices} × ${rows} × ${columns} samples, got [${shape.join(', ')}], in ${file.path}. ${remedy}`,
  )
}

/** One slice if all slices are equal. */
function withoutRepeats({ path, shape: [, rows, columns], shape, measured }: StoredMask): StoredMask {
  const samples = rows * columns
  const isRepeated = measured.every((value, i) => value === measured[i % samples])
  return isRepeated
    ? { path, shape: [1, rows, columns], measured: measured.slice(0, samples) }
    : { path, shape, measured }
}

function unsupported(file: Hdf5File, message: string, remedy?: string): AppError {
  return new AppError('UNSUPPORTED_FORMAT', `${message}, in ${file.path}${remedy === undefined ? '' : `. ${remedy}`}`)
}
