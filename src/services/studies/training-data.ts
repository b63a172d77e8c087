/** The volumes that a training uses, and the digest that identifies their contents. */
import { createHash } from 'node:crypto'
import type { RunConfig } from '../../contract/runs.ts'
import type { Study, StudyVolume } from '../../contract/studies.ts'
import type { Role } from '../../contract/volumes.ts'
import { volumesOf } from './studies.ts'

/**
 * Those of a role with a selected slice, and with ground truth where the training needs it. k-space that was not
 * measured in one set of columns for all slices is never trained on.
 */
export const trainable = (
  study: Pick<Study, 'volumes' | 'slices'>,
  role: Role,
  kind: RunConfig['kind'],
): StudyVolume[] =>
  volumesOf(study, role).filter(
    ({ targetShape, sampling }) => (kind === 'pretrain' || targetShape) && sampling.kind !== 'irregular',
  )

/**
 * SHA-256 of the volumes in their order: their contents and roles, wherever the files are. The name counts as well,
 * because masks of the validation are drawn from it.
 */
export function contentDigest(volumes: readonly StudyVolume[]): string {
  const facts = volumes.map(({ file, role, content }) => [file, role, content?.identity])
  return createHash('sha256').update(JSON.stringify(facts)).digest('hex')
}
