/** Elements of figures as SVG text: colours, lines of text, pictures, colour bars. */
import { pixelsUri, type Range } from './pixels.ts'
import { escapeMarkup, wrapText } from './words.ts'

export const GROUND = '#0b0d10'
export const LINE = '#262b33'
export const TEXT = '#e6e9ee'
export const SECONDARY = '#9aa4b2'
export const AMBER = '#e8b04b'

/** Colours of text and lines. The default is `SCREEN`. */
export interface Ink {
  readonly ground: string
  readonly line: string
  readonly text: string
  readonly secondary: string
  /** Width of the line around a colour bar, in text sizes. Needed on paper, where the white end has no visible edge. */
  readonly edge: number | null
}

export const SCREEN: Ink = { ground: GROUND, line: LINE, text: TEXT, secondary: SECONDARY, edge: null }

/** On white paper. */
export const PRINT: Ink = { ground: '#ffffff', line: '#b4bac3', text: '#000000', secondary: '#3f4650', edge: 0.05 }

/** Upper estimate of the average advance of a character in DejaVu Sans Condensed, in ems. */
const ADVANCE = { regular: 0.56, bold: 0.59 }

type TextStyle = { readonly fill?: string; readonly bold?: boolean; readonly anchor?: 'middle' | 'end' }

export function text(x: number, y: number, size: number, content: string, style: TextStyle = {}): string {
  const weight = style.bold ? ' font-weight="700"' : ''
  const anchor = style.anchor ? ` text-anchor="${style.anchor}"` : ''
  const attributes = `x="${x}" y="${y}" font-size="${size}" fill="${style.fill ?? TEXT}"${weight}${anchor}`
  return `<text ${attributes}>${escapeMarkup(content)}</text>`
}

/** Draws lines with a distance of 1.4 em. The first baseline is at `y`. */
export function paragraph(x: number, y: number, size: number, lines: readonly string[], style: TextStyle = {}): string {
  return lines.map((line, index) => text(x, y + index * 1.4 * size, size, line, style)).join('')
}

export function fit(content: string, width: number, size: number, bold = false): string[] {
  return wrapText(content, Math.max(4, Math.floor(width / (size * (bold ? ADVANCE.bold : ADVANCE.regular)))))
}

/** A square in a method's colour, before the method's name. The name's first baseline is 0.9 em below `y`. */
export const swatch = (x: number, y: number, size: number, colour: string): string =>
  `<rect x="${x}" y="${y}" width="${0.9 * size}" height="${0.9 * size}" rx="2" fill="${colour}"/>`

/** Cuts a text to one line of `width`. */
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
  /** Whether values below the range are drawn in the lowest colour. */
  readonly clipsBelow: boolean
  /** Whether values above the range are drawn in the highest colour. Default: true. */
  readonly clipsAbove?: boolean
  /** From 0, the low end, to 1. */
  readonly colourAt: (fraction: number) => readonly number[]
}

const superscript = (exponent: number): string =>
  String(exponent).replace(/./g, character => '⁻⁰¹²³⁴⁵⁶⁷⁸⁹'['-0123456789'.indexOf(character)])

/** The power of ten that the numbers beside a bar share. 0 for numbers of readable size. */
export function exponentOf(largest: number): number {
  return largest > 0 && (largest >= 1000 || largest < 0.1) ? Math.floor(Math.log10(largest)) : 0
}

/**
 * A vertical bar as tall as the images beside it, with five numbers. The name and the power of ten are above the bar.
 * If `stacked`, the power of ten has a line of its own, so that the bar with its text is five text sizes wide.
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
