/** Processes of this machine, found in /proc. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import process from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'

export interface Process {
  readonly pid: number
  readonly parent: number
  readonly name: string
  /** The working directory. Empty if the process is of another user. */
  readonly folder: string
}

/** null if the process has ended. A zombie has ended: the first process of a container may never collect zombies. */
function look(pid: number): Process | null {
  try {
    const [, name, state, parent] = /^\d+ \((.*)\) (\S) (\d+)/s.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))!
    return /[ZX]/.test(state) ? null : { pid, parent: Number(parent), name, folder: folderOf(pid) }
  } catch {
    return null
  }
}

function folderOf(pid: number): string {
  try {
    return readlinkSync(`/proc/${pid}/cwd`)
  } catch {
    return ''
  }
}

export const isAlive = (pid: number): boolean => look(pid) !== null

export const livingProcesses = (): Process[] =>
  readdirSync('/proc').flatMap(name => (/^\d+$/.test(name) ? (look(Number(name)) ?? []) : []))

/** These processes, and all that they and their children have started. */
export function withDescendants(of: readonly Process[], all = livingProcesses()): Process[] {
  const found = new Set(of)
  // A set that grows while it is walked is walked to its new end.
  for (const { pid } of found) for (const each of all) if (each.parent === pid) found.add(each)
  return [...found]
}

function send(signal: NodeJS.Signals, to: readonly Process[]): void {
  for (const { pid } of to)
    try {
      process.kill(pid, signal)
    } catch {} // It has ended already.
}

/** Whether these processes have ended within this time. */
export async function haveEnded(which: readonly Process[], withinMs: number): Promise<boolean> {
  for (const until = performance.now() + withinMs; which.some(({ pid }) => isAlive(pid)); await sleep(20))
    if (performance.now() > until) return false
  return true
}

export async function killAtOnce(which: readonly Process[]): Promise<void> {
  send('SIGKILL', which)
  await haveEnded(which, 5000)
}

/** SIGTERM, and SIGKILL for those that do not end. */
export async function end(which: readonly Process[]): Promise<void> {
  send('SIGTERM', which)
  if (!(await haveEnded(which, 5000))) await killAtOnce(which)
}
