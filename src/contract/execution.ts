/** Where trainings run: on devices of this machine, as Slurm jobs, or as job folders for other schedulers. */
import { z } from 'zod'

/** `folder`: the program writes a job folder, and the user starts `self-mri job FOLDER` by any means. */
export const EXECUTORS = ['local', 'slurm', 'folder'] as const
export const Executor = z.enum(EXECUTORS)
export type Executor = z.infer<typeof Executor>

const option = (description: string) => z.string().min(1).nullable().default(null).describe(description)

/** A text of a form that Slurm knows. `expected`: the sentence for another text. */
const ofForm = (description: string, form: RegExp, expected: string) =>
  z.string().regex(form, expected).meta({ expected }).nullable().default(null).describe(description)

/** Minutes, MM:SS, HH:MM:SS, D-HH, D-HH:MM, D-HH:MM:SS, or no limit. */
const TIME = /^(?:\d+(?::\d{1,2}){0,2}|\d+-\d{1,2}(?::\d{1,2}){0,2}|UNLIMITED|unlimited)$/

/** Options of `sbatch`. `null`: the cluster's default. */
export const SlurmSettings = z.object({
  partition: option('partition of the jobs'),
  time: ofForm(
    'time limit of a job, as 4:00:00 or 2-0; a job that reaches the limit continues in its next turn',
    TIME,
    'Expected a time limit as 30 (minutes), 4:00:00 or 2-0 (days-hours)',
  ),
  jobs: z.int().min(1).max(1000).default(32).describe('most jobs at once'),
  gpus: z.int().min(0).max(1).nullable().default(null).describe('GPUs of a job, 0 or 1'),
  cpus: z.int().min(1).max(256).nullable().default(null).describe('cores of a job'),
  memory: ofForm(
    'memory of a job, as 32G',
    /^\d+[KMGTkmgt]?$/,
    'Expected a whole number with K, M, G or T, as 32G. Without a letter it counts megabytes',
  ),
  account: option('account that is charged'),
  qos: option('quality of service'),
  constraint: option('features of the nodes, as a100'),
  setup: option('shell line before the program starts, as “module load gcc”'),
  sbatch: option('further options of sbatch, as “--exclude=n3”'),
})
export type SlurmSettings = z.infer<typeof SlurmSettings>

/** The names of the settings in the window. */
export const SLURM_LABELS: Readonly<Record<keyof SlurmSettings, string>> = {
  partition: 'Partition',
  time: 'Time limit',
  jobs: 'Jobs at once',
  gpus: 'GPUs per job',
  cpus: 'Cores per job',
  memory: 'Memory per job',
  account: 'Account',
  qos: 'Quality of service',
  constraint: 'Constraint',
  setup: 'Setup line',
  sbatch: 'Further options',
}

export const Execution = z.object({
  executor: Executor.default('local'),
  /** Numbers or UUIDs of GPUs. `null`: all GPUs that the program sees. */
  devices: z.array(z.string().min(1)).min(1).nullable().default(null),
  /** Trainings at once on this machine. `null`: one for each chosen device. A machine without a GPU has one device. */
  slots: z.int().min(1).max(64).nullable().default(null),
  slurm: SlurmSettings.prefault({}),
})
export type Execution = z.infer<typeof Execution>

/**
 * `submitted`: the scheduler has not answered yet. `pending`: the job waits. `ended`: the job has a result, or ended
 * without one. `lost`: the scheduler no longer knows the job, and the job has no result.
 */
export const JOB_STATES = ['submitted', 'pending', 'running', 'ended', 'lost'] as const

/** The job of a run. */
export const RunJob = z.object({
  executor: Executor.exclude(['local']),
  /** The scheduler's number. `null`: no number is known. */
  id: z.string().nullable(),
  state: z.enum(JOB_STATES),
  node: z.string().nullable(),
  /** The state for users, with its reason and what to do. */
  words: z.string(),
  /** The job's folder. */
  folder: z.string(),
})
export type RunJob = z.infer<typeof RunJob>

/** What was found about a cluster, one finding for each question. */
export const ClusterFinding = z.object({
  /** `jobs`: what Slurm says about a job with these settings. */
  about: z.enum(['jobs', 'queue', 'partitions', 'engine', 'folder of runs']),
  state: z.enum(['good', 'bad', 'unknown']),
  /** The answer for users, and what to do if the answer is bad. */
  words: z.string(),
})
export type ClusterFinding = z.infer<typeof ClusterFinding>
