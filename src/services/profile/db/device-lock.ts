/**
 * A lock on a device. It allows one training at a time, over all profiles and programs.
 * SQLite takes the operating system's lock on a file. The system releases this lock when its process ends,
 * so that no stale lock remains, and two processes never hold the lock together.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import process from 'node:process'
import Database from 'better-sqlite3'
import { makeFolder } from '../paths.ts'

export interface DeviceLock {
  /** Names the run that holds the device, for processes that wait. */
  name(run: string): void
  release(): void
}

const ownerFile = (path: string) => `${path}.owner`

/** Takes the lock. `null`: another process holds the lock. */
export function tryDevice(path: string): DeviceLock | null {
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
  name(`process ${process.pid}`)
  return {
    name: run => name(`run ${run} of process ${process.pid}`),
    release() {
      rmSync(ownerFile(path), { force: true })
      db.close()
    },
  }
}

/** The holder of the lock in words. */
export function deviceOwner(path: string): string {
  try {
    return readFileSync(ownerFile(path), 'utf8') || 'another program'
  } catch {
    return 'another program'
  }
}
