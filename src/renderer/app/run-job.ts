/** Where a run is trained, in words: its device, or its job and what the job waits for. */
import type { EngineState } from '../../contract/engine.ts'
import type { RunJob } from '../../contract/execution.ts'
import type { RunView } from '../../contract/runs.ts'
import { count } from '../../presentation/numbers.ts'

/** Whether the scheduler still has the job, as far as this program knows. */
const isAlive = ({ state }: RunJob): boolean => state === 'submitted' || state === 'pending' || state === 'running'

/** The job that still trains the run or waits for its turn. `null`: the run has no such job. */
export const livingJob = ({ job, status }: Pick<RunView, 'job' | 'status'>): RunJob | null =>
  job && isAlive(job) && (status === 'queued' || status === 'running') ? job : null

/** 'Slurm job 4711 on n3', 'Slurm job', 'job folder' */
export function jobName({ executor, id, node }: RunJob): string {
  const name = executor === 'slurm' ? `Slurm job${id === null ? '' : ` ${id}`}` : 'job folder'
  return node === null ? name : `${name} on ${node}`
}

/** 'GPU 2', 'n3', 'job 4711'. `null`: the run is not in training, or there is only one device. */
export function placeOf(run: Pick<RunView, 'id' | 'job' | 'status'>, engine: EngineState | null): string | null {
  const job = livingJob(run)
  if (job) return job.node ?? (job.id === null ? null : `job ${job.id}`)
  const devices = engine?.devices ?? []
  return devices.length > 1 ? (devices.find(({ runs }) => runs.some(each => each.run === run.id))?.label ?? null) : null
}

const WAITING: Readonly<Record<RunJob['executor'], string>> = {
  slurm: 'waits in Slurm',
  folder: 'waits for its start',
}

/** What the job waits for, in three words. `null`: the job runs or has ended. */
export function jobWait({ executor, state }: RunJob): string | null {
  if (state === 'submitted') return executor === 'slurm' ? 'submitting the job' : WAITING.folder
  return state === 'pending' ? WAITING[executor] : null
}

/** The words of a job. The words of a job folder end with a command, which is split off. */
export function splitCommand({ executor, words }: RunJob): { sentence: string; command: string | null } {
  const parts = executor === 'folder' ? /^(.*: )(bash .*)$/.exec(words) : null
  return parts ? { sentence: parts[1], command: parts[2] } : { sentence: words, command: null }
}

/** What a pause does. `null`: the run has nothing to pause, because the run or its job waits. */
export function pauseInWords(run: Pick<RunView, 'job' | 'status'>): string | null {
  const job = livingJob(run)
  if (job) {
    if (job.state !== 'running') return null
    if (job.executor === 'folder') return 'Asks the job to store its state and to end. “Resume run” continues from it.'
    return `Cancels the ${jobName(job)}, which stores its state. “Resume run” submits a job that continues.`
  }
  if (run.status !== 'running') return null
  return 'Finishes the step, stores the state and starts the next run in the queue. “Resume run” continues from there.'
}

/** '2 jobs were found. The list of runs shows them.' `null`: no run has a job. */
export function foundJobsInWords(runs: readonly Pick<RunView, 'job' | 'status'>[]): string | null {
  // A run is interrupted until the services have put the run into the queue again.
  const found = runs.filter(({ job, status }) =>
    livingJob({ job, status: status === 'interrupted' ? 'queued' : status }),
  )
  if (found.length === 0) return null
  const [were, them] = found.length === 1 ? ['was', 'it'] : ['were', 'them']
  return `${count(found.length, 'job')} ${were} found. The list of runs shows ${them}.`
}
