/** The key of a stored score. */
import type { ClassicalChoice } from '../../contract/classical.ts'
import type { VolumeInfo } from '../../contract/volumes.ts'
import type { EvaluationSettings } from '../../core/evaluate.ts'

/**
 * Everything that scores depend on, except the weights: settings, contents of the volumes, and names of their files,
 * which are the seeds of the masks.
 */
export const scoreKey = (
  settings: EvaluationSettings,
  volumes: readonly VolumeInfo[],
  classical: ClassicalChoice | null = null,
): string =>
  JSON.stringify({
    settings,
    ...(classical && { classical }),
    volumes: volumes.map(({ file, content }) => `${content?.identity} ${file}`).sort(),
  })
