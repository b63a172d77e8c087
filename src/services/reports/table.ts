/** The report's Table 1 for a terminal: a table where it fits, a list of the same numbers where the terminal is narrow. */
import type { Report, ReportRow, TrainingSummary } from '../../contract/training-summary.ts'
import {
  formatCount,
  formatDuration,
  formatLoss,
  formatNmse,
  formatPsnr,
  formatShare,
  formatSsim,
  NONE,
} from '../../presentation/numbers.ts'
import { protocolSentence, RESEARCH_ONLY, volumesSentence } from '../../presentation/protocol.ts'
import { drawTable, factLines, LABEL_COLUMNS, TABLE_COLUMNS } from './text-table.ts'
import { wrapText } from './words.ts'

export function baselineSeconds(report: Report): number | undefined {
  return report.rows.find(row => row.kind === 'baseline')?.totalSeconds
}

/** What a training took and came to, a fact a line. */
function trainingFacts(training: TrainingSummary | null): string[] {
  if (!training) return [NONE]
  return [
    `${formatCount(training.epochs)} epochs`,
    `${formatCount(training.steps)} steps`,
    formatDuration(training.seconds.steps),
    ...lossFacts(training),
  ]
}

/** Above the chance level stands the loss that it is of. */
function lossFacts({ loss, ownLoss = loss, chanceLoss }: TrainingSummary): string[] {
  if (chanceLoss === null) return [`loss ${formatLoss(loss)}`]
  return [
    `loss ${formatLoss(ownLoss)}`,
    `chance ${formatLoss(chanceLoss)}`,
    ...(ownLoss === loss ? [] : [`with term ${formatLoss(loss)}`]),
  ]
}

function networkFact({ network, channels }: ReportRow): string[] {
  return network === null ? [] : [channels === null ? network : `${network}, ${channels} channels`]
}

function total(row: ReportRow): string {
  return row.totalSeconds > 0 ? formatDuration(row.totalSeconds) : NONE
}

function asTable(report: Report): string {
  const head = [
    '',
    'Pre-training',
    'Training',
    'SSIM',
    'PSNR\n(dB)',
    'NMSE',
    'SSIM\nforegr.',
    'Total\ntime',
    'of the\nbaseline',
  ]
  const baseline = baselineSeconds(report)
  const rows = report.rows.map(row => {
    const label = [
      ...wrapText(row.label, LABEL_COLUMNS),
      ...networkFact(row).flatMap(fact => wrapText(fact, LABEL_COLUMNS)),
    ]
    const { ssim, psnr, nmse, foreground } = row.metrics
    return [
      label.join('\n'),
      [...(row.pretraining ? [row.pretraining.method] : []), ...trainingFacts(row.pretraining)].join('\n'),
      trainingFacts(row.training).join('\n'),
      formatSsim(ssim),
      formatPsnr(psnr),
      formatNmse(nmse),
      formatSsim(foreground.ssim),
      total(row),
      formatShare(row.totalSeconds, baseline),
    ]
  })
  return drawTable(head, rows, column => column < 3)
}

function asList(report: Report, columns: number): string {
  const baseline = baselineSeconds(report)
  const indented = (name: string, facts: readonly string[]) => factLines(name, facts, columns)
  const blocks = report.rows.map(row => [
    ...wrapText(row.label, columns),
    ...networkFact(row).map(fact => `  ${fact}`),
    ...(row.pretraining ? indented(`Pre-training, ${row.pretraining.method}`, trainingFacts(row.pretraining)) : []),
    ...(row.training ? indented('Training', trainingFacts(row.training)) : []),
    ...indented('SSIM', [`${formatSsim(row.metrics.ssim)} (foreground ${formatSsim(row.metrics.foreground.ssim)})`]),
    ...indented('PSNR', [`${formatPsnr(row.metrics.psnr)} dB`]),
    ...indented('NMSE', [formatNmse(row.metrics.nmse)]),
    ...(row.totalSeconds > 0
      ? indented('Total time', [total(row), `${formatShare(row.totalSeconds, baseline)} of the baseline`])
      : []),
  ])
  return blocks.map(block => block.join('\n')).join('\n\n')
}

/** The table, then what its numbers depend on; `columns` is the terminal's width. */
export function tableText(report: Report, columns = 120): string {
  const wide = columns >= TABLE_COLUMNS
  const title = `${report.study}${report.synthetic ? ' (SYNTHETIC)' : ''}`
  const notes = [
    volumesSentence(report),
    protocolSentence(report.protocol),
    `Seed ${report.seed}. ${report.device}. Times are of training steps, batches included; validation is not in them.`,
    ...report.remarks,
    RESEARCH_ONLY,
  ]
  return [
    ...wrapText(title, columns),
    wide ? asTable(report) : `\n${asList(report, columns)}\n`,
    ...notes.flatMap(note => wrapText(note, Math.min(columns, TABLE_COLUMNS))),
  ].join('\n')
}
