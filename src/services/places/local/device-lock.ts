/** One training at a time on a device, over all programs of this user on this machine. */
import { hostname } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import type { LocalDevice } from '../../../engine/devices/devices.ts'
import { cacheDirectory } from '../../../engine/install/environment.ts'

/**
 * Path of a lock of a device. Trainings that share a device have a lock each, whose `share` is counted from 0. The
 * first lock of the CPU has the name that earlier versions use. SELF_MRI_DEVICE gives the device another name, which
 * allows concurrent trainings.
 */
export function deviceLockPath({ id, visible }: Pick<LocalDevice, 'id' | 'visible'>, share: number): string {
  const chosen = process.env.SELF_MRI_DEVICE
  const device = chosen === undefined ? id : visible === null ? chosen : `${chosen}-${id}`
  const name = `${hostname()}-${device.replaceAll(/[^\w.-]/g, '_')}${share > 0 ? `-slot-${share}` : ''}`
  return join(cacheDirectory(), 'devices', `${name}.lock`)
}
