/**
 * From signal to measured k-space: receive coil (smooth magnitude and phase), Fourier transform, thermal noise.
 * The transform of the fine grid is cut to the scanner's 640 × 372 samples, so edges ring as in a scanner.
 *
 *   k = cut(F(S · m)) + n,   n ~ CN(0, 2σ²): standard deviation σ in the real and in the imaginary part
 *
 * With several coils, each coil c measures k_c = cut(F(S_c · m)) + n_c, with noise that the coils share.
 */
import { centredLineTransform } from '../fft-double.ts'
import { stream } from '../random.ts'
import { addNoise } from './coil-noise.ts'
import { type CoilElement, sensitivity } from './coils.ts'
import {
  COLUMNS,
  FINE_COLUMNS,
  FINE_ROWS,
  finePositions,
  fineX,
  fineY,
  ROWS,
  type Sizes,
  sizesOf,
  type Voxel,
} from './grid.ts'
import type { Acquisition } from './tissues.ts'

/** The receive side of one patient's scan, in millimetres of the scanner. */
export interface Receiver {
  /** Sensitivity far from all elements. */
  readonly base: number
  /** Bright spots near coil elements: place, strength and width. */
  readonly elements: readonly {
    readonly x: number
    readonly y: number
    readonly gain: number
    readonly widthMm: number
  }[]
  /** Phase in radians over x/80 mm and y/140 mm: 1, x, y, x², xy, y², x³, y³. */
  readonly phase: readonly number[]
  readonly phaseSpots: readonly {
    readonly x: number
    readonly y: number
    readonly radians: number
    readonly widthMm: number
  }[]
  /** Half length of the coil's view along the leg. */
  readonly reachMm: number
  /** Relative change of fat suppression or flip angle over half a field of view. */
  readonly shadingX: number
  readonly shadingY: number
  /** Muscle signal at sensitivity 1, divided by the noise's standard deviation in the real or imaginary part. */
  readonly snr: number
  /** Factor from the tissue table's units to the scanner's units. */
  readonly gain: number
}

export function drawReceiver(seed: number, patient: number, acquisition: Acquisition): Receiver {
  const isSuppressed = acquisition === 'CORPDFS_FBK'
  const random = stream(seed, `phantom-receiver-${acquisition}`, patient)
  const between = (low: number, high: number) => low + (high - low) * random.uniform()
  return {
    base: 0.78,
    elements: [-1, 1].flatMap(sideX =>
      [-1, 1].map(sideY => ({
        x: sideX * between(50, 75),
        y: sideY * between(15, 55),
        gain: between(0.25, 0.65),
        widthMm: between(28, 42),
      })),
    ),
    phase: [3.1, 1.6, 2.2, 0.9, 0.8, 1.2, 0.6, 0.8].map(size => between(-size, size)),
    phaseSpots: Array.from({ length: 4 }, () => ({
      x: between(-65, 65),
      y: between(-75, 75),
      radians: between(-0.8, 0.8),
      widthMm: between(18, 40),
    })),
    reachMm: between(86, 102),
    shadingX: between(-0.12, 0.12),
    shadingY: between(-0.12, 0.12),
    snr: isSuppressed ? between(10, 20) : between(25, 45),
    gain: between(3.4e-4, 6e-4),
  }
}

/** Complex image on the fine grid, [FINE_ROWS, FINE_COLUMNS, 2]. */
function receive(signal: Float32Array, receiver: Receiver): Float64Array {
  const image = new Float64Array(2 * signal.length)
  const spots = [...receiver.elements, ...receiver.phaseSpots]
  // exp(−(x² + y²)/2w²) is the product of a table for rows and a table for columns.
  const profile = (count: number, at: (k: number) => number, centre: (spot: (typeof spots)[number]) => number) =>
    spots.map(spot =>
      Float64Array.from({ length: count }, (_, k) =>
        Math.exp(-((at(k) - centre(spot)) ** 2) / (2 * spot.widthMm ** 2)),
      ),
    )
  const across = profile(FINE_COLUMNS, fineX, spot => spot.x)
  const along = profile(FINE_ROWS, fineY, spot => spot.y)
  const elementCount = receiver.elements.length
  const { base } = receiver
  const [p0, px, py, pxx, pxy, pyy, pxxx, pyyy] = receiver.phase
  for (let row = 0, i = 0; row < FINE_ROWS; row++) {
    const v = fineY(row) / 140
    const reach = Math.exp(-((fineY(row) / receiver.reachMm) ** 4))
    for (let column = 0; column < FINE_COLUMNS; column++, i++) {
      if (signal[i] === 0) continue
      const u = fineX(column) / 80
      let magnitude = base
      let phase = p0 + u * (px + u * (pxx + u * pxxx) + v * pxy) + v * (py + v * (pyy + v * pyyy))
      for (let s = 0; s < elementCount; s++) magnitude += receiver.elements[s].gain * across[s][column] * along[s][row]
      for (let s = elementCount; s < spots.length; s++) {
        phase += receiver.phaseSpots[s - elementCount].radians * across[s][column] * along[s][row]
      }
      const value = signal[i] * magnitude * reach * (1 + receiver.shadingX * u + receiver.shadingY * v) * receiver.gain
      image[2 * i] = value * Math.cos(phase)
      image[2 * i + 1] = value * Math.sin(phase)
    }
  }
  return image
}

/** The central [rows, columns] of the fine image's k-space, scaled so that its image keeps the fine image's values. */
function bandLimit(image: Float64Array, { rows, columns }: Sizes): Float64Array {
  const alongRow = centredLineTransform(FINE_COLUMNS, false, columns)
  const alongColumn = centredLineTransform(FINE_ROWS, false, rows)
  const half = new Float64Array(2 * FINE_ROWS * columns)
  for (let row = 0; row < FINE_ROWS; row++) alongRow(image, row * FINE_COLUMNS, 1, half, row * columns, 1)
  const kspace = new Float64Array(2 * rows * columns)
  for (let column = 0; column < columns; column++) alongColumn(half, column, columns, kspace, column, columns)
  const scale = Math.sqrt((rows * columns) / (FINE_ROWS * FINE_COLUMNS))
  for (let i = 0; i < kspace.length; i++) kspace[i] *= scale
  return kspace
}

/** Magnitude of the centre crop of the image of k-space with these sizes. Rows outside the crop are not computed. */
function croppedMagnitude(kspace: Float64Array, { rows, columns, crop }: Sizes): Float32Array {
  const alongColumn = centredLineTransform(rows, true)
  const alongRow = centredLineTransform(columns, true)
  const image = new Float64Array(kspace.length)
  for (let column = 0; column < columns; column++) alongColumn(kspace, column, columns, image, column, columns)
  const top = (rows - crop) / 2
  const left = (columns - crop) / 2
  const line = new Float64Array(2 * columns)
  const magnitude = new Float32Array(crop * crop)
  for (let row = 0; row < crop; row++) {
    alongRow(image, (top + row) * columns, 1, line, 0, 1)
    for (let column = 0; column < crop; column++) {
      const at = 2 * (left + column)
      magnitude[row * crop + column] = Math.sqrt(line[at] ** 2 + line[at + 1] ** 2)
    }
  }
  return magnitude
}

/** The central part of [ROWS, COLUMNS] k-space that a coarser scan measures, scaled to keep the image's values. */
function central<T extends Float32Array | Float64Array>(kspace: T, { rows, columns }: Sizes, into: T): T {
  if (rows === ROWS) return kspace
  const scale = Math.sqrt((rows * columns) / (ROWS * COLUMNS))
  const [top, left] = [(ROWS - rows) / 2, (COLUMNS - columns) / 2]
  for (let row = 0; row < rows; row++)
    for (let i = 0; i < 2 * columns; i++)
      into[row * 2 * columns + i] = scale * kspace[2 * ((top + row) * COLUMNS + left) + i]
  return into
}

/** Measures one plane. `noise` gives standard normal draws, which do not depend on the voxel. */
export function acquire(
  signal: Float32Array,
  receiver: Receiver,
  muscle: number,
  noise: { normal(): number },
  voxel: Voxel = 1,
) {
  const clean = bandLimit(receive(signal, receiver), sizesOf(1))
  const noiseSd = (muscle * receiver.gain) / receiver.snr
  const noisy = new Float32Array(clean.length)
  for (let i = 0; i < noisy.length; i++) noisy[i] = clean[i] + noiseSd * noise.normal()
  const sizes = sizesOf(voxel)
  const length = 2 * sizes.rows * sizes.columns
  return {
    kspace: central(noisy, sizes, new Float32Array(length)),
    noiseFree: croppedMagnitude(central(clean, sizes, new Float64Array(length)), sizes),
    noiseSd: noiseSd / voxel,
  }
}

/** Receive coils around one plane, with the covariance of their noise in k-space, [coils, coils, 2]. */
export interface Coils {
  readonly elements: readonly CoilElement[]
  readonly covariance: Float64Array
  readonly depthMm: number
}

/**
 * Measures one plane with several coils. `kspace` is [coils, rows, columns, 2], and `noiseFree` the root sum of squares
 * of the noise-free coil images. `noise` gives standard normal draws.
 */
export function acquireCoils(
  signal: Float32Array,
  receiver: Receiver,
  { elements, covariance, depthMm }: Coils,
  noise: { normal(): number },
  voxel: Voxel = 1,
) {
  const image = receive(signal, { ...receiver, base: 1, elements: [] })
  const sizes = sizesOf(voxel)
  const length = 2 * sizes.rows * sizes.columns
  const positions = finePositions(depthMm)
  const kspace = new Float32Array(elements.length * length)
  const power = new Float64Array(sizes.crop * sizes.crop)
  for (const [c, element] of elements.entries()) {
    const clean = bandLimit(times(sensitivity(element, positions), image), sizes)
    kspace.set(clean, c * length)
    const magnitude = croppedMagnitude(clean, sizes)
    for (let i = 0; i < power.length; i++) power[i] += magnitude[i] * magnitude[i]
  }
  addNoise(kspace, covariance, noise)
  return { kspace, noiseFree: Float32Array.from(power, Math.sqrt) }
}

/** Products of complex numbers, in place of `a`. */
function times(a: Float64Array, b: Float64Array): Float64Array {
  for (let i = 0; i < a.length; i += 2) {
    const [re, im] = [a[i], a[i + 1]]
    a[i] = re * b[i] - im * b[i + 1]
    a[i + 1] = re * b[i + 1] + im * b[i]
  }
  return a
}
