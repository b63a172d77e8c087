/** Brings one training of a plan to its end: finds, resumes, follows or starts its run. */
import process from 'node:process'
import { AppError, type ErrorCode, throwIfCancelled } from '../../contract/errors.ts'
import type { RunRow } from '../../contract/runs.ts'
import type { ScoreAfter } from '../../engine/process/protocol.ts'
import type { Profile } from '../profile/profile.ts'
import { findRun, storedRun } from '../runs/runs.ts'
import type { PreparedRun } from '../runs/training.ts'
import type { OpenProfile } from '../studies/contents/reader.ts'
import { goOnFrom } from './beginning.ts'
import { type Finished, lookUp } from './lookup.ts'
import { paceNotes } from './pace-doubts.ts'
import type { Plan } from './plan.ts'
import type { PlannedTraining } from './planned.ts'
import { scoresAfter } from './scores.ts'

/** A training of a plan that goes on. */
export interface Going {
  readonly planned: PlannedTraining
  /** Aborted if the reproduction ends. With the reason `leave` the training may go on without the reproduction. */
  readonly signal: AbortSignal
  /** Scores that a job computes after the training. */
  readonly scores: readonly ScoreAfter[]
}

/**
 * Trains directly, or through the window's queue. Several trainings may go on at once. Each promise resolves when the
 * run has ended, with any status.
 */
export interface Trainer {
  /** Returns the run's id. */
  train(prepared: PreparedRun, going: Going): Promise<string>
  resume(run: string, going: Going): Promise<unknown>
  /** Waits for a run that is queued or trained elsewhere. */
  follow(run: string, going: Going): Promise<unknown>
}

/** What all trainings of a plan have in common while the plan is carried out. */
export interface Course {
  readonly opened: OpenProfile
  readonly plan: Plan
  readonly trainer: Trainer
  readonly signal: AbortSignal
  readonly finished: Finished
  /** Trainings that go on, by what they compute. */
  readonly computing: Map<string, Promise<unknown>>
  readonly onTraining?: (planned: PlannedTraining) => void
}

/**
 * Throws `CANCELLED` if this program was closed during the training, and `JOB_REFUSED` if the scheduler refused the
 * training's job. The run can be resumed later.
 */
function throwIfEnding(profile: Profile, run: string): void {
  const { status, reason, pid, fault } = storedRun(profile, run)
  if (status !== 'interrupted' || pid !== process.pid) return
  if (fault === null) throw new AppError('CANCELLED', reason ?? 'The program was closed.')
  if (fault === 'JOB_REFUSED') throw new AppError('JOB_REFUSED', reason ?? 'The job was refused.')
}

/** Whether another attempt is useless, because the loss would become NaN again. */
const isHopeless = (profile: Profile, { id, status }: RunRow) =>
  status === 'failed' && storedRun(profile, id).fault === 'NOT_FINITE'

const goesOn = ({ status }: Pick<RunRow, 'status'>) => status === 'queued' || status === 'running'

const hasCode = (error: unknown, code: ErrorCode) => error instanceof AppError && error.code === code

/** Resumes a run, unless the queue or another program has just resumed the run. */
async function resume({ opened: { profile }, trainer }: Course, run: string, going: Going): Promise<void> {
  try {
    await trainer.resume(run, going)
  } catch (error) {
    if (!hasCode(error, 'STATE_CONFLICT') || !goesOn(storedRun(profile, run))) throw error
    await trainer.follow(run, going)
  }
}

/** Returns the finished run of a training. Throws the reason if the training cannot finish. */
export async function ensure(course: Course, planned: PlannedTraining): Promise<RunRow> {
  const { opened, plan, trainer, signal, finished, computing, onTraining } = course
  const { profile, engines } = opened
  let told = false
  for (let tried = false; ; ) {
    throwIfCancelled(signal)
    const found = lookUp(profile, plan, planned, finished)
    if (!found.prepared) throw new AppError('INVALID_ARGUMENT', found.reason)
    const { prepared, run, beginning, computes } = found
    if (run?.status === 'finished') return run
    const same = computing.get(computes)
    if (same) {
      await same
      continue
    }
    if (!told) onTraining?.(planned)
    told = true
    if (run && !goesOn(run) && (tried || isHopeless(profile, run)))
      throw new AppError('STATE_CONFLICT', run.reason ?? run.status)

    /** The number of the run that has ended. */
    async function attempt(): Promise<string> {
      // A local engine ignores the scores.
      const scores = engines.isRemote ? await scoresAfter(opened, plan, planned, signal) : []
      const going: Going = { planned, signal, scores }
      if (run && goesOn(run)) {
        await trainer.follow(run.id, going)
        return run.id
      }
      tried = true
      const shorter = beginning()
      const notes = paceNotes(profile, planned, finished)
      const id = run?.resumable ? run.id : shorter && goOnFrom(profile, prepared, shorter, notes)
      if (!id) return trainer.train({ ...prepared, scores, notes: [...prepared.notes, ...notes] }, going)
      await resume(course, id, going)
      return id
    }
    const work = attempt()
    const settled = work.then(
      () => {},
      () => {},
    )
    computing.set(computes, settled)
    const ended = await work.finally(() => computing.delete(computes))
    throwIfEnding(profile, ended)
    const after = findRun(profile, ended)
    if (after.status === 'finished') return after
  }
}
