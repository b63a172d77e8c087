/** What a reconstruction network is: named parameters in PyTorch's layouts, and a pure function of them. */
import * as tf from '@tensorflow/tfjs-core'
import { z } from 'zod'
import type { Kernels } from '../kernels.ts'

/**
 * One parameter tensor. `shape` is PyTorch's. `kind` says how PyTorch's axes map onto TensorFlow.js's axes:
 * conv [out, in, kh, kw] ↔ [kh, kw, in, out] · conv-transpose [in, out, kh, kw] ↔ [kh, kw, out, in] ·
 * linear [out, in] ↔ [in, out] · matrix and vector unchanged.
 */
export interface ParameterSpec {
  readonly name: string
  readonly kind: 'conv' | 'conv-transpose' | 'linear' | 'matrix' | 'vector'
  readonly shape: readonly number[]
  /** Drawn from U(−1/√fanIn, 1/√fanIn), PyTorch's default for these layers, unless `initial` says otherwise. */
  readonly fanIn: number
  /** Initial value of all elements. `unit rows`: rows are drawn, then scaled to length 1. */
  readonly initial?: number | 'unit rows'
  /** Set by a training step, not learned: running statistics, a memory bank, a queue. A checkpoint stores it too. */
  readonly buffer?: true
  /** Belongs to the last layer, which makes the image. */
  readonly output?: true
}

export type Parameters = Readonly<Record<string, tf.Tensor>>

/** The setting that networks share. */
export const CHANNELS = z
  .int()
  .min(1)
  .max(256)
  .default(32)
  .describe('channels of the top level; each level down has twice as many')

/** What a pass through a network reports beside its result. */
export interface Pass {
  /** Only in training: takes the next value of a buffer. Without `set`, batch norm uses the values of its buffers. */
  readonly set?: (name: string, value: tf.Tensor) => void
  /** Receives the features of every layer that `layers` names. */
  readonly tap?: (layer: string, features: tf.Tensor4D) => void
}

export interface Network<Config = unknown> {
  readonly label: string
  readonly paper: string
  readonly config: z.ZodType<Config>
  parameters(config: Config): ParameterSpec[]
  /** Names of the layers, in the order of a pass. */
  layers(config: Config): string[]
  /** The deepest layer: its name, its channels, and the image pixels per pixel of the layer, along each axis. */
  bottleneck(config: Config): { readonly layer: string; readonly channels: number; readonly scale: number }
  /**
   * Image [batch, height, width, 1] → images of that shape.
   * The last image is the reconstruction. The loss includes the images before it too.
   */
  outputs(
    kernels: Kernels,
    config: Config,
    parameters: Parameters,
    image: tf.Tensor4D,
    pass?: Pass,
  ): readonly tf.Tensor4D[]
  /** Smallest side of square images that the network takes. */
  minimumSize(config: Config): number
  /** Why the deepest layer learns nothing from batches of `batch` images of this size, and the remedy; else `null`. */
  tooSmall(config: Config, shape: readonly [height: number, width: number], batch: number): string | null
}

/** The reconstruction [batch, height, width, 1] among the outputs. */
export const reconstructionOf = (outputs: readonly tf.Tensor4D[]): tf.Tensor4D => outputs[outputs.length - 1]

/** The mean of outputs, or of their losses. A single tensor is returned as it is. */
export const meanOf = <T extends tf.Tensor>(tensors: readonly T[]): T =>
  tensors.length === 1 ? tensors[0] : tf.div(tf.addN([...tensors]), tensors.length)
