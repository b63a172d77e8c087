/**
 * What each scale trains with. `full`: the original recipes. `workstation`: the workstation's. `demonstration`: those, cut to fit 25 minutes on
 * two cores.
 *
 * The budget in minutes, with a step of U-Net-16 at 128 × 126 and batch 1 taken as 45 ms, 2.1 times that for U-Net++, in proportion to
 * pixels, and 10 ms to prepare a view of a 320 × 320 slice:
 *   brain, 16 training slices of 128 × 126: baselines of 30 epochs 2 · five pre-trainings of 200 to 320 steps 4 · their fine-tunings and two
 *   controls 2 · controls of equal time, on a network only as long as the longest 4 · milestones (one a method) and few labels 1.5 · scoring 2.
 *   knee, 24 slices of 320 × 320, six times as large: so the middle slice of each volume alone (6 in training).
 *   Baselines 5 · pre-trainings 5 · fine-tunings and controls 2.5 · controls of equal time 6.5 · the rest 2.5 · scoring 2.
 * Twenty masks are drawn for the main rows alone. `reproduction.test.ts` adds it up.
 */
import type { Recipe } from '../../contract/recipes.ts'
import type { Scale } from '../../contract/reproduction.ts'
import type { Study } from '../../contract/studies.ts'
import type { SliceSelection } from '../../contract/volumes.ts'
import type { MethodRecipe } from '../../core/ssl/method.ts'
import { FINE_TUNING, FROM_SCRATCH, methodOf, networkOf } from '../runs/catalogue.ts'
import { networkCost, pretextPixels, pretextSamples } from './estimate.ts'
import { type Sizes, sizesOf } from './folds.ts'

/** A method's whole way, every setting spelt out. */
export interface Course extends MethodRecipe {
  readonly method: string
  readonly label: string
  readonly fineTuning: Recipe
}

/** Fewest optimizer steps of a demonstration's pretext; and most, where the recipe would have more of a large study. */
const STEPS = { fewest: 200, most: 400 }
/**
 * Pixels that go through a U-Net, or as many fewer through a network as it costs more: most in a step of a demonstration's pretext, and in all of
 * its steps, where those are more than the fewest.
 */
const VIEWED = { step: 6e4, all: 1.2e7 }
/** As good as the workstation's on the demonstration study, in 60 % of its epochs: SSIM 0.710 each, over five seeds and four left-out patients. */
const SHORT_BASELINE: Recipe = {
  ...FROM_SCRATCH.workstation.training,
  epochs: 30,
  schedule: { kind: 'step', rate: 1e-3, every: 20, factor: 0.1 },
}
/** Training pixels of an epoch above which a demonstration takes the middle slice of each volume. */
const MOST_PIXELS = 5e5

/** The same recipe over another number of epochs: what counts in epochs goes with it. */
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

/** Settings and defaults, so that two recipes can be compared. */
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

/** A batch holds no more than there is. */
const fitted = ({ method, methodConfig, training }: Course, sizes: Sizes): Recipe => ({
  ...training,
  batch: Math.min(training.batch, pretextSamples(method, methodConfig, sizes)),
})

/** Epochs as often as the original's among as many. */
const withMilestones = (training: Recipe, original: Course): Recipe => ({
  ...training,
  milestones: stretch(original.training, training.epochs).milestones,
})

function demonstrated(workstation: Course, original: Course, sizes: Sizes): Course {
  const { method } = workstation
  const lighter = methodOf(method).demonstration?.(workstation.methodConfig)
  const methodConfig = (lighter ?? workstation.methodConfig) as Course['methodConfig']
  const course = { ...workstation, methodConfig }
  const viewed = pretextPixels(method, methodConfig, sizes) * networkCost(course.network)
  const fitting = fitted(course, sizes)
  const batch = Math.min(fitting.batch, Math.max(1, Math.floor(VIEWED.step / viewed)))
  const perEpoch = Math.ceil(Math.floor(pretextSamples(method, methodConfig, sizes) / batch) / fitting.accumulate)
  const most = Math.min(STEPS.most, VIEWED.all / (viewed * batch))
  const epochs = Math.max(Math.ceil(STEPS.fewest / perEpoch), Math.min(fitting.epochs, Math.floor(most / perEpoch)))
  const training = withMilestones(stretch({ ...fitting, batch }, epochs), original)
  return { ...course, training: { ...training, milestones: training.milestones.slice(-2) } }
}

/** The original way of a method, and the one that a scale takes on a study of these sizes. */
export function courseAt(
  scale: Scale,
  method: string,
  sizes: Sizes,
): { readonly original: Course; readonly here: Course } {
  const { recipes } = methodOf(method)
  const original = spelledOut(method, recipes.original)
  if (scale === 'full') return { original, here: { ...original, training: fitted(original, sizes) } }
  const workstation = spelledOut(method, recipes.workstation)
  if (scale === 'demonstration') return { original, here: demonstrated(workstation, original, sizes) }
  return { original, here: { ...workstation, training: withMilestones(fitted(workstation, sizes), original) } }
}

/** As `courseAt`, for the demonstration: the workstation recipe as it ships, with a number of channels of its own. */
export function demoCourse(method: string, channels: number): ReturnType<typeof courseAt> {
  const { original, workstation } = methodOf(method).recipes
  const networkConfig = { ...workstation.networkConfig, channels }
  return { original: spelledOut(method, original), here: spelledOut(method, { ...workstation, networkConfig }) }
}

/** The baseline's way, by the same names as the methods'. */
export const baselineAt = (scale: Scale): Recipe =>
  scale === 'demonstration' ? SHORT_BASELINE : FROM_SCRATCH[scale === 'full' ? 'original' : 'workstation'].training

/** The slices that take part. */
export function slicesAt(scale: Scale, study: Study): SliceSelection {
  if (scale !== 'demonstration' || study.slices.kind !== 'all') return study.slices
  const { trainingSlices, pixels } = sizesOf(study)
  return trainingSlices * pixels > MOST_PIXELS ? { kind: 'middle' } : study.slices
}
