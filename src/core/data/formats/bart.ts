/**
 * BART's arrays: `name.hdr` is text with the dimensions, `name.cfl` holds complex64, little-endian, the first dimension
 * fastest. Up to 16 dimensions; dimensions that are missing are 1. Source: BART, `src/misc/io.c` and `src/misc/mri.h`.
 */
import { AppError } from '../../../contract/errors.ts'
import { some } from '../../../contract/words.ts'
import { arrayStack, type ComplexArray } from '../complex-array.ts'
import { partitionStack } from '../partitions.ts'
import type { FileSource } from '../source.ts'
import { NUMBERS_ONLY, type StoredVolume, type VolumeFormat } from '../volume.ts'

const MAGIC = '# Dimensions'
const MOST_DIMENSIONS = 16
/** No header of BART is longer, even with the command that made the array. */
const HEADER_BYTES = 2 ** 16

const [READ, PHASE, PARTITION, COIL, MAPS, SLICE] = [0, 1, 2, 3, 4, 13]

/** Dimensions whose entries are volumes of their own. */
const PARTS: ReadonlyMap<number, string> = new Map([
  [5, 'echo'],
  [8, 'iteration'],
  [9, 'shift'],
  [10, 'time'],
  [11, 'phase'],
  [12, 'level'],
  [14, 'average'],
  [15, 'batch'],
])

/** Dimensions of arrays that are no k-space. */
const OTHERS: ReadonlyMap<number, string> = new Map([
  [MAPS, 'sets of coil maps'],
  [6, 'coefficients'],
  [7, 'coefficients'],
])

export const bart: VolumeFormat = {
  label: 'BART (.cfl)',
  extensions: ['.cfl'],
  beside: [['.hdr', '.cfl']],
  sniff: source => source.hdf5() === null && pairOf(source) !== null,
  parts: source => partsOf(dimensionsOf(pairOf(source)!)),
  read,
}

interface Pair {
  readonly header: FileSource
  /** `null`: missing. */
  readonly numbers: FileSource | null
}

const textOf = (source: FileSource, bytes: number): string => new TextDecoder().decode(source.read(0, bytes))
const isHeader = (source: FileSource): boolean => textOf(source, MAGIC.length) === MAGIC

/** Both files, whichever is given. A .cfl file has no mark of its own. */
function pairOf(source: FileSource): Pair | null {
  if (isHeader(source)) return { header: source, numbers: source.sibling('.cfl') }
  if (!source.name.toLowerCase().endsWith('.cfl')) return null
  const header = source.sibling('.hdr')
  if (header !== null && isHeader(header)) return { header, numbers: source }
  throw new AppError(
    'UNSUPPORTED_FORMAT',
    `Expected a header of BART beside the numbers, got ${header === null ? 'no file' : 'another kind of file'} ` +
      `at ${header?.path ?? source.path.replace(/cfl$/i, 'hdr')}. Copy the .hdr file beside ${source.path}.`,
  )
}

function refuse({ path }: FileSource, expected: string, got: string, remedy: string): AppError {
  return new AppError('UNSUPPORTED_FORMAT', `Expected ${expected}, got ${got}, in ${path}. ${remedy}`)
}

/** The 16 dimensions. Throws if the array is no k-space. */
function dimensionsOf({ header }: Pair): number[] {
  const [, line = ''] = textOf(header, HEADER_BYTES).split('\n')
  const words = line.trim().split(/\s+/)
  const given = words.map(Number)
  if (words.length > MOST_DIMENSIONS || !given.every(size => Number.isSafeInteger(size) && size >= 1))
    throw refuse(
      header,
      `up to ${MOST_DIMENSIONS} dimensions, each a number from 1 up`,
      line.trim().slice(0, 80) || 'an empty line',
      'Write the array with BART again.',
    )
  const dimensions = Array.from({ length: MOST_DIMENSIONS }, (_, axis) => given[axis] ?? 1)
  for (const [axis, what] of OTHERS)
    if (dimensions[axis] > 1)
      throw refuse(
        header,
        'k-space',
        `an array with ${dimensions[axis]} ${what} (dimension ${axis})`,
        'Choose the array of k-space: coil maps and coefficients are no k-space.',
      )
  if (dimensions[PARTITION] > 1 && dimensions[SLICE] > 1)
    throw refuse(
      header,
      'slices in one of the dimensions 2 and 13',
      `${dimensions[PARTITION]} partitions of each of ${dimensions[SLICE]} slabs`,
      `Write each slab as an array of its own: bart slice 13 0 IN OUT`,
    )
  return dimensions
}

/** `null`: the file holds one volume. The order is the order of the numbers. */
function partsOf(dimensions: readonly number[]): readonly string[] | null {
  const axes = [...PARTS].filter(([axis]) => dimensions[axis] > 1)
  if (axes.length === 0) return null
  let parts: string[][] = [[]]
  for (const [axis, name] of axes.toReversed())
    parts = parts.flatMap(part => Array.from({ length: dimensions[axis] }, (_, i) => [`${name}-${i + 1}`, ...part]))
  return parts.map(part => part.join(','))
}

function read(source: FileSource, part: string | null): StoredVolume {
  const pair = pairOf(source)!
  const dimensions = dimensionsOf(pair)
  const numbers = requireNumbers(pair, dimensions)
  const strides = dimensions.map((_, axis) => dimensions.slice(0, axis).reduce((product, size) => product * size, 1))
  const axisOf = (axis: number) => ({ size: dimensions[axis], stride: strides[axis] })
  const places = new Map(
    (part ?? '')
      .split(',')
      .map(each => each.split('-'))
      .map(([name, at]) => [name, Number(at)]),
  )
  const start = [...PARTS].reduce((sum, [axis, name]) => sum + strides[axis] * ((places.get(name) ?? 1) - 1), 0)
  const is3d = dimensions[PARTITION] > 1
  const array: ComplexArray = {
    path: numbers.path,
    read: (from, length) => numbers.read(from, length),
    first: 8 * start,
    type: 'complex64',
    littleEndian: true,
    slices: axisOf(is3d ? PARTITION : SLICE),
    coils: axisOf(COIL),
    rows: axisOf(READ),
    columns: axisOf(PHASE),
  }
  const other = numbers === source ? pair.header : numbers
  return {
    matrix: { coils: array.coils.size, rows: array.rows.size, columns: array.columns.size },
    kspace: (is3d ? partitionStack : arrayStack)(array, [other.path]),
    ...NUMBERS_ONLY,
    remarks: is3d ? [remarkOn3d(array)] : [],
  }
}

const remarkOn3d = ({ slices: { size } }: ComplexArray): string =>
  `3-D k-space: the ${size} slices come from an inverse Fourier transform along the ${size} partitions.`

/** The file of numbers. Throws if it is missing, or if its size is not the size that the header says. */
function requireNumbers({ header, numbers }: Pair, dimensions: readonly number[]): FileSource {
  if (numbers === null)
    throw new AppError(
      'FILE_UNREADABLE',
      `Expected the numbers of the array at ${header.path.replace(/hdr$/i, 'cfl')}, got no file. ` +
        `Copy the .cfl file beside ${header.path}.`,
    )
  const bytes = 8 * dimensions.reduce((product, size) => product * size, 1)
  if (numbers.bytes === bytes) return numbers
  const sizes = some(dimensions.filter(size => size > 1).map(String), MOST_DIMENSIONS)
  throw new AppError(
    'FILE_UNREADABLE',
    `Expected ${bytes} bytes, 8 for each of the numbers of the dimensions ${sizes || '1'} in ${header.path}, ` +
      `got ${numbers.bytes} bytes in ${numbers.path}. Copy both files again.`,
  )
}
