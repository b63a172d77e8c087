/**
 * Checks a mask before the work that needs it. A mask may fit one volume and not another: a mask file has one size, and
 * a centre fraction leaves room for an acceleration only in a wide enough k-space. Which of several pairs a volume
 * draws is random, so each pair must be possible.
 */
import { AppError } from '../../contract/errors.ts'
import { type MaskSpec, maskPairs } from '../../contract/evaluation.ts'
import type { VolumeInfo } from '../../contract/volumes.ts'
import { some } from '../../contract/words.ts'
import { drawPattern, type Masking } from './draw.ts'
import { RandomState } from './random.ts'
import { storedPatterns } from './stored-mask.ts'

/** Volumes that have a mask of their own take no other. */
const isMasked = ({ sampling: { kind } }: VolumeInfo): boolean => kind !== 'sub-sampled' && kind !== 'irregular'

/** Draws each pair once. Throws `INVALID_ARGUMENT`, with `what` and the remedy, if a pair cannot be drawn. */
export const requirePairs = (mask: MaskSpec, shape: readonly [rows: number, columns: number], what: string): void =>
  naming(what, () => {
    for (const pair of maskPairs(mask)) drawPattern({ kind: mask.kind, ...pair }, shape, RandomState.fromSeed(0))
  })

function naming(what: string, check: () => void): void {
  try {
    check()
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    throw new AppError(error.code, `The mask does not fit ${what}. ${error.message}`, error)
  }
}

/**
 * Throws `SHAPE_MISMATCH` if the mask file has another size than a volume, and `INVALID_ARGUMENT` if a pair cannot be
 * drawn for a volume. The message names the volumes and the remedy.
 */
export function requireMask(mask: Masking, volumes: readonly VolumeInfo[]): void {
  const { stored } = mask
  const bySize = Map.groupBy(volumes.filter(isMasked), ({ slices, rows, columns }) =>
    (stored ? [slices, rows, columns] : [rows, columns]).join(),
  )
  for (const equal of bySize.values()) {
    const [info] = equal
    const files = some(equal.map(({ file }) => file))
    if (stored) naming(files, () => storedPatterns(stored, info))
    else requirePairs(mask, [info.rows, info.columns], files)
  }
}
