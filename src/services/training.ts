/** A training from its checks to its last event: prepared, written down, trained. The only writer of runs. */
import { createRequire } from 'node:module'
import process from 'node:process'
import { AppError } from '../contract/errors.ts'
import type { TrainingSummary } from '../contract/report.ts'
import type { Recipe, RunConfig, RunRow, RunStatus, StoredConfig, TrainingEvent } from '../contract/runs.ts'
import type { Study, StudyVolume } from '../contract/studies.ts'
import type { Engine } from '../engine/client.ts'
import { locateEngine } from '../engine/install.ts'
import type { Services } from './context.ts'
import { logEvent } from './log.ts'
import { runDirectory } from './profile.ts'
import { findRun, modelOf, requireUnseen } from './runs.ts'
import { requireSeparatePatients, volumesOf } from './studies.ts'

/** The run whose weights are the start, or a checkpoint file of another origin; `null`: from scratch. */
export type Parent = { readonly run: string } | { readonly file: string } | null

export interface RunRequest {
  readonly study: Study
  readonly config: RunConfig
  readonly parent: Parent
}

export interface RunOptions {
  readonly onEvent?: (event: TrainingEvent) => void
  /** Called with the run's id before it begins. */
  readonly onStart?: (run: string) => void
  readonly signal?: AbortSignal
}

/** What a training has to say whatever it is for. */
export type CommonConfig = Pick<RunConfig, 'network' | 'networkConfig' | 'mask' | 'slices' | 'seed'>

/** A fine-tuning or a training from scratch. */
export const supervisedConfig = (kind: 'finetune' | 'train', common: CommonConfig, recipe: Recipe): RunConfig => ({
  ...common,
  kind,
  method: null,
  methodConfig: {},
  pretext: null,
  recipe,
})

/** A request that has passed every check that needs no engine. */
export interface PreparedRun extends RunRequest {
  readonly train: readonly StudyVolume[]
  readonly validation: readonly StudyVolume[]
  /** Checkpoint whose weights are the start. */
  readonly start: string | null
  readonly notes: readonly string[]
}

const now = () => new Date().toISOString()

const require = createRequire(import.meta.url)

/** What else decides a result: written down with the run, so that it can be told later what made it. */
function environment() {
  const engine = locateEngine()
  return {
    selfMri: require('../../package.json').version as string,
    node: process.versions.node,
    platform: `${process.platform} ${process.arch}`,
    tfjs: require('@tensorflow/tfjs-core/package.json').version as string,
    tensorflow: engine?.tensorflow ?? null,
    variant: engine?.variant ?? null,
  }
}

const usable = (volumes: readonly StudyVolume[], kind: RunConfig['kind']) =>
  kind === 'pretrain' ? volumes : volumes.filter(volume => volume.targetShape)

/** Checks a request; throws `PATIENT_LEAK`, `INVALID_ARGUMENT`, or what is wrong with the checkpoint it starts from. */
export function prepareRun(services: Services, request: RunRequest): PreparedRun {
  const { study, config, parent } = request
  if (study.kind === 'scans') {
    throw new AppError(
      'INVALID_ARGUMENT',
      `Expected a study, got "${study.name}", whose files are there to be reconstructed: nothing is trained on them. Import them as a study first.`,
    )
  }
  requireSeparatePatients(study)
  const train = usable(volumesOf(study, 'train'), config.kind)
  const validation = usable(volumesOf(study, 'val'), config.kind)
  if (train.length === 0) {
    const need = config.kind === 'pretrain' ? '' : ' with ground truth'
    throw new AppError('INVALID_ARGUMENT', `Expected training volumes${need}, got none in study "${study.name}".`)
  }
  const held = study.volumes.filter(volume => volume.role !== 'train')
  if (parent && 'run' in parent) requireUnseen(services, parent.run, held)
  const start = parent === null ? null : 'run' in parent ? modelOf(services, parent.run).checkpoint : parent.file
  const leftOut = volumesOf(study, 'train').length - train.length
  const notes = leftOut > 0 ? [`${leftOut} training volumes without ground truth are left out.`] : []
  return { ...request, train, validation, start, notes }
}

/** Writes the row of a run; what the row says later is `setStatus`'s to write. */
export function insertRow(
  services: Services,
  {
    study,
    config,
    parent,
    status,
  }: { readonly study: number; readonly config: StoredConfig; readonly parent: Parent; readonly status: RunStatus },
): string {
  const { db } = services
  return db.transaction(() => {
    const { lastInsertRowid } = db
      .prepare(
        'INSERT INTO runs (kind, study_id, parent_id, start_path, status, config, environment, pid, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)',
      )
      .run(
        config.kind,
        study,
        parent && 'run' in parent ? Number(parent.run) : null,
        parent && 'file' in parent ? parent.file : null,
        status,
        JSON.stringify(config),
        JSON.stringify(environment()),
        process.pid,
        now(),
      )
    const run = String(lastInsertRowid)
    setStatus(services, run, status, null)
    return run
  })()
}

/** Writes the rows of runs together, all or none: their ids, in order. */
export function insertRuns(
  services: Services,
  prepared: readonly PreparedRun[],
  status: 'queued' | 'running',
): string[] {
  const { db } = services
  const add = db.prepare('INSERT OR IGNORE INTO run_patients (run_id, patient, role) VALUES (?, ?, ?)')
  return db.transaction(() =>
    prepared.map(({ study, config, parent, train, validation }) => {
      const run = insertRow(services, { study: study.id, config, parent, status })
      for (const { patient } of train) add.run(Number(run), patient, 'train')
      for (const { patient } of validation) add.run(Number(run), patient, 'val')
      return run
    }),
  )()
}

/** A run's new status, in its row and in the log. */
export function setStatus(
  services: Services,
  run: string,
  status: RunStatus,
  reason: string | null,
  summary: TrainingSummary | null = null,
): void {
  const { db } = services
  const ended = status !== 'queued' && status !== 'running'
  db.transaction(() => {
    db.prepare(
      `UPDATE runs SET status = @status, reason = @reason, summary = @summary, finished_at = @finished,
        started_at = CASE WHEN @status = 'running' THEN @at ELSE started_at END WHERE id = @run`,
    ).run({
      run: Number(run),
      status,
      reason,
      summary: summary && JSON.stringify(summary),
      finished: ended ? now() : null,
      at: now(),
    })
    logEvent(services, run, { type: 'status', status, reason })
  })()
}

/** Of steps, of which an engine may send ten a second, the log takes two. */
const STEP_INTERVAL_MS = 500

/** Writes the events of a run's training as they come. */
function recorder(services: Services, run: string): (event: TrainingEvent) => void {
  const { db } = services
  let stepAt = Number.NEGATIVE_INFINITY
  const write = db.transaction((event: TrainingEvent) => {
    if (event.type === 'epoch') {
      const { epoch, loss, learningRate, seconds, validationLoss, validation, extra } = event.figures
      db.prepare(
        'INSERT INTO epochs (run_id, epoch, loss, learning_rate, seconds, validation_loss, ssim, psnr, nmse, extra) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
      ).run(
        Number(run),
        epoch,
        loss,
        learningRate,
        seconds,
        validationLoss,
        validation?.ssim ?? null,
        validation?.psnr ?? null,
        validation?.nmse ?? null,
        JSON.stringify(extra),
      )
    } else if (event.type === 'checkpoint') {
      db.prepare(
        'INSERT OR REPLACE INTO checkpoints (run_id, role, epoch, path, sha256, written_at) VALUES (?, ?, ?, ?, ?, ?)',
      ).run(Number(run), event.role, event.epoch, event.path, event.sha256, now())
    }
    logEvent(services, run, event)
  })
  return event => {
    if (!db.open) return // the program is on its way out
    if (event.type === 'step') {
      if (performance.now() - stepAt < STEP_INTERVAL_MS) return
      stepAt = performance.now()
    }
    write(event)
  }
}

function statusAfter(error: unknown): RunStatus {
  if (!(error instanceof AppError)) return 'failed'
  if (error.code === 'CANCELLED') return 'cancelled'
  return error.code === 'ENGINE_DIED' ? 'interrupted' : 'failed'
}

/** Writes how a run ended that did not finish: its row says why. */
export function recordFailure(services: Services, run: string, error: unknown): void {
  if (!services.db.open) return // its row was written as the program closed
  setStatus(services, run, statusAfter(error), error instanceof Error ? error.message : String(error))
}

/**
 * Trains a run whose row is there and reads `running`. When it fails or is cancelled the row says so with the reason, epochs and checkpoints
 * written until then stay, and the error is thrown on.
 */
export async function trainRun(
  services: Services,
  engine: Engine,
  run: string,
  { config, train, validation, start, notes }: PreparedRun,
  { onEvent, signal }: Pick<RunOptions, 'onEvent' | 'signal'> = {},
): Promise<void> {
  const record = recorder(services, run)
  try {
    const summary = await engine.call(
      'train',
      { run, config, train, validation, start, directory: runDirectory(services, run), notes },
      {
        signal,
        onEvent(event) {
          record(event)
          onEvent?.(event)
        },
      },
    )
    setStatus(services, run, 'finished', null, summary)
  } catch (error) {
    recordFailure(services, run, error)
    throw error
  }
}

/** Trains now, whatever waits in a queue, and returns the finished run. Its row is there from the first moment. */
export async function startRun(
  services: Services,
  request: RunRequest,
  { onEvent, onStart, signal }: RunOptions = {},
): Promise<RunRow> {
  const prepared = prepareRun(services, request)
  const engine = await services.jobs(signal)
  const [run] = insertRuns(services, [prepared], 'running')
  onStart?.(run)
  await trainRun(services, engine, run, prepared, { onEvent, signal })
  return findRun(services, run)
}
