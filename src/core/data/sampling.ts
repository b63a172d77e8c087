/**
 * How k-space was acquired, judged over all slices and in both directions. What was not measured is zero, or holds the rounding errors of
 * Fourier transforms there and back: an even floor far below all noise. Noise counts as measured. Empty lines at the edges of all slices are
 * zero padding, a partial readout or partial Fourier, which is no sub-sampling; empty lines between measured ones are.
 */
import type { Sampling, SliceFault } from '../../contract/volumes.ts'
import { allFinite } from '../extremes.ts'

type Fault = SliceFault['fault']

/**
 * Of the mean energy of all lines. Transforms there and back leave 1e-14 to 1e-12 in float32; noise lies at 1 / SNR², above 1e-7.
 */
const ROUNDING = 1e-11
/** Up to this share of the mean an even floor is empty too, if a gap is above it: float16 leaves about 2e-8. */
const COARSE = 4e-6
/** Largest ratio of energies within such a floor, and the least of the gap above it. */
const EVEN = 16
const GAP = 64

/** As `ROUNDING` and `COARSE`, of samples, in powers of two below their root mean square. */
const ROUNDING_BITS = 18
const COARSE_BITS = 11
/** Least share of empty samples between measured ones, and the powers of two by which those beside them stand out. */
const HOLES = 0.05
const CONTRAST_BITS = 3

/**
 * A column with less than this share of the median column's energy counts as nearly empty. In the demonstration files
 * (126 columns) the columns at both edges hold only noise, 0.02 to 0.05 of the median, or rounding errors, 1e-30 of it,
 * and the columns with signal start at about 0.08; at 0.05 each file has 9 to 14 of them.
 */
const NEARLY_EMPTY = 0.05

/** Share of the lines up to which the empty ones at an edge may differ from slice to slice, and from one edge to the other without a remark. */
const UNEVEN = 0.05

/** Share of the energy in the outer half of the lines from which on the centre of k-space is taken to lie at the edge; noise has 0.5. */
const UNCENTRED = 0.8

/** A slice without a fault, as its samples say. */
interface Surveyed {
  readonly slice: number
  /** 1 where a line was measured. */
  readonly columns: Uint8Array
  readonly rows: Uint8Array
  /** First and last line that is not zero. */
  readonly extent: { readonly columns: Ends; readonly rows: Ends }
  /** Empty samples between measured ones of the same row, where they are more than a few; else 0. */
  readonly holes: number
  readonly measured: number
  /** Share of empty samples that lie not between measured ones, where both lines were measured. */
  readonly outside: number
}

export interface Judgement {
  readonly sampling: Exclude<Sampling, { kind: 'unread' }>
  /** Of `sub-sampled`: 1 measured, 0 not. */
  readonly mask: Uint8Array | null
  readonly remarks: string[]
}

export interface Survey {
  /** Looks at one slice's k-space [rows, columns, 2] and says what is wrong with it; the array is not kept. */
  add(kspace: Float32Array, slice: number): Fault | null
  /** Of the slices without a fault, of which there must be one; `stored`: the file's own mask over columns. */
  judge(stored: Uint8Array | null): Judgement
}

/** What is wrong with a slice's image. */
export function faultOfImage(image: Float32Array): Fault | null {
  if (!allFinite(image)) return 'not finite'
  return image.some(value => value !== 0) ? null : 'all zero'
}

export function surveyKspace(rows: number, columns: number): Survey {
  const samples = rows * columns
  const columnEnergy = new Float64Array(columns)
  const rowEnergy = new Float64Array(rows)
  /** Samples by the exponent of their larger part, as float32 has it: 0 is zero, 255 is not finite. */
  const exponents = new Uint32Array(256)
  const allColumns = new Float64Array(columns)
  const allRows = new Float64Array(rows)
  const surveyed: Surveyed[] = []

  return {
    add(kspace, slice) {
      const bits = new Uint32Array(kspace.buffer, kspace.byteOffset, kspace.length)
      columnEnergy.fill(0)
      exponents.fill(0)
      for (let row = 0, i = 0; row < rows; row++) {
        let sum = 0
        for (let column = 0; column < columns; column++, i += 2) {
          const energy = kspace[i] * kspace[i] + kspace[i + 1] * kspace[i + 1]
          columnEnergy[column] += energy
          sum += energy
          exponents[exponentOf(bits, i)]++
        }
        rowEnergy[row] = sum
      }
      if (exponents[255] > 0) return 'not finite'
      if (exponents[0] === samples) return 'all zero'
      for (let column = 0; column < columns; column++) allColumns[column] += columnEnergy[column]
      for (let row = 0; row < rows; row++) allRows[row] += rowEnergy[row]

      const unit = 4 ** (exponents.findIndex((number, exponent) => exponent > 0 && number > 0) - 127)
      const lines = {
        columns: withCoarse(measuredLines(columnEnergy), columnEnergy, unit * rows),
        rows: withCoarse(measuredLines(rowEnergy), rowEnergy, unit * columns),
      }
      const extent = { columns: nonzero(columnEnergy), rows: nonzero(rowEnergy) }
      const box = count(lines.columns) * count(lines.rows)
      const found = findHoles(bits, lines, { exponents, outside: samples - box, energy: total(rowEnergy) / box })
      surveyed.push({
        slice,
        ...lines,
        extent,
        holes: found.holes,
        measured: box - found.empty,
        outside: found.outside,
      })
      return null
    },
    judge: stored => judge(surveyed, stored, allColumns, allRows),
  }
}

function exponentOf(bits: Uint32Array, i: number): number {
  const re = bits[i] & 0x7fffffff
  const im = bits[i + 1] & 0x7fffffff
  return Math.max(re, im) >>> 23
}

const total = (values: Float64Array) => values.reduce((sum, value) => sum + value, 0)
const count = (lines: Uint8Array) => lines.reduce((sum, line) => sum + line, 0)

/** 1 for each line that was measured, 0 for the empty ones. */
function measuredLines(energy: Float64Array): Uint8Array {
  const mean = total(energy) / energy.length
  const above = energy.filter(value => value > ROUNDING * mean).sort()
  let even = 0
  while (above[even] <= COARSE * mean && above[even] <= EVEN * above[0]) even++
  const floor = even > 0 && above[even] >= GAP * above[even - 1] ? above[even - 1] : ROUNDING * mean
  return Uint8Array.from(energy, value => Number(value > floor))
}

/**
 * Lines that are empty because their numbers are coarse count as measured: the measured ones beside them hold no more than `least`, the
 * energy of a line whose samples are all the smallest number there is.
 */
function withCoarse(lines: Uint8Array, energy: Float64Array, least: number): Uint8Array {
  return lines.map((value, line) => {
    const [before, after] = [lines.lastIndexOf(1, line), lines.indexOf(1, line)]
    return value || before < 0 || after < 0 ? value : Number(energy[before] + energy[after] <= 2 * least)
  })
}

/**
 * The exponent up to which samples are empty, if there is a crowd of them apart from the rest: the one above which come the fewest; `null`
 * if there is none. `outside`: samples in empty lines. Quantised data have zeros, too, but as many samples of the next few values.
 */
function emptyExponent(exponents: Uint32Array, outside: number, box: number, energy: number): number | null {
  const middle = 127 + Math.floor(Math.log2(energy) / 2)
  let below = -outside
  let fewest = Number.POSITIVE_INFINITY
  let limit: number | null = null
  for (let exponent = 0; exponent <= middle - COARSE_BITS; exponent++) {
    below += exponents[exponent]
    if (exponent < middle - ROUNDING_BITS || below < 0.4 * HOLES * box) continue
    const [next = 0, second = 0] = exponents.subarray(exponent + 1, 255).filter(number => number > 0)
    if (next + second > below / 4 || next + second >= fewest) continue
    fewest = next + second
    limit = exponent
  }
  return limit
}

/** Empty samples where both lines were measured: all of them, and those between measured ones of their row. */
function findHoles(
  bits: Uint32Array,
  lines: Pick<Surveyed, 'columns' | 'rows'>,
  crowd: { readonly exponents: Uint32Array; readonly outside: number; readonly energy: number },
): { readonly holes: number; readonly empty: number; readonly outside: number } {
  const none = { holes: 0, empty: 0, outside: 0 }
  const columns = lines.columns.length
  const box = count(lines.columns) * count(lines.rows)
  const limit = emptyExponent(crowd.exponents, crowd.outside, box, crowd.energy)
  if (limit === null) return none
  const beside = new Uint32Array(256)
  let [holes, inside, empty] = [0, 0, 0]
  for (const [row, measured] of lines.rows.entries()) {
    if (!measured) continue
    let last = -1 // exponent of the measured sample before
    let run = 0 // empty samples since
    for (let column = 0; column < columns; column++) {
      if (!lines.columns[column]) continue
      const exponent = exponentOf(bits, 2 * (row * columns + column))
      if (exponent <= limit) {
        empty++
        run++
        continue
      }
      if (last >= 0) {
        inside += run + 1
        holes += run
        if (run > 0) beside[Math.min(last, exponent)]++
      }
      last = exponent
      run = 0
    }
  }
  const outside = (empty - holes) / box
  if (holes < HOLES * inside || median(beside) < limit + CONTRAST_BITS) return { ...none, outside }
  return { holes, empty, outside }
}

/** Of values counted by their bin. */
function median(counts: Uint32Array): number {
  const half = counts.reduce((sum, number) => sum + number, 0) / 2
  let sum = 0
  return counts.findIndex(number => {
    sum += number
    return sum >= half
  })
}

interface Lines {
  /** Measured in any slice. */
  readonly measured: Uint8Array
  /** Whether a slice has not all of these between its own first and last one, or far fewer at an edge. */
  readonly differ: boolean
  /** Empty ones between measured ones. */
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

type Ends = readonly [first: number, last: number]

const ends = (lines: Uint8Array): Ends => [lines.indexOf(1), lines.lastIndexOf(1)]
const nonzero = (energy: Float64Array): Ends => [
  energy.findIndex(value => value !== 0),
  energy.findLastIndex(value => value !== 0),
]

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
  const [top, bottom] = ends(rows.measured)
  if (top > 0 || bottom < rowEnergy.length - 1)
    remarks.push(
      `The first ${top} and the last ${rowEnergy.length - 1 - bottom} of ${rowEnergy.length} rows of k-space are empty. ` +
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
  if (Math.abs(left - right) > Math.max(1, UNEVEN * columnEnergy.length))
    remarks.push(
      `The first ${left} and the last ${right} of ${columnEnergy.length} columns of k-space are empty. This is taken for partial Fourier, ` +
        'not for sub-sampling: masks are drawn over all columns, so the true acceleration is higher than the one that is printed.',
    )
  const most = Math.max(...slices.map(slice => slice.outside))
  if (most >= HOLES)
    remarks.push(
      `${percent(most)} of the samples at the ends of rows are empty, as where the corners of k-space were not measured. ` +
        'This is taken for zero padding, not for sub-sampling.',
    )
  return { sampling: full(columnEnergy), mask: null, remarks }
}

/** What was measured, if it is not one set of columns, with the evidence in words. */
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
      `${most - torn.measured} of ${most} samples of k-space are empty in slice ${torn.slice + 1}, ${torn.holes} of them between measured ones.`,
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

/** The file's own mask, but for columns that it calls measured and that are empty between measured ones. */
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
      `${more} columns that the dataset mask calls not measured hold ${percent(share)} of the energy of k-space. They are not used.`,
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

const percent = (share: number) => `${Number((100 * share).toPrecision(2))} %`

/** A remark if the centre of k-space lies at an edge or in the corner, in place of the middle. */
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
    `The centre of k-space seems to lie ${place}: ${evidence.join(', ')}. Masks and images take it to lie in the middle: ` +
      'shift k-space (fftshift) and write the file again.',
  ]
}
