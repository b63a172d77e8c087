/**
 * Random resized crop. The box is drawn as in torchvision's RandomResizedCrop: area, log-uniform aspect 3/4 to 4/3, ten
 * tries, then the centre. It is resized by Pillow's antialiased BILINEAR, a triangle filter as wide as the reduction.
 */
import type { RandomState } from '../../mri/random.ts'

export interface Box {
  readonly top: number
  readonly left: number
  readonly height: number
  readonly width: number
}

const ASPECT: readonly [number, number] = [Math.log(3 / 4), Math.log(4 / 3)]
const TRIES = 10

export function randomBox([rows, columns]: readonly [number, number], minimumArea: number, random: RandomState): Box {
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const area = rows * columns * (minimumArea + (1 - minimumArea) * random.uniform())
    const aspect = Math.exp(ASPECT[0] + (ASPECT[1] - ASPECT[0]) * random.uniform())
    const width = Math.round(Math.sqrt(area * aspect))
    const height = Math.round(Math.sqrt(area / aspect))
    if (width > 0 && height > 0 && width <= columns && height <= rows) {
      return { top: random.randint(rows - height + 1), left: random.randint(columns - width + 1), height, width }
    }
  }
  const side = Math.min(rows, columns)
  return { top: (rows - side) >> 1, left: (columns - side) >> 1, height: side, width: side }
}

/**
 * Output index i is a weighted mean of input indices from `starts[i]` on. Its weights are `weights[offsets[i]]` to
 * `weights[offsets[i + 1] − 1]`, and sum to 1.
 */
interface Filter {
  readonly starts: Int32Array
  readonly offsets: Int32Array
  readonly weights: Float64Array
}

function filterAlong(from: number, length: number, size: number): Filter {
  const scale = length / size
  const reach = Math.max(scale, 1)
  const starts = new Int32Array(size)
  const offsets = new Int32Array(size + 1)
  const weights: number[] = []
  for (let i = 0; i < size; i++) {
    const centre = (i + 0.5) * scale
    const start = Math.max(0, Math.floor(centre - reach + 0.5))
    const end = Math.min(length, Math.floor(centre + reach + 0.5))
    const raw = Array.from({ length: end - start }, (_, k) =>
      Math.max(0, 1 - Math.abs((start + k - centre + 0.5) / reach)),
    )
    const sum = raw.reduce((total, weight) => total + weight, 0)
    starts[i] = from + start
    weights.push(...raw.map(weight => weight / sum))
    offsets[i + 1] = weights.length
  }
  return { starts, offsets, weights: Float64Array.from(weights) }
}

/** The box of an image [rows, columns], resized to [size, size]. */
export function resizeBox(
  image: Float32Array,
  [, columns]: readonly [number, number],
  box: Box,
  size: number,
): Float32Array {
  const across = filterAlong(box.left, box.width, size)
  const down = filterAlong(0, box.height, size)
  const narrow = new Float64Array(box.height * size)
  for (let row = 0; row < box.height; row++) {
    for (let i = 0; i < size; i++) {
      const end = across.offsets[i + 1]
      let at = (box.top + row) * columns + across.starts[i]
      let sum = 0
      for (let k = across.offsets[i]; k < end; k++) sum += across.weights[k] * image[at++]
      narrow[row * size + i] = sum
    }
  }
  const result = new Float32Array(size * size)
  for (let j = 0; j < size; j++) {
    const end = down.offsets[j + 1]
    for (let i = 0; i < size; i++) {
      let at = down.starts[j] * size + i
      let sum = 0
      for (let k = down.offsets[j]; k < end; k++, at += size) sum += down.weights[k] * narrow[at]
      result[j * size + i] = sum
    }
  }
  return result
}
