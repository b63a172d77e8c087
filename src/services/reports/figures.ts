/** The figures of a report as SVGs: Figures 1 to 3 as in the original work, gains, few labels, milestones. */
import type { ReproductionReport } from '../../contract/reproduction.ts'
import { termNotes } from '../../presentation/lines.ts'
import { protocolSentence } from '../../presentation/protocol.ts'
import { lossPanels, ssimPanels } from './curves.ts'
import { type Comparison, comparisonSvg } from './figure.ts'
import { gainFigure, networkFigure } from './gain-figure.ts'
import { imagesFigure, type ReportImages } from './images.ts'
import { type Box, drawPanel, type Panel } from './plot.ts'
import { fewLabelPanels, milestonePanels } from './points.ts'
import { type Sheet, sheet } from './sheet.ts'

/** Names of all figures. The number is the place in this list. */
export const REPORT_FIGURES = [
  'figure-1-pre-training-loss',
  'figure-2-fine-tuning-ssim',
  'figure-3-images',
  'figure-4-gains',
  'figure-5-few-labels',
  'figure-6-milestones',
  'figure-7-networks',
] as const

export interface ReportFigure {
  /** Stem of the file's name. */
  readonly name: (typeof REPORT_FIGURES)[number]
  readonly title: string
  readonly svg: string
}

const SHEET: Sheet = { width: 1152, margin: 26, size: 13 }

/** Panels in rows, as wide as the sheet allows. */
function drawGrid(rows: readonly (readonly Panel[])[], columns: number, height: number, top: number) {
  const { width, margin, size } = SHEET
  const gap = 1.5 * size
  const across = Math.min((width - 2 * margin - gap * (columns - 1)) / columns, 720)
  const boxOf = (row: number, column: number): Box => ({
    left: margin + column * (across + gap),
    top: top + row * (height + gap),
    width: across,
    height,
    size,
  })
  return {
    svg: rows
      .map((panels, row) => panels.map((panel, column) => drawPanel(panel, boxOf(row, column))).join(''))
      .join(''),
    bottom: top + rows.length * (height + gap) + size,
  }
}

const inRows = (panels: readonly Panel[], columns: number): Panel[][] =>
  Array.from({ length: Math.ceil(panels.length / columns) }, (_, row) =>
    panels.slice(row * columns, (row + 1) * columns),
  )

const PANEL_HEIGHT = 240

/** Draws Figure 3. The demonstration has one row of panes. */
const drawImages = (report: ReproductionReport, images: ReportImages | Comparison): string =>
  'panes' in images ? comparisonSvg(images) : imagesFigure(report, images)

/** All figures with something to draw. Figure 3 only if images are given. */
export function reportFigures(report: ReproductionReport, images: ReportImages | Comparison | null): ReportFigure[] {
  const foot = [protocolSentence(report.protocol), ...(report.complete ? [] : ['Incomplete: rows are missing.'])]
  const figure = (
    name: ReportFigure['name'],
    title: string,
    caption: string,
    panels: readonly (readonly Panel[])[],
    columns = Math.max(0, ...panels.map(row => row.length)),
    notes = foot,
  ): ReportFigure[] => {
    if (panels.flat().every(({ series }) => series.every(({ points }) => points.length === 0))) return []
    const whole = `Figure ${REPORT_FIGURES.indexOf(name) + 1}. ${title}`
    const titled = { title: `${report.study}. ${whole}`, caption, origin: report.origin }
    const svg = sheet(titled, SHEET, top => drawGrid(panels, columns, PANEL_HEIGHT, top), notes)
    return [{ name, title: whole, svg }]
  }
  const small = (panels: readonly Panel[]) => inRows(panels, panels.length === 4 ? 2 : 3)
  const gains = gainFigure(report, SHEET, foot)
  const networks = networkFigure(report, SHEET, foot)
  return [
    ...figure(
      'figure-1-pre-training-loss',
      'Loss of the pre-training',
      'Loss per epoch. Each method has its own scale. Thin lines are trainings, thick lines their mean. ' +
        'Dotted: loss on held-out patients. Dashed: loss of a network that has learned nothing.' +
        termNotes(report)
          .map(note => ` ${note}`)
          .join(''),
      small(lossPanels(report)),
      undefined,
      report.complete ? [] : ['Incomplete: rows are missing.'],
    ),
    ...figure(
      'figure-2-fine-tuning-ssim',
      'SSIM on validation patients while training with ground truth',
      'Left by epoch, right by total time with pre-training. Means over trainings with equal seeds and patients. ' +
        'The low SSIM of the first epochs is cut off. The control is the same fine-tuning without pre-training. ' +
        'The dashed line is the mean of the baseline’s best SSIM.',
      ssimPanels(report),
    ),
    ...(images
      ? [{ name: 'figure-3-images', title: 'Figure 3. Images', svg: drawImages(report, images) } as const]
      : []),
    ...(gains ? [{ name: 'figure-4-gains', title: 'Figure 4. Gains in SSIM', svg: gains } as const] : []),
    ...figure(
      'figure-5-few-labels',
      'Few labels: SSIM on test patients by the number of patients with ground truth',
      'Points are means. Whiskers are the standard deviation over trainings, differences of patients included.',
      small(fewLabelPanels(report)),
    ),
    ...figure(
      'figure-6-milestones',
      'SSIM on test patients, fine-tuned from earlier epochs of the pre-training',
      'Points are means. Whiskers are the standard deviation over trainings, differences of patients included.',
      small(milestonePanels(report)),
    ),
    ...(networks
      ? [{ name: 'figure-7-networks', title: 'Figure 7. Gains of the networks', svg: networks } as const]
      : []),
  ]
}
