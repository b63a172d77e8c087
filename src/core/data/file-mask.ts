/** The mask that a file stores with its k-space. */
import { AppError } from '../../contract/errors.ts'
import { fitsVolume, hasRowsOnly, type StoredMask, storedMask } from '../mri/stored-mask.ts'
import type { FileMask, StoredVolume } from './volume.ts'

interface MaskNumbers {
  readonly shape: readonly number[]
  readonly values: Float64Array
}

/**
 * As 0 and 1 if the mask has one number per column, in any shape but [rows, 1]. A mask that repeats these numbers for
 * every row or slice means the same. Other masks have the shapes of `storedMask`.
 * @param words What the mask is, for messages, such as "the dataset mask of FILE".
 * @param removal How to leave the mask out, such as "Remove the dataset mask".
 */
export function fileMask(
  { shape, values }: MaskNumbers,
  { kspace, matrix: { rows, columns } }: Pick<StoredVolume, 'kspace' | 'matrix'>,
  words: string,
  removal: string,
): FileMask {
  const [slices] = kspace.shape
  const remedy = `${removal}: k-space itself then says what was measured.`
  const refuse = (expected: string, got: string) =>
    new AppError('UNSUPPORTED_FORMAT', `Expected ${expected}, got ${got}, in ${words}. ${remedy}`)
  if (values.some(Number.isNaN)) throw refuse('a mask of numbers', 'NaN')
  const all = Uint8Array.from(values, value => Number(value !== 0))
  if (!all.includes(1)) throw refuse('a mask with measured columns', 'only zeros')
  // A mask of ones means the same for rows and for columns.
  const isOfRows = hasRowsOnly(shape, { rows }) && all.includes(0)
  const isOfColumns = all.length % columns === 0 && all.every((value, i) => value === all[i % columns])
  if (isOfColumns && !isOfRows) return all.slice(0, columns)
  const stored = storedMask(words, { shape, at: i => all[i] })
  if (fitsVolume(stored.shape, { slices, rows, columns })) return withoutRepeats(stored)
  throw new AppError(
    'SHAPE_MISMATCH',
    `Expected a mask of ${columns} columns, ${rows} × ${columns} samples ` +
      `or ${slices} × ${rows} × ${columns} samples, got [${shape.join(', ')}], in ${words}. ${remedy}`,
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
