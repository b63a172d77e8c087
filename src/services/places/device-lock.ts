/** One training at a time on a device, over all programs of this user on this machine. */
import { hostname } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { cacheDirectory } from '../../engine/install/environment.ts'
import { locateEngine } from '../../engine/install/install.ts'

/**
 * Path of the lock of a slot. Slot 0 has the name that earlier versions use for the device.
 * SELF_MRI_DEVICE gives the device another name, which allows concurrent trainings.
 */
export function deviceLockPath(slot: number): string {
  const device =
    process.env.SELF_MRI_DEVICE ??
    [locateEngine()?.variant ?? 'cpu', process.env.CUDA_VISIBLE_DEVICES].filter(Boolean).join('-')
  const name = `${hostname()}-${device.replaceAll(/[^\w.-]/g, '_')}${slot > 0 ? `-slot-${slot}` : ''}`
  return join(cacheDirectory(), 'devices', `${name}.lock`)
}
