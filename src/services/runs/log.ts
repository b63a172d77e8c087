/**
 * The log of runs. Each event is first written as a row, then watchers are notified and read new rows. History,
 * reconnection and live updates use this path. Rows from other processes, such as the command line, arrive the same
 * way.
 */
import type { RunJob } from '../../contract/execution.ts'
import { KERNELS_CHANGED } from '../../contract/kernels.ts'
import type { LoggedEvent, Position, RunEvent, TrainingEvent } from '../../contract/runs.ts'
import { statementOf } from '../profile/db/statement.ts'
import { runFile, storedRunFile } from '../profile/paths.ts'
import type { Profile } from '../profile/profile.ts'

/** The code of the note that another device continues a run. */
export const DEVICE_CHANGED = 'device-changed'

type Row = { readonly seq: number; readonly run_id: number; readonly at: string; readonly event: string }

const toEvent = ({ seq, run_id, at, event }: Row): LoggedEvent => ({
  seq,
  run: String(run_id),
  at,
  event: JSON.parse(event),
})

/** The event with converted paths of the run's files. */
function placed<Event extends RunEvent>(event: Event, place: (path: string) => string): Event {
  if (event.type === 'checkpoint' && event.head !== undefined)
    return { ...event, path: place(event.path), head: place(event.head) }
  if (event.type === 'job') return { ...event, job: { ...event.job, folder: place(event.job.folder) } }
  return event.type === 'checkpoint' || event.type === 'state' || event.type === 'preview'
    ? { ...event, path: place(event.path) }
    : event
}

/** The event for the log, with paths relative to the folder of all runs. */
export const asStored = (profile: Profile, event: TrainingEvent): TrainingEvent =>
  placed(event, path => storedRunFile(profile, path))

/** The event with the present absolute paths. */
const asNow = (profile: Profile, logged: LoggedEvent): LoggedEvent => ({
  ...logged,
  event: placed(logged.event, path => runFile(profile, path)),
})

export function logEvent({ db, bell }: Profile, run: string, event: RunEvent): void {
  const insert = statementOf(db, 'INSERT INTO events (run_id, at, event) VALUES (?, ?, ?)')
  insert.run(Number(run), new Date().toISOString(), JSON.stringify(event))
  bell.ring()
}

/**
 * Removes the run's last line about its job if only the words have changed since. While a job waits, the scheduler
 * expects other starts and gives other reasons. `false`: there was no such line.
 */
export function forgetJobWords({ db }: Profile, run: string, { state, id, node }: RunJob): boolean {
  const { changes } = db
    .prepare(`
    DELETE FROM events
      WHERE seq = (SELECT MAX(seq) FROM events WHERE run_id = @run AND event GLOB '{"type":"job"*')
        AND event ->> '$.job.state' = @state AND event ->> '$.job.id' IS @id AND event ->> '$.job.node' IS @node
    `)
    .run({ run: Number(run), state, id, node })
  return changes > 0
}

/** The highest `seq` in the log. 0 in an empty log. */
export const lastEvent = ({ db }: Profile): number =>
  (db.prepare('SELECT MAX(seq) AS seq FROM events').get() as { seq: number | null }).seq ?? 0

/** At most `limit` lines after `seq`, in order. */
export const eventsAfter = (profile: Profile, seq: number, limit: number): LoggedEvent[] =>
  (profile.db.prepare('SELECT * FROM events WHERE seq > ? ORDER BY seq LIMIT ?').all(seq, limit) as Row[]).map(row =>
    asNow(profile, toEvent(row)),
  )

/** All lines of a run after `seq`, with stored paths. */
export const eventsOfRunAfter = ({ db }: Profile, run: string, seq: number): LoggedEvent[] =>
  (
    statementOf(db, 'SELECT * FROM events WHERE run_id = ? AND seq > ? ORDER BY seq').all(Number(run), seq) as Row[]
  ).map(toEvent)

/** Removes a run's lines after a position, because the training computes them again. */
export function forgetAfter({ db }: Profile, run: string, { step, epoch }: Position): void {
  db.prepare(`
    DELETE FROM events WHERE run_id = @run AND CASE event ->> '$.type'
      WHEN 'step' THEN event ->> '$.step' > @step
      WHEN 'checkpoint' THEN event ->> '$.step' > @step
      WHEN 'state' THEN event ->> '$.at.step' > @step
      WHEN 'preview' THEN event ->> '$.epoch' > @epoch
      WHEN 'epoch' THEN event ->> '$.figures.epoch' > @epoch
      WHEN 'note' THEN event ->> '$.code' IN (@kernels, @device) AND event ->> '$.data.step' >= @step
      ELSE 0 END`).run({ run: Number(run), step, epoch, kernels: KERNELS_CHANGED, device: DEVICE_CHANGED })
}

/** Largest number of steps that are returned. A plot has no more pixels. */
const STEPS_SHOWN = 2000

/** A run's lines, in order. The steps of a long run are thinned evenly. */
export function eventsOf(profile: Profile, run: string): LoggedEvent[] {
  const rows = profile.db
    .prepare(`
      WITH numbered AS (
        SELECT *, event GLOB '{"type":"step"*' AS step,
          ROW_NUMBER() OVER (PARTITION BY event GLOB '{"type":"step"*' ORDER BY seq) AS place
        FROM events WHERE run_id = @run
      )
      SELECT seq, run_id, at, event FROM numbered
      WHERE NOT step OR place % (1 + (SELECT COUNT(*) FROM numbered WHERE step) / @steps) = 0 ORDER BY seq`)
    .all({ run: Number(run), steps: STEPS_SHOWN }) as Row[]
  return rows.map(row => asNow(profile, toEvent(row)))
}
