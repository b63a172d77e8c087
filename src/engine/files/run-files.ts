/**
 * Writes a run's files: checkpoints by role and epoch, states by position, previews by epoch. Services delete old
 * files.
 */
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { AppError } from '../../contract/errors.ts'
import type { TrainingEvent } from '../../contract/runs.ts'
import type { Pause } from '../../core/pause.ts'
import type { RunFiles } from '../../core/training/keeper.ts'
import { writeAtomically, writeCheckpoint } from './whole-files.ts'

/** While the disk is full, a write is retried every `RETRY_MS`. A cancellation is checked every `LISTEN_MS`. */
const RETRY_MS = 3000
const LISTEN_MS = 100

const numbered = (n: number, digits = 4) => String(n).padStart(digits, '0')

interface Waiting {
  /** Rejects when the run is cancelled, which ends the waiting. */
  readonly pause: Pause
  emit(event: Extract<TrainingEvent, { type: 'waiting' | 'continued' }>): void
}

/** Retries a write until the disk has space, and reports the waiting as events. Earlier files stay unchanged. */
async function whenThereIsRoom<T>(path: string, write: () => Promise<T>, { pause, emit }: Waiting): Promise<T> {
  let since: number | null = null
  while (true) {
    try {
      const written = await write()
      if (since !== null) emit({ type: 'continued', seconds: (performance.now() - since) / 1000 })
      return written
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'DISK_FULL') throw error
      await pause()
      if (since === null) {
        since = performance.now()
        emit({ type: 'waiting', reason: 'disk full', path, words: `${error.message} The training waits until then.` })
      }
      for (const start = performance.now(); performance.now() - start < RETRY_MS; ) {
        await sleep(LISTEN_MS)
        await pause()
      }
    }
  }
}

export function runFiles(directory: string, waiting: Waiting): RunFiles {
  return {
    saveCheckpoint(role, epoch, checkpoint, step) {
      const within = step === undefined ? '' : `-${numbered(step, 6)}`
      const path = join(directory, `${role}-${numbered(epoch)}${within}.safetensors`)
      return whenThereIsRoom(path, () => writeCheckpoint(path, checkpoint), waiting)
    },
    saveState(epoch, step, state) {
      const path = join(directory, `state-${numbered(epoch)}-${numbered(step, 6)}.safetensors`)
      return whenThereIsRoom(path, () => writeCheckpoint(path, state), waiting)
    },
    async savePreview(epoch, image) {
      const path = join(directory, 'previews', `${numbered(epoch)}.f32`)
      const bytes = new Uint8Array(image.buffer, image.byteOffset, image.byteLength)
      await whenThereIsRoom(path, () => writeAtomically(path, bytes, { lasting: false }), waiting)
      return { path }
    },
  }
}
