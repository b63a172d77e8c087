/** What makes images of slices: arithmetic, and the zero-filled image with its working memory. */
import { AppError } from '../contract/errors.ts'
import type { Arithmetic } from './compute.ts'
import { appliedPatterns } from './data/patterns.ts'
import type { Volume } from './data/volume.ts'
import { allFinite } from './extremes.ts'
import { makeEagerPredict } from './models/model.ts'
import { makeZeroFilling, type ZeroFilling } from './mri/fft.ts'
import type { Pattern } from './mri/pattern.ts'
import { cropShape } from './mri/transform.ts'

/** Its zero-filling owns working memory, so make one `Imaging` per loop over slices. */
export interface Imaging extends Pick<Arithmetic, 'fourier' | 'eigenvectors' | 'keepMaps' | 'keptImages' | 'predict'> {
  /** Zero-filled RSS of one slice, [crop height, crop width]. K-space of an irregular file is used as it is stored. */
  zeroFilled(volume: Volume, index: number, mask: Pattern): Float32Array
}

/** For many slices of one shape. */
export const makeImaging = (arithmetic: Omit<Imaging, 'zeroFilled'>): Imaging => {
  const { fourier, eigenvectors, keepMaps, keptImages, predict } = arithmetic
  const zeroFilling = makeZeroFilling(fourier)
  return {
    ...{ fourier, eigenvectors, keepMaps, keptImages, predict },
    zeroFilled: (volume, index, mask) => zeroFilled(volume, index, mask, zeroFilling),
  }
}

/** For single slices: each is predicted one operation at a time. */
export const makeEagerImaging = (arithmetic: Arithmetic): Imaging =>
  makeImaging({ ...arithmetic, predict: makeEagerPredict(arithmetic.kernels) })

/** As `Imaging.zeroFilled`. */
export function zeroFilled(volume: Volume, index: number, mask: Pattern, zeroFilling: ZeroFilling): Float32Array {
  const pattern = appliedPatterns(volume, () => mask)(index)
  return volume.withKspace(index, kspace =>
    zeroFilling.image(kspace, volume.info.coils, pattern, cropShape(volume.info)),
  )
}

/**
 * The image itself, if all its numbers are finite. Otherwise throws `NOT_FINITE` with the file and the slice (from 1).
 * Every image that is shown, scored or written passes this check.
 */
export function requireFiniteImage(
  image: Float32Array,
  { info }: Volume,
  index: number,
  of: 'network' | 'zero-filled',
): Float32Array {
  if (allFinite(image)) return image
  const [what, cause, remedy] =
    of === 'network'
      ? ['network’s image', 'The numbers exceed float32 within the network', 'Choose another run or checkpoint.']
      : [
          'zero-filled image',
          'The k-space’s numbers are too large for float32',
          'Scale the k-space down, or leave this slice out.',
        ]
  const found = image.find(value => !Number.isFinite(value))
  throw new AppError(
    'NOT_FINITE',
    `Expected finite numbers in the ${what} of slice ${index + 1}, got ${found}, in ${info.path}. ${cause}. ${remedy}`,
  )
}
