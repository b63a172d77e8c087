/**
 * Eigenvalues and eigenvectors of a Hermitian matrix, in double precision, without tensors:
 *   A = Q T Qᴴ by Householder reflections I − u uᴴ / h, T tridiagonal; T = Z Λ Zᵀ by QL steps with implicit shifts.
 * The eigenvectors of A are the columns of Q Z. The steps' rotations are kept and applied to a few rows of Z at a time,
 * so that the rows stay in the processor's cache. Only the wanted columns are multiplied by Q.
 * Source: Golub & Van Loan, Matrix Computations, 4th edition, 8.3.
 */

export interface Eigen {
  /** Descending. */
  readonly values: Float64Array
  /** [vector, n, 2], each of norm 1, in the order of the values. Their phases are arbitrary. */
  readonly vectors: Float64Array
}

/**
 * @param matrix [n, n, 2]. Only the lower triangle is read.
 * @param wanted How many eigenvectors are computed, given the eigenvalues.
 */
export function hermitianEigen(
  matrix: Float64Array,
  wanted: (values: Float64Array) => number = values => values.length,
): Eigen {
  const n = Math.round(Math.sqrt(matrix.length / 2))
  if (n < 1 || matrix.length !== 2 * n * n)
    throw new RangeError(`Expected a square complex matrix, got ${matrix.length} numbers`)
  const reduced = tridiagonalise(matrix, n)
  const { values: unsorted, rotations } = diagonalise(reduced)
  const order = Int32Array.from(unsorted.keys()).sort((a, b) => unsorted[b] - unsorted[a])
  const values = Float64Array.from(order, i => unsorted[i])
  const count = wanted(values)
  const vectors = new Float64Array(2 * count * n)
  if (count > 0) rotateRows(vectors, order.subarray(0, count), n, rotations)
  for (let i = 0; i < count; i++) turnBack(vectors.subarray(2 * i * n, 2 * (i + 1) * n), reduced)
  return { values, vectors }
}

/** T with phases: T[i + 1, i] = |T[i + 1, i]| · phase[i + 1] · conj(phase[i]). */
interface Tridiagonal {
  readonly n: number
  readonly diagonal: Float64Array
  /** |T[i + 1, i]| */
  readonly beside: Float64Array
  /** [n, 2] */
  readonly phases: Float64Array
  /** u of reflection k in row k, from column k + 1 on, [n, n] each. */
  readonly re: Float64Array
  readonly im: Float64Array
  /** 1 / h of each reflection. 0: no reflection. */
  readonly inverses: Float64Array
}

function tridiagonalise(matrix: Float64Array, n: number): Tridiagonal {
  const [re, im] = [0, 1].map(part => Float64Array.from({ length: n * n }, (_, i) => matrix[2 * i + part]))
  const [diagonal, beside, inverses] = [0, 1, 2].map(() => new Float64Array(n))
  const phases = new Float64Array(2 * n)
  const product = new Float64Array(2 * n)
  phases[0] = 1
  for (let k = 0; k < n; k++) {
    diagonal[k] = re[k * n + k]
    if (k + 1 === n) break
    let square = 0
    for (let i = k + 1; i < n; i++) {
      re[k * n + i] = re[i * n + k]
      im[k * n + i] = im[i * n + k]
      square += re[k * n + i] ** 2 + im[k * n + i] ** 2
    }
    const sigma = Math.sqrt(square)
    const head = k * n + k + 1
    const length = Math.hypot(re[head], im[head])
    const [cos, sin] = length > 0 ? [re[head] / length, im[head] / length] : [1, 0]
    const isLast = k + 2 === n
    const sign = isLast ? 1 : -1 // the last column needs no reflection
    beside[k] = sigma
    phases[2 * k + 2] = sign * (phases[2 * k] * cos - phases[2 * k + 1] * sin)
    phases[2 * k + 3] = sign * (phases[2 * k] * sin + phases[2 * k + 1] * cos)
    if (isLast || sigma === 0) continue
    inverses[k] = 1 / (square + sigma * length)
    re[head] += cos * sigma
    im[head] += sin * sigma
    multiply(re, im, n, k, product)
    reflect(re, im, n, k, product, inverses[k])
  }
  return { n, diagonal, beside, phases, re, im, inverses }
}

/** product = A u of the rows and columns after k. */
function multiply(re: Float64Array, im: Float64Array, n: number, k: number, product: Float64Array): void {
  product.fill(0)
  const u = k * n
  for (let i = k + 1; i < n; i++) {
    const row = i * n
    const [uRe, uIm] = [re[u + i], im[u + i]]
    let sumRe = re[row + i] * uRe
    let sumIm = re[row + i] * uIm
    for (let j = k + 1; j < i; j++) {
      const aRe = re[row + j]
      const aIm = im[row + j]
      sumRe += aRe * re[u + j] - aIm * im[u + j]
      sumIm += aRe * im[u + j] + aIm * re[u + j]
      product[2 * j] += aRe * uRe + aIm * uIm
      product[2 * j + 1] += aRe * uIm - aIm * uRe
    }
    product[2 * i] += sumRe
    product[2 * i + 1] += sumIm
  }
}

/** A −= u qᴴ + q uᴴ with q = p / h − u (uᴴ p) / (2 h²), of the rows and columns after k. `p` becomes q. */
function reflect(re: Float64Array, im: Float64Array, n: number, k: number, p: Float64Array, inverse: number): void {
  const u = k * n
  let half = 0
  for (let i = k + 1; i < n; i++) half += re[u + i] * p[2 * i] + im[u + i] * p[2 * i + 1]
  half *= (inverse * inverse) / 2
  for (let i = k + 1; i < n; i++) {
    p[2 * i] = p[2 * i] * inverse - re[u + i] * half
    p[2 * i + 1] = p[2 * i + 1] * inverse - im[u + i] * half
  }
  for (let i = k + 1; i < n; i++) {
    const row = i * n
    const [uRe, uIm, qRe, qIm] = [re[u + i], im[u + i], p[2 * i], p[2 * i + 1]]
    for (let j = k + 1; j <= i; j++) {
      re[row + j] -= uRe * p[2 * j] + uIm * p[2 * j + 1] + qRe * re[u + j] + qIm * im[u + j]
      im[row + j] -= uIm * p[2 * j] - uRe * p[2 * j + 1] + qIm * re[u + j] - qRe * im[u + j]
    }
  }
}

/** Rotations of columns i and i + 1 in the order of application: `places` i, `turns` [cosine, sine]. */
interface Rotations {
  readonly places: Int32Array
  readonly turns: Float64Array
}

const MOST_STEPS = 60

/** Eigenvalues of the real tridiagonal matrix, and the rotations of which Z consists. */
function diagonalise({ n, diagonal, beside }: Tridiagonal): { values: Float64Array; rotations: Rotations } {
  const d = diagonal.slice()
  const e = beside.slice()
  const places: number[] = []
  const turns: number[] = []
  const norm = d.reduce((most, value, i) => Math.max(most, Math.abs(value) + e[i]), 0)
  if (!Number.isFinite(norm)) throw new Error('Expected a finite matrix for eigenvalues')
  // Elements below the rounding errors of the matrix count as 0, or matrices of low rank would not converge.
  const least = Number.EPSILON * norm
  for (let first = 0; first < n; first++) {
    for (let step = 0; ; step++) {
      let last = first
      while (last < n - 1 && Math.abs(e[last]) > least) last++
      if (last === first) break
      if (step === MOST_STEPS) throw new Error(`The eigenvalues do not converge in ${MOST_STEPS} steps`)
      qlStep(d, e, first, last, places, turns)
    }
  }
  return { values: d, rotations: { places: Int32Array.from(places), turns: Float64Array.from(turns) } }
}

/** One QL step of rows `first` to `last`, with Wilkinson's shift. */
function qlStep(
  d: Float64Array,
  e: Float64Array,
  first: number,
  last: number,
  places: number[],
  turns: number[],
): void {
  const half = (d[first + 1] - d[first]) / (2 * e[first])
  const root = Math.hypot(half, 1)
  let g = d[last] - d[first] + e[first] / (half + (half < 0 ? -root : root))
  let sin = 1
  let cos = 1
  let shift = 0
  for (let i = last - 1; i >= first; i--) {
    const f = sin * e[i]
    const b = cos * e[i]
    const r = Math.hypot(f, g)
    e[i + 1] = r
    if (r === 0) {
      d[i + 1] -= shift
      e[last] = 0
      return
    }
    sin = f / r
    cos = g / r
    g = d[i + 1] - shift
    const s = (d[i] - g) * sin + 2 * cos * b
    shift = sin * s
    d[i + 1] = g + shift
    g = cos * s - b
    places.push(i)
    turns.push(cos, sin)
  }
  d[first] -= shift
  e[first] = g
  e[last] = 0
}

const ROWS = 4

/** The columns `list` of Z, as real parts of `vectors` [column, n, 2]. */
function rotateRows(vectors: Float64Array, list: Int32Array, n: number, { places, turns }: Rotations): void {
  const rows = new Float64Array(ROWS * n) // [n, row]
  for (let first = 0; first < n; first += ROWS) {
    rows.fill(0)
    for (let row = 0; row < ROWS && first + row < n; row++) rows[ROWS * (first + row) + row] = 1
    for (let k = 0; k < places.length; k++) {
      const at = ROWS * places[k]
      const cos = turns[2 * k]
      const sin = turns[2 * k + 1]
      for (let row = at; row < at + ROWS; row++) {
        const left = rows[row]
        const right = rows[row + ROWS]
        rows[row] = cos * left - sin * right
        rows[row + ROWS] = sin * left + cos * right
      }
    }
    for (let i = 0; i < list.length; i++)
      for (let row = 0; row < ROWS && first + row < n; row++)
        vectors[2 * (i * n + first + row)] = rows[ROWS * list[i] + row]
  }
}

/** An eigenvector of the real matrix → of A: phases, then the reflections in reverse order. */
function turnBack(vector: Float64Array, { n, phases, re, im, inverses }: Tridiagonal): void {
  for (let i = 0; i < n; i++) {
    const value = vector[2 * i]
    vector[2 * i] = value * phases[2 * i]
    vector[2 * i + 1] = value * phases[2 * i + 1]
  }
  for (let k = n - 3; k >= 0; k--) {
    const u = k * n
    let sumRe = 0
    let sumIm = 0
    for (let i = k + 1; i < n; i++) {
      sumRe += re[u + i] * vector[2 * i] + im[u + i] * vector[2 * i + 1]
      sumIm += re[u + i] * vector[2 * i + 1] - im[u + i] * vector[2 * i]
    }
    sumRe *= inverses[k]
    sumIm *= inverses[k]
    for (let i = k + 1; i < n; i++) {
      vector[2 * i] -= re[u + i] * sumRe - im[u + i] * sumIm
      vector[2 * i + 1] -= re[u + i] * sumIm + im[u + i] * sumRe
    }
  }
}
