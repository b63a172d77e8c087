/**
 * Writes the rows of runs: adds runs and changes their status. Only this file and `store-training.ts` write the
 * tables `runs`, `run_volumes`, `run_patients`, `epochs`, `checkpoints` and `states`. A test checks this rule.
 */
import { existsSync, readdirSync } from 'node:fs'
import process from 'node:process'
import { AppError } from '../../contract/errors.ts'
import type { RunStatus, StoredConfig } from '../../contract/runs.ts'
import type { StudyVolume } from '../../contract/studies.ts'
import type { TrainingSummary } from '../../contract/training-summary.ts'
import { isThisHost, processInWords, thisHost } from '../profile/host.ts'
import { runDirectory, storedFile, storedRunFile } from '../profile/paths.ts'
import type { Profile } from '../profile/profile.ts'
import { requireRuns } from '../profile/runs-folder.ts'
import { environmentNow } from './environment.ts'
import { logEvent } from './log.ts'

/**
 * The start of a run: the kept weights of a run, the weights of its milestone (`epoch`), or a checkpoint file.
 * `null`: from scratch.
 */
export type Parent = { readonly run: string; readonly epoch?: number | null } | { readonly file: string } | null

export interface UsedVolumes {
  readonly train: readonly StudyVolume[]
  readonly val: readonly StudyVolume[]
}

export interface NewRun {
  readonly study: number
  readonly config: StoredConfig
  readonly parent: Parent
  readonly status: RunStatus
  /** `contentDigest` of the volumes that the run is trained on. */
  readonly content?: string | null
  readonly used?: UsedVolumes
}

const now = () => new Date().toISOString()

/**
 * Throws `FILE_EXISTS` if the folder of a new run has files. This happens if the database was restored from an older
 * copy, or if another program wrote into the folder.
 */
function requireNewFolder(folder: string, run: string): void {
  if (!existsSync(folder) || readdirSync(folder).length === 0) return
  throw new AppError(
    'FILE_EXISTS',
    `Cannot make run ${run}: its folder ${folder} has files that no run of this profile wrote. ` +
      'Move the folder, or choose another profile with --profile.',
  )
}

const ROLES = ['train', 'val'] as const

function addVolumes({ db }: Profile, run: string, used: UsedVolumes): void {
  const add = db.prepare(
    'INSERT OR IGNORE INTO run_volumes (run_id, file, identity, scan, role) VALUES (?, ?, ?, ?, ?)',
  )
  for (const role of ROLES)
    for (const { file, content } of used[role])
      if (content) add.run(Number(run), file, content.identity, content.scan, role)
}

function addPatients({ db }: Profile, run: string, used: UsedVolumes): void {
  const add = db.prepare('INSERT OR IGNORE INTO run_patients (run_id, patient, role) VALUES (?, ?, ?)')
  for (const role of ROLES) for (const { patient } of used[role]) add.run(Number(run), patient, role)
}

/**
 * Adds a run of this process and returns its id. Throws `FILE_EXISTS`. Throws `FILE_UNREADABLE` if the folder of runs
 * cannot be written.
 */
export function insertRun(profile: Profile, { study, config, parent, status, content = null, used }: NewRun): string {
  const { db } = profile
  return db.transaction(() => {
    const { lastInsertRowid } = db
      .prepare(
        `INSERT INTO runs
          (kind, study_id, parent_id, parent_epoch, start_path, status, config, environment, pid, host, created_at,
            claimed_at)
          VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      )
      .run(
        config.kind,
        study,
        parent && 'run' in parent ? Number(parent.run) : null,
        parent && 'run' in parent ? (parent.epoch ?? null) : null,
        parent && 'file' in parent ? storedFile(profile, parent.file) : null,
        status,
        JSON.stringify(config),
        JSON.stringify(environmentNow(content)),
        process.pid,
        thisHost(),
        now(),
        now(),
      )
    const run = String(lastInsertRowid)
    requireRuns(profile)
    requireNewFolder(runDirectory(profile, run), run)
    writeStatus(profile, run, { status })
    if (used) {
      addVolumes(profile, run, used)
      addPatients(profile, run, used)
    }
    return run
  })()
}

/** Adds several runs, all or none. */
export const insertRuns = (profile: Profile, added: readonly NewRun[]): string[] =>
  profile.db.transaction(() => added.map(run => insertRun(profile, run)))()

interface Change {
  readonly status: RunStatus
  readonly reason?: string | null
  /** The error that ended the run. */
  readonly fault?: AppError | null
  readonly summary?: TrainingSummary
}

const isOpen = (status: RunStatus) => status === 'queued' || status === 'running'

const withStoredFile = (profile: Profile, { checkpoint, ...summary }: TrainingSummary): TrainingSummary => ({
  ...summary,
  checkpoint: { ...checkpoint, path: storedRunFile(profile, checkpoint.path) },
})

/** Stores the status in the row and in the log. */
function writeStatus(profile: Profile, run: string, { status, reason = null, fault, summary }: Change): void {
  profile.db
    .prepare(
      `UPDATE runs SET status = @status, reason = @reason, fault = @fault, fault_data = @data, summary = @summary,
        finished_at = @finished, queue_place = NULL,
        started_at = CASE WHEN @status = 'running' THEN @at ELSE started_at END WHERE id = @run`,
    )
    .run({
      run: Number(run),
      status,
      reason,
      fault: fault?.code ?? null,
      data: fault ? JSON.stringify(fault.data) : null,
      summary: summary ? JSON.stringify(withStoredFile(profile, summary)) : null,
      finished: isOpen(status) ? null : now(),
      at: now(),
    })
  logEvent(profile, run, { type: 'status', status, reason })
}

const rowOf = ({ db }: Profile, run: string) =>
  db.prepare('SELECT status, pid, host FROM runs WHERE id = ?').get(Number(run)) as {
    status: RunStatus
    pid: number
    host: string | null
  }

/**
 * Changes the status of a run of this process. Throws `STATE_CONFLICT` if the run's status is not in `from`, or if
 * another process has taken the run.
 */
function change(profile: Profile, run: string, from: readonly RunStatus[], to: Change): void {
  profile.db
    .transaction(() => {
      const { status, pid, host } = rowOf(profile, run)
      if (pid !== process.pid || !isThisHost(host))
        throw new AppError(
          'STATE_CONFLICT',
          `Expected run ${run} to be of this program, but ${processInWords(pid, host)} has taken it.`,
        )
      if (!from.includes(status))
        throw new AppError(
          'STATE_CONFLICT',
          `Expected a run that is ${from.join(' or ')}, got run ${run}, which is ${status}: it cannot become ` +
            `${to.status}.`,
        )
      writeStatus(profile, run, to)
    })
    .immediate() // otherwise SQLite would not wait for another program, because the transaction reads first
}

/** Another program may have marked the run `interrupted`, because it could not see this process. */
const ENDS_FROM = ['queued', 'running', 'interrupted'] as const

/** Changes the status to `running`. */
export const beginRun = (profile: Profile, run: string): void => change(profile, run, ['queued'], { status: 'running' })

export const finishRun = (profile: Profile, run: string, summary?: TrainingSummary): void =>
  change(profile, run, ENDS_FROM, { status: 'finished', summary })

export const pauseRun = (profile: Profile, run: string): void => change(profile, run, ENDS_FROM, { status: 'paused' })

export const cancelRun = (profile: Profile, run: string, reason: string): void =>
  change(profile, run, ENDS_FROM, { status: 'cancelled', reason })

/** Stores that an external cause ended the run. @param fault the error, if there is one */
export const interruptRun = (profile: Profile, run: string, reason: string, fault: AppError | null = null): void =>
  change(profile, run, ENDS_FROM, { status: 'interrupted', reason, fault })

export const failRun = (profile: Profile, run: string, reason: string, fault: AppError | null): void =>
  change(profile, run, ENDS_FROM, { status: 'failed', reason, fault })

/** A queued or running run, and its process. */
export interface OpenRun {
  readonly run: string
  readonly status: 'queued' | 'running'
  readonly pid: number
  readonly host: string | null
}

/**
 * Marks a run `interrupted` whose process no longer exists. Does nothing if the run's status or process has changed.
 */
export function interruptAbandoned(profile: Profile, { run, status, pid, host }: OpenRun, reason: string): void {
  profile.db
    .transaction(() => {
      const found = rowOf(profile, run)
      if (found.status === status && found.pid === pid && found.host === host)
        writeStatus(profile, run, { status: 'interrupted', reason })
    })
    .immediate()
}

/**
 * Queues a run again that ended with the status `before`, and gives the run to this process.
 * Throws `STATE_CONFLICT` if another program has resumed the run.
 * @param resumes number of consecutive automatic resumptions
 */
export function claimRun(profile: Profile, run: string, before: RunStatus, resumes: number, step: number): void {
  requireRuns(profile)
  const { db } = profile
  db.transaction(() => {
    const { changes } = db
      .prepare(
        'UPDATE runs SET pid = ?, host = ?, claimed_at = ?, resumes = ?, resumed_step = ? WHERE id = ? AND status = ?',
      )
      .run(process.pid, thisHost(), now(), resumes, step, Number(run), before)
    if (changes === 0 || isOpen(before) || before === 'finished')
      throw new AppError('STATE_CONFLICT', `Expected run ${run} to be ${before}, but another program has resumed it.`)
    writeStatus(profile, run, { status: 'queued' })
  }).immediate()
}

/** Stores the places of queued runs. `runs`: their order. `begun`: runs whose jobs wait elsewhere. */
export function setQueuePlaces({ db, bell }: Profile, runs: readonly string[], begun: readonly string[] = []): void {
  const update = db.prepare('UPDATE runs SET queue_place = ? WHERE id = ? AND queue_place IS NOT ?')
  const place = (run: string, at: number | null) => update.run(at, Number(run), at)
  db.transaction(() => {
    for (const [i, run] of runs.entries()) place(run, i + 1)
    for (const run of begun) place(run, null)
  })()
  bell.ring()
}

/** Hides a run or shows it again. Its files stay. Throws `STATE_CONFLICT` if the run has not ended. */
export function setHidden(profile: Profile, run: string, hidden: boolean): void {
  const { status } = rowOf(profile, run)
  if (hidden && isOpen(status)) {
    throw new AppError(
      'STATE_CONFLICT',
      `Expected a run that has ended, got run ${run}, which is ${status}. Cancel it first.`,
    )
  }
  profile.db.prepare('UPDATE runs SET hidden_at = ? WHERE id = ?').run(hidden ? now() : null, Number(run))
  profile.bell.ring()
}

/** Stores the contents of a run's volumes, for a run whose contents were not recorded. */
export function recordContents(profile: Profile, run: string, content: string, used: UsedVolumes): void {
  const { db } = profile
  db.transaction(() => {
    db.prepare("UPDATE runs SET environment = json_set(environment, '$.content', ?) WHERE id = ?").run(
      content,
      Number(run),
    )
    addVolumes(profile, run, used)
  })()
}
