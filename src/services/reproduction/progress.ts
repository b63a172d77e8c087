/** How far a reproduction is, and when it will be done. */
import { AppError } from '../../contract/errors.ts'
import type { Reproduction, ReproductionPart } from '../../contract/reproduction.ts'
import type { RunStatus } from '../../contract/runs.ts'
import type { Profile } from '../profile/profile.ts'
import { studyById } from '../studies/studies.ts'
import { classicalProgress } from './classical-pace.ts'
import type { Failures } from './driver.ts'
import { secondsLeft, type Timed } from './estimate.ts'
import { planOf } from './kept-plans.ts'
import { inTurn } from './order.ts'
import type { Plan } from './plan.ts'
import { needsOf, type PlannedRow, type PlannedTraining } from './planned.ts'
import type { StoredReproduction } from './store.ts'
import { type Standing, type Survey, survey } from './survey.ts'

/** The label of a training or of a classical row, with fold and seed if there are several. */
export function partLabel({ folds, request }: Plan, part: PlannedTraining | PlannedRow): string {
  const { label, fold } = part
  return [
    label,
    ...(folds.length > 1 ? [`${folds[fold].name} left out`] : []),
    ...(request.seeds > 1 && 'config' in part ? [`seed ${part.config.seed}`] : []),
  ].join(', ')
}

/** Names of all trainings and rows without a training, by key. Of equal labels all but the first get a number. */
export function partNames(plan: Plan): ReadonlyMap<string, string> {
  const names = new Map<string, string>()
  const counts = new Map<string, number>()
  for (const part of [...plan.rows.filter(({ training }) => training === null), ...plan.trainings]) {
    const label = partLabel(plan, part)
    const count = (counts.get(label) ?? 0) + 1
    counts.set(label, count)
    names.set(part.key, count === 1 ? label : `${label} (${count})`)
  }
  return names
}

/** Failures of this process, by reproduction. They are not stored in the profile. */
const attempts = new WeakMap<Profile, Map<number, Failures>>()

export const failuresOf = (profile: Profile, id: number): Failures | undefined => attempts.get(profile)?.get(id)

/** Forgets the failures of an earlier attempt. Returns an empty map for the failures of the present attempt. */
export function newFailures(profile: Profile, id: number): Failures {
  const failures: Failures = new Map()
  attempts.set(profile, (attempts.get(profile) ?? new Map()).set(id, failures))
  return failures
}

const ENDED_BADLY: readonly RunStatus[] = ['failed', 'cancelled']

const OPEN: readonly RunStatus[] = ['queued', 'running']

const endedBadly = (standing: Standing) =>
  standing.state === 'ready' && standing.run !== null && ENDED_BADLY.includes(standing.run.status)

function timedTrainings({ standings }: Survey, trainings: readonly PlannedTraining[], slots: number): Timed[] {
  return trainings.flatMap((training): Timed[] => {
    const { key, group, estimate, spared } = training
    const standing = standings.get(key)!
    if (standing.state === 'refused' || endedBadly(standing)) return []
    const shared = { kind: 'training', key, needs: needsOf(training), group, estimate } as const
    if (standing.state === 'finished') {
      const { steps, validation, preparation } = standing.run.summary!.seconds
      return [{ ...shared, goesOn: false, seconds: steps + validation + preparation, done: 1 }]
    }
    const run = unfinished(standing)
    if (run) return [{ ...shared, goesOn: run.status === 'running', seconds: null, done: run.share }]
    // At several places a training and the shorter training that it could start from often begin together.
    const done = slots === 1 ? Math.min(1, spared / estimate) : 0
    return [{ ...shared, goesOn: false, seconds: null, done }]
  })
}

/** A run that has not finished, with its computed share. */
function unfinished(standing: Standing) {
  if (standing.state !== 'ready' || !standing.run) return null
  return { ...standing.run, share: Math.min(1, standing.run.epochs / standing.epochs) }
}

type Going = Omit<ReproductionPart, 'label'>

/**
 * Progress of a plan at so many places.
 * `current`: what goes on. If nothing goes on: the next classical row or training. Empty: only scores are left.
 */
export function progressOf(profile: Profile, plan: Plan, failures: Failures = new Map(), slots = 1) {
  const all = survey(profile, plan)
  const { standings, finished } = all
  const trainings = inTurn(plan, finished)
  const classical = classicalProgress(profile, plan, key => failures.has(key))
  const names = slots === 1 ? null : partNames(plan)
  const part = (of: PlannedTraining | PlannedRow, { run = null, share = null, waits = false }: Partial<Going>) => ({
    label: names?.get(of.key) ?? partLabel(plan, of),
    run,
    share,
    waits,
  })
  const open: ReproductionPart[] = classical.begun.map(({ row, share }) => part(row, { share }))
  for (const training of trainings) {
    const run = unfinished(standings.get(training.key)!)
    if (!run || !OPEN.includes(run.status)) continue
    open.push(part(training, { run: run.id, share: run.share, waits: run.status === 'queued' }))
  }
  const isNext = (standing: Standing) => standing.state === 'ready' && !endedBadly(standing)
  const next = classical.next ?? trainings.find(({ key }) => isNext(standings.get(key)!))
  const waits = next ? [part(next, { waits: true })] : []
  return {
    done: finished.size + classical.done,
    planned: plan.trainings.length + classical.planned,
    secondsLeft: secondsLeft([...classical.timed, ...timedTrainings(all, trainings, slots)], slots),
    current: open.length > 0 ? open : waits,
  }
}

const SCORING: ReproductionPart = { label: 'Scoring', run: null, share: null, waits: false }

/** The reproduction for the screens. @param slots number of trainings that may go on at once */
export function viewReproduction(profile: Profile, stored: StoredReproduction, slots = 1): Reproduction {
  const { request, status } = stored
  const study = studyById(profile, request.study)
  const view = { ...stored, study: study.name, current: [] }
  try {
    const plan = planOf(profile, request, study)
    const { current, ...progress } = progressOf(profile, plan, failuresOf(profile, stored.id), slots)
    return { ...view, ...progress, current: status !== 'running' ? [] : current.length > 0 ? current : [SCORING] }
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    return { ...view, reason: error.message, done: 0, planned: 0, secondsLeft: null } // the study has changed
  }
}
