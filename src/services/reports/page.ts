/** The report as one HTML file: no script, nothing fetched, readable in twenty years. */
import type { Report, ReportRow, TrainingSummary } from '../../contract/training-summary.ts'
import { runColour } from '../../presentation/colours.ts'
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
import { protocolParts, protocolSentence, RESEARCH_ONLY, volumesSentence } from '../../presentation/protocol.ts'
import { badge, checkpointTable, definitions, dot, groupHead, htmlDocument, number, splitLists } from './html.ts'
import { baselineSeconds } from './table.ts'
import { volumeDetails } from './volume-scores.ts'
import { escapeMarkup } from './words.ts'

function colouredDots(runs: readonly (string | undefined)[]): string {
  return runs.flatMap(run => (run === undefined ? [] : [dot(`run ${run}`, runColour(run))])).join('')
}

function timeCell({ seconds }: TrainingSummary): string {
  const spent = `steps ${formatDuration(seconds.steps)}, validation ${formatDuration(seconds.validation)}, preparation ${formatDuration(seconds.preparation)}`
  return `<td class="number" title="${escapeMarkup(spent)}">${formatDuration(seconds.steps)}</td>`
}

/** Epochs, steps, time and loss of one training: four cells. */
function trainingCells(training: TrainingSummary | null): string {
  if (!training) return number(NONE, 'start') + number(NONE) + number(NONE) + number(NONE)
  const { loss, ownLoss = loss, chanceLoss } = training
  const chance = chanceLoss === null ? '' : `<small>chance ${formatLoss(chanceLoss)}</small>`
  const whole = ownLoss === loss ? '' : `<small>${formatLoss(loss)} with the reconstruction term</small>`
  return (
    number(formatCount(training.epochs), 'start') +
    number(formatCount(training.steps)) +
    timeCell(training) +
    `<td class="number">${formatLoss(ownLoss)}${chance}${whole}</td>`
  )
}

function tableRow(report: Report, row: ReportRow): string {
  const channels = row.channels === null ? '' : `, ${formatCount(row.channels)} channels`
  const network = row.network === null ? '' : `<small>${escapeMarkup(row.network)}${channels}</small>`
  const protocol = escapeMarkup(protocolSentence(report.protocol))
  const metric = (value: string, className = '') =>
    `<td class="number value ${className}" title="${protocol}">${value}</td>`
  const { ssim, psnr, nmse, foreground } = row.metrics
  return (
    `<tr><th scope="row">${escapeMarkup(row.label)}${colouredDots([row.pretraining?.run, row.training?.run])}${network}</th>` +
    `${trainingCells(row.pretraining)}${trainingCells(row.training)}` +
    metric(formatSsim(ssim), 'start') +
    metric(formatPsnr(psnr)) +
    metric(formatNmse(nmse)) +
    metric(formatSsim(foreground.ssim)) +
    number(row.totalSeconds > 0 ? formatDuration(row.totalSeconds) : NONE, 'start') +
    `${number(formatShare(row.totalSeconds, baselineSeconds(report)))}</tr>`
  )
}

function tableOne(report: Report): string {
  const heads = (names: readonly string[]) =>
    names.map((name, index) => `<th scope="col" class="number ${index === 0 ? 'start' : ''}">${name}</th>`).join('')
  return (
    '<div class="scroll"><table class="wide"><thead>' +
    `<tr><td></td>${groupHead('Pre-training', 4)}${groupHead('Training', 4)}${groupHead('Test volumes', 4)}${groupHead('Time', 2)}</tr>` +
    `<tr><th scope="col">Reconstruction</th>${heads(['Epochs', 'Steps', 'Time', 'SSL loss'])}` +
    `${heads(['Epochs', 'Steps', 'Time', 'Loss'])}${heads(['SSIM', 'PSNR,&nbsp;dB', 'NMSE', 'Foreground SSIM'])}${heads(['Total', 'of the baseline'])}</tr>` +
    `</thead><tbody>${report.rows.map(row => tableRow(report, row)).join('')}</tbody></table></div>`
  )
}

/** Every finished training of the report, once, in the order of the rows. */
function trainings(report: Report): { readonly name: string; readonly training: TrainingSummary }[] {
  const all = report.rows.flatMap(({ label, pretraining, training }) => [
    ...(pretraining ? [{ name: `${pretraining.method} pre-training`, training: pretraining }] : []),
    ...(training ? [{ name: label, training }] : []),
  ])
  return all.filter(({ training }, index) => all.findIndex(other => other.training.run === training.run) === index)
}

/** A word of a POSIX shell's command line. */
function shellWord(text: string): string {
  return /^[\w./:@%+=-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}

function reproduction(report: Report): string {
  const runs = report.rows.flatMap(row => (row.training ? [row.training.run] : []))
  const commands = runs.map(
    run => `npm run -s self-mri -- evaluate --study ${shellWord(report.study)} --run ${shellWord(run)}`,
  )
  return `<pre>${commands.map(escapeMarkup).join('\n')}</pre>`
}

/** The whole page; `figureSvg` is the comparison figure as `comparisonSvg` draws it. */
export function reportPage(report: Report, figureSvg: string): string {
  const protocol = [
    ...protocolParts(report.protocol),
    ['Seed', String(report.seed)] as const,
    ['Device', report.device] as const,
  ]
  const checkpoints = trainings(report).map(({ name, training }) => ({
    head: escapeMarkup(name) + colouredDots([training.run]),
    training,
  }))
  return htmlDocument(
    `${report.study}: reconstruction report`,
    `<h1>${escapeMarkup(report.study)}${report.synthetic ? badge('SYNTHETIC') : ''}</h1>
<p class="secondary">Reconstruction report. Seed ${report.seed}, ${escapeMarkup(report.device)}. ${RESEARCH_ONLY}</p>
<figure class="scroll">${figureSvg}</figure>
<h2>Table 1. What pre-training changes</h2>
${tableOne(report)}
<p>${escapeMarkup(volumesSentence(report))}</p>
<p class="secondary">Times are of training steps, each with the reading and augmenting of its batch; validation and preparation are shown on hover and are not in the total.</p>
<h2>Protocol</h2>
${definitions(protocol)}
<h2>Scores of each test volume</h2>
${report.rows.map(volumeDetails).join('\n')}
<h2>Split</h2>
${splitLists(report.split)}
<h2>Checkpoints</h2>
${checkpointTable(checkpoints)}
<h2>To reproduce the scores</h2>
${reproduction(report)}`,
    report.remarks,
  )
}
