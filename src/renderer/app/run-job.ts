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
  return devices.length > 1 ? (devices.find(({ runs }) => runs.includes(run.id))?.label ?? null) : null
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
