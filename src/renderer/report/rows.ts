/** A reproduction's rows gathered for its tables: the same thing over seeds and folds is one line, mean ± SD. */
import type { StudyReport, StudyRow, StudyRowKind, StudyTraining } from '../../contract/study.ts'

/** The same training over seeds and folds. */
export interface Line {
  readonly key: string
  readonly kind: StudyRowKind
  readonly label: string
  readonly rows: readonly StudyRow[]
}

export interface Section {
  /** 'U-Net-16' */
  readonly network: string
  readonly lines: readonly Line[]
}

export interface Statistic {
  readonly mean: number
  /** n − 1; `null` with one. */
  readonly sd: number | null
}

/** Table 1; what a pre-training and the baseline reach on the way; few labels. */
export const MAIN: readonly StudyRowKind[] = [
  'zero-filled',
  'baseline',
  'fine-tuned',
  'control',
  'control of equal time',
]
export const ON_THE_WAY: readonly StudyRowKind[] = ['baseline at', 'milestone']
export const FEW_LABELS: readonly StudyRowKind[] = ['few labels', 'few labels control']

/** Over what is there; `null` where nothing is. */
export function statistic(values: readonly (number | null | undefined)[]): Statistic | null {
  const there = values.filter((value): value is number => typeof value === 'number' && Number.isFinite(value))
  if (there.length === 0) return null
  const mean = there.reduce((sum, value) => sum + value, 0) / there.length
  if (there.length === 1) return { mean, sd: null }
  return { mean, sd: Math.sqrt(there.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (there.length - 1)) }
}

const networkName = ({ networkLabel, network, channels }: StudyRow) =>
  network === null ? 'No network' : `${networkLabel ?? network}${channels === null ? '' : `-${channels}`}`

/** Lines of these kinds by network, each in the order in which its first row came. */
export function sectionsOf(report: StudyReport, kinds: readonly StudyRowKind[]): Section[] {
  const sections = new Map<string, Map<string, StudyRow[]>>()
  for (const row of report.rows) {
    if (!kinds.includes(row.kind)) continue
    const network = networkName(row)
    const lines = sections.get(network) ?? new Map<string, StudyRow[]>()
    sections.set(network, lines)
    // One label may stand for several things over folds, so that it does not tell them apart.
    const key = [row.kind, row.method, row.network, row.channels, row.epoch, isFew(row) ? row.patients : ''].join(' ')
    lines.set(key, [...(lines.get(key) ?? []), row])
  }
  return [...sections].map(([network, lines]) => ({
    network,
    lines: [...lines].map(([key, rows]) => ({
      key: `${network} ${key}`,
      kind: rows[0].kind,
      label: rows[0].label,
      rows,
    })),
  }))
}

const isFew = ({ kind }: StudyRow) => FEW_LABELS.includes(kind)

/** Rows that a line has once all is there. */
export const plannedRows = ({ request, folds }: StudyReport): number => request.seeds * Math.max(1, folds.length)

/** Seconds of steps, as the report counts hours. */
export const stepSeconds = (training: StudyTraining | null): number | null => training?.seconds.steps ?? null

/** 'seed 0, tested on 6A' */
export function placeOf(row: StudyRow, report: StudyReport): string {
  const fold = report.folds.length > 1 ? `, tested on ${report.folds[row.fold]?.name ?? `fold ${row.fold + 1}`}` : ''
  return `seed ${row.seed}${fold}`
}

/** Where the intervals lie on one scale: shares of the width, zero among them. */
export function scaleFor(values: readonly number[]): (value: number) => number {
  const most = Math.max(...values.map(Math.abs), 1e-4) * 1.1
  return value => (value + most) / (2 * most)
}
