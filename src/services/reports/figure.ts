/**
 * The comparison figure: every pane's image above its error map. All panes in signal units share one window, and all
 * error maps share one scale, with its numbers beside it: nothing is normalised pane by pane, so that what looks better is better.
 */
import { createRequire } from 'node:module'
import { Resvg } from '@resvg/resvg-js'
import { AppError } from '../../contract/errors.ts'
import type { Metrics, Protocol } from '../../contract/evaluation.ts'
import { errorColour, greyLevel, ownWindow, pixelsUri, type Range, runColours } from './colour.ts'
import { AMBER, colourBar, fit, GROUND, LINE, paragraph, picture, SECONDARY, text } from './drawing.ts'
import { escapeMarkup, formatNmse, formatPsnr, formatSsim, NONE, protocolSentence, RESEARCH_ONLY } from './format.ts'

export interface Pane {
  readonly title: string
  readonly run: string | null
  /** [height, width] */
  readonly image: Float32Array
  readonly units: 'signal' | 'arbitrary'
  /** Of this slice's volume. */
  readonly metrics: Metrics | null
  /** |image − truth|; `null` for the truth and for arbitrary units. */
  readonly error: Float32Array | null
}

export interface Comparison {
  readonly title: string
  /** File, slice, acquisition. */
  readonly caption: string
  readonly shape: readonly [height: number, width: number]
  /** Input, pre-trained, fine-tuned, control, baseline, truth. */
  readonly panes: readonly Pane[]
  /** Shared by all panes in signal units. */
  readonly window: Range
  readonly errorMaximum: number
  readonly synthetic: boolean
  readonly protocol: Protocol
  readonly remarks: readonly string[]
}

/** Device pixels of the PNG per unit of the SVG; panes are embedded at this density, so that the raster repeats them exactly. */
const DENSITY = 2
/** Panes are enlarged by the largest whole factor that keeps them within this many units. */
const PANE_UNITS = 320

interface Layout {
  readonly scale: number
  /** Size of a drawn image. */
  readonly image: { readonly width: number; readonly height: number }
  /** Width of a pane; wider than its image when the image is narrow. */
  readonly cell: number
  readonly gap: number
  readonly margin: number
  /** Text size, a fixed part of the pane, so that a figure shrunk to a page stays as legible whatever its matrix. */
  readonly size: number
  readonly width: number
}

function layOut({ shape: [height, width], panes }: Comparison): Layout {
  const scale = Math.max(1, Math.floor(PANE_UNITS / Math.max(height, width)))
  const cell = Math.max(height, width) * scale
  const size = Math.round(cell / 16)
  const [gap, margin] = [size, 2 * size]
  const barColumn = 5 * size
  return {
    scale,
    image: { width: width * scale, height: height * scale },
    cell,
    gap,
    margin,
    size,
    width: 2 * margin + panes.length * (cell + gap) + barColumn,
  }
}

/** The pane's three numbers, each under its name; words where there are none. */
function metricsBlock(pane: Pane, x: number, y: number, { cell, size }: Layout): string {
  if (pane.units === 'arbitrary')
    return paragraph(x, y, size, ['arbitrary units, own window', 'no metric'], { fill: SECONDARY })
  if (!pane.metrics) return text(x, y, size, pane.error ? 'no metric' : 'reference', { fill: SECONDARY })
  const { ssim, psnr, nmse } = pane.metrics
  const numbers = [
    ['SSIM', formatSsim(ssim)],
    ['PSNR, dB', formatPsnr(psnr)],
    ['NMSE', formatNmse(nmse)],
  ]
  return numbers
    .map(([name, value], index) => {
      const at = x + (index * cell) / 3
      return (
        text(at, y, 0.85 * size, name, { fill: SECONDARY }) +
        text(at, y + 1.4 * size, 1.1 * size, value, { bold: true })
      )
    })
    .join('')
}

function emptyCell(x: number, y: number, { image, size }: Layout, why: string): string {
  const [centre, middle] = [x + image.width / 2, y + image.height / 2]
  const box = `<rect x="${x + 0.5}" y="${y + 0.5}" width="${image.width - 1}" height="${image.height - 1}" fill="none" stroke="${LINE}"/>`
  return (
    box +
    text(centre, middle, 1.6 * size, NONE, { fill: SECONDARY, anchor: 'middle' }) +
    text(centre, middle + 1.8 * size, size, why, { fill: SECONDARY, anchor: 'middle' })
  )
}

function whyNoError(pane: Pane): string {
  if (pane.units === 'arbitrary') return 'arbitrary units: no error map'
  return pane.metrics ? 'no error map' : 'the reference itself'
}

function imagePicture(pane: Pane, x: number, y: number, comparison: Comparison, { scale, image }: Layout): string {
  const window = pane.units === 'signal' ? comparison.window : ownWindow(pane.image)
  const uri = pixelsUri(comparison.shape, scale * DENSITY, index => [greyLevel(pane.image[index], window)])
  return picture(x, y, image.width, image.height, uri)
}

function errorPicture(pane: Pane, x: number, y: number, comparison: Comparison, layout: Layout): string {
  const { error } = pane
  if (pane.units === 'arbitrary' || !error) return emptyCell(x, y, layout, whyNoError(pane))
  const uri = pixelsUri(comparison.shape, layout.scale * DENSITY, index =>
    errorColour(error[index], comparison.errorMaximum),
  )
  return picture(x, y, layout.image.width, layout.image.height, uri)
}

/** The power of ten that the numbers beside the bars share; none for numbers that read well as they are. */
function sharedExponent({ window, errorMaximum }: Comparison): number {
  const largest = Math.max(Math.abs(window[0]), Math.abs(window[1]), errorMaximum)
  return largest > 0 && (largest >= 1000 || largest < 0.1) ? Math.floor(Math.log10(largest)) : 0
}

function checkShapes({ shape: [height, width], panes }: Comparison): void {
  for (const { title, image, error } of panes)
    for (const pixels of error ? [image, error] : [image])
      if (pixels.length !== height * width)
        throw new AppError(
          'SHAPE_MISMATCH',
          `Expected ${height} × ${width} pixels, got ${pixels.length}, in the pane "${title}" of the figure; reconstruct all panes to the ground truth's size`,
        )
}

/** The title, the caption and, for synthetic data, the badge; with the y below them. */
function header(
  comparison: Comparison,
  { width, margin, size }: Layout,
): { readonly svg: string; readonly bottom: number } {
  const badgeWidth = 9 * size
  const room = width - 2 * margin - (comparison.synthetic ? badgeWidth + size : 0)
  const titles = fit(comparison.title, room, 1.6 * size, true)
  const captions = fit(comparison.caption, room, size)
  const captionTop = margin + 1.4 * size + (titles.length - 1) * 2.24 * size + 1.9 * size
  const left = width - margin - badgeWidth
  const badge = comparison.synthetic
    ? `<rect x="${left}" y="${margin}" width="${badgeWidth}" height="${2 * size}" rx="4" fill="none" stroke="${AMBER}"/>` +
      text(left + badgeWidth / 2, margin + 1.4 * size, size, 'SYNTHETIC', { fill: AMBER, bold: true, anchor: 'middle' })
    : ''
  return {
    svg:
      paragraph(margin, margin + 1.4 * size, 1.6 * size, titles, { bold: true }) +
      paragraph(margin, captionTop, size, captions, { fill: SECONDARY }) +
      badge,
    bottom: captionTop + (captions.length - 1) * 1.4 * size + 2 * size,
  }
}

function footerLines(comparison: Comparison, width: number, size: number): string[] {
  const metrics =
    'The numbers under an image are of the whole volume that the slice is from, over the slices of the protocol.'
  return [metrics, protocolSentence(comparison.protocol), ...comparison.remarks].flatMap(line => fit(line, width, size))
}

/** The comparison as one SVG without external parts. */
export function comparisonSvg(comparison: Comparison): string {
  checkShapes(comparison)
  const layout = layOut(comparison)
  const { size, cell, gap, margin, image, width } = layout
  const { svg: head, bottom } = header(comparison, layout)
  const titles = comparison.panes.map(pane => fit(pane.title, cell, 1.1 * size, true))
  const titleLines = Math.max(1, ...titles.map(lines => lines.length))
  const colours = runColours(comparison.panes.map(pane => pane.run))

  const runY = bottom + 2 * size + (titleLines - 1) * 1.54 * size + 1.5 * size
  const imageY = runY + 0.9 * size
  const metricsY = imageY + image.height + 1.5 * size
  const errorY = metricsY + 2.6 * size
  const footY = errorY + image.height + 2.4 * size

  const panes = comparison.panes.map((pane, index) => {
    const x = margin + index * (cell + gap)
    const colour = (pane.run && colours.get(pane.run)) || LINE
    return (
      `<rect x="${x}" y="${bottom}" width="${image.width}" height="${0.2 * size}" fill="${colour}"/>` +
      paragraph(x, bottom + 2 * size, 1.1 * size, titles[index], { bold: true }) +
      text(x, runY, 0.9 * size, pane.run ? `run ${pane.run}` : '', { fill: SECONDARY }) +
      imagePicture(pane, x, imageY, comparison, layout) +
      metricsBlock(pane, x, metricsY, layout) +
      errorPicture(pane, x, errorY, comparison, layout)
    )
  })

  const barX = margin + comparison.panes.length * (cell + gap)
  const exponent = sharedExponent(comparison)
  const bars =
    colourBar(barX, imageY, image.height, size, {
      name: 'signal',
      range: comparison.window,
      exponent,
      clipsBelow: true,
      colourAt: fraction => [greyLevel(fraction, [0, 1])],
    }) +
    colourBar(barX, errorY, image.height, size, {
      name: '|error|',
      range: [0, comparison.errorMaximum],
      exponent,
      clipsBelow: false,
      colourAt: fraction => errorColour(fraction, 1),
    })

  const lines = footerLines(comparison, width - 2 * margin, size)
  const lastY = footY + lines.length * 1.4 * size + 0.4 * size
  const foot =
    paragraph(margin, footY, size, lines, { fill: SECONDARY }) +
    text(margin, lastY, size, RESEARCH_ONLY, { bold: true })
  const height = Math.ceil(lastY + margin)

  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" ` +
    `role="img" aria-label="${escapeMarkup(`${comparison.title}. ${comparison.caption}`)}" ` +
    `font-family="DejaVu Sans Condensed, DejaVu Sans, sans-serif">` +
    `<rect width="${width}" height="${height}" fill="${GROUND}"/>${head}${panes.join('')}${bars}${foot}</svg>`
  )
}

/** The same SVG as a PNG at twice its size; its fonts come with the program, so that it is the same on every machine. */
export function comparisonPng(comparison: Comparison): Uint8Array {
  const { resolve } = createRequire(import.meta.url)
  const font = {
    loadSystemFonts: false,
    fontFiles: ['DejaVuSansCondensed.ttf', 'DejaVuSansCondensed-Bold.ttf'].map(file =>
      resolve(`dejavu-fonts-ttf/ttf/${file}`),
    ),
    defaultFontFamily: 'DejaVu Sans Condensed',
  }
  return new Resvg(comparisonSvg(comparison), { font, fitTo: { mode: 'zoom', value: DENSITY } }).render().asPng()
}
