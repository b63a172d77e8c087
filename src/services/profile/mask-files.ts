/**
 * Mask files that the user names. The profile keeps a copy of each file, named by its SHA-256. Queued runs, resumed
 * runs and repeated evaluations therefore do not need the user's file.
 */
import type { MaskFile, MaskSpec } from '../../contract/evaluation.ts'
import type { Masking } from '../../core/mri/draw.ts'
import { keepMaskCopy, keepNamedMask, readMaskFile } from '../../engine/files/masks.ts'
import { masksDirectory } from './paths.ts'
import type { Profile } from './profile.ts'

type InProfile = Pick<Profile, 'directory'>

/** Throws `FILE_UNREADABLE` or `UNSUPPORTED_FORMAT`, with the file and the remedy, if the file holds no mask. */
export const maskFileAt = (path: string): MaskFile => ({ path, sha256: readMaskFile(path).sha256 })

/** As `maskFileAt`, and keeps a copy of the file. */
export function keepMaskFile(profile: InProfile, path: string): MaskFile {
  const contents = readMaskFile(path)
  const file = { path, sha256: contents.sha256 }
  keepMaskCopy(file, contents, masksDirectory(profile))
  return file
}

/**
 * The spec with the contents of its mask file, of which a copy is kept. Throws `DATA_CHANGED` if the profile has no
 * copy and the user's file was changed.
 */
export function keepMask(profile: InProfile, mask: MaskSpec): Masking {
  const { file } = mask
  if (!file) return mask
  return { ...mask, stored: keepNamedMask(file, masksDirectory(profile)).mask }
}
