/**
 * The comparison figure: the image of each pane above its error map. All panes in signal units share one window.
 * All error maps share one scale. Panes are not normalised separately, so that a better image also looks better.
 */
import { AppError } from '../../contract/errors.ts'
import type { Protocol } from '../../contract/evaluation.ts'
import { runColour } from '../../presentation/colours.ts'
import { protocolSentence } from '../../presentation/protocol.ts'
import { colourBar, exponentOf, fit, LINE, paragraph, SECONDARY, text } from './drawing.ts'
import { errorPicture, imagePicture, type Layout, layOut, metricsBlock, type Pane, type Scales } from './pane.ts'
import { COLOURS } from './pixels.ts'
import { sheet, type Titled } from './sheet.ts'

interface Frame extends Titled, Scales {
  readonly protocol: Protocol
  readonly remarks: readonly string[]
}

export interface Comparison extends Frame {
  /** In this order: input, pre-trained, fine-tuned, control, baseline, truth. */
  readonly panes: readonly Pane[]
}

/** Size of a pane over text size. Independent of the matrix, so that text is equally legible in all figures. */
const PANE_OVER_TEXT = 16

/** The power of ten that all colour bars share. */
function sharedExponent({ window, errorMaximum }: Scales): number {
  return exponentOf(Math.max(Math.abs(window[0]), Math.abs(window[1]), errorMaximum))
}

function checkShapes([height, width]: readonly [number, number], panes: readonly Pane[]): void {
  for (const { title, image, error } of panes)
    for (const pixels of error ? [image, error] : [image])
      if (pixels.length !== height * width)
        throw new AppError(
          'SHAPE_MISMATCH',
          `Expected ${height} × ${width} pixels, got ${pixels.length}, in the pane "${title}" of the figure; ` +
            'reconstruct all panes to the ground truth’s size',
        )
}

/** A row of panes from y `top` on: images, and below them error maps if a pane has an error map. */
function paneRow(
  panes: readonly Pane[],
  top: number,
  scales: Scales,
  layout: Layout,
): { readonly svg: string; readonly bottom: number } {
  const { size, cell, gap, margin, image, barX } = layout
  const titles = panes.map(pane => fit(pane.title, cell, 1.1 * size, true))
  const titleLines = Math.max(1, ...titles.map(lines => lines.length))
  const runLine = panes.some(pane => pane.run) ? 1.5 * size : 0
  const runY = top + 2 * size + (titleLines - 1) * 1.54 * size + runLine
  const imageY = runY + 0.9 * size
  const metricsY = imageY + image.height + 1.5 * size
  const errorY = metricsY + 2.6 * size
  const hasErrors = panes.some(pane => pane.error)

  const drawn = panes.map((pane, index) => {
    const x = margin + index * (cell + gap)
    const colour = pane.colour ?? (pane.run ? runColour(pane.run) : LINE)
    return (
      `<rect x="${x}" y="${top}" width="${image.width}" height="${0.2 * size}" fill="${colour}"/>` +
      paragraph(x, top + 2 * size, 1.1 * size, titles[index], { bold: true }) +
      (pane.run ? text(x, runY, 0.9 * size, `run ${pane.run}`, { fill: SECONDARY }) : '') +
      imagePicture(pane, x, imageY, scales, layout) +
      metricsBlock(pane, x, metricsY, layout) +
      (hasErrors ? errorPicture(pane, x, errorY, scales, layout) : '')
    )
  })
  const exponent = sharedExponent(scales)
  if (panes.some(pane => pane.units === 'signal'))
    drawn.push(
      colourBar(barX, imageY, image.height, size, {
        name: 'signal',
        range: scales.window,
        exponent,
        clipsBelow: true,
        colourAt: COLOURS.grey,
      }),
    )
  if (hasErrors)
    drawn.push(
      colourBar(barX, errorY, image.height, size, {
        name: '|error|',
        range: [0, scales.errorMaximum],
        exponent,
        clipsBelow: false,
        colourAt: COLOURS.inferno,
      }),
    )
  return { svg: drawn.join(''), bottom: hasErrors ? errorY + image.height + 2.4 * size : errorY + 1.2 * size }
}

/** Rows of panes as one SVG. */
export function panesSvg(frame: Frame, rows: readonly (readonly Pane[])[], paneOverText: number): string {
  checkShapes(frame.shape, rows.flat())
  const layout = layOut(frame.shape, Math.max(...rows.map(panes => panes.length)), paneOverText)
  const body = (top: number) =>
    rows.reduce(
      ({ svg, bottom }, panes) => {
        const row = paneRow(panes, bottom, frame, layout)
        return { svg: svg + row.svg, bottom: row.bottom }
      },
      { svg: '', bottom: top },
    )
  return sheet(frame, layout, body, [
    'The numbers below an image refer to the whole volume of the slice, over the slices of the protocol.',
    protocolSentence(frame.protocol),
    ...frame.remarks,
  ])
}

/** The comparison as one SVG without external parts. */
export const comparisonSvg = (comparison: Comparison): string =>
  panesSvg(comparison, [comparison.panes], PANE_OVER_TEXT)
