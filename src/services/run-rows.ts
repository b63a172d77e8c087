/** The only writer of runs: their rows, what happens in them, how they end. */
import { createRequire } from 'node:module'
import process from 'node:process'
import { AppError } from '../contract/errors.ts'
import type { TrainingSummary } from '../contract/report.ts'
import type { RunStatus, StoredConfig, TrainingEvent } from '../contract/runs.ts'
import { locateEngine } from '../engine/install.ts'
import type { Services } from './context.ts'
import { logEvent } from './log.ts'

/** The run whose weights are the start, or a checkpoint file of another origin; `null`: from scratch. */
export type Parent = { readonly run: string } | { readonly file: string } | null

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
export function recorder(services: Services, run: string): (event: TrainingEvent) => void {
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
