/** Finds runs whose process no longer exists, because the program crashed or was killed, or the machine restarted. */
import process from 'node:process'
import type { Profile } from '../profile/profile.ts'
import { interruptAbandoned } from './store.ts'

const STARTED_AT = new Date(performance.timeOrigin).toISOString()

function alive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/**
 * Marks these runs `interrupted`, with the reason.
 * `atStart`: also runs with this process's number that are older than the process. In a container, a restarted program
 * gets the number of the earlier program.
 */
export function markInterrupted(profile: Profile, { atStart = false }: { readonly atStart?: boolean } = {}): void {
  const { db } = profile
  const open = db.prepare("SELECT id, pid, status, claimed_at FROM runs WHERE status IN ('queued', 'running')").all()
  for (const { id, pid, status, claimed_at: claimedAt } of open as {
    id: number
    pid: number
    status: 'queued' | 'running'
    claimed_at: string
  }[]) {
    const goesOn = pid === process.pid ? !atStart || claimedAt >= STARTED_AT : alive(pid)
    if (goesOn) continue
    const when = status === 'queued' ? 'before the run had begun' : 'while the run was going on'
    const reason = `The program (process ${pid}) ended ${when}.`
    interruptAbandoned(profile, { run: String(id), status, pid }, reason)
  }
}
