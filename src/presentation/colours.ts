/** Colours of runs, methods and pixels, once for screen and print. */
import { interpolateInferno, interpolateRdBu, interpolateViridis } from 'd3-scale-chromatic'
import type { ColourMap } from '../contract/figure.ts'

/** Okabe & Ito's colours (2008): people with any kind of colour vision can tell them apart. */
const OKABE_ITO = ['#e69f00', '#56b4e9', '#009e73', '#f0e442', '#0072b2', '#d55e00', '#cc79a7'] as const

/** A run's colour follows the run's number, because the run then has one colour in all lists, panes and reports. */
export function runColour(run: string): string {
  return OKABE_ITO[Math.abs(Number(run)) % OKABE_ITO.length] ?? OKABE_ITO[0]
}

/** A method's colour follows the method's place among all methods, whichever of them a reproduction has. */
export function methodColour(method: string, methods: readonly string[]): string | null {
  const place = methods.indexOf(method)
  return place < 0 ? null : OKABE_ITO[place % OKABE_ITO.length]
}

/** Colour of one line among several in a plot. */
export const lineColour = (place: number): string => OKABE_ITO[place % OKABE_ITO.length]

type Rgb = readonly [red: number, green: number, blue: number]

/** A map's colours from the low end of the range to the high end. */
interface ColourTable {
  readonly levels: readonly Rgb[]
  /** Colour of a pixel without a number. No level of a colour map has this colour, so no value looks like it. */
  readonly noValue: Rgb
}

const LEVELS = 256
const BLACK: Rgb = [0, 0, 0]
const LIGHT_GREY: Rgb = [200, 200, 200]

/** '#440154' or 'rgb(68, 1, 84)' as red, green and blue. */
function channelsOf(colour: string): Rgb {
  const channels = colour.startsWith('#')
    ? [1, 3, 5].map(at => Number.parseInt(colour.slice(at, at + 2), 16))
    : colour.match(/\d+/g)!.map(Number)
  return [channels[0], channels[1], channels[2]]
}

const table = (colourAt: (share: number) => Rgb, noValue: Rgb): ColourTable => ({
  levels: Array.from({ length: LEVELS }, (_, level) => colourAt(level / (LEVELS - 1))),
  noValue,
})

const scale = (colourAt: (share: number) => string) => table(share => channelsOf(colourAt(share)), LIGHT_GREY)

const grey = (share: number): Rgb => {
  const level = Math.round(255 * share)
  return [level, level, level]
}

/** Of the circle of hues: OKLab's lightness and chroma, and the hue of the middle of the range, a red. */
const CIRCLE = { lightness: 0.75, chroma: 0.125, hue: (29 / 180) * Math.PI }

/**
 * A hue of equal lightness and chroma at each share of the circle, so that no phase looks brighter than another phase.
 * The chroma is the largest that sRGB has at all hues of this lightness.
 * Source: B. Ottosson 2020, "A perceptual color space for image processing" (OKLab).
 */
function hueAt(share: number): Rgb {
  const { lightness, chroma, hue } = CIRCLE
  const angle = hue + 2 * Math.PI * (share - 0.5)
  const [a, b] = [chroma * Math.cos(angle), chroma * Math.sin(angle)]
  const [l, m, s] = [
    lightness + 0.3963377774 * a + 0.2158037573 * b,
    lightness - 0.1055613458 * a - 0.0638541728 * b,
    lightness - 0.0894841775 * a - 1.291485548 * b,
  ].map(root => root ** 3)
  const encoded = (linear: number) => {
    const value = Math.min(1, Math.max(0, linear))
    return Math.round(255 * (value <= 0.0031308 ? 12.92 * value : 1.055 * value ** (1 / 2.4) - 0.055))
  }
  return [
    encoded(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
    encoded(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
    encoded(-0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s),
  ]
}

/**
 * Viridis and inferno: S. van der Walt, N. Smith (2015; CC0). Their lightness only rises, so the maps survive a
 * black-and-white printer. Diverging: C. Brewer's red–blue, turned so that blue is below the middle. The middle is
 * nearly white, because a black middle looks like a pixel without signal beside it.
 */
export const COLOUR_TABLES: Readonly<Record<ColourMap, ColourTable>> = {
  grey: table(grey, BLACK),
  viridis: scale(interpolateViridis),
  inferno: scale(interpolateInferno),
  diverging: scale(share => interpolateRdBu(1 - share)),
  cyclic: table(hueAt, LIGHT_GREY),
}

/** The level of a cyclic map for a phase in −π … π. */
export const levelOfPhase = (phase: number): number => Math.round((phase / (2 * Math.PI) + 0.5) * (LEVELS - 1))

/** Colour of marked pixels: Okabe & Ito's orange. No level of grey has this colour. */
export const MARK: Rgb = [230, 159, 0]
