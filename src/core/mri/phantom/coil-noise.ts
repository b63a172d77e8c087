/**
 * Noise that receive coils share. Each element has noise of its own, and all elements see the body's noise:
 *
 *   Ψ = E[n nᴴ],   Ψ_cd = 2 σ_c σ_d ((1 − κ) δ_cd + κ ⟨S_c, S_d⟩ / (‖S_c‖ ‖S_d‖)),   ⟨S_c, S_d⟩ = Σ_leg S_c S̄_d
 *   n = L g,   Ψ = L Lᴴ (Cholesky),   g ~ CN(0, 1) in every coil
 *
 * Ψ is Hermitian and positive definite for κ < 1, because a Gram matrix has no negative eigenvalue.
 * The shared part follows Roemer et al., Magn. Reson. Med. 1990, with magnetic for electric fields of the elements.
 */
import { cholesky } from '../coils/cholesky.ts'
import { type CoilElement, sensitivity } from './coils.ts'

/** κ, the body's share of an element's noise power. Elements then correlate by 0.1 to 0.4. */
const BODY_SHARE = 0.4
/** Half axes of the leg that makes noise. */
const LEG_MM = { x: 55, y: 110, z: 50 } as const
const STEP_MM = 11

/** Ψ, [coils, coils, 2]. `sd`: standard deviation of a mean element's noise in the real or in the imaginary part. */
export function noiseCovariance(elements: readonly CoilElement[], sd: number): Float64Array {
  const seen = elements.map(seenLeg)
  const coils = elements.length
  const product = (a: Float64Array, b: Float64Array): [number, number] => {
    let [re, im] = [0, 0]
    for (let i = 0; i < a.length; i += 2) {
      re += a[i] * b[i] + a[i + 1] * b[i + 1]
      im += a[i + 1] * b[i] - a[i] * b[i + 1]
    }
    return [re, im]
  }
  const norms = seen.map(map => Math.sqrt(product(map, map)[0]))
  const covariance = new Float64Array(2 * coils * coils)
  for (let c = 0; c < coils; c++) {
    for (let d = 0; d < c; d++) {
      const power = 2 * sd * sd * elements[c].noise * elements[d].noise
      const [re, im] = product(seen[c], seen[d]).map(value => (power * BODY_SHARE * value) / (norms[c] * norms[d]))
      covariance.set([re, im], 2 * (c * coils + d))
      covariance.set([re, -im], 2 * (d * coils + c))
    }
    covariance[2 * (c * coils + c)] = 2 * (sd * elements[c].noise) ** 2
  }
  return covariance
}

/** The element's sensitivity at samples of the leg, as one complex vector. */
function seenLeg(element: CoilElement): Float64Array {
  const places = (half: number) => {
    const count = Math.floor(half / STEP_MM)
    return Float64Array.from({ length: 2 * count + 1 }, (_, k) => (k - count) * STEP_MM)
  }
  const [xs, ys, zs] = [places(LEG_MM.x), places(LEG_MM.y), places(LEG_MM.z)]
  const vectors = Array.from(zs, z => {
    const map = sensitivity(element, { xs, ys, z })
    const isLeg = (column: number) => (xs[column] / LEG_MM.x) ** 2 + (z / LEG_MM.z) ** 2 <= 1
    return map.map((value, i) => (isLeg((i >> 1) % xs.length) ? value : 0))
  })
  const joined = new Float64Array(vectors.reduce((sum, { length }) => sum + length, 0))
  for (const [place, vector] of vectors.entries()) joined.set(vector, place * vector.length)
  return joined
}

/** Adds n = L g to k-space [coils, samples, 2]. `noise` gives standard normal draws, sample by sample. */
export function addNoise(kspace: Float32Array, covariance: Float64Array, noise: { normal(): number }): void {
  const lower = cholesky(covariance)
  const coils = Math.sqrt(covariance.length / 2)
  const samples = kspace.length / (2 * coils)
  const draws = new Float64Array(2 * coils)
  for (let sample = 0; sample < samples; sample++) {
    for (let i = 0; i < draws.length; i++) draws[i] = noise.normal() * Math.SQRT1_2
    for (let c = 0; c < coils; c++) {
      let [re, im] = [0, 0]
      for (let k = 0; k <= c; k++) {
        const at = 2 * (c * coils + k)
        re += lower[at] * draws[2 * k] - lower[at + 1] * draws[2 * k + 1]
        im += lower[at] * draws[2 * k + 1] + lower[at + 1] * draws[2 * k]
      }
      const place = 2 * (c * samples + sample)
      kspace[place] += re
      kspace[place + 1] += im
    }
  }
}
