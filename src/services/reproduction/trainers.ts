/** The two trainers of a reproduction: directly for the command line, and through the queue for the window. */
import { AppError } from '../../contract/errors.ts'
import type { RunStatus } from '../../contract/runs.ts'
import type { Profile } from '../profile/profile.ts'
import type { Stop } from '../runs/ending.ts'
import { markInterrupted } from '../runs/interrupted.ts'
import type { WithQueue } from '../runs/queue.ts'
import { prepareResumption, resumeRun } from '../runs/resume.ts'
import { requireHere } from '../runs/runs.ts'
import { type RunOptions, startRun } from '../runs/training.ts'
import type { OpenProfile } from '../studies/contents/reader.ts'
import type { Going, Trainer } from './ensure.ts'
import type { PlannedTraining } from './planned.ts'

/** Interval for checking runs of other programs, because these programs do not ring this program's bell. */
const POLL_MS = 2000

type Look = (status: RunStatus | undefined) => void

const GOES_ON: readonly RunStatus[] = ['queued', 'running']

/**
 * Waits for runs. The returned function resolves when the run's status is none of `these`. It rejects with `CANCELLED`
 * if the signal is aborted or the profile is closed, and with `STATE_CONFLICT` if a process of another machine has the
 * run.
 */
function watchRuns(profile: Profile) {
  /** The runs that are waited for, by the functions that look at their statuses. */
  const looks = new Map<Look, string>()
  const statusesOf = profile.db
    .prepare('SELECT CAST(id AS TEXT), status FROM runs WHERE id IN (SELECT value FROM json_each(?))')
    .raw()
  const statuses = (runs: readonly string[]) =>
    new Map(profile.db.open ? (statusesOf.all(JSON.stringify(runs.map(Number))) as [string, RunStatus][]) : [])
  let looksSoon = false
  function lookAll(): void {
    looksSoon = false
    const now = statuses([...looks.values()])
    for (const [look, run] of [...looks]) look(now.get(run))
  }
  /** The bell rings at each row that a training writes, so several rings are heard together. */
  function hear(): void {
    if (!looksSoon) setImmediate(lookAll)
    looksSoon = true
  }
  const poll = () => {
    if (profile.db.open) markInterrupted(profile)
    lookAll()
  }
  let unlisten = () => {}
  let timer: NodeJS.Timeout | undefined
  function add(look: Look, run: string): void {
    if (looks.size === 0) {
      unlisten = profile.bell.listen(hear)
      timer = setInterval(poll, POLL_MS)
    }
    looks.set(look, run)
  }
  function remove(look: Look): void {
    looks.delete(look)
    if (looks.size > 0) return
    unlisten()
    clearInterval(timer)
  }

  return async (run: string, these: readonly RunStatus[], signal?: AbortSignal): Promise<void> => {
    requireHere(profile, run)
    await new Promise<void>((resolve, reject) => {
      const stop = (settle: () => void) => {
        remove(look)
        signal?.removeEventListener('abort', lookNow)
        settle()
      }
      const look: Look = status => {
        if (signal?.aborted || !profile.db.open) stop(() => reject(new AppError('CANCELLED', 'Cancelled')))
        else if (!these.includes(status as RunStatus)) stop(resolve)
      }
      const lookNow = () => look(statuses([run]).get(run))
      add(look, run)
      signal?.addEventListener('abort', lookNow)
      lookNow()
    })
  }
}

/** Trains directly. `options` is called before each training. */
export function trainAtOnce(opened: OpenProfile, options: (planned: PlannedTraining) => RunOptions): Trainer {
  const untilNo = watchRuns(opened.profile)
  const optionsOf = ({ planned, signal }: Going): RunOptions => {
    const { signal: own, stop, ...others } = options(planned)
    const why = (): Stop => (own?.aborted ? (stop?.() ?? 'cancel') : 'leave')
    return { ...others, signal: own ? AbortSignal.any([own, signal]) : signal, stop: why }
  }
  return {
    train: async (prepared, going) => (await startRun(opened, prepared, optionsOf(going))).id,
    resume: (run, going) => resumeRun(opened, run, { ...optionsOf(going), scores: going.scores }),
    follow: (run, going) => untilNo(run, GOES_ON, optionsOf(going).signal),
  }
}

/**
 * Trains through the queue. Waits for runs that the user pauses. If the signal is aborted, pauses the trainings, unless
 * the queue stops them. If the reproduction ends by itself, its trainings go on in the queue.
 * @param unasked The program continues the reproduction by itself. Jobs that the user cancelled then stay cancelled.
 */
export function trainThroughQueue(opened: WithQueue, signal: AbortSignal, unasked = false): Trainer {
  const untilNo = watchRuns(opened.profile)
  async function ended(run: string, going: Going): Promise<string> {
    let isPausing = false
    const pause = () => {
      if (!opened.queue.closed) isPausing = opened.queue.stopRun(run, 'pause')
    }
    if (signal.aborted) pause()
    signal.addEventListener('abort', pause)
    try {
      await untilNo(run, [...GOES_ON, 'paused'], going.signal)
      return run
    } catch (error) {
      if (isPausing && opened.profile.db.open) await untilNo(run, GOES_ON)
      throw error
    } finally {
      signal.removeEventListener('abort', pause)
    }
  }
  return {
    train: (prepared, going) => ended(opened.queue.add([prepared])[0], going),
    async resume(run, going) {
      const options = { signal: going.signal, scores: going.scores, startsAgain: !unasked }
      opened.queue.resume(run, await prepareResumption(opened, run, options))
      return ended(run, going)
    },
    follow: ended,
  }
}
