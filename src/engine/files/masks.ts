/** Reads mask files. A run's mask is the file that the run names by path and hash, and no other contents. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { AppError } from '../../contract/errors.ts'
import type { MaskFile, MaskSpec } from '../../contract/evaluation.ts'
import { readNpy } from '../../core/data/npy.ts'
import type { Masking } from '../../core/mri/draw.ts'
import { type StoredMask, storedMask } from '../../core/mri/stored-mask.ts'

const MASKS_KEPT = 4

function read({ path, sha256 }: MaskFile): StoredMask {
  let bytes: Buffer
  try {
    bytes = readFileSync(path)
  } catch (cause) {
    throw new AppError('FILE_UNREADABLE', `Expected the mask file ${path}, got: ${(cause as Error).message}`, cause)
  }
  const found = createHash('sha256').update(bytes).digest('hex')
  if (found !== sha256)
    throw new AppError(
      'DATA_CHANGED',
      `Expected the mask file with the SHA-256 ${sha256}, got ${found}, in ${path}. ` +
        'Put the old file back, or choose the mask file again.',
    )
  return storedMask(path, readNpy(bytes, path))
}

/** The last masks, by hash. A mask whose contents are known is not read again. */
const kept = new Map<string, StoredMask>()

/** The spec with the contents of its mask file, if it has one. Throws `DATA_CHANGED` if the file was changed. */
export function withStored(mask: MaskSpec): Masking {
  const { file } = mask
  if (!file) return mask
  const stored = kept.get(file.sha256) ?? read(file)
  kept.delete(file.sha256)
  kept.set(file.sha256, stored)
  if (kept.size > MASKS_KEPT) kept.delete(kept.keys().next().value!)
  return { ...mask, stored }
}
