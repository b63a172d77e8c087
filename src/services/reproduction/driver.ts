/**
 * Carries out a plan. Finished trainings are used, interrupted trainings are resumed, and missing trainings are
 * started. Then every row is scored.
 */
import process from 'node:process'
import { AppError, reasonOf, throwIfCancelled } from '../../contract/errors.ts'
import type { RunRow } from '../../contract/runs.ts'
import type { Profile } from '../profile/profile.ts'
import { findRun, storedRun } from '../runs/runs.ts'
import type { PreparedRun } from '../runs/training.ts'
import type { OpenProfile } from '../studies/contents/reader.ts'
import { goOnFrom } from './beginning.ts'
import { timeRow } from './classical-pace.ts'
import { type Finished, inTurn, lookUp } from './lookup.ts'
import { paceNotes } from './pace-doubts.ts'
import type { Plan } from './plan.ts'
import type { PlannedRow, PlannedTraining } from './planned.ts'
import { score } from './scores.ts'

/**
 * Trains directly, or through the window's queue. Each promise resolves when the run has ended, with any status.
 */
export interface Trainer {
  /** Returns the run's id. */
  train(prepared: PreparedRun): Promise<string>
  resume(run: string): Promise<unknown>
  /** Waits for a run that is queued or trained elsewhere. */
  follow(run: string): Promise<unknown>
}

export interface Steps {
  /** Called when a training begins. `null`: scoring begins. */
  readonly onPart?: (planned: PlannedTraining | null) => void
  /** Called with the computed share of a classical row, 0 to 1. */
  readonly onClassical?: (row: PlannedRow, share: number) => void
  readonly signal?: AbortSignal
  /** If true, the first failure is thrown. If false, failures are collected, and the other rows are computed. */
  readonly stopAtFailure?: boolean
}

/** Reasons for missing trainings and rows, by key. */
export type Failures = Map<string, string>

/** Throws `CANCELLED` if this program was closed during the training. The run can be resumed later. */
function throwIfClosed(profile: Profile, { id, status, reason }: RunRow): void {
  const { pid, fault } = storedRun(profile, id)
  if (status === 'interrupted' && fault === null && pid === process.pid)
    throw new AppError('CANCELLED', reason ?? 'The program was closed.')
}

/** Whether another attempt is useless, because the loss would become NaN again. */
const isHopeless = (profile: Profile, { id, status }: RunRow) =>
  status === 'failed' && storedRun(profile, id).fault === 'NOT_FINITE'

/** Returns the finished run of a training. Throws the reason if the training cannot finish. */
async function ensure(
  profile: Profile,
  plan: Plan,
  planned: PlannedTraining,
  finished: Finished,
  trainer: Trainer,
  { onPart, signal }: Steps,
): Promise<RunRow> {
  let told = false
  for (let tried = false; ; ) {
    throwIfCancelled(signal)
    const found = lookUp(profile, plan, planned, finished)
    if (!found.prepared) throw new AppError('INVALID_ARGUMENT', found.reason)
    const { prepared, run, beginning } = found
    if (run?.status === 'finished') return run
    if (!told) onPart?.(planned)
    told = true
    if (run && (run.status === 'queued' || run.status === 'running')) {
      await trainer.follow(run.id)
      throwIfClosed(profile, findRun(profile, run.id))
      continue
    }
    if (run && (tried || isHopeless(profile, run))) throw new AppError('STATE_CONFLICT', run.reason ?? run.status)
    tried = true
    const shorter = beginning()
    const notes = paceNotes(profile, planned, finished)
    let id = run?.resumable ? run.id : shorter && goOnFrom(profile, prepared, shorter, notes)
    if (id) await trainer.resume(id)
    else id = await trainer.train({ ...prepared, notes: [...prepared.notes, ...notes] })
    throwIfClosed(profile, findRun(profile, id))
  }
}

/**
 * Carries out a plan, and adds its failures to `failures`, which are returned. Rejects with `CANCELLED` if the signal
 * is aborted or the program closes. Finished trainings and scores stay.
 */
export async function goThrough(
  opened: OpenProfile,
  plan: Plan,
  trainer: Trainer,
  steps: Steps = {},
  failures: Failures = new Map(),
): Promise<Failures> {
  const { signal, onPart, onClassical, stopAtFailure } = steps
  const finished: Finished = new Map()

  async function attempt(key: string, work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      if (!opened.profile.db.open) throw new AppError('CANCELLED', 'The program was closed.')
      throwIfCancelled(signal)
      if (stopAtFailure || (error instanceof AppError && error.code === 'CANCELLED')) throw error
      if (!(error instanceof AppError)) console.error(error)
      failures.set(key, reasonOf(error))
    }
  }
  async function scoreRows(training: string | null): Promise<void> {
    onPart?.(null)
    for (const row of plan.rows.filter(each => each.training === training && !plan.known.has(each.key)))
      await attempt(row.key, () => {
        const time = row.classical && timeRow(opened.profile, plan, row)
        const onShare = (share: number) => {
          time?.(share)
          if (time) onClassical?.(row, share)
        }
        return score(opened, plan, row, finished, { signal, onShare })
      })
  }

  await scoreRows(null)
  for (let turn = 0; turn < plan.trainings.length; turn++) {
    const planned = inTurn(plan, finished)[turn]
    await attempt(planned.key, async () => {
      finished.set(planned.key, await ensure(opened.profile, plan, planned, finished, trainer, steps))
    })
    if (finished.has(planned.key)) await scoreRows(planned.key)
  }
  return failures
}
