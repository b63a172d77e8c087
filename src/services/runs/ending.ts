/** Records why a training ended without finishing. */
import { AppError, type ErrorCode, reasonOf } from '../../contract/errors.ts'
import { databaseError } from '../profile/db/errors.ts'
import type { Profile } from '../profile/profile.ts'
import type { StopSignal } from '../profile/signals.ts'
import { cancelRun, failRun, interruptRun, pauseRun } from './store.ts'

/** Reasons to stop a training, other than an error. `leave`: the command ends, and a job goes on without it. */
export type Stop = 'cancel' | 'pause' | 'leave' | Closing

/** The program is closed, or a signal stops it. */
export type Closing = 'close' | StopSignal

/** The reason in words. @param when the end of the sentence */
export const closedReason = (how: Closing, when: string): string =>
  how === 'close' ? `The program was closed ${when}.` : `${how} stopped the program ${when}.`

/** Errors after which a run can continue: its process or its job ended, or it has no device after its job has ended. */
const INTERRUPTING: ReadonlySet<ErrorCode> = new Set(['ENGINE_DIED', 'JOB_ENDED', 'JOB_REFUSED', 'DEVICE_BUSY'])

/** Stores that a training was stopped. */
function recordStop(profile: Profile, run: string, stop: Stop): void {
  if (stop === 'cancel') cancelRun(profile, run, 'Cancelled')
  else if (stop === 'pause') pauseRun(profile, run)
  else interruptRun(profile, run, closedReason(stop === 'leave' ? 'close' : stop, 'while the run was going on'))
}

/** Stores why a run did not finish. */
export function recordFailure(profile: Profile, run: string, thrown: unknown, stop: Stop = 'cancel'): void {
  if (!profile.db.open) return // the reason was stored when the program closed
  const error = databaseError(thrown)
  const fault = error instanceof AppError ? error : null
  const message = reasonOf(error)
  if (fault?.code === 'CANCELLED') recordStop(profile, run, stop)
  else if (fault?.code === 'JOB_CONTINUES') interruptRun(profile, run, message)
  else if (fault && INTERRUPTING.has(fault.code)) interruptRun(profile, run, message, fault)
  else failRun(profile, run, message, fault)
}
