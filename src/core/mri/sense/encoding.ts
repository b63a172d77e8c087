/**
 * What coils measure of an image x, and what solvers need of it:
 *   A x = M F (S_c · x) for each coil c,   Aᴴ y = Σ conj(S_c) · F⁻¹ (M y_c).
 * S: coil maps, F: centred orthonormal transform, M: 1 where k-space was measured. If the squares of the maps sum to 1,
 * Aᴴ y is the SENSE combination of the zero-filled coil images, and no eigenvalue of AᴴA is larger than 1.
 * Sources: Roemer et al. 1990, "The NMR phased array"; Pruessmann et al. 2001, "Advances in sensitivity encoding with
 * arbitrary k-space trajectories".
 */
import { AppError } from '../../../contract/errors.ts'
import { allFinite } from '../../extremes.ts'
import type { Fourier } from '../fourier.ts'
import { measuredColumns } from '../mask.ts'
import { addConjugate, type CoilSizes, multiply } from '../normal-operator.ts'

export interface Encoding {
  readonly sizes: CoilSizes
  /** [coils, rows, columns, 2]. One coil without a map has ones. */
  readonly maps: Float32Array
  /** [columns] or [rows, columns], as `maskOfSamples` gives: 1 measured, 0 not. Columns take half the work. */
  readonly mask: Uint8Array
}

/** Least squares |A x − y|² as solvers see it. Images are [rows, columns, 2]. */
export interface LeastSquares {
  /** For errors. */
  readonly where: string
  readonly shape: readonly [rows: number, columns: number]
  /** Aᴴ y. */
  readonly adjoint: Float32Array
  /** Writes AᴴA x into `result`, which shares no memory with x or the maps. */
  normal(x: Float32Array, result: Float32Array): void
  /** No eigenvalue of AᴴA is larger: the largest Σ|S_c|² of a pixel. */
  readonly bound: number
  /**
   * The unit of a prior's λ: λ = 0.01 means 1 % of this number. Measured data have no natural unit.
   * The largest magnitude of Aᴴ y, unless the caller has a number for the whole volume.
   */
  readonly scale: number
}

/** k-space of one coil → its zero-filled image, [rows, columns, 2]. Reads measured samples only. */
function zeroFilling({ sizes: [, rows, columns], mask }: Encoding, fourier: Fourier) {
  if (mask.length === columns) {
    const grid = { coils: 1, rows, columns, height: rows, width: columns }
    const list = measuredColumns(mask)
    const along = new Float32Array(2 * rows * columns)
    return (kspace: Float32Array) => {
      fourier.columns(kspace, list, grid, along)
      return fourier.rows(along, list, grid, 'complex')
    }
  }
  const measured = new Float32Array(2 * rows * columns)
  return (kspace: Float32Array) => {
    for (let i = 0; i < measured.length; i++) measured[i] = mask[i >> 1] ? kspace[i] : 0
    return fourier.images(measured, [1, rows, columns], 'inverse')
  }
}

/** Throws `SHAPE_MISMATCH` unless the maps and the mask have the sizes. */
export function requireSizes({ sizes: [coils, rows, columns], maps, mask }: Encoding): void {
  if (maps.length !== 2 * coils * rows * columns || (mask.length !== columns && mask.length !== rows * columns))
    throw new AppError(
      'SHAPE_MISMATCH',
      `Expected maps and a mask for ${coils} coils of ${rows} × ${columns}, got ${maps.length} numbers of maps ` +
        `and ${mask.length} of the mask`,
    )
}

/** Aᴴ y: k-space [coils, rows, columns, 2] → image. */
export function adjoint(encoding: Encoding, kspace: Float32Array, fourier: Fourier): Float32Array {
  requireSizes(encoding)
  const [coils, rows, columns] = encoding.sizes
  const size = 2 * rows * columns
  if (kspace.length !== coils * size)
    throw new AppError('SHAPE_MISMATCH', `Expected k-space of ${coils * size} numbers, got ${kspace.length}`)
  const zeroFilled = zeroFilling(encoding, fourier)
  const image = new Float32Array(size)
  for (let at = 0; at < kspace.length; at += size)
    addConjugate(encoding.maps.subarray(at, at + size), zeroFilled(kspace.subarray(at, at + size)), image)
  return image
}

/** A x: image → k-space [coils, rows, columns, 2], 0 where nothing was measured. */
export function forward(encoding: Encoding, image: Float32Array, fourier: Fourier): Float32Array {
  requireSizes(encoding)
  const { maps, mask, sizes } = encoding
  const seen = new Float32Array(maps.length)
  for (let at = 0; at < maps.length; at += image.length)
    multiply(maps.subarray(at, at + image.length), image, seen.subarray(at, at + image.length))
  const kspace = fourier.images(seen, sizes, 'forward')
  for (let i = 0; i < kspace.length; i++) if (!mask[(i >> 1) % mask.length]) kspace[i] = 0
  return kspace
}

/**
 * @param where For errors, such as 'slice 4 of brain_07.h5'.
 * @param scale See `LeastSquares`.
 * Throws `NOT_FINITE` if a map or a measured sample is not finite.
 */
export function leastSquares(
  encoding: Encoding,
  kspace: Float32Array,
  fourier: Fourier,
  where: string,
  scale?: number,
): LeastSquares {
  const combined = adjoint(encoding, kspace, fourier)
  const { maps, mask, sizes } = encoding
  if (!(allFinite(combined) && allFinite(maps)))
    throw new AppError(
      'NOT_FINITE',
      'Expected finite numbers in the measured k-space and in the coil maps, got NaN or infinity, in ' +
        `${where}. Export the file again, or leave the slice out.`,
    )
  return {
    where,
    shape: [sizes[1], sizes[2]],
    adjoint: combined,
    normal: (x, result) => fourier.normal(x, maps, mask, sizes, result),
    bound: largestSquare(maps, combined.length),
    scale: scale ?? Math.sqrt(largestSquare(combined, combined.length)),
  }
}

/** The largest sum of |z|² of a pixel over images [images, pixels, 2]. `size`: numbers of an image. */
function largestSquare(images: Float32Array, size: number): number {
  const squares = new Float64Array(size / 2)
  for (let at = 0; at < images.length; at += size)
    for (let i = 0; i < size; i += 2) squares[i >> 1] += images[at + i] ** 2 + images[at + i + 1] ** 2
  let largest = 0
  for (let i = 0; i < squares.length; i++) if (squares[i] > largest) largest = squares[i]
  return largest
}
