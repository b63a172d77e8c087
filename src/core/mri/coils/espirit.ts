/**
 * ESPIRiT: coil maps from the calibration area of k-space.
 *   M        every k × k window over all coils is a row [coils · k²]; M = U Σ Vᴴ
 *   K_i,c(x) the inverse Fourier transform of row i of Vᴴ, kept if σ_i > threshold · σ₁
 *   G(x)     = 1/k² · Σ_i K_i(x) K_i(x)ᴴ; maps: its dominant eigenvector, with eigenvalue 1 where the model holds
 * G is a Fourier series with |Δ| < k along both axes, so G on a grid of 2k × 2k pixels (12 × 12) determines G on any
 * grid. Only the series is computed here. V comes from the smaller of MᴴM and M Mᴴ, in double precision: relative
 * errors of σ are below 1e-9 where σ > 1e-3 · σ₁.
 * Source: Uecker et al., Magn. Reson. Med. 71, 2014, "ESPIRiT: an eigenvalue approach to autocalibrating parallel MRI".
 */
import { AppError } from '../../../contract/errors.ts'
import { centredLineTransform, fft2Centred } from '../fft-double.ts'
import { gramOf } from './compression.ts'
import { pairCount, type Series, supportOf } from './eigenvectors.ts'
import { hermitianEigen } from './hermitian.ts'

export interface EspiritCalibration {
  readonly series: Series
  /** Of M, descending. */
  readonly singularValues: Float64Array
  readonly kernels: number
}

/** Below, σ is rounding errors: eigenvalues are σ² in double precision. */
const LEAST_THRESHOLD = 1e-6
/** Largest number of windows. Time and memory grow in proportion: M of 32 coils then takes 75 MB. */
const MOST_WINDOWS = 64 * 64

/**
 * @param block Calibration area [coils, rows, columns, 2].
 * Throws `INVALID_ARGUMENT` for a threshold outside 1e-6 to 1, or a calibration area of too many windows.
 */
export function calibrateEspirit(
  block: Float64Array,
  size: readonly [coils: number, rows: number, columns: number],
  { kernel, threshold }: { readonly kernel: number; readonly threshold: number },
): EspiritCalibration {
  const count = (size[1] - kernel + 1) * (size[2] - kernel + 1)
  requireSettings(threshold, count, kernel)
  const windows = windowsOf(block, size, kernel)
  const length = size[0] * kernel ** 2
  const isTall = length < count
  // The matrix of MᴴM's complex conjugates, whose eigenvectors are the rows of Vᴴ. Otherwise M Mᴴ.
  const gram = isTall ? gramOf(transposed(windows, length), length) : gramOf(windows, count)
  const { values, vectors } = hermitianEigen(gram, values => {
    const least = threshold ** 2 * values[0]
    return values.findLastIndex(value => value > least) + 1
  })
  const kernels = vectors.length / (2 * values.length)
  const singularValues = values.map(value => Math.sqrt(Math.max(0, value)))
  const spectra = new Float64Array(kernels * size[0] * 2 * (2 * kernel) ** 2)
  const transform = kernelTransform(kernel)
  for (let i = 0; i < kernels; i++) {
    const vector = vectors.subarray(2 * i * values.length, 2 * (i + 1) * values.length)
    const row = isTall ? vector : rightVector(windows, vector, singularValues[i])
    transform(row, spectra.subarray(i * (spectra.length / kernels), (i + 1) * (spectra.length / kernels)))
  }
  return { series: { coils: size[0], kernel, elements: seriesOf(spectra, size[0], kernel) }, singularValues, kernels }
}

function requireSettings(threshold: number, windows: number, kernel: number): void {
  if (!(threshold >= LEAST_THRESHOLD && threshold < 1))
    throw new AppError(
      'INVALID_ARGUMENT',
      `Expected a threshold of ESPIRiT from ${LEAST_THRESHOLD} to below 1, got ${threshold}. The usual one is 0.02.`,
    )
  if (windows > MOST_WINDOWS)
    throw new AppError(
      'INVALID_ARGUMENT',
      `Expected at most ${MOST_WINDOWS} windows of ${kernel} × ${kernel} samples in ESPIRiT’s calibration area, ` +
        `got ${windows}. Choose a calibration area of at most 64 × 64 samples.`,
    )
}

/** M [window, coil, k, k, 2] */
function windowsOf(
  block: Float64Array,
  [coils, rows, columns]: readonly [number, number, number],
  kernel: number,
): Float64Array {
  const [down, across] = [rows - kernel + 1, columns - kernel + 1]
  const windows = new Float64Array(down * across * coils * 2 * kernel ** 2)
  let to = 0
  for (let y = 0; y < down; y++)
    for (let x = 0; x < across; x++)
      for (let coil = 0; coil < coils; coil++)
        for (let row = 0; row < kernel; row++) {
          const from = 2 * ((coil * rows + y + row) * columns + x)
          windows.set(block.subarray(from, from + 2 * kernel), to)
          to += 2 * kernel
        }
  return windows
}

/** [rows, length, 2] → [length, rows, 2] */
function transposed(matrix: Float64Array, length: number): Float64Array {
  const rows = matrix.length / (2 * length)
  const result = new Float64Array(matrix.length)
  for (let row = 0; row < rows; row++)
    for (let i = 0; i < length; i++)
      for (let part = 0; part < 2; part++) result[2 * (i * rows + row) + part] = matrix[2 * (row * length + i) + part]
  return result
}

/** A row of Vᴴ: uᴴ M / σ. */
function rightVector(windows: Float64Array, u: Float64Array, sigma: number): Float64Array {
  const count = u.length / 2
  const row = new Float64Array(windows.length / count)
  for (let window = 0; window < count; window++) {
    const re = u[2 * window] / sigma
    const im = -u[2 * window + 1] / sigma
    const from = window * row.length
    for (let i = 0; i < row.length; i += 2) {
      row[i] += re * windows[from + i] - im * windows[from + i + 1]
      row[i + 1] += re * windows[from + i + 1] + im * windows[from + i]
    }
  }
  return row
}

/** Kernels [coil, k, k, 2] → their inverse transforms on 2k × 2k pixels, [coil, 2k, 2k, 2]. */
function kernelTransform(kernel: number): (row: Float64Array, spectra: Float64Array) => void {
  const grid = 2 * kernel
  const transform = centredLineTransform(grid, true)
  const padded = new Float64Array(2 * grid * grid)
  return (row, spectra) => {
    for (let coil = 0; coil < row.length / (2 * kernel ** 2); coil++) {
      for (let line = 0; line < kernel; line++) {
        const from = 2 * kernel * (coil * kernel + line)
        padded.set(row.subarray(from, from + 2 * kernel), 2 * grid * line)
        transform(padded, grid * line, 1, spectra, grid * (grid * coil + line), 1)
      }
      for (let column = 0; column < grid; column++) {
        const first = grid * grid * coil + column
        transform(spectra, first, grid, spectra, first, grid)
      }
    }
  }
}

/** G on 2k × 2k pixels for each pair of coils, then its Fourier series. */
function seriesOf(spectra: Float64Array, coils: number, kernel: number): Float32Array {
  const grid = 2 * kernel
  const pixels = grid * grid
  const support = supportOf(kernel)
  const elements = new Float32Array(2 * pairCount(coils) * support ** 2)
  const count = pairCount(coils) * support
  const product = new Float64Array(2 * pixels)
  // 2k / k²: the two transforms of kernels divide by (2k)², and fft2Centred sums (2k)² pixels and divides by 2k.
  const scale = 2 / kernel
  let pair = 0
  for (let c = 0; c < coils; c++)
    for (let d = 0; d <= c; d++, pair++) {
      product.fill(0)
      for (let first = 0; first < spectra.length; first += 2 * pixels * coils) addProduct(spectra, first, c, d, product)
      const series = fft2Centred(product, grid, grid)
      for (let y = 0; y < support; y++)
        for (let x = 0; x < support; x++)
          for (let part = 0; part < 2; part++)
            elements[(2 * y + part) * count + pair * support + x] = scale * series[2 * ((y + 1) * grid + x + 1) + part]
    }
  return elements
}

/** product += K_c · conj(K_d) of the kernel whose transforms start at `first`. */
function addProduct(spectra: Float64Array, first: number, c: number, d: number, product: Float64Array): void {
  const [a, b] = [first + c * product.length, first + d * product.length]
  for (let i = 0; i < product.length; i += 2) {
    product[i] += spectra[a + i] * spectra[b + i] + spectra[a + i + 1] * spectra[b + i + 1]
    product[i + 1] += spectra[a + i + 1] * spectra[b + i] - spectra[a + i] * spectra[b + i + 1]
  }
}
