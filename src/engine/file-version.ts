/** What tells cheaply whether a file was written since. */
import { statSync } from 'node:fs'
import type { FileVersion } from '../contract/volumes.ts'
import { fileError } from './file-errors.ts'

/** The change time cannot be set back as the modification time can. Throws `FILE_UNREADABLE`. */
export function fileVersion(path: string): FileVersion {
  try {
    const { size, mtimeNs, ctimeNs, ino } = statSync(path, { bigint: true })
    return { bytes: Number(size), modified: String(mtimeNs), changed: String(ctimeNs), inode: String(ino) }
  } catch (error) {
    throw fileError(error, path)
  }
}

export const sameVersion = (a: FileVersion, b: FileVersion): boolean =>
  a.bytes === b.bytes && a.modified === b.modified && a.changed === b.changed && a.inode === b.inode

/** As one word, for keys. */
export const versionKey = ({ bytes, modified, changed, inode }: FileVersion): string =>
  `${bytes}-${modified}-${changed}-${inode}`
