/** Cancels a job, and waits until the job has stored its state. */
import { existsSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { isOver, type JobExecutor, Later, type Seen, type SubmittedJob } from './job-executor.ts'
import { inJob, type JobResult, writeWhole } from './job-files.ts'

const PAUSE_MS = 500
/** A job that does not end is left alone. The file `cancel` still asks it to stop. */
const PATIENCE_MS = 5 * 60_000

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

function hasStopped({ folder, record }: SubmittedJob, seen: Seen, asked: boolean): boolean {
  if (isOver(seen) || existsSync(inJob(folder).end)) return asked
  if (record.executor === 'folder') return seen.state === 'pending' // it never started
  return seen.state === 'unknown' && record.id === null // the file `cancel` stops a job that begins later
}

/** @param read passes new events on, and returns the result if the job was done before */
export async function cancelJob(
  job: SubmittedJob,
  executor: JobExecutor,
  read: () => Promise<JobResult | null>,
): Promise<JobResult | null> {
  try {
    writeWhole(inJob(job.folder).cancel, '')
  } catch {
    // The folder cannot be written now. The scheduler stops the job nevertheless.
  }
  const since = performance.now()
  for (let asked = false; performance.now() - since < PATIENCE_MS; await sleep(PAUSE_MS)) {
    asked ||= await ask(job, executor)
    const done = await read()
    if (done) return done
    const look = await executor.look({ soon: true })
    if (hasStopped(job, look.find(job), asked)) break
  }
  return read()
}
