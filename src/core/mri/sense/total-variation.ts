/**
 * Compressed sensing with total variation: the x with the least ½|A x − y|² + λ (|D₁ x|₁ + |D₂ x|₁), where D₁ and D₂
 * are differences between neighbours along rows and columns, x[n] − x[n − 1] with periodic borders, and |.|₁ sums
 * complex magnitudes (as SigPy). By primal-dual hybrid gradients with a gradient step (Condat 2013, Vũ 2013):
 *   x⁺ = x − τ (AᴴA x − Aᴴ y + Dᴴ p),  p⁺ = clip(p + σ D (2x⁺ − x), λ),
 * where `clip` shortens complex numbers to the magnitude λ. Converges if 1 / τ − 8σ ≥ L / 2, where L bounds the
 * eigenvalues of AᴴA, and 8 bounds those of DᴴD.
 * Sources: Rudin et al. 1992, "Nonlinear total variation based noise removal algorithms"; Condat 2013, "A primal-dual
 * splitting method for convex optimization involving Lipschitzian, proximable and linear composite terms".
 */
import type { LeastSquares } from './encoding.ts'
import type { Iterates } from './iterates.ts'

/**
 * σ / L. Measured for λ of 0.001, 0.005 and 0.02: 100 iterations come within 0.2 % of the least objective. With 0.01,
 * 0.02, 0.2, 0.5 or 1, the objective stays 0.5 % to 13 % above for one of these λ.
 */
const DUAL_STEP = 0.1

/** @param lambda Times `LeastSquares.scale`. */
export function* totalVariation(problem: LeastSquares, lambda: number): Iterates {
  const { shape, adjoint, normal } = problem
  const bound = problem.bound || 1
  const dualStep = DUAL_STEP * bound
  const step = 1 / (bound / 2 + 8 * dualStep)
  const largest = lambda * problem.scale
  const empty = () => new Float32Array(adjoint.length)
  const [image, ahead, gradient] = [empty(), empty(), empty()]
  const duals = [empty(), empty()] as const
  for (;;) {
    normal(image, gradient)
    descend(image, ahead, gradient, adjoint, duals, shape, step)
    ascend(ahead, duals, shape, dualStep, largest)
    yield image
  }
}

type Shape = readonly [rows: number, columns: number]
/** p of differences between rows, and between columns. */
type Duals = readonly [Float32Array, Float32Array]

/** x ← x − step · (gradient − adjoint + Dᴴ p), and `ahead` ← 2 x⁺ − x. */
function descend(
  image: Float32Array,
  ahead: Float32Array,
  gradient: Float32Array,
  adjoint: Float32Array,
  [rowDual, columnDual]: Duals,
  [rows, columns]: Shape,
  step: number,
): void {
  const width = 2 * columns
  for (let row = 0; row < rows; row++) {
    const below = ((row + 1) % rows) * width
    for (let column = 0; column < width; column++) {
      const i = row * width + column
      const right = row * width + (column + 2 < width ? column + 2 : column + 2 - width)
      const differences = rowDual[i] - rowDual[below + column] + columnDual[i] - columnDual[right]
      const before = image[i]
      const after = before - step * (gradient[i] - adjoint[i] + differences)
      image[i] = after
      ahead[i] = 2 * after - before
    }
  }
}

/** p ← clip(p + step · D ahead, largest). */
function ascend(
  ahead: Float32Array,
  [rowDual, columnDual]: Duals,
  [rows, columns]: Shape,
  step: number,
  largest: number,
) {
  const width = 2 * columns
  for (let row = 0; row < rows; row++) {
    const above = ((row || rows) - 1) * width
    for (let column = 0; column < width; column += 2) {
      const i = row * width + column
      const left = row * width + (column || width) - 2
      move(rowDual, i, step, ahead, above + column, largest)
      move(columnDual, i, step, ahead, left, largest)
    }
  }
}

function move(dual: Float32Array, i: number, step: number, x: Float32Array, before: number, largest: number): void {
  const re = dual[i] + step * (x[i] - x[before])
  const im = dual[i + 1] + step * (x[i + 1] - x[before + 1])
  const magnitude = Math.sqrt(re * re + im * im)
  const factor = magnitude > largest ? largest / magnitude : 1
  dual[i] = re * factor
  dual[i + 1] = im * factor
}
