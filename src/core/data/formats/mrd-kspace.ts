/** K-space of an MRD file, read slice by slice. */
import { AppError } from '../../../contract/errors.ts'
import type { Hdf5Record } from '../hdf5.ts'
import type { FileSource } from '../source.ts'
import type { Matrix, Stack } from '../volume.ts'
import type { MrdEncoding } from './ismrmrd-header.ts'
import { makeReadouts, placed } from './mrd-lines.ts'
import { incompleteSlices, type Line, type OrderedSlice } from './mrd-order.ts'

export interface MrdMatrix extends Matrix {
  /** Samples of a readout with oversampling. */
  readonly encoded: number
  /** Partitions of a slab, and its slices without oversampling. 1 and 1 if each slice was excited by itself. */
  readonly depth: number
  readonly slices: number
  /** Steps at the centre of k-space. */
  readonly centres: MrdEncoding['centres']
}

/** Encoded samples of an axis without oversampling: the share of the field of view that the scanner shows. */
export function withoutOversampling({ encoded, recon }: MrdEncoding, axis: 0 | 2): number {
  const samples = encoded.matrix[axis]!
  const [whole, shown] = [encoded.view[axis], recon.view[axis]]
  const kept =
    whole !== null && shown !== null ? Math.round((samples * shown) / whole) : (recon.matrix[axis] ?? samples)
  return kept > 0 && kept < samples ? kept : samples
}

/** Throws if a line does not fit the matrix. */
export function kspaceStack(
  source: FileSource,
  dataset: string,
  slices: readonly OrderedSlice[],
  matrix: MrdMatrix,
): Stack {
  const { coils, rows, columns, encoded, depth } = matrix
  for (const { lines } of slices) for (const line of lines) placed(line.acquisition, encoded, source.path)
  const withSlice =
    depth === 1 ? sliceReader(source, dataset, slices, matrix) : slabReader(source, dataset, slices, matrix)
  const count = depth === 1 ? slices.length : matrix.slices
  return {
    role: 'k-space',
    dataset,
    type: 'complex64',
    shape: coils === 1 ? [count, rows, columns] : [count, coils, rows, columns],
    withSlice(index, use) {
      if (!(Number.isInteger(index) && index >= 0 && index < count))
        throw new RangeError(`Slice ${index} of ${count} in ${source.path}`)
      return use(withSlice(index))
    },
    unwritten: () => (depth === 1 ? incompleteSlices(slices) : new Set()),
    sources: () => [],
  }
}

type ReadSlice = (index: number) => Float32Array

function sliceReader(
  source: FileSource,
  dataset: string,
  slices: readonly OrderedSlice[],
  { coils, rows, columns, encoded }: MrdMatrix,
): ReadSlice {
  const readouts = makeReadouts({ encoded, rows }, source.path)
  return index => {
    const kspace = new Float32Array(2 * coils * rows * columns)
    eachLine(source, dataset, slices[index].lines, (record, { acquisition, column, weight }) =>
      readouts(record, acquisition, (coil, readout) => {
        for (let row = 0, at = 2 * (coil * rows * columns + column); row < rows; row++, at += 2 * columns) {
          kspace[at] += weight * readout[2 * row]
          kspace[at + 1] += weight * readout[2 * row + 1]
        }
      }),
    )
    return kspace
  }
}

/** Bytes of slices of a slab that are computed at once, because each needs the whole slab. */
const BLOCK_BYTES = 2 ** 27

/**
 * Slices of a slab: the inverse transform along the partitions. Each partition adds to each slice, so the acquisitions
 * are read once for a block of slices. The last block is kept.
 */
function slabReader(source: FileSource, dataset: string, slabs: readonly OrderedSlice[], matrix: MrdMatrix): ReadSlice {
  const { coils, rows, columns, encoded, depth, slices } = matrix
  const [{ lines }] = slabs
  const middle = Math.floor(depth / 2)
  const partitionOf = ({ acquisition }: Line) => acquisition.partition + middle - (matrix.centres[1] ?? middle)
  requireWholeSlab(source, slabs, lines.map(partitionOf), depth)
  const readouts = makeReadouts({ encoded, rows }, source.path)
  const size = 2 * coils * rows * columns
  const most = Math.max(1, Math.floor(BLOCK_BYTES / (8 * size)))
  let kept: { readonly first: number; readonly sums: readonly Float64Array[] } | null = null

  function readBlock(first: number): readonly Float64Array[] {
    const sums = Array.from({ length: Math.min(most, slices - first) }, () => new Float64Array(size))
    eachLine(source, dataset, lines, (record, line) => {
      const along = partitionOf(line) - middle
      readouts(record, line.acquisition, (coil, readout) => {
        for (const [i, sum] of sums.entries()) {
          const angle = (2 * Math.PI * (((first + i - Math.floor(slices / 2)) * along) % depth)) / depth
          const [re, im] = [Math.cos(angle), Math.sin(angle)].map(part => (part * line.weight) / Math.sqrt(depth))
          for (let row = 0, at = 2 * (coil * rows * columns + line.column); row < rows; row++, at += 2 * columns) {
            sum[at] += re * readout[2 * row] - im * readout[2 * row + 1]
            sum[at + 1] += re * readout[2 * row + 1] + im * readout[2 * row]
          }
        }
      })
    })
    return sums
  }

  return index => {
    const first = index - (index % most)
    if (kept?.first !== first) kept = null // frees the old block first
    kept ??= { first, sums: readBlock(first) }
    return Float32Array.from(kept.sums[index - first])
  }
}

function requireWholeSlab(
  { path }: FileSource,
  slabs: readonly OrderedSlice[],
  partitions: readonly number[],
  depth: number,
): void {
  const fail = (got: string) =>
    new AppError(
      'UNSUPPORTED_FORMAT',
      `Expected a 3-D scan of one slab with all ${depth} partitions of every measured line, got ${got}, in ${path}. ` +
        'Only a fully sampled direction can be transformed into slices. Reconstruct the scan with another program.',
    )
  if (slabs.length > 1) throw fail(`${slabs.length} slabs`)
  const [{ lines }] = slabs
  const outside = partitions.find(partition => partition < 0 || partition >= depth)
  if (outside !== undefined) throw fail(`the partition ${outside}, counted from 0`)
  const byColumn = new Map<number, Set<number>>()
  for (const [i, { column }] of lines.entries()) {
    if (!byColumn.has(column)) byColumn.set(column, new Set())
    byColumn.get(column)!.add(partitions[i])
  }
  for (const [column, found] of byColumn)
    if (found.size < depth) throw fail(`${found.size} partitions of column ${column + 1}`)
}

function eachLine(
  source: FileSource,
  dataset: string,
  lines: readonly Line[],
  use: (record: Hdf5Record, line: Line) => void,
): void {
  const records = lines.map(line => line.acquisition.record)
  source.hdf5()!.eachRecord(dataset, records, (record, place) => use(record, lines[place]))
}
