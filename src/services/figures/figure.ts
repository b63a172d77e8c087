/**
 * The viewer's comparison for print: rows of panes on white. Each image has its window of the screen. All error maps
 * share one scale, whose bar has numbers.
 */
import type { FigureRequest } from '../../contract/figure.ts'
import type { StudyVolume } from '../../contract/studies.ts'
import {
  COLOURS,
  colourBar,
  emptyCell,
  escapeMarkup,
  exponentOf,
  FONT_FAMILY,
  fit,
  numbersBlock,
  PRINT,
  paragraph,
  text,
} from '../reports/index.ts'
import { captionOf, lastLine } from './caption.ts'
import { barred, type Layout, layOut, placeOf, requireEveryPixel, rowsOf, shownPart } from './layout.ts'
import type { DrawnPane, Picture } from './panes.ts'
import { drawPicture } from './picture.ts'

const LABEL = 1.1
const CAPTION = 0.9
/** Height of a line of text, in text sizes. */
const LINE_HEIGHT = 1.4
/** Room for the name above a colour bar, in text sizes. */
const BAR_NAME = 3.1
/** Width of a frame's line, in text sizes. */
const STROKE = 0.1

interface Drawn {
  readonly svg: string
  /** y of the lower end. */
  readonly bottom: number
}

export interface Figure {
  /** Content of the SVG. The unit is a pixel of the PNG. */
  readonly svg: string
  readonly width: number
  readonly height: number
  readonly caption: string
}

function drawCell(main: Picture | string, x: number, y: number, layout: Layout, request: FigureRequest): string {
  const { cell, size } = layout
  if (typeof main === 'string') return emptyCell(x, y, { image: cell, size }, fit(main, cell.width, size), PRINT)
  const place = placeOf(shownPart(main, request.crop), x, y, layout)
  return drawPicture(main, place, request, STROKE * size)
}

function drawBar({ range, map, name, clips }: Picture, x: number, y: number, { cell, size }: Layout): string {
  return colourBar(
    x,
    y,
    cell.height,
    size,
    {
      name,
      range,
      exponent: exponentOf(Math.max(...range.map(Math.abs))),
      clipsBelow: clips[0],
      clipsAbove: clips[1],
      colourAt: COLOURS[map],
    },
    { ink: PRINT, stacked: true },
  )
}

/**
 * Colour bars of a row: one to the right of each picture, or one at the end of the row for all pictures.
 * A common bar marks clipping if the values of any picture are clipped.
 */
function drawBars(
  cells: readonly (Picture | string | null)[],
  y: number,
  layout: Layout,
  request: FigureRequest,
  each: boolean,
): string {
  const { margin, pitch, cell, size, columns, barEach } = layout
  const behind = (column: number) => margin + column * pitch + cell.width + Math.round(0.7 * size)
  const barsOf = cells.flatMap((picture, column) =>
    picture && typeof picture !== 'string' && barred(picture, request) ? [{ picture, column }] : [],
  )
  if (each) return barsOf.map(({ picture, column }) => drawBar(picture, behind(column), y, layout)).join('')
  const [first] = barsOf
  if (!first) return ''
  const alike = barsOf.map(({ picture }) => picture)
  const clips = [0, 1].map(end => alike.some(picture => picture.clips[end])) as [boolean, boolean]
  const last = barEach ? Math.max(...barsOf.map(({ column }) => column)) : columns - 1
  return drawBar({ ...first.picture, clips }, behind(last), y, layout)
}

/** y of the parts of a row that starts at y `top`, and y of its end. */
function placeRow(panes: readonly DrawnPane[], top: number, layout: Layout, request: FigureRequest) {
  const { size, cell, bar } = layout
  const labels = panes.map(({ label }) => (request.labels ? fit(label, cell.width, LABEL * size, true) : []))
  const labelRoom = Math.max(...labels.map(lines => lines.length)) * LINE_HEIGHT * LABEL * size + 0.35 * size
  const named = panes.some(({ main }) => typeof main !== 'string' && barred(main, request))
  const image = Math.round(top + Math.max(labelRoom, named ? BAR_NAME * size : 0))
  const imageEnd = image + cell.height
  const linesOf = ({ metrics, reason }: DrawnPane) => (metrics ? layout.numbers : reason ? 1 : 0)
  const lines = request.metrics ? Math.max(...panes.map(linesOf)) : 0
  const numbers = imageEnd + 1.3 * size
  const numbersEnd = lines > 0 ? numbers + (lines - 1) * LINE_HEIGHT * size + 0.45 * size : imageEnd
  // The name of the error maps' bar stands beside the numbers.
  const error = Math.round(Math.max(numbersEnd + 0.9 * size, imageEnd + (bar > 0 ? (BAR_NAME + 0.5) * size : 0)))
  const hasErrors = panes.some(pane => pane.error !== null)
  return { labels, image, numbers, hasNumbers: lines > 0, error, bottom: hasErrors ? error + cell.height : numbersEnd }
}

function numbersOf({ metrics, reason }: DrawnPane, x: number, y: number, { cell, size }: Layout): string {
  if (metrics) return numbersBlock(metrics, x, y, { cell: cell.width, size }, PRINT)
  return text(x, y, 0.85 * size, reason, { fill: PRINT.secondary })
}

/** Labels, images, numbers and error maps of one row, from y `top` on. */
function drawRow(panes: readonly DrawnPane[], top: number, layout: Layout, request: FigureRequest): Drawn {
  const { margin, size, pitch, barEach } = layout
  const y = placeRow(panes, top, layout, request)
  const drawn = panes.map((pane, column) => {
    const x = margin + column * pitch
    const label = y.labels[column]
    const firstLine = y.image - 0.6 * size - (label.length - 1) * LINE_HEIGHT * LABEL * size
    return (
      paragraph(x, firstLine, LABEL * size, label, { bold: true, fill: PRINT.text }) +
      drawCell(pane.main, x, y.image, layout, request) +
      (y.hasNumbers ? numbersOf(pane, x, y.numbers, layout) : '') +
      (pane.error === null ? '' : drawCell(pane.error, x, y.error, layout, request))
    )
  })
  const mains = panes.map(({ main }) => main)
  const errors = panes.map(({ error }) => error)
  const bars = drawBars(mains, y.image, layout, request, barEach) + drawBars(errors, y.error, layout, request, false)
  return { svg: drawn.join('') + bars, bottom: y.bottom }
}

export function drawFigure(volume: StudyVolume, panes: readonly DrawnPane[], request: FigureRequest): Figure {
  const layout = layOut(panes, request)
  if (request.format === 'png') requireEveryPixel(panes, layout, request)
  const { width, margin, size } = layout
  const rows = rowsOf(panes, layout.columns).reduce<Drawn>(
    ({ svg, bottom }, row, index) => {
      const next = drawRow(row, bottom + (index === 0 ? 0 : 1.2 * size), layout, request)
      return { svg: svg + next.svg, bottom: next.bottom }
    },
    { svg: '', bottom: margin },
  )
  const caption = captionOf(volume, request, panes)
  const lines = fit(caption, width - 2 * margin, CAPTION * size)
  const captionY = rows.bottom + 1.9 * size
  const lastY = captionY + lines.length * LINE_HEIGHT * CAPTION * size
  const height = Math.ceil(lastY + 0.4 * size + margin)
  const content =
    `<rect width="${width}" height="${height}" fill="${PRINT.ground}"/>` +
    rows.svg +
    paragraph(margin, captionY, CAPTION * size, lines, { fill: PRINT.text }) +
    text(margin, lastY, CAPTION * size, lastLine(volume), { fill: PRINT.text, bold: true })
  return { svg: content, width, height, caption: `${caption} ${lastLine(volume)}` }
}

/** The figure as an SVG without external parts. With `dpi` its size is given in mm, otherwise in pixels. */
export function svgOf({ svg, width, height, caption }: Figure, dpi?: number): string {
  const size = (pixels: number) => (dpi === undefined ? pixels : `${((pixels / dpi) * 25.4).toFixed(4)}mm`)
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" ` +
    `width="${size(width)}" height="${size(height)}" ` +
    `role="img" aria-label="${escapeMarkup(caption)}" font-family="${FONT_FAMILY}">${svg}</svg>`
  )
}
