/** Reproduces the original work on a study, for the command line and the window. */
import { AppError, reasonOf } from '../../contract/errors.ts'
import type { Reproduction, ReproductionReport, ReproductionRequest } from '../../contract/reproduction.ts'
import type { RunStatus } from '../../contract/runs.ts'
import type { Profile } from '../profile/profile.ts'
import { requireRuns } from '../profile/runs-folder.ts'
import { closedReason } from '../runs/ending.ts'
import type { WithQueue } from '../runs/queue.ts'
import { studyById } from '../studies/studies.ts'
import { classicalProgress } from './classical-pace.ts'
import { type Failures, goThrough, type Steps, type Trainer } from './driver.ts'
import { secondsLeft, type Timed } from './estimate.ts'
import { withKnown } from './known.ts'
import { inTurn, survey } from './lookup.ts'
import { makePlan, type Plan } from './plan.ts'
import type { PlannedRow, PlannedTraining } from './planned.ts'
import { assemble } from './report.ts'
import { claim, findOrAdd, type StoredReproduction, setStatus, storedReproduction } from './store.ts'

export type { Plan } from './plan.ts'
export type { PlannedRow, PlannedTraining } from './planned.ts'

export const planOf = (profile: Profile, request: ReproductionRequest): Plan =>
  makePlan(request, studyById(profile, request.study))

/** The label of a training or of a classical row, with fold and seed if there are several. */
export function partLabel({ folds, request }: Plan, part: PlannedTraining | PlannedRow): string {
  const { label, fold } = part
  return [
    label,
    ...(folds.length > 1 ? [`${folds[fold].name} left out`] : []),
    ...(request.seeds > 1 && 'config' in part ? [`seed ${part.config.seed}`] : []),
  ].join(', ')
}

/** Failures of this process, by reproduction. They are not stored in the profile. */
const attempts = new WeakMap<Profile, Map<number, Failures>>()

const failuresOf = (profile: Profile, id: number): Failures | undefined => attempts.get(profile)?.get(id)

const ENDED_BADLY: readonly (RunStatus | undefined)[] = ['failed', 'cancelled']

/** Progress of a plan, and the next classical row or training. */
export function progressOf(profile: Profile, plan: Plan, failures: Failures = new Map()) {
  const { found, finished } = survey(profile, plan)
  const timed = plan.trainings.flatMap(({ key, group, estimate, spared }): Timed[] => {
    const each = found.get(key)!
    const run = each.prepared && each.run
    if (!each.prepared && !each.waits) return []
    if (ENDED_BADLY.includes(run?.status)) return []
    const summary = finished.get(key)?.summary
    const { steps, validation, preparation } = summary?.seconds ?? { steps: 0, validation: 0, preparation: 0 }
    const done = run ? Math.min(1, run.epochs.done / run.epochs.planned) : Math.min(1, spared / estimate)
    return [{ kind: 'training', group, estimate, seconds: summary ? steps + validation + preparation : null, done }]
  })
  const next = inTurn(plan, finished).find(({ key }) => {
    const each = found.get(key)!
    return each.prepared && !finished.has(key) && !ENDED_BADLY.includes(each.run?.status)
  })
  const classical = classicalProgress(profile, plan, key => failures.has(key))
  return {
    done: finished.size + classical.done,
    planned: plan.trainings.length + classical.planned,
    secondsLeft: secondsLeft([...classical.timed, ...timed]),
    next: classical.next ?? next,
    /** Computed share of the next classical row, 0 to 1. `null`: a training is next. */
    share: classical.next && classical.share,
  }
}

/** The reproduction for the screens. */
export function viewReproduction(profile: Profile, stored: StoredReproduction): Reproduction {
  const { request, status } = stored
  const study = studyById(profile, request.study)
  const view = { ...stored, study: study.name, current: null }
  try {
    const plan = makePlan(request, study)
    const { next, share, ...progress } = progressOf(profile, plan, failuresOf(profile, stored.id))
    const far = share === null ? '' : `, ${Math.round(100 * share)} %`
    const current = next ? partLabel(plan, next) + far : 'Scoring'
    return { ...view, ...progress, current: status === 'running' ? current : null }
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    return { ...view, reason: error.message, done: 0, planned: 0, secondsLeft: null } // the study has changed
  }
}

export function reportOf(profile: Profile, id: number): ReproductionReport {
  const { request, createdAt } = storedReproduction(profile, id)
  return assemble(profile, planOf(profile, request), createdAt, failuresOf(profile, id))
}

export interface Begun {
  readonly id: number
  readonly plan: Plan
  /** Carries out the plan. Stores the final status in the reproduction's row. */
  carryOut(trainer: Trainer, steps?: Steps): Promise<void>
  progress(): ReturnType<typeof progressOf>
  /** The report with all rows that are finished now. */
  report(): ReproductionReport
}

/**
 * Claims a reproduction for this program. Throws if the request is invalid.
 * Rows with equal identity in `before` are not computed again.
 */
export function begin(
  opened: WithQueue,
  of: { readonly request: ReproductionRequest } | { readonly id: number },
  before: ReproductionReport | null = null,
): Begun {
  const request = 'id' in of ? storedReproduction(opened.profile, of.id).request : of.request
  const whole = planOf(opened.profile, request)
  const plan = before ? withKnown(whole, before) : whole
  const id = 'id' in of ? of.id : findOrAdd(opened.profile, plan.request)
  requireRuns(opened.profile)
  const release = claim(opened.profile, id)
  return {
    id,
    plan,
    progress: () => progressOf(opened.profile, plan, failuresOf(opened.profile, id)),
    report: () =>
      assemble(opened.profile, plan, storedReproduction(opened.profile, id).createdAt, failuresOf(opened.profile, id)),
    async carryOut(trainer, steps) {
      try {
        const failures: Failures = new Map()
        attempts.set(opened.profile, (attempts.get(opened.profile) ?? new Map()).set(id, failures))
        await goThrough(opened, plan, trainer, steps, failures)
        setStatus(
          opened.profile,
          id,
          'finished',
          failures.size > 0 ? `${failures.size} trainings or rows failed.` : null,
        )
      } catch (error) {
        const cancelled = error instanceof AppError && error.code === 'CANCELLED'
        const reason = reasonOf(error)
        const { closed } = opened.queue
        const stopped = closed && closedReason(closed, 'during the reproduction')
        if (opened.profile.db.open)
          setStatus(opened.profile, id, cancelled ? 'stopped' : 'failed', cancelled ? stopped : reason)
        throw error
      } finally {
        release()
      }
    },
  }
}
