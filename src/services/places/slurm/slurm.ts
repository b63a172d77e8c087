/** Jobs of a Slurm cluster: sbatch, squeue and scancel of this machine. */
import process from 'node:process'
import { AppError } from '../../../contract/errors.ts'
import type { SlurmSettings } from '../../../contract/execution.ts'
import { type JobExecutor, Later, type Look, type Seen, type SubmittedJob } from '../jobs/job-executor.ts'
import { inJob, type JobRecord } from '../jobs/job-files.ts'
import { writeScript } from '../jobs/job-script.ts'
import { splitWords } from './shell-words.ts'
import { isPassingFault, slurm, slurmInTurn } from './slurm-commands.ts'
import { hasEnded, remedyOf, type SlurmJob, seenOf } from './slurm-words.ts'

/** Slurm sends the signal up to a minute early, and looks every 30 s. */
const SIGNAL_SECONDS = 120
const SOON_MS = 2000

/** Time between two questions about all jobs. SELF_MRI_SLURM_POLL gives other seconds, for tests. */
export const slurmPollMs = (): number => 1000 * Number(process.env.SELF_MRI_SLURM_POLL ?? 15)

/** What a job asks for. The options of the user come last, because sbatch takes the last of several. */
export function resourcesOf(settings: SlurmSettings): string[] {
  const { partition, time, gpus, cpus, memory, account, qos, constraint, sbatch } = settings
  const option = (name: string, value: string | number | null) => (value === null ? [] : [`--${name}=${value}`])
  return [
    ...option('partition', partition),
    ...option('time', time),
    ...option('gres', gpus ? `gpu:${gpus}` : null),
    ...option('cpus-per-task', cpus),
    ...option('mem', memory),
    ...option('account', account),
    ...option('qos', qos),
    ...option('constraint', constraint),
    ...splitWords(sbatch ?? ''),
  ]
}

function optionsOf({ folder, record }: SubmittedJob, settings: SlurmSettings): string[] {
  return [
    '--parsable',
    `--job-name=${record.name}`,
    `--comment=${record.token}`,
    `--output=${inJob(folder).log.replaceAll('%', '%%')}`,
    `--chdir=${folder}`,
    '--open-mode=append',
    '--nodes=1',
    '--ntasks=1',
    '--requeue',
    `--signal=B:USR2@${SIGNAL_SECONDS}`,
    ...resourcesOf(settings),
  ]
}

async function refusal(fault: string): Promise<AppError> {
  const partitions = /partition/i.test(fault) ? await slurm('sinfo', ['-h', '-o', '%R']).catch(() => null) : null
  const names = [...new Set(partitions?.ok ? partitions.output.split('\n').filter(Boolean) : [])]
  const listed = names.length > 0 ? ` The cluster has the partitions ${names.join(', ')}.` : ''
  return new AppError('JOB_REFUSED', `sbatch refused the job: ${fault}.${listed} ${remedyOf(fault)}`)
}

/** The cluster permits only so many jobs in its queue. */
const isFull = (fault: string) => /MaxSubmit/i.test(fault)

async function submit(job: SubmittedJob, settings: SlurmSettings): Promise<string> {
  const script = writeScript(job.folder, settings.setup)
  const { ok, output, fault } = await slurmInTurn('sbatch', [...optionsOf(job, settings), script])
  const [id] = output.trim().split('\n').at(-1)!.split(';') // with several clusters: ID;CLUSTER
  if (ok && /^\d+$/.test(id)) return id
  if (isFull(fault)) throw new Later(`The cluster takes no more jobs of yours now (${fault}).`)
  if (ok || isPassingFault(fault)) throw new Later(`Slurm does not answer (sbatch: ${fault || output.trim()}).`)
  throw await refusal(fault)
}

const FIELDS = '%A|%T|%r|%N|%S|%k|%Z'

/** The jobs by comment, and by folder. */
type JobList = ReadonlyMap<string, readonly SlurmJob[]>

function parse(output: string): JobList {
  const jobs = output.split('\n').flatMap(line => {
    const [id, state, reason, node, start, ...rest] = line.split('|')
    const folder = rest.pop()
    return folder === undefined ? [] : [{ id, state, reason, node, start, comment: rest.join('|'), folder }]
  })
  const list = Map.groupBy(jobs, ({ comment }) => comment)
  for (const [folder, ofFolder] of Map.groupBy(jobs, job => job.folder)) list.set(folder, ofFolder)
  return list
}

/**
 * The newest line of a job that lives, else of one that has ended. The number alone does not say which job it is,
 * because a folder may come from another cluster.
 */
function lineOf(jobs: JobList, { folder, record }: SubmittedJob): SlurmJob | undefined {
  const own = [...(jobs.get(record.token) ?? []), ...(jobs.get(folder) ?? [])]
  const newest = own.toSorted((a, b) => Number(b.id) - Number(a.id))
  // An older answer may name the job that ended before this one was submitted.
  return newest.find(job => !hasEnded(job)) ?? newest.find(({ id }) => Number(id) >= Number(record.id))
}

const nameOf = ({ id }: JobRecord) => (id === null ? 'The job' : `Job ${id}`)

function seen(jobs: JobList | null, fault: string, job: SubmittedJob, settings: SlurmSettings): Seen {
  const { record } = job
  const { id } = record
  if (jobs === null) {
    const words = `Slurm does not answer (squeue: ${fault}). ${nameOf(record)} is not affected. Self-MRI asks again.`
    return { state: 'unknown', id, node: null, words, again: false }
  }
  const line = lineOf(jobs, job)
  if (line) return seenOf(line, settings)
  const words = `${nameOf(record)} is no longer in Slurm’s list, and has no result.`
  return { state: 'missing', id, node: null, words, again: true }
}

/** @param settings read at each submission, because a user may change them meanwhile */
export function makeSlurm(settings: () => SlurmSettings): JobExecutor {
  let last: Look = { number: 0, find: job => seen(null, 'not asked yet', job, settings()) }
  let askedAt = Number.NEGATIVE_INFINITY
  let asking: Promise<Look> | null = null

  async function ask(): Promise<Look> {
    askedAt = performance.now()
    const { ok, output, fault } = await slurm('squeue', ['-h', '--me', '-t', 'all', '-o', FIELDS])
    const jobs = ok ? parse(output) : null
    last = { number: last.number + 1, find: job => seen(jobs, fault, job, settings()) }
    return last
  }

  return {
    id: 'slurm',
    submit: job => submit(job, settings()),
    async look({ soon = false } = {}) {
      const pollMs = soon ? Math.min(SOON_MS, slurmPollMs()) : slurmPollMs()
      if (!asking && performance.now() - askedAt < pollMs) return last
      asking ??= ask().finally(() => {
        asking = null
      })
      return asking
    },
    async cancel({ record }) {
      if (record.id === null) return
      const { ok, fault } = await slurmInTurn('scancel', [record.id])
      if (!ok && isPassingFault(fault)) throw new Later(`Slurm does not answer (scancel: ${fault}).`)
    },
  }
}
