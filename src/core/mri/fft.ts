/**
 * The zero-filled image: root of the sum of squares over coils (RSS; Roemer et al., Magn. Reson. Med. 1990),
 *   x = √Σ_c |F⁻¹(mask · k_c)|²,   F⁻¹ k = fftshift(IDFT(ifftshift(k))) · √(H·W),
 * with the centred orthonormal inverse 2-D DFT F⁻¹ of any size (fastMRI `fftc.py`, `coil_combine.py`). Origin at index
 * ⌊n/2⌋ in both domains. The RSS of one coil is the magnitude of its image.
 * Only measured columns are transformed along themselves, and only the crop's rows along the other axis.
 */
import { AppError } from '../../contract/errors.ts'
import type { Fourier } from './fourier.ts'
import { columnsOf, multiply, type Pattern } from './pattern.ts'

/** Makes zero-filled images. It reuses its working memory, so make one `ZeroFilling` per loop over slices. */
export interface ZeroFilling {
  /**
   * k-space [coils, rows, columns, 2] → RSS [crop height, crop width]. Only columns with measured samples are read.
   * The crop starts at ⌊(n − size)/2⌋.
   */
  image(kspace: Float32Array, coils: number, mask: Pattern, crop: readonly [number, number]): Float32Array
  /**
   * As `image`, for one k-space under several masks: of whole columns, each is transformed along itself once.
   * The function is valid until the next image of another k-space is asked for.
   */
  underMasks(kspace: Float32Array, coils: number, crop: readonly [number, number]): (mask: Pattern) => Float32Array
}

export function makeZeroFilling(fourier: Fourier): ZeroFilling {
  let kept = new Float32Array()
  /** Working memory of the length that was requested last. All slices of a volume request one length. */
  const keptMemory = (length: number) => {
    if (kept.length !== length) kept = new Float32Array(length)
    return kept
  }
  return {
    image: (kspace, coils, mask, crop) => zeroFilling(fourier, kspace, coils, crop, keptMemory)(mask),
    underMasks: (kspace, coils, crop) => zeroFilling(fourier, kspace, coils, crop, keptMemory),
  }
}

function zeroFilling(
  fourier: Fourier,
  kspace: Float32Array,
  coils: number,
  [height, width]: readonly [number, number],
  memory: (length: number) => Float32Array,
): (mask: Pattern) => Float32Array {
  /** Transformed columns [coil, row of the crop, column, 2]; `done`: which of them, as they are without a mask. */
  let along: { readonly values: Float32Array; readonly done: Uint8Array } | null = null

  return mask => {
    const { rows, columns } = mask
    if (kspace.length !== 2 * coils * rows * columns)
      throw new AppError(
        'SHAPE_MISMATCH',
        `Expected k-space of ${coils} coils with ${rows} × ${columns} complex samples (the mask's), ` +
          `got ${kspace.length} numbers`,
      )
    const grid = { coils, rows, columns, height, width }
    const measured = columnsOf(mask)
    if (mask.kind !== 'columns') {
      const length = 2 * coils * height * columns
      const values = along ? new Float32Array(length) : memory(length) // `along` stays for the next mask
      fourier.columns(multiply(mask, kspace), measured, grid, values)
      return fourier.rows(values, measured, grid, 'magnitude')
    }
    along ??= { values: memory(2 * coils * height * columns), done: new Uint8Array(columns) }
    const { values, done } = along
    fourier.columns(
      kspace,
      measured.filter(column => !done[column]),
      grid,
      values,
    )
    for (const column of measured) done[column] = 1
    return fourier.rows(values, measured, grid, 'magnitude')
  }
}
