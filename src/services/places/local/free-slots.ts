/** Gives each slot of this machine to one training at a time. */
import { AppError, throwIfCancelled } from '../../../contract/errors.ts'
import { lockOwner, tryLock } from '../../profile/db/lock.ts'
import type { TakeOptions } from '../place.ts'
import { makeWaiting } from '../waiting.ts'
import type { Slot } from './slots.ts'

export interface TakenSlot {
  readonly slot: Slot
  /** Names the run that holds the slot, to processes that wait. */
  name(run: string): void
  release(): void
}

export interface FreeSlots {
  /** Takes a slot that is free in this program and in all others. Rejects with `CANCELLED` if the signal is aborted. */
  take(options: TakeOptions): Promise<TakenSlot>
}

/** `present` returns the present slots. A slot that was taken stays taken if the slots change. */
export function makeFreeSlots(present: () => Promise<readonly Slot[]>): FreeSlots {
  const taken = new Set<string>()
  /** The last run of each slot, by lock. */
  const lastRuns = new Map<string, string>()
  const waiting = makeWaiting()

  function tryEach(slots: readonly Slot[], prefer: string | undefined): TakenSlot | null {
    const preferred = ({ lock }: Slot) => Number(prefer !== undefined && lastRuns.get(lock) === prefer)
    const inOrder = slots.toSorted((a, b) => preferred(b) - preferred(a))
    for (const slot of inOrder) {
      const lock = taken.has(slot.lock) ? null : tryLock(slot.lock)
      if (!lock) continue
      taken.add(slot.lock)
      const release = () => {
        lock.release()
        taken.delete(slot.lock)
        waiting.wake()
      }
      const name = (run: string) => {
        lastRuns.set(slot.lock, run)
        lock.name(run)
      }
      return { slot, name, release }
    }
    return null
  }

  async function take({ signal, onWait, noWait = false, prefer }: TakeOptions): Promise<TakenSlot> {
    let told = ''
    while (true) {
      throwIfCancelled(signal)
      const slots = await present()
      const found = tryEach(slots, prefer)
      if (found) return found
      const owner = lockOwner(slots[0].lock)
      if (noWait) {
        throw new AppError(
          'DEVICE_BUSY',
          `Expected a free device, got a device on which ${owner} trains. Omit --no-wait to wait for the device.`,
        )
      }
      if (owner !== told) onWait?.(`the device, on which ${owner} trains`)
      told = owner
      await waiting.pause(signal)
    }
  }

  return { take }
}
