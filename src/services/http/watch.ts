/** The stream of events for the window: state of the engine, log of the runs, changes of lists. */
import type { AppEvent } from '../../contract/api.ts'
import type { Profile } from '../profile/profile.ts'
import { markInterrupted } from '../runs/interrupted.ts'
import { eventsAfter, lastEvent } from '../runs/log.ts'
import type { EngineWatch } from './engine-state.ts'

/** Time between two `state` events. Rows that another process wrote are found with the next event. */
const HEARTBEAT_MS = 2000

const PAGE = 500

/** SQL for a text that changes with the list, except for changes that the log reports. */
const FINGERPRINTS = {
  studies: `SELECT json_array(COUNT(*), COUNT(hidden_at), MAX(id),
    (SELECT json_array(COUNT(*), MAX(id), COUNT(identity)) FROM volumes)) FROM studies`,
  runs: `SELECT json_array(COUNT(*), COUNT(hidden_at),
    json_group_array(json_array(id, queue_place)) FILTER (WHERE queue_place IS NOT NULL)) FROM runs`,
  reproductions: `SELECT json_array(json_group_array(json_array(id, status)),
    (SELECT COUNT(*) FROM runs WHERE status = 'finished'), (SELECT MAX(id) FROM evaluations)) FROM reproductions`,
  classical: 'SELECT json_array(COUNT(*), COUNT(hidden_at), MAX(id)) FROM classical_settings',
} as const

const fingerprint = ({ db }: Profile, what: keyof typeof FINGERPRINTS) =>
  db.prepare(FINGERPRINTS[what]).pluck().get() as string

/**
 * Yields events until the signal is aborted. Old log lines after `afterSeq` come first. Without `afterSeq`, and if
 * `afterSeq` is higher than any line of the profile, only new lines come.
 */
export async function* watch(
  profile: Profile,
  engines: EngineWatch,
  afterSeq: number | undefined,
  signal: AbortSignal,
): AsyncGenerator<AppEvent, void> {
  let seq = Math.min(afterSeq ?? Number.POSITIVE_INFINITY, lastEvent(profile))
  const lists = (Object.keys(FINGERPRINTS) as (keyof typeof FINGERPRINTS)[]).map(what => ({
    what,
    seen: fingerprint(profile, what),
  }))
  let rung = false
  let wake = () => {}
  const hear = () => {
    rung = true
    wake()
  }
  const unlisten = profile.bell.listen(hear)
  signal.addEventListener('abort', hear)
  let beatAt = Number.NEGATIVE_INFINITY
  try {
    while (!signal.aborted && profile.db.open) {
      if (performance.now() - beatAt >= HEARTBEAT_MS) {
        beatAt = performance.now()
        markInterrupted(profile)
        yield { type: 'state', engine: engines.state() }
        continue
      }
      rung = false
      const page = eventsAfter(profile, seq, PAGE)
      for (const logged of page) {
        seq = logged.seq
        yield { type: 'run', logged }
      }
      for (const list of lists) {
        const now = fingerprint(profile, list.what)
        if (now === list.seen) continue
        list.seen = now
        yield { type: 'changed', what: list.what }
      }
      if (rung || page.length === PAGE) continue
      await new Promise<void>(resolve => {
        const timer = setTimeout(resolve, Math.max(0, HEARTBEAT_MS - (performance.now() - beatAt)))
        wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
  } finally {
    unlisten()
    signal.removeEventListener('abort', hear)
  }
}
