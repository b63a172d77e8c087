/** A profile: the folder of a user's studies and runs, with its database. All services work on a profile. */
import { randomBytes } from 'node:crypto'
import { type Bell, makeBell } from './bell.ts'
import { databaseError } from './db/errors.ts'
import { type Db, openDatabase, openSnapshot, prepared } from './db/index.ts'
import { profileDirectory } from './paths.ts'
import { storedRuns, withChosenRuns } from './runs-folder.ts'

export interface Profile {
  readonly directory: string
  /** The folder of all runs. */
  readonly runs: string
  readonly db: Db
  /**
   * Salt for the hashes of patient ids. Jobs read patients with it, so that `request.json` of a job has the salt, in a
   * file for the user alone. The salt is never exported.
   */
  readonly salt: string
  /** Rung when the database has changed. */
  readonly bell: Bell
  /** Rung when this process has changed settings. */
  readonly settingsBell: Bell
  /**
   * Called with a message when a result waits for the database, because another program holds the database.
   * Called with `null` when the wait ends.
   */
  readonly onBusy?: (words: string | null) => void
}

export interface ProfileOptions {
  /** The folder. Default: SELF_MRI_PROFILE, else the user's data folder. */
  readonly profile?: string
  /** The folder of all runs. It is stored in the profile. Default: SELF_MRI_RUNS, else the folder that was stored. */
  readonly runs?: string
  /** Opens a copy of the database in memory, and writes nothing. The profile may be missing or write-protected. */
  readonly readOnly?: boolean
  /** How long to wait for a database that another program holds, in milliseconds. Then `DATABASE_BUSY` is thrown. */
  readonly patience?: number
  readonly onBusy?: Profile['onBusy']
}

/** The profile's salt. Drawn when the profile is first opened. */
function readSalt(db: Db): string {
  const read = () => db.prepare("SELECT value FROM settings WHERE name = 'salt'").pluck().get() as string | undefined
  const draw = () =>
    db
      .prepare("INSERT INTO settings (name, value) VALUES ('salt', ?) ON CONFLICT DO NOTHING")
      .run(randomBytes(16).toString('hex'))
  if (read() === undefined) draw() // only the first opening writes, because a write may have to wait
  return read()!
}

/** Opens a profile. `complete` writes into the database before other code reads the database. */
export function openProfile(
  { profile: chosen, runs, readOnly = false, patience, onBusy }: ProfileOptions,
  complete: (profile: Profile) => void,
): Profile {
  const directory = profileDirectory(chosen)
  const bell = makeBell()
  const settingsBell = makeBell()
  const withDatabase = (db: Db): Profile => ({
    directory,
    runs: storedRuns(db, directory),
    db,
    salt: readSalt(db),
    bell,
    settingsBell,
    onBusy,
  })
  const prepare = (db: Db) => complete(withDatabase(db))
  if (readOnly) return withChosenRuns(withDatabase(openSnapshot(directory, prepare, { patience })), runs, { readOnly })
  const db = openDatabase(directory, { patience })
  try {
    return withChosenRuns(withDatabase(prepared(db, prepare)), runs)
  } catch (error) {
    db.close()
    throw databaseError(error, directory)
  }
}
