/** A lock between processes: one installation at a time in a cache folder. */
import { readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import process from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import { throwIfCancelled } from '../../contract/errors.ts'

const HEARTBEAT_MS = 2000
const STALE_MS = 60_000

type Options = { signal?: AbortSignal; onWait?: (owner: string) => void }

/**
 * Runs `work` while no other process holds the lock. The owner writes its name into the lock file and refreshes the
 * file's time. A lock is dead if its process on this host has ended, or after a minute without a refresh. Two processes
 * that find a dead lock may both continue. This costs a second download only, because each process installs into its
 * own folder and then renames that folder.
 */
export async function whileLocked<T>(path: string, work: () => Promise<T>, options: Options = {}): Promise<T> {
  const { signal, onWait } = options
  const self = `${process.pid} ${hostname()}`
  while (!take(path, self)) {
    throwIfCancelled(signal)
    const owner = readOwner(path)
    if (owner === null || isDead(path, owner)) {
      rmSync(path, { force: true })
      continue
    }
    onWait?.(owner)
    await sleep(250)
  }
  const heartbeat = setInterval(() => {
    if (readOwner(path) === self) utimesSync(path, new Date(), new Date())
  }, HEARTBEAT_MS)
  try {
    return await work()
  } finally {
    clearInterval(heartbeat)
    if (readOwner(path) === self) rmSync(path, { force: true })
  }
}

function take(path: string, self: string): boolean {
  try {
    writeFileSync(path, self, { flag: 'wx' })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

function readOwner(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return null
  }
}

function isDead(path: string, owner: string): boolean {
  const [pid, host] = owner.split(' ')
  const touched = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0
  if (Date.now() - touched > STALE_MS) return true
  return host === hostname() && !isAlive(Number(pid))
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
