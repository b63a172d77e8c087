/** What a self-supervised method is: views of a sub-sampled image, a head on the network's output, a loss. */
import type * as tf from '@tensorflow/tfjs-core'
import type { z } from 'zod'
import type { Recipe } from '../../contract/runs.ts'
import type { ParameterSpec, Parameters } from '../models/network.ts'
import type { RandomState } from '../mri/random.ts'

export interface SslMethod<Config = unknown> {
  readonly label: string
  readonly paper: string
  readonly config: z.ZodType<Config>
  /** What a training uses unless told otherwise. */
  readonly recipe: Recipe
  /** Whether the loss is a mean over samples, so that a batch may be taken in parts; not where samples are compared with each other. */
  readonly separable: boolean
  /** Side of the square views, pixels. */
  viewSize(config: Config): number
  /** One view [size, size] of a magnitude image [h, w]; each image gives two. */
  view(config: Config, magnitude: Float32Array, shape: readonly [number, number], random: RandomState): Float32Array
  head(config: Config): ParameterSpec[]
  /** Head's embeddings of the network's output images [2N, size, size, 1]: first the N first views, then the N second. */
  embed(config: Config, parameters: Parameters, output: tf.Tensor4D): tf.Tensor2D
  loss(config: Config, embeddings: tf.Tensor2D): tf.Scalar
  /** Loss of embeddings that tell nothing apart, for N images. */
  chanceLoss(images: number): number
  /** Figures on held-out patients, by name. */
  figures(config: Config, embeddings: tf.Tensor2D): Record<string, number>
}
