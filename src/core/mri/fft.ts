/**
 * The zero-filled image: |centred orthonormal inverse 2-D DFT| of masked k-space, any size (fastMRI `fftc.py`):
 * x = fftshift(IDFT(ifftshift(k · mask))) · √(H·W). Origin at index ⌊n/2⌋ in both domains.
 * Only measured columns are transformed along themselves, and only the crop's rows along the other axis.
 */
import { AppError } from '../../contract/errors.ts'
import type { Fourier } from './fourier.ts'
import { measuredColumns } from './mask.ts'

/** Makes zero-filled images. `image` reuses its working memory, so make one `ZeroFilling` per loop over slices. */
export interface ZeroFilling {
  /**
   * k-space [rows, columns, 2] → magnitude [crop height, crop width]. Only the mask's columns are read.
   * The crop starts at ⌊(n − size)/2⌋.
   */
  image(kspace: Float32Array, mask: Uint8Array, crop: readonly [number, number]): Float32Array
  /** As `image`, for one k-space under several masks: each column is transformed along itself once. */
  underMasks(kspace: Float32Array, columns: number, crop: readonly [number, number]): (mask: Uint8Array) => Float32Array
}

export function makeZeroFilling(fourier: Fourier): ZeroFilling {
  let kept = new Float32Array()
  /** Working memory of the length that was requested last. All slices of a volume request one length. */
  const keptMemory = (length: number) => {
    if (kept.length !== length) kept = new Float32Array(length)
    return kept
  }
  return {
    image: (kspace, mask, crop) => zeroFilling(fourier, kspace, mask.length, crop, keptMemory)(mask),
    underMasks: (kspace, columns, crop) =>
      zeroFilling(fourier, kspace, columns, crop, length => new Float32Array(length)),
  }
}

function zeroFilling(
  fourier: Fourier,
  kspace: Float32Array,
  columns: number,
  [height, width]: readonly [number, number],
  memory: (length: number) => Float32Array,
): (mask: Uint8Array) => Float32Array {
  const rows = kspace.length / (2 * columns)
  if (!Number.isInteger(rows))
    throw new AppError(
      'SHAPE_MISMATCH',
      `Expected k-space of whole rows of ${columns} complex columns (the mask's), got ${kspace.length} numbers`,
    )
  const grid = { coils: 1, rows, columns, height, width }
  const along = memory(2 * height * columns) // [row of the crop, column, 2], of the columns that are done
  const done = new Uint8Array(columns)

  return mask => {
    const missing = mask.map((isMeasured, column) => Number(isMeasured && !done[column]))
    fourier.columns(kspace, measuredColumns(missing), grid, along)
    const measured = measuredColumns(mask)
    for (const column of measured) done[column] = 1
    return fourier.rows(along, measured, grid, 'magnitude')
  }
}
