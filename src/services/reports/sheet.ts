/** The sheet of a figure: one SVG without external parts on a dark ground, with a title. Also converts SVG to PNG. */

import { createRequire } from 'node:module'
import { Resvg } from '@resvg/resvg-js'
import type { Origin } from '../../contract/origin.ts'
import { RESEARCH_ONLY } from '../../presentation/protocol.ts'
import { AMBER, fit, GROUND, paragraph, SECONDARY, text } from './drawing.ts'
import { escapeMarkup } from './words.ts'

/** Pixels of the PNG per unit of the SVG. Images are embedded at this density, so that the PNG has exact pixels. */
export const DENSITY = 2

export interface Titled {
  readonly title: string
  /** Says what is drawn (file, slice, acquisition), or how to read the figure. */
  readonly caption: string
  readonly origin: Origin
}

export interface Sheet {
  readonly width: number
  readonly margin: number
  /** Text size. */
  readonly size: number
}

interface Drawn {
  readonly svg: string
  /** y of the lower end. */
  readonly bottom: number
}

/** The title, the caption and, for data that no scanner measured, the badge. */
function heading({ title, caption, origin }: Titled, { width, margin, size }: Sheet): Drawn {
  const badgeWidth = 9 * size
  const room = width - 2 * margin - (origin !== 'measured' ? badgeWidth + size : 0)
  const titles = fit(title, room, 1.6 * size, true)
  const captions = fit(caption, room, size)
  const captionTop = margin + 1.4 * size + (titles.length - 1) * 2.24 * size + 1.9 * size
  const left = width - margin - badgeWidth
  const badge =
    origin !== 'measured'
      ? `<rect x="${left}" y="${margin}" width="${badgeWidth}" height="${2 * size}" rx="4" ` +
        `fill="none" stroke="${AMBER}"/>` +
        text(left + badgeWidth / 2, margin + 1.4 * size, size, origin.toUpperCase(), {
          fill: AMBER,
          bold: true,
          anchor: 'middle',
        })
      : ''
  return {
    svg:
      paragraph(margin, margin + 1.4 * size, 1.6 * size, titles, { bold: true }) +
      paragraph(margin, captionTop, size, captions, { fill: SECONDARY }) +
      badge,
    bottom: captionTop + (captions.length - 1) * 1.4 * size + 2 * size,
  }
}

/** Draws the heading, then `body` from y `top` on, then the lines of `foot`. */
export function sheet(titled: Titled, sizes: Sheet, body: (top: number) => Drawn, foot: readonly string[]): string {
  const { width, margin, size } = sizes
  const head = heading(titled, sizes)
  const { svg, bottom } = body(head.bottom)
  const lines = foot.flatMap(line => fit(line, width - 2 * margin, size))
  const lastY = bottom + lines.length * 1.4 * size + 0.4 * size
  const height = Math.ceil(lastY + margin)
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" ` +
    `role="img" aria-label="${escapeMarkup(`${titled.title}. ${titled.caption}`)}" ` +
    `font-family="${FONT_FAMILY}">` +
    `<rect width="${width}" height="${height}" fill="${GROUND}"/>${head.svg}${svg}` +
    paragraph(margin, bottom, size, lines, { fill: SECONDARY }) +
    `${text(margin, lastY, size, RESEARCH_ONLY, { bold: true })}</svg>`
  )
}

const { resolve } = createRequire(import.meta.url)

/** Fonts of figures. They ship with the program, so that figures are equal on all machines. */
export const LETTERS = {
  regular: resolve('dejavu-fonts-ttf/ttf/DejaVuSansCondensed.ttf'),
  bold: resolve('dejavu-fonts-ttf/ttf/DejaVuSansCondensed-Bold.ttf'),
}

/** Font options of resvg. */
export const FONT = {
  loadSystemFonts: false,
  fontFiles: Object.values(LETTERS),
  defaultFontFamily: 'DejaVu Sans Condensed',
}

/** Fonts in the SVG, with similar fonts as fallback. */
export const FONT_FAMILY = 'DejaVu Sans Condensed, DejaVu Sans, sans-serif'

/** A figure as a PNG at twice its size. */
export function svgPng(svg: string): Uint8Array {
  return new Resvg(svg, { font: FONT, fitTo: { mode: 'zoom', value: DENSITY } }).render().asPng()
}
