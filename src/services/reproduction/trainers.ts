/** The two trainers of a reproduction: directly for the command line, and through the queue for the window. */
import { AppError } from '../../contract/errors.ts'
import type { RunStatus } from '../../contract/runs.ts'
import type { Profile } from '../profile/profile.ts'
import { markInterrupted } from '../runs/interrupted.ts'
import type { WithQueue } from '../runs/queue.ts'
import { prepareResumption, resumeRun } from '../runs/resume.ts'
import { findRun, requireHere } from '../runs/runs.ts'
import { type RunOptions, startRun } from '../runs/training.ts'
import type { OpenProfile } from '../studies/contents/reader.ts'
import type { Trainer } from './driver.ts'

/** Interval for checking a run of another program, because that program does not ring this program's bell. */
const POLL_MS = 2000

const GOES_ON: readonly RunStatus[] = ['queued', 'running']

/**
 * Resolves when the run's status is none of `these`. Rejects with `CANCELLED` if the signal is aborted or the profile
 * is closed, and with `STATE_CONFLICT` if a process of another machine has the run.
 */
async function untilNo(
  profile: Profile,
  run: string,
  these: readonly RunStatus[],
  signal?: AbortSignal,
): Promise<void> {
  requireHere(profile, run)
  await new Promise<void>((resolve, reject) => {
    const stop = (settle: () => void) => {
      unlisten()
      clearInterval(timer)
      signal?.removeEventListener('abort', look)
      settle()
    }
    const look = () => {
      const cancelled = signal?.aborted || !profile.db.open
      if (cancelled) stop(() => reject(new AppError('CANCELLED', 'Cancelled')))
      else if (!these.includes(findRun(profile, run).status)) stop(resolve)
    }
    const poll = () => {
      if (profile.db.open) markInterrupted(profile)
      look()
    }
    const unlisten = profile.bell.listen(look)
    const timer = setInterval(poll, POLL_MS)
    signal?.addEventListener('abort', look)
    look()
  })
}

/** Trains directly. `options` is called before each training. */
export const trainAtOnce = (opened: OpenProfile, options: () => RunOptions): Trainer => ({
  train: async prepared => (await startRun(opened, prepared, options())).id,
  resume: run => resumeRun(opened, run, options()),
  follow: run => untilNo(opened.profile, run, GOES_ON, options().signal),
})

/** Trains through the queue. Waits for a run that the user pauses. If the signal is aborted, pauses the training. */
export function trainThroughQueue(opened: WithQueue, signal: AbortSignal): Trainer {
  async function ended(run: string): Promise<string> {
    const pause = () => void opened.queue.stopRun(run, 'pause')
    signal.addEventListener('abort', pause)
    try {
      await untilNo(opened.profile, run, [...GOES_ON, 'paused'], signal)
      return run
    } catch (error) {
      if (opened.profile.db.open) await untilNo(opened.profile, run, GOES_ON)
      throw error
    } finally {
      signal.removeEventListener('abort', pause)
    }
  }
  return {
    train: prepared => ended(opened.queue.add([prepared])[0]),
    async resume(run) {
      opened.queue.resume(run, await prepareResumption(opened, run, { signal }))
      return ended(run)
    },
    follow: run => untilNo(opened.profile, run, [...GOES_ON, 'paused'], signal),
  }
}
