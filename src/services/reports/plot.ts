/** A panel of a plot as SVG: axes, curves, levels, and their names in the gutter right of the plot. */

import { type Axis, spreadLabels } from './axis.ts'
import { LINE, SECONDARY, shortened, swatch, text } from './drawing.ts'
import { escapeMarkup } from './words.ts'

export interface Point {
  readonly x: number
  readonly y: number
  /** Standard deviation, drawn as a whisker. */
  readonly sd?: number | null
}

export interface Series {
  /** Name in the gutter. `null`: no name. */
  readonly label: string | null
  readonly points: readonly Point[]
  readonly colour: string
  readonly dash?: string
  /** A thin line: a single training whose mean is drawn too. */
  readonly faint?: boolean
  /** Draws a dot at every point. */
  readonly marked?: boolean
  /** Shift to the right in units of the SVG, so that whiskers of two series do not overlap. */
  readonly shift?: number
}

export interface Panel {
  readonly title: string
  readonly subtitle: string
  readonly colour: string
  readonly xName: string
  readonly yName: string
  readonly x: Axis
  readonly y: Axis
  readonly series: readonly Series[]
  /** Horizontal lines. */
  readonly levels: readonly { readonly y: number; readonly label: string; readonly colour?: string }[]
  /** Vertical lines, named above the plot. */
  readonly marks?: readonly { readonly x: number; readonly label: string }[]
}

export interface Box {
  readonly left: number
  readonly top: number
  readonly width: number
  readonly height: number
  /** Text size. */
  readonly size: number
}

/** Room around a panel's plot, in text sizes. */
export const ROOM = { left: 4.6, right: 9.4, top: 4.6, bottom: 3.4 }

const LEVEL_DASH = '6 4'
/** Least distance of two names in the gutter, in text sizes. */
const LABEL_ROOM = 1.2

const strokeOf = (dash: string | undefined) => ` stroke-width="2"${dash ? ` stroke-dasharray="${dash}"` : ''}`

const line = (d: string, stroke: string, more = '') => `<path d="${d}" fill="none" stroke="${stroke}"${more}/>`

const rounded = (value: number) => Math.round(10 * value) / 10

const within = (value: number, { range }: Axis) => value >= range[0] && value <= range[1]

/** A panel's plot on the page: its edges, its text size, and the place of each value. */
interface Plot {
  readonly left: number
  readonly right: number
  readonly top: number
  readonly bottom: number
  readonly size: number
  readonly xAt: (value: number) => number
  readonly yAt: (value: number) => number
}

function plotIn({ x, y }: Panel, { left, top, width, height, size }: Box): Plot {
  const edges = {
    left: left + ROOM.left * size,
    right: left + width - ROOM.right * size,
    top: top + ROOM.top * size,
    bottom: top + height - ROOM.bottom * size,
  }
  const at = (axis: Axis, low: number, high: number) => (value: number) =>
    rounded(low + ((value - axis.range[0]) / (axis.range[1] - axis.range[0])) * (high - low))
  return { ...edges, size, xAt: at(x, edges.left, edges.right), yAt: at(y, edges.bottom, edges.top) }
}

function drawAxes({ x, y, xName, yName }: Panel, { left, right, top, bottom, size, xAt, yAt }: Plot): string {
  const rows = y.ticks.map(
    tick =>
      line(`M${left} ${yAt(tick)}H${right}`, LINE) +
      text(left - 0.5 * size, yAt(tick) + 0.35 * size, size, y.format(tick), { fill: SECONDARY, anchor: 'end' }),
  )
  const columns = x.ticks.map(
    tick =>
      line(`M${xAt(tick)} ${bottom}v${0.35 * size}`, SECONDARY) +
      text(xAt(tick), bottom + 1.5 * size, size, x.format(tick), { fill: SECONDARY, anchor: 'middle' }),
  )
  return (
    rows.join('') +
    columns.join('') +
    line(`M${left} ${bottom}H${right}`, SECONDARY) +
    text(right, bottom + 2.8 * size, size, xName, { fill: SECONDARY, anchor: 'end' }) +
    text(left, top - 0.6 * size, size, yName, { fill: SECONDARY })
  )
}

const drawLevels = ({ levels, y }: Panel, { left, right, yAt }: Plot): string =>
  levels
    .filter(level => within(level.y, y))
    .map(level =>
      line(`M${left} ${yAt(level.y)}H${right}`, level.colour ?? SECONDARY, ` stroke-dasharray="${LEVEL_DASH}"`),
    )
    .join('')

function drawMarks({ marks = [], x, yName }: Panel, { left, right, top, bottom, size, xAt }: Plot): string {
  /** x of the mark's name: right of the axis's name and within the plot. */
  const nameAt = (mark: { readonly x: number; readonly label: string }) => {
    const half = 0.28 * size * mark.label.length
    const least = left + 0.6 * size * (yName.length + 1) + half
    return Math.min(Math.max(xAt(mark.x), least), Math.max(least, right - half))
  }
  const stroke = ' stroke-dasharray="1 4" stroke-linecap="round"'
  return marks
    .filter(mark => within(mark.x, x))
    .map(
      mark =>
        line(`M${xAt(mark.x)} ${top}V${bottom}`, SECONDARY, stroke) +
        text(nameAt(mark), top - 0.6 * size, size, mark.label, { fill: SECONDARY, anchor: 'middle' }),
    )
    .join('')
}

function drawCurve({ points, colour, dash, faint, marked, shift = 0 }: Series, { xAt, yAt }: Plot): string {
  const xOf = (point: { readonly x: number }) => xAt(point.x) + shift
  const style = faint ? ' stroke-width="1" opacity="0.3"' : `${strokeOf(dash)} stroke-linejoin="round"`
  const path = points.map((point, index) => `${index === 0 ? 'M' : 'L'}${xOf(point)} ${yAt(point.y)}`).join('')
  const whiskers = points.map(({ sd, ...point }) =>
    sd ? line(`M${xOf(point)} ${yAt(point.y - sd)}V${yAt(point.y + sd)}`, colour, ' opacity="0.6"') : '',
  )
  const dots =
    marked || points.length === 1
      ? points.map(point => `<circle cx="${xOf(point)}" cy="${yAt(point.y)}" r="3.5" fill="${colour}"/>`)
      : []
  return line(path, colour, style) + whiskers.join('') + dots.join('')
}

/** Names of curves and levels in the gutter. A curve that ends at the plot's right edge is joined to its name. */
function drawNames({ series, levels, y }: Panel, { right, top, bottom, size, xAt, yAt }: Plot): string {
  const names = [
    ...series.flatMap(({ label, points, colour, dash }) => {
      const end = points.at(-1)
      return label === null || !end ? [] : [{ label, colour, dash, x: xAt(end.x), y: yAt(end.y) }]
    }),
    ...levels
      .filter(level => within(level.y, y))
      .map(level => ({
        label: level.label,
        colour: level.colour ?? SECONDARY,
        dash: LEVEL_DASH,
        x: right,
        y: yAt(level.y),
      })),
  ]
  const places = spreadLabels(
    names.map(name => name.y),
    LABEL_ROOM * size,
    top,
    bottom,
  )
  const gutter = right + 1.2 * size
  const labels = names.map(({ label, colour, dash, x: end, y: wish }, index) => {
    const place = places[index]
    const atEdge = right - end < size && wish >= top && wish <= bottom
    return (
      (atEdge ? line(`M${end + 2} ${wish}L${gutter - 2} ${place}`, colour, ' opacity="0.5"') : '') +
      line(`M${gutter} ${place}h${1.6 * size}`, colour, strokeOf(dash)) +
      text(gutter + 2 * size, place + 0.35 * size, size, label)
    )
  })
  return labels.join('')
}

function drawTitle({ title, subtitle, colour }: Panel, { left, top, width, size }: Box): string {
  const short = shortened(title, width - 4 * size, 1.1 * size, true)
  const first = title
    ? swatch(left, top, size, colour) + text(left + 1.3 * size, top + 0.9 * size, 1.1 * size, short, { bold: true })
    : ''
  return first + text(left, top + 2.5 * size, size, shortened(subtitle, width, size), { fill: SECONDARY })
}

export function drawPanel(panel: Panel, box: Box): string {
  const plot = plotIn(panel, box)
  const { left, right, top, bottom } = plot
  const curves = panel.series.map(series => drawCurve(series, plot)).join('')
  const [width, height] = [right - left, bottom - top]
  const label = `${panel.title}, ${panel.subtitle}: ${panel.yName} by ${panel.xName}`
  return (
    `<g role="img" aria-label="${escapeMarkup(label)}">` +
    drawTitle(panel, box) +
    drawAxes(panel, plot) +
    drawLevels(panel, plot) +
    drawMarks(panel, plot) +
    `<svg x="${left}" y="${top}" width="${width}" height="${height}" ` +
    `viewBox="${left} ${top} ${width} ${height}">${curves}</svg>` +
    `${drawNames(panel, plot)}</g>`
  )
}
