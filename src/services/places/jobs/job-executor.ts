/** What starts jobs: Slurm, or anybody who calls `self-mri job FOLDER`. */
import type { JobRecord } from './job-files.ts'

export interface SubmittedJob {
  readonly folder: string
  readonly record: JobRecord
}

/** What a scheduler says of a job. */
export interface Seen {
  /** `missing`: the scheduler does not know the job. `unknown`: the scheduler did not answer. */
  readonly state: 'pending' | 'running' | 'ended' | 'missing' | 'unknown'
  /** The scheduler's id of the job. */
  readonly id: string | null
  readonly node: string | null
  /** The state in words, with its reason and what to do. */
  readonly words: string
  /** Whether an ended job may be started again, because nothing is wrong with its work. */
  readonly again: boolean
}

export const isOver = ({ state }: Seen): boolean => state === 'ended' || state === 'missing'

/** A running job in words. */
export const runsOn = (id: string | null, node: string | null): string =>
  `${id === null ? 'The job' : `Job ${id}`} runs${node ? ` on ${node}` : ''}.`

/** One answer of a scheduler about all jobs. */
export interface Look {
  /** Increases with every answer. */
  readonly number: number
  find(job: SubmittedJob): Seen
}

/** The scheduler did not answer, or takes no more jobs now. Whether it has taken the job is not known. */
export class Later extends Error {}

export interface JobExecutor {
  readonly id: JobRecord['executor']
  /** Returns the scheduler's id. Throws `JOB_REFUSED`, or `Later`. */
  submit(job: SubmittedJob): Promise<string | null>
  /**
   * The last answer, which is asked for if it is old. `soon`: a fresher answer, for a job that is being cancelled.
   * Throws `JOB_REFUSED` if this machine has no scheduler.
   */
  look(options?: { readonly soon?: boolean }): Promise<Look>
  /** Throws `Later` if the scheduler did not answer. A job that has ended is no error. */
  cancel(job: SubmittedJob): Promise<void>
}
