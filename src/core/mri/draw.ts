/**
 * Draws patterns: by a kind, and by one or several pairs of acceleration and centre fraction.
 * Of several pairs each pattern draws one, with equal probability, before anything else. This is fastMRI's order.
 */
import type { MaskSpec } from '../../contract/evaluation.ts'
import { centreLines, type DrawnPair, makeMask } from './mask.ts'
import { columnPattern, type Pattern, subsample } from './pattern.ts'
import { drawPoints, type PointKind } from './points.ts'
import { RandomState } from './random.ts'

export interface DrawnSpec extends DrawnPair {
  readonly kind: MaskSpec['kind'] | PointKind
  /** Further pairs. */
  readonly alternatives?: readonly DrawnPair[]
}

export function drawPattern(spec: DrawnSpec, [rows, columns]: readonly [number, number], random: RandomState): Pattern {
  const { kind, alternatives = [] } = spec
  const { acceleration, centerFraction } = [spec, ...alternatives][random.randint(1 + alternatives.length)]
  const pair = { acceleration, centerFraction }
  if (kind === 'poisson_disc' || kind === 'gaussian_2d' || kind === 'uniform_2d')
    return drawPoints(kind, pair, [rows, columns], random)
  const measured = makeMask({ kind, ...pair }, columns, random)
  return columnPattern(measured, rows, centreLines(centerFraction, columns, 'columns'))
}

/** The pattern with which fastMRI validates a file: seeded by the characters of the file's name, with its ending. */
export const fileNamePattern = (spec: DrawnSpec, shape: readonly [number, number], file: string): Pattern =>
  drawPattern(spec, shape, RandomState.fromKey(Array.from(file, character => character.codePointAt(0) as number)))

/** A further sub-sample, which keeps the pattern's centre. A pattern that was not drawn has the spec's centre. */
export function sampleAgain(
  pattern: Pattern,
  { centerFraction }: Pick<DrawnPair, 'centerFraction'>,
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
