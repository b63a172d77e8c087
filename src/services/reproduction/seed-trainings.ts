/** The trainings of one fold and one seed. A training is planned when its key is first asked for, and only once. */
import type { MaskSpec } from '../../contract/evaluation.ts'
import { type Recipe, stretch } from '../../contract/recipes.ts'
import { RunConfig } from '../../contract/runs.ts'
import type { SliceSelection } from '../../contract/volumes.ts'
import { networkOf } from '../runs/catalogue.ts'
import { supervisedConfig } from '../runs/training.ts'
import { isBeginning } from './beginning.ts'
import { estimateSeconds } from './estimate.ts'
import type { Sizes } from './folds.ts'
import { type PlanKey, writtenKey } from './keys.ts'
import type { PlannedTraining } from './planned.ts'
import type { Course, OwnNetwork } from './scales.ts'

export interface Part {
  readonly fold: number
  readonly seed: number
  /** Whether this is the first seed of the request. It has the rows without a training, because they need no seed. */
  readonly isFirst: boolean
  readonly sizes: Sizes
  readonly mask: MaskSpec
  readonly slices: SliceSelection
  readonly scratch: Recipe
  /** Epochs whose baseline weights are scored too. The number of epochs of a fine-tuning is among them. */
  readonly milestones: readonly number[]
}

type Network = Pick<RunConfig, 'network' | 'networkConfig'>

/** What all trainings of a part have in common. */
export type PlanCommon = Pick<RunConfig, 'mask' | 'slices' | 'seed'>

export const baselineMilestones = (scratch: Recipe): number[] => [10, 20, 30].filter(epoch => epoch < scratch.epochs)

export const networkKey = ({ network, networkConfig }: Network) => JSON.stringify([network, networkConfig])

export const networkName = ({ network, networkConfig: { channels } }: Network) =>
  `${networkOf(network).label}${typeof channels === 'number' ? `-${channels}` : ''}`

/** Removes settings that a training from scratch does not use, so that methods share controls. */
const fromScratch = (recipe: Recipe): Recipe => ({ ...recipe, freshOutput: false, milestones: [] })

type Options = Partial<Pick<PlannedTraining, 'patients' | 'parent' | 'asLongAs' | 'estimate' | 'spared'>>

function trainingList({ fold, seed, sizes }: Part) {
  const everyPatient = sizes.trainingPatients
  const listed = new Map<string, PlannedTraining>()

  /** If a different training of this kind and name is listed, the key gets a number. */
  function add(kind: string, name: string, label: string, config: RunConfig, options: Options = {}): PlanKey {
    const identity = JSON.stringify([config, options.parent, options.patients, options.asLongAs])
    for (let n = 1; ; n++) {
      const planKey: PlanKey = { kind, details: n > 1 ? [name, n] : [name], fold, seed }
      const key = writtenKey(planKey)
      const other = listed.get(key)
      if (other?.identity === identity) return planKey
      if (other) continue
      const group = `${config.method ?? 'supervised'} ${networkKey(config)}`
      const estimate = estimateSeconds(config, sizes) * ((options.patients ?? everyPatient) / everyPatient)
      const rest = { patients: null, parent: null, asLongAs: null, spared: 0 }
      listed.set(key, { ...rest, key, identity, label, fold, config, group, estimate, ...options })
      return planKey
    }
  }

  return { add, get: (key: PlanKey) => listed.get(writtenKey(key))!, all: () => [...listed.values()] }
}

/** Distinguishes the trainings of a method in a plan. */
const courseName = ({ method, on }: Course) => (on ? `${method} on ${on.network}` : method)

const courseLabel = ({ label, on }: Course) => (on ? `${label} on ${networkName(on)}` : label)

export function pretrainingConfig(course: Course, common: PlanCommon): RunConfig {
  const { network, networkConfig, method, methodConfig, pretext, training: recipe, fineTuning } = course
  const { mask, slices, seed } = common
  const shared = { network, networkConfig, mask, slices, seed }
  return RunConfig.parse({ ...shared, kind: 'pretrain', method, methodConfig, pretext, recipe, fineTuning })
}

export type SeedTrainings = ReturnType<typeof seedTrainings>

export function seedTrainings(part: Part) {
  const { sizes, mask, slices, seed } = part
  const everyPatient = sizes.trainingPatients
  const list = trainingList(part)
  const common = ({ network, networkConfig }: Network) => ({ network, networkConfig, mask, slices, seed })

  const supervised = (kind: 'train' | 'finetune', of: Network, recipe: Recipe) =>
    RunConfig.parse(supervisedConfig(kind, common(of), recipe))

  /** `null`: all patients. A plan's training never names the whole number. */
  const fewer = (patients: number) => (patients < everyPatient ? patients : null)
  const onFew = (few: number | null) => (few === null ? '' : ` on ${few} of ${everyPatient} patients`)

  /** The control is planned first, because the baseline can start from the end of the control. */
  function baseline(course: Course): PlanKey {
    if (course.on) return ownBaseline(course.on)
    const { config, estimate } = list.get(control(course))
    const recipe = { ...part.scratch, milestones: [...part.milestones] }
    const name = networkName(course)
    const spared = isBeginning(config.recipe, recipe) ? estimate : 0
    return list.add('baseline', name, `Baseline, ${name}`, supervised('train', course, recipe), { spared })
  }

  function ownBaseline(on: OwnNetwork): PlanKey {
    const name = networkName(on)
    return list.add('baseline', name, `Baseline, ${name}`, supervised('train', on, on.scratch))
  }

  /** The baseline of `unet`, with as many epochs as fit into the time of the baseline of `on`. It may be shorter. */
  function unetOfEqualTime(on: OwnNetwork, unet: OwnNetwork): PlanKey {
    const [pace, spent] = [ownBaseline(unet), ownBaseline(on)]
    const label = `U-Net of equal time to ${networkName(on)}`
    const config = supervised('train', unet, fromScratch(unet.scratch))
    return list.add('U-Net of equal time', on.network, label, config, {
      asLongAs: { trainings: [writtenKey(spent)], pace: writtenKey(pace), mayBeShorter: true },
      estimate: list.get(spent).estimate,
    })
  }

  function pretraining(course: Course): PlanKey {
    const label = `${courseLabel(course)} pre-training`
    return list.add('pre-training', courseName(course), label, pretrainingConfig(course, part))
  }

  /** `epoch`: from this milestone of the pre-training. `patients`: on the ground truth of the first patients. */
  function fineTuning(course: Course, { epoch = null as number | null, patients = everyPatient } = {}): PlanKey {
    const few = fewer(patients)
    const kind = `fine-tuning${epoch === null ? '' : ` from epoch ${epoch}`}${onFew(few)}`
    const parent = { key: writtenKey(pretraining(course)), epoch }
    const config = supervised('finetune', course, course.fineTuning)
    return list.add(kind, courseName(course), `${courseLabel(course)} ${kind}`, config, { parent, patients: few })
  }

  function control(course: Course, patients = everyPatient): PlanKey {
    const few = fewer(patients)
    const recipe = fromScratch(course.fineTuning)
    const milestones = few === null && !course.on ? part.milestones.filter(epoch => epoch <= recipe.epochs) : []
    const name = networkName(course)
    const config = supervised('train', course, { ...recipe, milestones })
    return list.add(`control${onFew(few)}`, name, `Control, ${name}${onFew(few)}`, config, { patients: few })
  }

  /**
   * Call for the shortest control first. With a constant learning rate, a longer control starts from the end of a
   * shorter control.
   */
  function equalTime(course: Course): PlanKey {
    const spent = [pretraining(course), fineTuning(course)]
    const pace = writtenKey(control(course))
    const recipe = fromScratch(course.fineTuning)
    const before = list.all().filter(({ key, asLongAs }) => key === pace || asLongAs?.pace === pace)
    const isConstant = isBeginning(recipe, stretch(recipe, 2 * recipe.epochs))
    const config = supervised('train', course, recipe)
    return list.add('control of equal time', course.method, `Control of equal time to ${course.label}`, config, {
      asLongAs: { trainings: spent.map(writtenKey), pace },
      estimate: spent.reduce((sum, key) => sum + list.get(key).estimate, 0),
      spared: isConstant ? Math.max(...before.map(({ estimate }) => estimate)) : 0,
    })
  }

  return {
    baseline,
    ownBaseline,
    unetOfEqualTime,
    pretraining,
    fineTuning,
    control,
    equalTime,
    get: list.get,
    all: list.all,
  }
}
