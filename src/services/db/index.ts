/** The profile's database: SQLite in WAL mode, STRICT tables, one migration a file. Only services write it. */
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { AppError } from '../../contract/errors.ts'

export type Db = Database.Database

const FILE = 'self-mri.sqlite'

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

function migrate(db: Db, path: string): void {
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
  // Another process may be migrating too: the version is read again under the write lock.
  db.transaction(() => {
    const before = current()
    const pending = known.filter(({ version }) => version > before)
    if (before > 0 && pending.length > 0) keepCopy(path, `${path}.before-${pending[0].name.slice(0, 4)}`)
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

/** Opens the database of a profile folder, which is made if it is missing. */
export function openDatabase(profile: string): Db {
  const path = join(profile, FILE)
  try {
    mkdirSync(profile, { recursive: true })
    const db = new Database(path, { timeout: 10_000 })
    try {
      checkWhole(db, profile)
      db.pragma('journal_mode = WAL')
      migrate(db, path)
      db.pragma('foreign_keys = ON')
      return db
    } catch (error) {
      db.close()
      throw error
    }
  } catch (cause) {
    if (cause instanceof AppError) throw cause
    throw new AppError(
      'DATABASE',
      `Expected a database that can be opened, got: ${(cause as Error).message}, in ${path}. --profile DIR names another one.`,
      cause,
    )
  }
}
