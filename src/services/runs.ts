/** Runs: started, written down as they go, listed. The only writer of their rows. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import process from 'node:process'
import { AppError } from '../contract/errors.ts'
import type { Metrics } from '../contract/evaluation.ts'
import { TrainingSummary } from '../contract/report.ts'
import {
  type EpochFigures,
  type Recipe,
  RunConfig,
  type RunRow,
  type RunStatus,
  type TrainingEvent,
} from '../contract/runs.ts'
import { locateEngine } from '../engine/install.ts'
import type { ModelReference } from '../engine/protocol.ts'
import { runDirectory, type Services } from './context.ts'
import { requireSeparatePatients, type Study, type StudyVolume, volumesOf } from './studies.ts'

export interface RunRequest {
  readonly study: Study
  readonly config: RunConfig
  /** The run whose weights are the start, or a checkpoint file of another origin; `null`: from scratch. */
  readonly parent: { readonly run: string } | { readonly file: string } | null
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

interface Row {
  readonly id: number
  readonly kind: RunRow['kind']
  readonly study: string
  readonly parent_id: number | null
  readonly start_path: string | null
  readonly status: RunStatus
  readonly reason: string | null
  readonly config: string
  readonly summary: string | null
  readonly created_at: string
  readonly finished_at: string | null
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

/** The kept weights of a run: the best where there are any, else the last. */
function keptCheckpoint({ db }: Services, run: number): { path: string; sha256: string; epoch: number } | null {
  const row = db
    .prepare("SELECT path, sha256, epoch FROM checkpoints WHERE run_id = ? ORDER BY role = 'last' LIMIT 1")
    .get(run)
  return (row as { path: string; sha256: string; epoch: number } | undefined) ?? null
}

function toRunRow(services: Services, row: Row): RunRow {
  const { db } = services
  const config = RunConfig.parse(JSON.parse(row.config))
  const checkpoint = keptCheckpoint(services, row.id)
  const { done } = db.prepare('SELECT COUNT(*) AS done FROM epochs WHERE run_id = ?').get(row.id) as { done: number }
  const metrics = checkpoint
    ? (db
        .prepare('SELECT ssim, psnr, nmse FROM epochs WHERE run_id = ? AND epoch = ? AND ssim IS NOT NULL')
        .get(row.id, checkpoint.epoch) as Metrics | undefined)
    : undefined
  const { channels } = config.networkConfig
  return {
    id: String(row.id),
    kind: row.kind,
    method: config.method,
    network: config.network,
    channels: typeof channels === 'number' ? channels : null,
    parent: row.parent_id === null ? row.start_path : String(row.parent_id),
    study: row.study,
    status: row.status,
    reason: row.reason,
    createdAt: row.created_at,
    finishedAt: row.finished_at,
    epochs: { done, planned: config.recipe.epochs },
    metrics: metrics ?? null,
    checkpoint: checkpoint && { path: checkpoint.path, sha256: checkpoint.sha256 },
    summary: row.summary ? TrainingSummary.parse(JSON.parse(row.summary)) : null,
    config,
  }
}

const SELECT = 'SELECT runs.*, studies.name AS study FROM runs JOIN studies ON studies.id = runs.study_id'

export const listRuns = (services: Services): RunRow[] =>
  (services.db.prepare(`${SELECT} ORDER BY runs.id`).all() as Row[]).map(row => toRunRow(services, row))

export function findRun(services: Services, id: string): RunRow {
  const row = services.db.prepare(`${SELECT} WHERE CAST(runs.id AS TEXT) = ?`).get(id) as Row | undefined
  if (row) return toRunRow(services, row)
  throw new AppError('RUN_NOT_FOUND', `Expected a run’s number, got "${id}". List them with: self-mri runs`)
}

export function epochsOf({ db }: Services, run: string): EpochFigures[] {
  const rows = db.prepare('SELECT * FROM epochs WHERE run_id = ? ORDER BY epoch').all(Number(run)) as Record<
    string,
    number | string | null
  >[]
  return rows.map(row => ({
    epoch: row.epoch as number,
    loss: row.loss as number,
    learningRate: row.learning_rate as number,
    seconds: row.seconds as number,
    validationLoss: row.validation_loss as number | null,
    validation:
      row.ssim === null ? null : { ssim: row.ssim as number, psnr: row.psnr as number, nmse: row.nmse as number },
    extra: JSON.parse(row.extra as string),
  }))
}

/** A run's network with its kept weights, after checking that the file is the one that was written. */
export function modelOf(services: Services, id: string): ModelReference {
  const run = findRun(services, id)
  if (!run.checkpoint)
    throw new AppError(
      'RUN_NOT_FOUND',
      `Expected a run with a checkpoint, got run ${id}, which is ${run.status} and has none.`,
    )
  const { path, sha256 } = run.checkpoint
  let bytes: Uint8Array
  try {
    bytes = readFileSync(path)
  } catch (cause) {
    throw new AppError('FILE_UNREADABLE', `Expected run ${id}’s checkpoint, got: ${(cause as Error).message}`, cause)
  }
  if (createHash('sha256').update(bytes).digest('hex') !== sha256) {
    throw new AppError(
      'CHECKPOINT_DAMAGED',
      `Expected SHA-256 ${sha256} as run ${id} wrote it, got another, in ${path}. Run it again, or restore the file.`,
    )
  }
  return { network: run.network, networkConfig: run.config.networkConfig, checkpoint: path }
}

/** The run and the runs it came from, itself first. */
function lineage({ db }: Services, run: string): number[] {
  const rows = db
    .prepare(
      'WITH RECURSIVE line (id) AS (SELECT ? UNION SELECT runs.parent_id FROM runs JOIN line ON runs.id = line.id WHERE runs.parent_id IS NOT NULL) SELECT id FROM line',
    )
    .all(Number(run)) as { id: number }[]
  return rows.map(({ id }) => id)
}

/** Refuses volumes of patients whom the run, or a run it came from, was trained on; names files and run. */
export function requireUnseen(
  services: Services,
  run: string,
  volumes: readonly { readonly file: string; readonly patient: string }[],
): void {
  const trained = services.db.prepare("SELECT 1 FROM run_patients WHERE run_id = ? AND patient = ? AND role = 'train'")
  for (const ancestor of lineage(services, run)) {
    const leaked = volumes.filter(({ patient }) => trained.get(ancestor, patient)).map(({ file }) => file)
    if (leaked.length === 0) continue
    throw new AppError(
      'PATIENT_LEAK',
      `Expected patients that run ${run} has not been trained on, got ${leaked.join(', ')}, whose patients were in the training of run ${ancestor}. Score it on other patients.`,
    )
  }
}

const usable = (volumes: readonly StudyVolume[], kind: RunConfig['kind']) =>
  kind === 'pretrain' ? volumes : volumes.filter(volume => volume.targetShape)

function insertRun(
  services: Services,
  { study, config, parent }: RunRequest,
  train: readonly StudyVolume[],
  validation: readonly StudyVolume[],
): string {
  const { db } = services
  return db.transaction(() => {
    const { lastInsertRowid } = db
      .prepare(
        "INSERT INTO runs (kind, study_id, parent_id, start_path, status, config, environment, pid, created_at) VALUES (?, ?, ?, ?, 'running', ?, ?, ?, ?)",
      )
      .run(
        config.kind,
        study.id,
        parent && 'run' in parent ? Number(parent.run) : null,
        parent && 'file' in parent ? parent.file : null,
        JSON.stringify(config),
        JSON.stringify(environment()),
        process.pid,
        now(),
      )
    const add = db.prepare('INSERT OR IGNORE INTO run_patients (run_id, patient, role) VALUES (?, ?, ?)')
    for (const { patient } of train) add.run(lastInsertRowid, patient, 'train')
    for (const { patient } of validation) add.run(lastInsertRowid, patient, 'val')
    return String(lastInsertRowid)
  })()
}

/** Writes one event of a run's training. */
function record({ db }: Services, run: string, event: TrainingEvent): void {
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
}

function finish(
  { db }: Services,
  run: string,
  status: RunStatus,
  reason: string | null,
  summary: TrainingSummary | null,
): void {
  db.prepare('UPDATE runs SET status = ?, reason = ?, summary = ?, finished_at = ? WHERE id = ?').run(
    status,
    reason,
    summary && JSON.stringify(summary),
    now(),
    Number(run),
  )
}

function statusAfter(error: unknown): RunStatus {
  if (!(error instanceof AppError)) return 'failed'
  if (error.code === 'CANCELLED') return 'cancelled'
  return error.code === 'ENGINE_DIED' ? 'interrupted' : 'failed'
}

/**
 * Trains as configured and returns the finished run. Its row is there from the first moment; when it fails or is cancelled the row says so
 * with the reason, epochs and checkpoints written until then stay, and the error is thrown on.
 */
export async function startRun(
  services: Services,
  request: RunRequest,
  { onEvent, onStart, signal }: RunOptions = {},
): Promise<RunRow> {
  const { study, config, parent } = request
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

  const engine = await services.jobs(signal)
  const run = insertRun(services, request, train, validation)
  onStart?.(run)
  try {
    const summary = await engine.call(
      'train',
      { run, config, train, validation, start, directory: runDirectory(services, run), notes },
      {
        signal,
        onEvent(event) {
          record(services, run, event)
          onEvent?.(event)
        },
      },
    )
    finish(services, run, 'finished', null, summary)
    return findRun(services, run)
  } catch (error) {
    finish(services, run, statusAfter(error), (error as Error).message, null)
    throw error
  }
}
