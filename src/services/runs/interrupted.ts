/** Finds runs whose process no longer exists, because the program crashed or was killed, or the machine restarted. */
import process from 'node:process'
import { AppError } from '../../contract/errors.ts'
import { isThisHost, processInWords } from '../profile/host.ts'
import type { Profile } from '../profile/profile.ts'
import { storedRun } from './runs.ts'
import { interruptAbandoned, type OpenRun } from './store.ts'

const STARTED_AT = new Date(performance.timeOrigin).toISOString()

function alive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

interface ClaimedRun extends OpenRun {
  readonly claimed_at: string
}

/** Whether the row with this process's number is of this process. A version that stored no host wrote other rows. */
const isOwn = ({ host, claimed_at: claimedAt }: ClaimedRun) => host !== null && claimedAt >= STARTED_AT

/**
 * Marks these runs `interrupted`, with the reason. Leaves runs of other machines alone.
 * `atStart`: also runs with this process's number that are older than the process. In a container, a restarted program
 * gets the number of the earlier program.
 */
export function markInterrupted(profile: Profile, { atStart = false }: { readonly atStart?: boolean } = {}): void {
  const open = profile.db
    .prepare(
      "SELECT CAST(id AS TEXT) AS run, pid, host, status, claimed_at FROM runs WHERE status IN ('queued', 'running')",
    )
    .all() as ClaimedRun[]
  for (const row of open.filter(({ host }) => isThisHost(host))) {
    const { pid, status } = row
    const goesOn = pid === process.pid ? !atStart || isOwn(row) : alive(pid)
    if (goesOn) continue
    const when = status === 'queued' ? 'before the run had begun' : 'while the run was going on'
    interruptAbandoned(profile, row, `The program (process ${pid}) ended ${when}.`)
  }
}

/**
 * Marks a run of another machine `interrupted`, because a person says that its process has ended. Does nothing if the
 * run has ended. Throws `STATE_CONFLICT` if a living process of this machine has the run.
 */
export function markEndedElsewhere(profile: Profile, run: string): void {
  markInterrupted(profile)
  const { status, pid, host } = storedRun(profile, run)
  if (status !== 'queued' && status !== 'running') return
  if (isThisHost(host)) {
    throw new AppError(
      'STATE_CONFLICT',
      `Expected a run of another machine, got run ${run}, which ${processInWords(pid, host)} of this machine trains. ` +
        'Press Ctrl+C in that program.',
    )
  }
  const reason = `A user said that ${processInWords(pid, host)} has ended.`
  interruptAbandoned(profile, { run, status, pid, host }, reason)
}
