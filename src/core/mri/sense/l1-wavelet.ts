/**
 * Compressed sensing with wavelets: the x with the least ½|A x − y|² + λ |W x|₁, by FISTA with step 1 / L, where L
 * bounds the eigenvalues of AᴴA. From x₀ = z₁ = 0 and t₁ = 1:
 *   xₙ = Wᴴ soft(W (z − (AᴴA z − Aᴴ y) / L), λ / L),  t⁺ = (1 + √(1 + 4t²)) / 2,  z = xₙ + (t − 1) / t⁺ · (xₙ − xₙ₋₁).
 * `soft` shrinks the magnitude of every complex coefficient: a · max(1 − λ / |a|, 0). W is orthonormal. If 2^levels
 * does not divide a size, x gets more pixels behind its rows or columns. No coil measures these pixels, and the result
 * leaves them out. The solution is exact, because W stays orthonormal.
 * Sources: Lustig et al. 2007, "Sparse MRI"; Beck and Teboulle 2009, "A fast iterative shrinkage-thresholding
 * algorithm for linear inverse problems".
 */
import type { LeastSquares } from './encoding.ts'
import type { Iterates } from './iterates.ts'
import { makeWavelet, type WaveletName } from './wavelet.ts'

export interface L1Wavelet {
  /** Times `LeastSquares.scale`. */
  readonly lambda: number
  readonly wavelet: WaveletName
  readonly levels: number
}

type Shape = readonly [rows: number, columns: number]

export function* l1Wavelet(problem: LeastSquares, { lambda, wavelet, levels }: L1Wavelet): Iterates {
  const { shape, adjoint, normal } = problem
  const step = 1 / (problem.bound || 1)
  const threshold = lambda * problem.scale * step
  const padded = shape.map(size => Math.ceil(size / 2 ** levels) * 2 ** levels) as [number, number]
  const transform = makeWavelet(wavelet, levels, padded)
  const paddedImage = () => new Float32Array(2 * padded[0] * padded[1])
  const [ahead, next] = [paddedImage(), paddedImage()] // z, and the image that is being made
  let current = paddedImage()
  let made = next
  const image = new Float32Array(adjoint.length)
  const gradient = new Float32Array(adjoint.length)
  let t = 1
  for (;;) {
    cut(ahead, padded, image, shape)
    normal(image, gradient)
    made.set(ahead)
    descend(made, padded, gradient, adjoint, shape, step)
    transform.forward(made)
    shrink(made, threshold)
    transform.inverse(made)
    const nextT = (1 + Math.sqrt(1 + 4 * t * t)) / 2
    const momentum = (t - 1) / nextT
    t = nextT
    for (let i = 0; i < ahead.length; i++) ahead[i] = made[i] + momentum * (made[i] - current[i])
    cut(made, padded, image, shape)
    ;[current, made] = [made, current]
    yield image
  }
}

/** The first rows and columns of a padded image. */
function cut(x: Float32Array, [, width]: Shape, image: Float32Array, [rows, columns]: Shape): void {
  for (let row = 0; row < rows; row++)
    image.set(x.subarray(2 * row * width, 2 * (row * width + columns)), 2 * row * columns)
}

/** x −= step · (gradient − adjoint) where x was measured. */
function descend(
  x: Float32Array,
  [, width]: Shape,
  gradient: Float32Array,
  adjoint: Float32Array,
  [rows, columns]: Shape,
  step: number,
): void {
  for (let row = 0, i = 0; row < rows; row++)
    for (let to = 2 * row * width; to < 2 * (row * width + columns); to++, i++)
      x[to] -= step * (gradient[i] - adjoint[i])
}

/** Shrinks the magnitude of each complex number by `threshold`, to 0 at least. */
function shrink(x: Float32Array, threshold: number): void {
  for (let i = 0; i < x.length; i += 2) {
    const magnitude = Math.sqrt(x[i] * x[i] + x[i + 1] * x[i + 1])
    const factor = magnitude > threshold ? 1 - threshold / magnitude : 0
    x[i] *= factor
    x[i + 1] *= factor
  }
}
