/** The volumes that a training uses, and the digest that identifies their contents. */
import { createHash } from 'node:crypto'
import type { RunConfig } from '../../contract/runs.ts'
import type { Study, StudyVolume } from '../../contract/studies.ts'
import { mayHaveTruth, type Role } from '../../contract/volumes.ts'
import { volumesOf } from './studies.ts'

/**
 * Volumes of a role with a selected slice, and with ground truth if the training needs it. An unread volume may get a
 * ground truth. Volumes with irregular sampling are never used for training.
 */
export const trainable = (
  study: Pick<Study, 'volumes' | 'slices'>,
  role: Role,
  kind: RunConfig['kind'],
): StudyVolume[] =>
  volumesOf(study, role).filter(
    volume => (kind === 'pretrain' || mayHaveTruth(volume)) && volume.sampling.kind !== 'irregular',
  )

/**
 * SHA-256 of the volumes in their order: contents, roles and file names, but not paths. File names are included because
 * they are the seeds of validation masks.
 */
export function contentDigest(volumes: readonly StudyVolume[]): string {
  const facts = volumes.map(({ file, role, content }) => [file, role, content?.identity])
  return createHash('sha256').update(JSON.stringify(facts)).digest('hex')
}
