/**
 * Masks in two directions: single points of k-space [rows, columns], for scans that encode phase in both directions.
 * A centred block of (rows · centerFraction) × (columns · centerFraction) samples, the calibration block, is always
 * measured. Of the other samples as many are measured as give rows · columns / acceleration samples, rounded:
 *   poisson_disc  a variable-density Poisson disc. Two measured samples p and q are at least min(d(p), d(q)) apart,
 *                 d(p) = 1 + slope · r(p), where r is 0 at the calibration block and 1 at the middle of an edge.
 *                 Distances are measured in steps of the longer side, along the shorter side in proportion.
 *   gaussian_2d   drawn without replacement, with weights exp(−½ (u²/σ₁² + v²/σ₂²)), σ = (n − 1) / 4 per direction,
 *   uniform_2d    drawn without replacement, all with one weight.
 * The slope is found by bisection. The bisection ends with at most 1 % too many samples outside the block, on small
 * grids with a few more. The last of these samples are dropped, which leaves every distance as it is. A disc never
 * measures two neighbours outside the block. Accelerations below about 2.7 therefore have no Poisson disc.
 * Sources: Bridson 2007, "Fast Poisson disk sampling in arbitrary dimensions" (dart throwing: Cook 1986); Lustig &
 * Pauly 2010, "SPIRiT", for variable-density discs with a calibration block, with a distance that grows linearly and
 * a bisection as in SigPy's `mri.samp.poisson`; Efraimidis & Spirakis 2006, "Weighted random sampling with a
 * reservoir"; Yaman et al. 2020, Magn. Reson. Med. 84:3172, for the width of the Gaussian.
 */
import { AppError } from '../../contract/errors.ts'
import type { MaskPair, POINT_KINDS } from '../../contract/evaluation.ts'
import { centreLines } from './mask.ts'
import type { Pattern, Span } from './pattern.ts'
import type { RandomState } from './random.ts'

type PointKind = (typeof POINT_KINDS)[number]

/** Largest surplus at which the bisection ends, as a share of the samples outside the calibration block. */
const SURPLUS = 0.01
const MOST_HALVINGS = 40

interface Free {
  /** Samples outside the calibration block, row by row. */
  readonly samples: Int32Array
  /** How many of these are to be measured. */
  readonly wanted: number
}

/**
 * Throws `INVALID_ARGUMENT` if the calibration block alone holds more samples than the acceleration allows, or if a
 * Poisson disc cannot hold as many.
 */
export function drawPoints(
  kind: PointKind,
  { acceleration, centerFraction }: MaskPair,
  [rows, columns]: readonly [rows: number, columns: number],
  random: RandomState,
): Pattern {
  const centre = {
    rows: centreLines(centerFraction, rows, 'rows'),
    columns: centreLines(centerFraction, columns, 'columns'),
  }
  const measured = new Uint8Array(rows * columns)
  for (let row = centre.rows.from; row < centre.rows.to; row++)
    measured.fill(1, row * columns + centre.columns.from, row * columns + centre.columns.to)
  const block = (centre.rows.to - centre.rows.from) * (centre.columns.to - centre.columns.from)
  const samples = new Int32Array(measured.length - block)
  for (let sample = 0, place = 0; sample < measured.length; sample++) if (!measured[sample]) samples[place++] = sample
  const wanted = Math.round(measured.length / acceleration) - block
  if (!(acceleration >= 1 && wanted >= 0))
    throw new AppError(
      'INVALID_ARGUMENT',
      `Expected an acceleration from 1 to ${(measured.length / block).toPrecision(3)} ` +
        `(${rows} × ${columns} samples, of which the centre fraction ${centerFraction} always measures ${block}), ` +
        `got ${acceleration}. Lower the acceleration or the centre fraction.`,
    )
  const free = { samples, wanted }
  const pattern: Pattern = { kind: 'points', rows, columns, measured, centre }
  const chosen = kind === 'poisson_disc' ? disc(pattern, free, random) : weighted(kind, pattern, free, random)
  for (const sample of chosen) measured[sample] = 1
  return pattern
}

/** Distances of lines from a span of lines, 0 inside, in units of the distance of the outermost line. */
const outwards = ({ from, to }: Span, lines: number): Float64Array =>
  Float64Array.from({ length: lines }, (_, line) => {
    const away = Math.max(from - line, line - (to - 1), 0)
    return away / Math.max(from, lines - to, 1)
  })

/** The samples of a variable-density Poisson disc, in the order in which they were chosen. */
function disc({ rows, columns, centre }: Pattern, { samples, wanted }: Free, random: RandomState): Int32Array {
  const longer = Math.max(rows, columns)
  const [down, across] = [outwards(centre!.rows, rows), outwards(centre!.columns, columns)]
  const order = new Int32Array(samples.length)
  const distance = new Float64Array(samples.length)
  for (const [i, place] of random.shuffle(samples.length).entries()) {
    const sample = samples[place]
    order[i] = sample
    distance[i] = Math.sqrt(down[Math.floor(sample / columns)] ** 2 + across[sample % columns] ** 2)
  }
  const blocked = new Uint8Array(rows * columns)

  /** Chooses each sample that no chosen sample blocks, and blocks the ellipse around it. */
  function choose(slope: number): Int32Array {
    blocked.fill(0)
    const chosen = new Int32Array(order.length)
    let number = 0
    for (let i = 0; i < order.length; i++) {
      const sample = order[i]
      if (blocked[sample]) continue
      chosen[number++] = sample
      const reach = 1 + slope * distance[i]
      block(blocked, [rows, columns], sample, [(reach * rows) / longer, (reach * columns) / longer])
    }
    return chosen.subarray(0, number)
  }

  if (wanted === 0 || wanted === order.length) return order.subarray(0, wanted)
  let low = 0
  let high = 1
  let best: Int32Array = order
  for (let tried = choose(high); tried.length > wanted; tried = choose(high)) high *= 2
  for (let halving = 0; halving < MOST_HALVINGS && best.length > (1 + SURPLUS) * wanted; halving++) {
    const middle = (low + high) / 2
    const tried = choose(middle)
    if (tried.length >= wanted) [low, best] = [middle, tried]
    else high = middle
  }
  if (best === order) throw tooDense(rows * columns, rows * columns - order.length + choose(high).length)
  return best.subarray(0, wanted)
}

/** @param most Measured samples of the densest disc, with the block. Other draws have up to some 2 % fewer. */
const tooDense = (samples: number, most: number) =>
  new AppError(
    'INVALID_ARGUMENT',
    'Expected an acceleration of which a Poisson disc is possible, got one at which neighbouring samples would be ' +
      `measured. Choose at least ${Math.ceil((10.2 * samples) / most) / 10}, or the mask gaussian_2d.`,
  )

/** Marks the samples nearer than the half axes [down, across] of an ellipse around a sample. */
function block(
  blocked: Uint8Array,
  [rows, columns]: readonly [number, number],
  sample: number,
  [down, across]: readonly [number, number],
): void {
  const [row, column] = [Math.floor(sample / columns), sample % columns]
  const reach = Math.ceil(down) - 1
  for (let other = Math.max(0, row - reach); other <= Math.min(rows - 1, row + reach); other++) {
    const half = Math.ceil(across * Math.sqrt(1 - ((other - row) / down) ** 2)) - 1
    const last = other * columns + Math.min(columns - 1, column + half)
    for (let at = other * columns + Math.max(0, column - half); at <= last; at++) blocked[at] = 1
  }
}

/** Draws without replacement: of −ln(u) / weight, the smallest. */
function weighted(
  kind: PointKind,
  { rows, columns }: Pattern,
  { samples, wanted }: Free,
  random: RandomState,
): Int32Array {
  /** 1 / weight of each line. The weight of a sample is the product of both lines' weights. */
  const inverse = (lines: number) =>
    Float64Array.from({ length: lines }, (_, line) =>
      kind === 'uniform_2d' ? 1 : Math.exp(((4 * (line - Math.floor(lines / 2))) / Math.max(lines - 1, 1)) ** 2 / 2),
    )
  const [down, across] = [inverse(rows), inverse(columns)]
  const keys = new Float64Array(samples.length)
  for (const [i, sample] of samples.entries())
    keys[i] = -Math.log(random.uniform()) * down[Math.floor(sample / columns)] * across[sample % columns]
  const limit = keys.toSorted()[wanted - 1]
  return samples.filter((_, i) => keys[i] <= limit)
}
