/**
 * Why a training of equal time may have too many or too few epochs. Its epochs follow from the times of other
 * trainings, which were measured on different kinds of device, or while other trainings ran on the machine.
 */
import type { Note } from '../../contract/notes.ts'
import type { PaceDoubt } from '../../contract/reproduction.ts'
import type { RunRow } from '../../contract/runs.ts'
import { sameKind, type Timed, trainedOnInWords } from '../../contract/trained-on.ts'
import type { Profile } from '../profile/profile.ts'
import { trainedOnOf } from '../runs/environment.ts'
import { storedRun } from '../runs/runs.ts'
import type { Finished } from './lookup.ts'
import type { PlannedTraining } from './planned.ts'

/** The devices and the kernels of a finished run. */
export const timedRun = (profile: Profile, { id, summary }: RunRow): Timed & Pick<Required<Timed>, 'trainedOn'> => ({
  trainedOn: trainedOnOf(storedRun(profile, id).environment),
  kernels: summary?.kernels ?? [],
})

/** Whether another training ran on the run's machine meanwhile. */
export type HadCompany = (run: RunRow) => boolean

interface Interval {
  readonly id: number
  readonly host: string | null
  readonly started: string
  /** `null`: the training goes on. */
  readonly finished: string | null
}

/**
 * Reads when the trainings of this machine and of other machines went on. A run with a job had no company: the
 * scheduler gave it its processors, and its times are those at which this program heard of its events.
 */
export function readCompany({ db }: Profile): HadCompany {
  const rows = db
    .prepare(
      `SELECT id, coalesce(environment ->> '$.host', host) AS host, started_at AS started,
          CASE WHEN status <> 'running' THEN finished_at END AS finished
        FROM runs
        WHERE job IS NULL AND started_at IS NOT NULL AND (finished_at IS NOT NULL OR status = 'running')`,
    )
    .all() as Interval[]
  return run => {
    const own = rows.find(({ id }) => id === Number(run.id))
    if (!own) return false
    return rows.some(
      ({ id, host, started, finished }) =>
        id !== own.id &&
        host === own.host &&
        (own.finished === null || started < own.finished) &&
        (finished === null || finished > own.started),
    )
  }
}

/** The finished runs whose times give the length of the control. Empty for other trainings. */
const measuredFor = ({ asLongAs }: PlannedTraining, finished: Finished): RunRow[] =>
  asLongAs ? [asLongAs.pace, ...asLongAs.trainings].flatMap(key => finished.get(key) ?? []) : []

export function paceDoubts(
  profile: Profile,
  planned: PlannedTraining,
  finished: Finished,
  hadCompany: HadCompany = readCompany(profile),
): PaceDoubt[] {
  const runs = measuredFor(planned, finished)
  return [
    ...(sameKind(...runs.map(run => timedRun(profile, run))) ? [] : (['other kinds'] as const)),
    ...(runs.some(hadCompany) ? (['trainings beside'] as const) : []),
  ]
}

/** The doubts as notes of the control's run. */
export function paceNotes(profile: Profile, planned: PlannedTraining, finished: Finished): Note[] {
  const devices = () =>
    trainedOnInWords(measuredFor(planned, finished).flatMap(run => timedRun(profile, run).trainedOn))
  const words = {
    'other kinds': () => `these were measured on different kinds of device or with other kernels (${devices()})`,
    'trainings beside': () => 'other trainings ran on the machine while these were measured',
  }
  return paceDoubts(profile, planned, finished).map(doubt => ({
    level: 'info',
    code: 'pace-doubt',
    data: { doubt },
    text:
      'This training has as many epochs as fit into the times of other trainings, and ' +
      `${words[doubt]()}. The training may have too many or too few epochs.`,
  }))
}
