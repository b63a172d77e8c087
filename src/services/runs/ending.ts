/** Why a training ended before its end, and what its row says then. */
import { AppError } from '../../contract/errors.ts'
import { databaseError } from '../profile/db/errors.ts'
import type { Profile } from '../profile/profile.ts'
import type { StopSignal } from '../profile/signals.ts'
import { cancelRun, failRun, interruptRun, pauseRun } from './store.ts'

/** What ends a training before its end, when it is not a fault. */
export type Stop = 'cancel' | 'pause' | Closing

/** The program is closed, or a signal stops it. */
export type Closing = 'close' | StopSignal

/** `when`: for the end of a sentence. */
export const closedReason = (how: Closing, when: string): string =>
  how === 'close' ? `The program was closed ${when}.` : `${how} stopped the program ${when}.`

/** Writes that a training was stopped. */
function recordStop(profile: Profile, run: string, stop: Stop): void {
  if (stop === 'cancel') cancelRun(profile, run, 'Cancelled')
  else if (stop === 'pause') pauseRun(profile, run)
  else interruptRun(profile, run, closedReason(stop, 'while the run was going on'))
}

/** Writes how a run ended that did not finish: its row says why. */
export function recordFailure(profile: Profile, run: string, thrown: unknown, stop: Stop = 'cancel'): void {
  if (!profile.db.open) return // its row was written as the program closed
  const error = databaseError(thrown)
  const fault = error instanceof AppError ? error : null
  const message = error instanceof Error ? error.message : String(error)
  if (fault?.code === 'CANCELLED') recordStop(profile, run, stop)
  else if (fault?.code === 'ENGINE_DIED') interruptRun(profile, run, message, fault)
  else failRun(profile, run, message, fault)
}
