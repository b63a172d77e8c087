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

/** The pattern with which fastMRI validates a file: seeded by the characters of the file's name, with its ending. */
export const fileNamePattern = (spec: MaskSpec, shape: readonly [number, number], file: string): Pattern =>
  drawPattern(spec, shape, RandomState.fromKey(Array.from(file, character => character.codePointAt(0) as number)))

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
