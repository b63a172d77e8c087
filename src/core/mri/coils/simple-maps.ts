/**
 * Coil maps from images without aliasing, such as images of the centre of k-space alone:
 *   low resolution: v(x) = s(x) / ‖s(x)‖ with the coils' images s,
 *   Walsh:          the dominant eigenvector of R(x), the mean of s sᴴ over 5 × 5 pixels around x. At borders the image
 *                   is mirrored, with the edge pixel repeated.
 * Source: Walsh et al., Magn. Reson. Med. 43, 2000, "Adaptive reconstruction of phased array MR imagery".
 */
import type { KspaceSize } from './calibration.ts'
import { type Eigenvectors, pairCount } from './eigenvectors.ts'

const REACH = 2 // 5 × 5 pixels
/** Rows of matrices in memory at a time. */
const ROWS = 16

/**
 * @param images [coils, rows, columns, 2]
 * @param reference [coils, 2]. Maps are turned so that referenceᴴ v is real and not negative.
 * @returns [coils, rows, columns, 2]
 */
export function walshMaps(
  images: Float32Array,
  { coils, rows, columns }: KspaceSize,
  reference: Float32Array,
  { ofMatrices }: Eigenvectors,
): Float32Array {
  const size = 2 * rows * columns
  const scaled = scaledToOne(images)
  const maps = new Float32Array(images.length)
  for (let first = 0; first < rows; first += ROWS) {
    const pixels = Math.min(ROWS, rows - first) * columns
    const triangles = new Float64Array(2 * pairCount(coils) * pixels)
    let pair = 0
    for (let c = 0; c < coils; c++)
      for (let d = 0; d <= c; d++, pair++) {
        const [a, b] = [c, d].map(coil => scaled.subarray(coil * size, (coil + 1) * size))
        const [re, im] = [0, 1].map(part =>
          triangles.subarray((2 * pair + part) * pixels, (2 * pair + part + 1) * pixels),
        )
        sumOfProducts(a, b, [rows, columns], first, re, im)
      }
    const { vectors } = ofMatrices(Float32Array.from(triangles), reference)
    for (let coil = 0; coil < coils; coil++)
      maps.set(vectors.subarray(2 * coil * pixels, 2 * (coil + 1) * pixels), coil * size + 2 * first * columns)
  }
  return maps
}

/** Divided by the largest number, because products of small numbers leave the range of float32. */
function scaledToOne(images: Float32Array): Float32Array {
  const largest = images.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
  return largest > 0 ? images.map(value => value / largest) : images
}

/** Index i of a line of n pixels that is mirrored at both ends: … 1 0 | 0 1 … n−1 | n−1 n−2 … */
function mirrored(i: number, n: number): number {
  const place = ((i % (2 * n)) + 2 * n) % (2 * n)
  return place < n ? place : 2 * n - 1 - place
}

/** Sums of a · conj(b) over 5 × 5 pixels, of the rows from `first` on, into [pixel] each. */
function sumOfProducts(
  a: Float32Array,
  b: Float32Array,
  [rows, columns]: readonly [number, number],
  first: number,
  re: Float64Array,
  im: Float64Array,
): void {
  const count = re.length / columns
  const product = new Float64Array(2 * columns)
  const across = new Float64Array(2 * columns)
  for (let row = first - REACH; row < first + count + REACH; row++) {
    const from = 2 * mirrored(row, rows) * columns
    for (let i = 0; i < 2 * columns; i += 2) {
      const at = from + i
      product[i] = a[at] * b[at] + a[at + 1] * b[at + 1]
      product[i + 1] = a[at + 1] * b[at] - a[at] * b[at + 1]
    }
    sumAcross(product, columns, across)
    const [top, bottom] = [Math.max(first, row - REACH), Math.min(first + count - 1, row + REACH)]
    for (let target = top; target <= bottom; target++) {
      const to = (target - first) * columns
      for (let x = 0; x < columns; x++) {
        re[to + x] += across[2 * x]
        im[to + x] += across[2 * x + 1]
      }
    }
  }
}

/** Sums over 5 neighbours of a line [columns, 2]. */
function sumAcross(line: Float64Array, columns: number, sums: Float64Array): void {
  sums.fill(0)
  for (let shift = -REACH; shift <= REACH; shift++)
    for (let x = 0; x < columns; x++) {
      const from = x + shift < 0 || x + shift >= columns ? mirrored(x + shift, columns) : x + shift
      sums[2 * x] += line[2 * from]
      sums[2 * x + 1] += line[2 * from + 1]
    }
}

/** As `walshMaps`, from single pixels. A pixel without signal gets 0. */
export function lowResolutionMaps(images: Float32Array, { coils }: KspaceSize, reference: Float32Array): Float32Array {
  const size = images.length / coils
  const maps = new Float32Array(images.length)
  for (let at = 0; at < size; at += 2) {
    let [square, re, im] = [0, 0, 0]
    for (let coil = 0; coil < coils; coil++) {
      const [x, y] = [images[coil * size + at], images[coil * size + at + 1]]
      square += x * x + y * y
      re += reference[2 * coil] * x + reference[2 * coil + 1] * y
      im += reference[2 * coil] * y - reference[2 * coil + 1] * x
    }
    if (square === 0) continue
    const length = Math.hypot(re, im)
    const scale = 1 / Math.sqrt(square)
    const [cos, sin] = length > 0 ? [(re / length) * scale, (-im / length) * scale] : [scale, 0]
    for (let i = at; i < images.length; i += size) {
      maps[i] = images[i] * cos - images[i + 1] * sin
      maps[i + 1] = images[i] * sin + images[i + 1] * cos
    }
  }
  return maps
}
