/**
 * The two ways in which a reproduction trains: at once, for the command line, or as the window does, through its queue.
 */
import { AppError } from '../../contract/errors.ts'
import type { RunStatus } from '../../contract/runs.ts'
import type { Profile } from '../profile/profile.ts'
import { markInterrupted } from '../runs/interrupted.ts'
import type { WithQueue } from '../runs/queue.ts'
import { prepareResumption, resumeRun } from '../runs/resume.ts'
import { findRun } from '../runs/runs.ts'
import { type RunOptions, startRun } from '../runs/training.ts'
import type { OpenProfile } from '../studies/contents/reader.ts'
import type { Trainer } from './driver.ts'

/** How often a run of another program, which rings no bell here, is looked at. */
const POLL_MS = 2000

const GOES_ON: readonly RunStatus[] = ['queued', 'running']

/**
 * Resolves once the run's status is none of these. Rejects with `CANCELLED` once the signal is aborted or the profile
 * is closed.
 */
async function untilNo(
  profile: Profile,
  run: string,
  these: readonly RunStatus[],
  signal?: AbortSignal,
): Promise<void> {
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

/** `options` are asked for as each training begins. */
export const trainAtOnce = (opened: OpenProfile, options: () => RunOptions): Trainer => ({
  train: async prepared => (await startRun(opened, prepared, options())).id,
  resume: run => resumeRun(opened, run, options()),
  follow: run => untilNo(opened.profile, run, GOES_ON, options().signal),
})

/** One that its user pauses is waited for; once the signal is aborted the training is paused, its state written. */
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
