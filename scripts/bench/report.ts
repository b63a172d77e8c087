/** The bench's numbers and its table. */

export interface Spread {
  readonly medianMs: number
  readonly minMs: number
  readonly maxMs: number
}

/** The time of a work, the memory of its process, or its throughput. */
export type Figures = Spread | { readonly bytes: number } | { readonly perSecond: number }

export interface Check {
  readonly what: string
  readonly difference: number
  readonly atMost: number
  readonly passed: boolean
}

interface Named {
  readonly name: string
  readonly version: string
}

export interface Row {
  readonly work: string
  readonly ours: Figures
  /** `null` if no other program does this work. */
  readonly peer: (Figures & Named) | null
  /** A fixed limit in place of a peer. `null` if there is a peer, or if the row has no limit. */
  readonly limit: Figures | null
  /** Ours ÷ the peer's, or ours ÷ the limit. The inverse for a throughput, so less is always better. */
  readonly ratio: number | null
  readonly atMost: number | null
  /** Whether the peer is the fastest of several forms, such as PyTorch eager and compiled. */
  readonly best?: boolean
}

export function spread(ms: readonly number[]): Spread {
  const sorted = ms.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const medianMs = sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
  return { medianMs, minMs: sorted[0], maxMs: sorted[sorted.length - 1] }
}

/** Durations of successive parts, from the times at which the parts ended. */
export const partsOf = (ends: readonly number[]): number[] => ends.map((end, i) => end - (ends[i - 1] ?? 0))

/** Less is better. */
function cost(figures: Figures): number {
  if ('bytes' in figures) return figures.bytes
  return 'perSecond' in figures ? 1 / figures.perSecond : figures.medianMs
}

export const rowAgainst = (work: string, ours: Figures, peer: Figures & Named, atMost: number | null): Row => ({
  work,
  ours,
  peer,
  limit: null,
  ratio: cost(ours) / cost(peer),
  atMost,
})

/** A row without a peer: compared with a limit, or with nothing (`null`). */
export const rowAlone = (work: string, ours: Figures, limit: Figures | null): Row => ({
  work,
  ours,
  peer: null,
  limit,
  ratio: limit && cost(ours) / cost(limit),
  atMost: limit && 1,
})

/** max |a − b| ÷ max |b|. The result is not finite if the lengths differ, or if a number is not finite. */
export function differenceOfMaximum(a: Float32Array, b: Float32Array): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY
  let difference = 0
  let maximum = 0
  for (let i = 0; i < b.length; i++) {
    difference = Math.max(difference, Math.abs(a[i] - b[i])) // Math.max keeps NaN.
    maximum = Math.max(maximum, Math.abs(b[i]))
  }
  return difference / maximum
}

/** ‖a − b‖ ÷ ‖b‖. The result is not finite if the lengths differ, or if a number is not finite. */
export function differenceOfNorm(a: Float32Array, b: Float32Array): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY
  let [difference, norm] = [0, 0]
  for (let i = 0; i < b.length; i++) {
    difference += (a[i] - b[i]) ** 2
    norm += b[i] ** 2
  }
  return Math.sqrt(difference / norm)
}

/** max (|a − b| ÷ |b|). The result is not finite if the lengths differ, or if a number is not finite. */
export function differenceOfEach(a: Float32Array, b: Float32Array): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY
  return Math.max(0, ...Array.from(b, (value, i) => Math.abs(a[i] - value) / Math.abs(value)))
}

/** NaN as a difference fails the check. */
export const makeCheck = (what: string, difference: number, atMost: number): Check => ({
  what,
  difference,
  atMost,
  passed: difference <= atMost,
})

const milliseconds = (ms: number) => (ms >= 100 ? ms.toFixed(0) : ms.toPrecision(3))

function format(of: Figures): string {
  if ('bytes' in of) return `${(of.bytes / 1e6).toFixed(0)} MB`
  if ('perSecond' in of) return `${of.perSecond.toFixed(0)} a second`
  const { medianMs, minMs, maxMs } = of
  const range = minMs === maxMs ? '' : ` (${milliseconds(minMs)}–${milliseconds(maxMs)})`
  return `${milliseconds(medianMs)}${range}`
}

export function formatCheck({ what, difference, atMost, passed }: Check): string {
  return `${passed ? '✓' : '✗'} ${what}: differs by ${difference.toExponential(1)}, at most ${atMost.toExponential(0)}`
}

function against({ peer, limit, best }: Row): string {
  if (peer) return `${peer.name} ${peer.version}${best ? ', the best form' : ''}`
  if (!limit) return 'no peer, no limit'
  if ('perSecond' in limit) return `no peer: at least ${format(limit)}`
  return `no peer: at most ${format(limit)}${'bytes' in limit ? '' : ' ms'}`
}

/** A table of the rows: median and range in milliseconds, ours beside the peer's. */
export function formatRows(rows: readonly Row[]): string {
  const cells = rows.map(row => {
    const { work, ours, peer, ratio, atMost } = row
    const judged = ratio !== null && atMost !== null
    return [
      work,
      format(ours),
      peer ? format(peer) : '–',
      ratio?.toFixed(2) ?? '–',
      atMost?.toFixed(2) ?? '–',
      judged ? (ratio <= atMost ? 'within the limit' : 'ABOVE the limit') : '',
      against(row),
    ]
  })
  return formatTable([['ms: median (min–max)', 'Self-MRI', 'peer', 'ratio', 'at most', '', 'against'], ...cells])
}

/** Pads each column to its widest cell, with two spaces between columns. */
export function formatTable(rows: readonly (readonly string[])[]): string {
  const widths = rows[0].map((_, column) => Math.max(...rows.map(row => row[column].length)))
  return rows
    .map(row =>
      row
        .map((cell, column) => cell.padEnd(widths[column]))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
