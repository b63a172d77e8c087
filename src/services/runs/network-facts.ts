/** What a window must know of a run's network: what it takes and gives, and with how many coils it was trained. */
import type { RunView } from '../../contract/runs.ts'
import { trainedNetwork } from '../../core/models/trained.ts'
import { givesOf } from '../../core/viewing/given.ts'
import { statementOf } from '../profile/db/statement.ts'
import type { Profile } from '../profile/profile.ts'
import { networkOf } from './catalogue.ts'
import { contentDigestOf, type StoredRun } from './runs.ts'

/** Of the network whose weights the run has. */
export function networkFacts(run: RunView['config']): Pick<RunView, 'takes' | 'gives' | 'cascades'> {
  const { network: id, networkConfig } = trainedNetwork(run)
  const network = networkOf(id)
  if (!network.gives) return { takes: network.takes, gives: [], cascades: 0 }
  const config = network.config.parse(networkConfig)
  return {
    takes: network.takes,
    gives: [...givesOf({ network, config })],
    cascades: network.cascades?.(config) ?? 0,
  }
}

export type TrainedCoils = (row: StoredRun) => RunView['trainedCoils']

/** Of runs that have their contents. Runs with one content digest used equal volumes, so these are read only once. */
export function trainedCoilsIn({ db }: Profile): TrainedCoils {
  const read = statementOf(
    db,
    `SELECT MIN(volumes.info ->> '$.coils') AS least, MAX(volumes.info ->> '$.coils') AS most
      FROM run_volumes JOIN volumes ON volumes.study_id = ? AND volumes.identity = run_volumes.identity
      WHERE run_volumes.run_id = ? AND run_volumes.role = 'train'`,
  )
  const known = new Map<string, RunView['trainedCoils']>()
  return row => {
    const digest = contentDigestOf(row)
    if (typeof digest !== 'string') return null // older programs did not record the volumes
    const key = JSON.stringify([row.study_id, row.kind, digest])
    const found = known.get(key)
    if (found !== undefined) return found
    const { least, most } = read.get(row.study_id, row.id) as { least: number | null; most: number | null }
    const coils: RunView['trainedCoils'] = least === null || most === null ? null : [least, most]
    known.set(key, coils)
    return coils
  }
}
