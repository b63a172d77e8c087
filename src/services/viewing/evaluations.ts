/** Scoring files with a run's network, or zero-filled. */
import { AppError } from '../../contract/errors.ts'
import type { Evaluation } from '../../contract/evaluation.ts'
import { type EvaluationSettings, meanOfMetrics, protocolOf } from '../../core/evaluate.ts'
import type { Progress } from '../../engine/process/protocol.ts'
import type { Profile } from '../profile/profile.ts'
import { onceThereIsRoom } from '../profile/room.ts'
import { keptModel } from '../runs/kept-model.ts'
import { requireUnseen } from '../runs/leaks.ts'
import { findRun } from '../runs/runs.ts'
import { type Scored, volumesToScore } from '../studies/contents/chosen.ts'
import type { OpenProfile } from '../studies/contents/reader.ts'
import { fileOf } from '../studies/contents/ready.ts'
import { scoreKey } from './score-key.ts'

export const ZERO_FILLED = 'zero-filled'

export interface EvaluationRequest {
  readonly of: Scored
  /** A run's number, or `zero-filled`. */
  readonly run: string
  /** Of the run's milestones; else its kept weights. */
  readonly epoch?: number | null
  readonly settings: EvaluationSettings
}

interface Options {
  readonly onProgress?: (progress: Progress) => void
  readonly signal?: AbortSignal
}

/** The newest result of these weights (`null`: zero-filled) under a key, if there is one. */
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

/**
 * As `evaluate`, for weights that come from a pretext alone too, whose output is in arbitrary units: the caller says
 * so.
 */
export async function scoreAnyway(
  opened: OpenProfile,
  { of, run, epoch = null, settings }: EvaluationRequest,
  { onProgress, signal }: Options = {},
): Promise<Evaluation> {
  const kept = run === ZERO_FILLED ? null : keptModel(opened.profile, run, epoch)
  const { salt } = opened.profile
  const whole = await volumesToScore(opened, of, { onProgress, signal })
  if (kept) requireUnseen(opened.profile, run, whole.volumes)
  const engine = await opened.engines.jobs(signal)
  const scored = await engine.call(
    'evaluate',
    { files: whole.volumes.map(fileOf), salt, model: kept?.model ?? null, settings },
    { onEvent: onProgress, signal },
  )
  const skipped = [...whole.skipped, ...scored.skipped]
  const { volumes } = scored
  const evaluation: Evaluation = {
    run,
    protocol: protocolOf(settings),
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
      run === ZERO_FILLED ? null : Number(run),
      kept?.sha256 ?? null,
      scoreKey(settings, whole.volumes),
      JSON.stringify(evaluation),
      new Date().toISOString(),
    )
  await onceThereIsRoom(store, signal, opened.profile.onBusy)
  opened.profile.bell.ring()
  return evaluation
}

/**
 * Scores every volume under `paths` and stores the result. Refused (`PATIENT_LEAK`) for patients the run was trained
 * on.
 */
export async function evaluate(
  opened: OpenProfile,
  request: EvaluationRequest,
  options: Options = {},
): Promise<Evaluation> {
  const { run } = request
  if (run !== ZERO_FILLED && findRun(opened.profile, run).kind === 'pretrain') {
    throw new AppError(
      'INVALID_ARGUMENT',
      `Expected a fine-tuned or trained run, got run ${run}, a pre-training: its output is in arbitrary units and ` +
        `has no score. Fine-tune it first.`,
    )
  }
  return scoreAnyway(opened, request, options)
}
