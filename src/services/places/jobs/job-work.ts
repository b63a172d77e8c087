/** The work of one job, and what is told of the job. */
import type { RunJob } from '../../../contract/execution.ts'
import type { JobRequest } from './job-files.ts'

export interface JobWork {
  readonly folder: string
  /** Name of the job in the scheduler's lists. */
  readonly name: string
  /** What the job does, for messages: `run 7`. */
  readonly label: string
  readonly request: JobRequest
  /** Copies of mask files that the job needs. */
  readonly masks: readonly string[]
  hear(event: Readonly<Record<string, unknown>>): void | Promise<void>
  tell(job: RunJob): void | Promise<void>
  readonly signal: AbortSignal
  /** Computes on this machine, in place of another job, if no job does the work. */
  readonly here?: () => Promise<unknown>
}

export interface JobTelling {
  /** The last state that was told. */
  readonly last: RunJob | null
  /** Tells a state if it differs from the last one. */
  tell(job: RunJob): Promise<void>
  /** Tells the last state again if its words differ now. */
  again(): Promise<void>
}

/** @param wordsNow The words of a state with what is to be added now. */
export function makeTelling({ tell }: JobWork, wordsNow: (words: string) => string): JobTelling {
  let last: RunJob | null = null
  let told = ''
  async function tellNow(job: RunJob): Promise<void> {
    last = job
    const now = { ...job, words: wordsNow(job.words) }
    const text = JSON.stringify(now)
    if (text === told) return
    told = text
    await tell(now)
  }
  return {
    get last() {
      return last
    },
    tell: tellNow,
    again: async () => {
      if (last) await tellNow(last)
    },
  }
}
