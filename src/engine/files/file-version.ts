/** Tells whether the file of a volume was written since an earlier look, without reading the file. */
import { statSync } from 'node:fs'
import { AppError } from '../../contract/errors.ts'
import { fileOfVolume } from '../../contract/volume-path.ts'
import type { FileVersion } from '../../contract/volumes.ts'
import { fileError } from './file-errors.ts'

function versionOf(path: string): FileVersion {
  const { size, mtimeNs, ctimeNs, ino } = statSync(fileOfVolume(path), { bigint: true })
  return { bytes: Number(size), modified: String(mtimeNs), changed: String(ctimeNs), inode: String(ino) }
}

/** A version as one string, for keys and comparisons. */
export const versionKey = ({ bytes, modified, changed, inode, sources = {} }: FileVersion): string =>
  [bytes, modified, changed, inode, ...Object.entries(sources).flat()].join('-')

function sourceVersion(path: string): string {
  try {
    return versionKey(versionOf(path))
  } catch {
    return ''
  }
}

/**
 * A version that changes when the file, or a source of a virtual dataset, is written or replaced. A program can reset
 * the modification time, but not the change time. Throws `FILE_UNREADABLE`.
 */
export function fileVersion(path: string, sources: readonly string[] = []): FileVersion {
  try {
    const version = versionOf(path)
    if (sources.length === 0) return version
    return { ...version, sources: Object.fromEntries(sources.map(source => [source, sourceVersion(source)])) }
  } catch (error) {
    throw fileError(error, path)
  }
}

/** The present version of a file, and of the sources that an earlier version of the file names. */
export const versionNow = (path: string, before: FileVersion | undefined): FileVersion =>
  fileVersion(path, Object.keys(before?.sources ?? {}))

export const isSameVersion = (a: FileVersion, b: FileVersion): boolean => versionKey(a) === versionKey(b)

/** Throws `DATA_CHANGED` if the file is no longer the version that was read. */
export function requireVersion(path: string, now: FileVersion, read: FileVersion): void {
  if (isSameVersion(now, read)) return
  const inWords = ({ bytes, modified }: FileVersion) =>
    `${bytes} bytes, modified ${new Date(Number(BigInt(modified) / 1_000_000n)).toISOString()}`
  const source = Object.keys(read.sources ?? {}).find(name => now.sources?.[name] !== read.sources?.[name])
  const what = source ? `its source ${source} was replaced` : `expected ${inWords(read)}, got ${inWords(now)}`
  throw new AppError('DATA_CHANGED', `${path} was changed since the last scan: ${what}. Scan the study again.`)
}
