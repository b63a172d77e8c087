/** The profile's database: SQLite in WAL mode, STRICT tables, one migration a file. Only services write it. */
import { copyFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { AppError } from '../../../contract/errors.ts'
import { makeFolder } from '../paths.ts'
import { databaseError } from './errors.ts'
import { addPathFunctions } from './old-paths.ts'

export type Db = Database.Database

const FILE = 'self-mri.sqlite'

export const databasePath = (profile: string): string => join(profile, FILE)

const MIGRATIONS = new URL('./migrations/', import.meta.url)

/** `0001-first.sql`, `0002-…`: the number is the version of the database after it. */
const migrations = () =>
  readdirSync(MIGRATIONS)
    .filter(name => name.endsWith('.sql'))
    .sort()
    .map(name => ({ name, version: Number.parseInt(name, 10), sql: readFileSync(new URL(name, MIGRATIONS), 'utf8') }))

/** A copy of the database as it is, complete or not there. The caller holds the write lock, so nothing changes meanwhile. */
function keepCopy(path: string, copy: string): void {
  rmSync(copy, { force: true })
  const reader = new Database(path, { readonly: true })
  try {
    reader.prepare('VACUUM INTO ?').run(copy)
  } finally {
    reader.close()
  }
}

function migrate(db: Db, profile: string, { copy = true }: { readonly copy?: boolean } = {}): void {
  const path = join(profile, FILE)
  const known = migrations()
  const newest = known.at(-1)!.version
  const current = () => db.pragma('user_version', { simple: true }) as number
  if (current() > newest) {
    throw new AppError(
      'DATABASE',
      `Expected a database of version ${newest} or older, got version ${current()}, in ${path}. A newer Self-MRI wrote it: update this one.`,
    )
  }
  if (current() === newest) return
  // Else rebuilding a table would delete the rows that refer to it. Within a transaction this cannot be switched.
  db.pragma('foreign_keys = OFF')
  addPathFunctions(db, profile)
  // Another process may be migrating too: the version is read again under the write lock.
  db.transaction(() => {
    const before = current()
    const pending = known.filter(({ version }) => version > before)
    if (copy && before > 0 && pending.length > 0) keepCopy(path, `${path}.before-${pending[0].name.slice(0, 4)}`)
    for (const { version, sql } of pending) {
      db.exec(sql)
      db.pragma(`user_version = ${version}`)
    }
    const broken = db.pragma('foreign_key_check') as unknown[]
    if (broken.length > 0) throw new Error(`Migration left ${broken.length} rows that refer to nothing`)
  }).immediate()
}

/** Copies that migrations made, newest last. */
const copiesOf = (profile: string) =>
  readdirSync(profile)
    .filter(name => name.startsWith(`${FILE}.before-`) && !name.includes('-wal') && !name.includes('-shm'))
    .sort()

/** The pages' faults, in words; none where they fit together. */
function faultsOf(db: Db): string[] {
  try {
    const answers = db.pragma('quick_check(3)') as { quick_check: string }[]
    return answers.map(({ quick_check: answer }) => answer).filter(answer => answer !== 'ok')
  } catch (error) {
    if (!/^SQLITE_(?:CORRUPT|NOTADB)/.test(String((error as { code?: string }).code))) throw error
    return [(error as Error).message]
  }
}

/** Refuses a file whose pages do not fit together, before anything is written into it. */
function checkWhole(db: Db, profile: string): void {
  const faults = faultsOf(db)
  if (faults.length === 0) return
  const copy = copiesOf(profile).at(-1)
  const remedy = copy
    ? `${copy} beside it is a copy from before the last update`
    : 'no update has left a copy of it: restore one of your own, or name another profile with --profile DIR'
  throw new AppError(
    'DATABASE',
    `Expected a database that is whole, got: ${faults.join('; ').replaceAll('\n', ' ')}, in ${join(profile, FILE)}; ${remedy}.`,
  )
}

/** How long a write waits for another program's, in milliseconds: nothing else happens in this process meanwhile. */
const BUSY_MS = 10_000

/** What opening threw, in words. */
function openingFault(cause: unknown, path: string): unknown {
  const fault = databaseError(cause, path)
  if (fault instanceof AppError) return fault
  return new AppError(
    'DATABASE',
    `Expected a database that can be opened, got: ${(cause as Error).message}, in ${path}. Choose another profile with --profile DIR.`,
    cause,
  )
}

/**
 * Opens the database of a profile folder, which is made if it is missing. Throws `DATABASE_BUSY` where another program holds it for longer
 * than `patience` (milliseconds).
 */
export function openDatabase(profile: string, { patience = BUSY_MS }: { readonly patience?: number } = {}): Db {
  const path = join(profile, FILE)
  try {
    makeFolder(profile)
    const db = new Database(path, { timeout: patience })
    try {
      checkWhole(db, profile)
      db.pragma('journal_mode = WAL')
      migrate(db, profile)
      db.pragma('foreign_keys = ON')
      db.pragma(`busy_timeout = ${BUSY_MS}`)
      return db
    } catch (error) {
      db.close()
      throw error
    }
  } catch (cause) {
    throw openingFault(cause, path)
  }
}

/** In the header of a database whose newest rows may be in a file beside it. */
const WAL_MARKS = [18, 19]

/** As a database in memory can be read, which has no file beside it. */
function withoutWal(bytes: Buffer): Buffer {
  for (const mark of WAL_MARKS) if (bytes[mark] === 2) bytes[mark] = 1
  return bytes
}

/** By a connection that writes nothing, so that what another program writes at the same time is whole or not there. */
function serialize(path: string, patience: number): Buffer {
  const reader = new Database(path, { readonly: true, timeout: patience })
  try {
    reader.pragma('schema_version') // throws where it is held; `serialize` then speaks of memory
    return reader.serialize()
  } finally {
    reader.close()
  }
}

/** Where the folder cannot be written SQLite cannot share the rows beside the file: a copy of both is read elsewhere. */
function serializeCopy(path: string, patience: number): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'self-mri-database-'))
  try {
    for (const ending of ['', '-wal']) copyFileSync(path + ending, join(folder, FILE + ending))
    return serialize(join(folder, FILE), patience)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const versionOf = (path: string) => {
  const { mtimeNs, size } = statSync(path, { bigint: true })
  return `${mtimeNs} ${size}`
}

/** The database's bytes as they are now. Nothing is written, no file is made beside it. */
function bytesOf(path: string, patience: number): Buffer {
  for (let attempt = 0; attempt < 3 && !existsSync(`${path}-wal`) && !existsSync(`${path}-journal`); attempt++) {
    const before = versionOf(path)
    const bytes = readFileSync(path)
    // Nobody has it open, or somebody has opened, written and closed it meanwhile.
    if (!existsSync(`${path}-wal`) && !existsSync(`${path}-journal`) && versionOf(path) === before) return bytes
  }
  try {
    return serialize(path, patience)
  } catch (error) {
    if (!/^SQLITE_(?:CANTOPEN|READONLY)/.test(String((error as { code?: string }).code))) throw error
    return serializeCopy(path, patience)
  }
}

/**
 * The database of a profile as it is now, in memory and in this program's version: whatever is done with it, nothing is written into the
 * profile. Empty where there is no profile. `prepare` may write before it can only be read.
 */
export function openSnapshot(
  profile: string,
  prepare: (db: Db) => void,
  { patience = BUSY_MS }: { readonly patience?: number } = {},
): Db {
  const path = join(profile, FILE)
  try {
    const there = statSync(path, { throwIfNoEntry: false })
    const bytes = there && there.size > 0 ? withoutWal(bytesOf(path, patience)) : null
    const db = bytes ? new Database(bytes) : new Database(':memory:')
    try {
      if (bytes) checkWhole(db, profile)
      migrate(db, profile, { copy: false })
      prepare(db)
      db.pragma('query_only = ON')
      return db
    } catch (error) {
      db.close()
      throw error
    }
  } catch (cause) {
    throw openingFault(cause, path)
  }
}
