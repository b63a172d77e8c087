/** The profile's database: SQLite in WAL mode, STRICT tables, one migration a file. Only services write it. */
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { AppError } from '../../contract/errors.ts'

export type Db = Database.Database

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

/** Opens the database of a profile folder, which is made if it is missing. */
export function openDatabase(profile: string): Db {
  const path = join(profile, 'self-mri.sqlite')
  try {
    mkdirSync(profile, { recursive: true })
    const db = new Database(path, { timeout: 10_000 })
    db.pragma('journal_mode = WAL')
    migrate(db, path)
    db.pragma('foreign_keys = ON')
    return db
  } catch (cause) {
    if (cause instanceof AppError) throw cause
    throw new AppError(
      'DATABASE',
      `Expected a database that can be opened, got: ${(cause as Error).message}, in ${path}. --profile DIR names another one.`,
      cause,
    )
  }
}
