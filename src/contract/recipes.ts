/** Recipes: complete training settings as data. Two recipes ship with every method, and two from scratch. */
import { z } from 'zod'

/**
 * The recipe's schema describes its fields. The form and the command line's help read `title` and `description`.
 * `title` is the field's label, if the field's name is no good label. The form's first value is the default.
 * Without a default, the form's first value is the first of `examples`.
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
  .meta({ description: 'factor by which each step multiplies the learning rate', examples: [0.1] })
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
 * `step` multiplies the rate by `factor` every `every` epochs, as PyTorch's StepLR does. `multistep` multiplies the
 * rate at each milestone, as MultiStepLR does. `warmup-cosine` rises from `start` to `rate` over the share `warmup` of
 * the steps. Then `warmup-cosine` follows a cosine over all steps, warm-up included, as VISSL does.
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

const lossWeight = z.number().min(0).optional()

/** Weights of a reconstruction's loss, in the network's units. An absent weight is 0. */
export const LossWeights = z
  .object({
    l1: lossWeight.describe('weight of the mean absolute error'),
    l2: lossWeight.describe('weight of the mean squared error'),
    ssim: lossWeight.meta({ title: '1 − SSIM', description: 'weight of 1 − SSIM, with the volume’s maximum as range' }),
  })
  .refine(({ l1 = 0, l2 = 0, ssim = 0 }) => l1 + l2 + ssim > 0, 'Expected a weight above 0')
export type LossWeights = z.infer<typeof LossWeights>

/** Duration, batches, optimizer and schedule of a training. */
export const Recipe = z.object({
  epochs: z
    .int()
    .min(1)
    .meta({ description: 'passes over all slices', examples: [10] }),
  batch: z
    .int()
    .min(1)
    .meta({ description: 'slices per step, or samples of the method', examples: [1] }),
  optimizer: OptimizerConfig,
  schedule: ScheduleConfig.meta({ title: 'Learning-rate schedule' }),
  /** Has the effect of a batch that is `accumulate` times as large, in less memory. */
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
  /** Absent: L1 for networks of magnitudes, 1 − SSIM for other networks. Pretexts have their own loss. */
  loss: LossWeights.optional().meta({ title: 'Loss', description: 'what is compared with the ground truth' }),
  /** Absent: float32. All other computations always use float32. */
  precision: z.literal('bfloat16').optional().meta({
    title: 'bfloat16',
    description: 'precision of maps and convolutions while training; bfloat16 suits a GPU’s matrix units',
  }),
})
export type Recipe = z.infer<typeof Recipe>

/** The data that a pretext may use, and the sub-sampling of its views. */
export const Pretext = z.object({
  measurement: z
    .enum(['fixed', 'fresh'])
    .default('fixed')
    .describe(
      'fixed: a slice keeps one mask, as from a scanner; fresh: a new mask each time, so that all k-space is seen',
    ),
  /** With a fixed measurement, an independent mask sub-samples the slice's own mask further. */
  viewMasks: z
    .enum(['independent', 'shared'])
    .default('independent')
    .describe('independent: each view has its own mask; shared: all views have one mask'),
  keep: z.number().gt(0).lt(1).default(0.7).meta({
    title: 'Lines kept',
    description: 'share of the measured lines outside the centre that a further sub-sample keeps',
  }),
  /** For methods that compare samples. A batch holds as few neighbouring slices of one patient as possible. */
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

/** Renames the recipe `report` of versions up to 0.1.0: `report` → `original`, `simclr/report` → `simclr/original`. */
export const presentRecipe = (name: string): string => name.replace(/(^|\/)report$/, '$1original')

/** The settings of a method, or of a training from scratch. `RunConfig` describes the fields. */
export const RecipeSettings = z.object({
  network: z.string(),
  networkConfig: z.record(z.string(), z.unknown()).default({}),
  /** `null`: from scratch, with ground truth. */
  method: z.string().nullable(),
  methodConfig: z.record(z.string(), z.unknown()).default({}),
  pretext: Pretext.nullable(),
  /** Recipe of the pre-training, or of the training from scratch. */
  training: Recipe,
  /** Recipe of the fine-tuning after a pre-training. `null` for a training from scratch. */
  fineTuning: Recipe.nullable(),
})
export type RecipeSettings = z.infer<typeof RecipeSettings>

/** Settings of a method that replace a recipe's. */
export const RecipeChanges = z.object({
  methodConfig: z.record(z.string(), z.unknown()).optional(),
  training: Recipe.optional(),
})
export type RecipeChanges = z.infer<typeof RecipeChanges>

export const NamedRecipe = RecipeSettings.extend({
  /** Shipped: `simclr/original`. Saved by the user: `own/NUMBER`. */
  id: z.string(),
  name: z.string().min(1).max(80),
  /** Description of the recipe and source of its numbers. */
  note: z.string(),
  shipped: z.boolean(),
})
export type NamedRecipe = z.infer<typeof NamedRecipe>

/** The recipe with another number of epochs. All settings in epochs change in proportion. */
export function stretch(recipe: Recipe, epochs: number): Recipe {
  const factor = epochs / recipe.epochs
  const inEpochs = (count: number) => Math.max(1, Math.round(count * factor))
  const allInEpochs = (counts: readonly number[]) => [...new Set(counts.map(inEpochs))]
  const { schedule, warmup, milestones } = recipe
  return {
    ...recipe,
    epochs,
    schedule: {
      ...schedule,
      ...(schedule.kind === 'step' && { every: inEpochs(schedule.every) }),
      ...(schedule.kind === 'multistep' && { milestones: allInEpochs(schedule.milestones) }),
    },
    warmup: Math.round(warmup * factor),
    milestones: allInEpochs(milestones),
  }
}

/**
 * The fine-tuning of a network with a recipe of its own: the optimizer and rates of its training from scratch, as the
 * original fine-tuning has those of the U-Net, and half of the epochs. Its control would otherwise be that training.
 * @param method The method's fine-tuning of a U-Net, which says whether the output layer starts anew.
 */
export const shortened = (scratch: Recipe, { freshOutput }: Pick<Recipe, 'freshOutput'>): Recipe => ({
  ...stretch(scratch, Math.ceil(scratch.epochs / 2)),
  freshOutput,
})
