/**
 * Finds the runs of a plan's trainings. A run matches a training if configuration, parent and volumes are equal.
 * Therefore a reproduction stores only its request. Kernels do not count: each row of the report names its kernels.
 */
import { isDeepStrictEqual } from 'node:util'
import { AppError } from '../../contract/errors.ts'
import { RunConfig, type RunRow } from '../../contract/runs.ts'
import type { Profile } from '../profile/profile.ts'
import { findRun } from '../runs/runs.ts'
import { type PreparedRun, prepareRun } from '../runs/training.ts'
import { beginningOf } from './beginning.ts'
import { withTrainingPatients } from './folds.ts'
import type { Plan } from './plan.ts'
import { needsOf, type PlannedTraining } from './planned.ts'
import { stretch } from './scales.ts'

/**
 * `prepared`: the training, ready to start. `run`: the matching run, with any status. `null`: there is no matching run.
 * Then `beginning` finds a shorter run from whose end the training can start.
 */
export type Found =
  | { readonly prepared: PreparedRun; readonly run: RunRow | null; readonly beginning: () => RunRow | null }
  /** The training cannot start. `waits`: the training must wait for other trainings. */
  | { readonly prepared: null; readonly reason: string; readonly waits: boolean }

/** Finished runs by the key of their training. */
export type Finished = Map<string, RunRow>

/**
 * The plan's trainings in the order of training. Controls of equal time with one pace are sorted by duration, because
 * a longer control starts from the end of a shorter control.
 */
export function inTurn({ trainings }: Plan, finished: Finished): PlannedTraining[] {
  const seconds = ({ asLongAs }: PlannedTraining) =>
    asLongAs!.trainings.reduce((sum, key) => sum + (finished.get(key)?.summary?.seconds.steps ?? Infinity), 0)
  const turns = new Map<string, PlannedTraining[]>()
  for (const training of trainings) {
    const pace = training.asLongAs?.pace
    if (pace) turns.set(pace, [...(turns.get(pace) ?? []), training])
  }
  for (const turn of turns.values()) turn.sort((a, b) => seconds(a) - seconds(b) || 0)
  return trainings.map(training => (training.asLongAs ? turns.get(training.asLongAs.pace)!.shift()! : training))
}

/** The configuration of a control of equal time: as many epochs as fit into the time of the other trainings. */
function stretched(planned: PlannedTraining, finished: Finished): RunConfig | null {
  const { config, asLongAs } = planned
  if (!asLongAs) return config
  const summaryOf = (key: string) => finished.get(key)?.summary
  const [pace, ...spent] = [asLongAs.pace, ...asLongAs.trainings].map(summaryOf)
  if (!pace || spent.some(summary => !summary)) return null
  const seconds = spent.reduce((sum, summary) => sum + summary!.seconds.steps, 0)
  const epochs = Math.round(seconds / (pace.seconds.steps / pace.epochs))
  return { ...config, recipe: stretch(config.recipe, Math.max(config.recipe.epochs, epochs)) }
}

/** The configuration without the recipe of the later fine-tuning, which does not change what the training computes. */
const computed = (config: unknown) => ({ ...RunConfig.parse(config), fineTuning: null })

/** Statuses from worst to best. Of several matching runs the first run with the best status is used. */
const PREFERENCE: readonly RunRow['status'][] = [
  'failed',
  'cancelled',
  'interrupted',
  'paused',
  'queued',
  'running',
  'finished',
]

/** Runs on the same volumes, with the same parent. */
function runsLike(profile: Profile, { study, config, content }: PreparedRun, parent: Parent): RunRow[] {
  const ids = profile.db
    .prepare(
      `SELECT CAST(id AS TEXT) FROM runs
        WHERE study_id = ? AND kind = ? AND parent_id IS ? AND parent_epoch IS ? AND start_path IS NULL
        AND environment ->> '$.content' = ? ORDER BY id`,
    )
    .pluck()
    .all(study.id, config.kind, parent && Number(parent.run), parent?.epoch ?? null, content) as string[]
  return ids.map(id => findRun(profile, id))
}

function equalRun(runs: readonly RunRow[], wanted: RunConfig): RunRow | null {
  const equal = runs.filter(run => run.config.recipe !== null && isDeepStrictEqual(computed(run.config), wanted))
  return equal.reduce<RunRow | null>(
    (best, run) => (best && PREFERENCE.indexOf(best.status) >= PREFERENCE.indexOf(run.status) ? best : run),
    null,
  )
}

type Parent = { readonly run: string; readonly epoch: number | null } | null

/** Looks up a training. `finished` holds the finished runs of the trainings before it in the plan. */
export function lookUp(profile: Profile, { folds }: Plan, planned: PlannedTraining, finished: Finished): Found {
  const { patients, fold } = planned
  const before = planned.parent && finished.get(planned.parent.key)
  const config = stretched(planned, finished)
  if ((planned.parent && !before) || !config) {
    const missing = needsOf(planned).filter(key => !finished.has(key))
    return {
      prepared: null,
      reason: `The training needs trainings that have not finished: ${missing.join('; ')}.`,
      waits: true,
    }
  }
  const parent = before ? { run: before.id, epoch: planned.parent!.epoch } : null
  const whole = folds[fold].study
  const study = patients === null ? whole : withTrainingPatients(whole, patients)
  try {
    const prepared = prepareRun(profile, { study, config, parent })
    const runs = runsLike(profile, prepared, parent)
    const wanted = computed(JSON.parse(JSON.stringify(config)))
    const run = equalRun(runs, wanted)
    return { prepared, run, beginning: () => (run ? null : beginningOf(wanted, runs)) }
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    return { prepared: null, reason: error.message, waits: false }
  }
}

export interface Survey {
  readonly finished: Finished
  /** Results by key, in the order of the plan. */
  readonly found: ReadonlyMap<string, Found>
}

/** Finished trainings of earlier surveys. Kept because looking up hundreds of trainings takes seconds. */
const surveyed = new WeakMap<Profile, Map<string, Map<string, Found>>>()

function foundBefore(profile: Profile, { request, study }: Plan): Map<string, Found> {
  const plans = surveyed.get(profile) ?? new Map<string, Map<string, Found>>()
  surveyed.set(profile, plans)
  const key = JSON.stringify([request, study.slices, study.volumes])
  const before = plans.get(key) ?? new Map<string, Found>()
  plans.set(key, before)
  return before
}

/** Looks up all trainings of a plan. */
export function survey(profile: Profile, plan: Plan): Survey {
  const finished: Finished = new Map()
  const before = foundBefore(profile, plan)
  const found = new Map<string, Found>()
  for (const planned of plan.trainings) {
    const { key } = planned
    const each = before.get(key) ?? lookUp(profile, plan, planned, finished)
    found.set(key, each)
    if (!each.prepared || each.run?.status !== 'finished') continue
    finished.set(key, each.run)
    before.set(key, each)
  }
  return { finished, found }
}
