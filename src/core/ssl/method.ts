/** What a self-supervised method is: views of a sub-sampled slice, a head on the network, a loss. */
import type * as tf from '@tensorflow/tfjs-core'
import type { z } from 'zod'
import type { MethodFigure } from '../../contract/methods.ts'
import type { Pretext, RecipeSettings, Shipped } from '../../contract/recipes.ts'
import type { ParameterSpec, Parameters } from '../models/network.ts'
import type { PlainTensor } from '../models/parameters.ts'
import type { RandomState } from '../mri/random.ts'
import type { Shape } from '../mri/transform.ts'
import type { Batch } from '../training/stack.ts'
import type { Projection, StepPass } from '../training/step.ts'
import type { Stem, Trunk } from './trunk.ts'

/** One slice as a pretext may see it. Images are magnitudes [h, w] in the file's units, of `shape`. */
export interface Sample {
  readonly shape: Shape
  /** Zero-filled, view after view (from 0) under masks as the pretext says. */
  view(view: number): Float32Array
  /** Of all the lines that were measured. */
  measured(): Float32Array
  /** Of the measured lines sub-sampled once more. */
  again(view: number): Float32Array
  /** Fully sampled; `null` where the pretext may not see it, or the file does not hold it. */
  full(): Float32Array | null
  /** A fresh mask over so many columns. */
  mask(columns: number, view: number): Uint8Array
  /** The stream of a view's augmentations. */
  random(view: number): RandomState
  /** Which of the slice's instances it is, from 0. */
  readonly instance: number
  /** Which of the training's samples it is; `null` for one of a held-out patient. */
  readonly place: number | null
  /** Samples that show something else: see `Pretext.apart`. */
  readonly rivals: readonly number[]
  /** Of the training's samples. */
  readonly count: number
}

/** One tensor of a sample, or of a step's schedule. A part [h, w, 1] or [n, h, w, 1] is shown as a picture before a training begins. */
export interface Part extends PlainTensor {
  /** The picture's label ('rotated 90°'), if the part's name does not say enough. */
  readonly label?: string
}

/** By name, in an order that is equal for every sample. Batches stack parts of one name: [batch, …shape]. */
export type Parts = Readonly<Record<string, Part>>

/** How many samples there are: in a batch, and in the training. */
export interface Counts {
  readonly batch: number
  readonly samples: number
}

/** How a method does on held-out patients. */
export interface Judgement {
  /** `null`: the loss is not defined for held-out patients. */
  readonly loss: number | null
  /** The values of all declared figures and of their references, by key. */
  readonly figures: Readonly<Record<string, number>>
}

export interface MethodRecipe extends Omit<RecipeSettings, 'method'> {
  readonly pretext: Pretext
  readonly note: string
}

export interface SslMethod<Config = unknown> {
  readonly label: string
  readonly paper: string
  readonly config: z.ZodType<Config>
  readonly recipes: Readonly<Record<Shipped, MethodRecipe>>
  /** Whether the loss is a mean over samples, so that a batch may be taken in parts; not where samples are compared with each other. */
  readonly separable: boolean
  /** Whether samples are told apart from each other, so that two of the same thing are false negatives. */
  readonly contrastive: boolean
  /** What must be known of a pretext that may see so much, `null` if nothing. */
  caution?(config: Config, pretext: Pretext): string | null
  /** How many samples a slice makes, each an instance of its own; 1 where not said. */
  instances?(config: Config): number
  /** The same settings for a demonstration, in whose few steps many instances would come by but once or twice. */
  demonstration?(config: Config): Config
  /** Why so few samples have nothing to be told apart from, and the remedy; `null` if they have. */
  tooFew?(config: Config, counts: Counts): string | null
  /** Smallest side of the images that the network is given; `null`: the slice's own size. */
  smallestView(config: Config): number | null
  parts(config: Config, sample: Sample): Parts
  /** Further parts of a batch, which depend on the step (from 0) alone. They are not stacked. */
  schedule?(config: Config, step: number, batch: number): Parts
  /** Buffers (memory bank, queue) included. */
  head(config: Config, trunk: Stem, counts: Counts): ParameterSpec[]
  loss(config: Config, trunk: Trunk, parameters: Parameters, batch: Batch, pass: StepPass): tf.Scalar
  readonly project?: Projection
  /** Loss of a network that tells nothing apart; `null` where there is no such level. */
  chanceLoss(config: Config, counts: Counts): number | null
  /** What `judge` reports beside the loss. */
  readonly figures: readonly MethodFigure[]
  /** `batch` holds samples of held-out patients, without the schedule's parts. */
  judge(config: Config, trunk: Trunk, parameters: Parameters, batch: Batch): Promise<Judgement>
}
