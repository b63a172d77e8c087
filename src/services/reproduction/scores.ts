/** Scores of a row. A stored score of equal weights, settings and volumes is not computed again. */
import type { ClassicalChoice } from '../../contract/classical.ts'
import { AppError } from '../../contract/errors.ts'
import type { Evaluation } from '../../contract/evaluation.ts'
import type { RunRow } from '../../contract/runs.ts'
import type { StudyVolume } from '../../contract/studies.ts'
import type { EvaluationSettings } from '../../core/evaluate.ts'
import type { Engine } from '../../engine/process/client.ts'
import type { Progress, ScoreAfter } from '../../engine/process/protocol.ts'
import type { EnginePool } from '../places/engine-pool.ts'
import { type Place, withPlace } from '../places/place.ts'
import type { Profile } from '../profile/profile.ts'
import { milestoneFile } from '../runs/runs.ts'
import { volumesToScore } from '../studies/contents/chosen.ts'
import type { OpenProfile } from '../studies/contents/reader.ts'
import { volumesOf } from '../studies/studies.ts'
import { scoreAnyway, scoreParams, storedEvaluation, ZERO_FILLED } from '../viewing/evaluations.ts'
import { scoreKey } from '../viewing/score-key.ts'
import { choiceOf } from './classical.ts'
import { byKey, identityOf } from './known.ts'
import type { Finished } from './lookup.ts'
import type { Plan } from './plan.ts'
import type { PlannedRow, PlannedTraining } from './planned.ts'

export const MASK_DRAWS = 20

const ASPECTS = ['byFileName', 'manyMasks', 'noiseFree', 'pretrained'] as const

/** `null`: the row has no such score. */
export type RowScores = { readonly byFileName: Evaluation } & Readonly<
  Record<Exclude<(typeof ASPECTS)[number], 'byFileName'>, Evaluation | null>
>

/** Weights on disk. */
export interface Weights {
  readonly run: RunRow
  /** Epoch of a milestone. `null`: the kept weights. */
  readonly epoch: number | null
  readonly path: string
  readonly sha256: string
}

/** The weights of a run. `null`: the milestone does not exist. */
export function weightsOf(profile: Profile, run: RunRow, epoch: number | null): Weights | null {
  const file = epoch === null ? run.checkpoint : milestoneFile(profile, Number(run.id), epoch)
  return file ? { ...file, run, epoch } : null
}

/** Epoch of the milestone that a row scores. `null`: the kept weights. */
const epochOf = ({ kind, epoch }: PlannedRow) => (kind === 'baseline at' ? epoch : null)

/** The weights that a row scores, and the weights of the row's pre-training. */
export function weightsOfRow(profile: Profile, plan: Plan, row: PlannedRow, finished: Finished) {
  const run = row.training === null ? undefined : finished.get(row.training)
  const parent = row.training === null ? null : byKey(plan).get(row.training)?.parent
  const before = parent ? finished.get(parent.key) : undefined
  return {
    weights: run ? weightsOf(profile, run, epochOf(row)) : null,
    pretrained: before ? weightsOf(profile, before, parent!.epoch) : null,
  }
}

type Aspects<T> = Readonly<Record<(typeof ASPECTS)[number], T | null>>

interface Score {
  readonly weights: Weights | null
  readonly classical: ClassicalChoice | null
  readonly settings: EvaluationSettings
}

const parentOf = (plan: Plan, row: PlannedRow) =>
  row.training === null ? null : (byKey(plan).get(row.training)?.parent ?? null)

/** The test volumes of a row, and the settings of its scores. `null`: the row has no such score. */
function settingsOfRow(plan: Plan, row: PlannedRow) {
  const { study } = plan.folds[row.fold]
  const volumes = volumesOf(study, 'test')
  const settings: EvaluationSettings = {
    mask: plan.mask,
    maskDraws: null,
    slices: study.slices,
    reference: 'ground truth',
  }
  const noiseFree = volumes.every(volume => volume.noiseFree)
  const scores: Aspects<EvaluationSettings> = {
    byFileName: settings,
    manyMasks: row.manyMasks ? { ...settings, maskDraws: MASK_DRAWS } : null,
    noiseFree: noiseFree ? { ...settings, reference: 'noise-free' } : null,
    pretrained: parentOf(plan, row) && settings,
  }
  return { study, volumes, scores }
}

/** Weights and settings of a row's scores. `null` until its training has finished. */
function scoresOfRow(profile: Profile, plan: Plan, row: PlannedRow, finished: Finished) {
  const { weights, pretrained } = weightsOfRow(profile, plan, row, finished)
  if (row.training !== null && !weights) return null
  const { study, volumes, scores } = settingsOfRow(plan, row)
  const classical = row.classical && choiceOf(row.classical)
  const own = (settings: EvaluationSettings | null): Score | null => settings && { weights, classical, settings }
  const wanted: Aspects<Score> = {
    byFileName: own(scores.byFileName),
    manyMasks: own(scores.manyMasks),
    noiseFree: own(scores.noiseFree),
    pretrained: scores.pretrained &&
      pretrained && { weights: pretrained, classical: null, settings: scores.pretrained },
  }
  return { study, volumes, scores: wanted }
}

/**
 * The scores that the rows of a plan need of a training, for its job. A job computes the scores after the training, so
 * that `score` finds them. A score before fine-tuning is of the weights of the pre-training, which is the parent.
 */
export async function scoresAfter(
  opened: OpenProfile,
  plan: Plan,
  training: PlannedTraining,
  signal?: AbortSignal,
): Promise<ScoreAfter[]> {
  const scores = new Map<string, ScoreAfter>()
  for (const row of plan.rows) {
    const parent = parentOf(plan, row)
    const isOwn = row.training === training.key
    if (plan.known.has(row.key) || !(isOwn || parent?.key === training.key)) continue
    const { study, volumes, scores: settings } = settingsOfRow(plan, row)
    const { pretrained, ...own } = settings
    const whole = await volumesToScore(opened, { study, volumes }, { signal })
    const epoch = isOwn ? epochOf(row) : parent!.epoch
    for (const each of isOwn ? Object.values(own) : [pretrained]) {
      if (!each) continue
      const after: ScoreAfter = {
        weights: epoch ?? 'kept',
        request: scoreParams(opened.profile, whole.volumes, each),
      }
      scores.set(JSON.stringify(after), after)
    }
  }
  return [...scores.values()]
}

/** Whether fewer volumes are scored than for zero-filled. Then the means cannot be compared. */
function lacksVolumes(
  profile: Profile,
  { settings }: Score,
  volumes: readonly StudyVolume[],
  { volumes: scored }: Evaluation,
): boolean {
  const zeroFilled = storedEvaluation(profile, null, scoreKey(settings, volumes))
  return zeroFilled !== null && zeroFilled.volumes.length > scored.length
}

const storedScore = (profile: Profile, { weights, classical, settings }: Score, volumes: readonly StudyVolume[]) =>
  storedEvaluation(profile, weights?.sha256 ?? null, scoreKey(settings, volumes, classical))

/** The stored scores of a row. `null` until all scores are stored. */
export function readScores(profile: Profile, plan: Plan, row: PlannedRow, finished: Finished): RowScores | null {
  const wanted = scoresOfRow(profile, plan, row, finished)
  if (!wanted) return null
  const read: Partial<Record<(typeof ASPECTS)[number], Evaluation | null>> = {}
  for (const aspect of ASPECTS) {
    const score = wanted.scores[aspect]
    if (!score) {
      read[aspect] = null
      continue
    }
    const stored = storedScore(profile, score, wanted.volumes)
    if (!stored?.mean || lacksVolumes(profile, score, wanted.volumes, stored)) return null
    read[aspect] = stored
  }
  return read as RowScores
}

/** Number of masks under which a row's test slices are reconstructed. */
export const masksOf = ({ manyMasks }: PlannedRow): number => 1 + (manyMasks ? MASK_DRAWS : 0)

const complete = new WeakMap<Profile, Set<string>>()

/**
 * Whether all scores of a classical row are stored. A complete row is remembered, because the list of reproductions
 * asks often, and each question parses results.
 */
export function isScored(profile: Profile, plan: Plan, row: PlannedRow): boolean {
  const known = complete.get(profile) ?? new Set()
  complete.set(profile, known)
  const key = identityOf(plan, row)
  if (!known.has(key) && readScores(profile, plan, row, new Map())) known.add(key)
  return known.has(key)
}

/** Works at a place, and at further places that are free now. Resolves when no work goes on, even if some failed. */
async function atFreePlaces<T>(
  engines: Pick<EnginePool, 'take'>,
  first: Place,
  all: readonly T[],
  signal: AbortSignal | undefined,
  work: (each: T, place: Place) => Promise<unknown>,
): Promise<void> {
  const left = [...all]
  async function goOn(place: Place): Promise<void> {
    for (let each = left.shift(); each !== undefined; each = left.shift()) await work(each, place).catch(() => {})
  }
  const atFurther = () => withPlace(engines, { signal, noWait: true }, async place => goOn(await place()))
  await Promise.allSettled([goOn(first), ...all.slice(1).map(atFurther)])
}

interface Options {
  readonly signal?: AbortSignal
  /** Called with the share of the row's scores that is there, 0 to 1. Not called if all are there. */
  readonly onShare?: (share: number) => void
}

/** Throws if fewer volumes are scored than for zero-filled, or none. */
function requireWhole(profile: Profile, score: Score, volumes: readonly StudyVolume[], scored: Evaluation): void {
  const reasons = scored.skipped.map(({ path, reason }) => `${path}: ${reason}`).join('; ')
  if (!scored.mean)
    throw new AppError('FILE_UNREADABLE', `Expected test volumes that can be scored, got none: ${reasons}`)
  if (lacksVolumes(profile, score, volumes, scored))
    throw new AppError(
      'NOT_FINITE',
      `Expected scores of all volumes that have a zero-filled score, got fewer: ${reasons}`,
    )
}

/**
 * Computes the missing scores of a row at a place. At a remote place each score is a job, and the jobs also take the
 * further places that are free now.
 */
export async function score(
  opened: OpenProfile,
  plan: Plan,
  row: PlannedRow,
  finished: Finished,
  place: () => Promise<Place>,
  { signal, onShare }: Options = {},
): Promise<void> {
  const { profile } = opened
  const wanted = scoresOfRow(profile, plan, row, finished)
  if (!wanted) return
  const { study, volumes } = wanted
  const all = ASPECTS.flatMap(aspect => wanted.scores[aspect] ?? []).map(one => {
    const stored = storedScore(profile, one, volumes)
    return { one, stored, masks: one.settings.maskDraws ?? 1, share: stored ? 1 : 0 }
  })
  const sum = (value: (of: (typeof all)[number]) => number) => all.reduce((total, each) => total + value(each), 0)
  const tell = () => onShare?.(sum(({ masks, share }) => masks * share) / sum(({ masks }) => masks))
  const missing = all.filter(({ stored }) => !stored)
  if (missing.length > 0) tell()

  async function compute(each: (typeof all)[number], engine: Engine): Promise<Evaluation> {
    const { weights, classical, settings } = each.one
    const run = weights?.run.id ?? classical?.classical ?? ZERO_FILLED
    const request = { of: { study, volumes }, run, epoch: weights?.epoch, choice: classical, settings }
    const onScoring = ({ done, total }: Progress) => {
      each.share = done / total
      tell()
    }
    const scored = await scoreAnyway(opened, request, { onScoring, signal, engine })
    each.share = 1
    tell()
    return scored
  }

  const taken = missing.length > 0 ? await place() : null
  const jobs = new Map<(typeof all)[number], Promise<Evaluation>>()
  if (taken?.isRemote)
    await atFreePlaces(opened.engines, taken, missing, signal, (each, { engine }) => {
      const job = compute(each, engine)
      jobs.set(each, job)
      return job
    })
  for (const each of all)
    requireWhole(profile, each.one, volumes, each.stored ?? (await (jobs.get(each) ?? compute(each, taken!.engine))))
}
