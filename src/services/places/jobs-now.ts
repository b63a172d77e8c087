/** The jobs of runs now, for a program that follows none of them. */
import { existsSync } from 'node:fs'
import { AppError } from '../../contract/errors.ts'
import type { SlurmSettings } from '../../contract/execution.ts'
import { makeFolderExecutor } from './jobs/folder.ts'
import { cancelJob } from './jobs/job-cancel.ts'
import type { JobExecutor, Seen } from './jobs/job-executor.ts'
import { inJob, JobRecord, JobResult, readJobFile } from './jobs/job-files.ts'
import { makeSlurm } from './slurm/slurm.ts'

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
  const executors: Readonly<Record<JobRecord['executor'], JobExecutor>> = {
    slurm: makeSlurm(() => settings),
    folder: makeFolderExecutor(() => settings.setup),
  }
  const recordOf = (folder: string) => readJobFile(inJob(folder).record, JobRecord)
  const resultOf = async (folder: string) => readJobFile(inJob(folder).result, JobResult)

  return {
    async see(folder) {
      const record = recordOf(folder)
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
      const record = recordOf(folder)
      if (!record) throw new AppError('STATE_CONFLICT', `Expected a run with a job, got no job in ${folder}.`)
      const outcome = await cancelJob({ folder, record }, executors[record.executor], () => resultOf(folder))
      return typeof outcome === 'object' ? 'done' : outcome
    },
  }
}
