/**
 * Draws patterns: by a kind, and by one or several pairs of acceleration and centre fraction.
 * Of several pairs each pattern draws one, with equal probability, before anything else. This is fastMRI's order.
 */
import { type MaskPair, type MaskSpec, maskPairs } from '../../contract/evaluation.ts'
import { centreLines, makeMask } from './mask.ts'
import { columnPattern, type Pattern, subsample } from './pattern.ts'
import { drawPoints } from './points.ts'
import { RandomState } from './random.ts'
import type { StoredMask } from './stored-mask.ts'

/** A spec, with the contents of its mask file. */
export type Masking = MaskSpec & { readonly stored?: StoredMask }

export function drawPattern(spec: MaskSpec, [rows, columns]: readonly [number, number], random: RandomState): Pattern {
  const { kind } = spec
  const pairs = maskPairs(spec)
  const pair = pairs[random.randint(pairs.length)]
  switch (kind) {
    case 'file':
      throw new Error('A mask file is read, not drawn')
    case 'poisson_disc':
    case 'gaussian_2d':
    case 'uniform_2d':
      return drawPoints(kind, pair, [rows, columns], random)
    default:
      return columnPattern(
        makeMask({ kind, ...pair }, columns, random),
        rows,
        centreLines(pair.centerFraction, columns, 'columns'),
      )
  }
}

/** How many patterns `keptPattern` keeps. A pattern of points has a byte per sample. */
const MOST_KEPT = 16

/** Least recently used first. */
const kept = new Map<string, Pattern>()

/** The characters of a file's name, with its ending. */
export const fileNameKey = (file: string): number[] => Array.from(file, character => character.codePointAt(0)!)

/**
 * The pattern that is drawn by a seed, by a key of several numbers, or by a file's name. By its name, fastMRI validates
 * a file. The last patterns are kept, because drawing many points takes long, and because a screen asks for one pattern
 * many times.
 */
export function keptPattern(
  spec: MaskSpec,
  shape: readonly [rows: number, columns: number],
  by: number | readonly number[] | string,
): Pattern {
  const name = JSON.stringify([spec.kind, maskPairs(spec), shape, by])
  const random = () => {
    if (typeof by === 'number') return RandomState.fromSeed(by)
    return RandomState.fromKey(typeof by === 'string' ? fileNameKey(by) : by)
  }
  const pattern = kept.get(name) ?? drawPattern(spec, shape, random())
  kept.delete(name)
  kept.set(name, pattern)
  if (kept.size > MOST_KEPT) kept.delete(kept.keys().next().value!)
  return pattern
}

/** A further sub-sample, which keeps the pattern's centre. A pattern that was not drawn has the spec's centre. */
export function sampleAgain(
  pattern: Pattern,
  { centerFraction }: Pick<MaskPair, 'centerFraction'>,
  keep: number,
  random: RandomState,
): Pattern {
  const { kind, rows, columns } = pattern
  const whole = (to: number) => ({ from: 0, to })
  const centre = pattern.centre ?? {
    rows: kind === 'columns' ? whole(rows) : centreLines(centerFraction, rows, 'rows'),
    columns: kind === 'rows' ? whole(columns) : centreLines(centerFraction, columns, 'columns'),
  }
  return subsample(pattern, centre, keep, random)
}
