/** Numbers in regions and along lines, from the images as they are on the screen, unwindowed. */
import { stemOf } from '../../contract/exports.ts'
import { box, type Shape } from './marks.ts'

type Size = readonly [height: number, width: number]
type Span = Pick<Shape, 'kind' | 'from' | 'to'>

/** Row-major places of the pixels of an image [h, w] whose centre lies in a region. */
export function pixelsIn(shape: Span, [height, width]: Size): number[] {
  const { left, top, right, bottom } = box(shape)
  const [cx, cy] = [(left + right) / 2, (top + bottom) / 2]
  const [rx, ry] = [(right - left) / 2, (bottom - top) / 2]
  const found: number[] = []
  for (let row = Math.max(0, Math.floor(top * height)); row < Math.min(height, Math.ceil(bottom * height)); row++) {
    for (
      let column = Math.max(0, Math.floor(left * width));
      column < Math.min(width, Math.ceil(right * width));
      column++
    ) {
      const [x, y] = [(column + 0.5) / width, (row + 0.5) / height]
      if (x < left || x > right || y < top || y > bottom) continue
      if (shape.kind === 'ellipse' && ((x - cx) / rx) ** 2 + ((y - cy) / ry) ** 2 > 1) continue
      found.push(row * width + column)
    }
  }
  return found
}

export interface Spread {
  readonly mean: number
  /** n − 1; 0 of a single pixel. */
  readonly sd: number
  readonly count: number
}

export function spreadIn(values: Float32Array, pixels: readonly number[]): Spread {
  const count = pixels.length
  const mean = pixels.reduce((sum, i) => sum + values[i], 0) / count
  const squares = pixels.reduce((sum, i) => sum + (values[i] - mean) ** 2, 0)
  return { mean, sd: count > 1 ? Math.sqrt(squares / (count - 1)) : 0, count }
}

/** PSNR (dB, `range` the maximum of the ground truth over the volume) and NMSE of a region alone. */
export function errorIn(
  values: Float32Array,
  truth: Float32Array,
  pixels: readonly number[],
  range: number,
): { psnr: number; nmse: number } {
  const squares = pixels.reduce((sum, i) => sum + (values[i] - truth[i]) ** 2, 0)
  const power = pixels.reduce((sum, i) => sum + truth[i] ** 2, 0)
  return { psnr: 10 * Math.log10(range ** 2 / (squares / pixels.length)), nmse: squares / power }
}

/** Mean of those that are numbers: an SSIM map has none at its border. */
export function meanIn(values: Float32Array, pixels: readonly number[]): number {
  const known = pixels.map(i => values[i]).filter(Number.isFinite)
  return known.reduce((sum, value) => sum + value, 0) / known.length
}

/** A line's length in pixels of an image [h, w]; in mm with the size of a pixel, [down, right]. */
export const lengthOf = (
  { from, to }: Pick<Shape, 'from' | 'to'>,
  [height, width]: Size,
  [down, right]: Size = [1, 1],
): number => Math.hypot((to.x - from.x) * width * right, (to.y - from.y) * height * down)

export interface Profile {
  /** Pixels from the line's start. */
  readonly at: number[]
  readonly values: number[]
}

/** Along a line, a value every pixel at most, linear between the four nearest pixel centres. */
export function profileOf(values: Float32Array, size: Size, { from, to }: Pick<Shape, 'from' | 'to'>): Profile {
  const length = lengthOf({ from, to }, size)
  const steps = Math.max(1, Math.ceil(length))
  const at = Array.from({ length: steps + 1 }, (_, i) => (i / steps) * length)
  return {
    at,
    values: at.map((_, i) => {
      const share = i / steps
      return sample(values, size, from.x + share * (to.x - from.x), from.y + share * (to.y - from.y))
    }),
  }
}

/** At a point in shares of the sides; pixel centres are at (i + ½) / n. */
function sample(values: Float32Array, [height, width]: Size, x: number, y: number): number {
  const clamp = (value: number, most: number) => Math.min(most, Math.max(0, value))
  const [column, row] = [clamp(x * width - 0.5, width - 1), clamp(y * height - 0.5, height - 1)]
  const [left, top] = [Math.min(Math.floor(column), width - 2), Math.min(Math.floor(row), height - 2)]
  const [dx, dy] = [column - left, row - top]
  const value = (down: number, right: number) => values[(top + down) * width + left + right]
  return (1 - dy) * ((1 - dx) * value(0, 0) + dx * value(0, 1)) + dy * ((1 - dx) * value(1, 0) + dx * value(1, 1))
}

export interface Histogram {
  /** Middles of the bins. */
  readonly at: number[]
  readonly counts: number[]
}

const BINS = 64

/** Over [low, high]; what lies outside falls into the end bins. */
export function histogramOf(values: Float32Array, pixels: readonly number[], low: number, high: number): Histogram {
  const counts = new Array<number>(BINS).fill(0)
  const width = (high - low) / BINS || 1
  for (const i of pixels) {
    const bin = Math.floor((values[i] - low) / width)
    counts[Math.min(BINS - 1, Math.max(0, bin))]++
  }
  return { at: counts.map((_, i) => low + (i + 0.5) * width), counts }
}

/**
 * Boxes of a file out of fastMRI+'s table (Zhao et al. 2022: file, slice, study_level, x, y, width, height, label;
 * pixels of the 320 × 320 image turned upside down). `file`: with or without its ending.
 */
export function fastmriPlusBoxes(table: string, file: string, [height, width]: Size): Omit<Shape, 'id'>[] {
  const [head = '', ...lines] = table.split(/\r?\n/).filter(line => line.trim() !== '')
  const names = head.split(',').map(name => name.trim().toLowerCase())
  const column = (name: string) => names.indexOf(name)
  const stem = stemOf(file)
  return lines.flatMap(line => {
    const cells = line.split(',')
    const cell = (name: string) => cells[column(name)]?.trim() ?? ''
    const [x, y, w, h] = ['x', 'y', 'width', 'height'].map(name =>
      cell(name) === '' ? Number.NaN : Number(cell(name)),
    )
    if (stemOf(cell('file')) !== stem || [x, y, w, h].some(Number.isNaN)) return []
    const top = height - (y + h)
    return [
      {
        kind: 'rectangle' as const,
        from: { x: x / width, y: top / height },
        to: { x: (x + w) / width, y: (top + h) / height },
        label: cells.slice(column('label')).join(',').replaceAll('"', '').trim(),
        slice: Number(cell('slice')),
      },
    ]
  })
}
