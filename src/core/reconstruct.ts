/** A slice from k-space to image: masked, zero-filled, and through a network if there is one. */
import { AppError } from '../contract/errors.ts'
import type { MaskSpec } from '../contract/evaluation.ts'
import type { Arithmetic } from './compute.ts'
import type { Volume } from './data/volume.ts'
import { allFinite } from './extremes.ts'
import { type Model, makeEagerPredict, type Predict } from './models/model.ts'
import { makeZeroFilling, type ZeroFilling } from './mri/fft.ts'
import { acceleration, fileNameMask, makeMask } from './mri/mask.ts'
import { RandomState } from './mri/random.ts'
import { cropShape, normalise, unnormalise } from './mri/transform.ts'
import type { Pause } from './pause.ts'

/** The mask of a volume: the file's own mask, else a mask drawn from `random`, else a mask seeded by the file name. */
export function maskOf(volume: Volume, spec: MaskSpec, random?: RandomState): Uint8Array {
  if (volume.mask) return volume.mask // measured with this mask, so it is never masked again
  const { columns, file } = volume.info
  return random ? makeMask(spec, columns, random) : fileNameMask(spec, columns, file)
}

/** As `maskOf`, with a mask drawn from `seed`. `null`: a mask seeded by the file's name. */
export const seededMaskOf = (volume: Volume, spec: MaskSpec, seed: number | null): Uint8Array =>
  maskOf(volume, spec, seed === null ? undefined : RandomState.fromSeed(seed))

/**
 * Acceleration of a mask from `maskOf`: columns over measured columns.
 * For an irregular file: samples over measured samples.
 */
export const accelerationOf = ({ info: { sampling } }: Volume, mask: Uint8Array): number =>
  sampling.kind === 'irregular' ? sampling.acceleration : acceleration(mask)

/** Makes the images of slices. Its zero-filling owns working memory, so make one `Imaging` per loop over slices. */
export interface Imaging {
  readonly zeroFilling: ZeroFilling
  readonly predict: Predict
}

/** For many slices of one shape. */
export const makeImaging = ({ fourier, predict }: Pick<Arithmetic, 'fourier' | 'predict'>): Imaging => ({
  zeroFilling: makeZeroFilling(fourier),
  predict,
})

/** For single slices: each is predicted one operation at a time. */
export const makeEagerImaging = ({ kernels, fourier }: Pick<Arithmetic, 'kernels' | 'fourier'>): Imaging =>
  makeImaging({ fourier, predict: makeEagerPredict(kernels) })

/** Zero-filled RSS of one slice, [crop height, crop width]; `mask` over columns. */
export const zeroFilled = (volume: Volume, index: number, mask: Uint8Array, zeroFilling: ZeroFilling): Float32Array =>
  volume.withKspace(index, kspace => zeroFilling.image(kspace, volume.info.coils, mask, cropShape(volume.info)))

/** A zero-filled image [h, w] through a network. The result has the units of `magnitude`. */
export async function throughNetwork(
  magnitude: Float32Array,
  model: Model,
  shape: readonly [number, number],
  predict: Predict,
): Promise<Float32Array> {
  const { image, mean, std } = normalise(magnitude)
  return unnormalise(await predict(model, image, shape), mean, std)
}

/**
 * The image itself, if all its numbers are finite. Otherwise throws `NOT_FINITE` with the file and the slice (from 1).
 * Every image that is shown, scored or written passes this check.
 */
export function requireFiniteImage(
  image: Float32Array,
  { info }: Volume,
  index: number,
  model: Model | null,
): Float32Array {
  if (allFinite(image)) return image
  const [what, cause, remedy] = model
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

/**
 * One slice's reconstruction in the units of the k-space, [crop height, crop width].
 * If `model` is null, the image is zero-filled. Throws `NOT_FINITE` if a number is not finite.
 */
export async function reconstructSlice(
  volume: Volume,
  index: number,
  mask: Uint8Array,
  model: Model | null,
  { zeroFilling, predict }: Imaging,
): Promise<Float32Array> {
  const magnitude = requireFiniteImage(zeroFilled(volume, index, mask, zeroFilling), volume, index, null)
  if (!model) return magnitude
  const image = await throughNetwork(magnitude, model, cropShape(volume.info), predict)
  return requireFiniteImage(image, volume, index, model)
}

/** Several slices, concatenated: [indices.length, h, w]. */
export async function reconstructSlices(
  volume: Volume,
  indices: readonly number[],
  mask: Uint8Array,
  model: Model | null,
  compute: Arithmetic,
  pause: Pause,
): Promise<Float32Array> {
  const [height, width] = cropShape(volume.info)
  const imaging = makeImaging(compute)
  const images = new Float32Array(indices.length * height * width)
  for (const [i, index] of indices.entries()) {
    await pause()
    images.set(await reconstructSlice(volume, index, mask, model, imaging), i * height * width)
  }
  return images
}
