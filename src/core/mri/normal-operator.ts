/**
 * The normal operator of coils that see one image x through their maps S and measure under a mask M of k-space:
 *   AᴴA x = Σ conj(S_c) · F⁻¹ M F (S_c · x), with the centred orthonormal transform F.
 * A mask of columns does not change the other axis, where F⁻¹F is the identity. Only rows are transformed then.
 * Here in double precision, as the definition. Source: Pruessmann et al. 2001, "Advances in sensitivity encoding with
 * arbitrary k-space trajectories".
 */
import type { LineTransform } from './fft-double.ts'

/** Sizes of the maps: [coils, rows, columns, 2]. */
export type CoilSizes = readonly [coils: number, rows: number, columns: number]

type Samples = Float32Array | Float64Array

/** `forward` and `inverse`: transforms of one line. */
interface Transforms {
  forward(length: number): LineTransform
  inverse(length: number): LineTransform
}

/** See `Fourier.normal`. Array lengths are not checked. */
export function normalInDouble(
  image: Float32Array,
  maps: Float32Array,
  mask: Uint8Array,
  [coils, rows, columns]: CoilSizes,
  { forward, inverse }: Transforms,
): Float64Array {
  const size = image.length
  const isOfColumns = mask.length === columns
  const [seen, sums] = [new Float64Array(size), new Float64Array(size)]
  const transform = (kind: (length: number) => LineTransform) => {
    const alongRow = kind(columns)
    for (let row = 0; row < rows; row++) alongRow(seen, row * columns, 1, seen, row * columns, 1)
    if (isOfColumns) return
    const alongColumn = kind(rows)
    for (let column = 0; column < columns; column++) alongColumn(seen, column, columns, seen, column, columns)
  }
  for (let coil = 0; coil < coils; coil++) {
    const map = maps.subarray(coil * size, (coil + 1) * size)
    multiply(map, image, seen)
    transform(forward)
    for (let i = 0; i < size; i += 2) if (!mask[(i / 2) % mask.length]) seen.fill(0, i, i + 2)
    transform(inverse)
    addConjugate(map, seen, sums)
  }
  return sums
}

/** product = map · image, pixel by pixel. */
export function multiply(map: Samples, image: Samples, product: Samples): void {
  for (let i = 0; i < image.length; i += 2) {
    const re = map[i]
    const im = map[i + 1]
    product[i] = re * image[i] - im * image[i + 1]
    product[i + 1] = re * image[i + 1] + im * image[i]
  }
}

/** sums += conj(map) · image, pixel by pixel. */
export function addConjugate(map: Samples, image: Samples, sums: Samples): void {
  for (let i = 0; i < image.length; i += 2) {
    const re = map[i]
    const im = map[i + 1]
    sums[i] += re * image[i] + im * image[i + 1]
    sums[i + 1] += re * image[i + 1] - im * image[i]
  }
}
