/**
 * One training at a time on a device, whatever profile and program it is of. The lock is the operating system's own on a file (SQLite takes
 * it), so it goes with its owner, however that ends: there is no stale one, and no moment at which two take it.
 */

import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import process from 'node:process'
import Database from 'better-sqlite3'
import { makeFolder } from '../paths.ts'

export interface DeviceLock {
  /** Says which run it is for, to those that wait. */
  name(run: string): void
  release(): void
}

const ownerFile = (path: string) => `${path}.owner`

/** `null`: somebody holds it. */
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

/** Who holds it, in words. */
export function deviceOwner(path: string): string {
  try {
    return readFileSync(ownerFile(path), 'utf8') || 'another program'
  } catch {
    return 'another program'
  }
}
