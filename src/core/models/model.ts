/** A network with its weights, and its prediction for an image. */
import * as tf from '@tensorflow/tfjs-core'
import type { Kernels } from '../kernels.ts'
import { read } from '../read.ts'
import { type Network, type ParameterSpec, reconstructionOf } from './network.ts'
import { unpack } from './parameters.ts'

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

/** The network's output for one normalised image [h, w], in these normalised units. */
export type Predict = (model: Model, image: Float32Array, shape: readonly [number, number]) => Promise<Float32Array>

/** The network's output for images [batch, h, w, 1]; the caller disposes it. */
export const applyModel = (
  kernels: Kernels,
  { network, config, specs }: Omit<Model, 'parameters'>,
  parameters: tf.Tensor1D,
  images: tf.Tensor4D,
) => tf.tidy(() => reconstructionOf(network.outputs(kernels, config, unpack(parameters, specs), images)))

/** Predicts with TensorFlow.js, one operation at a time: for single images. */
export const makeEagerPredict =
  (kernels: Kernels): Predict =>
  (model, image, shape) =>
    read(() => applyModel(kernels, model, model.parameters, tf.tensor4d(image, [1, shape[0], shape[1], 1])))
