/** Whether a file was written since, told without reading it. */
import { statSync } from 'node:fs'
import { AppError } from '../contract/errors.ts'
import type { FileVersion } from '../contract/volumes.ts'
import { fileError } from './file-errors.ts'

/** Another whenever the file was written or replaced: the change time cannot be set back as the modification time can. */
export function fileVersion(path: string): FileVersion {
  try {
    const { size, mtimeNs, ctimeNs, ino } = statSync(path, { bigint: true })
    return { bytes: Number(size), modified: String(mtimeNs), changed: String(ctimeNs), inode: String(ino) }
  } catch (error) {
    throw fileError(error, path)
  }
}

export const isSameVersion = (a: FileVersion, b: FileVersion): boolean =>
  a.bytes === b.bytes && a.modified === b.modified && a.changed === b.changed && a.inode === b.inode

/** Throws `DATA_CHANGED` if the file is not the version that was read. */
export function requireVersion(path: string, now: FileVersion, read: FileVersion): void {
  if (isSameVersion(now, read)) return
  const inWords = ({ bytes, modified }: FileVersion) =>
    `${bytes} bytes, modified ${new Date(Number(BigInt(modified) / 1_000_000n)).toISOString()}`
  throw new AppError(
    'DATA_CHANGED',
    `${path} was changed since its content was read: expected ${inWords(read)}, got ${inWords(now)}. Scan the study again.`,
  )
}

/** As one word, for keys. */
export const versionKey = ({ bytes, modified, changed, inode }: FileVersion): string =>
  `${bytes}-${modified}-${changed}-${inode}`
