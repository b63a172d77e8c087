/** Seeded k-space of objects in air, and the changes that scanners and programs make before they store k-space. */
import { fft2Centred, ifft2Centred } from '../src/core/mri/fft-double.ts'
import { RandomState } from '../src/core/mri/random.ts'

export interface Scan {
  readonly rows: number
  readonly columns: number
  readonly seed: number
  /** Standard deviation of the real and the imaginary noise in the image, as a share of the object's brightness. */
  readonly noise: number
  readonly scale?: number
}

/** Complex image of ellipses, [rows, columns, 2]. */
function object({ rows, columns, seed, noise, scale = 1 }: Scan): Float64Array {
  const random = RandomState.fromSeed(seed)
  const uniform = (from: number, to: number) => from + (to - from) * random.uniform()
  const ellipses = [
    { x: 0, y: 0, a: 0.4, b: 0.42, value: 0.6 },
    ...Array.from({ length: 6 }, () => ({
      x: uniform(-0.25, 0.25),
      y: uniform(-0.25, 0.25),
      a: uniform(0.04, 0.16),
      b: uniform(0.04, 0.16),
      value: uniform(-0.3, 0.6),
    })),
  ]
  const image = new Float64Array(2 * rows * columns)
  for (let i = 0; i < rows * columns; i++) {
    const y = Math.floor(i / columns) / rows - 0.5
    const x = (i % columns) / columns - 0.5
    const inside = ellipses.filter(e => ((x - e.x) / e.a) ** 2 + ((y - e.y) / e.b) ** 2 < 1)
    const magnitude = Math.max(
      0,
      inside.reduce((sum, { value }) => sum + value, 0),
    )
    const phase = 1.5 * x + 2 * y * y
    image[2 * i] = scale * (magnitude * Math.cos(phase) + noise * random.normal())
    image[2 * i + 1] = scale * (magnitude * Math.sin(phase) + noise * random.normal())
  }
  return image
}

/** @returns [rows, columns, 2] */
export const kspaceOf = (scan: Scan): Float32Array =>
  Float32Array.from(fft2Centred(object(scan), scan.rows, scan.columns))

/**
 * The root of the sum of squares over coils, √Σ_c |F⁻¹(mask · k_c)|², in double precision, [rows, columns].
 * @param kspace [coils, rows, columns, 2]
 */
export function rootOverCoils(
  kspace: Float32Array,
  [coils, rows, columns]: readonly [number, number, number],
  mask: Uint8Array,
): Float64Array {
  const squares = new Float64Array(rows * columns)
  const numbers = 2 * rows * columns
  for (let coil = 0; coil < coils; coil++) {
    const measured = Float64Array.from(kspace.subarray(coil * numbers, (coil + 1) * numbers), (value, i) =>
      mask[(i >> 1) % columns] ? value : 0,
    )
    const image = ifft2Centred(measured, rows, columns)
    for (const [i, value] of image.entries()) squares[i >> 1] += value ** 2
  }
  return squares.map(Math.sqrt)
}

/** Sets samples to zero for which `measured` is false. */
export function sampled(
  kspace: Float32Array,
  columns: number,
  measured: (row: number, column: number) => boolean,
): Float32Array {
  return kspace.map((value, i) => (measured(Math.floor((i >> 1) / columns), (i >> 1) % columns) ? value : 0))
}

/** Transforms to the image and back, and rounds the image, as programs do that filter or crop images. */
export function roundTrip(
  kspace: Float32Array,
  { rows, columns }: Scan,
  round: (value: number) => number = Math.fround,
): Float32Array {
  const image = ifft2Centred(Float64Array.from(kspace), rows, columns).map(round)
  return Float32Array.from(fft2Centred(image, rows, columns))
}

/** Rounds to the 11 significant bits of a 16-bit float, without the limits of its range. */
export function halfPrecision(value: number): number {
  if (value === 0) return 0
  const unit = 2 ** (Math.floor(Math.log2(Math.abs(value))) - 10)
  return Math.round(value / unit) * unit
}

/** The lines of a random mask: the central twelfth, and one of `acceleration` other lines on average. */
export function randomLines(lines: number, acceleration: number, seed: number): boolean[] {
  const random = RandomState.fromSeed(seed)
  const half = Math.max(1, Math.round(lines / 24))
  return Array.from({ length: lines }, (_, line) => {
    const drawn = random.uniform() < 1 / acceleration
    return drawn || Math.abs(line - Math.floor(lines / 2)) < half
  })
}

/** A radial mask of `spokes` spokes through the centre: whether a spoke passes a sample. */
export function radial(
  { rows, columns }: Pick<Scan, 'rows' | 'columns'>,
  spokes: number,
): (row: number, column: number) => boolean {
  const grid = new Uint8Array(rows * columns)
  const [y, x] = [Math.floor(rows / 2), Math.floor(columns / 2)]
  for (let spoke = 0; spoke < spokes; spoke++) {
    const angle = (Math.PI * spoke) / spokes
    for (let r = -rows - columns; r <= rows + columns; r += 0.3) {
      const row = Math.round(y + r * Math.sin(angle))
      const column = Math.round(x + r * Math.cos(angle))
      if (row >= 0 && row < rows && column >= 0 && column < columns) grid[row * columns + column] = 1
    }
  }
  return (row, column) => grid[row * columns + column] === 1
}
