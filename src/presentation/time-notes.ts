/** What is said of times that are of different kinds of device. */

import type { ReproductionRow } from '../contract/reproduction.ts'
import { trainedOnInWords } from '../contract/trained-on.ts'
import { isMixed, kernelsOf, TIME_MARK } from './kinds.ts'
import { baselineOf, companion, type Group, type Line, lineName, linesOf, rowsInWords, sameTraining } from './lines.ts'
import { otherKernels } from './other-kernels.ts'

/** Names the lines that were trained on another device than the baseline, and says how their times are compared. */
function otherDevices(groups: readonly Group[]): string[] {
  // Other kernels than the baseline's make a pace NaN on every device. `otherKernels` names their rows.
  const sameKernels = (row: ReproductionRow, group: Group) =>
    sameTraining(baselineOf(group), row)?.rows.every(other => kernelsOf(row) === kernelsOf(other)) ?? true
  const told = (isSuch: (pace: number) => boolean, words: string) => {
    const lines = groups.flatMap(group =>
      group.lines
        .filter(({ rows, paces }) =>
          rows.some((row, i) => isSuch(paces[i]) && !isMixed(row) && sameKernels(row, group)),
        )
        .map(line => `${lineName(line, groups)} on ${[...new Set(line.rows.map(({ device }) => device))].join('; ')}`),
    )
    if (lines.length === 0) return []
    return [
      `Trained on another kind of device than the baseline that is shown: ${[...new Set(lines)].join('; ')}. ${words}`,
    ]
  }
  return [
    ...told(
      pace => pace !== 1 && !Number.isNaN(pace),
      'Their times are that device’s. The baseline’s total and the curves of other lines are converted to the pace ' +
        'of this baseline on that device.',
    ),
    ...told(
      Number.isNaN,
      'Their times are that device’s. They are compared with no baseline, because the baseline was not trained there.',
    ),
  ]
}

/** 'RotNet + fine-tuning (3 of 20)' for each line with such rows. */
export const linesInWords = (
  groups: readonly Group[],
  isSuch: (row: ReproductionRow, line: Line) => boolean,
): string[] =>
  groups.flatMap(group =>
    group.lines.flatMap(line => {
      const { length } = line.rows.filter(row => isSuch(row, line))
      return length > 0 ? [rowsInWords(line, length, groups)] : []
    }),
  )

const devicesOf = (rows: readonly ReproductionRow[]): string =>
  trainedOnInWords(
    rows.flatMap(({ pretraining, training }) => [pretraining, training].flatMap(of => of?.trainedOn ?? [])),
  )

/** Rows whose trainings ran on several kinds of device. `otherKernels` names rows of several kernels. */
function mixedDevices(groups: readonly Group[]): string[] {
  const isSuch = (row: ReproductionRow) => isMixed(row) && kernelsOf(row)?.includes(', then ') === false
  const lines = linesInWords(groups, isSuch)
  if (lines.length === 0) return []
  const rows = groups.flatMap(group => group.lines.flatMap(line => line.rows.filter(isSuch)))
  return [
    `Trained on several kinds of device (${devicesOf(rows)}): ${lines.join('; ')}. ` +
      'Their total time is a sum over these devices, so it is compared with no baseline.',
  ]
}

/** Rows whose length follows from times of different kinds, or from times beside other trainings. */
function unevenPaces(groups: readonly Group[]): string[] {
  const controls = groups.map(group => ({ ...group, lines: linesOf(group, 'control of equal time') }))
  const timed = (row: ReproductionRow, line: Line): ReproductionRow[] => {
    const group = groups.find(({ lines }) => lines.includes(line))!
    const tuned = linesOf(group, 'fine-tuned').find(({ method }) => method === line.method)
    return [tuned, companion(group, line, 'control')].flatMap(other => sameTraining(other, row)?.rows ?? [])
  }
  const otherKernels = (row: ReproductionRow, line: Line) => new Set(timed(row, line).map(kernelsOf)).size > 1
  const told = (have: string, words: string, isSuch: (row: ReproductionRow, line: Line) => boolean) => {
    const lines = linesInWords(controls, isSuch)
    if (lines.length === 0) return []
    return [
      'A control of equal time has as many epochs as fit into the time of pre-training and fine-tuning. ' +
        `These controls ${have} too many or too few, because ${words}: ${lines.join('; ')}.`,
    ]
  }
  return [
    ...told('have', 'other kernels gave the time of an epoch', otherKernels),
    ...told(
      'may have',
      'the times were measured on different kinds of device',
      (row, line) => row.paceDoubts?.includes('other kinds') === true && !otherKernels(row, line),
    ),
    ...told(
      'may have',
      'other trainings ran on the machine meanwhile',
      ({ paceDoubts }) => paceDoubts?.includes('trainings beside') === true,
    ),
  ]
}

/** Notes below a table with times. Only the first table names the rows. */
export function timeMarkNotes(groups: readonly Group[]): string[] {
  const isMarked = groups.some(({ lines }) => lines.some(({ marks }) => marks.includes(true)))
  if (!isMarked) return []
  return [
    `${TIME_MARK} This time is of another kind of device than the baseline’s, or of several kinds, or follows from ` +
      'such times. The notes below Table 1 say which.',
  ]
}

export const timeNotes = (groups: readonly Group[]): string[] => [
  ...timeMarkNotes(groups),
  ...otherDevices(groups),
  ...mixedDevices(groups),
  ...otherKernels(groups),
  ...unevenPaces(groups),
]
