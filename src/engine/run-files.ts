/** What a run writes into its folder: checkpoints by role and epoch, and previews by epoch. */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { RunFiles } from '../core/training/train.ts'
import { writeAtomically, writeCheckpoint } from './files.ts'

/** The newest, and the one before: it is what the database names until the parent has recorded the newest, should it die before. */
const KEPT = 2

const numbered = (epoch: number) => String(epoch).padStart(4, '0')

export function runFiles(directory: string): RunFiles {
  const written: Record<string, string[]> = { best: [], last: [], head: [] } // paths, oldest first
  return {
    async saveCheckpoint(role, epoch, checkpoint) {
      const file = await writeCheckpoint(join(directory, `${role}-${numbered(epoch)}.safetensors`), checkpoint)
      written[role].push(file.path)
      for (const old of written[role].splice(0, written[role].length - KEPT)) await rm(old, { force: true })
      return file
    },
    async savePreview(epoch, image) {
      const path = join(directory, 'previews', `${numbered(epoch)}.f32`)
      await writeAtomically(path, new Uint8Array(image.buffer, image.byteOffset, image.byteLength))
      return { path }
    },
  }
}
