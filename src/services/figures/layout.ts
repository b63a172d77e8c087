/**
 * The layout of a figure. Its unit is a pixel of the PNG, so that images begin and end on whole pixels.
 * The text size is given in points of the printed page.
 */
import { AppError } from '../../contract/errors.ts'
import type { FigureRequest, Share } from '../../contract/figure.ts'
import { exponentOf, numbersLines } from '../reports/index.ts'
import type { DrawnPane, Picture } from './panes.ts'

const MM_PER_INCH = 25.4
const POINTS_PER_INCH = 72
/** Text size of a figure, in points. A little more than the minimum of most journals. */
const TEXT_POINTS = 7

/** A part of an image, in pixels of the image. */
export interface Part {
  readonly left: number
  readonly top: number
  readonly width: number
  readonly height: number
}

/** All pixels that the share touches. At least one pixel. */
export function partOf([height, width]: readonly [number, number], share: Share | null): Part {
  if (!share) return { left: 0, top: 0, width, height }
  const whole = (from: number, length: number, size: number) => {
    const first = Math.min(Math.floor(from * size + 1e-6), size - 1)
    return [first, Math.max(1, Math.min(Math.ceil((from + length) * size - 1e-6), size) - first)]
  }
  const [left, partWidth] = whole(share.x, share.width, width)
  const [top, partHeight] = whole(share.y, share.height, height)
  return { left, top, width: partWidth, height: partHeight }
}

/** The visible part of a picture. */
export const shownPart = ({ shape, spatial }: Picture, crop: Share | null): Part => partOf(shape, spatial ? crop : null)

export interface Layout {
  readonly width: number
  readonly margin: number
  /** Text size. */
  readonly size: number
  readonly columns: number
  readonly gap: number
  /** Room for the image of a pane. */
  readonly cell: { readonly width: number; readonly height: number }
  /** Distance between the left edges of two panes. */
  readonly pitch: number
  /** Width of a colour bar with its numbers. 0 without colour bars. */
  readonly bar: number
  /** Whether each pane has its own colour bar. Otherwise a row has one bar at its end. */
  readonly barEach: boolean
  /** Number of text lines for the metrics of an image. */
  readonly numbers: number
}

const isPicture = (cell: Picture | string | null): cell is Picture => cell !== null && typeof cell !== 'string'
const picturesOf = (panes: readonly DrawnPane[]) => panes.map(({ main }) => main).filter(isPicture)
const errorsOf = (panes: readonly DrawnPane[]) => panes.map(({ error }) => error).filter(isPicture)

/** Key of a colour bar. Two pictures with equal keys share a bar. */
export const barKey = ({ name, range, map }: Picture): string => `${name} ${range.join(' ')} ${map}`

export const rowsOf = <T>(panes: readonly T[], columns: number): T[][] =>
  Array.from({ length: Math.ceil(panes.length / columns) }, (_, row) => panes.slice(row * columns, (row + 1) * columns))

/** Width of a colour bar with its numbers, in text sizes. The numbers at its ends may have a '≥' or '≤'. */
function barWidth({ range, name }: Picture): number {
  const power = 10 ** exponentOf(Math.max(...range.map(Math.abs)))
  const characters = Math.max(...range.map(value => `≥ ${(value / power).toFixed(2)}`.length))
  return Math.max(1.6 + 0.47 * characters, 0.47 * name.length)
}

/** Whether a picture's colour bar is drawn. */
export const barred = ({ kind }: Picture, { colourBar }: FigureRequest): boolean => kind === 'error' || colourBar

export function layOut(panes: readonly DrawnPane[], request: FigureRequest): Layout {
  const { dpi, crop } = request
  const columns = Math.min(request.columns, panes.length)
  const width = Math.round((request.width / MM_PER_INCH) * dpi)
  const size = (TEXT_POINTS / POINTS_PER_INCH) * dpi
  const margin = Math.round(0.5 * size)
  const gap = Math.round(0.9 * size)
  const pictures = picturesOf(panes)
  const bars = [...pictures, ...errorsOf(panes)].filter(picture => barred(picture, request))
  const bar = Math.round(Math.max(0, ...bars.map(barWidth)) * size)
  const barEach = rowsOf(panes, columns).some(row => {
    const keys = picturesOf(row)
      .filter(picture => barred(picture, request))
      .map(barKey)
    return new Set(keys).size > 1
  })
  const barGap = bar > 0 ? Math.round(0.7 * size) : 0
  const barColumns = barEach ? columns : 1
  const cellWidth = Math.floor((width - 2 * margin - (columns - 1) * gap - barColumns * (bar + barGap)) / columns)
  const parts = pictures.map(picture => shownPart(picture, crop))
  const aspect = Math.max(...parts.map(part => part.height / part.width), parts.length === 0 ? 1 : 0)
  return {
    width,
    margin,
    size,
    columns,
    gap,
    cell: { width: cellWidth, height: Math.round(cellWidth * aspect) },
    pitch: cellWidth + gap + (barEach ? bar + barGap : 0),
    bar,
    barEach,
    numbers: numbersLines(cellWidth, size),
  }
}

/** A rectangle of the figure, in whole units. */
export interface Place {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

/** The largest rectangle with the part's proportions within a cell, centred horizontally. */
export function placeOf(part: Part, x: number, y: number, { cell }: Layout): Place {
  const scale = Math.min(cell.width / part.width, cell.height / part.height)
  const [width, height] = [Math.round(part.width * scale), Math.round(part.height * scale)]
  return { x: x + Math.floor((cell.width - width) / 2), y, width, height }
}

/** Throws `INVALID_ARGUMENT` if the PNG would have fewer pixels than an image. */
export function requireEveryPixel(panes: readonly DrawnPane[], layout: Layout, { crop, dpi }: FigureRequest): void {
  for (const picture of picturesOf(panes)) {
    const part = shownPart(picture, crop)
    const { width, height } = placeOf(part, 0, 0, layout)
    const lacking = Math.max(part.width / width, part.height / height)
    if (lacking > 1) {
      const enough = Math.ceil((dpi * lacking) / 50) * 50
      throw new AppError(
        'INVALID_ARGUMENT',
        'Expected at least one pixel of the figure for each pixel of the image ' +
          `(${part.width} × ${part.height}), got ${width} × ${height}. ` +
          `Choose ${enough} dpi, fewer columns, a wider figure, or PDF.`,
      )
    }
  }
}
