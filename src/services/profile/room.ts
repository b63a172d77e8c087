/** Writes that wait while the disk is full, or while another program holds the database. */
import { setTimeout as sleep } from 'node:timers/promises'
import { throwIfCancelled } from '../../contract/errors.ts'
import { isBusy } from './db/errors.ts'

const RETRY_MS = 2000

export function isDiskFull(error: unknown): boolean {
  const code = String((error as { code?: unknown }).code ?? '')
  return /^(?:SQLITE_FULL|SQLITE_IOERR_SHMSIZE|ENOSPC|EDQUOT|DISK_FULL)$/.test(code)
}

/** Whether the same write may succeed later. */
export const isPassing = (error: unknown): boolean => isDiskFull(error) || isBusy(error)

/** Why a write waits, in words. */
export const reasonToWait = (error: unknown): string =>
  isBusy(error)
    ? 'waiting for the database, which another program holds'
    : `the disk is full (${(error as Error).message}); waiting for free space`

/**
 * Repeats `write` until it succeeds, while the disk is full or the database is locked.
 * Rejects with `CANCELLED` if the signal is aborted. Any other error rejects at once.
 */
export async function onceThereIsRoom<T>(
  write: () => T,
  signal?: AbortSignal,
  onWait?: (words: string | null) => void,
): Promise<T> {
  let told = false
  while (true) {
    try {
      const written = write()
      if (told) onWait?.(null)
      return written
    } catch (error) {
      if (!isPassing(error)) throw error
      if (!told) onWait?.(reasonToWait(error))
      told = true
    }
    await sleep(RETRY_MS, undefined, { signal }).catch(() => {})
    throwIfCancelled(signal)
  }
}
