/** Gains of methods over controls and baselines, on equal test patients with equal seeds. */
import type { VolumeScore } from '../../contract/evaluation.ts'
import type { Gain, ReproductionRow } from '../../contract/reproduction.ts'
import type { StudyVolume } from '../../contract/studies.ts'
import { stream } from '../../core/mri/random.ts'
import { bootstrapInterval, mean, standardDeviation } from '../../core/statistics.ts'
import { baselineTotal } from '../../presentation/kinds.ts'
import type { Plan } from './plan.ts'
import type { PlannedRow } from './planned.ts'

const AGAINST = { control: 'control', equalTime: 'control of equal time', baseline: 'baseline' } as const

export type PatientOf = (file: string) => string

/** The patient of a volume's file. */
export function patientFinder({ study }: Plan): PatientOf {
  const patients = new Map(study.volumes.map(({ file, patient }: StudyVolume) => [file, patient]))
  return file => patients.get(file) ?? file
}

type Score = (volume: VolumeScore) => number

/** Each patient's score: the mean over the patient's volumes, because contrasts of a patient are not independent. */
function byPatient({ volumes }: ReproductionRow, patientOf: PatientOf, score: Score): Map<string, number> {
  const scores = new Map<string, number[]>()
  for (const volume of volumes) {
    const patient = patientOf(volume.file)
    scores.set(patient, [...(scores.get(patient) ?? []), score(volume)])
  }
  return new Map([...scores].map(([patient, all]) => [patient, mean(all)]))
}

export interface Pair {
  readonly row: ReproductionRow
  readonly other: ReproductionRow
}

/** Differences of a score by patient, one difference per seed. */
export function differences(pairs: readonly Pair[], patientOf: PatientOf, score: Score): number[][] {
  const all = new Map<string, number[]>()
  for (const { row, other } of pairs) {
    const others = byPatient(other, patientOf, score)
    for (const [patient, value] of byPatient(row, patientOf, score)) {
      const same = others.get(patient)
      if (same !== undefined) all.set(patient, [...(all.get(patient) ?? []), value - same])
    }
  }
  return [...all.values()]
}

function verdictOf(interval: Gain['interval']): Gain['verdict'] {
  if (!interval) return 'too few to say'
  if (interval[0] > 0) return 'gain'
  return interval[1] < 0 ? 'loss' : 'no difference shown'
}

type Judged = Pick<Gain, 'mean' | 'sd' | 'interval' | 'pairs' | 'verdict'>

/** Most judgements that are kept: of all gains of several reports. */
const MOST_KEPT = 2000

const kept = new Map<string, Judged>()

/**
 * Kept, because a report has a hundred bootstraps, and the window asks for the report whenever a part of it changes.
 * @param groups differences by patient, one difference per seed
 */
export function judge(groups: readonly (readonly number[])[]): Judged {
  const key = groups.map(seeds => seeds.join()).join(';')
  const known = kept.get(key) ?? judged(groups)
  kept.delete(key)
  kept.set(key, known)
  if (kept.size > MOST_KEPT) kept.delete(kept.keys().next().value!)
  return known
}

function judged(groups: readonly (readonly number[])[]): Judged {
  const all = groups.flat()
  const tellable = groups.length >= 2 || groups.some(seeds => seeds.length >= 3)
  const interval = tellable ? bootstrapInterval(groups, stream(0, 'bootstrap')) : null
  return {
    mean: mean(groups.map(mean)),
    sd: all.length > 1 ? standardDeviation(all) : null,
    interval,
    pairs: all.length,
    verdict: verdictOf(interval),
  }
}

/** Gains from the finished rows. */
export function gainsOf(plan: Plan, rows: readonly ReproductionRow[]): Gain[] {
  const byKey = new Map(rows.map(row => [row.key, row]))
  const patientOf = patientFinder(plan)
  const tuned = plan.rows.filter(({ kind, block }) => kind === 'fine-tuned' && block === null)
  const pairsOf = (planned: readonly PlannedRow[], against: (row: PlannedRow) => string | null): Pair[] =>
    planned.flatMap(each => {
      const row = byKey.get(each.key)
      const key = against(each)
      const other = key === null ? undefined : byKey.get(key)
      return row && other ? [{ row, other }] : []
    })
  const total = (some: readonly number[]) => some.reduce((sum, seconds) => sum + seconds, 0)

  return [...new Set(tuned.map(({ method }) => method!))].flatMap(method => {
    const own = tuned.filter(row => row.method === method)
    const baselines = pairsOf(own, ({ against }) => against!.baseline)
    const share =
      total(baselines.map(({ row }) => row.totalSeconds)) /
      total(baselines.map(({ row, other }) => baselineTotal(row, other)))
    const timeShare = Number.isNaN(share) ? null : share
    return Object.entries(AGAINST).flatMap(([name, against]) => {
      const pairs = pairsOf(own, row => row.against![name as keyof typeof AGAINST])
      if (pairs.length === 0) return []
      const [{ row }] = pairs
      const judged = judge(differences(pairs, patientOf, ({ ssim }) => ssim))
      return [{ method, label: row.methodLabel!, network: row.network!, against, ...judged, timeShare }]
    })
  })
}
