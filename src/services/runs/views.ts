/** Runs for the screens. */
import { notesOf } from '../../contract/notes.ts'
import type { RunDetail, RunRow, RunView } from '../../contract/runs.ts'
import { trainedNetwork } from '../../core/models/trained.ts'
import type { Profile } from '../profile/profile.ts'
import { methodOf, networkOf } from './catalogue.ts'
import { eventsOf } from './log.ts'
import { networkFacts, type TrainedCoils, trainedCoilsIn } from './network-facts.ts'
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

type Role = 'train' | 'val'

interface Relative {
  readonly id: number
  readonly parent_id: number | null
  readonly kind: string
  readonly start_path: string | null
  /** Seconds of the training's steps. */
  readonly seconds: number | null
  readonly patients: Readonly<Record<Role, string[]>>
}

/** Runs with their ancestors, by number. */
type Family = ReadonlyMap<number, Relative>

/** Reads runs at once, because a list has many. @param ids the runs and their ancestors */
function familyOf({ db }: Profile, ids: readonly number[]): Family {
  const these = JSON.stringify(ids)
  const rows = db
    .prepare(
      `SELECT id, parent_id, kind, start_path, summary ->> '$.seconds.steps' AS seconds FROM runs
        WHERE id IN (SELECT value FROM json_each(?))`,
    )
    .all(these) as Omit<Relative, 'patients'>[]
  const family = new Map(
    rows.map(row => [row.id, { ...row, patients: { train: [] as string[], val: [] as string[] } }]),
  )
  const patients = db
    .prepare(
      `SELECT run_id, role, patient FROM run_patients WHERE run_id IN (SELECT value FROM json_each(?))
        ORDER BY run_id, patient`,
    )
    .raw()
    .all(these) as [number, Role, string][]
  for (const [run, role, patient] of patients) family.get(run)?.patients[role].push(patient)
  return family
}

/** The run and its ancestors, the run first. */
function lineIn(family: Family, id: number): Relative[] {
  const line: Relative[] = []
  for (let next = family.get(id); next; next = family.get(next.parent_id ?? 0)) line.push(next)
  return line
}

function toView(profile: Profile, row: StoredRun, family: Family, run: RunRow, coilsOf: TrainedCoils): RunView {
  const facts = networkFacts(run.config)
  const line = lineIn(family, row.id)
  const patients = (role: Role) => [...new Set(line.flatMap(relative => relative.patients[role]))]
  return {
    ...run,
    startedAt: row.started_at,
    queuePosition: row.status === 'queued' ? row.queue_place : null,
    methodLabel: run.method && methodOf(run.method).label,
    arbitraryUnits: isPretrained(run),
    trainedPatients: patients('train'),
    validatedPatients: patients('val'),
    ...facts,
    trainedCoils: facts.takes === 'magnitude' ? null : coilsOf(row),
    unknownTraining: line.some(({ kind, start_path }) => kind === 'import' || start_path !== null),
    keptEpoch: row.kind === 'import' ? null : (keptCheckpoint(profile, row.id)?.epoch ?? null),
    secondsBefore: line.slice(1).reduce((sum, { seconds }) => sum + (seconds ?? 0), 0),
  }
}

/** All runs that are not hidden. */
export function viewRuns(profile: Profile): RunView[] {
  const all = storedRuns(profile)
  const rows = all.filter(row => row.hidden_at === null)
  const runs = toRunRows(profile, rows)
  const family = familyOf(
    profile,
    all.map(({ id }) => id),
  )
  const coilsOf = trainedCoilsIn(profile)
  return rows.map((row, i) => toView(profile, row, family, runs[i], coilsOf))
}

export function viewRun(profile: Profile, run: string): RunDetail {
  const row = storedRun(profile, run)
  const events = eventsOf(profile, run)
  return {
    run: toView(
      profile,
      row,
      familyOf(profile, lineage(profile, run)),
      toRunRow(profile, row),
      trainedCoilsIn(profile),
    ),
    environment: JSON.parse(row.environment),
    notes: events.flatMap(({ event }) => notesOf(event)),
    checkpoints: checkpointsOf(profile, row.id),
    events,
  }
}

/** Names of the layers of the network that a run trained, in the order in which an image goes through them. */
export function layersOf(profile: Profile, run: string): string[] {
  const { network, networkConfig } = trainedNetwork(findRun(profile, run).config)
  const { layers, config: schema } = networkOf(network)
  return layers(schema.parse(networkConfig))
}

/** Hides a run or shows it again. Its files stay. */
export function setRunHidden(profile: Profile, run: string, hidden: boolean): void {
  setHidden(profile, String(storedRun(profile, run).id), hidden)
}
