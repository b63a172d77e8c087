/** Reads mask files. A run's mask is the file that the run names by path and hash, and no other contents. */
import { createHash } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { AppError, reasonOf } from '../../contract/errors.ts'
import type { MaskSpec } from '../../contract/evaluation.ts'
import { readNpy } from '../../core/data/npy.ts'
import type { Masking } from '../../core/mri/draw.ts'
import { type StoredMask, storedMask } from '../../core/mri/stored-mask.ts'
import { fileError } from './file-errors.ts'

const MASKS_KEPT = 4

const MOST_BYTES = 1e9

function bytesOf(path: string): Buffer {
  const refuse = (fault: string, cause?: unknown) =>
    new AppError('FILE_UNREADABLE', `${fault} Put the mask file back, or choose another mask file.`, cause)
  try {
    const stat = statSync(path)
    // A read of a device or pipe could wait for ever, and block the process.
    if (!stat.isFile())
      throw refuse(`Expected a mask file, got a ${stat.isDirectory() ? 'folder' : 'device or pipe'}: ${path}.`)
    if (stat.size > MOST_BYTES)
      throw refuse(`Expected a mask file of at most 1 GB, got ${(stat.size / 1e9).toFixed(1)} GB: ${path}.`)
    return readFileSync(path)
  } catch (cause) {
    throw cause instanceof AppError ? cause : refuse(reasonOf(fileError(cause, path)), cause)
  }
}

/**
 * The mask in a file (.npy), with the SHA-256 of the file's bytes. Throws `DATA_CHANGED` if the bytes have another hash
 * than `expected`. Every message names the file and the remedy.
 */
export function readMaskFile(path: string, expected?: string): { readonly sha256: string; readonly mask: StoredMask } {
  const bytes = bytesOf(path)
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  // The message omits the found hash, because a request could name any file.
  if (expected !== undefined && sha256 !== expected)
    throw new AppError(
      'DATA_CHANGED',
      `Expected the mask file with the SHA-256 ${expected}, got other contents, in ${path}. ` +
        'Put the old file back, or choose the mask file again.',
    )
  return { sha256, mask: storedMask(path, readNpy(bytes, path)) }
}

/** The last masks, by hash. A mask whose contents are known is not read again. */
const kept = new Map<string, StoredMask>()

/** The spec with the contents of its mask file, if it has one. Throws `DATA_CHANGED` if the file was changed. */
export function withStored(mask: MaskSpec): Masking {
  const { file } = mask
  if (!file) return mask
  const stored = kept.get(file.sha256) ?? readMaskFile(file.path, file.sha256).mask
  kept.delete(file.sha256)
  kept.set(file.sha256, stored)
  if (kept.size > MASKS_KEPT) kept.delete(kept.keys().next().value!)
  return { ...mask, stored }
}

/** As `withStored`, from the file as it is now, even if the contents are known. */
export const withStoredNow = (mask: MaskSpec): Masking =>
  mask.file ? { ...mask, stored: readMaskFile(mask.file.path, mask.file.sha256).mask } : mask
