/** What a reconstruction network is: named parameters in PyTorch's layouts, and a pure function of them. */
import type * as tf from '@tensorflow/tfjs-core'
import type { z } from 'zod'

/**
 * One parameter tensor. `shape` is PyTorch's; `kind` says how PyTorch's axes map onto TensorFlow.js's:
 * conv [out, in, kh, kw] ↔ [kh, kw, in, out] · conv-transpose [in, out, kh, kw] ↔ [kh, kw, out, in] · linear [out, in] ↔ [in, out] · vector unchanged.
 */
export interface ParameterSpec {
  readonly name: string
  readonly kind: 'conv' | 'conv-transpose' | 'linear' | 'vector'
  readonly shape: readonly number[]
  /** Drawn from U(−1/√fanIn, 1/√fanIn), PyTorch's default for these layers. */
  readonly fanIn: number
}

export type Parameters = Readonly<Record<string, tf.Tensor>>

export interface Network<Config = unknown> {
  readonly label: string
  readonly paper: string
  readonly config: z.ZodType<Config>
  parameters(config: Config): ParameterSpec[]
  /** Image [batch, height, width, 1] → image of the same shape. */
  apply(config: Config, parameters: Parameters, image: tf.Tensor4D): tf.Tensor4D
  /** Smallest height and width that the network takes. */
  minimumSize(config: Config): number
}
