/**
 * A lock that one process holds. A training locks its device, and a reproduction locks itself, over all programs.
 * SQLite takes the operating system's lock on a file. The system releases this lock when its process ends,
 * so that no stale lock remains, and two processes never hold the lock together.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import process from 'node:process'
import Database from 'better-sqlite3'
import { thisHost } from '../host.ts'
import { makeFolder } from '../paths.ts'

export interface Lock {
  /** Names the run that the lock is for, to processes that wait. */
  name(run: string): void
  release(): void
}

const ownerFile = (path: string) => `${path}.owner`

/** Takes the lock. `null`: another process holds the lock. */
export function tryLock(path: string): Lock | null {
  makeFolder(dirname(path))
  const db = new Database(path, { timeout: 0 })
  try {
    db.exec('BEGIN IMMEDIATE')
  } catch (error) {
    db.close()
    if ((error as { code?: string }).code === 'SQLITE_BUSY') return null
    throw error
  }
  const name = (text: string) => writeFileSync(ownerFile(path), text)
  const self = `process ${process.pid} on ${thisHost()}`
  name(self)
  return {
    name: run => name(`run ${run} of ${self}`),
    release() {
      rmSync(ownerFile(path), { force: true })
      db.close()
    },
  }
}

/** The holder of the lock in words. Its machine is named only if the holder is on another machine. */
export function lockOwner(path: string): string {
  try {
    const owner = readFileSync(ownerFile(path), 'utf8')
    const ending = ` on ${thisHost()}`
    return (owner.endsWith(ending) ? owner.slice(0, -ending.length) : owner) || 'another program'
  } catch {
    return 'another program'
  }
}
