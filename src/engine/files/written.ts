/**
 * Writes all files that a user asks for. A file is replaced only if this program wrote it and its bytes are unchanged.
 * Every other file stays, and an error names it. A file that appears during the work also stays.
 *
 * Each output folder holds the record of its files (`RECORD`), because folders are moved, copied, and used by several
 * profiles. The record holds SHA-256 hashes, so a copied or edited record never makes a user's file replaceable. See
 * docs/decisions/0002-one-writer-of-results.md.
 */
import { randomUUID } from 'node:crypto'
import { link, lstat, mkdtemp, open, readdir, rename, rm, rmdir, unlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { AppError } from '../../contract/errors.ts'
import { fileError } from './file-errors.ts'
import { makeFolder } from './folders.ts'
import { addToRecord, codeOf, describe, FOREIGN, lookAt, readRecord, statusOf } from './written-record.ts'

export interface Destination {
  readonly folder: string
  readonly maker: 'reconstruct' | 'study' | 'demo' | 'synthetic knee' | 'example'
  /** Which of the program's own files may be replaced. */
  readonly replaces: 'all' | 'same maker' | 'none'
}

/** A file that blocks a result. `kept` files stay, whoever wrote them. */
interface InTheWay {
  readonly path: string
  readonly why: string
  readonly of: 'ours' | 'theirs' | 'kept'
}

const MOST_NAMED = 20

function taken(...files: readonly InTheWay[]): AppError {
  const named = files.slice(0, MOST_NAMED).map(({ path, why }) => `${path}, ${why}`)
  const more = files.length > MOST_NAMED ? `; and ${files.length - MOST_NAMED} more` : ''
  const has = (of: InTheWay['of']) => files.some(file => file.of === of)
  const remedy = [
    'Choose another folder or name',
    ...(has('theirs') ? [`move the ${files.length === 1 ? 'file' : 'files'} away`] : []),
    ...(has('ours') ? ['replace earlier results with --overwrite'] : []),
  ].join(', or ')
  const count = files.length === 1 ? '' : `${files.length} files: `
  return new AppError('FILE_EXISTS', `Cannot replace ${count}${named.join('; ')}${more}. ${remedy}.`)
}

const theirs = (path: string, why = FOREIGN): InTheWay => ({ path, why, of: 'theirs' })
const ours = (path: string): InTheWay => ({ path, why: 'which is an earlier result of Self-MRI', of: 'ours' })

const mayReplace = ({ maker, replaces }: Destination, found: { readonly maker: string }) =>
  replaces === 'all' || (replaces === 'same maker' && found.maker === maker)

/**
 * Checks before any work that these names can be written in the folder. Returns the paths of this program's files that
 * will be replaced. Throws `FILE_EXISTS`, which names all blocking files. `kept` returns a reason if a path must stay.
 */
export async function requireFree(
  destination: Destination,
  names: readonly string[],
  kept: (path: string) => Promise<string | null> = async () => null,
): Promise<string[]> {
  const { folder } = destination
  const record = await readRecord(folder)
  const replaced: string[] = []
  const inTheWay: InTheWay[] = []
  for (const name of new Set(names)) {
    const path = join(folder, name)
    const why = await kept(path)
    const found = await lookAt(path, name, record)
    if (why) inTheWay.push({ path, why, of: 'kept' })
    else if (found.kind === 'theirs') inTheWay.push(theirs(path, found.why))
    else if (found.kind === 'ours' && mayReplace(destination, found)) replaced.push(path)
    else if (found.kind === 'ours') inTheWay.push(ours(path))
  }
  if (inTheWay.length > 0) throw taken(...inTheWay)
  return replaced
}

/**
 * Runs `work` with a hidden folder for unfinished files, on the disk of the results. The folder is removed at the end.
 */
export async function inWorkshop<Result>(folder: string, work: (workshop: string) => Promise<Result>): Promise<Result> {
  makeFolder(folder)
  const workshop = await mkdtemp(join(folder, '.self-mri-')).catch(error => {
    throw fileError(error, folder)
  })
  try {
    return await work(workshop)
  } finally {
    await rm(workshop, { recursive: true, force: true })
  }
}

/** Error codes of file systems without hard links. */
const NO_LINKS = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'EACCES']

/**
 * Moves a finished file or folder to a path that is free or an empty folder. Throws `FILE_EXISTS` if the path is taken.
 */
async function moveToFree(finished: string, path: string): Promise<void> {
  try {
    if ((await lstat(finished)).isDirectory()) {
      await rmdir(path).catch(() => {}) // removes an empty folder, because Windows does not rename over it
      await rename(finished, path) // does not replace a file, or a folder with files
      return
    }
    // A hard link fails if the name is taken. A rename would replace the file.
    const linked = await link(finished, path).then(
      () => true,
      error => {
        if (NO_LINKS.includes(codeOf(error))) return false
        throw error
      },
    )
    if (linked) return await unlink(finished)
    await (await open(path, 'wx')).close()
    await rename(finished, path)
  } catch (error) {
    if (['EEXIST', 'ENOTEMPTY', 'ENOTDIR', 'EISDIR'].includes(codeOf(error))) throw taken(theirs(path))
    throw fileError(error, path)
  }
}

/** Moves the old folder away and checks it again there, so that files that appeared in it are not lost. */
async function replaceFolder(finished: string, { folder }: Destination, name: string): Promise<void> {
  const path = join(folder, name)
  const away = join(dirname(path), `.self-mri-${randomUUID()}`)
  await rename(path, away)
  const found = await lookAt(away, name, await readRecord(folder))
  if (found.kind !== 'ours') {
    await rename(away, path)
    throw taken(theirs(path, found.kind === 'theirs' ? found.why : FOREIGN))
  }
  try {
    await moveToFree(finished, path)
  } catch (error) {
    await rename(away, path).catch(() => {}) // if this fails too, the old folder keeps its hidden name
    throw error
  }
  await rm(away, { recursive: true })
}

/** Moves a finished file or folder from the workshop into the destination, and records it. Throws `FILE_EXISTS`. */
export async function place(finished: string, destination: Destination, name: string): Promise<void> {
  const { folder, maker } = destination
  const path = join(folder, name)
  makeFolder(dirname(path))
  const record = await readRecord(folder)
  const found = await lookAt(path, name, record)
  if (found.kind === 'theirs') throw taken(theirs(path, found.why))
  if (found.kind === 'ours' && !mayReplace(destination, found)) throw taken(ours(path))
  const isFile = (await lstat(finished)).isFile()
  try {
    // The entry is written first. A crash then leaves a superfluous entry, and never a file without an entry.
    await addToRecord(folder, await describe(finished, name, maker))
    if (found.kind === 'free') await moveToFree(finished, path)
    else if (isFile) await rename(finished, path)
    else await replaceFolder(finished, destination, name)
  } catch (error) {
    throw fileError(error, path)
  }
}

/**
 * Writes all files into the folder, or no file if one name is blocked. See `requireFree`. Returns the replaced paths.
 */
export async function writeAll(
  destination: Destination,
  files: Readonly<Record<string, Uint8Array>>,
  kept?: (path: string) => Promise<string | null>,
): Promise<string[]> {
  const replaced = await requireFree(destination, Object.keys(files), kept)
  await inWorkshop(destination.folder, async workshop => {
    const made = Object.entries(files).map(([name, bytes], index) => ({
      name,
      bytes,
      path: join(workshop, `${index}`),
    }))
    for (const { path, bytes } of made)
      await writeFile(path, bytes).catch(error => {
        throw fileError(error, destination.folder)
      })
    for (const { name, path } of made) await place(path, destination, name)
  })
  return replaced
}

/** Records existing files as written by this program. */
export async function adopt({ folder, maker }: Destination, names: readonly string[]): Promise<void> {
  const entries = await Promise.all(names.map(name => describe(join(folder, name), name, maker)))
  await addToRecord(folder, entries.flat())
}

/** `ever`: this program wrote a file of this name. `now`: the present file is still as this program wrote it. */
export async function isRecorded(
  folder: string,
  name: string,
): Promise<{ readonly ever: boolean; readonly now: boolean }> {
  const record = await readRecord(folder)
  const found = await lookAt(join(folder, name), name, record)
  return { ever: record.has(name), now: found.kind === 'ours' }
}

/** Moves a finished file to `stem` + `ending`, or to the first free `stem (2)`, `stem (3)` …. Returns the path. */
export async function placeUnderFreeName(
  finished: string,
  { folder, stem, ending }: { readonly folder: string; readonly stem: string; readonly ending: string },
): Promise<string> {
  for (let n = 1; ; n++) {
    const path = join(folder, `${stem}${n === 1 ? '' : ` (${n})`}${ending}`)
    try {
      await moveToFree(finished, path)
      return path
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'FILE_EXISTS') throw error
    }
  }
}

/**
 * A path that the user chose. `agreed` identifies the file that the user agreed to replace, or is `null` if none
 * exists.
 */
export interface Chosen {
  readonly path: string
  readonly agreed: {
    readonly dev: bigint
    readonly ino: bigint
    readonly size: bigint
    readonly mtimeNs: bigint
  } | null
}

/**
 * `replace` means that the user agreed to replace this path. Throws `FILE_EXISTS` if the path is taken and the user did
 * not agree. Also throws for links and for folders with files, which are never replaced.
 */
export async function choose(path: string, replace: boolean): Promise<Chosen> {
  const status = await statusOf(path)
  if (!status) return { path, agreed: null }
  if (status.isDirectory() && (await readdir(path)).length === 0) return { path, agreed: null }
  if (status.isSymbolicLink()) throw taken(theirs(path, 'which is a link'))
  if (status.isDirectory())
    throw new AppError(
      'FILE_EXISTS',
      `Expected a new or an empty folder, got files in ${path}. Choose another name, or move the folder.`,
    )
  if (!(replace && status.isFile())) throw taken(theirs(path, 'which is there already'))
  return { path, agreed: await lstat(path, { bigint: true }) }
}

/**
 * Moves a finished file or folder to the chosen path. Throws `FILE_EXISTS` if the file there is not the agreed file.
 */
export async function placeAt(finished: string, { path, agreed }: Chosen): Promise<void> {
  if (!agreed) return moveToFree(finished, path)
  const now = await lstat(path, { bigint: true }).catch(() => null)
  if (!now) return moveToFree(finished, path)
  const same = (['dev', 'ino', 'size', 'mtimeNs'] as const).every(key => now[key] === agreed[key])
  if (!same) throw taken(theirs(path, 'which has changed meanwhile'))
  await rename(finished, path)
}
