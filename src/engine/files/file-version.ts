/** Whether a file was written since, told without reading it. */
import { statSync } from 'node:fs'
import { AppError } from '../../contract/errors.ts'
import type { FileVersion } from '../../contract/volumes.ts'
import { fileError } from './file-errors.ts'

function versionOf(path: string): FileVersion {
  const { size, mtimeNs, ctimeNs, ino } = statSync(path, { bigint: true })
  return { bytes: Number(size), modified: String(mtimeNs), changed: String(ctimeNs), inode: String(ino) }
}

/** As one word, for keys. */
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
 * Differs after the file, or one of the files that it is put together from, was written or replaced. The modification time can be set back,
 * the change time cannot. Throws `FILE_UNREADABLE`.
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

/** The version now, of the file and of the sources that another version of it names. */
export const versionNow = (path: string, before: FileVersion | undefined): FileVersion =>
  fileVersion(path, Object.keys(before?.sources ?? {}))

export const isSameVersion = (a: FileVersion, b: FileVersion): boolean => versionKey(a) === versionKey(b)

/** Throws `DATA_CHANGED` if the file is not the version that was read. */
export function requireVersion(path: string, now: FileVersion, read: FileVersion): void {
  if (isSameVersion(now, read)) return
  const inWords = ({ bytes, modified }: FileVersion) =>
    `${bytes} bytes, modified ${new Date(Number(BigInt(modified) / 1_000_000n)).toISOString()}`
  const source = Object.keys(read.sources ?? {}).find(name => now.sources?.[name] !== read.sources?.[name])
  const what = source ? `its source ${source} is another one` : `expected ${inWords(read)}, got ${inWords(now)}`
  throw new AppError('DATA_CHANGED', `${path} was changed since its content was read: ${what}. Scan the study again.`)
}
