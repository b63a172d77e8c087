/** One panel of a plot as SVG: axes, curves, levels, and their names in the gutter to its right, where no curve is. */

import { type Axis, spreadLabels } from './axis.ts'
import { LINE, SECONDARY, shortened, swatch, text } from './drawing.ts'
import { escapeMarkup } from './words.ts'

export interface Point {
  readonly x: number
  readonly y: number
  /** Drawn as a whisker. */
  readonly sd?: number | null
}

export interface Series {
  /** In the gutter; `null`: none. */
  readonly label: string | null
  readonly points: readonly Point[]
  readonly colour: string
  readonly dash?: string
  /** One of several of which a mean is drawn too. */
  readonly faint?: boolean
  /** Every point is marked: there are few. */
  readonly marked?: boolean
  /** To the right, in units of the SVG: whiskers of two series stand beside each other. */
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
const strokeOf = (dash: string | undefined) => ` stroke-width="2"${dash ? ` stroke-dasharray="${dash}"` : ''}`

const LABEL_ROOM = 1.2

const rounded = (value: number) => Math.round(10 * value) / 10

export function drawPanel(panel: Panel, { left, top, width, height, size }: Box): string {
  const { x, y } = panel
  const plot = {
    left: left + ROOM.left * size,
    right: left + width - ROOM.right * size,
    top: top + ROOM.top * size,
    bottom: top + height - ROOM.bottom * size,
  }
  const at = (axis: Axis, low: number, high: number) => (value: number) =>
    rounded(low + ((value - axis.range[0]) / (axis.range[1] - axis.range[0])) * (high - low))
  const [xAt, yAt] = [at(x, plot.left, plot.right), at(y, plot.bottom, plot.top)]
  const line = (d: string, stroke: string, more = '') => `<path d="${d}" fill="none" stroke="${stroke}"${more}/>`
  const within = (value: number, { range }: Axis) => value >= range[0] && value <= range[1]

  const axes =
    y.ticks
      .map(
        tick =>
          line(`M${plot.left} ${yAt(tick)}H${plot.right}`, LINE) +
          text(plot.left - 0.5 * size, yAt(tick) + 0.35 * size, size, y.format(tick), {
            fill: SECONDARY,
            anchor: 'end',
          }),
      )
      .join('') +
    x.ticks
      .map(
        tick =>
          line(`M${xAt(tick)} ${plot.bottom}v${0.35 * size}`, SECONDARY) +
          text(xAt(tick), plot.bottom + 1.5 * size, size, x.format(tick), { fill: SECONDARY, anchor: 'middle' }),
      )
      .join('') +
    line(`M${plot.left} ${plot.bottom}H${plot.right}`, SECONDARY) +
    text(plot.right, plot.bottom + 2.8 * size, size, panel.xName, { fill: SECONDARY, anchor: 'end' }) +
    text(plot.left, plot.top - 0.6 * size, size, panel.yName, { fill: SECONDARY })

  const levels = panel.levels
    .filter(level => within(level.y, y))
    .map(level =>
      line(
        `M${plot.left} ${yAt(level.y)}H${plot.right}`,
        level.colour ?? SECONDARY,
        ` stroke-dasharray="${LEVEL_DASH}"`,
      ),
    )
  /** Right of the axis's name and within the plot. */
  const markName = (mark: { readonly x: number; readonly label: string }) => {
    const half = 0.28 * size * mark.label.length
    const least = plot.left + 0.6 * size * (panel.yName.length + 1) + half
    return Math.min(Math.max(xAt(mark.x), least), Math.max(least, plot.right - half))
  }
  const marks = (panel.marks ?? [])
    .filter(mark => within(mark.x, x))
    .map(
      mark =>
        line(
          `M${xAt(mark.x)} ${plot.top}V${plot.bottom}`,
          SECONDARY,
          ' stroke-dasharray="1 4" stroke-linecap="round"',
        ) + text(markName(mark), plot.top - 0.6 * size, size, mark.label, { fill: SECONDARY, anchor: 'middle' }),
    )

  const curves = panel.series.map(({ points, colour, dash, faint, marked, shift = 0 }) => {
    const xOf = (point: { readonly x: number }) => xAt(point.x) + shift
    const style = faint ? ' stroke-width="1" opacity="0.3"' : `${strokeOf(dash)} stroke-linejoin="round"`
    const path = points.map((point, index) => `${index === 0 ? 'M' : 'L'}${xOf(point)} ${yAt(point.y)}`).join('')
    const whiskers = points.map(({ sd, ...point }) =>
      sd ? line(`M${xOf(point)} ${yAt(point.y - sd)}V${yAt(point.y + sd)}`, colour, ' opacity="0.6"') : '',
    )
    const alone = marked || points.length === 1
    const dots = alone
      ? points.map(point => `<circle cx="${xOf(point)}" cy="${yAt(point.y)}" r="3.5" fill="${colour}"/>`)
      : []
    return line(path, colour, style) + whiskers.join('') + dots.join('')
  })

  const names = [
    ...panel.series.flatMap(({ label, points, colour, dash }) => {
      const end = points.at(-1)
      return label === null || !end ? [] : [{ label, colour, dash, x: xAt(end.x), y: yAt(end.y) }]
    }),
    ...panel.levels
      .filter(level => within(level.y, y))
      .map(level => ({
        ...level,
        colour: level.colour ?? SECONDARY,
        dash: LEVEL_DASH,
        x: plot.right,
        y: yAt(level.y),
      })),
  ]
  const places = spreadLabels(
    names.map(name => name.y),
    LABEL_ROOM * size,
    plot.top,
    plot.bottom,
  )
  const gutter = plot.right + 1.2 * size
  const labels = names.map(({ label, colour, dash, x: end, y: wish }, index) => {
    const place = places[index]
    const atEdge = plot.right - end < size && wish >= plot.top && wish <= plot.bottom
    return (
      (atEdge ? line(`M${end + 2} ${wish}L${gutter - 2} ${place}`, colour, ' opacity="0.5"') : '') +
      line(`M${gutter} ${place}h${1.6 * size}`, colour, strokeOf(dash)) +
      text(gutter + 2 * size, place + 0.35 * size, size, label)
    )
  })
  return (
    `<g role="img" aria-label="${escapeMarkup(`${panel.title}, ${panel.subtitle}: ${panel.yName} by ${panel.xName}`)}">` +
    (panel.title
      ? swatch(left, top, size, panel.colour) +
        text(
          left + 1.3 * size,
          top + 0.9 * size,
          1.1 * size,
          shortened(panel.title, width - 4 * size, 1.1 * size, true),
          { bold: true },
        )
      : '') +
    text(left, top + 2.5 * size, size, shortened(panel.subtitle, width, size), { fill: SECONDARY }) +
    `${axes}${levels.join('')}${marks.join('')}` +
    `<svg x="${plot.left}" y="${plot.top}" width="${plot.right - plot.left}" height="${plot.bottom - plot.top}" ` +
    `viewBox="${plot.left} ${plot.top} ${plot.right - plot.left} ` +
    `${plot.bottom - plot.top}">${curves.join('')}</svg>${labels.join('')}</g>`
  )
}
