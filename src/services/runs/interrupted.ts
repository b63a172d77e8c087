/**
 * Runs whose process is gone did not end by themselves: the program crashed or was killed, or the machine was started
 * again.
 */
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
 * Marks them `interrupted`, with the reason. `atStart`: also those that carry this process's own number but are older
 * than it: in a container a program gets the same number each time.
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
