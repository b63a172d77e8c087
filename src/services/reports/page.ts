/** The report as one HTML file: no script, nothing fetched, readable in twenty years. */
import type { Metrics, VolumeScore } from '../../contract/evaluation.ts'
import type { Report, ReportRow, TrainingSummary } from '../../contract/report.ts'
import { runColours } from './colour.ts'
import {
  baselineSeconds,
  escapeMarkup,
  formatAcceleration,
  formatCount,
  formatDuration,
  formatLoss,
  formatNmse,
  formatPsnr,
  formatShare,
  formatSsim,
  NONE,
  protocolParts,
  protocolSentence,
  RESEARCH_ONLY,
  volumesSentence,
} from './format.ts'
import { STYLE } from './style.ts'

type Colours = ReadonlyMap<string, string>

const number = (content: string, className = ''): string =>
  `<td class="number ${className}">${escapeMarkup(content)}</td>`

function colouredDots(runs: readonly (string | undefined)[], colours: Colours): string {
  const dots = runs
    .filter(run => run !== undefined)
    .map(run => `<span class="dot" title="run ${escapeMarkup(run)}" style="background:${colours.get(run)}"></span>`)
  return dots.length === 0 ? '' : ` ${dots.join('')}`
}

function timeCell({ seconds }: TrainingSummary): string {
  const spent = `steps ${formatDuration(seconds.steps)}, validation ${formatDuration(seconds.validation)}, preparation ${formatDuration(seconds.preparation)}`
  return `<td class="number" title="${escapeMarkup(spent)}">${formatDuration(seconds.steps)}</td>`
}

/** Epochs, steps, time and loss of one training: four cells. */
function trainingCells(training: TrainingSummary | null): string {
  if (!training) return number(NONE, 'start') + number(NONE) + number(NONE) + number(NONE)
  const chance = training.chanceLoss === null ? '' : `<small>chance ${formatLoss(training.chanceLoss)}</small>`
  return (
    number(formatCount(training.epochs), 'start') +
    number(formatCount(training.steps)) +
    timeCell(training) +
    `<td class="number">${formatLoss(training.loss)}${chance}</td>`
  )
}

function tableRow(report: Report, row: ReportRow, colours: Colours): string {
  const channels = row.channels === null ? '' : `, ${formatCount(row.channels)} channels`
  const network = row.network === null ? '' : `<small>${escapeMarkup(row.network)}${channels}</small>`
  const protocol = escapeMarkup(protocolSentence(report.protocol))
  const metric = (value: string, className = '') =>
    `<td class="number value ${className}" title="${protocol}">${value}</td>`
  const { ssim, psnr, nmse, foreground } = row.metrics
  return (
    `<tr><th scope="row">${escapeMarkup(row.label)}${colouredDots([row.pretraining?.run, row.training?.run], colours)}${network}</th>` +
    `${trainingCells(row.pretraining)}${trainingCells(row.training)}` +
    metric(formatSsim(ssim), 'start') +
    metric(formatPsnr(psnr)) +
    metric(formatNmse(nmse)) +
    metric(formatSsim(foreground.ssim)) +
    number(row.totalSeconds > 0 ? formatDuration(row.totalSeconds) : NONE, 'start') +
    `${number(formatShare(row.totalSeconds, baselineSeconds(report)))}</tr>`
  )
}

function tableOne(report: Report, colours: Colours): string {
  const heads = (names: readonly string[]) =>
    names.map((name, index) => `<th scope="col" class="number ${index === 0 ? 'start' : ''}">${name}</th>`).join('')
  const group = (name: string, span: number) =>
    `<th scope="colgroup" colspan="${span}" class="group start">${name}</th>`
  return (
    '<div class="scroll"><table class="wide"><thead>' +
    `<tr><td></td>${group('Pre-training', 4)}${group('Training', 4)}${group('Test volumes', 4)}${group('Time', 2)}</tr>` +
    `<tr><th scope="col">Reconstruction</th>${heads(['Epochs', 'Steps', 'Time', 'SSL loss'])}` +
    `${heads(['Epochs', 'Steps', 'Time', 'Loss'])}${heads(['SSIM', 'PSNR,&nbsp;dB', 'NMSE', 'Foreground SSIM'])}${heads(['Total', 'of the baseline'])}</tr>` +
    `</thead><tbody>${report.rows.map(row => tableRow(report, row, colours)).join('')}</tbody></table></div>`
  )
}

/** A score with its standard deviation over the mask draws, where there was more than one. */
function withSd(value: string, sd: string | undefined): string {
  return sd === undefined ? value : `${value} ± ${sd}`
}

function metricCells({ ssim, psnr, nmse }: Metrics, sd?: Metrics): string {
  return (
    number(withSd(formatSsim(ssim), sd && formatSsim(sd.ssim)), 'start') +
    number(withSd(formatPsnr(psnr), sd && formatPsnr(sd.psnr))) +
    number(withSd(formatNmse(nmse), sd && formatNmse(sd.nmse)))
  )
}

function volumeRow(volume: VolumeScore): string {
  const acceleration = withSd(
    formatAcceleration(volume.acceleration),
    volume.sd && formatAcceleration(volume.sd.acceleration),
  )
  return (
    `<tr><td title="${escapeMarkup(volume.path)}">${escapeMarkup(volume.file)}${volume.synthetic ? ' (synthetic)' : ''}</td>` +
    `<td>${escapeMarkup(volume.acquisition ?? NONE)}</td>${number(formatCount(volume.slices))}<td>${volume.sampling}</td>` +
    `${number(acceleration)}${metricCells(volume, volume.sd)}${metricCells(volume.foreground)}</tr>`
  )
}

/** The row's score of every test volume, folded away. */
function volumeDetails(row: ReportRow): string {
  const heads = [
    'Slices',
    'Sampling',
    'Acceleration',
    'SSIM',
    'PSNR, dB',
    'NMSE',
    'Foreground SSIM',
    'PSNR, dB',
    'NMSE',
  ]
    .map(name => `<th scope="col"${name === 'Sampling' ? '' : ' class="number"'}>${name}</th>`)
    .join('')
  return (
    `<details><summary>${escapeMarkup(row.label)}: ${row.volumes.length} ${row.volumes.length === 1 ? 'volume' : 'volumes'}</summary>` +
    `<div class="scroll"><table><thead><tr><th scope="col">File</th><th scope="col">Acquisition</th>${heads}</tr></thead>` +
    `<tbody>${row.volumes.map(volumeRow).join('')}</tbody></table></div></details>`
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

function checkpointTable(report: Report, colours: Colours): string {
  const rows = trainings(report).map(
    ({ name, training }) =>
      `<tr><th scope="row">${escapeMarkup(name)}${colouredDots([training.run], colours)}</th><td><code>${escapeMarkup(training.run)}</code></td>` +
      `${number(formatCount(training.batch))}${number(formatCount(training.bestEpoch))}${number(formatLoss(training.validationLoss))}` +
      `<td class="start"><code class="path">${escapeMarkup(training.checkpoint.path)}</code></td><td><code class="hash">${escapeMarkup(training.checkpoint.sha256)}</code></td></tr>`,
  )
  return (
    '<div class="scroll"><table class="wide"><thead><tr><th scope="col">Training</th><th scope="col">Run</th>' +
    '<th scope="col" class="number">Batch</th><th scope="col" class="number">Epoch kept</th><th scope="col" class="number">Validation loss</th>' +
    `<th scope="col" class="start">Checkpoint</th><th scope="col">SHA-256</th></tr></thead><tbody>${rows.join('')}</tbody></table></div>`
  )
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

function splitLists({ split }: Report): string {
  const lists = (['train', 'val', 'test'] as const).map(role => {
    const files = split[role].map(file => `<li>${escapeMarkup(file)}</li>`).join('')
    const name = { train: 'Training', val: 'Validation', test: 'Test' }[role]
    return `<div><h3>${name}, ${split[role].length} ${split[role].length === 1 ? 'volume' : 'volumes'}</h3>${files ? `<ul>${files}</ul>` : NONE}</div>`
  })
  return `<div class="split">${lists.join('')}</div>`
}

function protocolList(report: Report): string {
  const parts = [...protocolParts(report.protocol), ['Seed', String(report.seed)], ['Device', report.device]]
  return `<dl>${parts.map(([name, value]) => `<dt>${name}</dt><dd>${escapeMarkup(value)}</dd>`).join('')}</dl>`
}

/** The whole page; `figureSvg` is the comparison figure as `comparisonSvg` draws it. */
export function reportPage(report: Report, figureSvg: string): string {
  const colours = runColours(report.rows.flatMap(row => [row.pretraining?.run, row.training?.run]))
  const badge = report.synthetic ? '<span class="badge">SYNTHETIC</span>' : ''
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<title>${escapeMarkup(report.study)}: reconstruction report</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>${escapeMarkup(report.study)}${badge}</h1>
<p class="secondary">Reconstruction report. Seed ${report.seed}, ${escapeMarkup(report.device)}. ${RESEARCH_ONLY}</p>
<figure class="scroll">${figureSvg}</figure>
<h2>Table 1. What pre-training changes</h2>
${tableOne(report, colours)}
<p>${escapeMarkup(volumesSentence(report))}</p>
<p class="secondary">Times are of training steps, each with the reading and augmenting of its batch; validation and preparation are shown on hover and are not in the total.</p>
<h2>Protocol</h2>
${protocolList(report)}
<h2>Scores of each test volume</h2>
${report.rows.map(volumeDetails).join('\n')}
<h2>Split</h2>
${splitLists(report)}
<h2>Checkpoints</h2>
${checkpointTable(report, colours)}
<h2>To reproduce the scores</h2>
${reproduction(report)}
<footer>
${report.remarks.map(remark => `<p class="secondary">${escapeMarkup(remark)}</p>`).join('\n')}
<p>${RESEARCH_ONLY}</p>
</footer>
</main>
</body>
</html>
`
}
