/** Reads runs: lists, kept weights, states, ancestors. `store.ts` writes the rows. */
import { AppError, type ErrorCode, type ErrorData } from '../../contract/errors.ts'
import type { Metrics } from '../../contract/evaluation.ts'
import { RunJob } from '../../contract/execution.ts'
import { type EpochFigures, type RunDetail, type RunRow, type RunStatus, StoredConfig } from '../../contract/runs.ts'
import { TrainingSummary } from '../../contract/training-summary.ts'
import { methodOf } from '../../core/ssl/index.ts'
import type { WrittenFile } from '../../engine/process/protocol.ts'
import { statementOf } from '../profile/db/statement.ts'
import { isThisHost, processInWords } from '../profile/host.ts'
import { fileAt, runFile } from '../profile/paths.ts'
import type { Profile } from '../profile/profile.ts'

/** A run's row with its study's name. */
export interface StoredRun {
  readonly id: number
  readonly kind: RunRow['kind']
  readonly study_id: number
  readonly study: string
  readonly parent_id: number | null
  readonly parent_epoch: number | null
  readonly start_path: string | null
  readonly status: RunStatus
  readonly reason: string | null
  readonly fault: ErrorCode | null
  /** JSON: ErrorData. */
  readonly fault_data: string | null
  readonly queue_place: number | null
  readonly resumes: number
  readonly resumed_step: number
  readonly config: string
  readonly summary: string | null
  readonly created_at: string
  readonly started_at: string | null
  readonly finished_at: string | null
  readonly hidden_at: string | null
  readonly environment: string
  readonly pid: number
  /** Name of the machine of the process. `null`: a version before 0.4.0 wrote the row. */
  readonly host: string | null
  /** JSON: RunJob. */
  readonly job: string | null
}

/** A row with the present absolute path of its file. */
const placed = <Row extends WrittenFile>(profile: Profile, row: Row): Row => ({
  ...row,
  path: runFile(profile, row.path),
})

interface KeptCheckpoint extends WrittenFile {
  readonly epoch: number
}

/** The kept weights of a run: the best weights if they exist, otherwise the last weights. */
export function keptCheckpoint(profile: Profile, run: number): KeptCheckpoint | null {
  const row = statementOf(
    profile.db,
    `SELECT path, sha256, epoch FROM checkpoints WHERE run_id = ? AND role <> 'milestone'
      ORDER BY role = 'last', epoch DESC LIMIT 1`,
  ).get(run) as KeptCheckpoint | undefined
  return row ? placed(profile, row) : null
}

interface State extends WrittenFile {
  readonly step: number
}

/** The states of a run, newest first. */
export const statesOf = (profile: Profile, run: number): State[] =>
  (
    statementOf(
      profile.db,
      'SELECT step, path, sha256 FROM states WHERE run_id = ? ORDER BY step DESC, epoch DESC',
    ).all(run) as State[]
  ).map(row => placed(profile, row))

/** All stored weights of a run, by epoch. */
export const checkpointsOf = (profile: Profile, run: number): RunDetail['checkpoints'] =>
  (
    profile.db
      .prepare('SELECT role, epoch, path, sha256 FROM checkpoints WHERE run_id = ? ORDER BY epoch, role')
      .all(run) as RunDetail['checkpoints']
  ).map(row => placed(profile, row))

/** The checkpoint of a milestone. `null`: the run has no such milestone. */
export function milestoneFile(profile: Profile, run: number, epoch: number): WrittenFile | null {
  const row = profile.db
    .prepare("SELECT path, sha256 FROM checkpoints WHERE run_id = ? AND role = 'milestone' AND epoch = ?")
    .get(run, epoch) as WrittenFile | undefined
  return row ? placed(profile, row) : null
}

function jobOf(profile: Profile, { job }: StoredRun): RunJob | null {
  if (job === null) return null
  const parsed = RunJob.parse(JSON.parse(job))
  return { ...parsed, folder: runFile(profile, parsed.folder) }
}

/** The jobs that the scheduler has or will have. `null`: none. */
export function countJobs({ db }: Profile): { running: number; pending: number } | null {
  const { running, pending } = db
    .prepare(
      `SELECT COUNT(*) FILTER (WHERE job ->> '$.state' = 'running') AS running,
          COUNT(*) FILTER (WHERE job ->> '$.state' IN ('submitted', 'pending')) AS pending
        FROM runs WHERE job IS NOT NULL AND status IN ('queued', 'running', 'interrupted')`,
    )
    .get() as { running: number; pending: number }
  return running + pending > 0 ? { running, pending } : null
}

/** The process of another machine that has an open run. */
const elsewhereOf = ({ status, pid, host }: StoredRun): string | null =>
  (status === 'queued' || status === 'running') && !isThisHost(host) ? processInWords(pid, host) : null

function summaryOf(profile: Profile, { summary }: StoredRun): TrainingSummary | null {
  if (!summary) return null
  const parsed = TrainingSummary.parse(JSON.parse(summary))
  return { ...parsed, checkpoint: placed(profile, parsed.checkpoint) }
}

/** The checkpoint file from which a run started, or that was imported. `null`: the run did not start from a file. */
export const startFile = (profile: Profile, { start_path }: Pick<StoredRun, 'start_path'>): string | null =>
  start_path === null ? null : fileAt(profile, start_path)

/** Errors that would occur again after a resumption. */
const HOPELESS: ReadonlySet<ErrorCode> = new Set(['NOT_FINITE', 'CHECKPOINT_DAMAGED'])

/**
 * Whether a run can be resumed. A run without a state starts from the beginning. This is refused if the run failed, or
 * if an older program without states trained the run, because its epochs would be lost.
 */
function isResumable({ status, kind, fault, environment }: StoredRun, hasState: boolean): boolean {
  if (kind === 'import' || !['paused', 'cancelled', 'interrupted', 'failed'].includes(status)) return false
  if (status === 'failed') return hasState && !(fault && HOPELESS.has(fault))
  const { data, content } = JSON.parse(environment)
  return hasState || typeof (content ?? data) === 'string'
}

/** Whether memory ran out. The system ends a process by SIGKILL when memory runs out. */
function ranOutOfMemory({ fault, fault_data }: StoredRun): boolean {
  const { signal }: ErrorData = JSON.parse(fault_data ?? '{}')
  return fault === 'OUT_OF_MEMORY' || (fault === 'ENGINE_DIED' && signal === 'SIGKILL')
}

/** Suggests the largest smaller divisor of the batch, with more accumulation if the method permits accumulation. */
function suggest(row: StoredRun, { recipe, method }: StoredConfig): RunRow['suggestion'] {
  if (!recipe || !ranOutOfMemory(row)) return null
  const { batch, accumulate } = recipe
  const separable = method === null || methodOf(method).separable
  const least = separable ? 1 : 2 // a method that compares samples needs two
  for (let part = Math.floor(batch / 2); part >= least; part--) {
    if (batch % part === 0) return { batch: part, accumulate: separable ? accumulate * (batch / part) : 1 }
  }
  return null
}

/** Of the volumes that a training used, see `contentDigest`. Undefined: an older program stored none. */
export const contentDigestOf = ({ environment }: StoredRun): unknown => JSON.parse(environment).content

function contentsOf({ db }: Profile, row: StoredRun): RunRow['contents'] {
  if (row.kind === 'import') return null
  if (typeof contentDigestOf(row) !== 'string') return 'not recorded'
  const other = db
    .prepare(
      `SELECT 1 FROM run_volumes WHERE run_id = ?
        AND NOT EXISTS (SELECT 1 FROM volumes WHERE study_id = ? AND volumes.identity = run_volumes.identity)`,
    )
    .get(row.id, row.study_id)
  return other ? 'changed' : 'current'
}

export function toRunRow(profile: Profile, row: StoredRun, contents = contentsOf(profile, row)): RunRow {
  const { db } = profile
  const config = StoredConfig.parse(JSON.parse(row.config))
  const checkpoint = keptCheckpoint(profile, row.id)
  const count = statementOf(db, 'SELECT COUNT(*) AS done FROM epochs WHERE run_id = ?')
  const { done } = count.get(row.id) as { done: number }
  const figures = statementOf(
    db,
    'SELECT ssim, psnr, nmse FROM epochs WHERE run_id = ? AND epoch = ? AND ssim IS NOT NULL',
  )
  const metrics = checkpoint ? (figures.get(row.id, checkpoint.epoch) as Metrics | undefined) : undefined
  const milestones = statementOf(
    db,
    "SELECT epoch FROM checkpoints WHERE run_id = ? AND role = 'milestone' ORDER BY epoch",
  )
  const { channels } = config.networkConfig
  const stateStep = statesOf(profile, row.id)[0]?.step ?? null
  return {
    id: String(row.id),
    kind: row.kind,
    method: config.method,
    network: config.network,
    channels: typeof channels === 'number' ? channels : null,
    parent: row.parent_id === null ? startFile(profile, row) : String(row.parent_id),
    parentEpoch: row.parent_epoch,
    study: row.study,
    status: row.status,
    reason: row.reason,
    createdAt: row.created_at,
    finishedAt: row.finished_at,
    epochs: { done, planned: config.recipe?.epochs ?? 0 },
    metrics: metrics ?? null,
    checkpoint: checkpoint && { path: checkpoint.path, sha256: checkpoint.sha256 },
    milestones: milestones.pluck().all(row.id) as number[],
    stateStep,
    resumable: isResumable(row, stateStep !== null),
    suggestion: suggest(row, config),
    summary: summaryOf(profile, row),
    contents,
    config,
    job: jobOf(profile, row),
    elsewhere: elsewhereOf(row),
  }
}

/** Rows for lists. Runs with one content digest used equal volumes, so these are compared with the study only once. */
export function toRunRows(profile: Profile, rows: readonly StoredRun[]): RunRow[] {
  const known = new Map<string, RunRow['contents']>()
  return rows.map(row => {
    const key = JSON.stringify([row.kind, row.study_id, contentDigestOf(row)])
    if (!known.has(key)) known.set(key, contentsOf(profile, row))
    return toRunRow(profile, row, known.get(key))
  })
}

const SELECT = 'SELECT runs.*, studies.name AS study FROM runs JOIN studies ON studies.id = runs.study_id'

export const storedRuns = (profile: Profile): StoredRun[] =>
  profile.db.prepare(`${SELECT} ORDER BY runs.id`).all() as StoredRun[]

export const listRuns = (profile: Profile): RunRow[] => toRunRows(profile, storedRuns(profile))

/** Throws `RUN_NOT_FOUND`. */
export function storedRun(profile: Profile, id: string): StoredRun {
  const number = Number(id)
  const found = profile.db.prepare(`${SELECT} WHERE runs.id = ?`)
  const row = String(number) === id ? (found.get(number) as StoredRun | undefined) : undefined
  if (row) return row
  throw new AppError('RUN_NOT_FOUND', `Expected a run’s number, got "${id}". List them with: self-mri runs`)
}

/** Throws `STATE_CONFLICT` if a process of another machine has the queued or running run. */
export function requireHere(profile: Profile, run: string): void {
  const elsewhere = elsewhereOf(storedRun(profile, run))
  if (elsewhere === null) return
  throw new AppError(
    'STATE_CONFLICT',
    `Expected a run of this machine, got run ${run}, which ${elsewhere} trains. Press Ctrl+C in that program. ` +
      'If that process no longer exists, choose “Mark as interrupted” in the app, ' +
      `or run: self-mri runs resume ${run} --ended-there`,
  )
}

export const findRun = (profile: Profile, id: string): RunRow => toRunRow(profile, storedRun(profile, id))

export function epochsOf({ db }: Profile, run: string): EpochFigures[] {
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

/** Whether the run was only pre-trained. The network's output then has arbitrary units. */
export const isPretrained = ({ kind, method }: Pick<RunRow, 'kind' | 'method'>): boolean =>
  kind === 'pretrain' || (kind === 'import' && method !== null)

/** The run and its ancestors, the run first. */
export function lineage({ db }: Profile, run: string): number[] {
  const rows = db
    .prepare(
      `WITH RECURSIVE line (id) AS (
        SELECT ? UNION SELECT runs.parent_id FROM runs JOIN line ON runs.id = line.id WHERE runs.parent_id IS NOT NULL
      ) SELECT id FROM line`,
    )
    .all(Number(run)) as { id: number }[]
  return rows.map(({ id }) => id)
}
