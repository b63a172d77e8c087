/** The bench's numbers and its table. */

export interface Spread {
  readonly medianMs: number
  readonly minMs: number
  readonly maxMs: number
}

export interface Check {
  readonly what: string
  readonly difference: number
  readonly atMost: number
  readonly passed: boolean
}

interface RowOf<Figures> {
  readonly work: string
  readonly ours: Figures
  readonly peer: Figures & { readonly name: string; readonly version: string }
  /** Our median ÷ the peer's. */
  readonly ratio: number
  readonly atMost: number
}

/** A work's time, or the memory that a process takes for it. */
export type Row = RowOf<Spread> | RowOf<{ readonly bytes: number }>

export function spread(ms: readonly number[]): Spread {
  const sorted = ms.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const medianMs = sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
  return { medianMs, minMs: sorted[0], maxMs: sorted[sorted.length - 1] }
}

/** max |a − b| ÷ max |b|; not finite where the lengths differ or a number is not finite. */
export function differenceOfMaximum(a: Float32Array, b: Float32Array): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY
  let difference = 0
  let maximum = 0
  for (let i = 0; i < b.length; i++) {
    difference = Math.max(difference, Math.abs(a[i] - b[i])) // NaN stays
    maximum = Math.max(maximum, Math.abs(b[i]))
  }
  return difference / maximum
}

/** max (|a − b| ÷ |b|); not finite where the lengths differ or a number is not finite. */
export function differenceOfEach(a: Float32Array, b: Float32Array): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY
  return Math.max(0, ...Array.from(b, (value, i) => Math.abs(a[i] - value) / Math.abs(value)))
}

/** A difference that is not a number has not passed. */
export const makeCheck = (what: string, difference: number, atMost: number): Check => ({
  what,
  difference,
  atMost,
  passed: difference <= atMost,
})

const milliseconds = (ms: number) => (ms >= 100 ? ms.toFixed(0) : ms.toPrecision(3))

const figures = (of: Spread | { readonly bytes: number }) =>
  'bytes' in of ? `${(of.bytes / 1e6).toFixed(0)} MB` : times(of)

const times = ({ medianMs, minMs, maxMs }: Spread) =>
  `${milliseconds(medianMs)} (${milliseconds(minMs)}–${milliseconds(maxMs)})`

export function formatCheck({ what, difference, atMost, passed }: Check): string {
  return `${passed ? '✓' : '✗'} ${what}: differs by ${difference.toExponential(1)}, at most ${atMost.toExponential(0)}`
}

/** Median and spread in milliseconds, side by side. */
export function formatRows(rows: readonly Row[]): string {
  const cells = rows.map(({ work, ours, peer, ratio, atMost }) => [
    work,
    figures(ours),
    figures(peer),
    ratio.toFixed(2),
    atMost.toFixed(2),
    ratio <= atMost ? 'within the limit' : 'ABOVE the limit',
    `${peer.name} ${peer.version}`,
  ])
  return formatTable([['ms: median (min–max)', 'Self-MRI', 'peer', 'ratio', 'at most', '', 'peer'], ...cells])
}

/** Columns as wide as their widest cell, two spaces between them. */
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
