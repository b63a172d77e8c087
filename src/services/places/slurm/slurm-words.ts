/** Slurm's states and reasons for users, with what to do. */
import { SLURM_LABELS, type SlurmSettings } from '../../../contract/execution.ts'
import { runsOn, type Seen } from '../jobs/job-executor.ts'

/** A line of squeue. */
export interface SlurmJob {
  readonly id: string
  readonly state: string
  readonly reason: string
  readonly node: string
  /** When Slurm expects the start, in the cluster's time. Empty: Slurm has not said. */
  readonly start: string
  readonly comment: string
  /** The job's working folder, which is its job folder. */
  readonly folder: string
}

const PENDING = new Set([
  'PENDING',
  'CONFIGURING',
  'REQUEUED',
  'REQUEUE_FED',
  'REQUEUE_HOLD',
  'RESV_DEL_HOLD',
  'SPECIAL_EXIT',
])

/** Ends after which the job may be started again, because nothing is wrong with its work. */
const PASSING = new Set(['TIMEOUT', 'NODE_FAIL', 'BOOT_FAIL', 'PREEMPTED', 'LAUNCH_FAILED', 'RECONFIG_FAIL'])
const FINAL = new Set(['COMPLETED', 'FAILED', 'CANCELLED', 'OUT_OF_MEMORY', 'DEADLINE', 'REVOKED'])

/** A setting as both users know it: '--memory (Memory per job)'. */
const named = (name: keyof SlurmSettings): string => `--${name} (${SLURM_LABELS[name]})`
const LESS = [named('cpus'), named('memory'), named('gpus'), named('constraint')].join(', ')

/** Why a job waits. The first pattern that fits counts. */
const REASONS: readonly (readonly [RegExp, string])[] = [
  [/^(?:None|\(null\)|)$/, 'waits until Slurm has looked at it'],
  [/^Priority$/, 'waits, because other jobs have a higher priority'],
  [/^Resources$/, 'waits for a free node'],
  [/^BeginTime$/, 'is in the queue again. Slurm starts such a job after about two minutes'],
  [/^(?:Prolog|Cleaning)$/, 'starts soon: Slurm prepares its node'],
  [
    /^(?:ReqNodeNotAvail|NodeDown|NodesUnavailable|Nodes required)/,
    'waits, because its nodes are down, drained or reserved. If it does not start, choose other nodes: ' +
      `${named('partition')} or ${named('constraint')}`,
  ],
  [
    /^Partition(?:Down|Inactive)$/,
    `waits, because its partition is closed. Choose another partition: ${named('partition')}`,
  ],
  [
    /^(?:PartitionTimeLimit|.*MaxWallDuration)/,
    'never starts, because it asks for more time than the cluster permits. Cancel the run, and ask for less: ' +
      named('time'),
  ],
  [
    /^(?:PartitionNodeLimit|BadConstraints|.*Max(?:Cpu|CPU|Node|TRES|GRES|Mem)[A-Za-z]*PerJob)/,
    `never starts, because it asks for more than the cluster permits. Cancel the run, and ask for less: ${LESS}`,
  ],
  [
    /^(?:InvalidAccount|AccountNotAllowed)$/,
    `never starts, because its account is not valid. Cancel the run, and choose another account: ${named('account')}`,
  ],
  [
    /^(?:InvalidQOS|QOSNotAllowed)$/,
    `never starts, because its QOS is not valid. Cancel the run, and change ${named('qos')}`,
  ],
  [
    /^(?:QOS|Assoc|MaxJobs|Association|JobArrayTaskLimit)/,
    'waits, because you or your group already use as much as the cluster permits. It starts when other jobs have ended',
  ],
  [/^JobHeldAdmin$/, 'is held by an administrator. Ask the administrators of the cluster'],
  [/held|^JobHoldMaxRequeue$/i, 'is held. To release it: scontrol release ID'],
  [/^Licenses$/, 'waits for a licence'],
  [/^Reservation/, 'waits for its reservation'],
  [/^Dependency/, 'waits for another job. Jobs of Self-MRI wait for none: look at your options of sbatch'],
]

export const hasEnded = ({ state }: SlurmJob): boolean => PASSING.has(state) || FINAL.has(state)

function waitsHow({ id, state, reason, start }: SlurmJob): string {
  if (state === 'CONFIGURING') return `Job ${id} starts soon: its node is being started.`
  const [, words] = REASONS.find(([pattern]) => pattern.test(reason)) ?? [null, 'waits']
  const said = /^(?:None|\(null\)|)$/.test(reason) ? '' : ` Slurm’s reason: ${reason}.`
  const when = /^\d{4}-/.test(start) ? ` Slurm expects its start at ${start.replace('T', ' ')}.` : ''
  return `Job ${id} ${words.replace('ID', id)}.${said}${when}`
}

function runsHow({ id, state, node }: SlurmJob): string {
  const where = node ? ` on ${node}` : ''
  if (state === 'COMPLETING') return `Job ${id} is ending${where}.`
  if (state === 'SUSPENDED' || state === 'STOPPED')
    return `Job ${id} is suspended${where}, because other jobs go before. Slurm continues the job.`
  return runsOn(id, node)
}

/** How a job ended without a result, and what to do. */
function endedHow({ id, state, node }: SlurmJob, { memory, time }: SlurmSettings): string {
  const where = node ? ` on ${node}` : ''
  switch (state) {
    case 'OUT_OF_MEMORY':
      return (
        `Job ${id} ran out of memory${where}. It had ${memory ?? 'the cluster’s default'}. ` +
        `Ask for more with ${named('memory')}, and resume the run.`
      )
    case 'TIMEOUT':
      return (
        `Job ${id} reached its time limit${where} (${time ?? 'the cluster’s default'}) before its state was stored. ` +
        `Ask for more with ${named('time')}.`
      )
    case 'NODE_FAIL':
    case 'BOOT_FAIL':
    case 'LAUNCH_FAILED':
      return `The node of job ${id} failed${where}.`
    case 'PREEMPTED':
      return `Job ${id} was ended${where}, because a job of higher priority needed its node.`
    case 'CANCELLED':
      return `Somebody cancelled job ${id}. Resume the run to continue.`
    case 'DEADLINE':
      return `Job ${id} reached its deadline. Resume the run with another deadline.`
    default:
      return `Job ${id} ended${where} without a result (${state}).`
  }
}

export function seenOf(job: SlurmJob, settings: SlurmSettings): Seen {
  const { id, state } = job
  const node = job.node === '' ? null : job.node
  if (PENDING.has(state)) return { state: 'pending', id, node: null, words: waitsHow(job), again: false }
  if (hasEnded(job)) return { state: 'ended', id, node, words: endedHow(job, settings), again: PASSING.has(state) }
  return { state: 'running', id, node, words: runsHow(job), again: false }
}

/** What to do about words of sbatch. The first pattern that fits counts. */
const REMEDIES: readonly (readonly [RegExp, string])[] = [
  [
    /configuration source|fetch(?:ing|_)? ?config|DNS SRV|slurm\.conf/i,
    'This machine has Slurm’s commands, but no cluster. Start the program on a login node, or set SLURM_CONF.',
  ],
  [
    /account or partition|invalid account/i,
    `Choose another account or partition: ${named('account')}, ${named('partition')}.`,
  ],
  [/partition/i, `Choose another partition: ${named('partition')}.`],
  [/qos/i, `Choose another quality of service: ${named('qos')}.`],
  [/time limit|invalid --time/i, `Change the time limit: ${named('time')}.`],
  [/gres|generic resource/i, `Change the number of GPUs: ${named('gpus')}. 0 means a CPU.`],
  [/feature|constraint/i, `Change the features of the nodes: ${named('constraint')}.`],
  [/memory|--mem/i, `Change the memory: ${named('memory')}.`],
  [/configuration is not available|cpu count|more processors/i, `Ask for less: ${LESS}.`],
  [/unrecognized option|invalid option/i, `Correct your options of sbatch: ${named('sbatch')}.`],
]

export const remedyOf = (fault: string): string =>
  REMEDIES.find(([pattern]) => pattern.test(fault))?.[1] ??
  'Correct the options of the jobs, or ask the administrators of the cluster.'
