/**
 * How k-space was acquired, as the file's own mask says: a mask of rows or points, or one that differs between slices.
 * The mask is multiplied with k-space, because k-space may hold samples that the mask calls not measured.
 */
import type { Sampling } from '../../contract/volumes.ts'
import { percent } from '../../contract/words.ts'
import { isMeasured, multiply } from '../mri/pattern.ts'
import { type LineNumbers, type StoredMask, unpacked, withoutLines } from '../mri/stored-mask.ts'
import { ends, type Surveyed } from './measured.ts'
import type { Matrix } from './volume.ts'

export function storedSampling(stored: StoredMask, matrix: Matrix): Extract<Sampling, { readonly kind: 'irregular' }> {
  const { shape, measured } = stored
  const { kind } = unpacked(stored, matrix)(0)
  return {
    kind: 'irregular',
    pattern: shape[0] > 1 ? 'each slice differs' : kind === 'rows' ? 'rows' : 'points',
    acceleration: measured.length / measured.reduce((sum, value) => sum + value, 0),
  }
}

export interface StoredJudgement {
  readonly sampling: Extract<Sampling, { readonly kind: 'irregular' }>
  /** Lines that the mask calls measured and that are empty in all slices, between measured lines. `null`: none. */
  readonly lost: LineNumbers | null
  readonly remarks: string[]
}

/** Compares a stored mask with k-space. */
export interface MaskSurvey {
  /** A slice's k-space with 0 where the mask says that nothing was measured. */
  measured(kspace: Float32Array, slice: number): Float32Array
  /** @param found Which samples are not empty, 1 or 0: [rows, columns]. `energy`: of the measured k-space. */
  compare(kspace: Float32Array, seen: Surveyed, found: Uint8Array, energy: number): void
  judge(): StoredJudgement
}

export function surveyStored(stored: StoredMask, matrix: Matrix): MaskSurvey {
  const patterns = unpacked(stored, matrix)
  const rowsSeen = new Uint8Array(matrix.rows)
  const columnsSeen = new Uint8Array(matrix.columns)
  /** How many slices' masks name a sample as measured, and in how many of these slices the sample is empty. */
  const named = new Uint32Array(matrix.rows * matrix.columns)
  const empty = new Uint32Array(named.length)
  let [whole, inside] = [0, 0]

  const isNamedRow = (row: number) => named.subarray(row * matrix.columns, (row + 1) * matrix.columns).some(n => n > 0)
  const isNamedColumn = (column: number) =>
    Array.from(rowsSeen.keys()).some(row => named[row * matrix.columns + column])

  function remarksOn({ rows, columns }: LineNumbers, { acceleration }: StoredJudgement['sampling']): string[] {
    const remarks = [`The dataset mask calls ${percent(1 / acceleration)} of the samples measured.`]
    for (const [name, { length }] of Object.entries({ rows, columns }))
      if (length > 0)
        remarks.push(
          `The dataset mask calls ${length} ${name} measured that are empty in k-space. They count as not measured.`,
        )
    const left = (_: number, i: number) =>
      !rows.includes(Math.floor(i / matrix.columns)) && !columns.includes(i % matrix.columns)
    const lacking = sum(empty.filter(left))
    if (lacking > 0)
      remarks.push(
        `${percent(lacking / sum(named.filter(left)))} of the samples that the dataset mask calls measured are empty ` +
          'in k-space. They count as measured zeros. Correct the mask, or remove the dataset mask.',
      )
    if (whole - inside > 1e-6 * whole)
      remarks.push(
        `The samples that the dataset mask calls not measured hold ${percent(1 - inside / whole)} of the energy of ` +
          'k-space. These samples are not used.',
      )
    return remarks
  }

  return {
    measured: (kspace, slice) => multiply(patterns(slice), kspace),
    compare(kspace, { slice, rows, columns }, found, energy) {
      for (const part of kspace) whole += part * part
      inside += energy
      for (const [row, isSeen] of rows.entries()) rowsSeen[row] |= isSeen
      for (const [column, isSeen] of columns.entries()) columnsSeen[column] |= isSeen
      const isNamed = isMeasured(patterns(slice))
      // Empty lines at the edges are zero padding.
      const [[top, bottom], [left, right]] = [ends(rows), ends(columns)]
      for (let row = top; row <= bottom; row++)
        for (let column = left; column <= right; column++) {
          const sample = row * matrix.columns + column
          if (!isNamed(sample)) continue
          named[sample]++
          empty[sample] += 1 - found[sample]
        }
    },
    judge() {
      const lost = { rows: between(rowsSeen).filter(isNamedRow), columns: between(columnsSeen).filter(isNamedColumn) }
      const hasLost = lost.rows.length + lost.columns.length > 0
      const sampling = storedSampling(stored, matrix)
      return {
        sampling: hasLost ? storedSampling(withoutLines(stored, lost, matrix), matrix) : sampling,
        lost: hasLost ? lost : null,
        remarks: remarksOn(lost, sampling),
      }
    },
  }
}

const sum = (values: Uint32Array): number => values.reduce((total, value) => total + value, 0)

/** The empty lines between the first and the last measured line. */
function between(lines: Uint8Array): number[] {
  const [first, last] = ends(lines)
  return Array.from(lines.keys()).filter(line => line > first && line < last && lines[line] === 0)
}
