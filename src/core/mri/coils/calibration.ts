/**
 * The calibration area: the block of complete samples around the centre of k-space, found in the data. A sample counts
 * as measured if any coil has a value there. Kernels from a block with unmeasured zeros would describe the mask.
 */
import { AppError } from '../../../contract/errors.ts'

/** k-space of one slice [coils, rows, columns, 2]. */
export interface KspaceSize {
  readonly coils: number
  readonly rows: number
  readonly columns: number
}

/** Rows from `top` and columns from `left`. */
export interface Area {
  readonly top: number
  readonly left: number
  readonly rows: number
  readonly columns: number
}

/**
 * The largest block that is measured completely and contains the centre ⌊n/2⌋, of at most these sides. Its rows start
 * at ⌊n/2⌋ − ⌊size/2⌋. Its columns start there too, unless more columns are measured on one side.
 * `null`: the centre is not measured.
 */
export function measuredArea(
  kspace: Float32Array,
  { coils, rows, columns }: KspaceSize,
  [mostRows, mostColumns]: readonly [number, number],
): Area | null {
  const isMeasured = (row: number, column: number) => {
    for (let coil = 0; coil < coils; coil++) {
      const at = 2 * ((coil * rows + row) * columns + column)
      if (kspace[at] !== 0 || kspace[at + 1] !== 0) return true
    }
    return false
  }
  const [middle, centre] = [rows, columns].map(size => Math.floor(size / 2))
  let from = Math.max(0, centre - mostColumns + 1)
  let to = Math.min(columns, centre + mostColumns)
  let best: Area | null = null
  for (let height = 1; height <= Math.min(mostRows, rows); height++) {
    const row = height % 2 ? middle + (height - 1) / 2 : middle - height / 2 // the row that this height adds
    let left = centre
    while (left > from && isMeasured(row, left - 1)) left--
    let right = centre
    while (right < to && isMeasured(row, right)) right++
    if (right === centre) break
    from = left
    to = right
    const width = Math.min(mostColumns, to - from)
    if (best && height * width < best.rows * best.columns) continue
    const start = Math.min(Math.max(centre - Math.floor(width / 2), from), to - width)
    best = { top: middle - Math.floor(height / 2), left: start, rows: height, columns: width }
  }
  return best
}

/**
 * The area's samples, [coils, rows, columns, 2].
 * @param where For the error, such as 'slice 4 of brain_07.h5'. Throws `NOT_FINITE`.
 */
export function blockOf(kspace: Float32Array, size: KspaceSize, area: Area, where: string): Float64Array {
  const block = new Float64Array(2 * size.coils * area.rows * area.columns)
  let to = 0
  for (let coil = 0; coil < size.coils; coil++)
    for (let row = 0; row < area.rows; row++) {
      const from = 2 * ((coil * size.rows + area.top + row) * size.columns + area.left)
      const samples = kspace.subarray(from, from + 2 * area.columns)
      if (!samples.every(Number.isFinite)) throw notFinite(coil, where)
      block.set(samples, to)
      to += samples.length
    }
  return block
}

const notFinite = (coil: number, where: string) =>
  new AppError(
    'NOT_FINITE',
    `Expected numbers in the centre of k-space, got NaN or infinity in coil ${coil + 1} of ${where}. ` +
      'Export the file again, or exclude it from the study.',
  )

/** Coils without any signal in a block [coils, samples, 2], counted from 0. */
export function deadCoils(block: Float64Array, coils: number): number[] {
  const size = block.length / coils
  return Array.from({ length: coils }, (_, coil) => coil).filter(coil =>
    block.subarray(coil * size, (coil + 1) * size).every(value => value === 0),
  )
}
