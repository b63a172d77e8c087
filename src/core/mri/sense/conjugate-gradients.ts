/**
 * CG-SENSE: conjugate gradients for (AᴴA + λ) x = Aᴴ y, from x = 0. With the residual r and the direction p:
 *   α = ⟨r, r⟩ / ⟨p, (AᴴA + λ) p⟩,  x ← x + α p,  r⁺ = r − α (AᴴA + λ) p,  p ← r⁺ + ⟨r⁺, r⁺⟩ / ⟨r, r⟩ · p.
 * The setting λ is a share of the bound of AᴴA's eigenvalues, the largest Σ|S|² of a pixel. With λ = 0, noise grows
 * with the iterations. With one coil and a map of ones, AᴴA is a projector. The result is then the zero-filled image
 * divided by 1 + λ.
 * Source: Pruessmann et al. 2001, "Advances in sensitivity encoding with arbitrary k-space trajectories".
 */
import { energyOf } from '../../extremes.ts'
import type { LeastSquares } from './encoding.ts'
import type { Iterates } from './iterates.ts'

/**
 * The iterations end at this share of the first residual, and the image then stays. A smaller residual consists of
 * float32's rounding errors, also of a part that no coil measured. The operator maps that part to 0, so α would be a
 * division by almost 0.
 */
const SMALLEST_RESIDUAL = 1e-6

export function* conjugateGradients({ adjoint, normal, bound }: LeastSquares, lambda: number): Iterates {
  const ridge = lambda * bound
  const image = new Float32Array(adjoint.length)
  const [residual, direction, product] = [adjoint.slice(), adjoint.slice(), new Float32Array(adjoint.length)]
  let energy = energyOf(adjoint)
  const enough = SMALLEST_RESIDUAL ** 2 * energy
  for (;;) {
    if (energy > enough) {
      normal(direction, product)
      let curvature = 0
      for (let i = 0; i < product.length; i++) {
        const value = product[i] + ridge * direction[i]
        product[i] = value
        curvature += direction[i] * value
      }
      const step = energy / curvature
      let next = 0
      for (let i = 0; i < image.length; i++) {
        image[i] += step * direction[i]
        const rest = residual[i] - step * product[i]
        residual[i] = rest
        next += rest * rest
      }
      const share = next / energy
      for (let i = 0; i < direction.length; i++) direction[i] = residual[i] + share * direction[i]
      energy = next
    }
    yield image
  }
}
