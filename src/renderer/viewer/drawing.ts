/** From numbers to pixels: window/level, and where an image lies in its pane. */
import { COLOUR_MAPS, type ColourMap } from '../../contract/figure.ts'
import type { FrameMeta } from '../../contract/images.ts'
import type { Tiles } from '../../contract/tiles.ts'
import { COLOUR_TABLES, levelOfPhase, MARK } from '../../presentation/colours.ts'
import type { GreyWindow } from '../../presentation/windows.ts'
import type { Place } from './view.ts'

type Size = readonly [height: number, width: number]

/** 256 colours, RGBA as little-endian 32-bit words. */
export type Colours = Uint32Array

const OPAQUE = 0xff000000

/** RGBA as a little-endian word. */
const word = ([red, green, blue]: readonly [number, number, number]) =>
  (OPAQUE | (blue << 16) | (green << 8) | red) >>> 0

const wordsOf = (map: ColourMap): Colours => Uint32Array.from(COLOUR_TABLES[map].levels, word)

export const COLOURS: Readonly<Record<ColourMap, Colours>> = {
  grey: wordsOf('grey'),
  viridis: wordsOf('viridis'),
  inferno: wordsOf('inferno'),
  diverging: wordsOf('diverging'),
  cyclic: wordsOf('cyclic'),
}

export const GREY = COLOURS.grey

const NO_VALUE = new Map(COLOUR_MAPS.map(map => [COLOURS[map], word(COLOUR_TABLES[map].noValue)]))

/**
 * Fills an image's pixels: level 0 at and below `low`, 255 at and above `high`, rounded between; a pixel without a
 * number has the map's colour for it.
 */
export function paint(values: Float32Array, { low, high }: GreyWindow, map: Colours, into: Uint32Array): void {
  const top = map.length - 1
  const none = NO_VALUE.get(map) ?? OPAQUE
  const scale = top / (high - low || 1)
  for (let i = 0; i < values.length; i++) {
    const level = (values[i] - low) * scale
    into[i] = level >= top ? map[top] : level > 0 ? map[(level + 0.5) | 0] : level <= 0 ? map[0] : none
  }
}

/** A second number of each pixel, see `FrameMeta`. */
export interface Second {
  readonly kind: NonNullable<FrameMeta['second']>
  readonly values: Float32Array
}

/** Of marked pixels. */
const MARKED = word(MARK)

/** Fills an image's pixels: hue by the phase, brightness by the window from black to the hue's own brightness. */
export function paintPhases(
  values: Float32Array,
  { low, high }: GreyWindow,
  phases: Float32Array,
  into: Uint32Array,
): void {
  const none = NO_VALUE.get(COLOURS.cyclic)!
  for (let i = 0; i < values.length; i++) {
    const share = Math.min(1, Math.max(0, (values[i] - low) / (high - low || 1)))
    if (Number.isNaN(share)) {
      into[i] = none
      continue
    }
    const hue = COLOURS.cyclic[levelOfPhase(phases[i])]
    const channel = (shift: number) => ((((hue >>> shift) & 255) * share + 0.5) | 0) << shift
    into[i] = (OPAQUE | channel(16) | channel(8) | channel(0)) >>> 0
  }
}

/** Between tiles: a dark grey, so that tiles with black edges can be told apart. */
const GAP = word([38, 43, 51])

/** Fills the pixels between tiles, and makes places without a tile transparent. */
function paintGaps({ count, columns, height, width, gap }: Tiles, [rows, across]: Size, into: Uint32Array): void {
  for (let row = 0; row < rows; row++) {
    const start = row * across
    if (row % (height + gap) >= height) into.fill(GAP, start, start + across)
    else
      for (let column = width; column < across; column += width + gap)
        into.fill(GAP, start + column, start + column + gap)
  }
  for (let place = count; place < Math.ceil(count / columns) * columns; place++) {
    const [top, left] = [Math.floor(place / columns) * (height + gap), (place % columns) * (width + gap)]
    for (let row = top; row < top + height; row++) into.fill(0, row * across + left, row * across + left + width)
  }
}

/** Numbers of an image [h, w] and how they are seen. */
export interface Seen {
  readonly values: Float32Array
  readonly shape: Size
  readonly map: Colours
  readonly second?: Second
  readonly tiles?: Tiles
}

export function paintSeen({ values, shape, map, second, tiles }: Seen, window: GreyWindow, into: Uint32Array): void {
  if (second?.kind === 'phase') paintPhases(values, window, second.values, into)
  else paint(values, window, map, into)
  if (second?.kind === 'mark') for (let i = 0; i < values.length; i++) if (second.values[i] === 1) into[i] = MARKED
  if (tiles) paintGaps(tiles, shape, into)
}

/** |a − b|, or a − b, into a new array. */
export function difference(a: Float32Array, b: Float32Array, signed: boolean): Float32Array {
  const difference = new Float32Array(a.length)
  for (let i = 0; i < a.length; i++) difference[i] = signed ? a[i] - b[i] : Math.abs(a[i] - b[i])
  return difference
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
