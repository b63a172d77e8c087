/** The turns in which the viewing engine works: one work after another. */
import { setImmediate } from 'node:timers/promises'
import { throwIfCancelled } from '../../contract/errors.ts'

let queue: Promise<unknown> = Promise.resolve()

/**
 * Runs one work after another, so that no work closes the volume or network of the work before. Skips cancelled works.
 */
export function inTurn<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  const result = queue.then(async () => {
    await setImmediate() // lets a cancellation arrive
    throwIfCancelled(signal)
    return work()
  })
  queue = result.catch(() => {}) // the caller handles the error
  return result
}

/** As `inTurn`, but after all works that wait now. */
export async function whenIdle<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  let last: typeof queue
  do {
    await setImmediate() // lets simultaneous requests arrive
    last = queue
    await last
  } while (last !== queue)
  return inTurn(signal, work)
}

let pictured: Promise<unknown> = Promise.resolve()

/** As `whenIdle`, one work after another. A list's pictures can wait, and an image in the viewer cannot. */
export function whenNothingWaits<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  const result = pictured.then(() => whenIdle(signal, work))
  pictured = result.catch(() => {}) // the caller handles the error
  return result
}
