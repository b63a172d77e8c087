/** The content pass of the engine, over files that the system has in its cache. */
import type { VolumeContent } from '../../../src/contract/volumes.ts'
import { handlers } from '../../../src/engine/process/handlers.ts'

export interface ContentsRead {
  readonly ms: number
  /** In the order of the files. */
  readonly contents: readonly Pick<VolumeContent, 'identity' | 'sampling' | 'faults'>[]
}

export async function readContents(paths: readonly string[]): Promise<ContentsRead> {
  const contents: VolumeContent[] = []
  const begun = performance.now()
  await handlers.contents(
    { paths, salt: '' },
    {
      signal: new AbortController().signal,
      pause: async () => {},
      emit(event) {
        if (event.type === 'file' && 'reason' in event) throw new Error(event.reason)
        if (event.type === 'file') contents.push(event.volume.content)
      },
    },
  )
  return { ms: performance.now() - begun, contents }
}
