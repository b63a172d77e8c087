/** Runs for the screens. */
import { notesOf } from '../../contract/notes.ts'
import type { RunDetail, RunView } from '../../contract/runs.ts'
import { TrainingSummary } from '../../contract/training-summary.ts'
import type { Profile } from '../profile/profile.ts'
import { methodOf, networkOf } from './catalogue.ts'
import { eventsOf } from './log.ts'
import {
  checkpointsOf,
  findRun,
  isPretrained,
  keptCheckpoint,
  lineage,
  type StoredRun,
  storedRun,
  storedRuns,
  toRunRow,
  toRunRows,
} from './runs.ts'
import { setHidden } from './store.ts'

interface Ancestor {
  readonly kind: string
  readonly start_path: string | null
  readonly summary: string | null
}

function toView(profile: Profile, row: StoredRun, run = toRunRow(profile, row)): RunView {
  const { db } = profile
  const line = lineage(profile, String(row.id))
  const places = line.map(() => '?').join()
  const patients = (role: 'train' | 'val') =>
    db
      .prepare(`SELECT DISTINCT patient FROM run_patients WHERE role = ? AND run_id IN (${places})`)
      .pluck()
      .all(role, ...line) as string[]
  const ancestors = line.map(
    id => db.prepare('SELECT kind, start_path, summary FROM runs WHERE id = ?').get(id) as Ancestor,
  )
  return {
    ...run,
    startedAt: row.started_at,
    queuePosition: row.status === 'queued' ? row.queue_place : null,
    methodLabel: run.method && methodOf(run.method).label,
    arbitraryUnits: isPretrained(run),
    trainedPatients: patients('train'),
    validatedPatients: patients('val'),
    unknownTraining: ancestors.some(({ kind, start_path }) => kind === 'import' || start_path !== null),
    keptEpoch: row.kind === 'import' ? null : (keptCheckpoint(profile, row.id)?.epoch ?? null),
    secondsBefore: ancestors
      .slice(1)
      .flatMap(({ summary }) => (summary ? [TrainingSummary.parse(JSON.parse(summary)).seconds.steps] : []))
      .reduce((sum, seconds) => sum + seconds, 0),
  }
}

/** All runs that are not hidden. */
export function viewRuns(profile: Profile): RunView[] {
  const rows = storedRuns(profile).filter(row => row.hidden_at === null)
  const runs = toRunRows(profile, rows)
  return rows.map((row, i) => toView(profile, row, runs[i]))
}

export function viewRun(profile: Profile, run: string): RunDetail {
  const row = storedRun(profile, run)
  const events = eventsOf(profile, run)
  return {
    run: toView(profile, row),
    environment: JSON.parse(row.environment),
    notes: events.flatMap(({ event }) => notesOf(event)),
    checkpoints: checkpointsOf(profile, row.id),
    events,
  }
}

/** Names of the layers of a run's network, in the order in which an image goes through them. */
export function layersOf(profile: Profile, run: string): string[] {
  const { network, config } = findRun(profile, run)
  const { layers, config: schema } = networkOf(network)
  return layers(schema.parse(config.networkConfig))
}

/** Hides a run or shows it again. Its files stay. */
export function setRunHidden(profile: Profile, run: string, hidden: boolean): void {
  setHidden(profile, String(storedRun(profile, run).id), hidden)
}
