/**
 * Where all files go that a user asks for. A file is replaced only if this program wrote it and its bytes are still those that were written;
 * every other file of that name is somebody's, and is refused by name. A file that appears during the work is not replaced either.
 *
 * What the program wrote is recorded in the folder itself, one line a file (`RECORD`), not in a profile: folders are moved, copied to other
 * machines, and written by several profiles. A line says the SHA-256, so a copied or edited record never makes a user's file the program's.
 */
import { createHash, randomUUID } from 'node:crypto'
import { constants, createReadStream } from 'node:fs'
import { link, lstat, mkdtemp, open, readdir, readFile, rename, rm, rmdir, unlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { z } from 'zod'
import { AppError } from '../../contract/errors.ts'
import { fileError } from './file-errors.ts'
import { makeFolder } from './folders.ts'

/** Hidden, so that an import passes it over. */
const RECORD = '.self-mri-written.jsonl'

const Entry = z.object({
  /** Within the folder, with `/`. */
  file: z.string(),
  bytes: z.int(),
  sha256: z.string(),
  /** The command that wrote it. */
  maker: z.string(),
})
type Entry = z.infer<typeof Entry>

/** A folder's entries by file, the oldest first: a folder of DICOM files may hold tens of thousands. */
type Written = ReadonlyMap<string, readonly Entry[]>

export interface Destination {
  readonly folder: string
  readonly maker: 'reconstruct' | 'study' | 'demo' | 'synthetic knee' | 'example'
  /** The program's own files that may be replaced: all, those of the same maker, or none. */
  readonly replaces: 'all' | 'same maker' | 'none'
}

/** What is at a path: nothing (an empty folder counts as that), a file of the program as written, or somebody's. */
type Found =
  | { readonly kind: 'free' }
  | { readonly kind: 'ours'; readonly maker: string }
  | { readonly kind: 'theirs'; readonly why: string }

const FOREIGN = 'which Self-MRI did not write, or which was changed since'

const codeOf = (error: unknown) => (error as NodeJS.ErrnoException).code ?? ''

async function statusOf(path: string) {
  try {
    return await lstat(path)
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(codeOf(error))) return null
    throw fileError(error, path)
  }
}

/** SHA-256 of a file of any size. Throws what the file system says. */
export async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash)
  return hash.digest('hex')
}

/** A line that a crash cut short is passed over. Throws `FILE_EXISTS` where something else has the record's name. */
async function readRecord(folder: string): Promise<Written> {
  const path = join(folder, RECORD)
  const status = await statusOf(path)
  if (!status) return new Map()
  const lines = status.isFile() ? (await readFile(path, 'utf8')).split('\n').filter(line => line !== '') : ['']
  const entries = lines.flatMap(line => {
    try {
      return [Entry.parse(JSON.parse(line))]
    } catch {
      return []
    }
  })
  if (entries.length > 0 || lines.length === 0) {
    const written = new Map<string, Entry[]>()
    for (const entry of entries) written.set(entry.file, [...(written.get(entry.file) ?? []), entry])
    return written
  }
  throw new AppError(
    'FILE_EXISTS',
    `${path} is not the record of written files that Self-MRI keeps under this name. Move this file, or choose another folder.`,
  )
}

/** Only ever added to, so that two programs that write into one folder lose no line of each other's. */
async function addToRecord(folder: string, entries: readonly Entry[]): Promise<void> {
  const { O_APPEND, O_CREAT, O_WRONLY, O_NOFOLLOW = 0 } = constants
  const file = await open(join(folder, RECORD), O_APPEND | O_CREAT | O_WRONLY | O_NOFOLLOW, 0o666)
  try {
    // The line feed before ends a line that a crash has cut short.
    await file.write(entries.map(entry => `\n${JSON.stringify(entry)}\n`).join(''))
  } finally {
    await file.close()
  }
}

/** A file's entry; a folder's entries, of the files in it. */
async function describe(path: string, name: string, maker: string): Promise<Entry[]> {
  const status = await lstat(path)
  if (!status.isDirectory()) return [{ file: name, bytes: status.size, sha256: await hashFile(path), maker }]
  const entries: Entry[] = []
  for (const each of await readdir(path)) entries.push(...(await describe(join(path, each), `${name}/${each}`, maker)))
  return entries
}

async function lookAt(path: string, name: string, record: Written): Promise<Found> {
  const status = await statusOf(path)
  if (!status) return { kind: 'free' }
  if (status.isSymbolicLink()) return { kind: 'theirs', why: 'which is a link' }
  if (status.isDirectory()) {
    let found: Found = { kind: 'free' }
    for (const each of await readdir(path)) {
      const inside = await lookAt(join(path, each), `${name}/${each}`, record)
      if (inside.kind === 'theirs')
        return { kind: 'theirs', why: `whose ${each} Self-MRI did not write, or was changed since` }
      if (inside.kind === 'free') return { kind: 'theirs', why: `which holds the folder ${each}` }
      found = inside
    }
    return found
  }
  const written = (record.get(name) ?? []).filter(({ bytes }) => bytes === status.size)
  if (!status.isFile() || written.length === 0) return { kind: 'theirs', why: FOREIGN }
  const sha256 = await hashFile(path)
  const same = written.findLast(entry => entry.sha256 === sha256)
  return same ? { kind: 'ours', maker: same.maker } : { kind: 'theirs', why: FOREIGN }
}

/** A file in the way of a result; `kept` stays whoever wrote it. */
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
 * Checks, before any work, that these names can be written in the folder: paths of the program's own files that will be replaced. Throws
 * `FILE_EXISTS`, naming all files in the way. `kept` says of a path that must stay whatever is there, why.
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

/** Works in a hidden folder for unfinished files, on the same disk as what is finished; it is removed in the end. */
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

/** What a file system without hard links says. */
const NO_LINKS = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'EACCES']

/** Moves a finished file or folder to a path where nothing may be but an empty folder. Throws `FILE_EXISTS`, whenever it appeared. */
async function moveToFree(finished: string, path: string): Promise<void> {
  try {
    if ((await lstat(finished)).isDirectory()) {
      await rmdir(path).catch(() => {}) // an empty one, which Windows does not rename over
      await rename(finished, path) // replaces neither a file nor a folder with files
      return
    }
    // Unlike a renaming, a second name for the file is refused where the name is taken.
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

/** A folder is moved away first and looked at again there: what appeared in it meanwhile is not lost. */
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
    await rename(away, path).catch(() => {}) // else it stays under its hidden name
    throw error
  }
  await rm(away, { recursive: true })
}

/** Moves a finished file or folder, made in a workshop, into the folder under a name, and records it. Throws `FILE_EXISTS`. */
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
    // Recorded first: a crash in between leaves a line too many, never a file that the program does not know.
    await addToRecord(folder, await describe(finished, name, maker))
    if (found.kind === 'free') await moveToFree(finished, path)
    else if (isFile) await rename(finished, path)
    else await replaceFolder(finished, destination, name)
  } catch (error) {
    throw fileError(error, path)
  }
}

/** Writes files into the folder, all of them or, where one cannot be, none: see `requireFree`. Paths of those that were replaced. */
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

/** Records files that are there already as the program's own. */
export async function adopt({ folder, maker }: Destination, names: readonly string[]): Promise<void> {
  const entries = await Promise.all(names.map(name => describe(join(folder, name), name, maker)))
  await addToRecord(folder, entries.flat())
}

/** Whether the program has ever written a file of that name there, and whether the file is still that one. */
export async function isRecorded(
  folder: string,
  name: string,
): Promise<{ readonly ever: boolean; readonly now: boolean }> {
  const record = await readRecord(folder)
  const found = await lookAt(join(folder, name), name, record)
  return { ever: record.has(name), now: found.kind === 'ours' }
}

/** Moves a finished file to `stem` + `ending` in the folder, or to the first free `stem (2)`, `stem (3)` …: its path. */
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

/** One path that the user chose, and the file there that the user agreed to replace, as it was then; `null`: nothing is there. */
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
 * `replace`: the user was asked for this very path and agreed. Throws `FILE_EXISTS` where something is there and the user was not asked, and
 * for what no answer makes replaceable: links and folders with files.
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

/** Moves a finished file or folder there. Throws `FILE_EXISTS` where another file than the agreed one is there by now. */
export async function placeAt(finished: string, { path, agreed }: Chosen): Promise<void> {
  if (!agreed) return moveToFree(finished, path)
  const now = await lstat(path, { bigint: true }).catch(() => null)
  if (!now) return moveToFree(finished, path)
  const same = (['dev', 'ino', 'size', 'mtimeNs'] as const).every(key => now[key] === agreed[key])
  if (!same) throw taken(theirs(path, 'which has changed meanwhile'))
  await rename(finished, path)
}
