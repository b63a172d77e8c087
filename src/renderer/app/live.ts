/** Events of the host: the engine's state and the log of runs. A lost connection is opened again. */
import type { QueryClient } from '@tanstack/react-query'
import { create } from 'zustand'
import type { AppEvent } from '../../contract/api.ts'
import type { EngineState } from '../../contract/engine.ts'
import type { RunJob } from '../../contract/execution.ts'
import type { LoggedEvent, RunDetail, RunView } from '../../contract/runs.ts'
import { atMostEvery2Seconds } from './at-most.ts'
import { client } from './client.ts'
import { withEvent } from './log.ts'
import { progressAfter, type RunProgress } from './progress.ts'

export interface Live {
  readonly connected: boolean
  readonly engine: EngineState | null
  /** By run. */
  readonly progress: Readonly<Record<string, RunProgress>>
  /** Runs that have been asked to stop and have not yet. */
  readonly stopping: Readonly<Record<string, 'Cancelling…' | 'Cancelling the job…' | 'Pausing…'>>
}

export const useLive = create<Live>(() => ({ connected: false, engine: null, progress: {}, stopping: {} }))

/** `null`: it has stopped, or goes on. */
export function markStopping(run: string, how: Live['stopping'][string] | null): void {
  useLive.setState(({ stopping: { [run]: _, ...others } }) => ({
    stopping: how === null ? others : { ...others, [run]: how },
  }))
}

export function takeProgress(run: string, events: readonly LoggedEvent[]): void {
  useLive.setState(({ progress }) => ({
    progress: { ...progress, [run]: events.reduce(progressAfter, progress[run] ?? null) as RunProgress },
  }))
}

/** The host says something every two seconds. */
const SILENCE_MS = 7000
const RETRY_MS = 1000

/** What is read of one of a list, by the list's name. */
const SINGLE: Readonly<Record<string, string>> = { studies: 'study', reproductions: 'reproduction' }

/** Puts the new state of a run's job into the data that was read. */
function takeJob(run: string, job: RunJob, queries: QueryClient): void {
  queries.setQueryData<RunView[]>(['runs'], runs => runs?.map(each => (each.id === run ? { ...each, job } : each)))
  queries.setQueryData<RunDetail>(['run', run], detail => detail && { ...detail, run: { ...detail.run, job } })
}

function take(event: AppEvent, queries: QueryClient, reloadRuns: () => void): void {
  if (event.type === 'state') {
    useLive.setState({ engine: event.engine })
  } else if (event.type === 'changed') {
    void queries.invalidateQueries({ queryKey: [event.what] })
    const single = SINGLE[event.what]
    if (single) void queries.invalidateQueries({ queryKey: [single] })
  } else {
    const { logged } = event
    if (logged.event.type === 'job') takeJob(logged.run, logged.event.job, queries)
    else takeProgress(logged.run, [logged])
    queries.setQueryData<RunDetail>(
      ['run', logged.run],
      detail => detail && { ...detail, events: withEvent(detail.events, logged) },
    )
    // A query under way may still return epochs that this event discards. Later events make data fresh again, so data
    // of a run that no screen shows is read at once, too.
    const single = { queryKey: ['run', logged.run], refetchType: 'all' } as const
    if (logged.event.type === 'resumed' || logged.event.type === 'started') void queries.invalidateQueries(single)
    if (logged.event.type === 'status' || logged.event.type === 'checkpoint') {
      reloadRuns()
      if (logged.event.type === 'status') {
        void queries.invalidateQueries(single)
        if (logged.event.status !== 'running') markStopping(logged.run, null)
      }
    }
  }
}

/**
 * Follows the host until `signal`. After silence or an error it connects again and continues after the last log line.
 */
export async function followHost(queries: QueryClient, signal: AbortSignal): Promise<void> {
  // With many trainings their statuses and checkpoints change several times a second.
  const reloadRuns = atMostEvery2Seconds(() => void queries.invalidateQueries({ queryKey: ['runs'] }))
  let afterSeq: number | undefined
  let missed = false
  while (!signal.aborted) {
    const line = new AbortController()
    const end = () => line.abort()
    signal.addEventListener('abort', end, { once: true })
    let silence = setTimeout(end, SILENCE_MS)
    try {
      for await (const event of await client.app.watch({ afterSeq }, { signal: line.signal })) {
        clearTimeout(silence)
        silence = setTimeout(end, SILENCE_MS)
        if (!useLive.getState().connected) {
          useLive.setState({ connected: true })
          if (missed) void queries.invalidateQueries()
          missed = false
        }
        if (event.type === 'run') afterSeq = event.logged.seq
        take(event, queries, reloadRuns)
      }
    } catch {
      // Shown as 'reconnecting' below, and tried again.
    } finally {
      clearTimeout(silence)
      line.abort()
      signal.removeEventListener('abort', end)
    }
    if (signal.aborted) return
    missed = true
    useLive.setState({ connected: false })
    await new Promise(resolve => setTimeout(resolve, RETRY_MS))
  }
}
