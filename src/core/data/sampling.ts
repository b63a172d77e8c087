/**
 * How k-space was acquired, judged over all slices and coils, and in both directions.
 * Samples that were not measured are zero, or hold the rounding errors of Fourier transforms there and back.
 * Such errors form an even floor far below all noise. Noise counts as measured.
 * Lines that are empty at the edges of all slices are zero padding, a partial readout or partial Fourier.
 * Such edges are no sub-sampling. Empty lines between measured lines are sub-sampling.
 */
import type { Sampling } from '../../contract/volumes.ts'
import { percent } from '../../contract/words.ts'
import { allFinite } from '../extremes.ts'
import { emptyCoils } from './coils.ts'
import { count, ends, type Fault, HOLES, type Surveyed, surveySlices, total } from './measured.ts'
import { type StoredJudgement, surveyStored } from './stored-sampling.ts'
import type { FileMask, Matrix } from './volume.ts'

/**
 * A column with less than this share of the median column's energy counts as nearly empty.
 * In the demonstration files (126 columns), columns at both edges hold noise or rounding errors only.
 * Noise has 0.02 to 0.05 of the median, rounding errors have 1e-30. Columns with signal start at about 0.08.
 * With 0.05, each file has 9 to 14 nearly empty columns.
 */
const NEARLY_EMPTY = 0.05

/**
 * Share of the lines by which the empty lines at an edge may differ between slices.
 * The empty lines at both edges may also differ by this share without a remark.
 */
const UNEVEN = 0.05

/** Whether so many empty lines at both edges differ too much for zero padding. */
const areUneven = (first: number, last: number, lines: number): boolean =>
  Math.abs(first - last) > Math.max(1, UNEVEN * lines)

/**
 * Share of the energy in the outer half of the lines that marks an uncentred k-space. Noise has 0.5.
 * Above this share, the centre of k-space is taken to lie at the edge.
 */
const UNCENTRED = 0.8

export interface Judgement {
  readonly sampling: Exclude<Sampling, { kind: 'unread' }>
  /** Only for `sub-sampled`: 1 measured, 0 not measured. */
  readonly mask: Uint8Array | null
  /** Only for a mask in the file that is not of columns: see `StoredJudgement`. */
  readonly lost?: StoredJudgement['lost']
  readonly remarks: string[]
}

export interface Survey {
  /** Returns the fault of one slice's k-space [coils, rows, columns, 2], or `null`. Does not keep `kspace`. */
  add(kspace: Float32Array, slice: number): Fault | null
  /** Judges the slices without a fault, at least one. */
  judge(): Judgement
}

/** The fault of a slice's image, or `null`. */
export function faultOfImage(image: Float32Array): Fault['fault'] | null {
  if (!allFinite(image)) return 'not finite'
  return image.some(value => value !== 0) ? null : 'all zero'
}

/** @param stored The file's own mask. */
export function surveyKspace(matrix: Matrix, stored: FileMask | null): Survey {
  const { coils, rows, columns } = matrix
  const [ofColumns, other] = stored instanceof Uint8Array ? [stored, null] : [null, stored]
  const byMask = other && surveyStored(other, matrix)
  const { look, grid, columnEnergy, rowEnergy } = surveySlices(matrix)
  const allColumns = new Float64Array(columns)
  const allRows = new Float64Array(rows)
  const surveyed: Surveyed[] = []

  return {
    add(kspace, slice) {
      const seen = look(byMask ? byMask.measured(kspace, slice) : kspace, slice)
      if ('fault' in seen) return seen
      byMask?.compare(kspace, seen, grid(), total(rowEnergy))
      for (let column = 0; column < columns; column++) allColumns[column] += columnEnergy[column]
      for (let row = 0; row < rows; row++) allRows[row] += rowEnergy[row]
      surveyed.push(seen)
      return null
    },
    judge() {
      const stored = byMask?.judge()
      const judgement = stored
        ? { ...stored, mask: null, remarks: [...uncentred(allColumns, allRows), ...stored.remarks] }
        : judge(surveyed, ofColumns, allColumns, allRows)
      return { ...judgement, remarks: [...judgement.remarks, ...emptyCoils(surveyed, coils)] }
    },
  }
}

interface Lines {
  /** 1 for each line that was measured in any slice. */
  readonly measured: Uint8Array
  /** Whether a slice lacks such a line between its own first and last line, or many such lines at an edge. */
  readonly differ: boolean
  /** Number of empty lines between measured lines. */
  readonly between: number
}

function compareLines(surveyed: readonly Surveyed[], which: 'columns' | 'rows'): Lines {
  const slices = surveyed.map(slice => slice[which])
  const extents = surveyed.map(({ extent }) => extent[which])
  const [low, high] = [Math.min(...extents.map(([first]) => first)), Math.max(...extents.map(([, last]) => last))]
  const measured = slices[0].map((_, line) => Number(slices.some(slice => slice[line])))
  const limit = UNEVEN * measured.length
  const differ =
    extents.some(([first, last]) => first - low > limit || high - last > limit) ||
    slices.some(slice => {
      const [first, last] = ends(slice)
      return slice.subarray(first, last + 1).some((value, i) => value !== measured[first + i])
    })
  const [first, last] = ends(measured)
  return { measured, differ, between: last + 1 - first - count(measured) }
}

function judge(
  slices: readonly Surveyed[],
  stored: Uint8Array | null,
  columnEnergy: Float64Array,
  rowEnergy: Float64Array,
): Judgement {
  const columns = compareLines(slices, 'columns')
  const rows = compareLines(slices, 'rows')
  const remarks = uncentred(columnEnergy, rowEnergy)
  const irregular = irregularity(slices, columns, rows)
  if (irregular) {
    const [pattern, evidence] = irregular
    const samples = slices.length * columnEnergy.length * rowEnergy.length
    const acceleration = samples / slices.reduce((sum, { measured }) => sum + measured, 0)
    const left = stored?.includes(0) ? ' The dataset mask is not used: k-space contradicts it.' : ''
    return {
      sampling: { kind: 'irregular', pattern, acceleration },
      mask: null,
      remarks: [...remarks, evidence + left],
    }
  }
  const [top, below] = [ends(rows.measured)[0], rowEnergy.length - 1 - ends(rows.measured)[1]]
  if (top > 0 || below > 0)
    remarks.push(
      `The first ${top} and the last ${below} of ${rowEnergy.length} rows ` +
        'of k-space are empty. ' +
        'This is taken for zero padding or a partial readout, not for sub-sampling.',
    )
  if (stored?.includes(0)) return byMask(stored, columns, columnEnergy, remarks)
  if (columns.between > 0) {
    const left = columnEnergy.filter((_, column) => !columns.measured[column])
    const most = left.reduce((most, energy) => Math.max(most, energy), 0)
    if (most > 0) {
      const peak = columnEnergy.reduce((most, energy) => Math.max(most, energy), 0)
      remarks.push(
        `${left.length} of ${columnEnergy.length} columns hold no more than rounding errors, at most ` +
          `${Math.sqrt(most / peak).toExponential(1)} of the strongest column. They count as not measured.`,
      )
    }
    return subSampled(columns.measured, 'empty columns', remarks)
  }
  const [left, right] = [ends(columns.measured)[0], columnEnergy.length - 1 - ends(columns.measured)[1]]
  const isPartial = areUneven(left, right, columnEnergy.length)
  if (isPartial)
    remarks.push(
      `The first ${left} and the last ${right} of ${columnEnergy.length} columns of k-space are empty. ` +
        'This is taken for partial Fourier, not for sub-sampling: masks are drawn over all columns, ' +
        'so the true acceleration is higher than the one that is printed.',
    )
  const most = Math.max(...slices.map(slice => slice.outside))
  if (most >= HOLES)
    remarks.push(
      `${percent(most)} of the samples at the ends of rows are empty, ` +
        'as where the corners of k-space were not measured. ' +
        'This is taken for zero padding, not for sub-sampling.',
    )
  const edges = isPartial || areUneven(top, below, rowEnergy.length) ? 'one-sided' : 'even'
  return { sampling: { ...full(columnEnergy), edges }, mask: null, remarks }
}

/** What was measured and the evidence in words, if the measured samples are not one set of columns; else `null`. */
function irregularity(
  slices: readonly Surveyed[],
  columns: Lines,
  rows: Lines,
): [pattern: Extract<Sampling, { kind: 'irregular' }>['pattern'], evidence: string] | null {
  const torn = slices.find(slice => slice.holes > 0)
  const most = rows.measured.length * columns.measured.length
  if (torn)
    return [
      'points',
      `${most - torn.measured} of ${most} samples of k-space are empty in slice ${torn.slice + 1}, ` +
        `${torn.holes} of them between measured ones.`,
    ]
  for (const [which, lines] of [
    ['columns', columns],
    ['rows', rows],
  ] as const) {
    if (!lines.differ) continue
    const counts = slices.map(slice => count(slice[which]))
    const other = slices.findIndex(slice => slice[which].some((value, line) => value !== slices[0][which][line]))
    return [
      'each slice differs',
      `The measured ${which} differ from slice to slice: ${counts[0]} of ${lines.measured.length} in slice ` +
        `${slices[0].slice + 1}, ${counts[other]} in slice ${slices[other].slice + 1}.`,
    ]
  }
  if (rows.between === 0) return null
  const empty = `${rows.between} of ${rows.measured.length} rows of k-space are empty between measured ones`
  if (columns.between === 0) return ['rows', `${empty}, the same in all slices.`]
  return ['points', `${empty}, and ${columns.between} of ${columns.measured.length} columns.`]
}

/** Judges by the file's own mask. A column does not count as measured if it is empty between measured columns. */
function byMask(stored: Uint8Array, { measured }: Lines, energy: Float64Array, remarks: string[]): Judgement {
  const [first, last] = ends(measured)
  const mask = stored.map((value, column) => Number(value && (measured[column] || column < first || column > last)))
  const missing = count(stored) - count(mask)
  if (missing > 0)
    remarks.push(
      `The dataset mask calls ${missing} columns measured that are empty in k-space. They count as not measured.`,
    )
  const more = measured.filter((value, column) => value && !stored[column]).length
  if (more > 0) {
    const share = energy.filter((_, column) => !stored[column]).reduce((sum, value) => sum + value, 0) / total(energy)
    remarks.push(
      `${more} columns that the dataset mask calls not measured hold ${percent(share)} of the energy of k-space. ` +
        'They are not used.',
    )
  }
  return subSampled(mask, 'mask dataset', remarks)
}

function subSampled(mask: Uint8Array, evidence: 'mask dataset' | 'empty columns', remarks: string[]): Judgement {
  return { sampling: maskedSampling(mask, evidence), mask, remarks }
}

export function maskedSampling(mask: Uint8Array, evidence: 'mask dataset' | 'empty columns') {
  const measuredColumns = count(mask)
  return { kind: 'sub-sampled' as const, evidence, measuredColumns, acceleration: mask.length / measuredColumns }
}

function full(energy: Float64Array): Extract<Sampling, { kind: 'full' }> {
  const first = energy.findIndex(value => value !== 0)
  const inside = energy.subarray(first, energy.findLastIndex(value => value !== 0) + 1)
  const limit = NEARLY_EMPTY * inside.toSorted()[Math.floor(inside.length / 2)]
  const nearlyEmptyColumns = inside.filter(value => value < limit).length
  return { kind: 'full', nearlyEmptyColumns, zeroPadding: energy.length - inside.length }
}

/** A remark if the centre of k-space seems to lie at an edge or in a corner. */
function uncentred(columnEnergy: Float64Array, rowEnergy: Float64Array): string[] {
  const outer = (energy: Float64Array) => {
    const from = energy.length / 4
    return (
      energy.filter((_, line) => line + 0.5 < from || line + 0.5 > 3 * from).reduce((a, b) => a + b, 0) / total(energy)
    )
  }
  const shares = [
    { lines: 'rows', share: outer(rowEnergy) },
    { lines: 'columns', share: outer(columnEnergy) },
  ].filter(({ share }) => share >= UNCENTRED)
  if (shares.length === 0) return []
  const evidence = shares.map(
    ({ lines, share }) => `${percent(share)} of the energy lies in the outer half of the ${lines}`,
  )
  const place = shares.length === 2 ? 'in the corner' : `at the edge of the ${shares[0].lines}`
  return [
    `The centre of k-space seems to lie ${place}: ${evidence.join(', ')}. ` +
      'Masks and images take it to lie in the middle: shift k-space (fftshift) and write the file again.',
  ]
}
