/** Opens volumes when they are needed, and closes the least recently used volumes. */
import type { VolumeContent, VolumeInfo } from '../../contract/volumes.ts'
import type { VolumeSource } from '../../core/data/slices.ts'
import type { Volume } from '../../core/data/volume.ts'
import { versionNow } from './file-version.ts'
import { KeptFiles } from './kept-files.ts'
import { openVolume, requireContent } from './volumes.ts'

const OPEN_AT_ONCE = 32

/** Patient ids of these volumes are hashed without a salt, because no caller reads them. */
export class VolumePool {
  readonly #kept = new KeptFiles<Volume>(OPEN_AT_ONCE, volume => volume.dispose())

  source(info: VolumeInfo): VolumeSource {
    return { info, open: () => this.open(info.path, info.content) }
  }

  /** Opens a file that is in no study. The whole file is read. */
  async read(path: string): Promise<VolumeSource> {
    return this.source((await this.open(path)).info)
  }

  /** Like `openVolume`, but returns an open volume if the pool has one. */
  async open(path: string, content?: VolumeContent): Promise<Volume> {
    const version = versionNow(path, content?.version)
    const volume = await this.#kept.get(path, () => openVolume(path, '', content), version)
    if (content) requireContent(path, volume.info.content!, content)
    return volume
  }

  dispose(): void {
    this.#kept.dispose()
  }
}
