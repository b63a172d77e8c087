/** The record of a job while a program follows the job: in memory, and in `job.json`. */
import { rmSync } from 'node:fs'
import { AppError } from '../../../contract/errors.ts'
import { onceThereIsRoom } from '../../profile/room.ts'
import { inJob, type JobRecord, readRecord, writeWhole } from './job-files.ts'

/** 'Cannot write FILE (EACCES: permission denied).' `null`: the error is of no file of the folder. */
function unwritable(error: unknown, folder: string): string | null {
  const { path, message } = error as NodeJS.ErrnoException
  return path?.startsWith(folder) ? `Cannot write ${path} (${message.split(',')[0]}).` : null
}

/** `JOB_REFUSED` for a file of the folder that could not be written before the submission. Else the error. */
export function asRefused(error: unknown, folder: string): unknown {
  const fault = unwritable(error, folder)
  if (fault === null) return error
  const remedy = 'No job was submitted. Make the folder writable, and resume the run.'
  return new AppError('JOB_REFUSED', `${fault} ${remedy}`, error)
}

/** Writes files before a submission, once there is room. Throws `JOB_REFUSED` for a file that cannot be written. */
export async function onceWritable(
  write: () => void,
  folder: string,
  signal: AbortSignal,
  onWait: (words: string | null) => void,
): Promise<void> {
  try {
    await onceThereIsRoom(write, signal, onWait)
  } catch (error) {
    throw asRefused(error, folder)
  }
}

export interface KeptRecord {
  /** `null`: there is no job. */
  readonly now: JobRecord | null
  read(): void
  /** Writes the record of a job before its submission. Throws the system's error. */
  begin(record: JobRecord): void
  /**
   * Changes the record. If the file cannot be written, the job goes on: with the older record, the next program finds
   * the job in the scheduler's list.
   */
  change(change: Partial<JobRecord>): void
  /** The job was not submitted: the record is the one before, whose job has ended. */
  undo(before: JobRecord | null): void
  /** Writes the record again if the file has an older record. Returns whether it had. */
  retry(): boolean
  /** The words. If the file has an older record, what to do comes first. */
  withFault(words: string): string
}

export function keepRecord(folder: string): KeptRecord {
  const path = inJob(folder).record
  let now: JobRecord | null = null
  /** Why the file has an older record. `null`: the file has the present record. */
  let fault: string | null = null

  function write(): void {
    try {
      writeWhole(path, now)
      fault = null
    } catch (error) {
      fault = unwritable(error, folder)
    }
  }
  return {
    get now() {
      return now
    },
    read() {
      now = readRecord(folder)
    },
    begin(record) {
      writeWhole(path, record)
      now = record
      fault = null
    },
    change(change) {
      now = { ...now!, ...change }
      write()
    },
    undo(before) {
      now = before && { ...before, told: true }
      if (now) write()
      else rmSync(path, { force: true })
    },
    retry() {
      if (fault === null) return false
      write()
      return true
    },
    withFault: words => (fault === null ? words : `${fault} Make the folder writable, or mount its disk. ${words}`),
  }
}
