/** Places of jobs: at most so many jobs are submitted at once. */
import { AppError, throwIfCancelled } from '../../contract/errors.ts'
import type { Engine } from '../../engine/process/client.ts'
import type { Place, TakeOptions } from './place.ts'
import { makeWaiting } from './waiting.ts'

export interface JobPlaces {
  take(options: TakeOptions, engine: Engine): Promise<Place>
}

/** @param most The number of jobs at once. Users may change the number. */
export function makeJobPlaces(most: () => number): JobPlaces {
  const taken = new Set<number>()
  const waiting = makeWaiting()

  function firstFree(): number | null {
    const places = most()
    for (let slot = 0; slot < places; slot++) if (!taken.has(slot)) return slot
    return null
  }

  async function take({ signal, onWait, noWait = false }: TakeOptions, engine: Engine): Promise<Place> {
    let told = false
    while (true) {
      throwIfCancelled(signal)
      const slot = firstFree()
      if (slot !== null) {
        taken.add(slot)
        const release = () => {
          taken.delete(slot)
          waiting.wake()
        }
        return { slot, label: 'a job', engine, isRemote: true, notes: [], name() {}, release }
      }
      if (noWait)
        throw new AppError('DEVICE_BUSY', `Expected fewer than ${most()} jobs, got as many. Omit --no-wait to wait.`)
      if (!told) onWait?.(`other jobs, because ${most()} is the most at once`)
      told = true
      await waiting.pause(signal)
    }
  }

  return { take }
}
