/** Whole ways of training as data: two ship with every method and network from scratch, others are a user's own. */
import { z } from 'zod'

/**
 * The recipe's schema is the one description of its fields. The form and the command line's help read `title` (a
 * field's label, where its name does not say it) and `description`. The first of `examples` is what the form begins
 * with where a value must be given and none is the default.
 */
const rate = z
  .number()
  .gt(0)
  .meta({ description: 'learning rate at the start', examples: [1e-3] })
const end = z
  .number()
  .min(0)
  .meta({ description: 'learning rate at the last step', examples: [0] })
const factor = z
  .number()
  .gt(0)
  .meta({ description: 'what each step multiplies the learning rate by', examples: [0.1] })
const weightDecay = z.number().min(0).default(0).describe('L2 penalty, as in PyTorch')

export const OptimizerConfig = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('sgd'),
    momentum: z.number().min(0).max(1).default(0.9),
    nesterov: z.boolean().default(false),
    weightDecay,
    larc: z
      .object({
        trust: z
          .number()
          .gt(0)
          .default(1e-3)
          .describe('length of a tensor’s step over the length of the tensor, at a learning rate of 1'),
      })
      .nullable()
      .default(null)
      .meta({ title: 'LARC', description: 'scale each tensor’s gradient to the tensor’s own length, as VISSL does' }),
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
 * `step` multiplies the rate by `factor` every `every` epochs (PyTorch's StepLR), `multistep` at each of its milestones
 * (MultiStepLR). `warmup-cosine` rises from `start` to `rate` over the share `warmup` of the training's steps. Then it
 * continues on the cosine that began with the training: VISSL's, which is not re-mapped to the steps that are left.
 */
export const ScheduleConfig = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('constant'), rate }),
  z.object({
    kind: z.literal('step'),
    rate,
    every: z
      .int()
      .min(1)
      .meta({ description: 'epochs between two steps', examples: [10] }),
    factor,
  }),
  z.object({
    kind: z.literal('multistep'),
    rate,
    milestones: z.array(z.int().min(1)).describe('epochs after which the learning rate is multiplied: 30, 60'),
    factor,
  }),
  z.object({ kind: z.literal('cosine'), rate, end }),
  z.object({
    kind: z.literal('warmup-cosine'),
    start: z.number().min(0).describe('learning rate before the warm-up'),
    rate: rate.describe('learning rate at the end of the warm-up, from which the cosine falls'),
    end,
    warmup: z
      .number()
      .gt(0)
      .lt(1)
      .default(0.1)
      .meta({ title: 'Warm-up', description: 'share of the steps in which the learning rate rises' }),
  }),
  z.object({ kind: z.literal('linear'), rate, end }),
])
export type ScheduleConfig = z.infer<typeof ScheduleConfig>

/** How long and with what a network is trained. */
export const Recipe = z.object({
  epochs: z
    .int()
    .min(1)
    .meta({ description: 'how often every slice is seen', examples: [10] }),
  batch: z
    .int()
    .min(1)
    .meta({ description: 'slices per step, or samples of the method', examples: [1] }),
  optimizer: OptimizerConfig,
  schedule: ScheduleConfig.meta({ title: 'Learning-rate schedule' }),
  /** As if `batch` were as many times as large, in less memory. */
  accumulate: z.int().min(1).default(1).describe('batches whose gradients are averaged into one step'),
  /** The rate rises linearly, before the schedule begins. */
  warmup: z
    .int()
    .min(0)
    .default(0)
    .meta({ title: 'Warm-up', description: 'epochs in which the learning rate rises from 0' }),
  clipNorm: z
    .number()
    .gt(0)
    .nullable()
    .default(null)

    .meta({ title: 'Gradient clipping', description: 'largest L2 norm of all gradients; longer ones are scaled down' }),
  earlyStopping: z
    .object({
      patience: z
        .int()
        .min(1)
        .meta({ description: 'validations in a row without a lower loss, after which training ends', examples: [10] }),
    })
    .nullable()
    .default(null)
    .meta({ title: 'Early stopping', description: 'end when the validation loss stops falling' }),
  saveMinutes: z
    .number()
    .gt(0)
    .default(5)
    .meta({ title: 'Save every', description: 'minutes between two saved states within an epoch' }),
  /** Epochs from 1. */
  milestones: z.array(z.int().min(1)).default([]).describe('epochs whose weights are kept for good: 100, 200, 500'),
  freshOutput: z.boolean().default(false).meta({
    title: 'Fresh output layer',
    description: 'draw the output layer anew, because a pretext leaves it at another scale',
  }),
  /** Absent: float32, as everything else always is. */
  precision: z.literal('bfloat16').optional().meta({
    title: 'bfloat16',
    description: 'precision of convolutions and their gradients while training; bfloat16 suits a GPU’s matrix units',
  }),
})
export type Recipe = z.infer<typeof Recipe>

/** What a pretext may see, and how its views are sub-sampled. */
export const Pretext = z.object({
  measurement: z
    .enum(['fixed', 'fresh'])
    .default('fixed')
    .describe(
      'fixed: a slice’s mask is drawn once, as from a scanner; fresh: each time, which in the end shows all of k-space',
    ),
  /** With a fixed measurement, an independent mask is a further sub-sample of the slice's own. */
  viewMasks: z
    .enum(['independent', 'shared'])
    .default('independent')
    .describe('independent: each view has a mask of its own; shared: all views have one mask'),
  keep: z.number().gt(0).lt(1).default(0.7).meta({
    title: 'Lines kept',
    description: 'share of the measured lines outside the centre that a further sub-sample keeps',
  }),
  /** For methods that compare samples. A batch holds as few such pairs as possible. */
  apart: z.boolean().default(true).meta({
    title: 'Keep patients apart',
    description: 'no batch and no negative shows one patient twice near the same slice, in any contrast',
  }),
  reconstruction: z.number().min(0).default(0).meta({
    title: 'Reconstruction term',
    description: 'weight of an L1 loss on the image sub-sampled again, beside the method’s loss; 0: none',
  }),
})
export type Pretext = z.infer<typeof Pretext>

/**
 * `original`: the settings of the work that is reproduced. `workstation`: what works on the demonstration studies
 * within minutes on a CPU.
 */
export const SHIPPED = ['original', 'workstation'] as const
export type Shipped = (typeof SHIPPED)[number]

/** Versions up to 0.1.0 named the original recipe `report`: `report` → `original`, `simclr/original` → `simclr/original`. */
export const presentRecipe = (name: string): string => name.replace(/(^|\/)report$/, '$1original')

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
  /** `simclr/original`; a user's own: `own/NUMBER`. */
  id: z.string(),
  name: z.string().min(1).max(80),
  /** What it is, and where its numbers come from. */
  note: z.string(),
  shipped: z.boolean(),
})
export type NamedRecipe = z.infer<typeof NamedRecipe>
