/** The slots of this machine: each is a device, or a share of it, on which one training computes at a time. */
import type { Execution } from '../../../contract/execution.ts'
import { availableDevices, chooseDevices, hasDevice, type LocalDevice } from '../../../engine/devices/devices.ts'
import { locateEngine } from '../../../engine/install/install.ts'
import { deviceLockPath } from './device-lock.ts'

export interface Slot {
  /** Counted from 0. A slot keeps its number while devices come and go. */
  readonly slot: number
  readonly device: LocalDevice
  /** The number of slots, whose engines share the cores and the memory of this machine. */
  readonly of: number
  /** Path of the lock over all programs. */
  readonly lock: string
}

type Chosen = Pick<Execution, 'slots' | 'devices'>

/** One slot for each device. With fewer slots the last devices stay free, and with more slots devices are shared. */
export const slotsOf = (devices: readonly LocalDevice[], slots: number | null): readonly Omit<Slot, 'slot'>[] =>
  Array.from({ length: slots ?? devices.length }, (_, i) => {
    const device = devices[i % devices.length]
    return { device, of: slots ?? devices.length, lock: deviceLockPath(device, Math.floor(i / devices.length)) }
  })

export interface Slots {
  /** Throws `INVALID_ARGUMENT` for a chosen device that does not exist. */
  present(): Promise<readonly Slot[]>
  /** The last answer of `present`. Empty before the first. */
  readonly known: readonly Slot[]
}

/** Time until the devices are listed again. Trainings that wait ask several times a second. */
const LISTED_MS = 30_000

/** The devices of the machine for the installed engine, asked anew from time to time. */
function listDevices(): () => Promise<readonly LocalDevice[]> {
  let listed = { variant: '', at: 0, devices: Promise.resolve<readonly LocalDevice[]>([]) }
  return () => {
    const variant = locateEngine()?.variant ?? 'cpu'
    if (listed.variant === variant && performance.now() - listed.at < LISTED_MS) return listed.devices
    listed = { variant, at: performance.now(), devices: availableDevices(variant) }
    return listed.devices
  }
}

/** @param chosen The present settings. `Execution` says what their defaults mean. */
export function makeSlots(chosen: () => Chosen): Slots {
  const list = listDevices()
  /** By the lock's path. */
  const numbers = new Map<string, number>()
  /** Names of devices that existed once. Such a device may disappear, and the others go on. */
  const existed = new Set<string>()
  let known: readonly Slot[] = []

  function choose(devices: readonly LocalDevice[], names: Chosen['devices']): readonly LocalDevice[] {
    const left = names?.filter(name => !existed.has(name) || hasDevice(devices, name))
    const found = chooseDevices(devices, left?.length ? left : names)
    for (const name of names ?? []) existed.add(name)
    return found
  }

  return {
    async present() {
      const { slots, devices: names } = chosen()
      known = slotsOf(choose(await list(), names), slots).map(slot => {
        const number = numbers.get(slot.lock) ?? numbers.size
        numbers.set(slot.lock, number)
        return { slot: number, ...slot }
      })
      return known
    },
    get known() {
      return known
    },
  }
}
