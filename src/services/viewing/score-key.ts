/** The key of a stored score. */
import type { ClassicalChoice } from '../../contract/classical.ts'
import type { VolumeInfo } from '../../contract/volumes.ts'
import { CLASSICAL_VERSION } from '../../core/classical.ts'
import type { EvaluationSettings } from '../../core/evaluate.ts'

/**
 * Everything that scores depend on, except the weights: settings, contents of the volumes, and names of their files,
 * which are the seeds of the masks. For a classical method: its settings, and the version of its images.
 */
export const scoreKey = (
  settings: EvaluationSettings,
  volumes: readonly VolumeInfo[],
  classical: ClassicalChoice | null = null,
): string =>
  JSON.stringify({
    settings,
    ...(classical && { classical, version: CLASSICAL_VERSION }),
    volumes: volumes.map(({ file, content }) => `${content?.identity} ${file}`).sort(),
  })
