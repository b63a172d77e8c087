/** A slice from k-space to image: masked, then zero-filled, through a network, or by a classical method. */
import { AppError } from '../contract/errors.ts'
import { type Classical, classicalProblem, solveClassical } from './classical.ts'
import type { Arithmetic } from './compute.ts'
import type { PatternOf, Volume } from './data/volume.ts'
import { allFinite } from './extremes.ts'
import { type Model, makeEagerPredict, type Predict } from './models/model.ts'
import { drawPattern, keptPattern, type Masking } from './mri/draw.ts'
import { makeZeroFilling, type ZeroFilling } from './mri/fft.ts'
import { acceleration, fullPattern, measurableAcceleration, type Pattern } from './mri/pattern.ts'
import { RandomState } from './mri/random.ts'
import type { Solving } from './mri/sense/iterates.ts'
import { storedPatterns } from './mri/stored-mask.ts'
import { cropShape, normalise, unnormalise } from './mri/transform.ts'
import type { Pause } from './pause.ts'
import { mean } from './statistics.ts'

/** The pattern that each slice has before one is drawn: the file's own, or the mask file's. `null`: none. */
export const givenPatterns = (volume: Volume, mask: Masking): PatternOf | null =>
  volume.mask ?? (mask.stored ? storedPatterns(mask.stored, volume.info) : null)

/** The patterns of a volume's slices: given, else one drawn from `random` or a seed, else one by the file name. */
export function maskOf(volume: Volume, mask: Masking, random?: RandomState | number): PatternOf {
  const given = givenPatterns(volume, mask) // measured with this pattern, so it is never masked again
  if (given) return given
  const { rows, columns, file } = volume.info
  const pattern =
    random instanceof RandomState
      ? drawPattern(mask, [rows, columns], random)
      : keptPattern(mask, [rows, columns], random ?? file)
  return () => pattern
}

/** As `maskOf`, with a mask drawn from `seed`. `null`: a mask seeded by the file's name. */
export const seededMaskOf = (volume: Volume, mask: Masking, seed: number | null): PatternOf =>
  maskOf(volume, mask, seed ?? undefined)

/** The acceleration over all these slices, samples over measured samples. Holds one pattern at a time. */
function overSlices(mask: PatternOf, slices: readonly number[], of: (pattern: Pattern) => number): number {
  let last: { readonly pattern: Pattern; readonly value: number } | null = null
  const values = slices.map(slice => {
    const pattern = mask(slice)
    if (last?.pattern !== pattern) last = { pattern, value: of(pattern) }
    return last.value
  })
  return values.every(value => value === values[0]) ? values[0] : 1 / mean(values.map(value => 1 / value))
}

/** Acceleration of the patterns of these slices. For an irregular file: of all slices. */
export const accelerationOf = ({ info: { sampling } }: Volume, mask: PatternOf, slices: readonly number[]): number =>
  sampling.kind === 'irregular' ? sampling.acceleration : overSlices(mask, slices, acceleration)

/** The acceleration over the measurable columns, if the header says that some are not; else `null`. */
export function measurableAccelerationOf({ info }: Volume, mask: PatternOf, slices: readonly number[]): number | null {
  if (!info.padding || (info.padding[0] <= 0 && info.padding[1] >= info.columns)) return null
  const [from, to] = info.padding
  return overSlices(mask, slices, pattern => measurableAcceleration(pattern, { from, to }, info.path))
}

/** What makes an image of a slice, besides zero-filling: a network with its weights, or a classical method. */
export type Reconstructor = Model | Classical

export const isClassical = (reconstructor: Reconstructor | null): reconstructor is Classical =>
  reconstructor !== null && 'classical' in reconstructor

/** Makes the images of slices. Its zero-filling owns working memory, so make one `Imaging` per loop over slices. */
export interface Imaging extends Pick<Arithmetic, 'fourier' | 'eigenvectors' | 'keepMaps' | 'keptImages' | 'predict'> {
  readonly zeroFilling: ZeroFilling
}

/** For many slices of one shape. */
export const makeImaging = (arithmetic: Omit<Imaging, 'zeroFilling'>): Imaging => {
  const { fourier, eigenvectors, keepMaps, keptImages, predict } = arithmetic
  return { fourier, eigenvectors, keepMaps, keptImages, predict, zeroFilling: makeZeroFilling(fourier) }
}

/** For single slices: each is predicted one operation at a time. */
export const makeEagerImaging = (arithmetic: Arithmetic): Imaging =>
  makeImaging({ ...arithmetic, predict: makeEagerPredict(arithmetic.kernels) })

/** The patterns to multiply by. K-space of an irregular file is used as stored, so its patterns are not searched. */
export const appliedPatterns = ({ info: { sampling, rows, columns } }: Volume, mask: PatternOf): PatternOf =>
  sampling.kind === 'irregular' ? () => fullPattern(rows, columns) : mask

/** The patterns with which a reconstructor takes k-space. Classical methods solve for the measured samples alone. */
export const patternsFor = (volume: Volume, mask: PatternOf, reconstructor: Reconstructor | null): PatternOf =>
  isClassical(reconstructor) ? mask : appliedPatterns(volume, mask)

/** Zero-filled RSS of one slice, [crop height, crop width]. K-space of an irregular file is used as it is stored. */
export function zeroFilled(volume: Volume, index: number, mask: Pattern, zeroFilling: ZeroFilling): Float32Array {
  const pattern = appliedPatterns(volume, () => mask)(index)
  return volume.withKspace(index, kspace =>
    zeroFilling.image(kspace, volume.info.coils, pattern, cropShape(volume.info)),
  )
}

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
 * If `reconstructor` is null, the image is zero-filled. `mask`: see `patternsFor`.
 * Throws `NOT_FINITE` if a number is not finite.
 */
export async function reconstructSlice(
  volume: Volume,
  index: number,
  mask: Pattern,
  reconstructor: Reconstructor | null,
  imaging: Imaging,
  solving: Solving = { pause: async () => {} },
): Promise<Float32Array> {
  if (isClassical(reconstructor))
    return solveClassical(classicalProblem(volume, index, mask, reconstructor, imaging), reconstructor, solving)
  const { zeroFilling, predict } = imaging
  const magnitude = requireFiniteImage(zeroFilled(volume, index, mask, zeroFilling), volume, index, null)
  if (!reconstructor) return magnitude
  const image = await throughNetwork(magnitude, reconstructor, cropShape(volume.info), predict)
  return requireFiniteImage(image, volume, index, reconstructor)
}

/** The share of a work that is done, from 0 to 1. */
export type OnShare = (share: number) => void

/** Several slices, concatenated: [indices.length, h, w]. */
export async function reconstructSlices(
  volume: Volume,
  indices: readonly number[],
  mask: PatternOf,
  reconstructor: Reconstructor | null,
  arithmetic: Arithmetic,
  pause: Pause,
  onShare: OnShare = () => {},
): Promise<Float32Array> {
  const [height, width] = cropShape(volume.info)
  const imaging = makeImaging(arithmetic)
  const patterns = patternsFor(volume, mask, reconstructor)
  const images = new Float32Array(indices.length * height * width)
  for (const [i, index] of indices.entries()) {
    await pause()
    const solving: Solving = {
      pause,
      onIteration: (done, _image, iterations) => onShare((i + done / iterations) / indices.length),
    }
    const image = await reconstructSlice(volume, index, patterns(index), reconstructor, imaging, solving)
    images.set(image, i * height * width)
    onShare((i + 1) / indices.length)
  }
  return images
}
