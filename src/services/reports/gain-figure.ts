/** Figures 4 and 7 of a report: each gain as a dot with its interval, beside zero. */
import type { Gain, ReproductionReport } from '../../contract/reproduction.ts'
import { AGAINST, formatInterval, gainName } from '../../presentation/gains.ts'
import { foregroundGains } from '../../presentation/networks.ts'
import { formatDifference } from '../../presentation/numbers.ts'
import { axisOver } from './axis.ts'
import { colourOf } from './curves.ts'
import { fit, LINE, SECONDARY, swatch, TEXT, text } from './drawing.ts'
import { type Sheet, sheet } from './sheet.ts'

/** Gains beyond this multiple of the median are drawn at the edge, because they would compress all other gains. */
const FAR = 5

interface Dot extends Pick<Gain, 'mean' | 'interval' | 'pairs' | 'verdict'> {
  readonly name: string
  /** The dot has the colour of this method. */
  readonly method: string | null
}

interface Dots {
  readonly title: string
  readonly axisName: string
  readonly sections: readonly { readonly name: string; readonly dots: readonly Dot[] }[]
}

const ends = ({ mean, interval }: Dot): number[] => [mean, ...(interval ?? [])]

const reach = (dot: Dot): number => Math.max(...ends(dot).map(Math.abs))

function axisOf(gains: readonly Dot[]) {
  const reaches = gains.map(reach).sort((a, b) => a - b)
  const limit = FAR * (reaches[reaches.length >> 1] || 1)
  return axisOver([0, ...gains.flatMap(ends).map(end => Math.min(Math.max(end, -limit), limit))], 7)
}

/** Draws Figure 4. `null` without gains. */
export const gainFigure = (report: ReproductionReport, sizes: Sheet, foot: readonly string[]): string | null =>
  dotsFigure(report, sizes, foot, {
    title: 'Figure 4. Gains in SSIM',
    axisName: 'SSIM, difference on test patients',
    sections: Object.entries(AGAINST).map(([against, name]) => ({
      name,
      dots: report.gains
        .filter(gain => gain.against === against)
        .map(gain => ({ ...gain, name: gainName(gain, report) })),
    })),
  })

/** Draws Figure 7. `null` without gains of networks. */
export const networkFigure = (report: ReproductionReport, sizes: Sheet, foot: readonly string[]): string | null =>
  dotsFigure(report, sizes, foot, {
    title: 'Figure 7. Gains of the networks in foreground SSIM',
    axisName: 'foreground SSIM, difference on test patients',
    sections: foregroundGains(report),
  })

function dotsFigure(
  report: ReproductionReport,
  sizes: Sheet,
  foot: readonly string[],
  { title, axisName, sections }: Dots,
): string | null {
  const all = sections.flatMap(({ dots }) => dots)
  if (all.length === 0) return null
  const { width, margin, size } = sizes
  const axis = axisOf(all)
  const [low, high] = axis.range
  const [left, right] = [margin + 22 * size, width - margin - 29 * size]
  const at = (value: number) => Math.round(10 * (left + ((value - low) / (high - low)) * (right - left))) / 10

  /** The end of an interval. An end outside the plot is an arrow. */
  const edge = (value: number, y: number, colour: string) =>
    value < low || value > high
      ? `<path d="M${value < low ? left - 8 : right + 8} ${y}l${value < low ? 9 : -9} -5v10z" fill="${colour}"/>`
      : `<path d="M${at(value)} ${y - 5}v10" stroke="${colour}" stroke-width="2"/>`

  const gainRow = (gain: Dot, y: number, lines: readonly string[]) => {
    const colour = colourOf(gain.method)
    const { mean, interval } = gain
    const within = (value: number) => Math.min(Math.max(value, low), high)
    const whisker = interval
      ? `<path d="M${at(within(interval[0]))} ${y}H${at(within(interval[1]))}" stroke="${colour}" stroke-width="2"/>` +
        interval.map(end => edge(end, y, colour)).join('')
      : ''
    const fill = interval ? colour : 'none'
    const dot =
      mean < low || mean > high
        ? edge(mean, y, colour)
        : `<circle cx="${at(mean)}" cy="${y}" r="5" fill="${fill}" stroke="${colour}" stroke-width="2"/>`
    const base = y + 0.35 * size
    const numbers = interval ? formatInterval(interval) : `n = ${gain.pairs}`
    return (
      swatch(margin, base - 0.8 * size, size, colour) +
      lines.map((line, index) => text(margin + 1.5 * size, base + index * 1.3 * size, size, line)).join('') +
      whisker +
      dot +
      text(right + 5.5 * size, base, size, formatDifference(mean), { bold: true, anchor: 'end' }) +
      text(right + 6.5 * size, base, size, numbers, { fill: SECONDARY }) +
      text(right + 18 * size, base, size, gain.verdict, { bold: gain.verdict === 'gain' || gain.verdict === 'loss' })
    )
  }

  const body = (top: number) => {
    let y = top + 0.6 * size
    const parts: string[] = []
    for (const { name, dots } of sections) {
      if (dots.length === 0) continue
      parts.push(text(margin, y + 0.35 * size, size, name, { bold: true }))
      y += 2.2 * size
      for (const dot of dots) {
        const lines = fit(dot.name, left - margin - 2.5 * size, size)
        parts.push(gainRow(dot, y, lines))
        y += (0.7 + 1.3 * lines.length) * size
      }
      y += 1.2 * size
    }
    const bottom = y - size
    const grid = axis.ticks.map(
      tick =>
        `<path d="M${at(tick)} ${top}V${bottom}" stroke="${tick === 0 ? TEXT : LINE}"/>` +
        text(at(tick), bottom + 1.5 * size, size, axis.format(tick), { fill: SECONDARY, anchor: 'middle' }),
    )
    const name = text((left + right) / 2, bottom + 3.2 * size, size, axisName, {
      fill: SECONDARY,
      anchor: 'middle',
    })
    return { svg: grid.join('') + parts.join('') + name, bottom: bottom + 5.5 * size }
  }
  return sheet(
    {
      title: `${report.study}. ${title}`,
      caption:
        'Dots are means over pairs with equal seed and patient. Whiskers are 95 % intervals of a bootstrap over ' +
        'patients, then seeds. A hollow dot has too few pairs for an interval. The verdict is gain or loss only ' +
        'if the interval excludes zero.',
      origin: report.origin,
    },
    sizes,
    body,
    foot,
  )
}
