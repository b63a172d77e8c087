/**
 * Agreement of a reconstruction with the ground truth, as in fastMRI's evaluation, in double precision:
 *   NMSE = ‖target − prediction‖² / ‖target‖² and PSNR = 10 log₁₀(R² / mean squared error), over the whole volume;
 *   SSIM = (2 μ₁μ₂ + C₁)(2 σ₁₂ + C₂) / ((μ₁² + μ₂² + C₁)(σ₁² + σ₂² + C₂)), C₁ = (0.01 R)², C₂ = (0.03 R)².
 * SSIM has means and sample (co)variances over a uniform 7 × 7 window. SSIM is averaged over the windows that lie
 * inside the image, and then over slices. R is the ground truth's maximum over the volume.
 * Sources: Wang et al. 2004, "Image quality assessment: from error visibility to structural similarity"; Zbontar et al.
 * 2018 (fastMRI). The foreground scores are this project's own, because most of a knee slice is air, and air is easy.
 */
import { AppError } from '../../contract/errors.ts'
import { FOREGROUND_THRESHOLD, type Metrics } from '../../contract/evaluation.ts'

/** Pixels along the side of SSIM's window. */
export const WINDOW = 7
/** Pixels on each side of an image on which no window is centred. */
export const SSIM_MARGIN = (WINDOW - 1) / 2
const AREA = WINDOW * WINDOW
export const K1 = 0.01
export const K2 = 0.03

export interface VolumeMetrics extends Metrics {
  readonly ssimSlices: readonly number[]
  /** The data range R. */
  readonly maximum: number
  /** Over pixels whose ground truth, averaged over 7 × 7, reaches a tenth of R; NaN if there is no such pixel. */
  readonly foreground: Metrics
  /**
   * fastMRI's aggregation before March 2021: the mean over slices of each slice's NMSE and PSNR.
   * The PSNR of a slice uses the slice's own maximum.
   */
  readonly sliceWise: Omit<Metrics, 'ssim'>
}

export interface ScoredVolume {
  /** [slices, height, width], in the file's units, like `target`. */
  readonly prediction: Float32Array
  readonly target: Float32Array
  readonly shape: readonly [slices: number, height: number, width: number]
  /** The ground truth's maximum over the whole volume, if `target` holds only some of the slices. */
  readonly maximum?: number
}

/** Scores a volume. Division by zero shows: a perfect prediction has PSNR ∞, an empty ground truth NMSE ∞ or NaN. */
export function scoreVolume(volume: ScoredVolume): VolumeMetrics {
  const { prediction, target, shape } = volume
  const [slices, height, width] = shape
  expectPixels('prediction', prediction, slices * height * width, shape)
  expectPixels('target', target, slices * height * width, shape)
  const maximum = volume.maximum ?? largest(target)

  const pixels = height * width
  const ssimSlices: number[] = []
  const inForeground = new Uint8Array(target.length)
  const eachSlice: Omit<Metrics, 'ssim'>[] = []
  let foregroundSsim = 0
  let foregroundWindows = 0
  for (let from = 0; from < target.length; from += pixels) {
    const truth = target.subarray(from, from + pixels)
    const image = prediction.subarray(from, from + pixels)
    const map = ssimMap(image, truth, height, width, maximum)
    ssimSlices.push(mean(map))
    eachSlice.push(scorePixels(image, truth, largest(truth)))
    const foreground = findForeground(truth, height, width, maximum)
    inForeground.set(foreground, from)
    let window = 0
    for (let row = SSIM_MARGIN; row < height - SSIM_MARGIN; row++) {
      for (let column = SSIM_MARGIN; column < width - SSIM_MARGIN; column++, window++) {
        if (!foreground[row * width + column]) continue
        foregroundSsim += map[window]
        foregroundWindows++
      }
    }
  }
  return {
    ssim: mean(ssimSlices),
    ...scorePixels(prediction, target, maximum),
    ssimSlices,
    maximum,
    foreground: {
      ssim: foregroundSsim / foregroundWindows,
      ...scorePixels(prediction, target, maximum, inForeground),
    },
    sliceWise: {
      psnr: mean(eachSlice.map(({ psnr }) => psnr)),
      nmse: mean(eachSlice.map(({ nmse }) => nmse)),
    },
  }
}

/** Scores one slice [height, width] as a volume. `maximum` is the maximum of the slice's volume. */
export function scoreSlice(
  prediction: Float32Array,
  target: Float32Array,
  [height, width]: readonly [number, number],
  maximum: number,
): Metrics & Pick<VolumeMetrics, 'foreground'> {
  const { ssim, psnr, nmse, foreground } = scoreVolume({ prediction, target, shape: [1, height, width], maximum })
  return { ssim, psnr, nmse, foreground }
}

/** Mean SSIM of one slice [height, width], over all windows. `maximum`: see `scoreSlice`. */
export const meanSsim = (
  prediction: Float32Array,
  target: Float32Array,
  [height, width]: readonly [number, number],
  maximum: number,
): number => mean(ssimMap(prediction, target, height, width, maximum))

/**
 * SSIM of every 7 × 7 window inside the image, [height − 6, width − 6]. The index is the window's upper left corner.
 * Each image is centred on its own mean first, because E[x²] − E[x]² loses the digits of a large common level.
 * Each window is summed afresh, first down and then across. A running sum would carry the rounding error of one bright
 * pixel through the rest of the row.
 */
export function ssimMap(
  prediction: Float32Array,
  target: Float32Array,
  height: number,
  width: number,
  maximum: number,
): Float64Array {
  if (height < WINDOW || width < WINDOW) {
    throw new AppError(
      'SHAPE_MISMATCH',
      `Expected images of at least ${WINDOW} × ${WINDOW} pixels for SSIM's window, got ${height} × ${width}`,
    )
  }
  expectPixels('prediction', prediction, height * width, [height, width])
  expectPixels('target', target, height * width, [height, width])
  const level1 = mean(prediction)
  const level2 = mean(target)
  const c1 = (K1 * maximum) ** 2
  const c2 = (K2 * maximum) ** 2

  const mapHeight = height - WINDOW + 1
  const mapWidth = width - WINDOW + 1
  const map = new Float64Array(mapHeight * mapWidth)
  // Sums over the seven rows of the window row, per column: x, y, x² + y², x y.
  const sum1 = new Float64Array(width)
  const sum2 = new Float64Array(width)
  const sumSquares = new Float64Array(width)
  const sumProducts = new Float64Array(width)
  for (let row = 0; row < mapHeight; row++) {
    for (let column = 0; column < width; column++) {
      let x = 0
      let y = 0
      let squares = 0
      let products = 0
      const end = (row + WINDOW) * width + column
      for (let pixel = row * width + column; pixel < end; pixel += width) {
        const value1 = prediction[pixel] - level1
        const value2 = target[pixel] - level2
        x += value1
        y += value2
        squares += value1 * value1 + value2 * value2
        products += value1 * value2
      }
      sum1[column] = x
      sum2[column] = y
      sumSquares[column] = squares
      sumProducts[column] = products
    }
    for (let column = 0; column < mapWidth; column++) {
      const mean1 = sumOfSeven(sum1, column) / AREA
      const mean2 = sumOfSeven(sum2, column) / AREA
      const variances = (sumOfSeven(sumSquares, column) - AREA * (mean1 * mean1 + mean2 * mean2)) / (AREA - 1)
      const covariance = (sumOfSeven(sumProducts, column) - AREA * (mean1 * mean2)) / (AREA - 1)
      const mu1 = mean1 + level1
      const mu2 = mean2 + level2
      map[row * mapWidth + column] =
        ((2 * mu1 * mu2 + c1) * (2 * covariance + c2)) / ((mu1 * mu1 + mu2 * mu2 + c1) * (variances + c2))
    }
  }
  return map
}

function sumOfSeven(values: Float64Array, from: number): number {
  return (
    values[from] +
    values[from + 1] +
    values[from + 2] +
    values[from + 3] +
    values[from + 4] +
    values[from + 5] +
    values[from + 6]
  )
}

/** 1 where the ground truth, averaged over the part of the 7 × 7 window in the image, reaches the threshold. */
function findForeground(target: Float32Array, height: number, width: number, maximum: number): Uint8Array {
  const foreground = new Uint8Array(height * width)
  if (!(maximum > 0)) return foreground // an empty image has no foreground, though 0 ≥ 0.1 · 0
  const threshold = FOREGROUND_THRESHOLD * maximum
  const columnSums = new Float64Array(width)
  for (let row = 0; row < height; row++) {
    const top = Math.max(0, row - SSIM_MARGIN)
    const bottom = Math.min(height, row + SSIM_MARGIN + 1)
    columnSums.fill(0)
    for (let above = top; above < bottom; above++) {
      for (let column = 0; column < width; column++) columnSums[column] += target[above * width + column]
    }
    for (let column = 0; column < width; column++) {
      const left = Math.max(0, column - SSIM_MARGIN)
      const right = Math.min(width, column + SSIM_MARGIN + 1)
      let sum = 0
      for (let i = left; i < right; i++) sum += columnSums[i]
      if (sum / ((bottom - top) * (right - left)) >= threshold) foreground[row * width + column] = 1
    }
  }
  return foreground
}

/** PSNR and NMSE over the pixels that `selected` marks, or over all pixels. */
function scorePixels(
  prediction: Float32Array,
  target: Float32Array,
  maximum: number,
  selected?: Uint8Array,
): { psnr: number; nmse: number } {
  let squaredError = 0
  let energy = 0
  let pixels = 0
  for (let pixel = 0; pixel < target.length; pixel++) {
    if (selected && !selected[pixel]) continue
    pixels++
    const error = target[pixel] - prediction[pixel]
    squaredError += error * error
    energy += target[pixel] * target[pixel]
  }
  return {
    psnr: 10 * Math.log10(maximum ** 2 / (squaredError / pixels)),
    nmse: squaredError / energy,
  }
}

function mean(values: ArrayLike<number>): number {
  let sum = 0
  for (let i = 0; i < values.length; i++) sum += values[i]
  return sum / values.length
}

function largest(values: Float32Array): number {
  let maximum = -Infinity
  for (let i = 0; i < values.length; i++) if (values[i] > maximum) maximum = values[i]
  return maximum
}

function expectPixels(what: string, image: Float32Array, expected: number, shape: readonly number[]): void {
  if (image.length === expected) return
  throw new AppError('SHAPE_MISMATCH', `Expected a ${what} of ${shape.join(' × ')} pixels, got ${image.length} pixels`)
}
