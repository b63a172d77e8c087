/** A pane of a figure: image, error map and metrics. */
import type { Metrics } from '../../contract/evaluation.ts'
import { formatNmse, formatPsnr, formatSsim, NONE } from '../../presentation/numbers.ts'
import { ownWindow } from '../../presentation/windows.ts'
import { type Ink, paragraph, picture, SCREEN, SECONDARY, text } from './drawing.ts'
import { COLOURS, pixelsUri, position, type Range } from './pixels.ts'
import { DENSITY, type Sheet } from './sheet.ts'

export interface Pane {
  readonly title: string
  readonly run: string | null
  /** [height, width] */
  readonly image: Float32Array
  readonly units: 'signal' | 'arbitrary'
  /** Metrics of the slice's volume. */
  readonly metrics: Metrics | null
  /** |image − truth|; `null` for the truth and for arbitrary units. */
  readonly error: Float32Array | null
  /** Colour of the strip above the image. Default: the run's colour. */
  readonly colour?: string
  /** Text in place of missing metrics. */
  readonly note?: string
}

/** Shape, window and error scale, which all panes of a figure share. */
export interface Scales {
  readonly shape: readonly [height: number, width: number]
  /** Window of panes in signal units. */
  readonly window: Range
  readonly errorMaximum: number
}

/** Largest size of a pane. A pane is enlarged by the largest whole factor within this size. */
const PANE_UNITS = 320

export interface Layout extends Sheet {
  readonly scale: number
  /** Size of a drawn image. */
  readonly image: { readonly width: number; readonly height: number }
  /** Width of a pane. A pane is wider than a narrow image. */
  readonly cell: number
  readonly gap: number
  readonly barX: number
}

export function layOut([height, width]: readonly [number, number], columns: number, paneOverText: number): Layout {
  const scale = Math.max(1, Math.floor(PANE_UNITS / Math.max(height, width)))
  const cell = Math.max(height, width) * scale
  const size = Math.round(cell / paneOverText)
  const [gap, margin] = [size, 2 * size]
  const barX = margin + columns * (cell + gap)
  const barColumn = 5 * size
  return {
    scale,
    image: { width: width * scale, height: height * scale },
    cell,
    gap,
    margin,
    size,
    barX,
    width: barX + barColumn + margin,
  }
}

type Numbers = { readonly [Name in keyof Metrics]: number | null }

/** Least width of a pane with three metrics side by side, in text sizes. A narrower pane has one metric per line. */
const NUMBERS_SIDE_BY_SIDE = 12.5

/** Number of text lines for the three metrics in panes of width `cell`. */
export const numbersLines = (cell: number, size: number): number => (cell < NUMBERS_SIDE_BY_SIDE * size ? 3 : 2)

/** Draws the three metrics. The first baseline is at `y`. */
export function numbersBlock(
  { ssim, psnr, nmse }: Numbers,
  x: number,
  y: number,
  { cell, size }: { readonly cell: number; readonly size: number },
  ink = SCREEN,
): string {
  const numbers = [
    ['SSIM', formatSsim(ssim)],
    ['PSNR, dB', formatPsnr(psnr)],
    ['NMSE', formatNmse(nmse)],
  ]
  const stacked = numbersLines(cell, size) === 3
  return numbers
    .map(([name, value], index) => {
      const [nameX, nameY] = stacked ? [x, y + 1.4 * size * index] : [x + (index * cell) / 3, y]
      const [valueX, valueY] = stacked ? [x + cell, nameY] : [nameX, y + 1.4 * size]
      return (
        text(nameX, nameY, 0.85 * size, name, { fill: ink.secondary }) +
        text(valueX, valueY, (stacked ? 1 : 1.1) * size, value, {
          fill: ink.text,
          bold: true,
          anchor: stacked ? 'end' : undefined,
        })
      )
    })
    .join('')
}

/** Draws the pane's three metrics, or a text if metrics are missing. */
export function metricsBlock(pane: Pane, x: number, y: number, layout: Layout): string {
  const { size } = layout
  if (pane.units === 'arbitrary')
    return paragraph(x, y, size, ['arbitrary units, own window', 'no metric'], { fill: SECONDARY })
  if (!pane.metrics) return text(x, y, size, pane.note ?? (pane.error ? 'no metric' : 'reference'), { fill: SECONDARY })
  return numbersBlock(pane.metrics, x, y, layout)
}

/** Draws a frame in place of a missing map, with lines that give the reason. */
export function emptyCell(
  x: number,
  y: number,
  { image, size }: Pick<Layout, 'image' | 'size'>,
  why: readonly string[],
  ink: Ink = SCREEN,
): string {
  const [centre, middle] = [x + image.width / 2, y + image.height / 2]
  const box =
    `<rect x="${x + 0.5}" y="${y + 0.5}" width="${image.width - 1}" height="${image.height - 1}" ` +
    `fill="none" stroke="${ink.line}"/>`
  const style = { fill: ink.secondary, anchor: 'middle' } as const
  return box + text(centre, middle, 1.6 * size, NONE, style) + paragraph(centre, middle + 1.8 * size, size, why, style)
}

function whyNoError(pane: Pane): string {
  if (pane.units === 'arbitrary') return 'arbitrary units: no error map'
  return pane.metrics ? 'no error map' : 'the reference itself'
}

function windowOf({ units, image }: Pane, scales: Scales): Range {
  if (units === 'signal') return scales.window
  const { low, high } = ownWindow(image)
  return [low, high]
}

export function imagePicture(pane: Pane, x: number, y: number, scales: Scales, { scale, image }: Layout): string {
  const window = windowOf(pane, scales)
  const uri = pixelsUri(scales.shape, scale * DENSITY, index => COLOURS.grey(position(pane.image[index], window)))
  return picture(x, y, image.width, image.height, uri)
}

export function errorPicture(pane: Pane, x: number, y: number, scales: Scales, layout: Layout): string {
  const { error } = pane
  if (pane.units === 'arbitrary' || !error) return emptyCell(x, y, layout, [whyNoError(pane)])
  const range: Range = [0, scales.errorMaximum]
  const uri = pixelsUri(scales.shape, layout.scale * DENSITY, index => COLOURS.inferno(position(error[index], range)))
  return picture(x, y, layout.image.width, layout.image.height, uri)
}
