/**
 * The dominant eigenvector v of one positive semidefinite Hermitian matrix per pixel, A v = λ v with the largest λ.
 * An engine computes many matrices beside each other in float32. `makeEigenvectors` is the definition, in double
 * precision, and computes where the native library is missing (about 120 times slower: docs/decisions/0019).
 */
import { hermitianEigen } from './hermitian.ts'

/** Vectors [coils, pixels, 2] of norm 1, float32, and the eigenvalues [pixels]. */
export interface Dominant {
  readonly vectors: Float32Array
  readonly values: Float32Array
}

/**
 * A Fourier series of matrices: A(y, x) = Σ over Δy, Δx of elements · exp(2πi (Δy (y − ⌊h/2⌋)/h + Δx (x − ⌊w/2⌋)/w)),
 * |Δ| < `kernel`. `elements` [Δy, re or im, pair, Δx]; pairs are the elements of the lower triangle, row by row.
 */
export interface Series {
  readonly coils: number
  readonly kernel: number
  readonly elements: Float32Array
}

/** Throws a RangeError for arrays whose lengths do not fit. */
export interface Eigenvectors {
  /**
   * @param triangles [pair, re or im, pixel].
   * @param reference [coils, 2]. Each eigenvector is turned so that referenceᴴ v is real and not negative.
   */
  ofMatrices(triangles: Float32Array, reference: Float32Array): Dominant
  ofSeries(series: Series, image: readonly [rows: number, columns: number], reference: Float32Array): Dominant
}

export const pairCount = (coils: number): number => (coils * (coils + 1)) / 2

/** Δ of −(kernel − 1) to kernel − 1. */
export const supportOf = (kernel: number): number => 2 * kernel - 1

/** exp(2πi Δ (k − ⌊n/2⌋) / n) of each k and Δ, [n, Δ, 2]. */
export function turnsOf(n: number, kernel: number): Float32Array {
  const support = supportOf(kernel)
  const origin = Math.floor(n / 2)
  const turns = new Float32Array(2 * n * support)
  for (let i = 0; i < n * support; i++) {
    const product = (Math.floor(i / support) - origin) * ((i % support) - kernel + 1)
    const angle = (2 * Math.PI * (product % n)) / n
    turns[2 * i] = Math.cos(angle)
    turns[2 * i + 1] = Math.sin(angle)
  }
  return turns
}

/** Throws unless the arrays describe matrices of `coils` coils. Returns the number of coils. */
export function requireReference(reference: Float32Array): number {
  const coils = reference.length / 2
  if (!Number.isInteger(coils) || coils < 1)
    throw new RangeError(`Expected a reference of coils, got ${reference.length} numbers`)
  return coils
}

export function requireSeries({ coils, kernel, elements }: Series, reference: Float32Array): void {
  const expected = 2 * pairCount(coils) * supportOf(kernel) ** 2
  if (requireReference(reference) !== coils || elements.length !== expected)
    throw new RangeError(`Expected a series of ${expected} numbers of ${coils} coils, got ${elements.length}`)
}

/** In double precision. */
export function makeEigenvectors(): Eigenvectors {
  return {
    ofMatrices(triangles, reference) {
      const coils = requireReference(reference)
      const pixels = triangles.length / (2 * pairCount(coils))
      if (!Number.isInteger(pixels))
        throw new RangeError(`Expected lower triangles of ${coils} coils, got ${triangles.length} numbers`)
      return eachPixel(pixels, reference, (pixel, lower) => {
        for (let i = 0; i < lower.length; i++) lower[i] = triangles[i * pixels + pixel]
      })
    },

    ofSeries(series, [rows, columns], reference) {
      requireSeries(series, reference)
      const { coils, kernel, elements } = series
      const support = supportOf(kernel)
      const count = pairCount(coils) * support
      const [alongRows, alongColumns] = [turnsOf(rows, kernel), turnsOf(columns, kernel)]
      let done = -1
      const row = new Float64Array(2 * count) // [pair, Δx, 2] of the row that is done
      return eachPixel(rows * columns, reference, (pixel, lower) => {
        const y = Math.floor(pixel / columns)
        if (done !== y) sumOver(support, alongRows, y, elements, count, row)
        done = y
        const turns = 2 * support * (pixel % columns)
        for (let i = 0; i < lower.length; i += 2) {
          lower[i] = 0
          lower[i + 1] = 0
          for (let k = 0; k < support; k++) {
            const [re, im] = [row[i * support + 2 * k], row[i * support + 2 * k + 1]]
            const [cos, sin] = [alongColumns[turns + 2 * k], alongColumns[turns + 2 * k + 1]]
            lower[i] += re * cos - im * sin
            lower[i + 1] += re * sin + im * cos
          }
        }
      })
    },
  }
}

/** row [pair, Δx, 2] = Σ over Δy of turn · elements [Δy, re or im, pair, Δx]. */
function sumOver(
  support: number,
  turns: Float32Array,
  y: number,
  elements: Float32Array,
  count: number,
  row: Float64Array,
): void {
  row.fill(0)
  for (let k = 0; k < support; k++) {
    const cos = turns[2 * (y * support + k)]
    const sin = turns[2 * (y * support + k) + 1]
    for (let i = 0; i < count; i++) {
      const re = elements[2 * k * count + i]
      const im = elements[(2 * k + 1) * count + i]
      row[2 * i] += re * cos - im * sin
      row[2 * i + 1] += re * sin + im * cos
    }
  }
}

/** @param fill Fills the lower triangle [pair, 2] of a pixel. */
function eachPixel(
  pixels: number,
  reference: Float32Array,
  fill: (pixel: number, lower: Float64Array) => void,
): Dominant {
  const coils = reference.length / 2
  const lower = new Float64Array(2 * pairCount(coils))
  const matrix = new Float64Array(2 * coils * coils)
  const vectors = new Float32Array(2 * coils * pixels)
  const values = new Float32Array(pixels)
  for (let pixel = 0; pixel < pixels; pixel++) {
    fill(pixel, lower)
    let at = 0
    for (let i = 0; i < coils; i++)
      for (let j = 0; j <= i; j++) for (let part = 0; part < 2; part++) matrix[2 * (i * coils + j) + part] = lower[at++]
    const found = hermitianEigen(matrix, () => 1)
    values[pixel] = found.values[0]
    const vector = turned(found.vectors, reference)
    for (let coil = 0; coil < coils; coil++)
      for (let part = 0; part < 2; part++) vectors[2 * (coil * pixels + pixel) + part] = vector[2 * coil + part]
  }
  return { vectors, values }
}

/** v · exp(iφ) with referenceᴴ v ≥ 0. Unchanged where referenceᴴ v is 0. */
function turned(vector: Float64Array, reference: Float32Array): Float64Array {
  let [re, im] = [0, 0]
  for (let i = 0; i < vector.length; i += 2) {
    re += reference[i] * vector[i] + reference[i + 1] * vector[i + 1]
    im += reference[i] * vector[i + 1] - reference[i + 1] * vector[i]
  }
  const length = Math.hypot(re, im)
  if (!(length > 0)) return vector
  const [cos, sin] = [re / length, -im / length]
  return vector.map((value, i) => (i % 2 ? value * cos + vector[i - 1] * sin : value * cos - vector[i + 1] * sin))
}
