/**
 * NumPy's arrays as k-space: complex [slices, coils, rows, columns], [slices, rows, columns] for one coil, or
 * [rows, columns] for one slice. In a file of several arrays (.npz), the array `kspace`, and `mask` if there is one.
 */
import { AppError } from '../../../contract/errors.ts'
import { arrayStack, bytesOf, type ComplexArray, stridesOf } from '../complex-array.ts'
import { fileMask } from '../file-mask.ts'
import { isNpy, NPY_HEADER_BYTES, type NpyHeader, readNpy, readNpyHeader } from '../npy.ts'
import type { FileSource } from '../source.ts'
import { NUMBERS_ONLY, type StoredVolume, type VolumeFormat } from '../volume.ts'
import { isZip, zipEntries } from '../zip.ts'

export const numpy: VolumeFormat = {
  label: 'NumPy',
  extensions: ['.npy', '.npz'],
  sniff: source => source.hdf5() === null && (isNpy(source.read(0, 6)) || isArchive(source)),
  read: source => (isZip(source) ? readArchive(source) : volumeOf(source)),
}

interface Bytes extends Pick<FileSource, 'path' | 'bytes' | 'read'> {}

const SHAPES = '[slices, coils, rows, columns], [slices, rows, columns] or [rows, columns]'
const REMEDY = `Write k-space as complex64 ${SHAPES}, with numpy.save. A mask is no k-space: name it with --mask.`

const refuse = (path: string, expected: string, got: string): AppError =>
  new AppError('UNSUPPORTED_FORMAT', `Expected ${expected}, got ${got}, in ${path}. ${REMEDY}`)

const isArchive = (source: FileSource): boolean =>
  isZip(source) && zipEntries(source).some(({ name }) => name.endsWith('.npy'))

function readArchive(source: FileSource): StoredVolume {
  const entries = zipEntries(source)
  const named = (name: string) => entries.find(entry => entry.name === `${name}.npy`)
  const kspace = named('kspace')
  if (!kspace)
    throw refuse(source.path, 'an array "kspace"', entries.map(({ name }) => name.replace(/\.npy$/, '')).join(', '))
  const mask = named('mask')
  const volume = volumeOf(kspace.open())
  if (!mask) return volume
  const words = `the array mask of ${source.path}`
  const bytes = mask.open()
  const { shape, at } = readNpy(bytes.read(0, bytes.bytes), words)
  const values = Float64Array.from({ length: shape.reduce((product, size) => product * size, 1) }, (_, i) => at(i))
  return { ...volume, mask: fileMask({ shape, values }, volume, words, 'Remove the array mask') }
}

function volumeOf(bytes: Bytes): StoredVolume {
  const { path } = bytes
  const header = readNpyHeader(bytes.read(0, NPY_HEADER_BYTES), path)
  const array = arrayOf(bytes, header)
  return {
    matrix: { coils: array.coils.size, rows: array.rows.size, columns: array.columns.size },
    kspace: arrayStack(array),
    ...NUMBERS_ONLY,
  }
}

const TYPES: Readonly<Record<string, ComplexArray['type'] | undefined>> = { c8: 'complex64', c16: 'complex128' }

const KINDS: Readonly<Record<string, string>> = {
  O: 'Python objects (a pickle)',
  b: 'booleans',
  i: 'integers',
  u: 'integers',
  f: 'real numbers',
  c: 'complex numbers of another size',
  U: 'text',
  S: 'text',
}

function arrayOf(bytes: Bytes, { type, littleEndian, shape, isFortran, body }: NpyHeader): ComplexArray {
  const { path } = bytes
  const complex = type === null ? undefined : TYPES[type]
  if (!complex) {
    const got = type === null ? 'elements of several fields' : (KINDS[type[0]] ?? type)
    throw refuse(path, 'complex k-space (complex64 or complex128)', `${got} of [${shape.join(', ')}]`)
  }
  if (shape.length < 2 || shape.length > 4 || !shape.every(size => Number.isSafeInteger(size) && size >= 1))
    throw refuse(path, `k-space ${SHAPES}`, `[${shape.join(', ')}]`)
  const expected = body + bytesOf(complex) * shape.reduce((product, size) => product * size, 1)
  if (bytes.bytes < expected)
    throw new AppError(
      'FILE_UNREADABLE',
      `Expected ${expected} bytes for k-space [${shape.join(', ')}], got ${bytes.bytes} bytes, in ${path}. ` +
        'The file is truncated: copy or download it again.',
    )
  const steps = isFortran ? stridesOf(shape.toReversed()).toReversed() : stridesOf(shape)
  const axes = shape.map((size, axis) => ({ size, stride: steps[axis] }))
  const one = { size: 1, stride: 0 }
  const [slices, coils] = axes.length === 4 ? axes : axes.length === 3 ? [axes[0], one] : [one, one]
  const [rows, columns] = axes.slice(-2)
  const read = (from: number, length: number) => bytes.read(from, length)
  return { path, read, first: body, type: complex, littleEndian, slices, coils, rows, columns }
}
