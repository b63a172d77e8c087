/** What the pretexts learned, and the original work's own numbers. */

import { ORIGINAL_ROWS, type OriginalRow } from '../contract/original.ts'
import type { ReproductionReport } from '../contract/reproduction.ts'
import { HELD_OUT_CHANCE } from '../contract/runs.ts'
import { inWords, lineParts, sectionsOf } from './columns.ts'
import { groupsOf, type Line, ownLoss, termNotes } from './lines.ts'
import { formatCount, formatLoss, NONE } from './numbers.ts'
import { meanOf } from './statistics.ts'
import { plain, type Table, tableOf } from './table.ts'

/** The last figures on held-out patients, averaged over trainings. */
function meanFigures({ rows }: Line): Record<string, number> {
  const names = new Set(rows.flatMap(({ pretraining }) => Object.keys(pretraining?.figures ?? {})))
  return Object.fromEntries(
    [...names].map(name => [name, meanOf(rows.map(({ pretraining }) => pretraining?.figures[name])) ?? Number.NaN]),
  )
}

/** Whether the pretexts learned anything: loss against chance, figures on held-out patients. */
export function pretextTable(report: ReproductionReport): Table | null {
  const groups = groupsOf(report)
  const title = 'Pre-training at its last epoch, averaged over trainings.'
  const mean = (name: string, of: (line: Line) => readonly (number | null | undefined)[], format = formatLoss) =>
    plain<Line>(name, title, line => format(meanOf(of(line))))
  return tableOf<Line>({
    title: 'What the pretexts learned',
    head: 'Method',
    columns: [
      mean('Batch', ({ rows }) => rows.map(row => row.pretraining?.batch), formatCount),
      mean('Steps', ({ rows }) => rows.map(row => row.pretraining?.steps), formatCount),
      mean('Loss', ({ rows }) => rows.map(row => row.pretraining && ownLoss(row.pretraining))),
      mean('Chance', ({ rows }) => rows.map(row => row.pretraining?.chanceLoss)),
      mean('Held-out loss', ({ rows }) =>
        rows.map(
          row => row.pretraining?.curve.findLast(({ validationLoss }) => validationLoss !== null)?.validationLoss,
        ),
      ),
      mean('Held-out chance', ({ rows }) =>
        rows.map(
          row => row.pretraining?.curve.findLast(({ extra }) => HELD_OUT_CHANCE in extra)?.extra[HELD_OUT_CHANCE],
        ),
      ),
      plain('Held-out figures', title, line => inWords(meanFigures(line)), true),
      plain('Settings', title, ({ rows }) => inWords(rows[0].pretraining?.settings ?? {}), true),
    ],
    sections: sectionsOf(groups, 'fine-tuned'),
    row: line => ({ label: line.name, note: null, method: line.method }),
    parts: lineParts(report),
    notes: ['A loss at its chance level belongs to a network that tells nothing apart.', ...termNotes(report)],
    protocol: [],
  })
}

export function originalTable(): Table {
  const column = (name: string, of: (row: OriginalRow) => string | null, words = false) =>
    plain<OriginalRow>(
      name,
      'As printed in the original work. Its protocol is not known in full.',
      row => of(row) ?? NONE,
      words,
    )
  return tableOf<OriginalRow>({
    title: 'The original work’s numbers, as far as they are known here',
    head: 'Row',
    columns: [
      column('Network', row => row.network, true),
      column('Epochs', row => row.epochs, true),
      column('SSL loss', row => row.sslLoss),
      column('Chance', row => row.chance, true),
      column('SSIM', row => row.ssim),
      column('PSNR, dB', row => row.psnr),
      column('NMSE', row => row.nmse),
      column('Less total time', row => row.saving),
    ],
    sections: [{ name: null, items: ORIGINAL_ROWS }],
    row: ({ label, method }) => ({ label, method, note: null }),
    notes: [`${NONE}: not known here.`],
    protocol: [],
  })!
}
