/** Scores that a job computes after its training, where the training was. */
import { existsSync } from 'node:fs'
import type { TrainingSummary } from '../../../contract/training-summary.ts'
import { trainedNetwork } from '../../../core/models/trained.ts'
import type { Calls, TrainRequest } from '../../../engine/process/protocol.ts'
import { scoreFile } from './job-files.ts'
import type { History } from './job-history.ts'

export interface MissingScore {
  readonly file: string
  readonly params: Calls['evaluate']['params']
}

/** The scores that are not stored yet. A milestone that the training did not reach has none. */
export function missingScores(
  folder: string,
  { scores = [], config }: TrainRequest,
  { checkpoint: kept }: TrainingSummary,
  { checkpoints }: History,
): MissingScore[] {
  const pathOf = (weights: 'kept' | number) =>
    weights === 'kept'
      ? kept.path
      : checkpoints.find(({ role, epoch }) => role === 'milestone' && epoch === weights)?.path
  const all = scores.flatMap(({ weights, request }): MissingScore[] => {
    const checkpoint = pathOf(weights)
    if (checkpoint === undefined) return []
    const params = { ...request, reconstructor: { ...trainedNetwork(config), checkpoint } }
    return [{ file: scoreFile(folder, params), params }]
  })
  return all.filter(({ file }) => !existsSync(file))
}
