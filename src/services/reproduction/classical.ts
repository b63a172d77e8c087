/** The classical methods of a reproduction: their settings, and what distinguishes their rows. */
import { CLASSICAL_IDS, CLASSICAL_LABELS, type ClassicalChoice } from '../../contract/classical.ts'
import { AppError } from '../../contract/errors.ts'
import type { AskedReproduction, ClassicalRow, ReproductionRequest } from '../../contract/reproduction.ts'
import { sourceIfShared } from '../../presentation/classical.ts'
import type { Profile } from '../profile/profile.ts'
import { requireUntuned } from '../runs/leaks.ts'
import { volumesOf } from '../studies/studies.ts'
import { classicalNamed, settingsOf } from '../viewing/classical.ts'
import type { Fold } from './folds.ts'

/** The settings of a source, as they are now. Throws `INVALID_ARGUMENT` for an unknown source. */
function rowOf(profile: Profile, source: string): ClassicalRow {
  const choice = classicalNamed(profile, source)
  if (!choice)
    throw new AppError(
      'INVALID_ARGUMENT',
      `Expected a classical method (${CLASSICAL_IDS.join(', ')}) or its named settings, got "${source}".`,
    )
  const { name, tuning } = settingsOf(profile, source) ?? { name: null, tuning: null }
  return { ...choice, source, name, tuned: tuning && { study: tuning.study.name, volumes: tuning.volumes } }
}

/** Sources of equal methods and settings once, because they have one row. */
function rowsOf(profile: Profile, sources: readonly string[]): ClassicalRow[] {
  const rows = new Map<string, ClassicalRow>()
  for (const row of sources.map(source => rowOf(profile, source))) {
    const key = settingsKey(row).join()
    if (!rows.has(key)) rows.set(key, row)
  }
  return [...rows.values()]
}

/** The request as it is stored, with the settings that the named methods have now. */
export const withSettings = (profile: Profile, { classical, ...rest }: AskedReproduction): ReproductionRequest => ({
  ...rest,
  ...(classical && { classical: rowsOf(profile, classical) }),
})

/** The request in a report, which leaves the profile: without the patients of a tuning. */
export const requestOfReport = ({ classical, ...rest }: ReproductionRequest): ReproductionRequest => ({
  ...rest,
  ...(classical && {
    classical: classical.map(({ tuned, ...row }) => ({ ...row, tuned: tuned && { ...tuned, volumes: [] } })),
  }),
})

/** Throws `PATIENT_LEAK` if λ was tuned on a patient whom a fold tests. */
export function requireUntunedFolds(folds: readonly Fold[], classical: readonly ClassicalRow[]): void {
  for (const { study } of folds)
    for (const { source, tuned } of classical) requireUntuned(source, tuned?.volumes ?? [], volumesOf(study, 'test'))
}

/** Without the origin of the settings, which changes no image. */
export const choiceOf = ({ classical, config }: ClassicalRow): ClassicalChoice => ({ classical, config })

/** Distinguishes the rows of a report. Equal on all machines, so that reports can be merged. */
export const settingsKey = ({ classical, config }: ClassicalRow): string[] => [
  classical,
  ...Object.entries(config).map(([name, value]) => `${name} ${value}`),
]

/** With the source if another row of `all` has the name. */
export const classicalLabel = (row: ClassicalRow, all: readonly ClassicalRow[]): string =>
  CLASSICAL_LABELS[row.classical] + (row.name === null ? '' : `, ${row.name}`) + sourceIfShared(row, all)
