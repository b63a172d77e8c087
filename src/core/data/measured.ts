/** What was measured of one slice's k-space: lines that are not empty, and holes between samples. */
import type { SliceFault } from '../../contract/volumes.ts'

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
export const HOLES = 0.05
const CONTRAST_BITS = 3

/** A slice without a fault, as its samples say. */
export interface Surveyed {
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

/** Looks at slices of one shape, one after the other. */
export interface SliceSurvey {
  /** Looks at a slice's k-space [rows, columns, 2], which is not kept, and says what was measured or what is wrong with it. */
  look(kspace: Float32Array, slice: number): Surveyed | SliceFault['fault']
  /** Of the slice that was looked at last. */
  readonly columnEnergy: Float64Array
  readonly rowEnergy: Float64Array
}

export function surveySlices(rows: number, columns: number): SliceSurvey {
  const samples = rows * columns
  const columnEnergy = new Float64Array(columns)
  const rowEnergy = new Float64Array(rows)
  /** Samples by the exponent of their larger part, as float32 has it: 0 is zero, 255 is not finite. */
  const exponents = new Uint32Array(256)

  return {
    columnEnergy,
    rowEnergy,
    look(kspace, slice) {
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
      const unit = 4 ** (exponents.findIndex((number, exponent) => exponent > 0 && number > 0) - 127)
      const lines = {
        columns: withCoarse(measuredLines(columnEnergy), columnEnergy, unit * rows),
        rows: withCoarse(measuredLines(rowEnergy), rowEnergy, unit * columns),
      }
      const extent = { columns: nonzero(columnEnergy), rows: nonzero(rowEnergy) }
      const box = count(lines.columns) * count(lines.rows)
      const found = findHoles(bits, lines, { exponents, outside: samples - box, energy: total(rowEnergy) / box })
      return { slice, ...lines, extent, holes: found.holes, measured: box - found.empty, outside: found.outside }
    },
  }
}

function exponentOf(bits: Uint32Array, i: number): number {
  const re = bits[i] & 0x7fffffff
  const im = bits[i + 1] & 0x7fffffff
  return Math.max(re, im) >>> 23
}

export const total = (values: Float64Array) => values.reduce((sum, value) => sum + value, 0)
export const count = (lines: Uint8Array) => lines.reduce((sum, line) => sum + line, 0)

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

type Ends = readonly [first: number, last: number]

export const ends = (lines: Uint8Array): Ends => [lines.indexOf(1), lines.lastIndexOf(1)]
const nonzero = (energy: Float64Array): Ends => [
  energy.findIndex(value => value !== 0),
  energy.findLastIndex(value => value !== 0),
]
