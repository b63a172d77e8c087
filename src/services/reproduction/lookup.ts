/**
 * Finds the runs of a plan's trainings. A run matches a training if configuration, parent and volumes are equal.
 * Therefore a reproduction stores only its request. Kernels do not count: each row of the report names its kernels.
 */

import { isDeepStrictEqual } from 'node:util'
import { AppError } from '../../contract/errors.ts'
import { stretch } from '../../contract/recipes.ts'
import { RunConfig, type RunRow, StoredConfig } from '../../contract/runs.ts'
import type { Profile } from '../profile/profile.ts'
import { findRun } from '../runs/runs.ts'
import { type PreparedRun, prepareRun } from '../runs/training.ts'
import { beginningOf } from './beginning.ts'
import { withTrainingPatients } from './folds.ts'
import type { Plan } from './plan.ts'
import { needsOf, type PlannedTraining } from './planned.ts'

/** Finished runs by the key of their training. */
export type Finished = Map<string, RunRow>

/** The training cannot start. `waits`: the training must wait for other trainings. */
export interface Unready {
  readonly prepared: null
  readonly reason: string
  readonly waits: boolean
}

/**
 * `prepared`: the training, ready to start. `run`: the matching run, with any status. `null`: there is no matching run.
 * Then `beginning` finds a shorter run from whose end the training can start. `computes`: equal for trainings that have
 * the same result.
 */
export type Found =
  | {
      readonly prepared: PreparedRun
      readonly run: RunRow | null
      readonly beginning: () => RunRow | null
      readonly computes: string
    }
  | Unready

/** The configuration of a control of equal time: as many epochs as fit into the time of the other trainings. */
function stretched(planned: PlannedTraining, finished: Finished): RunConfig | null {
  const { config, asLongAs } = planned
  if (!asLongAs) return config
  const summaryOf = (key: string) => finished.get(key)?.summary
  const [pace, ...spent] = [asLongAs.pace, ...asLongAs.trainings].map(summaryOf)
  if (!pace || spent.some(summary => !summary)) return null
  const seconds = spent.reduce((sum, summary) => sum + summary!.seconds.steps, 0)
  const epochs = Math.round(seconds / (pace.seconds.steps / pace.epochs))
  const fewest = asLongAs.mayBeShorter ? 1 : config.recipe.epochs
  return { ...config, recipe: stretch(config.recipe, Math.max(fewest, epochs)) }
}

/** The configuration without the recipe of the later fine-tuning, which does not change what the training computes. */
const computed = (config: unknown) => ({ ...RunConfig.parse(config), fineTuning: null })

/** A run without its configuration and its figures. All runs of a study are read at once. */
export interface Sketch extends Pick<RunRow, 'id' | 'status' | 'reason'> {
  /** Number of finished epochs. */
  readonly epochs: number
}

/** Runs of a study, by `likeness`. */
export type Sketches = ReadonlyMap<string, readonly Sketch[]>

/** What runs on the same volumes and with the same parent have in common. */
const likeness = (kind: string, parent: string | null, epoch: number | null, content: string | null): string =>
  [kind, parent, epoch, content].join(' ')

interface SketchRow extends Sketch {
  readonly kind: string
  readonly parent: string | null
  readonly epoch: number | null
  readonly content: string | null
}

/** Imported checkpoints and runs that start from a file match no training. */
export function sketchesOf({ db }: Profile, study: number): Sketches {
  const rows = db
    .prepare(
      `SELECT CAST(id AS TEXT) AS id, status, reason, kind, CAST(parent_id AS TEXT) AS parent, parent_epoch AS epoch,
        environment ->> '$.content' AS content,
        CASE status WHEN 'finished' THEN 0 ELSE (SELECT COUNT(*) FROM epochs WHERE run_id = runs.id) END AS epochs
        FROM runs WHERE study_id = ? AND start_path IS NULL AND kind <> 'import' ORDER BY runs.id`,
    )
    .all(study) as SketchRow[]
  const sketches = new Map<string, Sketch[]>()
  for (const { kind, parent, epoch, content, ...sketch } of rows) {
    const key = likeness(kind, parent, epoch, content)
    const like = sketches.get(key)
    if (like) like.push(sketch)
    else sketches.set(key, [sketch])
  }
  return sketches
}

/** What a training's run must be like. */
export interface Wanted {
  readonly config: RunConfig
  readonly likeness: string
  /** Whether the configuration of a run is equal, by the run's number. */
  readonly equal: Map<string, boolean>
}

const configs = new WeakMap<Profile, Map<string, RunConfig | null>>()

/** What a run computes. `null`: an unknown recipe. Kept, because a run's configuration never changes. */
function computedBy(profile: Profile, run: string): RunConfig | null {
  const all = configs.get(profile) ?? new Map<string, RunConfig | null>()
  configs.set(profile, all)
  const known = all.get(run)
  if (known !== undefined) return known
  const text = profile.db.prepare('SELECT config FROM runs WHERE id = ?').pluck().get(Number(run)) as string
  const stored = StoredConfig.parse(JSON.parse(text))
  const config = stored.recipe === null ? null : computed(stored)
  all.set(run, config)
  return config
}

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

function isEqual(profile: Profile, { config, equal }: Wanted, run: string): boolean {
  const known = equal.get(run)
  if (known !== undefined) return known
  const same = isDeepStrictEqual(computedBy(profile, run), config)
  equal.set(run, same)
  return same
}

/** The best matching run. */
export function matchOf(profile: Profile, sketches: Sketches, wanted: Wanted): Sketch | null {
  const like = sketches.get(wanted.likeness) ?? []
  return like
    .filter(({ id }) => isEqual(profile, wanted, id))
    .reduce<Sketch | null>(
      (best, run) => (best && PREFERENCE.indexOf(best.status) >= PREFERENCE.indexOf(run.status) ? best : run),
      null,
    )
}

/** A training that is ready to start. `finished` holds the finished runs of the trainings before it in the plan. */
export function prepare(
  profile: Profile,
  { folds }: Plan,
  planned: PlannedTraining,
  finished: Finished,
): { readonly prepared: PreparedRun; readonly wanted: Wanted } | Unready {
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
    const wanted = {
      config: computed(JSON.parse(JSON.stringify(config))),
      likeness: likeness(config.kind, parent?.run ?? null, parent?.epoch ?? null, prepared.content),
      equal: new Map<string, boolean>(),
    }
    return { prepared, wanted }
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    return { prepared: null, reason: error.message, waits: false }
  }
}

/** Looks up a training. */
export function lookUp(profile: Profile, plan: Plan, planned: PlannedTraining, finished: Finished): Found {
  const ready = prepare(profile, plan, planned, finished)
  if (!ready.prepared) return ready
  const { prepared, wanted } = ready
  const sketches = sketchesOf(profile, prepared.study.id)
  const match = matchOf(profile, sketches, wanted)
  const finishedLike = (sketches.get(wanted.likeness) ?? []).filter(({ status }) => status === 'finished')
  function beginning(): RunRow | null {
    if (match) return null
    const candidates = finishedLike.map(({ id }) => ({ id, config: computedBy(profile, id) }))
    const shorter = beginningOf(wanted.config, candidates)
    return shorter === null ? null : findRun(profile, shorter)
  }
  return {
    prepared,
    run: match && findRun(profile, match.id),
    beginning,
    computes: JSON.stringify([wanted.likeness, wanted.config]),
  }
}
