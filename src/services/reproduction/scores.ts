/** Scores of a row. A stored score of equal weights, settings and volumes is not computed again. */
import type { ClassicalChoice } from '../../contract/classical.ts'
import { AppError } from '../../contract/errors.ts'
import type { Evaluation } from '../../contract/evaluation.ts'
import type { RunRow } from '../../contract/runs.ts'
import type { StudyVolume } from '../../contract/studies.ts'
import type { EvaluationSettings } from '../../core/evaluate.ts'
import type { Progress } from '../../engine/process/protocol.ts'
import type { Profile } from '../profile/profile.ts'
import { milestoneFile } from '../runs/runs.ts'
import type { OpenProfile } from '../studies/contents/reader.ts'
import { volumesOf } from '../studies/studies.ts'
import { scoreAnyway, storedEvaluation, ZERO_FILLED } from '../viewing/evaluations.ts'
import { scoreKey } from '../viewing/score-key.ts'
import { choiceOf } from './classical.ts'
import { identityOf } from './known.ts'
import type { Finished } from './lookup.ts'
import type { Plan } from './plan.ts'
import type { PlannedRow } from './planned.ts'

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

/** The weights that a row scores, and the weights of the row's pre-training. */
export function weightsOfRow(profile: Profile, plan: Plan, row: PlannedRow, finished: Finished) {
  const run = row.training === null ? undefined : finished.get(row.training)
  const parent = plan.trainings.find(({ key }) => key === row.training)?.parent
  const before = parent ? finished.get(parent.key) : undefined
  return {
    weights: run ? weightsOf(profile, run, row.kind === 'baseline at' ? row.epoch : null) : null,
    pretrained: before ? weightsOf(profile, before, parent!.epoch) : null,
  }
}

interface Score {
  readonly weights: Weights | null
  readonly classical: ClassicalChoice | null
  readonly settings: EvaluationSettings
}

/** Weights and settings of a row's scores. `null` until its training has finished. */
function scoresOfRow(profile: Profile, plan: Plan, row: PlannedRow, finished: Finished) {
  const { weights, pretrained } = weightsOfRow(profile, plan, row, finished)
  if (row.training !== null && !weights) return null
  const { study } = plan.folds[row.fold]
  const volumes = volumesOf(study, 'test')
  const classical = row.classical && choiceOf(row.classical)
  const settings: EvaluationSettings = {
    mask: plan.mask,
    maskDraws: null,
    slices: study.slices,
    reference: 'ground truth',
  }
  const noiseFree = volumes.every(volume => volume.noiseFree)
  const scores: Readonly<Record<(typeof ASPECTS)[number], Score | null>> = {
    byFileName: { weights, classical, settings },
    manyMasks: row.manyMasks ? { weights, classical, settings: { ...settings, maskDraws: MASK_DRAWS } } : null,
    noiseFree: noiseFree ? { weights, classical, settings: { ...settings, reference: 'noise-free' } } : null,
    pretrained: pretrained && { weights: pretrained, classical: null, settings },
  }
  return { study, volumes, scores }
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

interface Options {
  readonly signal?: AbortSignal
  /** Called with the share of the row's scores that is there, 0 to 1. Not called if all are there. */
  readonly onShare?: (share: number) => void
}

/** Computes the missing scores of a row. */
export async function score(
  opened: OpenProfile,
  plan: Plan,
  row: PlannedRow,
  finished: Finished,
  { signal, onShare }: Options = {},
): Promise<void> {
  const wanted = scoresOfRow(opened.profile, plan, row, finished)
  if (!wanted) return
  const of = { study: wanted.study, volumes: wanted.volumes }
  const all = ASPECTS.flatMap(aspect => wanted.scores[aspect] ?? []).map(one => ({
    one,
    stored: storedScore(opened.profile, one, wanted.volumes),
    masks: one.settings.maskDraws ?? 1,
  }))
  const sum = (some: typeof all) => some.reduce((total, { masks }) => total + masks, 0)
  const whole = sum(all)
  let there = sum(all.filter(({ stored }) => stored))
  if (there < whole) onShare?.(there / whole)
  for (const { one, stored, masks } of all) {
    const { weights, classical, settings } = one
    const run = weights?.run.id ?? classical?.classical ?? ZERO_FILLED
    const request = { of, run, epoch: weights?.epoch, choice: classical, settings }
    const onScoring = ({ done, total }: Progress) => onShare?.((there + (masks * done) / total) / whole)
    const scored = stored ?? (await scoreAnyway(opened, request, { onScoring, signal }))
    if (!stored) {
      there += masks
      onShare?.(there / whole)
    }
    const reasons = scored.skipped.map(({ path, reason }) => `${path}: ${reason}`).join('; ')
    if (!scored.mean)
      throw new AppError('FILE_UNREADABLE', `Expected test volumes that can be scored, got none: ${reasons}`)
    if (lacksVolumes(opened.profile, one, wanted.volumes, scored))
      throw new AppError(
        'NOT_FINITE',
        `Expected scores of all volumes that have a zero-filled score, got fewer: ${reasons}`,
      )
  }
}
