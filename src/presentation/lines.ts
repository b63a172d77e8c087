/** A reproduction's rows as lines: rows of one network that differ only in seed and left-out patient are one line. */

import type { ReproductionReport, ReproductionRow, RowKind, RowTraining } from '../contract/reproduction.ts'
import { type EpochFigures, OWN_LOSS } from '../contract/runs.ts'
import { ownLossOf } from '../contract/training-summary.ts'
import { baselineTotal, isMarked } from './kinds.ts'
import { count } from './numbers.ts'

/** Rows that differ only in seed and fold. */
export interface Line {
  readonly kind: RowKind
  readonly label: string
  readonly method: string | null
  /** In words: the method, else the row's label. */
  readonly name: string
  readonly epoch: number | null
  readonly patients: number | null
  /** Only of a U-Net of equal time: the network whose baseline took this time. */
  readonly equalTo: string | null
  readonly network: string | null
  readonly networkName: string | null
  readonly rows: readonly ReproductionRow[]
  /**
   * For each row: the time that the row's device takes, over the time of the device of the baseline's row. NaN if no
   * baseline was trained on the row's kind of device with the row's kernels.
   */
  readonly paces: readonly number[]
  /** For each row: whether its times are of another kind of device than the baseline's, or of several kinds. */
  readonly marks: readonly boolean[]
}

/** A network with a baseline of its own; `null`: no network. */
export interface Group {
  readonly name: string | null
  readonly lines: readonly Line[]
}

/** U-Net-16 */
export const networkName = ({ network, networkLabel, channels }: ReproductionRow): string | null =>
  network === null ? null : [networkLabel ?? network, channels].filter(part => part !== null).join('-')

const hasPatients = ({ kind }: ReproductionRow) => kind === 'few labels' || kind === 'few labels control'

function lineOf(rows: readonly ReproductionRow[], paceOf: (row: ReproductionRow) => number): Line {
  const [first] = rows
  const paces = rows.map(paceOf)
  return {
    kind: first.kind,
    label: first.label,
    method: first.method,
    name: first.methodLabel ?? first.method ?? first.label,
    epoch: first.epoch,
    patients: hasPatients(first) ? first.patients : null,
    equalTo: first.equalTo ?? null,
    network: first.network,
    networkName: networkName(first),
    rows,
    paces,
    marks: rows.map((row, i) => isMarked(row, paces[i])),
  }
}

/** Groups items of equal `identity`, in the order of the first item of each group. */
export function gather<T>(items: readonly T[], identity: (item: T) => unknown): T[][] {
  const groups = new Map<string, T[]>()
  for (const item of items) {
    const key = JSON.stringify(identity(item))
    const group = groups.get(key)
    if (group) group.push(item)
    else groups.set(key, [item])
  }
  return [...groups.values()]
}

export function groupsOf(report: ReproductionReport): Group[] {
  return gather(report.rows, row => [row.network, row.channels]).map(rows => {
    const place = ({ seed, fold }: ReproductionRow) => `${seed} ${fold}`
    const baselines = new Map(rows.filter(({ kind }) => kind === 'baseline').map(row => [place(row), row]))
    const paceOf = (row: ReproductionRow) => {
      const baseline = baselines.get(place(row))
      return baseline?.totalSeconds ? baselineTotal(row, baseline) / baseline.totalSeconds : 1
    }
    const lines = gather(rows, row => [
      row.kind,
      row.method,
      row.epoch,
      hasPatients(row) && row.patients,
      row.classical && [row.classical.classical, row.classical.config],
      row.equalTo,
    ])
    return { name: networkName(rows[0]), lines: lines.map(line => lineOf(line, paceOf)) }
  })
}

/** The group of a line, or of one training of a line. */
export function groupFinder(groups: readonly Group[]): (line: Pick<Line, 'rows'>) => Group {
  const byRow = new Map(
    groups.flatMap(group => group.lines.flatMap(({ rows }) => rows.map(row => [row, group] as const))),
  )
  return ({ rows }) => byRow.get(rows[0])!
}

export const linesOf = ({ lines }: Group, ...kinds: readonly RowKind[]): Line[] =>
  lines.filter(line => kinds.includes(line.kind))

/** The line of `kind` to compare with `line`, on equally many patients: of the line's method, else of no method. */
export function companion(group: Group, line: Line, kind: RowKind): Line | undefined {
  const all = linesOf(group, kind).filter(other => other.patients === line.patients)
  return all.find(other => other.method === line.method) ?? all.find(other => other.method === null)
}

export const baselineOf = (group: Group): Line | undefined => linesOf(group, 'baseline')[0]

const trainingAt = (pace: number, training: RowTraining | null): RowTraining | null =>
  training && {
    ...training,
    seconds: { ...training.seconds, steps: training.seconds.steps * pace },
    curve: training.curve.map(figures => ({ ...figures, seconds: figures.seconds * pace })),
  }

/** A row with the times of its steps as another device would have them. */
function rowAt(pace: number, row: ReproductionRow): ReproductionRow {
  if (pace === 1) return row
  return {
    ...row,
    pretraining: trainingAt(pace, row.pretraining),
    training: trainingAt(pace, row.training),
    totalSeconds: row.totalSeconds * pace,
    toBaseline: row.toBaseline && { ...row.toBaseline, seconds: row.toBaseline.seconds * pace },
  }
}

/** One training of a line, as a line of its own. */
export const linePart = (line: Line, i: number): Line => ({
  ...line,
  rows: [line.rows[i]],
  paces: [line.paces[i]],
  marks: [line.marks[i]],
})

/** The training of `line` with the seed and fold of `row`. */
export function sameTraining(line: Line | undefined, row: ReproductionRow): Line | undefined {
  const place = line?.rows.findIndex(({ seed, fold }) => seed === row.seed && fold === row.fold) ?? -1
  return line && place >= 0 ? linePart(line, place) : undefined
}

/**
 * Rows of `line`, each with the row of `other` that has the same seed and fold. Times of the other row are converted to
 * the device of the first row.
 */
export function pairs(
  line: Line,
  other: Line | undefined,
): (readonly [row: ReproductionRow, other: ReproductionRow])[] {
  return line.rows.flatMap((row, i) => {
    const same = sameTraining(other, row)
    return same ? [[row, rowAt(line.paces[i] / same.paces[0], same.rows[0])] as const] : []
  })
}

/** Trainings that a line of Table 1 has once the report is complete. */
export const plannedRows = ({ request, folds }: ReproductionReport): number => request.seeds * Math.max(1, folds.length)

/** ' on U-Net-16'; empty if the reproduction has one network. */
export const onNetwork = ({ networkName }: Line, groups: readonly Group[]): string =>
  groups.filter(({ name }) => name !== null).length > 1 ? ` on ${networkName}` : ''

/** 'RotNet + fine-tuning (3 of 20)', 'Control, few labels of SimCLR on U-Net-16, 1 patient' */
export function rowsInWords(line: Line, rows: number, groups: readonly Group[]): string {
  const { label, name, patients } = line
  return [
    label,
    label.includes(name) ? '' : ` of ${name}`,
    onNetwork(line, groups),
    patients === null ? '' : `, ${count(patients, 'patient')}`,
    rows < line.rows.length ? ` (${rows} of ${line.rows.length})` : '',
  ].join('')
}

/** A line's name, with its network if the reproduction has several networks. */
export const lineName = (line: Line, groups: readonly Group[]): string => line.name + onNetwork(line, groups)

const hasTerm = ({ settings }: RowTraining) => Number(settings.reconstruction ?? 0) > 0

/** The method's own loss of a pre-training: see `ownLossOf`. */
export const ownLoss = (training: RowTraining): number | null => ownLossOf(training, hasTerm(training))

/** The method's own loss of one epoch: see `ownLossOf`. */
export const ownEpochLoss = (training: RowTraining, { loss, extra }: EpochFigures): number | null =>
  ownLossOf({ loss, ownLoss: extra[OWN_LOSS] }, hasTerm(training))

/** Notes where a pre-training's loss is shown; empty if no recipe adds a reconstruction term. */
export function termNotes({ rows }: ReproductionReport): string[] {
  const trainings = rows.flatMap(({ pretraining }) => (pretraining && hasTerm(pretraining) ? [pretraining] : []))
  if (trainings.length === 0) return []
  return trainings.every(training => ownLoss(training) !== null)
    ? [
        'The pre-training’s loss is the method’s own loss, like the chance level. It does not include the recipe’s ' +
          'reconstruction term.',
      ]
    : [
        'If no chance level stands beside a pre-training’s loss, the loss includes the recipe’s reconstruction term, ' +
          'because an older program stored only the sum. The loss on held-out patients never includes the term.',
      ]
}
