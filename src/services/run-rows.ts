/** The rows of runs: how they begin, what they read, how they end. What happens in between is `recorder.ts`'s to write. */
import { existsSync, readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { availableParallelism, cpus } from 'node:os'
import { basename } from 'node:path'
import process from 'node:process'
import { AppError, type ErrorCode } from '../contract/errors.ts'
import type { TrainingSummary } from '../contract/report.ts'
import type { RunStatus, StoredConfig } from '../contract/runs.ts'
import { locateEngine } from '../engine/install.ts'
import type { Services } from './context.ts'
import { databaseError } from './db/errors.ts'
import { logEvent } from './log.ts'
import { runDirectory, storedFile, storedRunFile } from './profile.ts'
import type { StopSignal } from './signals.ts'

/**
 * The run whose weights are the start (its kept ones, or a milestone's), or a checkpoint file of another origin; `null`: from scratch.
 */
export type Parent = { readonly run: string; readonly epoch?: number | null } | { readonly file: string } | null

const now = () => new Date().toISOString()

const require = createRequire(import.meta.url)

/** What else decides a result: written down with the run, so that it can be told later what made it. The device follows as it begins. */
function environment(content: string | null) {
  const engine = locateEngine()
  return {
    content,
    selfMri: require('../../package.json').version as string,
    node: process.versions.node,
    platform: `${process.platform} ${process.arch}`,
    tfjs: require('@tensorflow/tfjs-core/package.json').version as string,
    tensorflow: engine?.tensorflow ?? null,
    variant: engine?.variant ?? null,
    build: engine && basename(engine.directory),
    cpu: cpus()[0]?.model ?? null,
    threads: availableParallelism(),
  }
}

/** The folder of a new run may hold files already: if the database was restored from an older copy, or if another program wrote there. */
function requireNewFolder(folder: string, run: string): void {
  if (!existsSync(folder) || readdirSync(folder).length === 0) return
  throw new AppError(
    'FILE_EXISTS',
    `Cannot make run ${run}: its folder ${folder} holds files that no run of this profile wrote. Move the folder, or choose another profile with --profile.`,
  )
}

/** Writes the row of a run; what the row says later is `setStatus`'s to write. Throws `FILE_EXISTS`. */
export function insertRow(
  services: Services,
  {
    study,
    config,
    parent,
    status,
    content = null,
  }: {
    readonly study: number
    readonly config: StoredConfig
    readonly parent: Parent
    readonly status: RunStatus
    /** `contentDigest` of the volumes that it is trained on. */
    readonly content?: string | null
  },
): string {
  const { db } = services
  return db.transaction(() => {
    const { lastInsertRowid } = db
      .prepare(
        `INSERT INTO runs (kind, study_id, parent_id, parent_epoch, start_path, status, config, environment, pid, created_at, claimed_at)
          VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      )
      .run(
        config.kind,
        study,
        parent && 'run' in parent ? Number(parent.run) : null,
        parent && 'run' in parent ? (parent.epoch ?? null) : null,
        parent && 'file' in parent ? storedFile(services, parent.file) : null,
        status,
        JSON.stringify(config),
        JSON.stringify(environment(content)),
        process.pid,
        now(),
        now(),
      )
    const run = String(lastInsertRowid)
    requireNewFolder(runDirectory(services, run), run)
    setStatus(services, run, status, null)
    return run
  })()
}

interface Ending {
  readonly summary?: TrainingSummary
  readonly fault?: ErrorCode | null
}

const withStoredFile = (services: Services, { checkpoint, ...summary }: TrainingSummary): TrainingSummary => ({
  ...summary,
  checkpoint: { ...checkpoint, path: storedRunFile(services, checkpoint.path) },
})

/** A run's new status, in its row and in the log. */
export function setStatus(
  services: Services,
  run: string,
  status: RunStatus,
  reason: string | null,
  { summary, fault = null }: Ending = {},
): void {
  const { db } = services
  const ended = status !== 'queued' && status !== 'running'
  db.transaction(() => {
    db.prepare(
      `UPDATE runs SET status = @status, reason = @reason, fault = @fault, summary = @summary, finished_at = @finished, queue_place = NULL,
        started_at = CASE WHEN @status = 'running' THEN @at ELSE started_at END WHERE id = @run`,
    ).run({
      run: Number(run),
      status,
      reason,
      fault,
      summary: summary ? JSON.stringify(withStoredFile(services, summary)) : null,
      finished: ended ? now() : null,
      at: now(),
    })
    logEvent(services, run, { type: 'status', status, reason })
  })()
}

/**
 * Queues a run again that has ended with this status: it is this process's from now on. Throws `INVALID_ARGUMENT` where another program was
 * quicker. `resumes`: how often in a row it was resumed unasked.
 */
export function claimRun(services: Services, run: string, before: RunStatus, resumes: number, step: number): void {
  const { db } = services
  db.transaction(() => {
    const { changes } = db
      .prepare('UPDATE runs SET pid = ?, claimed_at = ?, resumes = ?, resumed_step = ? WHERE id = ? AND status = ?')
      .run(process.pid, now(), resumes, step, Number(run), before)
    if (changes === 0)
      throw new AppError('INVALID_ARGUMENT', `Expected run ${run} to be ${before}, but another program has resumed it.`)
    setStatus(services, run, 'queued', null)
  }).immediate()
}

/** The places of the runs that wait, in their order. */
export function setQueuePlaces({ db, bell }: Services, runs: readonly string[]): void {
  const place = db.prepare('UPDATE runs SET queue_place = ? WHERE id = ? AND queue_place IS NOT ?')
  db.transaction(() => {
    for (const [i, run] of runs.entries()) place.run(i + 1, Number(run), i + 1)
  })()
  bell.ring()
}

/** What ends a training before its end, when it is not a fault. */
export type Stop = 'cancel' | 'pause' | Closing

/** The program is closed, or a signal stops it. */
export type Closing = 'close' | StopSignal

/** `when`: for the end of a sentence. */
export const closedReason = (how: Closing, when: string): string =>
  how === 'close' ? `The program was closed ${when}.` : `${how} stopped the program ${when}.`

function stopped(stop: Stop): { readonly status: RunStatus; readonly reason: string | null } {
  if (stop === 'cancel') return { status: 'cancelled', reason: 'Cancelled' }
  if (stop === 'pause') return { status: 'paused', reason: null }
  return { status: 'interrupted', reason: closedReason(stop, 'while the run was going on') }
}

/** Writes how a run ended that did not finish: its row says why. */
export function recordFailure(services: Services, run: string, thrown: unknown, stop: Stop = 'cancel'): void {
  if (!services.db.open) return // its row was written as the program closed
  const error = databaseError(thrown)
  const fault = error instanceof AppError ? error.code : null
  const message = error instanceof Error ? error.message : String(error)
  if (fault === 'CANCELLED') {
    const { status, reason } = stopped(stop)
    setStatus(services, run, status, reason)
  } else setStatus(services, run, fault === 'ENGINE_DIED' ? 'interrupted' : 'failed', message, { fault })
}
