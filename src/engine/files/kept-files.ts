/** What was made of files and is kept for the next call; one whose file has changed since is made again. */
import type { FileVersion } from '../../contract/volumes.ts'
import { fileVersion, isSameVersion } from './file-version.ts'

export class KeptFiles<Value> {
  readonly #kept = new Map<string, { readonly version: FileVersion; readonly value: Value }>() // in the order of last use
  readonly #limit: number
  readonly #release: (value: Value) => void

  /** At most `limit` values are kept: then the one used least lately is released. */
  constructor(limit: number, release: (value: Value) => void) {
    this.#limit = limit
    this.#release = release
  }

  /** The value of `path` as it is now. One call at a time: another may release it as soon as it begins. */
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
