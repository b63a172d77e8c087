/**
 * Why a control of equal time may have too many or too few epochs. Its epochs follow from the times of other trainings,
 * which were measured on different kinds of device, or while other trainings ran on the machine.
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
const hadCompany = ({ db }: Profile, { id }: RunRow): boolean =>
  db
    .prepare(
      `SELECT 1 FROM runs AS own JOIN runs AS other ON other.id <> own.id
        AND coalesce(other.environment ->> '$.host', other.host) IS coalesce(own.environment ->> '$.host', own.host)
        AND other.started_at < own.finished_at
        AND (other.finished_at > own.started_at OR other.status = 'running')
        WHERE own.id = ? LIMIT 1`,
    )
    .get(Number(id)) !== undefined

/** The finished runs whose times give the length of the control. Empty for other trainings. */
const measuredFor = ({ asLongAs }: PlannedTraining, finished: Finished): RunRow[] =>
  asLongAs ? [asLongAs.pace, ...asLongAs.trainings].flatMap(key => finished.get(key) ?? []) : []

export function paceDoubts(profile: Profile, planned: PlannedTraining, finished: Finished): PaceDoubt[] {
  const runs = measuredFor(planned, finished)
  return [
    ...(sameKind(...runs.map(run => timedRun(profile, run))) ? [] : (['other kinds'] as const)),
    ...(runs.some(run => hadCompany(profile, run)) ? (['trainings beside'] as const) : []),
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
      'This control has as many epochs as fit into the times of other trainings, and ' +
      `${words[doubt]()}. The control may have too many or too few epochs.`,
  }))
}
