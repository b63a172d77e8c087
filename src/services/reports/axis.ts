/** Axes of plots: ticks at round values and their labels. Positions of labels beside a plot. */
import type { Range } from './pixels.ts'

export interface Axis {
  readonly range: Range
  readonly ticks: readonly number[]
  readonly format: (tick: number) => string
}

/** 1, 2 or 5 times a power of ten. The number of such steps in `length` is as near to `count` as possible. */
function roundStep(length: number, count: number): number {
  const power = 10 ** Math.floor(Math.log10(length / count))
  const off = (step: number) => Math.abs(Math.log((step * count) / length))
  return [1, 2, 5, 10].map(factor => factor * power).reduce((best, step) => (off(step) < off(best) ? step : best))
}

const minus = (text: string) => text.replace('-', '−')

/** An axis over the values, with some room at its ends. All ticks are within the axis. */
export function axisOver(
  values: readonly number[],
  count: number,
  options: { whole?: boolean; from?: number } = {},
): Axis {
  const finite = values.filter(Number.isFinite)
  const [least, most] = finite.length === 0 ? [0, 1] : [Math.min(...finite), Math.max(...finite)]
  const room = most > least ? 0.06 * (most - least) : Math.abs(most) * 0.05 || 0.5
  const range: Range = [options.from ?? least - room, most + room]
  const step = Math.max(roundStep(range[1] - range[0], count), options.whole ? 1 : 0)
  const [first, last] = [Math.ceil(range[0] / step), Math.floor(range[1] / step)]
  const ticks = Array.from({ length: last - first + 1 }, (_, index) => (first + index) * step)
  const decimals = Math.max(0, -Math.floor(Math.log10(step) + 1e-9))
  return { range, ticks, format: tick => minus(Math.abs(tick) < step / 2 ? '0' : tick.toFixed(decimals)) }
}

/** A readable unit of time: its length in seconds, and its name. */
export function timeUnit(longest: number): readonly [seconds: number, name: string] {
  if (longest < 180) return [1, 's']
  return longest < 3 * 3600 ? [60, 'min'] : [3600, 'h']
}

/** Moves labels from their wished positions to a distance of at least `room`, between `top` and `bottom`. */
export function spreadLabels(wishes: readonly number[], room: number, top: number, bottom: number): number[] {
  const order = wishes.map((_, index) => index).sort((a, b) => wishes[a] - wishes[b])
  const placed = [...wishes]
  order.forEach((index, rank) => {
    const least = rank === 0 ? top : placed[order[rank - 1]] + room
    placed[index] = Math.max(wishes[index], least)
  })
  order.reverse().forEach((index, rank) => {
    const most = rank === 0 ? bottom : placed[order[rank - 1]] - room
    placed[index] = Math.min(placed[index], most)
  })
  return placed
}
