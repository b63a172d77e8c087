/** Which times of a reproduction's rows may be compared. */
import type { ReproductionRow, RowTraining } from '../contract/reproduction.ts'
import { kernelNames, sameKind } from '../contract/trained-on.ts'

/** The mark of a time that is of another kind of device than the baseline's, or of several kinds. */
export const TIME_MARK = '†'

type Trained = Pick<ReproductionRow, 'pretraining' | 'training'>

const trainingsOf = ({ pretraining, training }: Trained): RowTraining[] =>
  [pretraining, training].filter(each => each !== null)

/** 'TensorFlow, then Self-MRI 1 (AVX2)'; `null` for a row without a training. */
export const kernelsOf = (row: Trained): string | null =>
  [...new Set(trainingsOf(row).flatMap(kernelNames))].join(', then ') || null

/** Whether the row's total time is a sum over several kinds of device. */
export const isMixed = (row: Trained): boolean => !sameKind(...trainingsOf(row))

/** Whether all trainings of both rows have one kind. Rows of earlier versions have only their device in words. */
function areOfOneKind(row: ReproductionRow, baseline: ReproductionRow): boolean {
  const all = [...trainingsOf(row), ...trainingsOf(baseline)]
  return all.every(({ trainedOn }) => trainedOn) ? sameKind(...all) : row.device === baseline.device
}

/**
 * Seconds of a row's baseline on the kind of device that trained the row. NaN if the baseline was not trained on this
 * kind, or has other kernels, or if the row was trained on several kinds.
 */
export function baselineTotal(row: ReproductionRow, baseline: ReproductionRow): number {
  if (isMixed(row) || isMixed(baseline) || kernelsOf(row) !== kernelsOf(baseline)) return Number.NaN
  return row.baselineSeconds ?? (areOfOneKind(row, baseline) ? baseline.totalSeconds : Number.NaN)
}

/** Whether the row's times carry `TIME_MARK`. @param pace see `Line.paces` */
export const isMarked = (row: ReproductionRow, pace: number): boolean =>
  row.training !== null && (pace !== 1 || isMixed(row) || (row.paceDoubts?.length ?? 0) > 0)
