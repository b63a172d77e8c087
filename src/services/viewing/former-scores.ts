/**
 * Scores of version 349f561 and before, whose keys name volumes by name and size. If the files were not written since,
 * the score gets a present key. A reproduction then finds the score, and does not compute it again.
 */
import type { Evaluation } from '../../contract/evaluation.ts'
import type { StudyVolume } from '../../contract/studies.ts'
import type { EvaluationSettings } from '../../core/evaluate.ts'
import type { Profile } from '../profile/profile.ts'
import { olderThan } from '../runs/former-runs.ts'
import { studyById } from '../studies/studies.ts'
import { scoreKey } from './score-key.ts'

interface Row {
  readonly id: number
  readonly request: string
  readonly result: string
  readonly created_at: string
}

/** The name of a volume in the keys of those versions. */
const formerName = ({ file, patient, slices, rows, columns, bytes }: StudyVolume): string =>
  [file, patient, slices, rows, columns, bytes].join('|')

/** Whether this version computes the score of those versions. Of other volumes it may omit slices, or apply no mask. */
const scoredAlike = ({ content }: StudyVolume): boolean =>
  content?.sampling.kind === 'full' && content.faults.length === 0 && content.remarks.length === 0

export function adoptFormerScores(profile: Profile, study: number): void {
  const { db } = profile
  const rows = db
    .prepare("SELECT id, request, result, created_at FROM evaluations WHERE request LIKE '%|%'")
    .all() as Row[]
  if (rows.length === 0) return
  const { kind, volumes } = studyById(profile, study)
  const named = new Map(volumes.filter(scoredAlike).map(volume => [formerName(volume), volume]))
  const rename = db.prepare('UPDATE evaluations SET request = ? WHERE id = ?')
  for (const { id, request, result, created_at } of rows) {
    const { settings, volumes: names } = JSON.parse(request) as { settings: EvaluationSettings; volumes: string[] }
    const scored = names.flatMap(name => named.get(name) ?? [])
    const { volumes: scores } = JSON.parse(result) as Evaluation
    const theirs =
      scored.length === names.length &&
      scores.every(({ sampling }) => sampling === 'masked here') &&
      (kind === 'demonstration' || scored.every(volume => olderThan(volume, created_at)))
    if (theirs) rename.run(scoreKey(settings, scored), id)
  }
}
