/** The profile's database: SQLite in WAL mode, STRICT tables, one file per migration. Only services write it. */
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

/** Migrations `0001-first.sql`, `0002-…`. The number is the version of the database after the migration. */
const migrations = () =>
  readdirSync(MIGRATIONS)
    .filter(name => name.endsWith('.sql'))
    .sort()
    .map(name => ({ name, version: Number.parseInt(name, 10), sql: readFileSync(new URL(name, MIGRATIONS), 'utf8') }))

/** Copies the database. The caller holds the write lock, so that the database does not change meanwhile. */
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
      `Expected a database of version ${newest} or older, got version ${current()}, in ${path}. ` +
        'A newer Self-MRI wrote it: update this one.',
    )
  }
  if (current() === newest) return
  // Foreign keys are off, because rebuilding a table would delete rows that refer to the table.
  // This pragma has no effect within a transaction.
  db.pragma('foreign_keys = OFF')
  addPathFunctions(db, profile)
  // The version is read again under the write lock, because another process may have migrated the database.
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

/** Names of the copies that migrations made, newest last. */
const copiesOf = (profile: string) =>
  readdirSync(profile)
    .filter(name => name.startsWith(`${FILE}.before-`) && !name.includes('-wal') && !name.includes('-shm'))
    .sort()

/** The faults of the database's pages in words. Empty if the database is intact. */
function faultsOf(db: Db): string[] {
  try {
    const answers = db.pragma('quick_check(3)') as { quick_check: string }[]
    return answers.map(({ quick_check: answer }) => answer).filter(answer => answer !== 'ok')
  } catch (error) {
    if (!/^SQLITE_(?:CORRUPT|NOTADB)/.test(String((error as { code?: string }).code))) throw error
    return [(error as Error).message]
  }
}

/** Throws `DATABASE` if the file is damaged. Called before the first write. */
function checkWhole(db: Db, profile: string): void {
  const faults = faultsOf(db)
  if (faults.length === 0) return
  const copy = copiesOf(profile).at(-1)
  const remedy = copy
    ? `the file ${copy} in this folder is a copy from before the last update`
    : 'restore the database from your own copy, or name another profile with --profile DIR'
  throw new AppError(
    'DATABASE',
    `Expected an intact database, got: ${faults.join('; ').replaceAll('\n', ' ')}, ` +
      `in ${join(profile, FILE)}; ${remedy}.`,
  )
}

/** How long a write waits for another program, in milliseconds. The process is blocked meanwhile. */
const BUSY_MS = 10_000

/** The database after `prepare`. Closes the database if `prepare` throws. */
export function prepared(db: Db, prepare: (db: Db) => void): Db {
  try {
    prepare(db)
    return db
  } catch (error) {
    db.close()
    throw error
  }
}

/** The error of opening the database, for the user. */
function openingFault(cause: unknown, path: string): unknown {
  const fault = databaseError(cause, path)
  if (fault instanceof AppError) return fault
  return new AppError(
    'DATABASE',
    `Expected a database that can be opened, got: ${(cause as Error).message}, in ${path}. ` +
      'Choose another profile with --profile DIR.',
    cause,
  )
}

/**
 * Opens the database of a profile folder. Makes the folder if it is missing.
 * Throws `DATABASE_BUSY` if another program holds the database for longer than `patience` (milliseconds).
 */
export function openDatabase(profile: string, { patience = BUSY_MS }: { readonly patience?: number } = {}): Db {
  const path = join(profile, FILE)
  try {
    makeFolder(profile)
    return prepared(new Database(path, { timeout: patience }), db => {
      checkWhole(db, profile)
      db.pragma('journal_mode = WAL')
      migrate(db, profile)
      db.pragma('foreign_keys = ON')
      db.pragma(`busy_timeout = ${BUSY_MS}`)
    })
  } catch (cause) {
    throw openingFault(cause, path)
  }
}

/** Bytes in the header of a database that mark the WAL mode. */
const WAL_MARKS = [18, 19]

/** Unsets the WAL mode, because a database in memory has no WAL file. */
function withoutWal(bytes: Buffer): Buffer {
  for (const mark of WAL_MARKS) if (bytes[mark] === 2) bytes[mark] = 1
  return bytes
}

/** Reads the database through a read-only connection, so that a concurrent write is read completely or not at all. */
function serialize(path: string, patience: number): Buffer {
  const reader = new Database(path, { readonly: true, timeout: patience })
  try {
    reader.pragma('schema_version') // throws a clear error if locked; `serialize` would report lack of memory
    return reader.serialize()
  } finally {
    reader.close()
  }
}

/** Reads a copy of database and WAL file. SQLite cannot read the WAL file itself in a folder that is not writable. */
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

/** The present bytes of the database. Writes nothing into its folder. */
function bytesOf(path: string, patience: number): Buffer {
  for (let attempt = 0; attempt < 3 && !existsSync(`${path}-wal`) && !existsSync(`${path}-journal`); attempt++) {
    const before = versionOf(path)
    const bytes = readFileSync(path)
    // The bytes are complete if no program opened the database while the file was read.
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
 * A copy of a profile's database in memory, migrated to this program's version. Writes nothing into the profile.
 * Empty if there is no profile. `prepare` may write into the copy. After `prepare` the copy is read-only.
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
    return prepared(bytes ? new Database(bytes) : new Database(':memory:'), db => {
      if (bytes) checkWhole(db, profile)
      migrate(db, profile, { copy: false })
      prepare(db)
      db.pragma('query_only = ON')
    })
  } catch (cause) {
    throw openingFault(cause, path)
  }
}
