/** The jobs of runs now, for a program that follows none of them. */
import { existsSync } from 'node:fs'
import { AppError } from '../../contract/errors.ts'
import type { SlurmSettings } from '../../contract/execution.ts'
import { makeExecutors } from './executors.ts'
import { cancelJob } from './jobs/job-cancel.ts'
import type { Seen } from './jobs/job-executor.ts'
import { inJob, readRecord, readResult } from './jobs/job-files.ts'

export interface JobsNow {
  /** `null`: the folder has no job. */
  see(folder: string): Promise<Omit<Seen, 'again'> | null>
  /**
   * Waits until the job has stored its state. `done`: the job was done before. Throws `STATE_CONFLICT` if there is no
   * job.
   */
  cancel(folder: string): Promise<'cancelled' | 'done' | 'goes on'>
}

export function makeJobsNow(settings: SlurmSettings): JobsNow {
  const executors = makeExecutors(() => settings)

  return {
    async see(folder) {
      const record = readRecord(folder)
      if (!record) return null
      if (existsSync(inJob(folder).result))
        return {
          state: 'ended',
          id: record.id,
          node: null,
          words: 'The job is done. Resume the run to take its result.',
        }
      return (await executors[record.executor].look()).find({ folder, record })
    },
    async cancel(folder) {
      const record = readRecord(folder)
      if (!record) throw new AppError('STATE_CONFLICT', `Expected a run with a job, got no job in ${folder}.`)
      const outcome = await cancelJob({ folder, record }, executors[record.executor], async () => readResult(folder))
      return typeof outcome === 'object' ? 'done' : outcome
    },
  }
}
