/** What a reconstruction network is: named parameters in PyTorch's layouts, and a pure function of them. */
import * as tf from '@tensorflow/tfjs-core'
import { z } from 'zod'
import type { Given, Takes } from '../../contract/networks.ts'
import type { Recipe, Shipped } from '../../contract/recipes.ts'
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
  /** A training keeps every element at this value or above. A checkpoint with a smaller element is refused. */
  readonly minimum?: { readonly value: number; readonly because: string }
}

/** A vector whose elements all begin with one value. */
export const vector = (name: string, length: number, initial: number): ParameterSpec => ({
  name,
  kind: 'vector',
  shape: [length],
  fanIn: 1,
  initial,
})

export type Parameters = Readonly<Record<string, tf.Tensor>>

/** The setting that networks share. */
export const CHANNELS = z
  .int()
  .min(1)
  .max(256)
  .default(32)
  .describe('channels of the top level; each level down has twice as many')

/** Further parts of an input: coil maps [coils, h, w, 2], or a mask of the centre's lines. */
export type Extra = 'maps' | 'centre'

/** The parts of an input by name, each with the batch's axis first. */
export type Input = Readonly<Record<string, tf.Tensor>>

/** What a pass through a network reports beside its result. */
export interface Pass {
  /**
   * Receives what `gives` names:
   *   k-space        [batch, coils, h, w, 2], its own estimate,
   *   complex image  [batch, h, w, 2],
   *   cascade        [batch, h, w, 1]: the image after each cascade, one call per cascade, in order,
   *   maps           [batch, coils, h, w, 2]: the coil maps that it used.
   */
  readonly give?: (what: Given, value: tf.Tensor) => void
  /** Only in training: takes the next value of a buffer. Without `set`, batch norm uses the values of its buffers. */
  readonly set?: (name: string, value: tf.Tensor) => void
  /** Receives the features of every layer that `layers` names. */
  readonly tap?: (layer: string, features: tf.Tensor4D) => void
}

/** A network inside another network, with its settings. It takes magnitudes, or complex images and gives one. */
export interface Inner {
  /** Its id: see `networkOf`. */
  readonly network: string
  readonly config: unknown
  /** What a pretext cannot teach it for the network around it, with the remedy. */
  readonly caution?: string
}

export interface Network<Config = unknown> {
  readonly label: string
  readonly paper: string
  readonly config: z.ZodType<Config>
  /**
   * What a network takes of a slice: see `core/inputs`.
   *   magnitude  `image` [h, w, 1]: the zero-filled magnitude, normalised,
   *   complex    `image` [h, w, 2]: the complex zero-filled image, of several coils their SENSE combination,
   *   kspace     `kspace` [coils, h, w, 2] and `mask` [h or 1, w or 1, 1]: what was measured.
   * Complex numbers are pairs (re, im) in the last axis.
   */
  readonly takes: Takes
  /** Further parts of the input. Absent: none. */
  extras?(config: Config): readonly Extra[]
  /** What a pass gives beside the image. Absent: nothing. */
  gives?(config: Config): readonly Given[]
  /** The remedy, if the network with these settings takes k-space of one coil alone; `null` if of several coils too. */
  oneCoil?(config: Config): string | null
  /** Recipes from scratch. */
  readonly recipes: Readonly<Record<Shipped, NetworkRecipe<Config>>>
  /**
   * The settings of a network with these tensors, read off names and shapes. `null`: the tensors belong to another
   * network. `first` names a tensor that every network of this kind has, for messages.
   */
  readonly sign: { readonly first: string; settings(shapes: Shapes): Partial<Config> | null }
  parameters(config: Config): ParameterSpec[]
  /**
   * The network that a pretext trains in place of this network: it takes one image, and this network contains it.
   * Absent: a pretext trains this network itself, if it takes one image. `null`: these settings contain none.
   */
  trunk?(config: Config): Inner | null
  /** Settings that replace those of `recipes` for a pre-training, if `recipes` contain no trunk. */
  readonly withTrunk?: Readonly<Record<Shipped, Partial<Config>>>
  /** Names of the parameters of this network that start as the trunk's parameter `name`. Given if `trunk` is. */
  fromTrunk?(config: Config, name: string): readonly string[]
  /** Names of the layers, in the order of a pass. */
  layers(config: Config): string[]
  /** Number of `cascade`s that a pass gives. Absent: none. */
  cascades?(config: Config): number
  /**
   * The deepest layer: its name, its channels, and the image pixels per pixel of the layer, along each axis.
   * `multiple`: images are padded to multiples of this number of pixels before.
   */
  bottleneck(config: Config): {
    readonly layer: string
    readonly channels: number
    readonly scale: number
    readonly multiple?: number
  }
  /**
   * The parts of the input → magnitudes [batch, height, width, 1] of the whole input.
   * The last image is the reconstruction. The loss includes the images before it too.
   */
  outputs(kernels: Kernels, config: Config, parameters: Parameters, input: Input, pass?: Pass): readonly tf.Tensor4D[]
  /** Smallest side of square images that the network takes. */
  minimumSize(config: Config): number
  /** Why the deepest layer learns nothing from batches of `batch` images of this size, and the remedy; else `null`. */
  tooSmall(config: Config, shape: readonly [height: number, width: number], batch: number): string | null
}

/** Shapes of a checkpoint's tensors in PyTorch's layout, by name. */
export type Shapes = ReadonlyMap<string, readonly number[]>

export interface NetworkRecipe<Config> {
  /** Description of the recipe and source of its numbers. */
  readonly note: string
  readonly config: Partial<Config>
  readonly training: Recipe
}

/** The reconstruction [batch, height, width, 1] among the outputs. */
export const reconstructionOf = (outputs: readonly tf.Tensor4D[]): tf.Tensor4D => outputs[outputs.length - 1]

/** The mean of outputs, or of their losses. A single tensor is returned as it is. */
export const meanOf = <T extends tf.Tensor>(tensors: readonly T[]): T =>
  tensors.length === 1 ? tensors[0] : tf.div(tf.addN([...tensors]), tensors.length)
