/**
 * A method's views as pictures, to look at before a training. All pictures have 8 bits through one window.
 * A pipeline that turns images white is therefore visible. The original work met white images with PIRL.
 */
import { extremes } from '../extremes.ts'
import type { PlainTensor } from '../models/parameters.ts'
import { shrink } from '../viewing/thumbnail.ts'

/** A part of a sample, named by the label of its picture. */
export interface LabelledPart extends PlainTensor {
  readonly name: string
}

/** Black and white, in the network's units. Views have mean 0 and SD 1, or lie between −2.2 and 2.2. */
const WINDOW = [-2.2, 4] as const
/** Pixels along a picture's side. */
const LARGEST = 256
const GAP = 1

export interface Picture {
  readonly name: string
  readonly shape: [number, number]
  /** Row-major greys; gaps between parts are black. */
  readonly pixels: Uint8Array
  /**
   * Shares of the part's pixels whose value is within 5 % of the range from the lowest or the highest value. A flat
   * picture is all black or all white.
   */
  readonly black: number
  readonly white: number
}

const grey = (value: number, [from, to]: readonly [number, number]): number => {
  return Math.max(0, Math.min(255, Math.round(((value - from) / (to - from)) * 255)))
}

/** Number and size of a part's images; `null` if the part has none: a label, a row of a bank. */
function pictureShape(shape: readonly number[]): { count: number; height: number; width: number } | null {
  if ((shape.at(-1) !== 1 && shape.at(-1) !== 2) || (shape.length !== 3 && shape.length !== 4)) return null
  const [count, height, width] = shape.length === 4 ? shape : [1, ...shape]
  return { count, height, width }
}

/** What a picture shows of a part, and the values of black and white: of complex images, magnitudes from 0 up. */
function shownOf({ data, shape }: LabelledPart): { values: Float32Array; window: readonly [number, number] } {
  if (shape.at(-1) === 1) return { values: data, window: WINDOW }
  const values = Float32Array.from({ length: data.length / 2 }, (_, i) => Math.hypot(data[2 * i], data[2 * i + 1]))
  return { values, window: [0, values.reduce((most, value) => Math.max(most, value), 0) || 1] }
}

const NEAR = 0.05

function endsOf(data: Float32Array, window: readonly [number, number]): Pick<Picture, 'black' | 'white'> {
  const { minimum, maximum } = extremes(data, 'a view of finite numbers')
  if (minimum === maximum) return grey(minimum, window) < 128 ? { black: 1, white: 0 } : { black: 0, white: 1 }
  const near = NEAR * (maximum - minimum)
  let [black, white] = [0, 0]
  for (const value of data) {
    if (value <= minimum + near) black++
    if (value >= maximum - near) white++
  }
  return { black: black / data.length, white: white / data.length }
}

/**
 * A part [h, w, 1 or 2], or the n images of [n, h, w, 1 or 2] in a square grid. Large images are averaged down.
 * `null`: no picture.
 */
export function pictureOf(part: LabelledPart): Picture | null {
  const size = pictureShape(part.shape)
  if (!size) return null
  const { values, window } = shownOf(part)
  const { count, height, width } = size
  const columns = Math.ceil(Math.sqrt(count))
  const rows = Math.ceil(count / columns)
  const room = Math.floor((LARGEST - (columns - 1) * GAP) / columns)
  const tiles = Array.from({ length: count }, (_, i) => {
    const tile = values.subarray(i * height * width, (i + 1) * height * width)
    const fits = Math.max(height, width) <= room
    return fits ? { pixels: tile, shape: [height, width] as const } : shrink(tile, [height, width], room)
  })
  const [tall, wide] = tiles[0].shape
  const whole: [number, number] = [rows * (tall + GAP) - GAP, columns * (wide + GAP) - GAP]
  const pixels = new Uint8Array(whole[0] * whole[1])
  for (const [i, tile] of tiles.entries()) {
    const top = Math.floor(i / columns) * (tall + GAP)
    const left = (i % columns) * (wide + GAP)
    for (const [j, value] of tile.pixels.entries())
      pixels[(top + Math.floor(j / wide)) * whole[1] + left + (j % wide)] = grey(value, window)
  }
  return { name: part.name, shape: whole, pixels, ...endsOf(values, window) }
}

/**
 * Above these shares a picture shows next to nothing. The limit for black is high, because air around a head is black.
 */
const MOST = { white: 0.5, black: 0.95 } as const

const ENDS = [
  [
    'white',
    'The original work met this with PIRL. The intensity distortion or the normalisation causes it. ' +
      'Try a weaker intensity, or standardise by image.',
  ],
  [
    'black',
    'Standardise by image, or try a weaker intensity, or crops that show more of the slice (a larger minimum area).',
  ],
] as const

/** Warnings of pictures that are nearly all white or black. */
export function pictureCautions(samples: readonly { readonly pictures: readonly Picture[] }[]): string[] {
  const pictures = samples.flatMap(sample => sample.pictures)
  return ENDS.flatMap(([end, remedy]) => {
    const bad = pictures.filter(picture => picture[end] > MOST[end])
    if (bad.length === 0) return []
    const names = [...new Set(bad.map(({ name }) => name))].join(', ')
    return [
      `${bad.length} of ${pictures.length} pictures are nearly ${end} (${names}): ` +
        `the network sees next to nothing in them. ${remedy}`,
    ]
  })
}
