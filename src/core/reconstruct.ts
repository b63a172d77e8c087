/** A slice from k-space to image: masked, zero-filled, and through a network where there is one. */
import * as tf from '@tensorflow/tfjs-core'
import { AppError } from '../contract/errors.ts'
import type { MaskSpec } from '../contract/evaluation.ts'
import type { Volume } from './data/volume.ts'
import { allFinite } from './extremes.ts'
import { type Network, type ParameterSpec, reconstructionOf } from './models/network.ts'
import { zeroFilledImage } from './mri/fft.ts'
import { acceleration, fileNameMask, makeMask } from './mri/mask.ts'
import { RandomState } from './mri/random.ts'
import { cropShape, normalise, unnormalise } from './mri/transform.ts'
import type { Pause } from './pause.ts'
import { read } from './read.ts'
import { unpack } from './training/parameters.ts'

/** A network with its weights; the weights are the holder's to dispose. */
export interface Model {
  readonly network: Network
  readonly config: unknown
  readonly specs: readonly ParameterSpec[]
  readonly parameters: tf.Tensor1D
}

/** How a volume is to be masked: its own mask if it has one, else one seeded by its name, or drawn from `random`. */
export function maskOf(volume: Volume, spec: MaskSpec, random?: RandomState): Uint8Array {
  if (volume.mask) return volume.mask // measured so: never masked again
  const { columns, file } = volume.info
  return random ? makeMask(spec, columns, random) : fileNameMask(spec, columns, file)
}

/** As `maskOf`, drawn from a seed; `null`: seeded by the file's name. */
export const seededMaskOf = (volume: Volume, spec: MaskSpec, seed: number | null): Uint8Array =>
  maskOf(volume, spec, seed === null ? undefined : RandomState.fromSeed(seed))

/** Columns over measured columns of a mask that `maskOf` gave; of an irregular file samples over measured samples. */
export const accelerationOf = ({ info: { sampling } }: Volume, mask: Uint8Array): number =>
  sampling.kind === 'irregular' ? sampling.acceleration : acceleration(mask)

/** Zero-filled magnitude of one slice, [crop height, crop width]; `mask` over columns. */
export function zeroFilled(volume: Volume, index: number, mask: Uint8Array): Float32Array {
  return volume.withKspace(index, kspace => zeroFilledImage(kspace, mask, cropShape(volume.info)))
}

/** The network's output for one normalised image [h, w], in the same normalised units. */
export type Predict = (model: Model, image: Float32Array, shape: readonly [number, number]) => Promise<Float32Array>

/** The network's output for images [batch, h, w, 1]; the caller disposes it. */
export const applyModel = (
  { network, config, specs }: Omit<Model, 'parameters'>,
  parameters: tf.Tensor1D,
  images: tf.Tensor4D,
) => tf.tidy(() => reconstructionOf(network.outputs(config, unpack(parameters, specs), images)))

/** One operation at a time, as TensorFlow.js does it: what is seldom asked for. */
export const predictOnce: Predict = (model, image, shape) =>
  read(() => applyModel(model, model.parameters, tf.tensor4d(image, [1, shape[0], shape[1], 1])))

let predictMany: Predict = predictOnce

/** The engine has a faster way for many images of one shape. */
export function usePredictor(replacement: Predict): void {
  predictMany = replacement
}

/** One image of many: a volume's slices, a validation. */
export const predict: Predict = (model, image, shape) => predictMany(model, image, shape)

/** A zero-filled image [h, w] through a network, in its own units. */
export async function throughNetwork(
  magnitude: Float32Array,
  model: Model,
  shape: readonly [number, number],
  through: Predict = predictOnce,
): Promise<Float32Array> {
  const { image, mean, std } = normalise(magnitude)
  return unnormalise(await through(model, image, shape), mean, std)
}

/**
 * The image itself, if all its numbers are finite: no other image is shown, scored or written. Else throws `NOT_FINITE`, with the file and the
 * slice (counted from 1).
 */
export function requireFiniteImage(
  image: Float32Array,
  { info }: Volume,
  index: number,
  model: Model | null,
): Float32Array {
  if (allFinite(image)) return image
  const [what, cause, remedy] = model
    ? ['network’s image', 'The numbers outgrow float32 within the network', 'Choose another run or checkpoint.']
    : [
        'zero-filled image',
        'The k-space’s numbers are too large for float32',
        'Scale the k-space down, or leave this slice out.',
      ]
  throw new AppError(
    'NOT_FINITE',
    `Expected finite numbers in the ${what} of slice ${index + 1}, got ${image.find(value => !Number.isFinite(value))}, in ${info.path}. ${cause}. ${remedy}`,
  )
}

/** One slice's reconstruction in the units of the k-space, [crop height, crop width]; zero-filled where `model` is null. Throws `NOT_FINITE`. */
export async function reconstructSlice(
  volume: Volume,
  index: number,
  mask: Uint8Array,
  model: Model | null,
  through: Predict = predictOnce,
): Promise<Float32Array> {
  const magnitude = requireFiniteImage(zeroFilled(volume, index, mask), volume, index, null)
  if (!model) return magnitude
  const image = await throughNetwork(magnitude, model, cropShape(volume.info), through)
  return requireFiniteImage(image, volume, index, model)
}

/** Several slices, concatenated: [indices.length, h, w]. */
export async function reconstructSlices(
  volume: Volume,
  indices: readonly number[],
  mask: Uint8Array,
  model: Model | null,
  pause: Pause,
): Promise<Float32Array> {
  const [height, width] = cropShape(volume.info)
  const images = new Float32Array(indices.length * height * width)
  for (const [i, index] of indices.entries()) {
    await pause()
    images.set(await reconstructSlice(volume, index, mask, model, predict), i * height * width)
  }
  return images
}
