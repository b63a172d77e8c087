/** A slice from k-space to image: masked, then zero-filled, through a network, or by a classical method. */
import { type Classical, classicalProblem, solveClassical } from './classical.ts'
import type { Arithmetic } from './compute.ts'
import { appliedPatterns } from './data/patterns.ts'
import type { PatternOf, Volume } from './data/volume.ts'
import { type Imaging, makeImaging, requireFiniteImage } from './imaging.ts'
import { INPUTS, inputOf } from './inputs/index.ts'
import type { Model } from './models/model.ts'
import type { Pattern } from './mri/pattern.ts'
import type { Solving } from './mri/sense/iterates.ts'
import { cropShape, unnormalise } from './mri/transform.ts'
import type { Pause } from './pause.ts'

/** What makes an image of a slice, besides zero-filling: a network with its weights, or a classical method. */
export type Reconstructor = Model | Classical

export const isClassical = (reconstructor: Reconstructor | null): reconstructor is Classical =>
  reconstructor !== null && 'classical' in reconstructor

/** Whether the reconstructor uses the measured samples alone, and needs to know which samples these are. */
const usesMeasured = (reconstructor: Reconstructor | null): boolean =>
  reconstructor !== null && (isClassical(reconstructor) || INPUTS[reconstructor.network.takes].measured)

/** The patterns with which a reconstructor takes k-space. */
export const patternsFor = (volume: Volume, mask: PatternOf, reconstructor: Reconstructor | null): PatternOf =>
  usesMeasured(reconstructor) ? mask : appliedPatterns(volume, mask)

/**
 * One slice's image by a network, in the units of the k-space, [crop height, crop width].
 * Throws `NOT_FINITE` if a number is not finite.
 */
export async function throughNetwork(
  volume: Volume,
  index: number,
  mask: Pattern,
  model: Model,
  imaging: Imaging,
): Promise<Float32Array> {
  const { parts, mean, std } = inputOf(model, volume, index, mask, imaging)
  const image = unnormalise(await imaging.predict(model, parts, cropShape(volume.info)), mean, std)
  return requireFiniteImage(image, volume, index, 'network')
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
  if (reconstructor) return throughNetwork(volume, index, mask, reconstructor, imaging)
  return requireFiniteImage(imaging.zeroFilled(volume, index, mask), volume, index, 'zero-filled')
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
