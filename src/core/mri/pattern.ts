/**
 * Sampling patterns: which samples of a slice's k-space [rows, columns] were measured.
 * A pattern is a set of whole columns, of whole rows, or of single points. The functions of this file multiply,
 * count and sub-sample patterns of every kind.
 *   acceleration             samples over measured samples,
 *   measurable acceleration  the same over the measurable columns alone. Scanners fill the other columns with zeros
 *                            (partial Fourier, interpolation), and the file's header says which columns these are.
 * Source of `clearPadding` and `readCentre`: Sriram et al. 2020, "End-to-End Variational Networks for Accelerated MRI
 * Reconstruction", and its reference code (fastMRI `transforms.py`, `varnet.py`).
 */
import { AppError } from '../../contract/errors.ts'
import { measuredColumns } from './mask.ts'
import type { RandomState } from './random.ts'

/** `from` ≤ line < `to`. */
export interface Span {
  readonly from: number
  readonly to: number
}

export interface Pattern {
  readonly kind: 'columns' | 'rows' | 'points'
  readonly rows: number
  readonly columns: number
  /** 1 measured, 0 not: [columns], [rows] or [rows, columns]. */
  readonly measured: Uint8Array
  /** The block that a drawn pattern always measures. Absent if the pattern was not drawn. */
  readonly centre?: { readonly rows: Span; readonly columns: Span }
}

/** The pattern of whole columns: `measured` has 1 or 0 for each column. */
export const columnPattern = (measured: Uint8Array, rows: number, centre?: Span): Pattern => ({
  kind: 'columns',
  rows,
  columns: measured.length,
  measured,
  ...(centre && { centre: { rows: { from: 0, to: rows }, columns: centre } }),
})

/** All samples are measured. */
export const fullPattern = (rows: number, columns: number): Pattern =>
  columnPattern(new Uint8Array(columns).fill(1), rows)

/** The simplest pattern of a grid [rows, columns] of 0 and 1: columns, else rows, else points. */
export function patternOfGrid(grid: Uint8Array, rows: number, columns: number): Pattern {
  const [firstRow, firstColumn] = [
    grid.slice(0, columns),
    Uint8Array.from({ length: rows }, (_, r) => grid[r * columns]),
  ]
  if (grid.every((value, i) => value === firstRow[i % columns])) return columnPattern(firstRow, rows)
  if (grid.every((value, i) => value === firstColumn[Math.floor(i / columns)]))
    return { kind: 'rows', rows, columns, measured: firstColumn }
  return { kind: 'points', rows, columns, measured: grid }
}

/** Position of a sample (row by row) in `measured`. */
function placeOf({ kind, columns }: Pattern): (sample: number) => number {
  if (kind === 'columns') return sample => sample % columns
  return kind === 'rows' ? sample => Math.floor(sample / columns) : sample => sample
}

/** Whether a sample was measured. Samples count row by row. */
export function isMeasured(pattern: Pattern): (sample: number) => boolean {
  const place = placeOf(pattern)
  return sample => pattern.measured[place(sample)] === 1
}

/** 1 for each measured sample, otherwise 0: [rows, columns]. */
export function gridOf(pattern: Pattern): Float32Array {
  const measured = isMeasured(pattern)
  return Float32Array.from({ length: pattern.rows * pattern.columns }, (_, sample) => Number(measured(sample)))
}

/** 1 measured, 0 not: [columns] if whole columns were measured, otherwise [rows, columns]. */
export const maskOfSamples = (pattern: Pattern): Uint8Array =>
  pattern.kind === 'rows' ? Uint8Array.from(gridOf(pattern)) : pattern.measured

const count = (values: Uint8Array): number => values.reduce((sum, value) => sum + value, 0)

/** Samples over measured samples. */
export const acceleration = ({ measured }: Pattern): number => measured.length / count(measured)

/**
 * Measurable samples over measured samples, where only the columns of `measurable` can be measured.
 * Throws `INVALID_ARGUMENT`, with the path of the k-space, if the pattern measures none of these columns.
 */
export function measurableAcceleration(pattern: Pattern, measurable: Span, path: string): number {
  const { columns, measured } = clearPadding(pattern, measurable)
  const { from, to } = measurable
  const samples = count(measured)
  if (samples === 0)
    throw new AppError(
      'INVALID_ARGUMENT',
      `Expected a mask that measures some of the columns ${from + 1} to ${to}, got one that measures none, ` +
        `for ${path}. The file’s header says that the scanner measured only these columns. Choose another mask.`,
    )
  return ((measured.length / columns) * (Math.min(to, columns) - Math.max(from, 0))) / samples
}

/** The pattern without the columns outside `measurable`. Rows become points. */
export function clearPadding(pattern: Pattern, { from, to }: Span): Pattern {
  const { kind, rows, columns, measured } = pattern
  if (from <= 0 && to >= columns) return pattern
  const inside = (column: number) => column >= from && column < to
  if (kind === 'columns') return { ...pattern, measured: measured.map((value, i) => (inside(i) ? value : 0)) }
  const grid = Uint8Array.from(gridOf(pattern), (value, sample) => (inside(sample % columns) ? value : 0))
  return { ...pattern, kind: 'points', rows, columns, measured: grid }
}

/** The columns that hold a measured sample, ascending. */
export function columnsOf({ kind, columns, measured }: Pattern): Int32Array {
  const holds = kind === 'columns' ? measured : new Uint8Array(columns).fill(kind === 'rows' ? count(measured) && 1 : 0)
  if (kind === 'points') for (let i = 0; i < measured.length; i++) if (measured[i]) holds[i % columns] = 1
  return measuredColumns(holds)
}

/** The rows that hold a measured sample, ascending. */
export function rowsOf({ kind, rows, columns, measured }: Pattern): Int32Array {
  if (kind === 'rows') return measuredColumns(measured)
  const holds = new Uint8Array(rows).fill(kind === 'columns' ? count(measured) && 1 : 0)
  if (kind === 'points') for (let i = 0; i < measured.length; i++) if (measured[i]) holds[Math.floor(i / columns)] = 1
  return measuredColumns(holds)
}

/** k-space [coils, rows, columns, 2] with 0 where nothing was measured: a new array. */
export function multiply(pattern: Pattern, kspace: Float32Array): Float32Array {
  const { kind, rows, columns, measured } = pattern
  const product = new Float32Array(kspace.length)
  for (let line = 0; line < kspace.length / (2 * columns); line++) {
    const row = line % rows
    const from = 2 * line * columns
    if (kind === 'rows') {
      if (measured[row]) product.set(kspace.subarray(from, from + 2 * columns), from)
      continue
    }
    const first = kind === 'points' ? row * columns : 0
    for (let column = 0; column < columns; column++) {
      if (!measured[first + column]) continue
      product[from + 2 * column] = kspace[from + 2 * column]
      product[from + 2 * column + 1] = kspace[from + 2 * column + 1]
    }
  }
  return product
}

export const isEqual = (a: Pattern, b: Pattern): boolean =>
  a === b ||
  (a.kind === b.kind &&
    a.rows === b.rows &&
    a.columns === b.columns &&
    a.measured.every((value, place) => value === b.measured[place]))

/** The positions of `measured` that lie in a block. */
function blockPlaces({ kind, columns }: Pattern, block: NonNullable<Pattern['centre']>): (place: number) => boolean {
  const within = ({ from, to }: Span, line: number) => line >= from && line < to
  if (kind === 'columns') return place => within(block.columns, place)
  if (kind === 'rows') return place => within(block.rows, place)
  return place => within(block.columns, place % columns) && within(block.rows, Math.floor(place / columns))
}

/**
 * A further sub-sample of a measurement. What was measured of the block `centre` stays. Every other measured line or
 * point stays with probability `keep`. If two or more lie outside the centre, at least one is dropped and at least one
 * stays. The view is therefore never the measurement itself, and never the centre alone.
 */
export function subsample(
  pattern: Pattern,
  centre: NonNullable<Pattern['centre']>,
  keep: number,
  random: RandomState,
): Pattern {
  if (!(keep > 0 && keep < 1)) {
    throw new AppError('INVALID_ARGUMENT', `Expected a share of lines to keep between 0 and 1, got ${keep}`)
  }
  const inCentre = blockPlaces(pattern, centre)
  const measured = pattern.measured.slice()
  const outside: number[] = []
  for (let place = 0; place < measured.length; place++) if (measured[place] && !inCentre(place)) outside.push(place)
  for (const place of outside) measured[place] = random.uniform() < keep ? 1 : 0
  if (outside.length >= 2) {
    const kept = outside.filter(place => measured[place]).length
    if (kept === outside.length) measured[outside[random.randint(outside.length)]] = 0
    if (kept === 0) measured[outside[random.randint(outside.length)]] = 1
  }
  return { ...pattern, measured }
}

/**
 * The block of low frequencies from which a network estimates coil maps: what a drawn pattern always measures, else
 * what VarNet reads off the pattern along its lines. Throws `INVALID_ARGUMENT` if the centre was not measured.
 * @param where For the error, such as 'slice 4 of brain_07.h5'.
 */
export function centreOf(pattern: Pattern, where: string): Pattern {
  const { kind, rows, columns, measured, centre } = pattern
  const whole = (to: number) => ({ from: 0, to })
  const grid = kind === 'points' ? gridOf(pattern) : null
  const along = (axis: 'rows' | 'columns'): Span => {
    if (kind !== 'points' && kind !== axis) return whole(pattern[axis])
    if (centre) return centre[axis]
    return readCentre(grid ? middleLine(grid, rows, columns, axis) : measured)
  }
  const block = { rows: along('rows'), columns: along('columns') }
  const within = blockPlaces(pattern, block)
  const low = measured.map((value, place) => (value && within(place) ? 1 : 0))
  if (count(low) > 0) return { ...pattern, measured: low }
  throw new AppError(
    'INVALID_ARGUMENT',
    `Expected measured lines in the centre of k-space, from which coil maps are estimated, got none, in ${where}. ` +
      'Choose a mask with a centre, or a network without coil maps of its own.',
  )
}

/** The middle row or column of a grid [rows, columns], of which `axis` counts the samples. */
function middleLine(grid: Float32Array, rows: number, columns: number, axis: 'rows' | 'columns'): Uint8Array {
  const [row, column] = [Math.floor(rows / 2), Math.floor(columns / 2)]
  return axis === 'columns'
    ? Uint8Array.from(grid.subarray(row * columns, (row + 1) * columns))
    : Uint8Array.from({ length: rows }, (_, i) => grid[i * columns + column])
}

/**
 * The centre as VarNet reads it off a mask over columns, where nobody says how many low frequencies were measured:
 * twice the shorter of the two runs of measured columns beside the zero frequency, at least one column.
 * A run that reaches the edge counts as 0, as in the reference code. A full mask therefore has a centre of one column.
 */
export function readCentre(measured: Uint8Array): Span {
  const columns = measured.length
  const zero = Math.floor(columns / 2)
  const right = Math.max(measured.indexOf(0, zero) - zero, 0)
  const left = Math.max(measured.slice(0, zero).reverse().indexOf(0), 0)
  const low = Math.max(2 * Math.min(left, right), 1)
  const from = Math.floor((columns - low + 1) / 2)
  return { from, to: from + low }
}
