/**
 * The zero-filled image: root of the sum of squares over coils (RSS; Roemer et al., Magn. Reson. Med. 1990),
 *   x = √Σ_c |F⁻¹(mask · k_c)|²,   F⁻¹ k = fftshift(IDFT(ifftshift(k))) · √(H·W),
 * with the centred orthonormal inverse 2-D DFT F⁻¹ of any size (fastMRI `fftc.py`, `coil_combine.py`). Origin at index
 * ⌊n/2⌋ in both domains. The RSS of one coil is the magnitude of its image.
 * Only measured columns are transformed along themselves, and only the crop's rows along the other axis.
 */
import { AppError } from '../../contract/errors.ts'
import type { Fourier } from './fourier.ts'
import { measuredColumns } from './mask.ts'

/** Makes zero-filled images. `image` reuses its working memory, so make one `ZeroFilling` per loop over slices. */
export interface ZeroFilling {
  /**
   * k-space [coils, rows, columns, 2] → RSS [crop height, crop width]. Only the mask's columns are read.
   * The crop starts at ⌊(n − size)/2⌋.
   */
  image(kspace: Float32Array, coils: number, mask: Uint8Array, crop: readonly [number, number]): Float32Array
  /** As `image`, for one k-space under several masks: each column is transformed along itself once. */
  underMasks(
    kspace: Float32Array,
    coils: number,
    columns: number,
    crop: readonly [number, number],
  ): (mask: Uint8Array) => Float32Array
}

export function makeZeroFilling(fourier: Fourier): ZeroFilling {
  let kept = new Float32Array()
  /** Working memory of the length that was requested last. All slices of a volume request one length. */
  const keptMemory = (length: number) => {
    if (kept.length !== length) kept = new Float32Array(length)
    return kept
  }
  return {
    image: (kspace, coils, mask, crop) => zeroFilling(fourier, kspace, [coils, mask.length], crop, keptMemory)(mask),
    underMasks: (kspace, coils, columns, crop) =>
      zeroFilling(fourier, kspace, [coils, columns], crop, length => new Float32Array(length)),
  }
}

function zeroFilling(
  fourier: Fourier,
  kspace: Float32Array,
  [coils, columns]: readonly [number, number],
  [height, width]: readonly [number, number],
  memory: (length: number) => Float32Array,
): (mask: Uint8Array) => Float32Array {
  const rows = kspace.length / (2 * coils * columns)
  if (!Number.isInteger(rows))
    throw new AppError(
      'SHAPE_MISMATCH',
      `Expected k-space of ${coils} coils with whole rows of ${columns} complex columns (the mask's), ` +
        `got ${kspace.length} numbers`,
    )
  const grid = { coils, rows, columns, height, width }
  const along = memory(2 * coils * height * columns) // [coil, row of the crop, column, 2], of the columns that are done
  const done = new Uint8Array(columns)

  return mask => {
    const missing = mask.map((isMeasured, column) => Number(isMeasured && !done[column]))
    fourier.columns(kspace, measuredColumns(missing), grid, along)
    const measured = measuredColumns(mask)
    for (const column of measured) done[column] = 1
    return fourier.rows(along, measured, grid, 'magnitude')
  }
}
