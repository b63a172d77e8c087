/**
 * A profile: the folder of one user's studies and runs, with its database. Everything else in services works on a
 * profile.
 */
import { randomBytes } from 'node:crypto'
import { type Bell, makeBell } from './bell.ts'
import { databaseError } from './db/errors.ts'
import { type Db, openDatabase, openSnapshot } from './db/index.ts'
import { profileDirectory } from './paths.ts'

export interface Profile {
  readonly directory: string
  readonly db: Db
  /** Patient ids are hashed with the salt, which never leaves this profile. */
  readonly salt: string
  /** Rung when the database holds something new. */
  readonly bell: Bell
  /**
   * Called with words when a result waits because another program holds the database, and with `null` when the wait
   * ends.
   */
  readonly onBusy?: (words: string | null) => void
}

export interface ProfileOptions {
  /** The folder; else SELF_MRI_PROFILE, else the operating system's data folder of this user. */
  readonly profile?: string
  /** Opens a copy of the profile in memory, and writes nothing. The profile may be missing or write-protected. */
  readonly readOnly?: boolean
  /**
   * How long another program that holds the database is waited for, in milliseconds; then `DATABASE_BUSY` is thrown.
   */
  readonly patience?: number
  readonly onBusy?: Profile['onBusy']
}

/** The profile's salt, drawn once. */
function readSalt(db: Db): string {
  const read = () => db.prepare("SELECT value FROM settings WHERE name = 'salt'").pluck().get() as string | undefined
  const draw = () =>
    db
      .prepare("INSERT INTO settings (name, value) VALUES ('salt', ?) ON CONFLICT DO NOTHING")
      .run(randomBytes(16).toString('hex'))
  if (read() === undefined) draw() // a write may have to wait: only the first opening writes
  return read()!
}

/** `complete` writes what has to be written before anything is read. */
export function openProfile(
  { profile: chosen, readOnly = false, patience, onBusy }: ProfileOptions,
  complete: (profile: Profile) => void,
): Profile {
  const directory = profileDirectory(chosen)
  const bell = makeBell()
  const withDatabase = (db: Db): Profile => ({ directory, db, salt: readSalt(db), bell, onBusy })
  const prepare = (db: Db) => complete(withDatabase(db))
  if (readOnly) return withDatabase(openSnapshot(directory, prepare, { patience }))
  const db = openDatabase(directory, { patience })
  try {
    prepare(db)
    return withDatabase(db)
  } catch (error) {
    db.close()
    throw databaseError(error, directory)
  }
}
