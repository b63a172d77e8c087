/**
 * What networks gain over a U-Net of equal time, over classical methods, and by a pre-training: on equal test patients,
 * and with equal seeds if both are trained.
 */
import type { VolumeScore } from '../../contract/evaluation.ts'
import {
  type Difference,
  MEASURES,
  type Measure,
  type NetworkGain,
  type ReportNetwork,
  type ReproductionRow,
} from '../../contract/reproduction.ts'
import { methodOf } from '../runs/catalogue.ts'
import { settingsKey } from './classical.ts'
import { differences, judge, type Pair, type PatientOf, patientFinder } from './gains.ts'
import type { Plan } from './plan.ts'
import type { PlannedRow } from './planned.ts'

const SCORES: Readonly<Record<Measure, (volume: VolumeScore) => number>> = {
  ssim: ({ ssim }) => ssim,
  foregroundSsim: ({ foreground }) => foreground.ssim,
  nmse: ({ nmse }) => nmse,
  foregroundNmse: ({ foreground }) => foreground.nmse,
}

const LOWER_IS_BETTER: ReadonlySet<Measure> = new Set(['nmse', 'foregroundNmse'])

const OPPOSITE: Partial<Record<Difference['verdict'], Difference['verdict']>> = { gain: 'loss', loss: 'gain' }

function differenceOf(measure: Measure, pairs: readonly Pair[], patientOf: PatientOf): Difference {
  const { mean, sd, interval, verdict } = judge(differences(pairs, patientOf, SCORES[measure]))
  return { mean, sd, interval, verdict: (LOWER_IS_BETTER.has(measure) && OPPOSITE[verdict]) || verdict }
}

/** Rows of one kind that differ only in seed and fold, each with the row that it is compared with. */
interface Comparison extends Pick<NetworkGain, 'against' | 'classical'> {
  readonly method: string | null
  readonly patients: number | null
  readonly rows: readonly PlannedRow[]
  readonly otherOf: (row: PlannedRow) => PlannedRow | undefined
}

const methodsOf = (rows: readonly PlannedRow[]) => [...new Set(rows.flatMap(({ method }) => method ?? []))]

function comparisonsOf(plan: Plan, network: string): Comparison[] {
  const own = plan.rows.filter(({ block }) => block === network)
  const ofKind = (kind: PlannedRow['kind']) => own.filter(row => row.kind === kind)
  const byKey = new Map(plan.rows.map(row => [row.key, row]))
  const baselines = ofKind('baseline')
  /** The row of `rows` with the seed, fold and patients of a row: of its method, else of no method. */
  const beside = (rows: readonly PlannedRow[]) => (row: PlannedRow) => {
    const same = rows.filter(
      ({ fold, seed, patients }) => fold === row.fold && seed === row.seed && patients === row.patients,
    )
    return same.find(({ method }) => method === row.method) ?? same.find(({ method }) => method === null)
  }
  const whole = { method: null, patients: null, rows: baselines }
  const classical = plan.rows.filter(({ kind }) => kind === 'classical')
  const settingsOf = (row: PlannedRow) => settingsKey(row.classical!).join()
  const [tuned, few] = [ofKind('fine-tuned'), ofKind('few labels')]
  const counts = [...new Set(few.map(({ patients }) => patients))]
  return [
    { ...whole, against: 'U-Net of equal time', otherOf: beside(ofKind('U-Net of equal time')) },
    ...[...new Map(classical.map(row => [settingsOf(row), row])).values()].map(
      (one): Comparison => ({
        ...whole,
        against: 'classical',
        classical: one.label,
        otherOf: ({ fold }) => classical.find(row => row.fold === fold && settingsOf(row) === settingsOf(one)),
      }),
    ),
    ...methodsOf(tuned).flatMap(method =>
      (['control', 'baseline'] as const).map(
        (against): Comparison => ({
          method,
          patients: null,
          against,
          rows: tuned.filter(row => row.method === method),
          otherOf: row => byKey.get(row.against![against]),
        }),
      ),
    ),
    ...counts.flatMap(patients =>
      methodsOf(few).map(
        (method): Comparison => ({
          method,
          patients,
          against: 'control',
          rows: few.filter(row => row.method === method && row.patients === patients),
          otherOf: beside(ofKind('few labels control')),
        }),
      ),
    ),
  ]
}

/** Gains from the finished rows. */
export function networkGainsOf(plan: Plan, rows: readonly ReproductionRow[]): NetworkGain[] {
  const finished = new Map(rows.map(row => [row.key, row]))
  const patientOf = patientFinder(plan)
  const gainsOf = ({ network, label }: ReportNetwork): NetworkGain[] =>
    comparisonsOf(plan, network).flatMap(({ rows: planned, otherOf, ...comparison }) => {
      const pairs = planned.flatMap((each): Pair[] => {
        const [row, other] = [each, otherOf(each)].map(one => one && finished.get(one.key))
        return row && other ? [{ row, other }] : []
      })
      if (pairs.length === 0) return []
      const measures = Object.fromEntries(
        MEASURES.map(measure => [measure, differenceOf(measure, pairs, patientOf)]),
      ) as NetworkGain['measures']
      const { method } = comparison
      const count = differences(pairs, patientOf, SCORES.ssim).flat().length
      return [{ network, label, ...comparison, methodLabel: method && methodOf(method).label, pairs: count, measures }]
    })
  return plan.networks.flatMap(gainsOf)
}
