/**
 * Checks a mask before the work that needs it. A mask may fit one volume and not another: a mask file has one size, and
 * a centre fraction leaves room for an acceleration only in a wide enough k-space. Which of several pairs a volume draws
 * is random, so each pair must be possible.
 */
import { AppError } from '../../contract/errors.ts'
import { maskPairs } from '../../contract/evaluation.ts'
import type { VolumeInfo } from '../../contract/volumes.ts'
import { some } from '../../contract/words.ts'
import { drawPattern, type Masking } from './draw.ts'
import { RandomState } from './random.ts'
import { storedPatterns } from './stored-mask.ts'

/** Volumes that have a mask of their own take no other. */
const isMasked = ({ sampling: { kind } }: VolumeInfo): boolean => kind !== 'sub-sampled' && kind !== 'irregular'

/**
 * Throws `SHAPE_MISMATCH` if the mask file has another size than a volume, and `INVALID_ARGUMENT` if a pair cannot be
 * drawn for a volume. The message names the volumes and the remedy.
 */
export function requireMask(mask: Masking, volumes: readonly VolumeInfo[]): void {
  const bySize = Map.groupBy(volumes.filter(isMasked), ({ slices, rows, columns }) =>
    (mask.stored ? [slices, rows, columns] : [rows, columns]).join(),
  )
  for (const equal of bySize.values()) {
    const [{ rows, columns }] = equal
    try {
      if (mask.stored) storedPatterns(mask.stored, equal[0])
      else
        for (const pair of maskPairs(mask))
          drawPattern({ kind: mask.kind, ...pair }, [rows, columns], RandomState.fromSeed(0))
    } catch (error) {
      if (!(error instanceof AppError)) throw error
      const files = some(equal.map(({ file }) => file))
      throw new AppError(error.code, `The mask does not fit ${files}. ${error.message}`, error)
    }
  }
}
