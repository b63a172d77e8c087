/** A table of a study, as it is before it is drawn for a terminal, a page or Markdown. */
import type { Metrics } from '../contract/evaluation.ts'
import type { StudyReport, StudyRow } from '../contract/study.ts'
import { baselineOf, type Group, type Line, linesOf, pairs, plannedRows } from './lines.ts'
import { formatDuration, formatNmse, formatPercent, formatPsnr, formatSsim, NONE } from './numbers.ts'
import { protocolSentence } from './protocol.ts'
import { formatSd, meanOf, spreadOf } from './statistics.ts'

export interface Cell {
  readonly value: string
  /** Over trainings: '± 0.004'. */
  readonly spread?: string
  readonly notes?: readonly string[]
}

export interface Column<Item> {
  /** Heads columns side by side. */
  readonly group: string
  readonly name: string
  /** Names it without its group. */
  readonly short: string
  /** What its numbers depend on: the protocol. */
  readonly title: string
  /** Words stand left, numbers right. */
  readonly words?: boolean
  /** In a terminal, one of the facts that stand below each other under the name of the group. */
  readonly fact?: (value: string) => string
  /** Left out in a terminal. */
  readonly aside?: boolean
  readonly cell: (item: Item) => Cell
}

export interface TableRow {
  readonly label: string
  readonly note: string | null
  /** Whose colour marks it. */
  readonly method: string | null
  readonly cells: readonly Cell[]
}

export interface StudyTable {
  readonly title: string
  /** Of the first column. */
  readonly head: string
  readonly columns: readonly Omit<Column<never>, 'cell'>[]
  readonly sections: readonly { readonly name: string | null; readonly rows: readonly TableRow[] }[]
  readonly notes: readonly string[]
  /** Of the metrics. */
  readonly protocol: readonly string[]
}

type Content<Item> = Pick<StudyTable, 'title' | 'head' | 'notes' | 'protocol'> & {
  readonly columns: readonly Column<Item>[]
  readonly sections: readonly { readonly name: string | null; readonly items: readonly Item[] }[]
  readonly row: (item: Item) => Omit<TableRow, 'cells'>
}

/** `null` without rows. */
export function tableOf<Item>({ sections, row, ...rest }: Content<Item>): StudyTable | null {
  const filled = sections.filter(({ items }) => items.length > 0)
  if (filled.length === 0) return null
  return {
    ...rest,
    sections: filled.map(({ name, items }) => ({
      name,
      rows: items.map(item => ({ ...row(item), cells: rest.columns.map(column => column.cell(item)) })),
    })),
  }
}

export function spreadCell(
  values: readonly (number | null | undefined)[],
  format: (value: number) => string,
  notes: readonly string[] = [],
): Cell {
  const spread = spreadOf(values)
  if (!spread) return { value: NONE, notes }
  return { value: format(spread.mean), spread: formatSd(spread, format) ?? undefined, notes }
}

/** A column of one value each. */
export const plain = <Item>(
  name: string,
  title: string,
  value: (item: Item) => string,
  words = false,
): Column<Item> => ({
  group: '',
  name,
  short: name,
  title,
  words,
  cell: item => ({ value: value(item) }),
})

const FORMATS = { ssim: formatSsim, psnr: formatPsnr, nmse: formatNmse }
const NAMES = { ssim: 'SSIM', psnr: 'PSNR,\u00a0dB', nmse: 'NMSE' }

/** A metric's column; `of` takes it from a row. */
export function metricColumn(
  metric: keyof Metrics,
  group: string,
  title: string,
  of: (row: StudyRow) => Partial<Metrics> | null,
  short = NAMES[metric],
): Column<Line> {
  return {
    group,
    name: NAMES[metric],
    short,
    title,
    cell: ({ rows }) =>
      spreadCell(
        rows.map(row => of(row)?.[metric]),
        FORMATS[metric],
      ),
  }
}

/** SSIM, PSNR and NMSE of the test patients by the protocol that leads. */
export const leadingColumns = (report: StudyReport): Column<Line>[] =>
  (['ssim', 'psnr', 'nmse'] as const).map(metric =>
    metricColumn(metric, 'Test patients', protocolSentence(report.protocol), row => row.metrics),
  )

export const STEPS_TITLE =
  'Wall-clock time of training steps, each with the reading and augmenting of its batch; validation and preparation are not in it.'

/** Mean over pairs of the seconds of `of` over the baseline's total. */
function shareOfBaseline(line: Line, group: Group, of: (row: StudyRow) => number | undefined): string {
  const shares = pairs(line, baselineOf(group)).map(([row, baseline]) => {
    const seconds = of(row)
    return seconds && baseline.totalSeconds > 0 ? seconds / baseline.totalSeconds : null
  })
  return formatPercent(meanOf(shares))
}

const known = (share: string): string[] => (share === NONE ? [] : [share])

/** The total time, and the time until the baseline's SSIM, each with its share of the baseline's total. */
export function timeColumns(groupOf: (line: Line) => Group): Column<Line>[] {
  return [
    {
      group: 'Time, and of the baseline’s total',
      name: 'Total',
      short: 'Total time',
      title: `Pre-training and training together. ${STEPS_TITLE}`,
      cell: line =>
        line.kind === 'zero-filled'
          ? { value: NONE }
          : spreadCell(
              line.rows.map(row => row.totalSeconds),
              formatDuration,
              known(shareOfBaseline(line, groupOf(line), row => row.totalSeconds)),
            ),
    },
    {
      group: 'Time, and of the baseline’s total',
      name: 'To the baseline’s SSIM',
      short: 'To baseline’s SSIM',
      title:
        'Until the first validation whose SSIM reaches the baseline’s best one (same network, seed and patients), pre-training included; the mean is over trainings that reach it.',
      cell: line => {
        const compared = pairs(line, baselineOf(groupOf(line)))
        const reached = compared.filter(([row]) => row.toBaseline)
        if (compared.length === 0 || line.kind === 'zero-filled') return { value: NONE }
        if (reached.length === 0) return { value: 'not reached' }
        const some = reached.length < compared.length ? [`in ${reached.length} of ${compared.length}`] : []
        return spreadCell(
          reached.map(([row]) => row.toBaseline?.seconds),
          formatDuration,
          [...known(shareOfBaseline(line, groupOf(line), row => row.toBaseline?.seconds)), ...some],
        )
      },
    },
  ]
}

const HEADLINE = new Set(['fine-tuned', 'control', 'baseline'])

/** A line's first cell: its label, of a control also whose it is, and over how many trainings its numbers are. */
export function lineRow(report: StudyReport): (line: Line) => Omit<TableRow, 'cells'> {
  const planned = plannedRows(report)
  return ({ kind, label, name, method, rows: { length } }) => {
    const whose = kind.includes('control') && method !== null && !label.includes(name) ? [`of ${name}`] : []
    const missing = HEADLINE.has(kind) && length < planned
    const count = missing ? [`n = ${length} of ${planned}`] : length > 1 ? [`n = ${length}`] : []
    return { label, method, note: [...whose, ...count].join('; ') || null }
  }
}

/** Per network, the lines of these kinds. */
export const sectionsOf = (groups: readonly Group[], ...kinds: Parameters<typeof linesOf>[1][]) =>
  groups.map(group => ({ name: group.name, items: linesOf(group, ...kinds) }))
