/** A network with its weights, and its prediction for a slice. */
import * as tf from '@tensorflow/tfjs-core'
import type { Kernels } from '../kernels.ts'
import type { Shape } from '../mri/transform.ts'
import { read } from '../read.ts'
import { type Input, type Network, type ParameterSpec, type Pass, reconstructionOf } from './network.ts'
import { unpack } from './parameters.ts'
import { type PlainBatch, stackParts, tensorsOf } from './parts.ts'

/** The owner of a model disposes its `parameters`. */
export interface Model {
  readonly network: Network
  readonly config: unknown
  readonly specs: readonly ParameterSpec[]
  readonly parameters: tf.Tensor1D
}

/** Makes a model. `weights`: flat vector of all parameters, in TensorFlow.js's layouts. */
export const makeModel = (network: Network, config: unknown, weights: Float32Array): Model => ({
  network,
  config,
  specs: network.parameters(config),
  parameters: tf.tensor1d(weights),
})

/** The network's image of one slice [crop height, crop width], in the network's units. `parts`: see `SliceInput`. */
export type Predict = (model: Model, parts: PlainBatch, crop: Shape) => Promise<Float32Array>

/** Images [batch, h, w, channels] in the middle, [batch, crop height, crop width, channels]. Differentiable. */
export function centreCrop(images: tf.Tensor4D, [height, width]: Shape): tf.Tensor4D {
  const [batch, rows, columns, channels] = images.shape
  if (rows === height && columns === width) return images
  const start = [0, Math.floor((rows - height) / 2), Math.floor((columns - width) / 2), 0]
  return tf.slice(images, start as [number, number, number, number], [batch, height, width, channels])
}

/** The network's images [batch, crop height, crop width, 1] of inputs; the caller disposes it. */
export const applyModel = (
  kernels: Kernels,
  { network, config, specs }: Omit<Model, 'parameters'>,
  parameters: tf.Tensor1D,
  input: Input,
  crop: Shape,
  pass?: Pass,
) =>
  tf.tidy(() =>
    centreCrop(reconstructionOf(network.outputs(kernels, config, unpack(parameters, specs), input, pass)), crop),
  )

/** Predicts with TensorFlow.js, one operation at a time: for single images. */
export const makeEagerPredict =
  (kernels: Kernels): Predict =>
  (model, parts, crop) =>
    read(() => applyModel(kernels, model, model.parameters, tensorsOf(stackParts([parts])), crop))
