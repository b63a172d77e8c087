/**
 * The second largest eigenvalue of ESPIRiT's matrices A(y, x), on a coarse grid: where it is near 1, a second set of
 * coil maps fits the calibration data as well as the first set. The matrices are a Fourier series of few terms, so the
 * eigenvalue is smooth, and a coarse grid suffices. The first eigenvector v is deflated: the dominant eigenvalue of
 * A − λ v vᴴ is the second of A.
 * Source: Uecker et al., Magn. Reson. Med. 71, 2014, "ESPIRiT—an eigenvalue approach to autocalibrating parallel MRI".
 */
import { type Eigenvectors, pairCount, requireSeries, type Series, supportOf, turnsOf } from './eigenvectors.ts'

/** Samples of the grid along each axis, at most. */
const MOST_SAMPLES = 64

export interface CoarseGrid {
  readonly rows: number
  readonly columns: number
  /** [rows, columns] */
  readonly values: Float32Array
}

/** Of an image of this size: the grid has the same field of view, and the same centre ⌊n/2⌋. */
export function secondEigenvalues(
  series: Series,
  image: readonly [rows: number, columns: number],
  reference: Float32Array,
  { ofMatrices }: Eigenvectors,
): CoarseGrid {
  requireSeries(series, reference)
  const [rows, columns] = image.map(size => Math.min(size, MOST_SAMPLES))
  const triangles = trianglesOf(series, rows, columns)
  const { vectors, values } = ofMatrices(triangles, reference)
  const pixels = rows * columns
  let pair = 0
  for (let c = 0; c < series.coils; c++)
    for (let d = 0; d <= c; d++, pair++)
      for (let i = 0; i < pixels; i++) {
        const [a, b] = [2 * (c * pixels + i), 2 * (d * pixels + i)]
        const re = vectors[a] * vectors[b] + vectors[a + 1] * vectors[b + 1]
        const im = vectors[a + 1] * vectors[b] - vectors[a] * vectors[b + 1]
        triangles[2 * pair * pixels + i] -= values[i] * re
        triangles[(2 * pair + 1) * pixels + i] -= values[i] * im
      }
  return { rows, columns, values: ofMatrices(triangles, reference).values }
}

/** The lower triangles of a series, [pair, re or im, pixel]. */
function trianglesOf({ coils, kernel, elements }: Series, rows: number, columns: number): Float32Array {
  const support = supportOf(kernel)
  const pairs = pairCount(coils)
  const [alongRows, alongColumns] = [turnsOf(rows, kernel), turnsOf(columns, kernel)] // [n, Δ, 2]
  const pixels = rows * columns
  const triangles = new Float32Array(2 * pairs * pixels)
  const line = new Float64Array(2 * support) // [Δx, 2] of one pair in one row
  for (let pair = 0; pair < pairs; pair++)
    for (let row = 0; row < rows; row++) {
      line.fill(0)
      for (let y = 0; y < support; y++) {
        const [cos, sin] = alongRows.subarray(2 * (row * support + y), 2 * (row * support + y) + 2)
        const [ofRe, ofIm] = [2 * y, 2 * y + 1].map(part => (part * pairs + pair) * support)
        for (let x = 0; x < support; x++) {
          line[2 * x] += elements[ofRe + x] * cos - elements[ofIm + x] * sin
          line[2 * x + 1] += elements[ofRe + x] * sin + elements[ofIm + x] * cos
        }
      }
      for (let column = 0; column < columns; column++) {
        let [re, im] = [0, 0]
        const turns = 2 * support * column
        for (let x = 0; x < 2 * support; x += 2) {
          re += line[x] * alongColumns[turns + x] - line[x + 1] * alongColumns[turns + x + 1]
          im += line[x] * alongColumns[turns + x + 1] + line[x + 1] * alongColumns[turns + x]
        }
        triangles[2 * pair * pixels + row * columns + column] = re
        triangles[(2 * pair + 1) * pixels + row * columns + column] = im
      }
    }
  return triangles
}

/** The value at a pixel of the whole image, linear between the grid's samples. */
export function valueAt(
  { rows, columns, values }: CoarseGrid,
  [height, width]: readonly [number, number],
  row: number,
  column: number,
): number {
  const place = (index: number, size: number, samples: number) => {
    const at = ((index - Math.floor(size / 2)) * samples) / size + Math.floor(samples / 2)
    const first = Math.min(samples - 1, Math.max(0, Math.floor(at)))
    return { first, next: Math.min(samples - 1, first + 1), share: Math.min(1, Math.max(0, at - first)) }
  }
  const [y, x] = [place(row, height, rows), place(column, width, columns)]
  const along = (line: number) =>
    (1 - x.share) * values[line * columns + x.first] + x.share * values[line * columns + x.next]
  return (1 - y.share) * along(y.first) + y.share * along(y.next)
}
