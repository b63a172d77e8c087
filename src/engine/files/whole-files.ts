/** Writes files that are either complete or absent: written under a hidden name, synced, renamed. Also hashes files. */

import { createHash } from 'node:crypto'
import { open, readFile, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from '../../core/training/checkpoint.ts'
import { fileError } from './file-errors.ts'
import { makeFolder } from './folders.ts'

let partials = 0

/**
 * A hidden name in the folder of `path` for an incomplete file. The name is short, so that it fits wherever `path`
 * fits.
 */
export const partialBeside = (path: string): string =>
  join(dirname(path), `.self-mri-${process.pid}-${++partials}.part`)

/**
 * Replaces `path` by `bytes` in one step. A crash leaves either the old or the new file. Only a `lasting` write also
 * survives a power cut, which takes longer.
 */
export async function writeAtomically(path: string, bytes: Uint8Array, { lasting = true } = {}): Promise<void> {
  const partial = partialBeside(path)
  try {
    makeFolder(dirname(path))
    const file = await open(partial, 'w')
    try {
      await file.writeFile(bytes)
      if (lasting) await file.sync()
    } finally {
      await file.close()
    }
    await rename(partial, path)
    if (!lasting) return
    const folder = await open(dirname(path), 'r')
    await folder.sync().finally(() => folder.close()) // makes the rename survive a power cut
  } catch (error) {
    await rm(partial, { force: true }).catch(() => {}) // the first error is thrown
    throw fileError(error, path)
  }
}

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

export async function writeCheckpoint(path: string, checkpoint: Checkpoint): Promise<{ path: string; sha256: string }> {
  const bytes = encodeCheckpoint(checkpoint)
  await writeAtomically(path, bytes)
  return { path, sha256: sha256(bytes) }
}

export async function readBytes(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path)
  } catch (cause) {
    throw fileError(cause, path)
  }
}

export const readCheckpoint = async (path: string): Promise<Checkpoint> => decodeCheckpoint(await readBytes(path), path)
