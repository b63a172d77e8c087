/** Opens volumes, and lists the volumes of a folder. */
import { createHash } from 'node:crypto'
import { readdir, realpath, stat } from 'node:fs/promises'
import { basename, dirname, join, relative, resolve, sep } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { AppError, reasonOf, throwIfCancelled } from '../../contract/errors.ts'
import { fileOfVolume, partOfVolume } from '../../contract/volume-path.ts'
import type { Role, SkippedFile, VolumeContent, VolumeInfo } from '../../contract/volumes.ts'
import { BESIDE, EXTENSIONS, readStored, volumePaths } from '../../core/data/formats/index.ts'
import { type Opening, openStored } from '../../core/data/open.ts'
import type { FileSource } from '../../core/data/source.ts'
import { type StoredVolume, stacksOf, type Volume } from '../../core/data/volume.ts'
import type { Pause } from '../../core/pause.ts'
import { lazyFourier } from '../native/fourier.ts'
import { type Reading, readContent } from './contents.ts'
import { fileError } from './file-errors.ts'
import { fileVersion, isSameVersion, requireVersion, versionNow } from './file-version.ts'
import { openSource } from './source.ts'

export type ScannedVolume = VolumeInfo & { readonly role: Role | null }

export interface Scan {
  readonly volumes: readonly ScannedVolume[]
  readonly skipped: readonly SkippedFile[]
}

export interface ScanOptions {
  readonly onProgress?: (progress: { readonly done: number; readonly total: number }) => void
  readonly signal?: AbortSignal
}

const fourier = lazyFourier('alone')

const opening = (salt: string): Opening => ({
  hashPatient: id =>
    createHash('sha256')
      .update(salt + id)
      .digest('hex'),
  fourier,
})

/** Contents read by this process, by path: contents of files that had no known content, or that were written later. */
const lastRead = new Map<string, VolumeContent>()

/**
 * Opens a volume, and keeps only SHA-256(salt + id) of its patient id. If the file's version differs from `content`,
 * the file is read again, and refused with `DATA_CHANGED` if its content differs. Changed permissions or a new hard
 * link change the version, but not the content.
 */
export async function openVolume(
  path: string,
  salt: string,
  content?: VolumeContent,
  reading: Reading = { pause: setImmediate },
): Promise<Volume> {
  const before = versionNow(path, content?.version)
  return withSource(path, async source => {
    requireVersion(path, versionNow(path, before), before) // the file was not replaced before it was opened
    const part = partOfVolume(path)
    const stored = readStored(source, part)
    const isAsRead = content && isSameVersion(before, content.version)
    const now = isAsRead ? content : await readAgain(path, { source, stored }, reading)
    if (content) requireContent(path, now, content)
    return openStored(stored, { source, part }, opening(salt), now)
  })
}

/** Calls `use` with the file of a volume. If `use` throws, the file is closed. */
async function withSource<T>(path: string, use: (source: FileSource) => Promise<T> | T): Promise<T> {
  const source = await openSource(fileOfVolume(path))
  try {
    return await use(source)
  } catch (error) {
    source.dispose()
    throw error
  }
}

/** Throws `DATA_CHANGED` if the content differs from the content that was read. */
export function requireContent(path: string, now: VolumeContent, read: VolumeContent): void {
  if (now.identity === read.identity) return
  throw new AppError('DATA_CHANGED', `The content of ${path} has changed since the last scan. Scan the study again.`)
}

interface OpenFile {
  readonly source: FileSource
  readonly stored: StoredVolume
}

async function readAgain(path: string, opened: OpenFile, reading: Reading): Promise<VolumeContent> {
  const last = lastRead.get(path)
  if (last && isSameVersion(versionNow(path, last.version), last.version)) return last
  const now = await readWhole(path, opened, reading)
  lastRead.set(path, now)
  return now
}

async function readWhole(path: string, { source, stored }: OpenFile, reading: Reading): Promise<VolumeContent> {
  const file = source.hdf5()
  const others = [
    ...(file?.datasets.flatMap(name => file.virtualSources(name)) ?? []),
    ...stacksOf(stored).flatMap(stack => stack.sources()),
  ]
  const version = fileVersion(path, [...new Set(others)])
  const content = await readContent(source, stored, version, reading)
  requireVersion(path, versionNow(path, version), version)
  return content
}

/** A volume's facts after its whole file was read. The patient stays as listed. */
export async function readFacts({ path, patient }: VolumeInfo, pause: Pause): Promise<VolumeInfo> {
  const volume = await openVolume(path, '', undefined, { pause })
  volume.dispose()
  return { ...volume.info, patient }
}

/** Opens a volume without reading its content. The volume's sampling is `unread`. */
export const listVolume = (path: string, salt: string): Promise<Volume> =>
  withSource(path, source => {
    const part = partOfVolume(path)
    return openStored(readStored(source, part), { source, part }, opening(salt))
  })

/** The volumes of a file for which `isWanted` holds, and the reasons why others of them cannot be used. */
async function listFile(path: string, salt: string, isWanted: (volume: string) => boolean) {
  const source = await openSource(path)
  try {
    return volumePaths(source)
      .filter(isWanted)
      .map((each): VolumeInfo | SkippedFile => {
        try {
          const part = partOfVolume(each)
          return openStored(readStored(source, part), { source, part }, opening(salt)).info
        } catch (error) {
          return { path: each, reason: reasonOf(fileError(error, path)) }
        }
      })
  } finally {
    source.dispose()
  }
}

/** The files under `paths`. Paths with a part name single volumes of their files. */
async function filesUnder(paths: readonly string[], skipped: SkippedFile[], signal?: AbortSignal) {
  const named = new Set(paths.filter(path => partOfVolume(path) !== null).map(path => resolve(path)))
  const whole = await findFiles(
    paths.filter(path => partOfVolume(path) === null),
    skipped,
    signal,
  )
  const isWhole = new Set(whole.map(({ path }) => path))
  const others = (await findFiles([...named].map(fileOfVolume), skipped, signal)).filter(
    ({ path }) => !isWhole.has(path),
  )
  return {
    files: [...whole, ...others].sort(byPath),
    isWanted: (volume: string) => named.has(volume) || isWhole.has(fileOfVolume(volume)),
  }
}

/**
 * Lists the volumes in files and folders, sorted by path. A path with a part names this volume of its file alone.
 * Unusable files are listed in `skipped` with a reason.
 */
export async function scanFolder(paths: readonly string[], salt: string, options: ScanOptions = {}): Promise<Scan> {
  const { onProgress, signal } = options
  const skipped: SkippedFile[] = []
  const { files, isWanted } = await filesUnder(paths, skipped, signal)
  const volumes: ScannedVolume[] = []
  for (const [index, { path, role }] of files.entries()) {
    throwIfCancelled(signal)
    try {
      for (const each of await listFile(path, salt, isWanted))
        if ('reason' in each) skipped.push(each)
        else volumes.push({ ...each, role })
    } catch (error) {
      skipped.push({ path, reason: reasonOf(fileError(error, path)) })
    }
    onProgress?.({ done: index + 1, total: files.length })
    await setImmediate() // lets a cancellation arrive, because reading is synchronous
  }
  return { volumes, skipped: skipped.sort(byPath) }
}

interface FoundFile {
  readonly path: string
  readonly role: Role | null
}

/** The volume's file, if the path names a file that belongs to a volume, such as the header beside its numbers. */
async function volumeFileOf(path: string): Promise<string> {
  const pair = BESIDE.find(([ending]) => path.toLowerCase().endsWith(ending))
  if (!pair) return path
  const volume = path.slice(0, -pair[0].length) + pair[1]
  return (await stat(volume).catch(() => null)) ? volume : path
}

/** All candidate files without duplicates. Hidden files and folders are ignored. */
async function findFiles(paths: readonly string[], skipped: SkippedFile[], signal?: AbortSignal): Promise<FoundFile[]> {
  const found = new Map<string, FoundFile>() // by real path, because links and repeated paths lead to equal files
  const visited = new Set<string>()

  const visit = async (path: string, root: string): Promise<void> => {
    throwIfCancelled(signal)
    try {
      const real = await realpath(path)
      if ((await stat(real)).isDirectory()) {
        if (visited.has(real)) return
        visited.add(real)
        for (const name of (await readdir(path)).sort()) {
          if (!name.startsWith('.')) await visit(join(path, name), root)
        }
      } else if (!found.has(real) && (path === root || hasExtension(path))) {
        found.set(real, { path, role: roleOf(path, root) })
      }
    } catch (error) {
      if (error instanceof AppError) throw error
      if (path === root || hasExtension(path)) skipped.push({ path, reason: reasonOf(fileError(error, path)) })
    }
  }

  const roots = await Promise.all(paths.map(path => volumeFileOf(resolve(path))))
  for (const path of [...new Set(roots)].sort()) await visit(path, path)
  return [...found.values()].sort(byPath)
}

function hasExtension(path: string): boolean {
  return EXTENSIONS.some(extension => path.toLowerCase().endsWith(extension))
}

const ROLE_OF_FOLDER: ReadonlyMap<string, Role> = new Map([
  ['train', 'train'],
  ['val', 'val'],
  ['test', 'test'],
  ['singlecoil_train', 'train'],
  ['singlecoil_val', 'val'],
  ['singlecoil_test', 'test'],
  ['singlecoil_test_v2', 'test'],
  ['singlecoil_challenge', 'test'],
  ['multicoil_train', 'train'],
  ['multicoil_val', 'val'],
  ['multicoil_test', 'test'],
  ['multicoil_test_v2', 'test'],
  ['multicoil_challenge', 'test'],
])

/**
 * The role of the nearest folder with a role name, from the file's folder up to `root`. For a file given directly, only
 * the file's folder counts.
 */
function roleOf(path: string, root: string): Role | null {
  const top = path === root ? dirname(path) : root
  const folders = [basename(top), ...relative(top, dirname(path)).split(sep)]
  const named = folders.findLast(folder => ROLE_OF_FOLDER.has(folder.toLowerCase()))
  return named === undefined ? null : ROLE_OF_FOLDER.get(named.toLowerCase())!
}

function byPath(a: { readonly path: string }, b: { readonly path: string }): number {
  return a.path < b.path ? -1 : Number(a.path > b.path)
}
