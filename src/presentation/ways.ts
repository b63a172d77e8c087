/** Other ways to an equal image: fewer epochs from scratch, an earlier epoch of the pre-training, fewer labels. */
import type { ReproductionReport } from '../contract/reproduction.ts'
import { leadingColumns, lineParts, lineRow, metricColumn, sectionsOf, spreadCell, timeColumns } from './columns.ts'
import { differenceCell, differenceColumn, differences } from './gains.ts'
import {
  baselineOf,
  companion,
  type Group,
  groupFinder,
  groupsOf,
  type Line,
  linesOf,
  pairs,
  sameTraining,
} from './lines.ts'
import { formatCount, formatSsim } from './numbers.ts'
import { protocolSentence } from './protocol.ts'
import { meanOf, spreadOf } from './statistics.ts'
import { type Cell, type Column, plain, type Table, tableOf } from './table.ts'
import { timeMarkNotes } from './time-notes.ts'

const epochsColumn = (name: string, of: (line: Line) => number | null): Column<Line> =>
  plain(name, 'Epochs that were trained.', line => formatCount(of(line)))

/** The baseline at earlier epochs. */
export function scratchTable(report: ReproductionReport): Table | null {
  const groups = groupsOf(report)
  const groupOf = groupFinder(groups)
  const protocol = protocolSentence(report.protocol)
  if (groups.every(group => linesOf(group, 'baseline at').length === 0)) return null
  return tableOf<Line>({
    title: 'Epochs from scratch',
    head: 'Training',
    columns: [
      epochsColumn('Epochs', ({ kind, epoch, rows }) =>
        kind === 'baseline' ? meanOf(rows.map(({ training }) => training?.epochs)) : epoch,
      ),
      ...leadingColumns(report),
      metricColumn('ssim', 'Foreground', protocol, row => row.metrics.foreground, 'SSIM foregr.'),
      differenceColumn('SSIM less the baseline’s', protocol, line =>
        line.kind === 'baseline' ? undefined : baselineOf(groupOf(line)),
      ),
      timeColumns(groupOf)[0],
    ],
    sections: sectionsOf(groups, 'baseline at', 'baseline'),
    row: lineRow(report),
    parts: lineParts(report),
    notes: [
      'The original work omits this comparison: what an equal time reaches without pre-training.',
      ...timeMarkNotes(groups),
    ],
    protocol: [protocol],
  })
}

/** The epochs of pre-training before a line's fine-tuning. */
export const pretrainedEpochs = ({ kind, epoch, rows }: Line): number | null =>
  kind === 'milestone' ? epoch : meanOf(rows.map(({ pretraining }) => pretraining?.epochs))

/** Fine-tuned from milestones of a method's pre-training, and from its end. */
export function milestoneLines(group: Group, method: string | null): Line[] {
  const lines = linesOf(group, 'milestone', 'fine-tuned').filter(line => line.method === method)
  return lines.sort((a, b) => (pretrainedEpochs(a) ?? 0) - (pretrainedEpochs(b) ?? 0))
}

export const methodsIn = (group: Group, kind: 'milestone' | 'few labels') => [
  ...new Set(linesOf(group, kind).map(({ method }) => method)),
]

export function milestoneTable(report: ReproductionReport): Table | null {
  const groups = groupsOf(report)
  const groupOf = groupFinder(groups)
  return tableOf<Line>({
    title: 'Fine-tuned from earlier epochs of the pre-training',
    head: 'Reconstruction',
    columns: [
      epochsColumn('Epochs of pre-training', pretrainedEpochs),
      ...leadingColumns(report),
      differenceColumn('SSIM less the control’s', protocolSentence(report.protocol), line =>
        companion(groupOf(line), line, 'control'),
      ),
      ...timeColumns(groupOf),
    ],
    sections: groups.map(group => ({
      name: group.name,
      items: methodsIn(group, 'milestone').flatMap(method => milestoneLines(group, method)),
    })),
    row: lineRow(report),
    parts: lineParts(report),
    notes: timeMarkNotes(groups),
    protocol: [protocolSentence(report.protocol)],
  })
}

/** A method fine-tuned on the ground truth of this many patients, and its control. */
export interface FewLabels {
  readonly patients: number | null
  readonly tuned: Line
  readonly control: Line | undefined
}

/** By number of patients. The last entry has all patients, as in Table 1. */
export function fewLabels(group: Group, method: string | null): FewLabels[] {
  const of = (kind: 'few labels' | 'fine-tuned', control: 'few labels control' | 'control') =>
    linesOf(group, kind)
      .filter(line => line.method === method)
      .map(tuned => ({
        patients: tuned.patients ?? meanOf(tuned.rows.map(row => row.patients)),
        tuned,
        control: companion(group, tuned, control),
      }))
  const few = of('few labels', 'few labels control')
  const all = of('fine-tuned', 'control').filter(({ patients }) => few.every(other => other.patients !== patients))
  return [...few, ...all].sort((a, b) => (a.patients ?? 0) - (b.patients ?? 0))
}

export function fewLabelsTable(report: ReproductionReport): Table | null {
  const protocol = protocolSentence(report.protocol)
  const column = (name: string, cell: (item: FewLabels) => Cell): Column<FewLabels> => ({
    ...plain<FewLabels>(name, protocol, () => ''),
    cell,
  })
  const ssim = (line: Line | undefined) => spreadCell(line?.rows.map(row => row.metrics.ssim) ?? [], formatSsim)
  const groups = groupsOf(report)
  return tableOf<FewLabels>({
    title: 'Few labels: fine-tuned on the ground truth of the first patients',
    head: 'Method',
    columns: [
      plain('Patients', 'Training patients whose ground truth was used.', ({ patients }) => formatCount(patients)),
      column('SSIM, fine-tuned', ({ tuned }) => ssim(tuned)),
      column('SSIM, control', ({ control }) => ssim(control)),
      column('Difference', ({ tuned, control }) => differenceCell(spreadOf(differences(tuned, control)))),
      plain('Pairs', protocol, ({ tuned, control }) => formatCount(pairs(tuned, control).length)),
    ],
    sections: groups.map(group => ({
      name: group.name,
      items: methodsIn(group, 'few labels').flatMap(method => fewLabels(group, method)),
    })),
    row: ({ tuned }) => ({ label: tuned.name, note: null, method: tuned.method }),
    parts: ({ patients, tuned, control }) =>
      lineParts(report)(tuned).map(({ label, item }) => ({
        label,
        item: { patients, tuned: item, control: sameTraining(control, item.rows[0]) },
      })),
    notes: ['The control is the same fine-tuning from the same seed on the same patients, without pre-training.'],
    protocol: [protocol],
  })
}
