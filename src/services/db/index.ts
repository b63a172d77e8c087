/** The profile's database: SQLite in WAL mode, STRICT tables, one migration a file. Only services write it. */
import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
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
    .map(name => ({ version: Number.parseInt(name, 10), sql: readFileSync(new URL(name, MIGRATIONS), 'utf8') }))

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
  // Another process may be migrating too: the version is read again under the write lock.
  db.transaction(() => {
    for (const { version, sql } of known) {
      if (version <= current()) continue
      db.exec(sql)
      db.pragma(`user_version = ${version}`)
    }
  }).immediate()
}

/** Opens the database of a profile folder, which is made if it is missing. */
export function openDatabase(profile: string): Db {
  const path = join(profile, 'self-mri.sqlite')
  try {
    mkdirSync(profile, { recursive: true })
    const db = new Database(path, { timeout: 10_000 })
    db.pragma('journal_mode = WAL')
    db.pragma('foreign_keys = ON')
    migrate(db, path)
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
