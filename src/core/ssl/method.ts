/** What a self-supervised method is: views of a sub-sampled slice, a head on the network, a loss. */
import type * as tf from '@tensorflow/tfjs-core'
import type { z } from 'zod'
import type { MaskSpec } from '../../contract/evaluation.ts'
import type { MethodFigure } from '../../contract/methods.ts'
import type { Takes } from '../../contract/networks.ts'
import type { Pretext, RecipeChanges, RecipeSettings, Shipped } from '../../contract/recipes.ts'
import type { ParameterSpec, Parameters } from '../models/network.ts'
import type { PlainTensor } from '../models/parameters.ts'
import type { Batch } from '../models/parts.ts'
import type { RandomState } from '../mri/random.ts'
import type { Projection, StepPass } from '../training/step.ts'
import type { Image } from './image.ts'
import type { Stem, Trunk } from './trunk.ts'

/**
 * One slice as a pretext may see it, in the file's units: magnitudes, or complex images if the network takes complex
 * images. Several coils are combined with coil maps (SENSE) in complex images.
 */
export interface Sample {
  /** Zero-filled image of a view (from 0), at the crop at which images are compared. The pretext decides the mask. */
  view(view: number): Image
  /** Zero-filled image of all measured lines, as the network will take it: of the whole field if complex. */
  measured(): Image
  /** As `measured`, of the measured lines, sub-sampled once more. */
  again(view: number): Image
  /** As `view`, fully sampled; `null` if the pretext may not see it, or the file does not hold it. */
  full(): Image | null
  /** A square image under a new mask of its k-space's columns. */
  masked(image: Image, view: number): Image
  /** The random stream of a view's augmentations. */
  random(view: number): RandomState
  /** Number of the sample among the slice's instances, from 0. */
  readonly instance: number
  /** Number of the sample in the training, from 0; `null` for a held-out patient. */
  readonly place: number | null
  /** Places of samples that are negatives of this sample: see `Pretext.apart`. */
  readonly rivals: readonly number[]
  /** Number of the training's samples. */
  readonly count: number
}

/**
 * One tensor of a sample, or of a step's schedule. The start form shows parts [h, w, 1] and [n, h, w, 1] as pictures,
 * and the magnitudes of parts [h, w, 2] and [n, h, w, 2].
 */
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

/** What a method is trained with. */
export interface Circumstances {
  readonly mask: MaskSpec
  readonly pretext: Pretext
  /** What the trained network takes. */
  readonly takes: Takes
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
  /** What differs from these recipes on a network of complex images, or with one inside. */
  readonly onComplex: Readonly<Record<Shipped, RecipeChanges>>
  /**
   * The loss is a mean over samples, so a step may take a batch in several parts. False if samples are compared with
   * each other.
   */
  readonly separable: boolean
  /** Samples are told apart from each other, so two samples of one thing are false negatives. */
  readonly contrastive: boolean
  /** A warning for this training, which depends on what the pretext may see; `null` if none is needed. */
  caution?(config: Config, given: Circumstances): string | null
  /** Why the method cannot be trained in these circumstances, with the remedy; `null` if it can. */
  refuses?(config: Config, given: Circumstances): string | null
  /** Side of the images that the method itself masks under this pretext; `null` if there are none. */
  maskedSide?(config: Config, pretext: Pretext): number | null
  /** Number of samples that a slice makes, each an instance of its own. Default: 1. */
  instances?(config: Config): number
  /**
   * Settings for a demonstration, with fewer instances.
   * The few steps of a demonstration would see each of many instances only once or twice.
   */
  demonstration?(config: Config): Config
  /** Why these few samples cannot be told apart, and the remedy; `null` if there are enough samples. */
  tooFew?(config: Config, counts: Counts): string | null
  /** Smallest side of the images that the network receives; `null`: the slice's own size. */
  smallestView(config: Config): number | null
  parts(config: Config, sample: Sample): Parts
  /** Further parts of a batch, which depend on the step (from 0) alone. They are not stacked. */
  schedule?(config: Config, step: number, batch: number): Parts
  /** Parameters of the head, with its buffers (memory bank, queue). */
  head(config: Config, trunk: Stem, counts: Counts): ParameterSpec[]
  loss(config: Config, trunk: Trunk, parameters: Parameters, batch: Batch, pass: StepPass): tf.Scalar
  readonly project?: Projection
  /** Loss of a network that tells nothing apart; `null` if there is no such level. */
  chanceLoss(config: Config, counts: Counts): number | null
  /** What `judge` reports beside the loss. */
  readonly figures: readonly MethodFigure[]
  /** `batch` holds samples of held-out patients, without the schedule's parts. */
  judge(config: Config, trunk: Trunk, parameters: Parameters, batch: Batch): Promise<Judgement>
}
