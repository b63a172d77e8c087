/** The key under which a score is stored, so that it is found again. */
import type { VolumeInfo } from '../../contract/volumes.ts'
import type { EvaluationSettings } from '../../core/evaluate.ts'

/**
 * What scores depend on beside the weights: settings, the volumes' contents, and their names, from which masks are
 * drawn.
 */
export const scoreKey = (settings: EvaluationSettings, volumes: readonly VolumeInfo[]): string =>
  JSON.stringify({
    settings,
    volumes: volumes.map(({ file, content }) => `${content?.identity} ${file}`).sort(),
  })
