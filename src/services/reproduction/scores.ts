/** Scores of a row. A stored score of equal weights, settings and volumes is not computed again. */
import { AppError } from '../../contract/errors.ts'
import type { Evaluation } from '../../contract/evaluation.ts'
import type { RunRow } from '../../contract/runs.ts'
import type { StudyVolume } from '../../contract/studies.ts'
import type { EvaluationSettings } from '../../core/evaluate.ts'
import type { Profile } from '../profile/profile.ts'
import { milestoneFile } from '../runs/runs.ts'
import type { OpenProfile } from '../studies/contents/reader.ts'
import { volumesOf } from '../studies/studies.ts'
import { scoreAnyway, storedEvaluation, ZERO_FILLED } from '../viewing/evaluations.ts'
import { scoreKey } from '../viewing/score-key.ts'
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
  readonly settings: EvaluationSettings
}

/** Weights and settings of a row's scores. `null` until its training has finished. */
function scoresOfRow(profile: Profile, plan: Plan, row: PlannedRow, finished: Finished) {
  const { weights, pretrained } = weightsOfRow(profile, plan, row, finished)
  if (row.training !== null && !weights) return null
  const { study } = plan.folds[row.fold]
  const volumes = volumesOf(study, 'test')
  const settings: EvaluationSettings = {
    mask: plan.mask,
    maskDraws: null,
    slices: study.slices,
    reference: 'ground truth',
  }
  const noiseFree = volumes.every(volume => volume.noiseFree)
  const scores: Readonly<Record<(typeof ASPECTS)[number], Score | null>> = {
    byFileName: { weights, settings },
    manyMasks: row.manyMasks ? { weights, settings: { ...settings, maskDraws: MASK_DRAWS } } : null,
    noiseFree: noiseFree ? { weights, settings: { ...settings, reference: 'noise-free' } } : null,
    pretrained: pretrained && { weights: pretrained, settings },
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
    const { weights, settings } = score
    const stored = storedEvaluation(profile, weights?.sha256 ?? null, scoreKey(settings, wanted.volumes))
    if (!stored?.mean || lacksVolumes(profile, score, wanted.volumes, stored)) return null
    read[aspect] = stored
  }
  return read as RowScores
}

/** Computes the missing scores of a row. */
export async function score(
  opened: OpenProfile,
  plan: Plan,
  row: PlannedRow,
  finished: Finished,
  signal?: AbortSignal,
): Promise<void> {
  const wanted = scoresOfRow(opened.profile, plan, row, finished)
  if (!wanted) return
  const of = { study: wanted.study, volumes: wanted.volumes }
  for (const aspect of ASPECTS) {
    const each = wanted.scores[aspect]
    if (!each) continue
    const { weights, settings } = each
    const request = { of, run: weights?.run.id ?? ZERO_FILLED, epoch: weights?.epoch, settings }
    const scored =
      storedEvaluation(opened.profile, weights?.sha256 ?? null, scoreKey(settings, wanted.volumes)) ??
      (await scoreAnyway(opened, request, { signal }))
    const reasons = scored.skipped.map(({ path, reason }) => `${path}: ${reason}`).join('; ')
    if (!scored.mean)
      throw new AppError('FILE_UNREADABLE', `Expected test volumes that can be scored, got none: ${reasons}`)
    if (lacksVolumes(opened.profile, each, wanted.volumes, scored))
      throw new AppError(
        'NOT_FINITE',
        `Expected scores of all volumes that have a zero-filled score, got fewer: ${reasons}`,
      )
  }
}
