/** Converts values to pixels of a PNG, with a window and a colour map. */
import { encode } from 'fast-png'
import { COLOUR_MAPS, type ColourMap } from '../../contract/figure.ts'
import { COLOUR_TABLES } from '../../presentation/colours.ts'

export type Range = readonly [low: number, high: number]

/** Position of `value` in the range: 0 at or below the low end, 1 at or above the high end. */
export function position(value: number, [low, high]: Range): number {
  return high > low ? Math.min(1, Math.max(0, (value - low) / (high - low))) : 0
}

type ColourAt = (fraction: number) => readonly number[]

/** Grey has one channel, because a grey PNG is a third as large. */
const colourAt = (map: ColourMap): ColourAt => {
  const { levels, noValue } = COLOUR_TABLES[map]
  const channels = map === 'grey' ? 1 : 3
  const colours = levels.map(colour => colour.slice(0, channels))
  const none = noValue.slice(0, channels)
  return fraction =>
    Number.isNaN(fraction) ? none : colours[Math.round(position(fraction, [0, 1]) * (levels.length - 1))]
}

/** Colours of the maps, from 0 (low end of the range) to 1. Grey has one channel, other maps have three. */
export const COLOURS = Object.fromEntries(COLOUR_MAPS.map(map => [map, colourAt(map)])) as Readonly<
  Record<ColourMap, ColourAt>
>

/**
 * A PNG data URI of [height, width] pixels. Each pixel is repeated `scale` times along both axes, so that viewers do
 * not smooth between neighbours.
 */
export function pixelsUri(
  [height, width]: readonly [number, number],
  scale: number,
  colourAt: (index: number) => readonly number[],
): string {
  const channels = colourAt(0).length
  const rowBytes = width * scale * channels
  const data = new Uint8Array(height * scale * rowBytes)
  for (let y = 0; y < height; y++) {
    const start = y * scale * rowBytes
    for (let x = 0; x < width; x++) {
      const colour = colourAt(y * width + x)
      for (let repeat = 0; repeat < scale; repeat++) data.set(colour, start + (x * scale + repeat) * channels)
    }
    for (let repeat = 1; repeat < scale; repeat++) data.copyWithin(start + repeat * rowBytes, start, start + rowBytes)
  }
  const png = encode({ width: width * scale, height: height * scale, channels, data })
  return `data:image/png;base64,${Buffer.from(png).toString('base64')}`
}
