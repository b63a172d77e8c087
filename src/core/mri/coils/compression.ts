/**
 * Linear combinations of coils: virtual coils and pre-whitening. Both multiply k-space by a matrix [to, from]:
 *   compression: X [coils, samples] = U Σ Vᴴ of the calibration area; virtual coils are U_Pᴴ k, the first P of them,
 *   whitening:   C = N Nᴴ / (n − 1) = L Lᴴ of a noise scan N [coils, n]; white coils are L⁻¹ k.
 * Sources: Huang et al., Magn. Reson. Imaging 26, 2008 (compression); Pruessmann et al., Magn. Reson. Med. 46, 2001
 * (whitening).
 */
import { AppError } from '../../../contract/errors.ts'
import { energyOf } from '../../extremes.ts'
import { cholesky } from './cholesky.ts'
import { hermitianEigen } from './hermitian.ts'

/** [to, from, 2] */
export interface CoilMatrix {
  readonly to: number
  readonly from: number
  readonly elements: Float64Array
}

export interface Compression {
  readonly matrix: CoilMatrix
  /** Of the calibration area, descending, one per coil. */
  readonly singularValues: Float64Array
}

/** Σ x_c conj(x_d) over samples: a Hermitian matrix [coils, coils, 2] of x [coils, samples, 2]. */
export function gramOf(x: Float64Array, coils: number): Float64Array {
  const size = x.length / coils
  const gram = new Float64Array(2 * coils * coils)
  for (let c = 0; c < coils; c++)
    for (let d = 0; d <= c; d++) {
      let [re, im] = [0, 0]
      const shift = (d - c) * size
      for (let i = c * size; i < (c + 1) * size; i += 2) {
        re += x[i] * x[i + shift] + x[i + 1] * x[i + 1 + shift]
        im += x[i + 1] * x[i + shift] - x[i] * x[i + 1 + shift]
      }
      gram.set([re, im], 2 * (c * coils + d))
      gram.set([re, -im], 2 * (d * coils + c))
    }
  return gram
}

/**
 * @param block Calibration area [coils, samples, 2].
 * @param virtual Number of virtual coils. Each is turned so that its largest weight is real and positive.
 */
export function compressionOf(block: Float64Array, coils: number, virtual: number): Compression {
  if (!Number.isInteger(virtual) || virtual < 1 || virtual > coils)
    throw new AppError('INVALID_ARGUMENT', `Expected 1 to ${coils} virtual coils, got ${virtual}`)
  const { values, vectors } = hermitianEigen(gramOf(block, coils), () => virtual)
  const elements = new Float64Array(vectors.length)
  for (let row = 0; row < virtual; row++) {
    const vector = vectors.subarray(2 * row * coils, 2 * (row + 1) * coils)
    let largest = 0
    for (let c = 1; c < coils; c++) if (lengthAt(vector, c) > lengthAt(vector, largest)) largest = c
    const length = lengthAt(vector, largest)
    const [cos, sin] = [vector[2 * largest] / length, vector[2 * largest + 1] / length]
    for (let c = 0; c < coils; c++) {
      // conj(v · exp(−iφ))
      const [re, im] = [vector[2 * c], vector[2 * c + 1]]
      elements.set([re * cos + im * sin, re * sin - im * cos], 2 * (row * coils + c))
    }
  }
  const matrix = { to: virtual, from: coils, elements }
  return { matrix, singularValues: values.map(value => Math.sqrt(Math.max(0, value))) }
}

const lengthAt = (vector: Float64Array, i: number): number => Math.hypot(vector[2 * i], vector[2 * i + 1])

/**
 * Share of a coil's noise power that no combination of other coils explains. Rounding to float32 alone gives a sum of
 * coils a share of about 1e-15.
 */
const LEAST_OWN_NOISE = 1e-10

/** @param noise [coils, samples, 2]. Throws `INVALID_ARGUMENT` if a coil is a combination of the others. */
export function whiteningOf(noise: Float64Array, coils: number): CoilMatrix {
  const samples = noise.length / (2 * coils)
  const covariance = gramOf(noise, coils).map(value => value / (samples - 1))
  const lower = cholesky(covariance)
  for (let coil = 0; coil < coils; coil++) {
    const own = 2 * (coil * coils + coil)
    if (lower[own] ** 2 > LEAST_OWN_NOISE * covariance[own]) continue
    throw new AppError(
      'INVALID_ARGUMENT',
      `Expected independent noise in all coils, got coil ${coil + 1} without noise of its own. ` +
        'Leave out this coil, or use a longer noise scan.',
    )
  }
  // Forward substitution, column by column of the unit matrix.
  const elements = new Float64Array(lower.length)
  for (let column = 0; column < coils; column++)
    for (let row = column; row < coils; row++) {
      let [re, im] = [row === column ? 1 : 0, 0]
      for (let k = column; k < row; k++) {
        const [a, b] = [2 * (row * coils + k), 2 * (k * coils + column)]
        re -= lower[a] * elements[b] - lower[a + 1] * elements[b + 1]
        im -= lower[a] * elements[b + 1] + lower[a + 1] * elements[b]
      }
      const own = lower[2 * (row * coils + row)]
      elements.set([re / own, im / own], 2 * (row * coils + column))
    }
  return { to: coils, from: coils, elements }
}

/** matrix · k-space: [from, samples, 2] → [to, samples, 2]. */
export function mixCoils({ to, from, elements }: CoilMatrix, kspace: Float32Array): Float32Array {
  const size = kspace.length / from
  if (size % 2 !== 0) throw new RangeError(`Expected k-space of ${from} coils, got ${kspace.length} numbers`)
  const mixed = new Float32Array(to * size)
  const some = new Float64Array(Math.min(size, 4096)) // sums in double, of a few samples at a time
  for (let first = 0; first < size; first += some.length) {
    const count = Math.min(some.length, size - first)
    for (let row = 0; row < to; row++) {
      some.fill(0)
      for (let coil = 0; coil < from; coil++) {
        const [re, im] = elements.subarray(2 * (row * from + coil), 2 * (row * from + coil) + 2)
        const start = coil * size + first
        for (let i = 0; i < count; i += 2) {
          some[i] += re * kspace[start + i] - im * kspace[start + i + 1]
          some[i + 1] += re * kspace[start + i + 1] + im * kspace[start + i]
        }
      }
      mixed.set(some.subarray(0, count), row * size + first)
    }
  }
  return mixed
}

/** Share of the energy Σ|k|² of all coils that virtual coils keep, from 0 to 1. Without energy: 1. */
export function energyKept(kspace: Float32Array, virtual: Float32Array): number {
  const energy = energyOf(kspace)
  return energy > 0 ? energyOf(virtual) / energy : 1
}
