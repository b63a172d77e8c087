/** Opens the files of a call one after another, and tells how far the call is. */
import { basename } from 'node:path'
import { AppError, reasonOf } from '../../contract/errors.ts'
import type { SkippedFile } from '../../contract/volumes.ts'
import type { Volume } from '../../core/data/volume.ts'
import type { Pause } from '../../core/pause.ts'
import type { OnShare } from '../../core/reconstruct.ts'
import { fileError } from '../files/file-errors.ts'
import { openVolume } from '../files/volumes.ts'
import type { Progress, VolumeFile } from './protocol.ts'

export interface Context<Event> {
  readonly signal: AbortSignal
  emit(event: Event): void
  /** Lets messages arrive, and lets urgent calls finish first. Rejects with `CANCELLED` if this call is cancelled. */
  readonly pause: Pause
}

export const isCancelled = (error: unknown) => error instanceof AppError && error.code === 'CANCELLED'

/** The least time between two events of progress within a volume. */
const PROGRESS_MS = 100

/**
 * Opens one volume after another for `use`. If `use` skips a volume, `use` returns the reason, else null. A faulty file
 * is skipped. A cancellation ends the loop. `use` tells the share of the volume that is done.
 */
export async function eachVolume(
  files: readonly VolumeFile[],
  salt: string,
  { emit, pause }: Context<Progress>,
  use: (volume: Volume, onShare: OnShare) => Promise<string | null>,
): Promise<SkippedFile[]> {
  const skipped: SkippedFile[] = []
  for (const [done, { path, content }] of files.entries()) {
    await pause()
    let told = 0
    const onShare: OnShare = share => {
      const now = performance.now()
      if (share > 0 && now - told < PROGRESS_MS) return
      told = now
      emit({ done: done + share, total: files.length, label: basename(path) })
    }
    onShare(0)
    try {
      const volume = await openVolume(path, salt, content, { pause })
      const reason = await use(volume, onShare).finally(() => volume.dispose())
      if (reason) skipped.push({ path, reason })
    } catch (error) {
      if (isCancelled(error)) throw error
      skipped.push({ path, reason: reasonOf(fileError(error, path)) })
    }
  }
  emit({ done: files.length, total: files.length, label: '' })
  return skipped
}
