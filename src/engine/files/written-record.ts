/** The record (`RECORD`) in an output folder: one line for each file that this program wrote there. */
import { createHash } from 'node:crypto'
import { constants, createReadStream } from 'node:fs'
import { lstat, open, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { z } from 'zod'
import { AppError } from '../../contract/errors.ts'
import { fileError } from './file-errors.ts'

/** Hidden, because an import ignores hidden files. */
export const RECORD = '.self-mri-written.jsonl'

export const Entry = z.object({
  /** Path within the folder, with `/`. */
  file: z.string(),
  bytes: z.int(),
  sha256: z.string(),
  /** The command that wrote the file. */
  maker: z.string(),
})
export type Entry = z.infer<typeof Entry>

/** A folder's entries by file, the oldest first. A map, because a folder of DICOM files may hold tens of thousands. */
export type Written = ReadonlyMap<string, readonly Entry[]>

/**
 * What is at a path. `free`: nothing, or an empty folder. `ours`: a file as this program wrote it. `theirs`: other
 * files.
 */
export type Found =
  | { readonly kind: 'free' }
  | { readonly kind: 'ours'; readonly maker: string }
  | { readonly kind: 'theirs'; readonly why: string }

export const FOREIGN = 'which Self-MRI did not write, or which was changed since'

export const codeOf = (error: unknown) => (error as NodeJS.ErrnoException).code ?? ''

export async function statusOf(path: string) {
  try {
    return await lstat(path)
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(codeOf(error))) return null
    throw fileError(error, path)
  }
}

/** SHA-256 of a file of any size. Throws the file system's error. */
export async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash)
  return hash.digest('hex')
}

/**
 * Reads the record, and ignores lines that a crash cut short. Throws `FILE_EXISTS` if the file at `RECORD` is no
 * record.
 */
export async function readRecord(folder: string): Promise<Written> {
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
    `Expected the record of files that Self-MRI wrote, got another file: ${path}. ` +
      'Move this file, or choose another folder.',
  )
}

/** Appends to the record and never rewrites it, so that two programs can write into one folder without losing lines. */
export async function addToRecord(folder: string, entries: readonly Entry[]): Promise<void> {
  const { O_APPEND, O_CREAT, O_WRONLY, O_NOFOLLOW = 0 } = constants
  const file = await open(join(folder, RECORD), O_APPEND | O_CREAT | O_WRONLY | O_NOFOLLOW, 0o666)
  try {
    // The leading line feed ends a line that a crash has cut short.
    await file.write(entries.map(entry => `\n${JSON.stringify(entry)}\n`).join(''))
  } finally {
    await file.close()
  }
}

/** The entry of a file, or the entries of all files in a folder. */
export async function describe(path: string, name: string, maker: string): Promise<Entry[]> {
  const status = await lstat(path)
  if (!status.isDirectory()) return [{ file: name, bytes: status.size, sha256: await hashFile(path), maker }]
  const entries: Entry[] = []
  for (const each of await readdir(path)) entries.push(...(await describe(join(path, each), `${name}/${each}`, maker)))
  return entries
}

export async function lookAt(path: string, name: string, record: Written): Promise<Found> {
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
