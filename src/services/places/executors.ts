/** The executors of jobs. */
import type { SlurmSettings } from '../../contract/execution.ts'
import { makeFolderExecutor } from './jobs/folder.ts'
import type { JobExecutor } from './jobs/job-executor.ts'
import type { JobRecord } from './jobs/job-files.ts'
import { makeSlurm } from './slurm/slurm.ts'

export type Executors = Readonly<Record<JobRecord['executor'], JobExecutor>>

/** @param settings read at each submission, because a user may change them meanwhile */
export const makeExecutors = (settings: () => SlurmSettings): Executors => ({
  slurm: makeSlurm(settings),
  folder: makeFolderExecutor(() => settings().setup),
})
