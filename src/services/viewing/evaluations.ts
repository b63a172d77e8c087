/** Scores files, reconstructed by a run's network, by a classical method, or zero-filled. */

import type { ClassicalChoice } from '../../contract/classical.ts'
import { AppError } from '../../contract/errors.ts'
import type { Evaluation } from '../../contract/evaluation.ts'
import { requireOneOrigin } from '../../contract/origin.ts'
import type { VolumeInfo } from '../../contract/volumes.ts'
import { type EvaluationSettings, meanOfMetrics, protocolOf } from '../../core/evaluate.ts'
import type { Engine } from '../../engine/process/client.ts'
import type { Progress, ScoreAfter } from '../../engine/process/protocol.ts'
import { keepMask } from '../profile/mask-files.ts'
import type { Profile } from '../profile/profile.ts'
import { onceThereIsRoom } from '../profile/room.ts'
import { keptModel } from '../runs/kept-model.ts'
import { requireUnseen, requireUntuned } from '../runs/leaks.ts'
import { findRun } from '../runs/runs.ts'
import { type Scored, volumesToScore } from '../studies/contents/chosen.ts'
import type { OpenProfile } from '../studies/contents/reader.ts'
import { fileOf } from '../studies/contents/ready.ts'
import { classicalNamed, settingsOf } from './classical.ts'
import { scoreKey } from './score-key.ts'

export const ZERO_FILLED = 'zero-filled'

export interface EvaluationRequest {
  readonly of: Scored
  /** A run's number, `zero-filled`, or a classical source. */
  readonly run: string
  /** Epoch of a milestone. `null`: the kept weights. */
  readonly epoch?: number | null
  /** Complete settings of a classical source, in place of the settings that `run` names. */
  readonly choice?: ClassicalChoice | null
  readonly settings: EvaluationSettings
}

interface Options {
  /** Called while files are read (in MB), and then while they are scored (in files). */
  readonly onProgress?: (progress: Progress) => void
  /** Called only while files are scored. */
  readonly onScoring?: (progress: Progress) => void
  readonly signal?: AbortSignal
  /** Default: the engine of this machine for evaluation. */
  readonly engine?: Engine
}

/** The newest stored result for a checkpoint and a key. `checkpoint` `null`: zero-filled or classical. */
export function storedEvaluation(profile: Profile, checkpoint: string | null, key: string): Evaluation | null {
  const result = profile.db
    .prepare(
      `SELECT result FROM evaluations WHERE checkpoint IS @checkpoint AND request = @key
        AND (run_id IS NULL) = (@checkpoint IS NULL) ORDER BY id DESC`,
    )
    .pluck()
    .get({ checkpoint, key }) as string | undefined
  return result === undefined ? null : JSON.parse(result)
}

/** The parameters of a score without the weights, for a score now and for a score that a job computes later. */
export const scoreParams = (
  { salt }: Profile,
  volumes: readonly VolumeInfo[],
  settings: EvaluationSettings,
): ScoreAfter['request'] => ({ files: volumes.map(fileOf), salt, settings })

/**
 * Like `evaluate`, but also scores pre-trained runs. Their output has arbitrary units, which the caller must say with
 * the score.
 */
export async function scoreAnyway(
  opened: OpenProfile,
  { of, run, epoch = null, choice = null, settings }: EvaluationRequest,
  { onProgress, onScoring, signal, engine }: Options = {},
): Promise<Evaluation> {
  const classical = choice ?? classicalNamed(opened.profile, run)
  const kept = classical || run === ZERO_FILLED ? null : keptModel(opened.profile, run, epoch)
  const whole = await volumesToScore(opened, of, { onProgress, signal })
  requireOneOrigin(whole.volumes, 'a mean over volumes')
  if (kept) requireUnseen(opened.profile, run, whole.volumes)
  else requireUntuned(run, settingsOf(opened.profile, run)?.tuning?.volumes ?? [], whole.volumes)
  keepMask(opened.profile, settings.mask)
  const computes = engine ?? (await opened.engines.local(signal))
  const onEvent = (progress: Progress) => {
    onProgress?.(progress)
    onScoring?.(progress)
  }
  const reconstructor = kept?.model ?? classical
  const params = { ...scoreParams(opened.profile, whole.volumes, settings), reconstructor }
  const scored = await computes.call('evaluate', params, { onEvent, signal })
  const skipped = [...whole.skipped, ...scored.skipped]
  const { volumes } = scored
  const evaluation: Evaluation = {
    run,
    protocol: protocolOf(settings, whole.volumes, classical),
    volumes: [...volumes],
    mean:
      volumes.length > 0
        ? { ...meanOfMetrics(volumes), foreground: meanOfMetrics(volumes.map(volume => volume.foreground)) }
        : null,
    skipped,
  }
  const insert = opened.profile.db.prepare(
    'INSERT INTO evaluations (run_id, checkpoint, request, result, created_at) VALUES (?, ?, ?, ?, ?)',
  )
  const store = () =>
    insert.run(
      kept ? Number(run) : null,
      kept?.sha256 ?? null,
      scoreKey(settings, whole.volumes, classical),
      JSON.stringify(evaluation),
      new Date().toISOString(),
    )
  await onceThereIsRoom(store, signal, opened.profile.onBusy)
  opened.profile.bell.ring()
  return evaluation
}

/** Scores volumes and stores the result. Throws `PATIENT_LEAK` for patients of the run's training or tuning. */
export async function evaluate(
  opened: OpenProfile,
  request: EvaluationRequest,
  options: Options = {},
): Promise<Evaluation> {
  const { run } = request
  if (run !== ZERO_FILLED && !classicalNamed(opened.profile, run) && findRun(opened.profile, run).kind === 'pretrain') {
    throw new AppError(
      'INVALID_ARGUMENT',
      `Expected a fine-tuned or trained run, got run ${run}, a pre-training. Its output has arbitrary units and ` +
        'no score. Fine-tune the run first.',
    )
  }
  return scoreAnyway(opened, request, options)
}
