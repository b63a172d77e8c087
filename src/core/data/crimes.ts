/**
 * Implicit data crimes: what speaks against k-space being raw, per slice. Processed data make sub-sampling look easier
 * than it is. Source: Shimron et al. 2022, "Implicit data crimes", PNAS 119, e2117203119.
 * With k [rows, columns], its image x = F⁻¹k, and r = |u| / (n / 2) the distance from the centre of an axis:
 *   hermitian residual    ‖k(u) − conj k(−u)‖ / (√2 ‖k‖). Near 0: the image is real, a magnitude without its phase.
 *   imaginary share       ‖Im(x e^{−iφ})‖ / ‖x‖ with φ = ½ arg Σ x². Finds a constant phase too.
 *   outer to mid energy   mean |k|² where r > 0.85 on an axis, over the mean in the ring 0.55 < r < 0.7.
 *                         Noise fills both. Near 0: the outer part was filled with zeros, or filtered.
 *   zero columns, rows    shares of exact zeros: padding or partial Fourier.
 *   grid residual         least mean |a n − round(a n)|, n = 64 … 4095, a = |x| / max. Near 0: integers of n levels.
 *   DCT ratio             median of the high 8 × 8 DCT-II coefficients over blocks from (0, 0), over the same from
 *                         (4, 4). Far below 1: blocks of JPEG.
 */
import { type CrimeStatistics, type Crimes, FLAG_WORDS } from '../../contract/crimes.ts'
import { ifft2Centred } from '../mri/fft-double.ts'
import type { Matrix } from './volume.ts'

const LEAST_LEVELS = 64
const MOST_LEVELS = 4095
/** Pixels that are compared with a grid, evenly picked. */
const PICKED = 4096

/** @param kspace One coil's centred k-space [rows, columns, 2], not all zero. */
export function crimesOf(kspace: Float32Array, rows: number, columns: number): CrimeStatistics {
  const k = Float64Array.from(kspace)
  const image = ifft2Centred(k, rows, columns)
  const turned = withoutPhase(image)
  const { gridResidual, gridMaximum } = gridOfLevels(image)
  return {
    hermitianResidual: hermitianResidual(k, rows, columns),
    imaginaryShare: Math.sqrt(energyOf(turned.imaginary) / energyOf(image)),
    outerToMidEnergy: orNull(outerToMidEnergy(k, rows, columns)),
    ...zeroLines(k, rows, columns),
    gridResidual,
    gridMaximum,
    dctRatio: orNull(blockCoefficient(turned.real, rows, columns, 0) / blockCoefficient(turned.real, rows, columns, 4)),
  }
}

/** Of the coil with the most signal. @param kspace A slice [coils, rows, columns, 2], not all zero. */
export function crimesOfSlice(kspace: Float32Array, { coils, rows, columns }: Matrix, slice: number): Crimes {
  const length = 2 * rows * columns
  const energies = Array.from({ length: coils }, (_, coil) => {
    let sum = 0
    for (let i = coil * length; i < (coil + 1) * length; i++) sum += kspace[i] * kspace[i]
    return sum
  })
  const coil = energies.indexOf(Math.max(...energies))
  return { slice, coil, ...crimesOf(kspace.subarray(coil * length, (coil + 1) * length), rows, columns) }
}

/** Small matrices have no ring, no block, or no energy in them. */
const orNull = (ratio: number): number | null => (Number.isFinite(ratio) ? ratio : null)

const energyOf = (values: Float64Array): number => {
  let sum = 0
  for (let i = 0; i < values.length; i++) sum += values[i] * values[i]
  return sum
}

function hermitianResidual(k: Float64Array, rows: number, columns: number): number {
  let difference = 0
  for (let row = 0; row < rows; row++) {
    const opposite = (rows - row - (rows % 2)) % rows // −u of an axis with its origin at ⌊n / 2⌋
    for (let column = 0; column < columns; column++) {
      const at = 2 * (row * columns + column)
      const there = 2 * (opposite * columns + ((columns - column - (columns % 2)) % columns))
      difference += (k[at] - k[there]) ** 2 + (k[at + 1] + k[there + 1]) ** 2
    }
  }
  return Math.sqrt(difference / (2 * energyOf(k)))
}

/** Real and imaginary part of x e^{−iφ}. */
function withoutPhase(image: Float64Array): { readonly real: Float64Array; readonly imaginary: Float64Array } {
  let [re, im] = [0, 0] // Σ x²
  for (let i = 0; i < image.length; i += 2) {
    re += image[i] ** 2 - image[i + 1] ** 2
    im += 2 * image[i] * image[i + 1]
  }
  const phase = Math.atan2(im, re) / 2
  const [cosine, sine] = [Math.cos(phase), Math.sin(phase)]
  const real = new Float64Array(image.length / 2)
  const imaginary = new Float64Array(real.length)
  for (let i = 0; i < real.length; i++) {
    real[i] = image[2 * i] * cosine + image[2 * i + 1] * sine
    imaginary[i] = image[2 * i + 1] * cosine - image[2 * i] * sine
  }
  return { real, imaginary }
}

function outerToMidEnergy(k: Float64Array, rows: number, columns: number): number {
  const sums = { outer: 0, mid: 0 }
  const counts = { outer: 0, mid: 0 }
  const distance = (index: number, size: number) => Math.abs(index - Math.floor(size / 2)) / (size / 2)
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) {
      const most = Math.max(distance(row, rows), distance(column, columns))
      const ring = most > 0.85 ? 'outer' : most > 0.55 && most < 0.7 ? 'mid' : null
      if (!ring) continue
      const at = 2 * (row * columns + column)
      sums[ring] += k[at] ** 2 + k[at + 1] ** 2
      counts[ring]++
    }
  return sums.outer / counts.outer / (sums.mid / counts.mid)
}

function zeroLines(k: Float64Array, rows: number, columns: number): Pick<CrimeStatistics, 'zeroColumns' | 'zeroRows'> {
  const [seenRows, seenColumns] = [new Uint8Array(rows), new Uint8Array(columns)]
  for (let sample = 0; sample < rows * columns; sample++) {
    if (k[2 * sample] === 0 && k[2 * sample + 1] === 0) continue
    seenRows[Math.floor(sample / columns)] = 1
    seenColumns[sample % columns] = 1
  }
  const share = (seen: Uint8Array) => seen.filter(value => value === 0).length / seen.length
  return { zeroColumns: share(seenColumns), zeroRows: share(seenRows) }
}

function gridOfLevels(image: Float64Array): Pick<CrimeStatistics, 'gridResidual' | 'gridMaximum'> {
  const pixels = image.length / 2
  const count = Math.min(pixels, PICKED)
  let most = 0
  for (let i = 0; i < pixels; i++) most = Math.max(most, Math.hypot(image[2 * i], image[2 * i + 1]))
  const picked = Float64Array.from({ length: count }, (_, i) => {
    const pixel = count > 1 ? Math.floor((i * (pixels - 1)) / (count - 1)) : 0
    return Math.hypot(image[2 * pixel], image[2 * pixel + 1]) / most
  })
  let gridResidual = Number.POSITIVE_INFINITY
  let gridMaximum = 0
  for (let levels = LEAST_LEVELS; levels <= MOST_LEVELS; levels++) {
    let sum = 0
    for (let i = 0; i < count; i++) {
      const level = picked[i] * levels
      sum += Math.abs(level - Math.round(level))
    }
    const residual = sum / count
    if (gridMaximum === 0 && residual < FLAG_WORDS.gridResidual.flaggedBelow) gridMaximum = levels
    gridResidual = Math.min(gridResidual, residual)
  }
  return { gridResidual, gridMaximum }
}

const BLOCK = 8
/** Orthonormal DCT-II of one axis: [frequency, sample]. */
const DCT = Float64Array.from({ length: BLOCK * BLOCK }, (_, i) => {
  const [frequency, sample] = [Math.floor(i / BLOCK), i % BLOCK]
  const scale = Math.sqrt((frequency === 0 ? 1 : 2) / BLOCK)
  return scale * Math.cos((Math.PI * frequency * (2 * sample + 1)) / (2 * BLOCK))
})

/** Median magnitude of the coefficients whose two frequencies sum to 8 or more, over blocks from (`from`, `from`). */
function blockCoefficient(image: Float64Array, rows: number, columns: number, from: number): number {
  const found: number[] = []
  const half = new Float64Array(BLOCK * BLOCK)
  for (let top = from; top + BLOCK <= rows; top += BLOCK)
    for (let left = from; left + BLOCK <= columns; left += BLOCK) {
      for (let frequency = 0; frequency < BLOCK; frequency++)
        for (let column = 0; column < BLOCK; column++) {
          let sum = 0
          for (let row = 0; row < BLOCK; row++)
            sum += DCT[frequency * BLOCK + row] * image[(top + row) * columns + left + column]
          half[frequency * BLOCK + column] = sum
        }
      for (let i = 1; i < BLOCK; i++)
        for (let j = BLOCK - i; j < BLOCK; j++) {
          let sum = 0
          for (let column = 0; column < BLOCK; column++) sum += DCT[j * BLOCK + column] * half[i * BLOCK + column]
          found.push(Math.abs(sum))
        }
    }
  return median(Float64Array.from(found).sort())
}

/** Of ascending values. NaN if there are none. */
const median = (sorted: Float64Array): number =>
  (sorted[Math.floor((sorted.length - 1) / 2)] + sorted[Math.floor(sorted.length / 2)]) / 2
