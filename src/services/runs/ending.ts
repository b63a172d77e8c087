/** Why a training ended before its end, and what its row says then. */
import { AppError } from '../../contract/errors.ts'
import type { Services } from '../context.ts'
import { databaseError } from '../db/errors.ts'
import type { StopSignal } from '../signals.ts'
import { cancelRun, failRun, interruptRun, pauseRun } from './store.ts'

/** What ends a training before its end, when it is not a fault. */
export type Stop = 'cancel' | 'pause' | Closing

/** The program is closed, or a signal stops it. */
export type Closing = 'close' | StopSignal

/** `when`: for the end of a sentence. */
export const closedReason = (how: Closing, when: string): string =>
  how === 'close' ? `The program was closed ${when}.` : `${how} stopped the program ${when}.`

/** Writes that a training was stopped. */
function recordStop(services: Services, run: string, stop: Stop): void {
  if (stop === 'cancel') cancelRun(services, run, 'Cancelled')
  else if (stop === 'pause') pauseRun(services, run)
  else interruptRun(services, run, closedReason(stop, 'while the run was going on'))
}

/** Writes how a run ended that did not finish: its row says why. */
export function recordFailure(services: Services, run: string, thrown: unknown, stop: Stop = 'cancel'): void {
  if (!services.db.open) return // its row was written as the program closed
  const error = databaseError(thrown)
  const fault = error instanceof AppError ? error : null
  const message = error instanceof Error ? error.message : String(error)
  if (fault?.code === 'CANCELLED') recordStop(services, run, stop)
  else if (fault?.code === 'ENGINE_DIED') interruptRun(services, run, message, fault)
  else failRun(services, run, message, fault)
}
