/** Volumes opened when they are needed; the ones used least lately are closed again. */
import type { VolumeInfo } from '../contract/volumes.ts'
import type { VolumeSource } from '../core/data/slices.ts'
import type { Volume } from '../core/data/volume.ts'
import { openVolume } from './volumes.ts'

const OPEN_AT_ONCE = 32

export class VolumePool {
  readonly #open = new Map<string, Volume>() // in the order of last use
  readonly #salt: string

  constructor(salt = '') {
    this.#salt = salt
  }

  source(info: VolumeInfo): VolumeSource {
    return { info, open: () => this.open(info.path) }
  }

  async open(path: string): Promise<Volume> {
    const volume = this.#open.get(path) ?? (await openVolume(path, this.#salt))
    this.#open.delete(path)
    this.#open.set(path, volume)
    if (this.#open.size > OPEN_AT_ONCE) {
      const [oldest, forgotten] = this.#open.entries().next().value!
      this.#open.delete(oldest)
      forgotten.dispose()
    }
    return volume
  }

  dispose(): void {
    for (const volume of this.#open.values()) volume.dispose()
    this.#open.clear()
  }
}
