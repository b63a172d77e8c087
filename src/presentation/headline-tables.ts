/** Table 1 of a reproduction, and its rows by other measures. */

import { ORIGINAL_BASELINE, ORIGINAL_ROWS } from '../contract/original.ts'
import type { ReproductionReport, ReproductionRow } from '../contract/reproduction.ts'
import { trainedOnInWords } from '../contract/trained-on.ts'
import { classicalNotes, foregroundColumns, hasClassical } from './classical.ts'
import {
  inWords,
  leadingColumns,
  lineParts,
  lineRow,
  metricColumn,
  STEPS_TITLE,
  spreadCell,
  timeColumns,
} from './columns.ts'
import { type Group, groupFinder, groupsOf, type Line, linesOf, ownLoss, plannedRows, termNotes } from './lines.ts'
import { count, formatCount, formatDuration, formatLoss, NONE } from './numbers.ts'
import { protocolSentence } from './protocol.ts'
import { meanOf } from './statistics.ts'
import { type Cell, type Column, type Table, tableOf } from './table.ts'
import { timeNotes } from './time-notes.ts'

type Part = 'pretraining' | 'training'

/** The run of one training. Several trainings have no run. */
const runOf = (rows: readonly ReproductionRow[], of: Part): Pick<Cell, 'run'> =>
  rows.length === 1 && rows[0][of] ? { run: rows[0][of].run } : {}

/** The devices of a training, for a line with one training or with several. */
function trainedWhere(rows: readonly ReproductionRow[], of: Part): Pick<Cell, 'hover'> {
  const devices = rows.flatMap(row => row[of]?.trainedOn ?? [])
  return devices.length > 0 ? { hover: `Trained with ${trainedOnInWords(devices)}.` } : {}
}

function trainedSo(rows: readonly ReproductionRow[], of: Part): Pick<Cell, 'hover'> {
  const training = rows.find(row => row[of])?.[of]
  if (!training) return {}
  return {
    hover: `${count(training.steps, 'step')}, batch ${training.batch}. Settings: ${inWords(training.settings)}.`,
  }
}

const trainingColumns = (group: string, prefix: string, lossName: string, of: Part): Column<Line>[] => [
  {
    group,
    name: 'Time',
    short: `${prefix} time`,
    title: STEPS_TITLE,
    fact: text => text,
    cell: ({ rows }) => ({
      ...spreadCell(
        rows.map(row => row[of]?.seconds.steps),
        formatDuration,
      ),
      ...runOf(rows, of),
      ...trainedWhere(rows, of),
    }),
  },
  {
    group,
    name: 'Epochs',
    short: `${prefix} epochs`,
    title: 'Epochs that were trained.',
    fact: text => `${text} epochs`,
    cell: ({ rows }) => ({
      text: formatCount(meanOf(rows.map(row => row[of]?.epochs))),
      ...trainedSo(rows, of),
    }),
  },
  {
    group,
    name: lossName,
    short: lossName === 'Loss' ? `${prefix} loss` : lossName,
    title: 'Mean training loss of the last epoch; chance is the loss of a network that has learned nothing.',
    fact: text => `loss ${text}`,
    cell: ({ rows }) => {
      const chance = meanOf(rows.map(row => row[of]?.chanceLoss))
      const own = rows.map(row => row[of] && ownLoss(row[of]))
      const whole = rows.some((row, i) => row[of] && own[i] === null)
      return spreadCell(
        whole ? rows.map(row => row[of]?.loss) : own,
        formatLoss,
        whole ? ['with the reconstruction term'] : chance === null ? [] : [`chance ${formatLoss(chance)}`],
      )
    },
  },
]

/** The original work's numbers for a method. The numbers of its baseline stand beside the U-Net's baseline. */
const originalColumn: Column<Line> = {
  group: '',
  name: 'The original work’s',
  short: 'The original work’s',
  title:
    'As printed in the original work, by its own protocol. ' +
    'The notes below say what is known and what is inferred of that protocol.',
  words: true,
  aside: true,
  cell: ({ kind, method, network }) => {
    const baseline = kind === 'baseline' && network === 'unet' ? ORIGINAL_BASELINE : undefined
    const original = kind === 'fine-tuned' ? ORIGINAL_ROWS.find(row => row.method && row.method === method) : baseline
    const facts = [
      original?.sslLoss && `SSL loss ${original.sslLoss}`,
      original?.ssim && `SSIM ${original.ssim}`,
      original?.psnr && `PSNR ${original.psnr}`,
      original?.nmse && `NMSE ${original.nmse}`,
      original?.saving && `${original.saving} less time`,
    ].filter(fact => fact != null)
    return { text: facts[0] ?? NONE, notes: facts.slice(1) }
  },
}

function spreadNote(report: ReproductionReport): string {
  const [{ seeds }, { length }] = [report.request, report.folds]
  if (plannedRows(report) === 1) return 'One seed and one split: no spread over trainings can be given.'
  const splits = length > 1 ? `${length} left-out patients in turn` : 'one split'
  const trainings = `${seeds === 1 ? 'one seed' : `${seeds} seeds`}, ${splits}`
  const patients =
    length > 1 ? ' It includes differences between patients, so methods are compared pair by pair, as gains.' : ''
  return `± is the standard deviation over n trainings (${trainings}).${patients}`
}

/** Each method with its controls, the baseline last. */
const headlineSections = (groups: readonly Group[]) =>
  groups.map(group => {
    const headline = linesOf(group, 'fine-tuned', 'control', 'control of equal time')
    const methods = [...new Set(headline.map(({ method }) => method))]
    const byMethod = methods.flatMap(method => headline.filter(line => line.method === method))
    const untrained = linesOf(group, 'zero-filled', 'classical')
    return { name: group.name, items: [...untrained, ...byMethod, ...linesOf(group, 'baseline')] }
  })

export function tableOne(report: ReproductionReport): Table | null {
  const groups = groupsOf(report)
  const groupOf = groupFinder(groups)
  return tableOf({
    title: 'Table 1. What pre-training changes',
    head: 'Reconstruction',
    columns: [
      ...trainingColumns('Pre-training', 'PT', 'SSL loss', 'pretraining'),
      ...trainingColumns('Training', 'FT', 'Loss', 'training'),
      ...leadingColumns(report),
      ...(hasClassical(report) ? foregroundColumns(report) : []),
      ...timeColumns(groupOf),
      // The foreground columns need its room. The original work's numbers also have their own table.
      ...(hasClassical(report) ? [] : [originalColumn]),
    ],
    sections: headlineSections(groups),
    row: lineRow(report),
    parts: lineParts(report),
    notes: [
      spreadNote(report),
      ...termNotes(report),
      'Times are of training steps, batches included, without validation. Percentages are of the baseline’s total. ' +
        'The time to the baseline’s SSIM ends at the first validation that reaches the best validation SSIM of the ' +
        'baseline of the same network, seed and patients.',
      ...timeNotes(groups),
    ],
    protocol: [...classicalNotes(report), protocolSentence(report.protocol)],
  })
}

const SLICE_WISE =
  'Slice-wise: the mean over slices of each slice’s PSNR and NMSE, PSNR by the slice’s maximum, as fastMRI ' +
  'aggregated before March 2021. The masks are the leading protocol’s.'

export function tableTwo(report: ReproductionReport): Table | null {
  const { protocol, rows, origin } = report
  const draws = rows.find(row => row.manyMasks)?.manyMasks?.draws
  const many = draws
    ? protocolSentence({ ...protocol, maskSeed: 'seeded draws', maskDraws: draws })
    : 'Mean over masks of many seeds.'
  const noiseFree = protocolSentence({ ...protocol, reference: 'reconstruction_noise_free' })
  const manyGroup = `Mean over ${draws ?? 'many'} masks, ± SD over them`
  const manyColumn = (metric: 'ssim' | 'psnr' | 'nmse', short: string): Column<Line> => {
    const column = metricColumn(metric, manyGroup, many, row => row.manyMasks?.mean ?? null, short)
    const deviation = metricColumn(metric, '', '', row => row.manyMasks?.sd ?? null)
    return {
      ...column,
      cell: line => {
        const sd = deviation.cell(line).text
        return { text: column.cell(line).text, ...(sd !== NONE && { spread: `± ${sd}` }) }
      },
    }
  }
  const main = protocolSentence(protocol)
  const groups = groupsOf(report)
  return tableOf({
    title: 'Table 2. The same rows by other measures',
    head: 'Reconstruction',
    columns: [
      ...foregroundColumns(report),
      ...(report.request.demo
        ? []
        : [
            manyColumn('ssim', `SSIM ${draws ?? 'many'} masks`),
            manyColumn('psnr', `PSNR ${draws ?? 'many'} masks`),
            manyColumn('nmse', `NMSE ${draws ?? 'many'} masks`),
          ]),
      metricColumn('psnr', 'Slice-wise (older)', `${SLICE_WISE} ${main}`, row => row.sliceWise, 'PSNR slices'),
      metricColumn('nmse', 'Slice-wise (older)', `${SLICE_WISE} ${main}`, row => row.sliceWise, 'NMSE slices'),
      ...(origin === 'synthetic' || rows.some(row => row.noiseFree)
        ? [metricColumn('ssim', 'Noise-free truth', noiseFree, row => row.noiseFree, 'SSIM noise-free')]
        : []),
      {
        ...metricColumn('ssim', 'Pre-trained output', `Before any fine-tuning, in arbitrary units. ${main}`, row =>
          row.pretrainedSsim === null ? null : { ssim: row.pretrainedSsim },
        ),
        short: 'SSIM of PT',
      },
    ],
    sections: headlineSections(groups),
    row: lineRow(report),
    parts: lineParts(report),
    notes: [
      report.request.demo
        ? 'Foreground: air is left out.'
        : 'Foreground: air is left out. Masks of many seeds: the mean and ± the standard deviation over these masks ' +
          '(the standard deviation is averaged over trainings).',
      SLICE_WISE,
      'The pre-trained output is scored before any fine-tuning. It is in arbitrary units.',
    ],
    protocol: [...classicalNotes(report), main, ...(draws ? [`Of the masks of many seeds: ${many}`] : [])],
  })
}
