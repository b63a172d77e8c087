import { existsSync, mkdirSync, rmSync, statSync, utimesSync } from 'node:fs'
import { dirname } from 'node:path'

const HEARTBEAT_MS = 2000
const STALE_MS = 30_000

/**
 * Prevents two starts from doing one work in one folder at once. The lock is a folder, and its owner refreshes the
 * folder's time. If the time is old, the owner died, and the next start takes the lock.
 */
export async function whileLocked(lock, doing, work) {
  mkdirSync(dirname(lock), { recursive: true })
  for (let waited = false; !take(lock); waited = true) {
    if (!waited) console.error(`Waiting for another start that is ${doing} …`)
    await new Promise(resolve => setTimeout(resolve, 200))
  }
  const heartbeat = setInterval(() => existsSync(lock) && utimesSync(lock, new Date(), new Date()), HEARTBEAT_MS)
  try {
    return await work()
  } finally {
    clearInterval(heartbeat)
    rmSync(lock, { recursive: true, force: true })
  }
}

function take(lock) {
  try {
    mkdirSync(lock)
    return true
  } catch (error) {
    if (error.code !== 'EEXIST') throw error
  }
  const age = Date.now() - (statSync(lock, { throwIfNoEntry: false })?.mtimeMs ?? Date.now())
  if (age > STALE_MS) rmSync(lock, { recursive: true, force: true })
  return false
}
