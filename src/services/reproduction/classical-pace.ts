/**
 * How far classical rows are, and how long they take, in this process. The profile stores their scores, but not their
 * times.
 */
import { performance } from 'node:perf_hooks'
import { selectSlices } from '../../contract/volumes.ts'
import { classicalSeconds } from '../../presentation/classical-seconds.ts'
import type { Profile } from '../profile/profile.ts'
import { volumesOf } from '../studies/studies.ts'
import type { Timed } from './estimate.ts'
import { identityOf } from './known.ts'
import type { Plan } from './plan.ts'
import type { PlannedRow } from './planned.ts'
import { isScored, masksOf } from './scores.ts'

/** Shares are of the row's scores, 0 to 1. */
interface Pace {
  readonly done: number
  /** What this process computed, and in how many seconds. */
  readonly measured: NonNullable<Timed['measured']>
}

const paces = new WeakMap<Profile, Map<string, Pace>>()

/**
 * Times a row. Call the returned function with each share that is there, first with the stored share. The clock starts
 * with the last call of the stored share, because files are read between such calls.
 */
export function timeRow(profile: Profile, plan: Plan, row: PlannedRow): (share: number) => void {
  const all = paces.get(profile) ?? new Map<string, Pace>()
  paces.set(profile, all)
  const key = identityOf(plan, row)
  let first: number | null = null
  let started = 0
  return share => {
    first ??= share
    if (share === first) started = performance.now()
    const seconds = (performance.now() - started) / 1000
    all.set(key, { done: share, measured: { seconds, share: share - first } })
  }
}

function estimateOf({ folds }: Plan, row: PlannedRow): number {
  const { study } = folds[row.fold]
  return volumesOf(study, 'test').reduce((sum, { slices, ...matrix }) => {
    const count = masksOf(row) * selectSlices(study.slices, slices).length
    return sum + classicalSeconds(row.classical!, { ...matrix, count })
  }, 0)
}

/** Classical rows: how many are done and planned, those that have begun, the next one, and their times. */
export function classicalProgress(profile: Profile, plan: Plan, hasFailed: (key: string) => boolean) {
  const all = plan.rows
    .filter(({ key, classical }) => classical && !plan.known.has(key))
    .map(row => ({
      row,
      pace: paces.get(profile)?.get(identityOf(plan, row)),
      isDone: isScored(profile, plan, row),
    }))
  const left = all.filter(({ row, isDone }) => !isDone && !hasFailed(row.key))
  const timed = all
    .filter(({ row, pace, isDone }) => !hasFailed(row.key) && (pace || !isDone))
    .map(
      ({ row, pace, isDone }): Timed => ({
        kind: 'classical',
        key: row.key,
        needs: [],
        goesOn: pace !== undefined && !isDone,
        group: row.classical!.classical,
        estimate: estimateOf(plan, row),
        seconds: isDone ? pace!.measured.seconds : null,
        done: pace?.done ?? 0,
        ...(pace && { measured: pace.measured }),
      }),
    )
  return {
    done: all.filter(({ isDone }) => isDone).length,
    planned: all.length,
    begun: left.flatMap(({ row, pace }) => (pace ? [{ row, share: pace.done }] : [])),
    next: left[0]?.row ?? null,
    timed,
  }
}
