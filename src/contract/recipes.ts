/** Whole ways of training as data: two ship with every method and network from scratch, others are a user's own. */
import { z } from 'zod'

const weightDecay = z.number().min(0).default(0)

export const OptimizerConfig = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('sgd'),
    momentum: z.number().min(0).max(1).default(0.9),
    nesterov: z.boolean().default(false),
    weightDecay,
    larc: z
      .object({
        trust: z.number().gt(0).default(1e-3).describe('length of a tensor’s step over that of the tensor, at rate 1'),
      })
      .nullable()
      .default(null)
      .describe('each tensor’s gradient scaled to the tensor’s own length, as VISSL trains with'),
  }),
  z.object({
    kind: z.literal('adam'),
    beta1: z.number().default(0.9),
    beta2: z.number().default(0.999),
    epsilon: z.number().default(1e-8),
    weightDecay,
  }),
  z.object({
    kind: z.literal('rmsprop'),
    alpha: z.number().default(0.99),
    epsilon: z.number().default(1e-8),
    momentum: z.number().min(0).max(1).default(0),
    weightDecay,
  }),
])
export type OptimizerConfig = z.infer<typeof OptimizerConfig>

/**
 * `rate` is the learning rate at the start. `step` multiplies it by `factor` every `every` epochs (PyTorch's StepLR), `multistep` at each of
 * its milestones, epochs too (MultiStepLR). `warmup-cosine` rises from `start` to `rate` over the share `warmup` of the training's steps,
 * then takes up the cosine that has run since the training's beginning: VISSL's, which is not re-mapped to what is left.
 */
export const ScheduleConfig = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('constant'), rate: z.number().gt(0) }),
  z.object({ kind: z.literal('step'), rate: z.number().gt(0), every: z.int().min(1), factor: z.number().gt(0) }),
  z.object({
    kind: z.literal('multistep'),
    rate: z.number().gt(0),
    milestones: z.array(z.int().min(1)).describe('epochs after which the rate is multiplied: 30, 60'),
    factor: z.number().gt(0),
  }),
  z.object({ kind: z.literal('cosine'), rate: z.number().gt(0), end: z.number().min(0) }),
  z.object({
    kind: z.literal('warmup-cosine'),
    start: z.number().min(0).describe('the rate before the warm-up'),
    rate: z.number().gt(0).describe('at the end of the warm-up, of which the cosine is'),
    end: z.number().min(0),
    warmup: z.number().gt(0).lt(1).default(0.1).describe('share of the steps in which the rate rises'),
  }),
  z.object({ kind: z.literal('linear'), rate: z.number().gt(0), end: z.number().min(0) }),
])
export type ScheduleConfig = z.infer<typeof ScheduleConfig>

/** How long and with what a network is trained. */
export const Recipe = z.object({
  epochs: z.int().min(1),
  batch: z.int().min(1),
  optimizer: OptimizerConfig,
  schedule: ScheduleConfig,
  /** Gradients of so many batches are averaged in one optimizer step: as if `batch` were as many times as large, in less memory. */
  accumulate: z.int().min(1).default(1),
  /** Epochs in which the rate rises linearly from 0, before the schedule begins. */
  warmup: z.int().min(0).default(0),
  /** Largest L2 norm of all gradients together; longer ones are scaled down to it. */
  clipNorm: z.number().gt(0).nullable().default(null),
  /** Ends after `patience` validations in a row without a lower validation loss. */
  earlyStopping: z
    .object({ patience: z.int().min(1) })
    .nullable()
    .default(null),
  /** Minutes after which the state is written within an epoch too. */
  saveMinutes: z.number().gt(0).default(5),
  /** Epochs (from 1) whose weights are kept for good. */
  milestones: z.array(z.int().min(1)).default([]),
  /** Where training starts from other weights: the output layer is drawn anew, as a pretext leaves it at a scale of its own. */
  freshOutput: z.boolean().default(false),
  /** Convolutions and their gradients are computed in it, while training alone; absent: float32, as everything else. */
  precision: z.literal('bfloat16').optional(),
})
export type Recipe = z.infer<typeof Recipe>

/** What a pretext may see, and how its views are sub-sampled. */
export const Pretext = z.object({
  /** `fixed`: a slice's mask is drawn once and for life, as from a scanner. `fresh`: a new one each time from the full k-space. */
  measurement: z.enum(['fixed', 'fresh']).default('fixed'),
  /** `independent`: each view has a mask of its own (with a fixed measurement, a further sub-sample of it). `shared`: one for both. */
  viewMasks: z.enum(['independent', 'shared']).default('independent'),
  /** Share of the measured lines outside the centre that a further sub-sample keeps. */
  keep: z.number().gt(0).lt(1).default(0.7),
  /**
   * Methods that compare samples: a batch holds as few as possible, and negatives are drawn from none, that show the same patient at the
   * same or a neighbouring slice, in whatever contrast.
   */
  apart: z.boolean().default(true),
  /** Weight of a reconstruction term beside the method's own loss: L1 of sub-sampling the view's measurement again; 0 leaves it out. */
  reconstruction: z.number().min(0).default(0),
})
export type Pretext = z.infer<typeof Pretext>

/** `report`: the report's own settings. `workstation`: what works on the demonstration studies within minutes on a CPU. */
export const SHIPPED = ['report', 'workstation'] as const
export type Shipped = (typeof SHIPPED)[number]

/** What a method or a training from scratch is set to; see `RunConfig` for the fields. */
export const RecipeSettings = z.object({
  network: z.string(),
  networkConfig: z.record(z.string(), z.unknown()).default({}),
  /** `null`: from scratch, with ground truth. */
  method: z.string().nullable(),
  methodConfig: z.record(z.string(), z.unknown()).default({}),
  pretext: Pretext.nullable(),
  /** The pre-training, or the training from scratch. */
  training: Recipe,
  /** What a pre-trained network goes through then; `null` from scratch. */
  fineTuning: Recipe.nullable(),
})
export type RecipeSettings = z.infer<typeof RecipeSettings>

export const NamedRecipe = RecipeSettings.extend({
  /** `simclr/report`; a user's own: `own/NUMBER`. */
  id: z.string(),
  name: z.string().min(1).max(80),
  /** What it is, and where its numbers come from. */
  note: z.string(),
  shipped: z.boolean(),
})
export type NamedRecipe = z.infer<typeof NamedRecipe>
