/**
 * Centred orthonormal Fourier transform in double precision, any length, without tensors.
 *
 *   X[k] = 1/√N · Σₙ x[n] · exp(∓2πi · (k − ⌊N/2⌋)(n − ⌊N/2⌋) / N)
 *
 * that is fftshift ∘ DFT ∘ ifftshift, the convention of fastMRI's `fftc`. Mixed radix, self-sorting (Stockham):
 * radix 4 and 2 written out, every odd prime factor by the same direct butterfly (Temperton, J. Comput. Phys. 52, 1983).
 */

/** Transforms one strided line of complex samples; offsets and strides count complex samples, not numbers. */
export type LineTransform = (
  from: Float64Array,
  fromOffset: number,
  fromStride: number,
  to: Float64Array,
  toOffset: number,
  toStride: number,
) => void

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

/** A pass of radix p takes n-point transforms (`stride` of them, interleaved) to n/p-point ones. */
function makePass(radix: number, n: number, stride: number, sign: number): Pass {
  const twiddles = rootsOfUnity(n, sign)
  if (radix === 2) return (from, to) => radix2(from, to, n, stride, twiddles)
  if (radix === 4) return (from, to) => radix4(from, to, n, stride, twiddles, sign)
  const roots = rootsOfUnity(radix, sign)
  return (from, to) => oddRadix(from, to, radix, n, stride, twiddles, roots)
}

function radix2(from: Float64Array, to: Float64Array, n: number, stride: number, twiddles: Float64Array): void {
  const half = n / 2
  for (let j = 0; j < half; j++) {
    const wr = twiddles[2 * j]
    const wi = twiddles[2 * j + 1]
    for (let q = 0; q < stride; q++) {
      const a = 2 * (q + stride * j)
      const b = 2 * (q + stride * (j + half))
      const y = 2 * (q + stride * 2 * j)
      const z = y + 2 * stride
      const re = from[a] - from[b]
      const im = from[a + 1] - from[b + 1]
      to[y] = from[a] + from[b]
      to[y + 1] = from[a + 1] + from[b + 1]
      to[z] = re * wr - im * wi
      to[z + 1] = re * wi + im * wr
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
    const w1r = twiddles[2 * j]
    const w1i = twiddles[2 * j + 1]
    const w2r = twiddles[4 * j]
    const w2i = twiddles[4 * j + 1]
    const w3r = twiddles[6 * j]
    const w3i = twiddles[6 * j + 1]
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
      let y = 2 * (q + stride * 4 * j)
      to[y] = acr + bdr
      to[y + 1] = aci + bdi
      y += 2 * stride
      let re = amcr + bmdr
      let im = amci + bmdi
      to[y] = re * w1r - im * w1i
      to[y + 1] = re * w1i + im * w1r
      y += 2 * stride
      re = acr - bdr
      im = aci - bdi
      to[y] = re * w2r - im * w2i
      to[y + 1] = re * w2i + im * w2r
      y += 2 * stride
      re = amcr - bmdr
      im = amci - bmdi
      to[y] = re * w3r - im * w3i
      to[y + 1] = re * w3i + im * w3r
    }
  }
}

/** An odd prime: samples r and p − r share cosines and sines, so sums and differences of the pairs do a quarter of the work. */
function oddRadix(
  from: Float64Array,
  to: Float64Array,
  radix: number,
  n: number,
  stride: number,
  twiddles: Float64Array,
  roots: Float64Array,
): void {
  const part = n / radix
  const pairs = (radix - 1) / 2
  const sums = new Float64Array(2 * pairs)
  const differences = new Float64Array(2 * pairs)
  for (let j = 0; j < part; j++) {
    for (let q = 0; q < stride; q++) {
      const zero = 2 * (q + stride * j)
      let re0 = from[zero]
      let im0 = from[zero + 1]
      for (let r = 1; r <= pairs; r++) {
        const a = zero + 2 * stride * part * r
        const b = zero + 2 * stride * part * (radix - r)
        const at = 2 * (r - 1)
        sums[at] = from[a] + from[b]
        sums[at + 1] = from[a + 1] + from[b + 1]
        differences[at] = from[a] - from[b]
        differences[at + 1] = from[a + 1] - from[b + 1]
        re0 += sums[at]
        im0 += sums[at + 1]
      }
      const y = 2 * (q + stride * radix * j)
      to[y] = re0
      to[y + 1] = im0
      for (let t = 1; t <= pairs; t++) {
        let evenRe = from[zero]
        let evenIm = from[zero + 1]
        let oddRe = 0
        let oddIm = 0
        for (let r = 0, root = t; r < pairs; r++) {
          const cos = roots[2 * root]
          const sin = roots[2 * root + 1]
          evenRe += sums[2 * r] * cos
          evenIm += sums[2 * r + 1] * cos
          oddRe -= differences[2 * r + 1] * sin
          oddIm += differences[2 * r] * sin
          root += t
          if (root >= radix) root -= radix
        }
        store(to, y + 2 * stride * t, evenRe + oddRe, evenIm + oddIm, twiddles, j * t)
        store(to, y + 2 * stride * (radix - t), evenRe - oddRe, evenIm - oddIm, twiddles, j * (radix - t))
      }
    }
  }
}

/** to[at] = (re + i · im) · twiddle */
function store(to: Float64Array, at: number, re: number, im: number, twiddles: Float64Array, twiddle: number): void {
  const wr = twiddles[2 * twiddle]
  const wi = twiddles[2 * twiddle + 1]
  to[at] = re * wr - im * wi
  to[at + 1] = re * wi + im * wr
}

/**
 * The transform of one line of `length` samples, of which only the `keep` central ones are written: the line may be
 * an image sampled finer than the k-space that is wanted of it.
 */
export function centredLineTransform(length: number, inverse: boolean, keep = length): LineTransform {
  const sign = inverse ? 1 : -1
  const passes: Pass[] = []
  let n = length
  let stride = 1
  for (const radix of factorize(length)) {
    passes.push(makePass(radix, n, stride, sign))
    n /= radix
    stride *= radix
  }
  const scale = 1 / Math.sqrt(length)
  const half = Math.floor(length / 2)
  const first = length - Math.floor(keep / 2) // frequency −⌊keep/2⌋ as an index of the unshifted spectrum
  const work = [new Float64Array(2 * length), new Float64Array(2 * length)] as const

  return (from, fromOffset, fromStride, to, toOffset, toStride) => {
    let [source, target] = work
    for (let i = 0; i < length; i++) {
      const at = 2 * (fromOffset + fromStride * ((i + half) % length))
      source[2 * i] = from[at]
      source[2 * i + 1] = from[at + 1]
    }
    for (const pass of passes) {
      pass(source, target)
      const swap = source
      source = target
      target = swap
    }
    for (let i = 0; i < keep; i++) {
      const at = 2 * ((first + i) % length)
      const y = 2 * (toOffset + toStride * i)
      to[y] = source[at] * scale
      to[y + 1] = source[at + 1] * scale
    }
  }
}

function transform2d(x: Float64Array, height: number, width: number, inverse: boolean): Float64Array {
  if (x.length !== 2 * height * width)
    throw new Error(`Expected ${2 * height * width} numbers for [${height}, ${width}, 2], got ${x.length}`)
  const result = new Float64Array(x.length)
  const alongRow = centredLineTransform(width, inverse)
  const alongColumn = centredLineTransform(height, inverse)
  for (let row = 0; row < height; row++) alongRow(x, row * width, 1, result, row * width, 1)
  for (let column = 0; column < width; column++) alongColumn(result, column, width, result, column, width)
  return result
}

/** Image [height, width, 2] → centred k-space of the same shape. */
export function fft2Centred(x: Float64Array, height: number, width: number): Float64Array {
  return transform2d(x, height, width, false)
}

/** Centred k-space [height, width, 2] → image of the same shape. */
export function ifft2Centred(x: Float64Array, height: number, width: number): Float64Array {
  return transform2d(x, height, width, true)
}
