/** The columns that several tables of a reproduction have. */
import type { Metrics } from '../contract/evaluation.ts'
import type { ReproductionReport, ReproductionRow } from '../contract/reproduction.ts'
import { TIME_MARK } from './kinds.ts'
import { baselineOf, type Group, type Line, linePart, linesOf, pairs, plannedRows } from './lines.ts'
import { formatDuration, formatNmse, formatPercent, formatPsnr, formatSsim, NONE } from './numbers.ts'
import { protocolSentence } from './protocol.ts'
import { formatSd, meanOf, spreadOf } from './statistics.ts'
import type { Cell, Column, Row } from './table.ts'

/** 'temperature 0.1, crop 96' */
export const inWords = (record: Readonly<Record<string, number | string>>): string =>
  Object.entries(record)
    .map(([name, value]) => {
      const words = name.replace(/[A-Z]/g, letter => ` ${letter.toLowerCase()}`)
      return `${words} ${typeof value === 'number' ? Number(value.toPrecision(3)) : value}`
    })
    .join(', ') || NONE

export function spreadCell(
  values: readonly (number | null | undefined)[],
  format: (value: number) => string,
  notes: readonly string[] = [],
): Cell {
  const spread = spreadOf(values)
  if (!spread) return { text: NONE, notes }
  return { text: format(spread.mean), spread: formatSd(spread, format) ?? undefined, notes }
}

const FORMATS = { ssim: formatSsim, psnr: formatPsnr, nmse: formatNmse }
const NAMES = { ssim: 'SSIM', psnr: 'PSNR,\u00a0dB', nmse: 'NMSE' }

/** A metric's column; `of` takes it from a row. */
export function metricColumn(
  metric: keyof Metrics,
  group: string,
  title: string,
  of: (row: ReproductionRow) => Partial<Metrics> | null,
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
export const leadingColumns = (report: ReproductionReport): Column<Line>[] =>
  (['ssim', 'psnr', 'nmse'] as const).map(metric =>
    metricColumn(metric, 'Test patients', protocolSentence(report.protocol), row => row.metrics),
  )

export const STEPS_TITLE =
  'Wall-clock time of training steps, each with the reading and augmenting of its batch. Validation and ' +
  'preparation are not included.'

/** Mean over pairs of the seconds of `of` over the baseline's total. */
function shareOfBaseline(line: Line, group: Group, of: (row: ReproductionRow) => number | undefined): string {
  const shares = pairs(line, baselineOf(group)).map(([row, baseline]) => {
    const seconds = of(row)
    return seconds && baseline.totalSeconds > 0 ? seconds / baseline.totalSeconds : null
  })
  return formatPercent(meanOf(shares))
}

/** Marks the text if a time behind it is of another kind of device, or of several kinds. */
const marked = (cell: Cell, marks: readonly boolean[]): Cell =>
  marks.includes(true) && cell.text !== NONE ? { ...cell, text: `${cell.text} ${TIME_MARK}` } : cell

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
        line.rows.every(({ training }) => training === null)
          ? { text: NONE }
          : marked(
              spreadCell(
                line.rows.map(row => row.totalSeconds),
                formatDuration,
                known(shareOfBaseline(line, groupOf(line), row => row.totalSeconds)),
              ),
              line.marks,
            ),
    },
    {
      group: 'Time, and of the baseline’s total',
      name: 'To the baseline’s SSIM',
      short: 'To baseline’s SSIM',
      title:
        'Time until the first validation whose SSIM reaches the baseline’s best validation SSIM (same network, seed ' +
        'and patients), pre-training included. The mean is over trainings that reach this SSIM.',
      cell: line => {
        const compared = pairs(line, baselineOf(groupOf(line)))
        const reached = compared.filter(([row]) => row.toBaseline)
        if (compared.length === 0) return { text: NONE }
        if (reached.length === 0) return { text: 'not reached', emphasis: 'weak' }
        const some = reached.length < compared.length ? [`in ${reached.length} of ${compared.length}`] : []
        const cell = spreadCell(
          reached.map(([row]) => row.toBaseline?.seconds),
          formatDuration,
          [...known(shareOfBaseline(line, groupOf(line), row => row.toBaseline?.seconds)), ...some],
        )
        return marked(cell, line.marks)
      },
    },
  ]
}

const HEADLINE = new Set(['fine-tuned', 'control', 'baseline'])

/** A line's first cell: its label, the method of a control, and the number of trainings behind its numbers. */
export function lineRow(report: ReproductionReport): (line: Line) => Omit<Row, 'cells' | 'parts'> {
  const planned = plannedRows(report)
  return ({ kind, label, name, method, rows }) => {
    const { length } = rows
    const whose = kind.includes('control') && method !== null && !label.includes(name) ? [`of ${name}`] : []
    const missing = HEADLINE.has(kind) && length < planned
    const count = missing ? [`n = ${length} of ${planned}`] : length > 1 ? [`n = ${length}`] : []
    const run = length === 1 ? (rows[0].training?.run ?? null) : null
    return { label, method, note: [...whose, ...count].join('; ') || null, run }
  }
}

/** 'seed 0, tested on 6A' */
function placeOf({ seed, fold }: ReproductionRow, { folds }: ReproductionReport): string {
  return folds.length > 1 ? `seed ${seed}, tested on ${folds[fold]?.name ?? `fold ${fold + 1}`}` : `seed ${seed}`
}

/** The trainings of a line, each as a line of its own; none if the line has one training. */
export const lineParts =
  (report: ReproductionReport) =>
  (line: Line): readonly { readonly label: string; readonly item: Line }[] =>
    line.rows.length < 2
      ? []
      : line.rows.map((row, i) => ({
          label: placeOf(row, report),
          item: linePart(line, i),
        }))

/** The lines of these kinds, per network. */
export const sectionsOf = (groups: readonly Group[], ...kinds: Parameters<typeof linesOf>[1][]) =>
  groups.map(group => ({ name: group.name, items: linesOf(group, ...kinds) }))
