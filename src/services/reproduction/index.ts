/** Reproduces the original work on a study, for the command line and the window. */
import { AppError, reasonOf } from '../../contract/errors.ts'
import type { ReproductionReport, ReproductionRequest } from '../../contract/reproduction.ts'
import type { Profile } from '../profile/profile.ts'
import { requireRuns } from '../profile/runs-folder.ts'
import { closedReason } from '../runs/ending.ts'
import type { WithQueue } from '../runs/queue.ts'
import { goThrough, type Steps } from './driver.ts'
import type { Trainer } from './ensure.ts'
import { planOf } from './kept-plans.ts'
import { withKnown } from './known.ts'
import type { Plan } from './plan.ts'
import { failuresOf, newFailures, progressOf } from './progress.ts'
import { assemble } from './report.ts'
import { claim, findOrAdd, setStatus, storedReproduction } from './store.ts'

export { planOf } from './kept-plans.ts'
export type { Plan } from './plan.ts'
export type { PlannedRow, PlannedTraining } from './planned.ts'
export { partLabel, partNames, viewReproduction } from './progress.ts'

export function reportOf(profile: Profile, id: number): ReproductionReport {
  const { request, createdAt } = storedReproduction(profile, id)
  return assemble(profile, planOf(profile, request), createdAt, failuresOf(profile, id))
}

export interface Begun {
  readonly id: number
  readonly plan: Plan
  /** Carries out the plan. Stores the final status in the reproduction's row. */
  carryOut(trainer: Trainer, steps?: Steps): Promise<void>
  /** @param slots number of trainings that may go on at once */
  progress(slots: number): ReturnType<typeof progressOf>
  /** The report with all rows that are finished now. */
  report(): ReproductionReport
}

/** Stores why a reproduction ended early. */
function setEnd({ profile, queue: { closed, leavesJobs } }: WithQueue, id: number, error: unknown): void {
  const code = error instanceof AppError ? error.code : null
  if (code !== 'CANCELLED' && code !== 'JOB_CONTINUES') {
    setStatus(profile, id, 'failed', { reason: reasonOf(error) })
    return
  }
  const goesOn = code === 'JOB_CONTINUES' ? reasonOf(error) : null
  const reason = closed ? closedReason(closed, 'during the reproduction') : goesOn
  setStatus(profile, id, 'stopped', { reason, continues: closed !== null && (closed !== 'close' || leavesJobs) })
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
    progress: slots => progressOf(opened.profile, plan, failuresOf(opened.profile, id), slots),
    report: () =>
      assemble(opened.profile, plan, storedReproduction(opened.profile, id).createdAt, failuresOf(opened.profile, id)),
    async carryOut(trainer, steps) {
      try {
        const failures = newFailures(opened.profile, id)
        await goThrough(opened, plan, trainer, steps, failures)
        const reason = failures.size > 0 ? `${failures.size} trainings or rows failed.` : null
        setStatus(opened.profile, id, 'finished', { reason })
      } catch (error) {
        if (opened.profile.db.open) setEnd(opened, id, error)
        throw error
      } finally {
        release()
      }
    },
  }
}
