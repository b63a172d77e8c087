/** What the figure is drawn with, as SVG text: the program's tokens, lines of text, pictures, colour bars. */
import { pixelsUri, type Range } from './pixels.ts'
import { escapeMarkup, wrapText } from './words.ts'

export const GROUND = '#0b0d10'
export const LINE = '#262b33'
export const TEXT = '#e6e9ee'
export const SECONDARY = '#9aa4b2'
export const AMBER = '#e8b04b'

/** Colours of words and lines; those of the screen where nothing else is said. */
export interface Ink {
  readonly ground: string
  readonly line: string
  readonly text: string
  readonly secondary: string
  /** Line round a colour bar, whose white end has no edge of its own on paper; in text sizes. */
  readonly edge: number | null
}

export const SCREEN: Ink = { ground: GROUND, line: LINE, text: TEXT, secondary: SECONDARY, edge: null }

/** On white paper. */
export const PRINT: Ink = { ground: '#ffffff', line: '#b4bac3', text: '#000000', secondary: '#3f4650', edge: 0.05 }

/** Advance of an average character of DejaVu Sans Condensed, in ems, on the safe side. */
const ADVANCE = { regular: 0.56, bold: 0.59 }

type TextStyle = { readonly fill?: string; readonly bold?: boolean; readonly anchor?: 'middle' | 'end' }

export function text(x: number, y: number, size: number, content: string, style: TextStyle = {}): string {
  const weight = style.bold ? ' font-weight="700"' : ''
  const anchor = style.anchor ? ` text-anchor="${style.anchor}"` : ''
  return `<text x="${x}" y="${y}" font-size="${size}" fill="${style.fill ?? TEXT}"${weight}${anchor}>${escapeMarkup(content)}</text>`
}

/** Lines that fit `width`, the first baseline at `y`, 1.4 em apart. */
export function paragraph(x: number, y: number, size: number, lines: readonly string[], style: TextStyle = {}): string {
  return lines.map((line, index) => text(x, y + index * 1.4 * size, size, line, style)).join('')
}

export function fit(content: string, width: number, size: number, bold = false): string[] {
  return wrapText(content, Math.max(4, Math.floor(width / (size * (bold ? ADVANCE.bold : ADVANCE.regular)))))
}

/** A square in a method's colour, before its name, whose first line of text stands 0.9 em below `y`. */
export const swatch = (x: number, y: number, size: number, colour: string): string =>
  `<rect x="${x}" y="${y}" width="${0.9 * size}" height="${0.9 * size}" rx="2" fill="${colour}"/>`

/** One line of it, cut where it must be. */
export function shortened(content: string, width: number, size: number, bold = false): string {
  const [line = '', ...rest] = fit(content, width, size, bold)
  return rest.length === 0 ? line : `${line.replace(/[\s,;.]+$/, '')} …`
}

export function picture(x: number, y: number, width: number, height: number, uri: string): string {
  return `<image x="${x}" y="${y}" width="${width}" height="${height}" preserveAspectRatio="none" href="${uri}"/>`
}

interface ColourBar {
  readonly name: string
  readonly range: Range
  readonly exponent: number
  /** Whether values below the range are drawn in its lowest colour. */
  readonly clipsBelow: boolean
  /** Whether values above it are drawn in its highest; so they are where nothing is said. */
  readonly clipsAbove?: boolean
  /** From 0, the low end, to 1. */
  readonly colourAt: (fraction: number) => readonly number[]
}

const superscript = (exponent: number): string =>
  String(exponent).replace(/./g, character => '⁻⁰¹²³⁴⁵⁶⁷⁸⁹'['-0123456789'.indexOf(character)])

/** The power of ten that numbers beside a bar share; none for numbers that read well as they are. */
export function exponentOf(largest: number): number {
  return largest > 0 && (largest >= 1000 || largest < 0.1) ? Math.floor(Math.log10(largest)) : 0
}

/**
 * A vertical bar as tall as the images beside it, with five numbers; above it, what it measures: on one line, or with the power of ten on a
 * line of its own (`stacked`), so that the whole is five text sizes wide.
 */
export function colourBar(
  x: number,
  y: number,
  height: number,
  size: number,
  bar: ColourBar,
  { ink = SCREEN, stacked = false } = {},
): string {
  const levels = 256
  const uri = pixelsUri([levels, 1], 1, index => bar.colourAt(1 - index / (levels - 1)))
  const [low, high] = bar.range
  const line = ink.edge ? ` stroke-width="${ink.edge * size}"` : ''
  const ticks = [0, 0.25, 0.5, 0.75, 1].map(fraction => {
    const at = y + (1 - fraction) * height
    const baseline = Math.min(Math.max(at + 0.3 * size, y + 0.65 * size), y + height)
    const value = ((low + fraction * (high - low)) / 10 ** bar.exponent).toFixed(2).replace('-', '−')
    const clipped = fraction === 1 && (bar.clipsAbove ?? true) ? '≥ ' : fraction === 0 && bar.clipsBelow ? '≤ ' : ''
    return (
      `<path d="M${x + size} ${at}h${0.35 * size}" stroke="${ink.secondary}"${line}/>` +
      text(x + 1.6 * size, baseline, 0.85 * size, clipped + value, { fill: ink.text })
    )
  })
  const unit = bar.exponent === 0 ? '' : `× 10${superscript(bar.exponent)}`
  const words = [bar.name, unit].filter(Boolean)
  const lines = stacked ? words : [words.join(' ')]
  const outline = ink.edge
    ? `<rect x="${x}" y="${y}" width="${size}" height="${height}" fill="none" stroke="${ink.secondary}"${line}/>`
    : ''
  return (
    paragraph(x, y - 0.8 * size - (lines.length - 1) * 1.2 * size, 0.85 * size, lines, { fill: ink.secondary }) +
    picture(x, y, size, height, uri) +
    outline +
    ticks.join('')
  )
}
