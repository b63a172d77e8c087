/** The two ways in which a reproduction trains: at once, for the command line, or as the window does, through its queue. */
import { AppError } from '../../contract/errors.ts'
import type { RunStatus } from '../../contract/runs.ts'
import type { Services } from '../context.ts'
import { markInterrupted } from '../interrupted.ts'
import { prepareResumption, resumeRun } from '../resume.ts'
import { findRun } from '../runs.ts'
import { type RunOptions, startRun } from '../training.ts'
import type { Trainer } from './driver.ts'

/** How often a run of another program, which rings no bell here, is looked at. */
const POLL_MS = 2000

const GOES_ON: readonly RunStatus[] = ['queued', 'running']

/** Resolves once the run's status is none of these. Rejects with `CANCELLED` once the signal is aborted or the profile is closed. */
async function untilNo(
  services: Services,
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
      const cancelled = signal?.aborted || !services.db.open
      if (cancelled) stop(() => reject(new AppError('CANCELLED', 'Cancelled')))
      else if (!these.includes(findRun(services, run).status)) stop(resolve)
    }
    const poll = () => {
      if (services.db.open) markInterrupted(services)
      look()
    }
    const unlisten = services.bell.listen(look)
    const timer = setInterval(poll, POLL_MS)
    signal?.addEventListener('abort', look)
    look()
  })
}

/** `options` are asked for as each training begins. */
export const trainAtOnce = (services: Services, options: () => RunOptions): Trainer => ({
  train: async prepared => (await startRun(services, prepared, options())).id,
  resume: run => resumeRun(services, run, options()),
  follow: run => untilNo(services, run, GOES_ON, options().signal),
})

/** One that its user pauses is waited for; once the signal is aborted the training is paused, its state written. */
export function trainThroughQueue(services: Services, signal: AbortSignal): Trainer {
  async function ended(run: string): Promise<string> {
    const pause = () => void services.queue.stopRun(run, 'pause')
    signal.addEventListener('abort', pause)
    try {
      await untilNo(services, run, [...GOES_ON, 'paused'], signal)
      return run
    } catch (error) {
      if (services.db.open) await untilNo(services, run, GOES_ON)
      throw error
    } finally {
      signal.removeEventListener('abort', pause)
    }
  }
  return {
    train: prepared => ended(services.queue.add([prepared])[0]),
    async resume(run) {
      services.queue.resume(run, await prepareResumption(services, run, { signal }))
      return ended(run)
    },
    follow: run => untilNo(services, run, [...GOES_ON, 'paused'], signal),
  }
}
