/** Pauses of requests that wait for a place of this program. */

/** A place of another program may become free at any time, so a request asks again after this time. */
const POLL_MS = 500

export interface Waiting {
  /** Resolves after a while, at once if a place becomes free, or if the signal is aborted. */
  pause(signal?: AbortSignal): Promise<void>
  /** Ends all pauses, because a place is free. */
  wake(): void
}

export function makeWaiting(): Waiting {
  const pauses = new Set<() => void>()
  return {
    pause: signal =>
      new Promise<void>(resolve => {
        const end = () => {
          clearTimeout(timer)
          signal?.removeEventListener('abort', end)
          pauses.delete(end)
          resolve()
        }
        const timer = setTimeout(end, POLL_MS)
        signal?.addEventListener('abort', end)
        pauses.add(end)
      }),
    wake() {
      for (const end of [...pauses]) end()
    },
  }
}
