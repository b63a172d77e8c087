/** Trainings take turns on a device, over all programs of this user on this machine. */
import { hostname } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import { AppError, throwIfCancelled } from '../../contract/errors.ts'
import { cacheDirectory } from '../../engine/install/environment.ts'
import { locateEngine } from '../../engine/install/install.ts'
import { type DeviceLock, deviceOwner, tryDevice } from './db/device-lock.ts'

const POLL_MS = 500

export interface DeviceWait {
  readonly signal?: AbortSignal
  /** Called with who has it, in words, and again when that changes. */
  readonly onWait?: (owner: string) => void
  /** Refuses with `DEVICE_BUSY` instead of waiting. */
  readonly noWait?: boolean
}

/** SELF_MRI_DEVICE names the device otherwise, for those who know that several trainings fit side by side. */
function lockPath(): string {
  const device =
    process.env.SELF_MRI_DEVICE ??
    [locateEngine()?.variant ?? 'cpu', process.env.CUDA_VISIBLE_DEVICES].filter(Boolean).join('-')
  return join(cacheDirectory(), 'devices', `${hostname()}-${device.replaceAll(/[^\w.-]/g, '_')}.lock`)
}

/** The caller releases it. Rejects with `CANCELLED` once the signal is aborted. */
export async function takeDevice({ signal, onWait, noWait = false }: DeviceWait): Promise<DeviceLock> {
  const path = lockPath()
  let told = ''
  while (true) {
    throwIfCancelled(signal)
    const lock = tryDevice(path)
    if (lock) return lock
    const owner = deviceOwner(path)
    if (noWait) {
      throw new AppError(
        'DEVICE_BUSY',
        `Expected a device that is free, got one on which ${owner} trains. Without --no-wait this waits for it.`,
      )
    }
    if (owner !== told) onWait?.(owner)
    told = owner
    await sleep(POLL_MS, undefined, { signal }).catch(() => {})
  }
}
