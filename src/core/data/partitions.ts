/**
 * 3-D Cartesian k-space as slices: the inverse Fourier transform along the partitions, the second phase encoding.
 * Each column must hold all partitions, or the same number of zeros at both ends.
 */
import { AppError } from '../../contract/errors.ts'
import { centredLineTransform } from '../mri/fft-double.ts'
import { type ComplexArray, kspaceShape, readSlice } from './complex-array.ts'
import type { Stack } from './volume.ts'

/** Slices that are transformed at once. A file is read once for each block of this size. */
const BLOCK_BYTES = 2 ** 28
/** Blocks of all open volumes together. */
const KEPT_BYTES = 2 ** 29
/** Share of the partitions by which the zeros at both ends of a column may differ. */
const UNEVEN = 0.05

interface Block {
  readonly from: number
  readonly slices: readonly Float32Array[]
}

/** The last used block of a file, the least recently used first. */
const kept = new Map<ComplexArray, Block>()

const bytesOfBlock = ({ slices }: Block) => slices.reduce((sum, { byteLength }) => sum + byteLength, 0)

/** @param array K-space whose slices are partitions. */
export function partitionStack(array: ComplexArray, sources: readonly string[]): Stack {
  const count = Math.max(1, Math.floor(BLOCK_BYTES / (8 * array.coils.size * array.rows.size * array.columns.size)))
  return {
    role: 'k-space',
    dataset: 'kspace',
    type: array.type,
    shape: kspaceShape(array),
    withSlice(index, use) {
      if (!(Number.isInteger(index) && index >= 0 && index < array.slices.size))
        throw new RangeError(`Slice ${index} of ${array.slices.size} in ${array.path}`)
      const from = index - (index % count)
      const block = kept.get(array)
      const now = block?.from === from ? block : blockOf(array, from, Math.min(count, array.slices.size - from))
      keep(array, now)
      return use(now.slices[index - from].slice())
    },
    unwritten: () => new Set(),
    sources: () => sources,
  }
}

function keep(array: ComplexArray, block: Block): void {
  kept.delete(array)
  kept.set(array, block)
  let bytes = [...kept.values()].reduce((sum, each) => sum + bytesOfBlock(each), 0)
  for (const [oldest, each] of kept) {
    if (bytes <= KEPT_BYTES || oldest === array) return
    kept.delete(oldest)
    bytes -= bytesOfBlock(each)
  }
}

function blockOf(array: ComplexArray, from: number, count: number): Block {
  const { slices, coils, rows, columns } = array
  const samples = rows.size * columns.size
  const transformed = Array.from({ length: count }, () => new Float32Array(2 * coils.size * samples))
  const transform = centredLineTransform(slices.size, true)
  const line = new Float64Array(2 * slices.size)
  const cube = new Float32Array(2 * slices.size * samples)
  /** 1 where a partition of a column holds a number that is not zero: [columns, partitions]. */
  const measured = new Uint8Array(columns.size * slices.size)
  for (let coil = 0; coil < coils.size; coil++) {
    for (let partition = 0; partition < slices.size; partition++) {
      const plane = readSlice(array, partition, undefined, coil, 1)
      for (let i = 0; i < 2 * samples; i++)
        if (plane[i] !== 0) measured[((i >> 1) % columns.size) * slices.size + partition] = 1
      cube.set(plane, 2 * partition * samples)
    }
    for (let sample = 0; sample < samples; sample++) {
      transform(cube, sample, samples, line, 0, 1)
      const at = 2 * (coil * samples + sample)
      for (let slice = 0; slice < count; slice++) {
        transformed[slice][at] = line[2 * (from + slice)]
        transformed[slice][at + 1] = line[2 * (from + slice) + 1]
      }
    }
  }
  for (let column = 0; column < columns.size; column++)
    requireWhole(array, column, measured.subarray(column * slices.size, (column + 1) * slices.size))
  return { from, slices: transformed }
}

/** Throws if a column's partitions are sub-sampled, or missing at one end alone. */
function requireWhole({ path, slices: { size } }: ComplexArray, column: number, measured: Uint8Array): void {
  const [first, last] = [measured.indexOf(1), measured.lastIndexOf(1)]
  if (first < 0) return
  const isSymmetric = Math.abs(first - (size - 1 - last)) <= Math.max(1, UNEVEN * size)
  if (isSymmetric && !measured.subarray(first, last + 1).includes(0)) return
  const count = measured.reduce((sum, value) => sum + value, 0)
  throw new AppError(
    'UNSUPPORTED_FORMAT',
    `Expected 3-D k-space with all ${size} partitions, got ${count} partitions in column ${column + 1}, in ${path}. ` +
      '3-D k-space must be fully sampled along dimension 2. If the other phase encoding is fully sampled, swap both: ' +
      'bart transpose 1 2 IN OUT',
  )
}
