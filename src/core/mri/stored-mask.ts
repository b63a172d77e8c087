/**
 * Masks that were read, not drawn: arrays whose shape says what they mean. Axes of length 1 hold for the whole axis.
 *   [columns], [1, columns], [1, columns, 1], [1, 1, columns, 1]   columns, as fastMRI shapes its masks
 *   [rows, 1]                                                      rows
 *   [rows, columns]                                                points
 *   [slices, rows, columns], [slices, 1, columns]                  another pattern for each slice
 * A last axis of length 1 behind two or more others stands for real and imaginary part, and is left out. So are other
 * axes of length 1 (coils, slices) where more than three axes remain.
 * Numbers that are not zero are measured.
 */
import { AppError } from '../../contract/errors.ts'
import type { VolumeInfo } from '../../contract/volumes.ts'
import { type Pattern, patternOfGrid } from './pattern.ts'

export interface StoredMask {
  readonly path: string
  /** 1: for all. */
  readonly shape: readonly [slices: number, rows: number, columns: number]
  /** 1 measured, 0 not: [slices, rows, columns]. */
  readonly measured: Uint8Array
}

const REMEDY = 'Write the mask as [columns], [rows, columns] or [slices, rows, columns].'

/** The axes [slices, rows, columns] of a mask's shape. More axes if the array is no mask. */
function axesOf(shape: readonly number[]): number[] {
  let axes = [...shape]
  if (axes.length > 2 && axes.at(-1) === 1) axes = axes.slice(0, -1)
  while (axes.length > 3 && axes.includes(1)) axes.splice(axes.indexOf(1), 1)
  while (axes.length < 3) axes.unshift(1)
  return axes
}

/** Whether a shape has an axis of rows and no axis of columns, such as [rows, 1]. */
export function hasRowsOnly(shape: readonly number[], { rows }: Pick<VolumeInfo, 'rows'>): boolean {
  const [height, width] = axesOf(shape).slice(-2)
  return width === 1 && height === rows && rows > 1
}

/** Throws `UNSUPPORTED_FORMAT`, with the file and the remedy, if the array is no mask. */
export function storedMask(
  path: string,
  { shape, at }: { readonly shape: readonly number[]; at(i: number): number },
): StoredMask {
  const fault = (expected: string, got: string, remedy: string) =>
    new AppError('UNSUPPORTED_FORMAT', `Expected ${expected}, got ${got}, in ${path}. ${remedy}`)
  const axes = axesOf(shape)
  if (axes.length > 3 || shape.length === 0 || axes.includes(0))
    throw fault('a mask', `an array [${shape.join(', ')}]`, REMEDY)
  const [slices, rows, columns] = axes
  const measured = Uint8Array.from({ length: slices * rows * columns }, (_, i) => {
    const value = at(i)
    if (Number.isNaN(value)) throw fault('a mask of numbers', 'NaN', 'Write 1 for measured and 0 for not measured.')
    return Number(value !== 0)
  })
  for (let slice = 0; slice < slices; slice++)
    if (!measured.subarray(slice * rows * columns, (slice + 1) * rows * columns).includes(1))
      throw fault('measured samples', `only zeros${slices > 1 ? ` in slice ${slice + 1}` : ''}`, 'Write another mask.')
  return { path, shape: [slices, rows, columns], measured }
}

/**
 * The pattern of each slice of a volume, counted from 0. A mask that holds for all slices gives one object.
 * Throws `SHAPE_MISMATCH`, with both files, if the mask has another size.
 */
export function storedPatterns(
  stored: StoredMask,
  info: Pick<VolumeInfo, 'path' | 'slices' | 'rows' | 'columns'>,
): (slice: number) => Pattern {
  const { path, shape } = stored
  const { rows, columns } = info
  if (!fitsVolume(shape, info))
    throw new AppError(
      'SHAPE_MISMATCH',
      `Expected a mask of ${columns} columns, ${rows} × ${columns} samples or ${info.slices} × ${rows} × ${columns} ` +
        `samples for ${info.path}, got ${shape.join(' × ')}, in ${path}. Choose a mask of this size.`,
    )
  const known = kept.get(stored)
  if (known && known.rows === rows && known.columns === columns) return known.patterns
  const patterns = unpacked(stored, info)
  kept.set(stored, { rows, columns, patterns })
  return patterns
}

/** The patterns of a mask for the last size of k-space that was asked for. */
const kept = new WeakMap<
  StoredMask,
  { readonly rows: number; readonly columns: number; readonly patterns: (slice: number) => Pattern }
>()

/** Whether a mask has the size of a volume. */
export const fitsVolume = (
  [slices, height, width]: StoredMask['shape'],
  info: Pick<VolumeInfo, 'slices' | 'rows' | 'columns'>,
): boolean =>
  [
    [slices, info.slices],
    [height, info.rows],
    [width, info.columns],
  ].every(([size, expected]) => size === 1 || size === expected)

/** Lines of k-space, counted from 0. */
export interface LineNumbers {
  readonly rows: readonly number[]
  readonly columns: readonly number[]
}

/** The mask without these lines of a volume. */
export function withoutLines(
  { path, shape: [slices, height, width], measured }: StoredMask,
  lines: LineNumbers,
  matrix: Pick<VolumeInfo, 'rows' | 'columns'>,
): StoredMask {
  const rows = lines.rows.length > 0 ? matrix.rows : height
  const columns = lines.columns.length > 0 ? matrix.columns : width
  const left = new Uint8Array(slices * rows * columns)
  for (let slice = 0, i = 0; slice < slices; slice++)
    for (let row = 0; row < rows; row++)
      for (let column = 0; column < columns; column++, i++)
        left[i] = measured[(slice * height + (height === 1 ? 0 : row)) * width + (width === 1 ? 0 : column)]
  for (const row of lines.rows)
    for (let slice = 0; slice < slices; slice++)
      left.fill(0, (slice * rows + row) * columns, (slice * rows + row + 1) * columns)
  for (const column of lines.columns) for (let i = column; i < left.length; i += columns) left[i] = 0
  return { path, shape: [slices, rows, columns], measured: left }
}

/** As `storedPatterns`, for a mask that fits. The last pattern is kept, so asking again for a slice costs nothing. */
export function unpacked(
  { shape: [slices, height, width], measured }: StoredMask,
  { rows, columns }: Pick<VolumeInfo, 'rows' | 'columns'>,
): (slice: number) => Pattern {
  function unpack(slice: number): Pattern {
    const from = slice * height * width
    const grid = new Uint8Array(rows * columns)
    for (let row = 0; row < rows; row++)
      for (let column = 0; column < columns; column++)
        grid[row * columns + column] = measured[from + (height === 1 ? 0 : row * width) + (width === 1 ? 0 : column)]
    return patternOfGrid(grid, rows, columns)
  }
  let last: { readonly slice: number; readonly pattern: Pattern } | null = null
  return asked => {
    const slice = slices > 1 ? asked : 0
    if (last?.slice !== slice) last = { slice, pattern: unpack(slice) }
    return last.pattern
  }
}
