/** The engine processes of this machine's slots, and the runs that hold the slots. */
import type { LocalDevice } from '../../../engine/devices/devices.ts'
import type { InstalledEngine } from '../../../engine/install/environment.ts'
import type { Engine } from '../../../engine/process/client.ts'
import { type EngineHolder, holdEngine } from '../engine-holder.ts'
import type { Slot } from './slots.ts'

/** A device, and what this program computes on it. */
export interface DeviceWork {
  readonly device: LocalDevice
  /** Living engine processes of the device. */
  readonly engines: readonly Engine[]
  /** Runs that hold slots of the device. */
  readonly runs: readonly string[]
  /** Whether the device was there before, and no longer answers. */
  readonly isMissing: boolean
}

export interface SlotEngines {
  /** The slot's engine, which is started if there is none. */
  get(slot: Slot, installed: InstalledEngine): Engine
  /** The slot's living engine, if one was started. */
  current(slot: Slot | undefined): Engine | null
  /** The slot whose device has the fewest trainings. Of equal slots one whose engine lives, else the first. */
  freest(slots: readonly Slot[]): Slot | undefined
  /** Marks the slot as held. `null`: by a training whose run is not known yet. */
  hold(slot: Slot, run: string | null): void
  free(slot: Slot): void
  /** Uses an engine of each device, one after another. Of several devices, engines that were started for this end. */
  onEach<T>(slots: readonly Slot[], installed: InstalledEngine, use: UseOfDevice<T>): Promise<T[]>
  /** @param present The present slots. A device that is no longer there is listed while its engine lives. */
  work(present: readonly Slot[]): readonly DeviceWork[]
  readonly holders: readonly EngineHolder[]
}

export type UseOfDevice<T> = (engine: Engine, slot: Slot) => Promise<T>

interface Used {
  readonly slot: Slot
  readonly holder: EngineHolder
  isHeld: boolean
  run: string | null
}

/** The first slot of each device. */
const oncePerDevice = (slots: readonly Slot[]) =>
  slots.filter((slot, i) => slots.findIndex(({ device }) => device.id === slot.device.id) === i)

export function makeSlotEngines(start: (slot: Slot, installed: InstalledEngine) => Engine): SlotEngines {
  const all = new Map<number, Used>()
  const used = (slot: Slot): Used => {
    const known = all.get(slot.slot)
    const one = known ?? { slot, holder: holdEngine(), isHeld: false, run: null }
    all.set(slot.slot, one)
    return one
  }

  const get: SlotEngines['get'] = (slot, installed) => used(slot).holder.get(() => start(slot, installed))

  return {
    get,
    current: slot => (slot && all.get(slot.slot)?.holder.current) ?? null,
    freest(slots) {
      const held = [...all.values()].filter(({ isHeld }) => isHeld)
      const load = ({ device, slot }: Slot) => [
        held.filter(each => each.slot.device.id === device.id).length,
        Number(held.some(each => each.slot.slot === slot)),
        Number(!all.get(slot)?.holder.current),
      ]
      const loads = new Map(slots.map(slot => [slot, load(slot)]))
      const difference = (a: Slot, b: Slot) => {
        const [of, than] = [loads.get(a)!, loads.get(b)!]
        return of.map((each, i) => each - than[i]).find(each => each !== 0) ?? 0
      }
      return slots.toSorted(difference)[0]
    },
    hold: (slot, run) => void Object.assign(used(slot), { isHeld: true, run }),
    free: slot => void Object.assign(used(slot), { isHeld: false, run: null }),
    async onEach(slots, installed, use) {
      const results = []
      const each = oncePerDevice(slots)
      for (const slot of each) {
        const wasStarted = used(slot).holder.current !== null
        results.push(await use(get(slot, installed), slot))
        if (each.length > 1 && !wasStarted && !used(slot).isHeld) used(slot).holder.retire()
      }
      return results
    },
    work(present) {
      const left = [...all.values()].filter(({ isHeld, holder }) => isHeld || holder.living.length > 0)
      const devices = new Map([...left.map(({ slot }) => slot), ...present].map(({ device }) => [device.id, device]))
      return [...devices.values()].map(device => {
        const here = left.filter(({ slot }) => slot.device.id === device.id)
        return {
          device,
          engines: here.flatMap(({ holder }) => holder.living),
          runs: here.flatMap(({ run }) => run ?? []),
          isMissing: !present.some(slot => slot.device.id === device.id),
        }
      })
    },
    get holders() {
      return [...all.values()].map(({ holder }) => holder)
    },
  }
}
