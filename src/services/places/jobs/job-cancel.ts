/** Cancels a job, and waits until the job has stored its state. */
import { existsSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { isOver, type JobExecutor, Later, type Look, type Seen, type SubmittedJob } from './job-executor.ts'
import { inJob, type JobResult, writeWhole } from './job-files.ts'

const PAUSE_MS = 500
/** A job that does not end is left alone. The file `cancel` still asks it to stop. */
const PATIENCE_MS = 5 * 60_000

/** For a job that goes on. */
export const NOT_ENDED = `did not end within ${PATIENCE_MS / 60_000} minutes.`

/** Whether the scheduler has answered. */
async function ask(job: SubmittedJob, executor: JobExecutor): Promise<boolean> {
  try {
    await executor.cancel(job)
    return true
  } catch (error) {
    if (error instanceof Later) return false
    throw error
  }
}

const lives = ({ state }: Seen) => state === 'pending' || state === 'running'

/** @param isFresh whether the scheduler was asked after the job was cancelled */
function hasStopped({ folder, record }: SubmittedJob, seen: Seen, isFresh: boolean): boolean {
  if (existsSync(inJob(folder).end)) return true
  if (isOver(seen)) return isFresh
  if (record.executor === 'folder') return seen.state === 'pending' // it never started
  return seen.state === 'unknown' && record.id === null // the file `cancel` stops a job that begins later
}

/**
 * Returns the result if the job was done before. `goes on`: the job was asked to stop, and does not end.
 * @param read passes new events on, and returns the result if the job was done before
 */
export async function cancelJob(
  job: SubmittedJob,
  executor: JobExecutor,
  read: () => Promise<JobResult | null>,
): Promise<JobResult | 'cancelled' | 'goes on'> {
  const { folder, record } = job
  try {
    writeWhole(inJob(folder).cancel, '')
  } catch {
    // The folder cannot be written now. The scheduler stops the job nevertheless.
  }
  const since = performance.now()
  /** The ids that were cancelled. The scheduler may name an id that is not noted yet. */
  const asked = new Set<string | null>()
  let id = record.id
  let first: Look | null = null
  for (; performance.now() - since < PATIENCE_MS; await sleep(PAUSE_MS)) {
    if (!asked.has(id) && (await ask({ folder, record: { ...record, id } }, executor))) {
      asked.add(id)
      first = null
    }
    const done = await read()
    if (done) return done
    const look = await executor.look({ soon: true })
    first ??= look
    const seen = look.find(job)
    if (lives(seen)) id = seen.id
    if (asked.has(id) && hasStopped(job, seen, look.number > first.number)) return (await read()) ?? 'cancelled'
  }
  return (await read()) ?? 'goes on'
}
