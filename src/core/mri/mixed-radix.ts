/**
 * The DFT of one line in double precision, any length. Mixed radix, self-sorting (Stockham): radix 4, 3 and 2 are
 * written out. Every other prime factor uses one direct butterfly (Temperton, J. Comput. Phys. 52, 1983).
 */

/** One pass over the line: `from` and `to` are work arrays of interleaved complex samples. */
type Pass = (from: Float64Array, to: Float64Array) => void

function factorize(length: number): number[] {
  const factors: number[] = []
  let rest = length
  while (rest % 4 === 0) {
    factors.push(4)
    rest /= 4
  }
  for (let prime = 2; rest > 1; prime++) {
    while (rest % prime === 0) {
      factors.push(prime)
      rest /= prime
    }
  }
  return factors
}

/** exp(sign · 2πi · j / length) for j = 0 … length − 1, interleaved. */
function rootsOfUnity(length: number, sign: number): Float64Array {
  const roots = new Float64Array(2 * length)
  for (let j = 0; j < length; j++) {
    const angle = (sign * 2 * Math.PI * j) / length
    roots[2 * j] = Math.cos(angle)
    roots[2 * j + 1] = Math.sin(angle)
  }
  return roots
}

/** A pass of radix p turns `stride` interleaved n-point transforms into n/p-point transforms. */
function makePass(radix: number, n: number, stride: number, sign: number): Pass {
  const twiddles = rootsOfUnity(n, sign)
  if (radix === 2) return (from, to) => radix2(from, to, n, stride, twiddles)
  if (radix === 3) return (from, to) => radix3(from, to, n, stride, twiddles, sign)
  if (radix === 4) return (from, to) => radix4(from, to, n, stride, twiddles, sign)
  const table = pairTable(radix, sign)
  const pairs = { values: new Float64Array(2 * (radix - 1)), columns: new Int32Array((radix - 1) / 2) }
  return (from, to) => oddRadix(from, to, radix, n, stride, twiddles, table, pairs)
}

function radix2(from: Float64Array, to: Float64Array, n: number, stride: number, twiddles: Float64Array): void {
  const half = n / 2
  for (let j = 0; j < half; j++) {
    for (let q = 0; q < stride; q++) {
      const a = 2 * (q + stride * j)
      const b = 2 * (q + stride * (j + half))
      const y = 2 * (q + stride * 2 * j)
      to[y] = from[a] + from[b]
      to[y + 1] = from[a + 1] + from[b + 1]
      store(to, y + 2 * stride, from[a] - from[b], from[a + 1] - from[b + 1], twiddles, j)
    }
  }
}

function radix3(
  from: Float64Array,
  to: Float64Array,
  n: number,
  stride: number,
  twiddles: Float64Array,
  sign: number,
): void {
  const third = n / 3
  const cos = Math.cos((sign * 2 * Math.PI) / 3)
  const sin = Math.sin((sign * 2 * Math.PI) / 3)
  for (let j = 0; j < third; j++) {
    for (let q = 0; q < stride; q++) {
      const a = 2 * (q + stride * j)
      const b = a + 2 * stride * third
      const c = b + 2 * stride * third
      const sumRe = from[b] + from[c]
      const sumIm = from[b + 1] + from[c + 1]
      const evenRe = from[a] + sumRe * cos
      const evenIm = from[a + 1] + sumIm * cos
      const oddRe = 0 - (from[b + 1] - from[c + 1]) * sin
      const oddIm = (from[b] - from[c]) * sin
      const y = 2 * (q + stride * 3 * j)
      to[y] = from[a] + sumRe
      to[y + 1] = from[a + 1] + sumIm
      store(to, y + 2 * stride, evenRe + oddRe, evenIm + oddIm, twiddles, j)
      store(to, y + 4 * stride, evenRe - oddRe, evenIm - oddIm, twiddles, 2 * j)
    }
  }
}

function radix4(
  from: Float64Array,
  to: Float64Array,
  n: number,
  stride: number,
  twiddles: Float64Array,
  sign: number,
): void {
  const quarter = n / 4
  for (let j = 0; j < quarter; j++) {
    for (let q = 0; q < stride; q++) {
      const a = 2 * (q + stride * j)
      const b = a + 2 * stride * quarter
      const c = b + 2 * stride * quarter
      const d = c + 2 * stride * quarter
      const acr = from[a] + from[c]
      const aci = from[a + 1] + from[c + 1]
      const amcr = from[a] - from[c]
      const amci = from[a + 1] - from[c + 1]
      const bdr = from[b] + from[d]
      const bdi = from[b + 1] + from[d + 1]
      // (b − d) · (sign · i)
      const bmdr = -sign * (from[b + 1] - from[d + 1])
      const bmdi = sign * (from[b] - from[d])
      const y = 2 * (q + stride * 4 * j)
      to[y] = acr + bdr
      to[y + 1] = aci + bdi
      store(to, y + 2 * stride, amcr + bmdr, amci + bmdi, twiddles, j)
      store(to, y + 4 * stride, acr - bdr, aci - bdi, twiddles, 2 * j)
      store(to, y + 6 * stride, amcr - bmdr, amci - bmdi, twiddles, 3 * j)
    }
  }
}

/** Working memory for a butterfly's nonzero pairs: sums and differences, and their columns in a row of the table. */
interface Pairs {
  readonly values: Float64Array
  readonly columns: Int32Array
}

/**
 * An odd prime. Samples r and p − r share cosines and sines, so sums and differences of pairs need a quarter of the
 * work.
 * Pairs of zeros are skipped, because a row of zero-filled k-space has many.
 */
function oddRadix(
  from: Float64Array,
  to: Float64Array,
  radix: number,
  n: number,
  stride: number,
  twiddles: Float64Array,
  table: Float64Array,
  { values: pairwise, columns }: Pairs,
): void {
  const part = n / radix
  const pairs = (radix - 1) / 2
  const apart = 2 * stride * part // between a butterfly's samples
  const width = 2 * pairs // of a row of the table
  for (let j = 0; j < part; j++) {
    for (let q = 0; q < stride; q++) {
      const zero = 2 * (q + stride * j)
      const zeroRe = from[zero]
      const zeroIm = from[zero + 1]
      let re0 = zeroRe
      let im0 = zeroIm
      let found = 0
      for (let r = 0, a = zero + apart, b = zero + apart * (radix - 1); r < pairs; r++, a += apart, b -= apart) {
        if (from[a] === 0 && from[b] === 0 && from[a + 1] === 0 && from[b + 1] === 0) continue
        const sumRe = from[a] + from[b]
        const sumIm = from[a + 1] + from[b + 1]
        pairwise[4 * found] = sumRe
        pairwise[4 * found + 1] = sumIm
        pairwise[4 * found + 2] = from[a] - from[b]
        pairwise[4 * found + 3] = from[a + 1] - from[b + 1]
        columns[found++] = 2 * r
        re0 += sumRe
        im0 += sumIm
      }
      const y = 2 * (q + stride * radix * j)
      to[y] = re0
      to[y + 1] = im0
      // Two results and their mirror images together take a quarter less time than single results.
      // If the number of results is odd, the last is computed twice.
      for (let t = 1; t <= pairs; t += 2) {
        const row = (t - 1) * width
        const next = Math.min(t, pairs - 1) * width
        let evenRe = zeroRe
        let evenIm = zeroIm
        let oddRe = 0
        let oddIm = 0
        let nextEvenRe = zeroRe
        let nextEvenIm = zeroIm
        let nextOddRe = 0
        let nextOddIm = 0
        for (let i = 0; i < found; i++) {
          const sumRe = pairwise[4 * i]
          const sumIm = pairwise[4 * i + 1]
          const differenceRe = pairwise[4 * i + 2]
          const differenceIm = pairwise[4 * i + 3]
          const column = columns[i]
          const cos = table[row + column]
          const sin = table[row + column + 1]
          evenRe += sumRe * cos
          evenIm += sumIm * cos
          oddRe -= differenceIm * sin
          oddIm += differenceRe * sin
          const nextCos = table[next + column]
          const nextSin = table[next + column + 1]
          nextEvenRe += sumRe * nextCos
          nextEvenIm += sumIm * nextCos
          nextOddRe -= differenceIm * nextSin
          nextOddIm += differenceRe * nextSin
        }
        store(to, y + 2 * stride * t, evenRe + oddRe, evenIm + oddIm, twiddles, j * t)
        store(to, y + 2 * stride * (radix - t), evenRe - oddRe, evenIm - oddIm, twiddles, j * (radix - t))
        if (t === pairs) continue
        const u = t + 1
        store(to, y + 2 * stride * u, nextEvenRe + nextOddRe, nextEvenIm + nextOddIm, twiddles, j * u)
        const mirror = radix - u
        store(to, y + 2 * stride * mirror, nextEvenRe - nextOddRe, nextEvenIm - nextOddIm, twiddles, j * mirror)
      }
    }
  }
}

/** Cosine and sine of the products t · r of pairs, row by row. */
function pairTable(radix: number, sign: number): Float64Array {
  const roots = rootsOfUnity(radix, sign)
  const pairs = (radix - 1) / 2
  const table = new Float64Array(2 * pairs * pairs)
  for (let t = 1; t <= pairs; t++) {
    for (let r = 1; r <= pairs; r++) {
      const root = (t * r) % radix
      const at = 2 * ((t - 1) * pairs + r - 1)
      table[at] = roots[2 * root]
      table[at + 1] = roots[2 * root + 1]
    }
  }
  return table
}

/** to[at] = (re + i · im) · twiddle */
function store(to: Float64Array, at: number, re: number, im: number, twiddles: Float64Array, twiddle: number): void {
  const wr = twiddles[2 * twiddle]
  const wi = twiddles[2 * twiddle + 1]
  to[at] = re * wr - im * wi
  to[at + 1] = re * wi + im * wr
}

/** A line's transform without a scale or a shift, X[k] = Σₙ x[n] · exp(∓2πi · kn / N). */
export interface PlainTransform {
  /** The caller fills `line` with the samples, interleaved. */
  readonly line: Float64Array
  /** The result lies in working memory that the next call overwrites. */
  run(): Float64Array
}

/**
 * The caller owns the transform. `sparse` suits lines that are mostly zeros: the factors come in reverse order, and the
 * last bits differ.
 */
export function makeTransform(length: number, inverse: boolean, sparse = false): PlainTransform {
  const sign = inverse ? 1 : -1
  const factors = sparse ? factorize(length).toReversed() : factorize(length)
  const passes: Pass[] = []
  let n = length
  let stride = 1
  for (const radix of factors) {
    passes.push(makePass(radix, n, stride, sign))
    n /= radix
    stride *= radix
  }
  const line = new Float64Array(2 * length)
  const other = new Float64Array(2 * length)
  return {
    line,
    run() {
      let [source, target] = [line, other]
      for (const pass of passes) {
        pass(source, target)
        const swap = source
        source = target
        target = swap
      }
      return source
    },
  }
}
