/** Feature maps as numbers: how many fit where, and through which window each is seen. */
import type { GreyWindow } from '../../presentation/windows.ts'

export interface Grid {
  readonly columns: number
  /** Size of one map on the screen, pixels. */
  readonly width: number
  readonly height: number
}

/** Columns with which `count` pictures of `shape` [h, w], each with a caption, are largest within an area. */
export function fitGrid(
  count: number,
  area: { readonly width: number; readonly height: number },
  [height, width]: readonly [number, number],
  gap: number,
  caption: number,
): Grid {
  let best: Grid = { columns: 1, width: 0, height: 0 }
  for (let columns = 1; columns <= count; columns++) {
    const rows = Math.ceil(count / columns)
    const cellWidth = (area.width - gap * (columns - 1)) / columns
    const cellHeight = (area.height - gap * (rows - 1)) / rows - caption
    const scale = Math.max(0, Math.min(cellWidth / width, cellHeight / height))
    if (scale * width > best.width)
      best = { columns, width: Math.floor(scale * width), height: Math.floor(scale * height) }
  }
  return best
}

const BINS = 2048
const TAIL = 0.005

/**
 * Black and white at the ends of the middle 99 % of values, of whatever sign; `null` where all are the same: a blank
 * map.
 */
export function windowOf(values: Float32Array): GreyWindow | null {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (const value of values) {
    if (value < low) low = value
    if (value > high) high = value
  }
  if (!(high > low)) return null
  const counts = new Uint32Array(BINS)
  const scale = BINS / (high - low)
  for (const value of values) counts[Math.min(BINS - 1, Math.floor((value - low) * scale))]++
  const tail = TAIL * values.length
  let [first, last] = [0, BINS - 1]
  for (let seen = counts[0]; seen <= tail && first < BINS - 1; seen += counts[++first]);
  for (let seen = counts[BINS - 1]; seen <= tail && last > first; seen += counts[--last]);
  return { low: low + first / scale, high: low + (last + 1) / scale }
}

/** The maps of [count, h, w], each a view of its own. */
export function split(values: Float32Array, count: number): Float32Array[] {
  const size = values.length / count
  return Array.from({ length: count }, (_, i) => values.subarray(i * size, (i + 1) * size))
}
