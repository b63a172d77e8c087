/** Writes that wait while the disk is full. */
import { setTimeout as sleep } from 'node:timers/promises'
import { throwIfCancelled } from '../contract/errors.ts'

const RETRY_MS = 2000

export function isDiskFull(error: unknown): boolean {
  const code = String((error as { code?: unknown }).code ?? '')
  return /^(?:SQLITE_FULL|SQLITE_IOERR_SHMSIZE|ENOSPC|EDQUOT|DISK_FULL)$/.test(code)
}

/** Tries until there is room; rejects with `CANCELLED` once the signal is aborted, and with any other error at once. */
export async function onceThereIsRoom<T>(write: () => T, signal?: AbortSignal): Promise<T> {
  while (true) {
    try {
      return write()
    } catch (error) {
      if (!isDiskFull(error)) throw error
    }
    await sleep(RETRY_MS, undefined, { signal }).catch(() => {})
    throwIfCancelled(signal)
  }
}
