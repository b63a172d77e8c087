/** A cache that evicts the least recently used result. Concurrent calls with one key share one computation. */
import { AppError, throwIfCancelled } from '../../contract/errors.ts'
import type { Progress } from '../../engine/process/protocol.ts'

export type OnProgress = (progress: Progress) => void

type Make<T> = (signal: AbortSignal, onProgress: OnProgress) => Promise<T>

export interface KeptResults<T> {
  /**
   * The result of `key`. Calls `make` if the result is not in the cache. Rejects with `CANCELLED` if the caller's
   * signal is aborted. `make` itself is aborted when no caller waits for its result. Every caller is told the progress,
   * and a later caller is first told the last progress.
   */
  get(key: string, make: Make<T>, signal?: AbortSignal, onProgress?: OnProgress): Promise<T>
}

interface Making<T> {
  readonly result: Promise<T>
  readonly cancellation: AbortController
  readonly listeners: Set<OnProgress>
  progress: Progress | null
  waiting: number
}

/** `limit` and `sizeOf` have one unit, for example bytes. Failures are not kept. */
export function keepResults<T>(limit: number, sizeOf: (value: T) => number): KeptResults<T> {
  const kept = new Map<string, T>() // least recently used first
  const makings = new Map<string, Making<T>>()
  let size = 0

  function keep(key: string, value: T): void {
    kept.set(key, value)
    size += sizeOf(value)
    for (const [oldest, old] of kept) {
      if (size <= limit || oldest === key) return
      kept.delete(oldest)
      size -= sizeOf(old)
    }
  }

  function begin(key: string, make: Make<T>): Making<T> {
    const cancellation = new AbortController()
    const listeners = new Set<OnProgress>()
    const tell = (progress: Progress) => {
      making.progress = progress
      for (const listener of listeners) listener(progress)
    }
    const forget = () => {
      if (makings.get(key) === making) makings.delete(key)
    }
    const result = make(cancellation.signal, tell).then(
      value => {
        forget()
        if (!kept.has(key)) keep(key, value)
        return value
      },
      error => {
        forget()
        throw error
      },
    )
    const making: Making<T> = { result, cancellation, listeners, progress: null, waiting: 0 }
    makings.set(key, making)
    return making
  }

  function share(key: string, making: Making<T>, signal?: AbortSignal, onProgress?: OnProgress): Promise<T> {
    making.waiting++
    const hear: OnProgress = progress => onProgress?.(progress) // two callers may share one function
    making.listeners.add(hear)
    if (making.progress) hear(making.progress)
    return new Promise((resolve, reject) => {
      const leave = () => {
        making.listeners.delete(hear)
        making.waiting--
        if (making.waiting === 0) {
          makings.delete(key) // the next call starts a new computation
          making.cancellation.abort()
        }
        reject(new AppError('CANCELLED', 'Cancelled'))
      }
      signal?.addEventListener('abort', leave, { once: true })
      making.result.then(resolve, reject).finally(() => signal?.removeEventListener('abort', leave))
    })
  }

  return {
    async get(key, make, signal, onProgress) {
      throwIfCancelled(signal)
      const known = kept.get(key)
      if (known !== undefined) {
        kept.delete(key)
        kept.set(key, known)
        return known
      }
      return share(key, makings.get(key) ?? begin(key, make), signal, onProgress)
    },
  }
}
