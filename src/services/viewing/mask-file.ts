/** A mask file that the user names: its path, and the hash by which a changed file is noticed. */
import type { MaskFile } from '../../contract/evaluation.ts'
import { readMaskFile } from '../../engine/files/masks.ts'

/** Throws `FILE_UNREADABLE` or `UNSUPPORTED_FORMAT`, with the file and the remedy, if the file holds no mask. */
export const openMaskFile = (path: string): MaskFile => ({ path, sha256: readMaskFile(path).sha256 })
