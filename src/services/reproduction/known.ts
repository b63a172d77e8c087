/**
 * Rows that an earlier report already has, from equal trainings on equal volumes. With the files of a report, another
 * machine can continue a reproduction.
 */
import { createHash } from 'node:crypto'
import type { ReproductionReport } from '../../contract/reproduction.ts'
import { CLASSICAL_VERSION } from '../../core/classical.ts'
import type { Plan } from './plan.ts'
import { needsOf, type PlannedRow, type PlannedTraining } from './planned.ts'

/** Keys of trainings, and keys of all trainings that these need. */
function closure(trainings: ReadonlyMap<string, PlannedTraining>, keys: readonly (string | null)[]): Set<string> {
  const all = new Set<string>()
  const visit = (key: string | null) => {
    if (!key || all.has(key)) return
    all.add(key)
    needsOf(trainings.get(key)!).forEach(visit)
  }
  keys.forEach(visit)
  return all
}

const maps = new WeakMap<Plan, ReadonlyMap<string, PlannedTraining>>()

/** Trainings by key. Computed once per plan, because every row needs them. */
export function byKey(plan: Plan): ReadonlyMap<string, PlannedTraining> {
  const made = maps.get(plan) ?? new Map(plan.trainings.map(training => [training.key, training]))
  maps.set(plan, made)
  return made
}

const neededBy = (trainings: ReadonlyMap<string, PlannedTraining>, { training, baseline }: PlannedRow) =>
  closure(trainings, [training, baseline])

const identities = new WeakMap<Plan, Map<string, string>>()

/**
 * SHA-256 of everything that a row's figures depend on, except the kernels, which change only last digits. Contains
 * roles instead of patient hashes, because each profile has its own hashes. Computed once for each row of a plan,
 * because the list of reproductions asks often.
 */
export function identityOf(plan: Plan, row: PlannedRow): string {
  const all = identities.get(plan) ?? new Map<string, string>()
  identities.set(plan, all)
  const identity = all.get(row.key) ?? computeIdentity(plan, row)
  all.set(row.key, identity)
  return identity
}

function computeIdentity(plan: Plan, row: PlannedRow): string {
  const trainings = byKey(plan)
  const { study } = plan.folds[row.fold]
  const volumes = study.volumes.map(({ file, role, content }) => [file, role, content?.identity ?? null])
  const trained = [...neededBy(trainings, row)].toSorted().map(key => [key, trainings.get(key)!.identity])
  const { kind, epoch, patients, manyMasks, classical } = row
  const settings = classical ? [[classical.classical, classical.config, CLASSICAL_VERSION]] : []
  return createHash('sha256')
    .update(JSON.stringify([kind, epoch, patients, manyMasks, plan.mask, study.slices, volumes, trained, ...settings]))
    .digest('hex')
}

/** The plan without the trainings whose rows a report already has. */
export function withKnown(plan: Plan, report: Pick<ReproductionReport, 'rows' | 'device'>): Plan {
  const there = new Map(report.rows.map(row => [row.key, row]))
  const known = plan.rows.flatMap(row => {
    const same = there.get(row.key)
    return same?.identity === identityOf(plan, row) ? [same.training ? { device: report.device, ...same } : same] : []
  })
  if (known.length === 0) return plan
  const rows = new Map(known.map(row => [row.key, row]))
  const all = byKey(plan)
  const needed = new Set(plan.rows.filter(({ key }) => !rows.has(key)).flatMap(row => [...neededBy(all, row)]))
  return {
    ...plan,
    known: rows,
    trainings: plan.trainings.filter(({ key }) => needed.has(key)),
  }
}
