/**
 * What was measured of one slice's k-space: lines that are not empty, holes between samples, and coils with signal.
 * A sample was measured if any coil has signal there. The energy of a line or a sample is the sum over coils.
 */
import type { SliceFault } from '../../contract/volumes.ts'
import type { Matrix } from './volume.ts'

/**
 * Lines and coils up to this share of the mean line or coil energy are empty.
 * Transforms there and back leave 1e-14 to 1e-12 in float32. Noise lies at 1 / SNR², above 1e-7.
 */
const ROUNDING = 1e-11
/** Up to this share of the mean, an even floor below a gap is empty too: float16 leaves about 2e-8. */
const COARSE = 4e-6
/** Largest ratio of energies within such a floor. */
const EVEN = 16
/** Least ratio of energies across the gap above such a floor. */
const GAP = 64

/** `ROUNDING` and `COARSE` for samples, in powers of two below the root mean square of the samples. */
const ROUNDING_BITS = 18
const COARSE_BITS = 11
/** Least share of empty samples between measured samples that counts as holes. */
export const HOLES = 0.05
/** Powers of two by which the samples beside holes must exceed the empty samples. */
const CONTRAST_BITS = 3

/** What was measured in a slice without a fault. */
export interface Surveyed {
  readonly slice: number
  /** 1 where a line was measured. */
  readonly columns: Uint8Array
  readonly rows: Uint8Array
  /** First and last line that is not zero. */
  readonly extent: { readonly columns: Ends; readonly rows: Ends }
  /** Empty samples between measured samples of one row; 0 if they are few. */
  readonly holes: number
  readonly measured: number
  /** Share of the samples in measured rows and columns that are empty, but not between measured samples. */
  readonly outside: number
  /** Coils without signal, counted from 0. */
  readonly empty: readonly number[]
}

/** Why a slice cannot be used, and which coils are the cause. */
export type Fault = Pick<SliceFault, 'fault' | 'coils'>

/** Looks at slices of one shape, one after the other. */
export interface SliceSurvey {
  /** Says what was measured in a slice's k-space [coils, rows, columns, 2], or its fault. Does not keep `kspace`. */
  look(kspace: Float32Array, slice: number): Surveyed | Fault
  /** Which samples of the slice that `look` was called with last were measured, 1 or 0: [rows, columns]. */
  grid(): Uint8Array
  /** Energies of the slice that `look` was called with last. */
  readonly columnEnergy: Float64Array
  readonly rowEnergy: Float64Array
}

export function surveySlices({ coils, rows, columns }: Matrix): SliceSurvey {
  const samples = rows * columns
  const columnEnergy = new Float64Array(columns)
  const rowEnergy = new Float64Array(rows)
  const coilEnergy = new Float64Array(coils)
  /** The float32 exponent of each sample's largest part over all coils: 0 is zero, 255 is not finite. */
  const exponents = new Uint8Array(samples)
  /** Number of samples by exponent. */
  const counts = new Uint32Array(256)
  /** What `grid` needs of the last slice; `null` if the slice has a fault. */
  let last: (Pick<Surveyed, 'columns' | 'rows'> & { readonly limit: number }) | null = null

  function measure(kspace: Float32Array): void {
    const bits = new Uint32Array(kspace.buffer, kspace.byteOffset, kspace.length)
    for (const sums of [columnEnergy, rowEnergy, coilEnergy, exponents, counts]) sums.fill(0)
    for (let coil = 0; coil < coils; coil++) {
      for (let row = 0; row < rows; row++) {
        const at = 2 * (coil * samples + row * columns)
        const energy = addRow(kspace, bits, at, columnEnergy, exponents.subarray(row * columns, (row + 1) * columns))
        rowEnergy[row] += energy
        coilEnergy[coil] += energy
      }
    }
    for (let sample = 0; sample < samples; sample++) counts[exponents[sample]]++
  }

  return {
    columnEnergy,
    rowEnergy,
    grid() {
      const grid = new Uint8Array(samples)
      if (!last) return grid
      for (let row = 0, sample = 0; row < rows; row++)
        for (let column = 0; column < columns; column++, sample++)
          grid[sample] = Number(last.rows[row] && last.columns[column] && exponents[sample] > last.limit)
      return grid
    },
    look(kspace, slice) {
      measure(kspace)
      last = null
      if (counts[255] > 0) {
        const broken = coilsWith(coilEnergy, energy => !Number.isFinite(energy))
        return { fault: 'not finite', ...(coils > 1 && { coils: broken }) }
      }
      if (counts[0] === samples) return { fault: 'all zero' }
      const unit = 4 ** (counts.findIndex((number, exponent) => exponent > 0 && number > 0) - 127)
      const lines = {
        columns: withCoarse(measuredLines(columnEnergy), columnEnergy, unit * rows * coils),
        rows: withCoarse(measuredLines(rowEnergy), rowEnergy, unit * columns * coils),
      }
      const extent = { columns: nonzero(columnEnergy), rows: nonzero(rowEnergy) }
      const box = count(lines.columns) * count(lines.rows)
      const energy = total(rowEnergy) / box
      const found = findHoles(exponents, lines, { counts, outside: samples - box, energy })
      last = { ...lines, limit: found.limit }
      const least = (ROUNDING * total(coilEnergy)) / coils
      return {
        slice,
        ...lines,
        extent,
        holes: found.holes,
        measured: box - found.empty,
        outside: found.outside,
        empty: coilsWith(coilEnergy, value => value <= least),
      }
    },
  }
}

/**
 * Adds the row of one coil, which begins at number `at` of k-space, to the energies of columns. Raises the exponents
 * of the row's samples. Returns the energy of the row.
 */
function addRow(
  kspace: Float32Array,
  bits: Uint32Array,
  at: number,
  columnEnergy: Float64Array,
  exponents: Uint8Array,
): number {
  let sum = 0
  for (let column = 0, i = at; column < columnEnergy.length; column++, i += 2) {
    const re = kspace[i]
    const im = kspace[i + 1]
    const energy = re * re + im * im
    columnEnergy[column] += energy
    sum += energy
    const exponent = exponentOf(bits, i)
    if (exponent > exponents[column]) exponents[column] = exponent
  }
  return sum
}

const coilsWith = (energy: Float64Array, is: (value: number) => boolean): number[] =>
  Array.from(energy, (value, coil) => (is(value) ? coil : -1)).filter(coil => coil >= 0)

function exponentOf(bits: Uint32Array, i: number): number {
  const re = bits[i] & 0x7fffffff
  const im = bits[i + 1] & 0x7fffffff
  return Math.max(re, im) >>> 23
}

export const total = (values: Float64Array) => values.reduce((sum, value) => sum + value, 0)
export const count = (lines: Uint8Array) => lines.reduce((sum, line) => sum + line, 0)

/** 1 for each measured line, 0 for each empty line. */
function measuredLines(energy: Float64Array): Uint8Array {
  const mean = total(energy) / energy.length
  const above = energy.filter(value => value > ROUNDING * mean).sort()
  let even = 0
  while (above[even] <= COARSE * mean && above[even] <= EVEN * above[0]) even++
  const floor = even > 0 && above[even] >= GAP * above[even - 1] ? above[even - 1] : ROUNDING * mean
  return Uint8Array.from(energy, value => Number(value > floor))
}

/**
 * Counts a line as measured if the line is empty only because its numbers are coarse.
 * The measured lines on both sides of such a line hold no more than `least`, in the mean.
 * `least`: energy of a line in which each sample is the smallest number above zero.
 */
function withCoarse(lines: Uint8Array, energy: Float64Array, least: number): Uint8Array {
  return lines.map((value, line) => {
    const [before, after] = [lines.lastIndexOf(1, line), lines.indexOf(1, line)]
    return value || before < 0 || after < 0 ? value : Number(energy[before] + energy[after] <= 2 * least)
  })
}

/**
 * The exponent up to which samples are empty; `null` if small samples form no group apart from the rest.
 * Of all candidates, this exponent has the fewest samples directly above it. `outside`: samples in empty lines.
 * Quantised data have zeros too, but they have as many samples of the next few values.
 */
function emptyExponent(counts: Uint32Array, outside: number, box: number, energy: number): number | null {
  const middle = 127 + Math.floor(Math.log2(energy) / 2)
  let below = -outside
  let fewest = Number.POSITIVE_INFINITY
  let limit: number | null = null
  for (let exponent = 0; exponent <= middle - COARSE_BITS; exponent++) {
    below += counts[exponent]
    if (exponent < middle - ROUNDING_BITS || below < 0.4 * HOLES * box) continue
    const [next = 0, second = 0] = counts.subarray(exponent + 1, 255).filter(number => number > 0)
    if (next + second > below / 4 || next + second >= fewest) continue
    fewest = next + second
    limit = exponent
  }
  return limit
}

/**
 * Finds empty samples in measured rows and columns: all of them, and those between measured samples of their row.
 * `limit`: the exponent up to which samples are empty; −1 if there are no holes.
 */
function findHoles(
  exponents: Uint8Array,
  lines: Pick<Surveyed, 'columns' | 'rows'>,
  crowd: { readonly counts: Uint32Array; readonly outside: number; readonly energy: number },
): { readonly holes: number; readonly empty: number; readonly outside: number; readonly limit: number } {
  const none = { holes: 0, empty: 0, outside: 0, limit: -1 }
  const columns = lines.columns.length
  const box = count(lines.columns) * count(lines.rows)
  const limit = emptyExponent(crowd.counts, crowd.outside, box, crowd.energy)
  if (limit === null) return none
  const beside = new Uint32Array(256)
  let [holes, inside, empty] = [0, 0, 0]
  for (const [row, measured] of lines.rows.entries()) {
    if (!measured) continue
    let last = -1 // exponent of the last measured sample
    let run = 0 // empty samples since that sample
    for (let column = 0; column < columns; column++) {
      if (!lines.columns[column]) continue
      const exponent = exponents[row * columns + column]
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
  return { holes, empty, outside, limit }
}

/** Median of values that are counted by bin. */
function median(counts: Uint32Array): number {
  const half = counts.reduce((sum, number) => sum + number, 0) / 2
  let sum = 0
  return counts.findIndex(number => {
    sum += number
    return sum >= half
  })
}

type Ends = readonly [first: number, last: number]

export const ends = (lines: Uint8Array): Ends => [lines.indexOf(1), lines.lastIndexOf(1)]
const nonzero = (energy: Float64Array): Ends => [
  energy.findIndex(value => value !== 0),
  energy.findLastIndex(value => value !== 0),
]
