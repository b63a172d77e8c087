/** A mask file that the user names: its path, and the hash by which a changed file is noticed. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { AppError } from '../../contract/errors.ts'
import type { MaskFile } from '../../contract/evaluation.ts'
import { readNpy } from '../../core/data/npy.ts'
import { storedMask } from '../../core/mri/stored-mask.ts'

/** Throws `FILE_UNREADABLE` or `UNSUPPORTED_FORMAT`, with the file and the remedy, if the file holds no mask. */
export function openMaskFile(path: string): MaskFile {
  let bytes: Buffer
  try {
    bytes = readFileSync(path)
  } catch (cause) {
    throw new AppError(
      'FILE_UNREADABLE',
      `Expected a mask file (.npy), got: ${(cause as Error).message}. Choose another file.`,
      cause,
    )
  }
  storedMask(path, readNpy(bytes, path))
  return { path, sha256: createHash('sha256').update(bytes).digest('hex') }
}
