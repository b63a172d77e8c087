/** Runs Slurm's commands. */
import { spawn } from 'node:child_process'
import process from 'node:process'
import { AppError } from '../../../contract/errors.ts'

export interface Answer {
  readonly ok: boolean
  readonly output: string
  /** The command's words about a failure. */
  readonly fault: string
}

/** A command that hangs is ended, because Slurm's own limit may be many minutes. */
const PATIENCE_MS = 90_000

const FOREIGN = [
  // The job in which this program itself may run. The new job would take its variables for its own.
  /^SLURM_(?!CONF|CLUSTERS)/,
  /^(?:SLURMD_|(?:CUDA_VISIBLE_DEVICES|TF_NUM_INTRAOP_THREADS)$)/,
  // Filters, by which jobs would seem missing, or would not be cancelled.
  /^(?:SQUEUE|SCANCEL|SINFO)_/,
  // Several jobs, jobs of a cluster that squeue does not list, a log without errors, and an sbatch that waits for the
  // job's end. Other defaults of the user stay, such as SBATCH_PARTITION.
  /^SBATCH_(?:ARRAY_INX|CLUSTERS|ERROR|WAIT)$/,
]

const environment = (): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => !FOREIGN.some(each => each.test(name))))

let last: Promise<unknown> = Promise.resolve()

/** As `slurm`, one command after another, because many at once would burden Slurm's controller. */
export function slurmInTurn(command: string, args: readonly string[]): Promise<Answer> {
  const answer = last.then(() => slurm(command, args))
  last = answer.catch(() => {})
  return answer
}

/** Throws `JOB_REFUSED` if the command is missing. */
export function slurm(command: string, args: readonly string[]): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: environment(),
      // Not `timeout`: if the command is missing, its timer keeps this program alive.
      signal: AbortSignal.timeout(PATIENCE_MS),
    })
    let [output, errors] = ['', '']
    child.stdout.setEncoding('utf8').on('data', text => {
      output += text
    })
    child.stderr.setEncoding('utf8').on('data', text => {
      errors += text
    })
    child.on('error', (cause: NodeJS.ErrnoException) => {
      if (cause.code === 'ABORT_ERR')
        return resolve({ ok: false, output, fault: `timed out after ${PATIENCE_MS / 1000} s` })
      if (cause.code !== 'ENOENT') return resolve({ ok: false, output, fault: cause.message })
      const message =
        `Expected Slurm’s command ${command} on this machine, got none. Start the program on a machine of the ` +
        'cluster where sbatch works, or train on this machine: --executor local.'
      reject(new AppError('JOB_REFUSED', message, cause))
    })
    child.on('close', (status, signal) => {
      resolve({ ok: status === 0, output, fault: signal ? `ended by ${signal}` : inOneLine(errors, command) })
    })
  })
}

/** The lines of an error, without `sbatch: error:` before each. A fatal error is the last of its steps. */
function inOneLine(errors: string, command: string): string {
  const lines = errors.split('\n').filter(line => line.trim() !== '')
  const fatal = lines.find(line => line.startsWith(`${command}: fatal: `))
  const told = fatal === undefined ? lines : [fatal]
  return told.map(line => line.replace(new RegExp(`^${command}: (?:error: |fatal: )?`), '').trim()).join('; ')
}

const PASSING = new RegExp(
  [
    'unable to contact',
    'timed out',
    'ended by SIG',
    'connect(?:ion)? (?:failure|refused)',
    'temporarily',
    'zero bytes',
    'communication',
    'not responding',
    'transport endpoint',
    'try again',
  ].join('|'),
  'i',
)

/** Whether the controller did not answer, so that a later attempt may succeed. */
export const isPassingFault = (fault: string): boolean => PASSING.test(fault)
