/** From numbers to pixels: window/level, colour maps, and where an image lies in its pane. */
import { interpolateInferno, interpolateViridis } from 'd3-scale-chromatic'
import type { ColourMap } from '../../contract/figure.ts'
import type { GreyWindow, Place } from './view.ts'

/** 256 colours, RGBA as little-endian 32-bit words. */
export type Colours = Uint32Array

const LEVELS = 256
const OPAQUE = 0xff000000

export const GREY: Colours = Uint32Array.from({ length: LEVELS }, (_, i) => (OPAQUE | (i << 16) | (i << 8) | i) >>> 0)

const word = (red: number, green: number, blue: number) => (OPAQUE | (blue << 16) | (green << 8) | red) >>> 0

/** Of a d3 scale that gives '#rrggbb'. */
const fromScale = (scale: (share: number) => string): Colours =>
  Uint32Array.from({ length: LEVELS }, (_, i) => {
    const rgb = Number.parseInt(scale(i / (LEVELS - 1)).slice(1), 16)
    return word(rgb >> 16, (rgb >> 8) & 255, rgb & 255)
  })

export const INFERNO = fromScale(interpolateInferno)
export const VIRIDIS = fromScale(interpolateViridis)

/** Black at 0, so that no error is dark as everywhere here; blue below, orange above, of equal brightness at equal distance. */
export const DIVERGING: Colours = Uint32Array.from({ length: LEVELS }, (_, i) => {
  const signed = (2 * i) / (LEVELS - 1) - 1
  const colour = signed < 0 ? [96, 176, 255] : [255, 158, 74]
  const [red, green, blue] = colour.map(value => Math.round(value * Math.abs(signed)))
  return word(red, green, blue)
})

export const COLOURS: Readonly<Record<ColourMap, Colours>> = {
  grey: GREY,
  viridis: VIRIDIS,
  inferno: INFERNO,
  diverging: DIVERGING,
}

/** Fills an image's pixels: level 0 at and below `low`, 255 at and above `high`, rounded between; black where there is no number, whatever the map. */
export function paint(values: Float32Array, { low, high }: GreyWindow, map: Colours, into: Uint32Array): void {
  const top = LEVELS - 1
  const scale = top / (high - low || 1)
  for (let i = 0; i < values.length; i++) {
    const level = (values[i] - low) * scale
    into[i] = level >= top ? map[top] : level > 0 ? map[(level + 0.5) | 0] : level <= 0 ? map[0] : OPAQUE
  }
}

/** |a − b|, or a − b, into a new array. */
export function difference(a: Float32Array, b: Float32Array, signed: boolean): Float32Array {
  const difference = new Float32Array(a.length)
  for (let i = 0; i < a.length; i++) difference[i] = signed ? a[i] - b[i] : Math.abs(a[i] - b[i])
  return difference
}

/** The value below which a share of all values lies. */
export function percentile(values: Float32Array, share: number): number {
  const sorted = values.toSorted()
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0
}

/** Black at 0, white at the 99.5th percentile: what a window fitted to a magnitude image is. */
export function fitWindow(values: Float32Array): GreyWindow {
  return { low: 0, high: percentile(values, 0.995) || 1 }
}

/** A window over the middle 99 % of values of any sign, for outputs in arbitrary units. */
export function ownWindow(values: Float32Array): GreyWindow {
  const sorted = values.toSorted()
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]
  const [low, high] = [at(0.005), at(0.995)]
  return high > low ? { low, high } : { low, high: low + 1 }
}

/** Where the image lies in a pane of that size, in the pane's pixels: its corner and the size of one voxel. */
export interface Layout {
  readonly left: number
  readonly top: number
  readonly scale: number
}

export function layOut(
  pane: { readonly width: number; readonly height: number },
  [height, width]: readonly [number, number],
  { zoom, x, y }: Place,
): Layout {
  const scale = Math.min(pane.width / width, pane.height / height) * zoom
  return { left: pane.width / 2 - x * width * scale, top: pane.height / 2 - y * height * scale, scale }
}

/** Image position, in shares of its sides, of a point of the pane; may lie outside 0 … 1. */
export function imagePoint(
  point: { readonly x: number; readonly y: number },
  { left, top, scale }: Layout,
  [height, width]: readonly [number, number],
): { x: number; y: number } {
  return { x: (point.x - left) / (scale * width), y: (point.y - top) / (scale * height) }
}
