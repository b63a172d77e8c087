/** Volumes opened when they are needed; the ones used least lately are closed again. */
import type { VolumeContent, VolumeInfo } from '../../contract/volumes.ts'
import type { VolumeSource } from '../../core/data/slices.ts'
import type { Volume } from '../../core/data/volume.ts'
import { versionNow } from './file-version.ts'
import { KeptFiles } from './kept-files.ts'
import { openVolume, requireContent } from './volumes.ts'

const OPEN_AT_ONCE = 32

/** Volumes of a pool carry unsalted patients: nobody asks them for their patient. */
export class VolumePool {
  readonly #kept = new KeptFiles<Volume>(OPEN_AT_ONCE, volume => volume.dispose())

  source(info: VolumeInfo): VolumeSource {
    return { info, open: () => this.open(info.path, info.content) }
  }

  /** A file that no study knows: it is read once, from end to end. */
  async read(path: string): Promise<VolumeSource> {
    return this.source((await this.open(path)).info)
  }

  /** As `openVolume`. */
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
