/** The trainings of one fold and one seed: each is planned when it is first asked for, once, and known by its key from then on. */
import type { MaskSpec } from '../../contract/evaluation.ts'
import { type Recipe, RunConfig } from '../../contract/runs.ts'
import type { SliceSelection } from '../../contract/volumes.ts'
import { networkOf } from '../catalogue.ts'
import { supervisedConfig } from '../training.ts'
import { isBeginning } from './beginning.ts'
import { estimateSeconds } from './estimate.ts'
import type { Sizes } from './folds.ts'
import type { PlannedTraining } from './plan.ts'
import { type Course, stretch } from './scales.ts'

export interface Part {
  readonly fold: number
  readonly seed: number
  readonly sizes: Sizes
  readonly mask: MaskSpec
  readonly slices: SliceSelection
  readonly scratch: Recipe
}

type Network = Pick<RunConfig, 'network' | 'networkConfig'>

/** Epochs whose weights a baseline is scored at too: after as many as a fine-tuning has, and on the way. */
export const milestonesOf = ({ scratch }: Part): number[] => [10, 20, 30].filter(epoch => epoch < scratch.epochs)

export const networkKey = ({ network, networkConfig }: Network) => JSON.stringify([network, networkConfig])

export const networkName = ({ network, networkConfig: { channels } }: Network) =>
  `${networkOf(network).label}${typeof channels === 'number' ? `-${channels}` : ''}`

/** Without what a training from scratch has no use for, so that methods share controls. */
const fromScratch = (recipe: Recipe): Recipe => ({ ...recipe, freshOutput: false, milestones: [] })

/** `fine-tuning · simclr · fold 0 · seed 0` */
export const keyOf = ({ fold, seed }: Part, ...words: readonly (string | number)[]) =>
  [...words, `fold ${fold}`, `seed ${seed}`].join(' · ')

export function seedTrainings(part: Part) {
  const { sizes, mask, slices, seed } = part
  const everyPatient = sizes.trainingPatients
  const planned = new Map<string, PlannedTraining>()
  const common = ({ network, networkConfig }: Network) => ({ network, networkConfig, mask, slices, seed })

  /** Where another training has the name already, a number is added. */
  function plan(
    words: readonly string[],
    label: string,
    config: RunConfig,
    more: Partial<Pick<PlannedTraining, 'patients' | 'parent' | 'asLongAs' | 'estimate' | 'spared'>> = {},
  ): string {
    const identity = JSON.stringify([config, more.parent, more.patients, more.asLongAs])
    for (let n = 1; ; n++) {
      const key = keyOf(part, ...words, ...(n > 1 ? [n] : []))
      const other = planned.get(key)
      if (other?.identity === identity) return key
      if (other) continue
      const group = `${config.method ?? 'supervised'} ${networkKey(config)}`
      const estimate = estimateSeconds(config, sizes) * ((more.patients ?? everyPatient) / everyPatient)
      const rest = { patients: null, parent: null, asLongAs: null, spared: 0 }
      planned.set(key, { ...rest, key, identity, label, fold: part.fold, config, group, estimate, ...more })
      return key
    }
  }

  const supervised = (kind: 'train' | 'finetune', of: Network, recipe: Recipe) =>
    RunConfig.parse(supervisedConfig(kind, common(of), recipe))

  /** All of them is the same as not saying so. */
  const fewer = (patients: number) => (patients < everyPatient ? patients : null)
  const onFew = (few: number | null) => (few === null ? '' : ` on ${few} of ${everyPatient} patients`)

  const trainings = {
    /** The control comes first: where the baseline begins like it, it goes on from there. */
    baseline(course: Course): string {
      const { config, estimate } = planned.get(trainings.control(course))!
      const recipe = { ...part.scratch, milestones: milestonesOf(part) }
      return plan(
        ['baseline', networkName(course)],
        `Baseline, ${networkName(course)}`,
        supervised('train', course, recipe),
        { spared: isBeginning(config.recipe, recipe) ? estimate : 0 },
      )
    },

    pretraining: (course: Course) =>
      plan(
        ['pre-training', course.method],
        `${course.label} pre-training`,
        RunConfig.parse({
          ...common(course),
          kind: 'pretrain',
          method: course.method,
          methodConfig: course.methodConfig,
          pretext: course.pretext,
          recipe: course.training,
          fineTuning: course.fineTuning,
        }),
      ),

    /** From a milestone of the pre-training, and on the ground truth of the first patients, where they are given. */
    fineTuning(course: Course, { epoch = null as number | null, patients = everyPatient } = {}): string {
      const few = fewer(patients)
      const from = epoch === null ? '' : ` from epoch ${epoch}`
      return plan(
        [`fine-tuning${from}${onFew(few)}`, course.method],
        `${course.label} fine-tuning${from}${onFew(few)}`,
        supervised('finetune', course, course.fineTuning),
        { parent: { key: trainings.pretraining(course), epoch }, patients: few },
      )
    },

    control(course: Course, patients = everyPatient): string {
      const few = fewer(patients)
      const recipe = fromScratch(course.fineTuning)
      const milestones = few === null ? milestonesOf(part).filter(epoch => epoch <= recipe.epochs) : []
      return plan(
        [`control${onFew(few)}`, networkName(course)],
        `Control, ${networkName(course)}${onFew(few)}`,
        supervised('train', course, { ...recipe, milestones }),
        { patients: few },
      )
    },

    /** Asked for from the shortest to the longest: at a constant rate each begins with the one before. */
    equalTime(course: Course): string {
      const spent = [trainings.pretraining(course), trainings.fineTuning(course)]
      const pace = trainings.control(course)
      const recipe = fromScratch(course.fineTuning)
      const before = [...planned.values()].filter(({ key, asLongAs }) => key === pace || asLongAs?.pace === pace)
      const isConstant = isBeginning(recipe, stretch(recipe, 2 * recipe.epochs))
      return plan(
        ['control of equal time', course.method],
        `Control of equal time to ${course.label}`,
        supervised('train', course, recipe),
        {
          asLongAs: { trainings: spent, pace },
          estimate: spent.reduce((sum, key) => sum + planned.get(key)!.estimate, 0),
          spared: isConstant ? Math.max(...before.map(({ estimate }) => estimate)) : 0,
        },
      )
    },
  }
  return { ...trainings, planned: () => [...planned.values()] }
}
