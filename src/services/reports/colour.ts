/**
 * Pixels of the figure: an image through a grey window, an error through one fixed colour map, and the colours of runs.
 * Inferno (S. van der Walt, N. Smith, 2015; CC0) is perceptually uniform and rises in lightness, so that it survives a
 * black-and-white printer and colour-blind eyes.
 */
import { interpolateRdBu, interpolateViridis } from 'd3-scale-chromatic'
import { encode } from 'fast-png'
import type { ColourMap } from '../../contract/figure.ts'

/** Inferno at 33 even positions, sRGB; lines between them stay within 2 of 255 of the published 256 entries. */
const INFERNO = (
  '000004 040312 0b0724 150b37 210c4a 2f0a5b 3d0965 4a0c6b 57106e 64156e 71196e 7d1e6d 8a226a 972766 a32c61 b0315b ' +
  'bc3754 c63d4d d04545 da4e3c e35933 eb6429 f1711f f67e14 f98c0a fb9b06 fcaa0f fbba1f f9c932 f5d949 f2e865 f3f586 fcffa4'
)
  .split(' ')
  .map(hex => [0, 2, 4].map(at => Number.parseInt(hex.slice(at, at + 2), 16)))

/** Okabe & Ito's colours (2008), told apart by every kind of colour vision. */
const RUN_COLOURS = ['#e69f00', '#56b4e9', '#009e73', '#f0e442', '#0072b2', '#d55e00', '#cc79a7']

export type Range = readonly [low: number, high: number]

/** Where `value` lies in the range: 0 at or below its low end, 1 at or above its high end. */
export function position(value: number, [low, high]: Range): number {
  return high > low ? Math.min(1, Math.max(0, (value - low) / (high - low))) : 0
}

export function greyLevel(value: number, window: Range): number {
  return Math.round(255 * position(value, window))
}

/** Inferno's red, green and blue for an error on the scale from 0 to `maximum`. */
export function errorColour(error: number, maximum: number): [number, number, number] {
  const at = position(error, [0, maximum]) * (INFERNO.length - 1)
  const below = Math.min(Math.floor(at), INFERNO.length - 2)
  const mix = (channel: number) =>
    Math.round(INFERNO[below][channel] + (at - below) * (INFERNO[below + 1][channel] - INFERNO[below][channel]))
  return [mix(0), mix(1), mix(2)]
}

const LEVELS = 256

/** '#440154' or 'rgb(68, 1, 84)' as red, green and blue. */
function channelsOf(colour: string): readonly number[] {
  if (colour.startsWith('#')) return [1, 3, 5].map(at => Number.parseInt(colour.slice(at, at + 2), 16))
  return colour.match(/\d+/g)!.map(Number)
}

const table = (colourAt: (fraction: number) => string) =>
  Array.from({ length: LEVELS }, (_, level) => channelsOf(colourAt(level / (LEVELS - 1))))

/** Viridis: S. van der Walt, N. Smith (2015; CC0). */
const VIRIDIS = table(interpolateViridis)
/** C. Brewer's red–blue, turned so that blue is below. */
const DIVERGING = table(fraction => interpolateRdBu(1 - fraction))

/** Of a pixel that is no number, in colour maps; grey leaves it black. */
const NOT_A_NUMBER = [200, 200, 200]

const finite = (colourAt: (fraction: number) => readonly number[]) => (fraction: number) =>
  Number.isNaN(fraction) ? NOT_A_NUMBER : colourAt(fraction)

const fromTable = (colours: readonly (readonly number[])[]) =>
  finite(fraction => colours[Math.round(position(fraction, [0, 1]) * (LEVELS - 1))])

/** A map's colour from 0, the low end of the range, to 1: one channel for grey, else three. */
export const COLOURS: Readonly<Record<ColourMap, (fraction: number) => readonly number[]>> = {
  grey: fraction => [greyLevel(fraction, [0, 1])],
  viridis: fromTable(VIRIDIS),
  inferno: finite(fraction => errorColour(fraction, 1)),
  diverging: fromTable(DIVERGING),
}

/** The 1st to 99th percentile: the window of an image that shares its units with no other. */
export function ownWindow(image: Float32Array): Range {
  const sorted = image.filter(Number.isFinite).sort()
  const at = (fraction: number) => sorted[Math.round(fraction * (sorted.length - 1))] ?? 0
  return [at(0.01), at(0.99)]
}

/** Each run's colour by its first appearance: the figure's panes and the table's rows name the runs in the same order. */
export function runColours(runs: readonly (string | null | undefined)[]): ReadonlyMap<string, string> {
  const distinct = [...new Set(runs.filter(run => run != null))]
  return new Map(distinct.map((run, index) => [run, RUN_COLOURS[index % RUN_COLOURS.length]]))
}

/**
 * A PNG data URI of [height, width] pixels, each repeated `scale` times along both axes, so that no viewer smooths
 * between neighbours.
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
