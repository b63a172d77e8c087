/** Caches a value per file. The value is made again if the file has changed. */
import type { FileVersion } from '../../contract/volumes.ts'
import { fileVersion, isSameVersion } from './file-version.ts'

export class KeptFiles<Value> {
  /** The least recently used entry is first. */
  readonly #kept = new Map<string, { readonly version: FileVersion; readonly value: Value }>()
  readonly #limit: number
  readonly #release: (value: Value) => void

  /** Keeps at most `limit` values. `release` is called for each value that is evicted. */
  constructor(limit: number, release: (value: Value) => void) {
    this.#limit = limit
    this.#release = release
  }

  /**
   * Returns the value for the present version of `path`. One call at a time: a call may release the values of earlier
   * calls.
   */
  async get(path: string, make: () => Promise<Value>, version = fileVersion(path)): Promise<Value> {
    const kept = this.#kept.get(path)
    const current = kept && isSameVersion(kept.version, version)
    if (kept && !current) this.#give(path, kept.value)
    const value = kept && current ? kept.value : await make()
    this.#kept.delete(path)
    this.#kept.set(path, { version, value })
    if (this.#kept.size > this.#limit) {
      const [oldest, { value: forgotten }] = this.#kept.entries().next().value!
      this.#give(oldest, forgotten)
    }
    return value
  }

  dispose(): void {
    for (const [path, { value }] of this.#kept) this.#give(path, value)
  }

  #give(path: string, value: Value): void {
    this.#kept.delete(path)
    this.#release(value)
  }
}
