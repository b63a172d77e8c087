/** Differences in SSIM between a method and its control, or between a method and the baseline. */
import type { Gain, ReproductionReport } from '../contract/reproduction.ts'
import { type Line, pairs } from './lines.ts'
import { formatCount, formatDeviation, formatDifference, formatPercent, NONE } from './numbers.ts'
import { protocolSentence } from './protocol.ts'
import { type Spread, spreadOf } from './statistics.ts'
import { type Cell, type Column, type Emphasis, type Table, tableOf } from './table.ts'

export function gainName(gain: Gain, report: ReproductionReport): string {
  const row = report.rows.find(({ network }) => network === gain.network)
  return `${gain.label}, ${row?.networkLabel ?? gain.network}`
}

export const formatInterval = (interval: Gain['interval']): string =>
  interval ? `${formatDifference(interval[0])} to ${formatDifference(interval[1])}` : NONE

export function differenceCell(spread: Pick<Spread, 'mean' | 'sd'> | null): Cell {
  if (!spread) return { text: NONE }
  const { mean, sd } = spread
  return { text: formatDifference(mean), spread: sd === null ? undefined : `± ${formatDeviation(sd)}` }
}

export const AGAINST = {
  control: 'Less the control at equal epochs',
  'control of equal time': 'Less the control of equal time',
  baseline: 'Less the baseline',
} as const

/** What is said of a gain over a control whose length is in doubt. */
function doubtOf({ method, network, against }: Gain, { rows }: ReproductionReport): string | null {
  const isDoubtful = rows.some(
    row => row.kind === against && row.method === method && row.network === network && row.paceDoubts?.length,
  )
  return isDoubtful ? 'the control may have too many or too few epochs' : null
}

const emphasisOf = (verdict: Gain['verdict']): Emphasis => (verdict === 'gain' || verdict === 'loss' ? verdict : 'weak')

export function gainTable(report: ReproductionReport): Table | null {
  const protocol = protocolSentence(report.protocol)
  const title = `SSIM minus the SSIM of the control or baseline, with equal test patients and seed. ${protocol}`
  const column = (name: string, cell: Column<Gain>['cell'], words = false): Column<Gain> => ({
    group: '',
    name,
    short: name,
    title,
    words,
    cell,
  })
  return tableOf<Gain>({
    title: 'Gain in SSIM',
    head: 'Method',
    columns: [
      column('Mean', differenceCell),
      column('95 % interval', ({ mean, interval }) => ({ text: formatInterval(interval), range: { mean, interval } })),
      column('Pairs', gain => ({ text: formatCount(gain.pairs) })),
      column('Verdict', ({ verdict }) => ({ text: verdict, emphasis: emphasisOf(verdict) }), true),
      column('Of the baseline’s total time', ({ timeShare }) => ({ text: formatPercent(timeShare) })),
    ],
    sections: Object.entries(AGAINST).map(([against, name]) => ({
      name,
      items: report.gains.filter(gain => gain.against === against),
    })),
    row: gain => ({ label: gainName(gain, report), note: doubtOf(gain, report), method: gain.method }),
    notes: [
      'The interval is a bootstrap over patients, then seeds. A gain or a loss is stated only if the interval ' +
        'excludes zero.',
    ],
    protocol: [protocol],
  })
}

/** SSIM of a line minus the SSIM of another line, pair by pair. */
export const differences = (line: Line, other: Line | undefined): number[] =>
  pairs(line, other).map(([row, same]) => row.metrics.ssim - same.metrics.ssim)

export const differenceColumn = (
  name: string,
  title: string,
  otherOf: (line: Line) => Line | undefined,
): Column<Line> => ({
  group: '',
  name,
  short: name,
  title,
  cell: line => differenceCell(spreadOf(differences(line, otherOf(line)))),
})
