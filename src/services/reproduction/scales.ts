/**
 * The recipes of each scale. `full`: the original recipes. `workstation`: the workstation recipes.
 * `demonstration`: the workstation recipes, reduced to 25 minutes on two cores.
 *
 * The budget of a demonstration assumes: 45 ms for a step of U-Net-16 at 128 × 126 with batch 1, in proportion to
 * pixels. 2.1 times as much for U-Net++. 10 ms to prepare a view of a 320 × 320 slice. Minutes:
 *   brain, 16 training slices of 128 × 126: baselines of 30 epochs 2 · five pre-trainings of 200 to 320 steps 4 ·
 *   their fine-tunings and two controls 2 · controls of equal time 4 (one network: only as long as the longest) ·
 *   milestones (one per method) and few labels 1.5 · scoring 2.
 *   knee, 24 slices of 320 × 320, six times as many pixels, so that only the middle slice of each volume is used (6 in
 *   training): baselines 5 · pre-trainings 5 · fine-tunings and controls 2.5 · controls of equal time 6.5 · the rest
 *   2.5 · scoring 2.
 * Twenty masks are drawn for the main rows only. `reproduction.test.ts` checks the sum.
 */
import { type Recipe, type Shipped, shortened, stretch } from '../../contract/recipes.ts'
import type { Scale } from '../../contract/reproduction.ts'
import type { RunConfig } from '../../contract/runs.ts'
import type { Study } from '../../contract/studies.ts'
import type { SliceSelection } from '../../contract/volumes.ts'
import type { MethodRecipe } from '../../core/ssl/method.ts'
import { FINE_TUNING, FROM_SCRATCH, methodOf, networkOf } from '../runs/catalogue.ts'
import { pretextCost, pretextSamples } from './estimate.ts'
import { type Sizes, sizesOf } from './folds.ts'

/** A network with a baseline of its own recipe. */
export interface OwnNetwork extends Pick<RunConfig, 'network' | 'networkConfig'> {
  readonly scratch: Recipe
}

/** The course of a method: all settings of its pre-training and its fine-tuning, defaults included. */
export interface Course extends MethodRecipe {
  readonly method: string
  readonly label: string
  readonly fineTuning: Recipe
  /** The network that the method pre-trains in place of its recipe's network. Absent: the recipe's network. */
  readonly on?: OwnNetwork
}

/** Limits for the number of optimizer steps of a demonstration's pre-training. */
const STEPS = { fewest: 200, most: 400 }
/**
 * Most pixels of a demonstration's pre-training that go through U-Net-16, in one step and in all steps. A network that
 * costs more has fewer pixels. The limit for all steps may be exceeded to reach the fewest steps.
 */
const VIEWED = { step: 6e4, all: 1.2e7 }
/**
 * The baseline of a demonstration, with 60 % of the workstation's epochs. Both have SSIM 0.710 on the demonstration
 * study, over five seeds and four left-out patients.
 */
const SHORT_BASELINE: Recipe = {
  ...FROM_SCRATCH.workstation.training,
  epochs: 30,
  schedule: { kind: 'step', rate: 1e-3, every: 20, factor: 0.1 },
}
/** Epochs of a demonstration's baseline over epochs of the workstation's baseline. */
const SHORT = SHORT_BASELINE.epochs / FROM_SCRATCH.workstation.training.epochs
/** If an epoch has more pixels, a demonstration uses only the middle slice of each volume. */
const MOST_PIXELS = 5e5

/** Expands defaults, so that two recipes can be compared. */
function spelledOut(method: string, { network, networkConfig, methodConfig, ...recipe }: MethodRecipe): Course {
  const { label, config } = methodOf(method)
  return {
    ...recipe,
    method,
    label,
    network,
    networkConfig: networkOf(network).config.parse(networkConfig) as Course['networkConfig'],
    methodConfig: config.parse(methodConfig) as Course['methodConfig'],
    fineTuning: recipe.fineTuning ?? FINE_TUNING,
  }
}

/** Limits the batch to the number of samples. */
const fitted = ({ method, methodConfig, training }: Course, sizes: Sizes): Recipe => ({
  ...training,
  batch: Math.min(training.batch, pretextSamples(method, methodConfig, sizes)),
})

/** The original milestones, scaled to the training's number of epochs. */
const withMilestones = (training: Recipe, original: Course): Recipe => ({
  ...training,
  milestones: stretch(original.training, training.epochs).milestones,
})

function demonstrated(workstation: Course, original: Course, sizes: Sizes): Course {
  const { method } = workstation
  const lighter = methodOf(method).demonstration?.(workstation.methodConfig)
  const methodConfig = (lighter ?? workstation.methodConfig) as Course['methodConfig']
  const course = { ...workstation, methodConfig }
  const viewed = pretextCost(course, sizes)
  const fitting = fitted(course, sizes)
  const batch = Math.min(fitting.batch, Math.max(1, Math.floor(VIEWED.step / viewed)))
  const perEpoch = Math.ceil(Math.floor(pretextSamples(method, methodConfig, sizes) / batch) / fitting.accumulate)
  const most = Math.min(STEPS.most, VIEWED.all / (viewed * batch))
  const epochs = Math.max(Math.ceil(STEPS.fewest / perEpoch), Math.min(fitting.epochs, Math.floor(most / perEpoch)))
  const training = withMilestones(stretch({ ...fitting, batch }, epochs), original)
  return { ...course, training: { ...training, milestones: training.milestones.slice(-2) } }
}

/** The shipped recipes from which a scale is made. */
const shippedAt = (scale: Scale): Shipped => (scale === 'full' ? 'original' : 'workstation')

/** A network with the settings and the recipe from scratch of a scale. */
export function networkAt(scale: Scale, network: string): OwnNetwork {
  const { config: schema, recipes } = networkOf(network)
  const { config, training } = recipes[shippedAt(scale)]
  const scratch = scale === 'demonstration' ? stretch(training, Math.ceil(SHORT * training.epochs)) : training
  return { network, networkConfig: schema.parse(config) as OwnNetwork['networkConfig'], scratch }
}

/** A method's recipe on a network of complex images, or with one inside. */
function onNetwork(method: string, shipped: Shipped, on: OwnNetwork): Course {
  const { recipes, onComplex } = methodOf(method)
  const { network, networkConfig, scratch } = on
  const recipe = recipes[shipped]
  const { methodConfig, training = recipe.training } = onComplex[shipped]
  const fineTuning = shortened(scratch, recipe.fineTuning ?? FINE_TUNING)
  const own = { network, networkConfig, methodConfig: { ...recipe.methodConfig, ...methodConfig } }
  return { ...spelledOut(method, { ...recipe, ...own, training, fineTuning }), on }
}

interface Courses {
  readonly original: Course
  readonly here: Course
}

/** The original course of a method, and the course at a scale on a study of these sizes. */
export function courseAt(scale: Scale, method: string, sizes: Sizes): Courses {
  const { recipes } = methodOf(method)
  return atScale(scale, sizes, spelledOut(method, recipes.original), spelledOut(method, recipes.workstation))
}

/** The course of a method at a scale, on another network than that of its recipe. */
export function courseOn(scale: Scale, method: string, sizes: Sizes, on: OwnNetwork): Courses {
  return atScale(scale, sizes, onNetwork(method, 'original', on), onNetwork(method, 'workstation', on))
}

function atScale(scale: Scale, sizes: Sizes, original: Course, workstation: Course): Courses {
  if (scale === 'full') return { original, here: { ...original, training: fitted(original, sizes) } }
  if (scale === 'demonstration') return { original, here: demonstrated(workstation, original, sizes) }
  return { original, here: { ...workstation, training: withMilestones(fitted(workstation, sizes), original) } }
}

/** The courses for the demonstration: original, and the workstation recipe with another number of channels. */
export function demoCourse(method: string, channels: number): Courses {
  const { original, workstation } = methodOf(method).recipes
  const networkConfig = { ...workstation.networkConfig, channels }
  return { original: spelledOut(method, original), here: spelledOut(method, { ...workstation, networkConfig }) }
}

/** The recipe of the baseline. */
export const baselineAt = (scale: Scale): Recipe =>
  scale === 'demonstration' ? SHORT_BASELINE : FROM_SCRATCH[shippedAt(scale)].training

/** The used slices of a study. */
export function slicesAt(scale: Scale, study: Study): SliceSelection {
  if (scale !== 'demonstration' || study.slices.kind !== 'all') return study.slices
  const { trainingSlices, pixels } = sizesOf(study)
  return trainingSlices * pixels > MOST_PIXELS ? { kind: 'middle' } : study.slices
}
