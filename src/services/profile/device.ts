/** One training at a time on a device, over all programs of this user on this machine. */
import { hostname } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import { AppError, throwIfCancelled } from '../../contract/errors.ts'
import { cacheDirectory } from '../../engine/install/environment.ts'
import { locateEngine } from '../../engine/install/install.ts'
import { type Lock, lockOwner, tryLock } from './db/lock.ts'

const POLL_MS = 500

export interface DeviceWait {
  readonly signal?: AbortSignal
  /** Called with the holder of the device in words, and again when the holder changes. */
  readonly onWait?: (owner: string) => void
  /** Throws `DEVICE_BUSY` instead of waiting. */
  readonly noWait?: boolean
}

/** Path of the device's lock. SELF_MRI_DEVICE gives the device another name, which allows concurrent trainings. */
function lockPath(): string {
  const device =
    process.env.SELF_MRI_DEVICE ??
    [locateEngine()?.variant ?? 'cpu', process.env.CUDA_VISIBLE_DEVICES].filter(Boolean).join('-')
  return join(cacheDirectory(), 'devices', `${hostname()}-${device.replaceAll(/[^\w.-]/g, '_')}.lock`)
}

/** Takes the device. The caller releases the lock. Rejects with `CANCELLED` if the signal is aborted. */
export async function takeDevice({ signal, onWait, noWait = false }: DeviceWait): Promise<Lock> {
  const path = lockPath()
  let told = ''
  while (true) {
    throwIfCancelled(signal)
    const lock = tryLock(path)
    if (lock) return lock
    const owner = lockOwner(path)
    if (noWait) {
      throw new AppError(
        'DEVICE_BUSY',
        `Expected a free device, got a device on which ${owner} trains. Omit --no-wait to wait for the device.`,
      )
    }
    if (owner !== told) onWait?.(owner)
    told = owner
    await sleep(POLL_MS, undefined, { signal }).catch(() => {})
  }
}
