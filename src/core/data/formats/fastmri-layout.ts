/** The datasets of a fastMRI file: which ones are used, and whether their shapes and types fit. */
import { AppError } from '../../../contract/errors.ts'
import { fileMask } from '../file-mask.ts'
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

/** The dataset `mask`; `null` if there is none. */
export function readMask(file: Hdf5File, volume: Layout): FileMask | null {
  const shape = file.shape('mask')
  if (shape === null) return null
  const stored = { shape, values: file.readNumbers('mask') }
  return fileMask(stored, volume, `the dataset mask of ${file.path}`, 'Remove the dataset mask')
}

function unsupported(file: Hdf5File, message: string, remedy?: string): AppError {
  return new AppError('UNSUPPORTED_FORMAT', `${message}, in ${file.path}${remedy === undefined ? '' : `. ${remedy}`}`)
}
