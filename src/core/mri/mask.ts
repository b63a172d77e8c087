/**
 * fastMRI's column masks: which phase-encoding columns of centred k-space count as measured.
 * A mask keeps the `low = round(columns · centerFraction)` lowest frequencies. Of the other columns it keeps:
 *   random               each column with probability p = (columns / acceleration − low) / (columns − low),
 *   equispaced           every acceleration-th column from a random offset (measures more than 1 / acceleration),
 *   equispaced_fraction  every (1 / p)-th column, rounded, from a random offset (measures 1 / acceleration),
 *   magic                every acceleration-th column on either side of the zero frequency, one side two columns
 *                        further out than the other side. k-space is nearly conjugate symmetric. At 4×, the columns of
 *                        one side therefore lie half-way between mirrored columns of the other side. Magic masks
 *                        measure about as many columns as equispaced masks.
 * Sources: Zbontar et al. 2018, "fastMRI: An open dataset and benchmarks for accelerated MRI"; Defazio 2019, "Offset
 * Sampling Improves Deep Learning based Accelerated MRI Reconstructions by Exploiting Symmetry" (magic).
 * With equal seeds, masks equal the masks of fastMRI's reference code bit for bit.
 */
import { AppError } from '../../contract/errors.ts'
import type { COLUMN_KINDS, MaskPair } from '../../contract/evaluation.ts'
import type { RandomState } from './random.ts'

/** A kind, and the one pair that was drawn. */
interface ColumnMask extends MaskPair {
  readonly kind: (typeof COLUMN_KINDS)[number]
}

/** The lowest frequencies, which are always measured: `from` ≤ line < `to`. */
export function centreLines(
  centerFraction: number,
  lines: number,
  which: 'columns' | 'rows',
): { from: number; to: number } {
  if (!Number.isInteger(lines) || lines < 1) {
    throw new AppError('INVALID_ARGUMENT', `Expected a mask over a whole number of ${which} from 1 up, got ${lines}`)
  }
  const low = roundHalfToEven(lines * centerFraction)
  if (!(low >= 1 && low <= lines)) {
    throw new AppError(
      'INVALID_ARGUMENT',
      `Expected a centre of 1 to ${lines} ${which}, got ${low} ` +
        `(centre fraction ${centerFraction} of ${lines} ${which}). ` +
        `Choose a centre fraction from ${(1 / lines).toPrecision(2)} to 1.`,
    )
  }
  const from = Math.floor((lines - low + 1) / 2)
  return { from, to: from + low }
}

/** One mask over the columns: 1 measured, 0 not. */
export function makeMask(spec: ColumnMask, columns: number, random: RandomState): Uint8Array {
  const centre = centreLines(spec.centerFraction, columns, 'columns')
  const mask = drawColumns(spec, columns, centre.to - centre.from, random)
  return mask.fill(1, centre.from, centre.to)
}

/** The columns that a mask measures, ascending. */
export function measuredColumns(mask: Uint8Array): Int32Array {
  const columns = new Int32Array(mask.reduce((count, measured) => count + (measured ? 1 : 0), 0))
  let to = 0
  for (let column = 0; column < mask.length; column++) if (mask[column]) columns[to++] = column
  return columns
}

/** The columns beside the centre. Columns inside the centre are drawn too, as in fastMRI, and overwritten later. */
function drawColumns(spec: ColumnMask, columns: number, low: number, random: RandomState): Uint8Array {
  if (spec.kind === 'equispaced') return drawEvery(wholeStep(spec), columns, random)
  if (spec.kind === 'magic') return drawMagic(wholeStep(spec), columns, random)
  const probability = (columns / spec.acceleration - low) / (columns - low)
  if (!(probability > 0 && probability <= 1)) {
    throw new AppError(
      'INVALID_ARGUMENT',
      `Expected an acceleration from 1 to below ${(columns / low).toPrecision(3)} ` +
        `(${columns} columns, of which the centre fraction ${spec.centerFraction} always measures ${low}), ` +
        `got ${spec.acceleration}. Lower the acceleration or the centre fraction.`,
    )
  }
  if (spec.kind === 'random')
    return Uint8Array.from({ length: columns }, () => (random.uniform() < probability ? 1 : 0))
  const spacing = (spec.acceleration * (low - columns)) / (low * spec.acceleration - columns)
  return drawSpaced(spacing, columns, random)
}

function wholeStep({ kind, acceleration: step }: ColumnMask): number {
  if (Number.isInteger(step) && step >= 1) return step
  const article = kind === 'magic' ? 'a' : 'an'
  throw new AppError(
    'INVALID_ARGUMENT',
    `Expected a whole acceleration from 1 up for ${article} ${kind} mask, got ${step}. ` +
      'Use equispaced_fraction for an acceleration in between.',
  )
}

function drawEvery(step: number, columns: number, random: RandomState): Uint8Array {
  const mask = new Uint8Array(columns)
  for (let column = random.randint(step); column < columns; column += step) mask[column] = 1
  return mask
}

function drawMagic(step: number, columns: number, random: RandomState): Uint8Array {
  const offset = random.randint(step)
  // Distances from the zero frequency, in columns.
  const [right, left] = offset % 2 === 0 ? [offset + 1, offset + 3] : [offset + 2, offset]
  const zero = Math.floor(columns / 2)
  const mask = new Uint8Array(columns)
  for (let column = zero + right; column < columns; column += step) mask[column] = 1
  for (let column = zero - left; column >= 0; column -= step) mask[column] = 1
  return mask
}

function drawSpaced(spacing: number, columns: number, random: RandomState): Uint8Array {
  const offset = random.randint(roundHalfToEven(spacing))
  const count = Math.ceil((columns - 1 - offset) / spacing)
  // NumPy's arange steps by the rounded difference of its first two values. Halves must round as in NumPy.
  const step = offset + spacing - offset
  const mask = new Uint8Array(columns)
  for (let k = 0; k < count; k++) mask[roundHalfToEven(offset + k * step)] = 1
  return mask
}

/** Python's `round`: 2.5 → 2, 3.5 → 4. */
function roundHalfToEven(value: number): number {
  const floor = Math.floor(value)
  const rest = value - floor
  if (rest === 0.5) return floor + (floor % 2)
  return rest < 0.5 ? floor : floor + 1
}
