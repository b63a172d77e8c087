/** The original work reproduced on a study, for the command line and for the window. */
import { AppError } from '../../contract/errors.ts'
import type { Reproduction, ReproductionReport, ReproductionRequest } from '../../contract/reproduction.ts'
import type { RunStatus } from '../../contract/runs.ts'
import type { Profile } from '../profile/profile.ts'
import { closedReason } from '../runs/ending.ts'
import type { WithQueue } from '../runs/queue.ts'
import { studyById } from '../studies/studies.ts'
import { type Failures, goThrough, type Steps, type Trainer } from './driver.ts'
import { secondsLeft, type Timed } from './estimate.ts'
import { withKnown } from './known.ts'
import { inTurn, survey } from './lookup.ts'
import { makePlan, type Plan } from './plan.ts'
import type { PlannedTraining } from './planned.ts'
import { assemble } from './report.ts'
import { claim, findOrAdd, type StoredReproduction, setStatus, storedReproduction } from './store.ts'

export type { Plan } from './plan.ts'
export type { PlannedTraining } from './planned.ts'

export const planOf = (profile: Profile, request: ReproductionRequest): Plan =>
  makePlan(request, studyById(profile, request.study))

/** With its fold and its seed, where there are several. */
export function trainingLabel({ folds, request }: Plan, { label, fold, config }: PlannedTraining): string {
  return [
    label,
    ...(folds.length > 1 ? [`${folds[fold].name} left out`] : []),
    ...(request.seeds > 1 ? [`seed ${config.seed}`] : []),
  ].join(', ')
}

const ENDED_BADLY: readonly (RunStatus | undefined)[] = ['failed', 'cancelled']

/** Where a plan is, and what comes next of what can be trained. */
export function progressOf(profile: Profile, plan: Plan) {
  const { found, finished } = survey(profile, plan)
  const timed = plan.trainings.flatMap(({ key, group, estimate, spared }): Timed[] => {
    const each = found.get(key)!
    const run = each.prepared && each.run
    if (!each.prepared && !each.waits) return []
    if (ENDED_BADLY.includes(run?.status)) return []
    const summary = finished.get(key)?.summary
    const { steps, validation, preparation } = summary?.seconds ?? { steps: 0, validation: 0, preparation: 0 }
    const done = run ? Math.min(1, run.epochs.done / run.epochs.planned) : Math.min(1, spared / estimate)
    return [{ group, estimate, seconds: summary ? steps + validation + preparation : null, done }]
  })
  const next = inTurn(plan, finished).find(({ key }) => {
    const each = found.get(key)!
    return each.prepared && !finished.has(key) && !ENDED_BADLY.includes(each.run?.status)
  })
  return { done: finished.size, planned: plan.trainings.length, secondsLeft: secondsLeft(timed), next }
}

/** As the screens see it. */
export function viewReproduction(profile: Profile, stored: StoredReproduction): Reproduction {
  const { request, status } = stored
  const study = studyById(profile, request.study)
  const view = { ...stored, study: study.name, current: null }
  try {
    const plan = makePlan(request, study)
    const { next, ...progress } = progressOf(profile, plan)
    const current = next ? trainingLabel(plan, next) : 'Scoring'
    return { ...view, ...progress, current: status === 'running' ? current : null }
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    return { ...view, reason: error.message, done: 0, planned: 0, secondsLeft: null } // its study is another one by now
  }
}

/** Failures of this process's attempts, which the profile does not hold. */
const attempts = new WeakMap<Profile, Map<number, Failures>>()

export function reportOf(profile: Profile, id: number): ReproductionReport {
  const { request, createdAt } = storedReproduction(profile, id)
  return assemble(profile, planOf(profile, request), createdAt, attempts.get(profile)?.get(id))
}

export interface Begun {
  readonly id: number
  readonly plan: Plan
  /** Works on it to its end; its row says how that was. */
  carryOut(trainer: Trainer, steps?: Steps): Promise<void>
  /** As it is now. */
  report(): ReproductionReport
}

/**
 * Claims a reproduction for this program; throws what is wrong with the request. Rows that `before` has are taken from
 * it.
 */
export function begin(
  opened: WithQueue,
  of: { readonly request: ReproductionRequest } | { readonly id: number },
  before: ReproductionReport | null = null,
): Begun {
  const asked = 'id' in of ? storedReproduction(opened.profile, of.id).request : of.request
  const whole = planOf(opened.profile, asked)
  const plan = before ? withKnown(whole, before) : whole
  const id = 'id' in of ? of.id : findOrAdd(opened.profile, plan.request)
  const release = claim(opened.profile, id)
  return {
    id,
    plan,
    report: () =>
      assemble(
        opened.profile,
        plan,
        storedReproduction(opened.profile, id).createdAt,
        attempts.get(opened.profile)?.get(id),
      ),
    async carryOut(trainer, steps) {
      try {
        const failures = await goThrough(opened, plan, trainer, steps)
        attempts.set(opened.profile, (attempts.get(opened.profile) ?? new Map()).set(id, failures))
        setStatus(opened.profile, id, 'finished', failures.size > 0 ? `${failures.size} of its parts failed.` : null)
      } catch (error) {
        const cancelled = error instanceof AppError && error.code === 'CANCELLED'
        const reason = error instanceof Error ? error.message : String(error)
        const { closed } = opened.queue
        const stopped = closed && closedReason(closed, 'while it was going on')
        if (opened.profile.db.open)
          setStatus(opened.profile, id, cancelled ? 'stopped' : 'failed', cancelled ? stopped : reason)
        throw error
      } finally {
        release()
      }
    },
  }
}
