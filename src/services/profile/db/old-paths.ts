/**
 * Converts the absolute paths of databases before version 6 to stored paths.
 * The profile may have been moved before the update.
 */
import { existsSync } from 'node:fs'
import { basename, isAbsolute, join } from 'node:path'
import type Database from 'better-sqlite3'
import { DEMONSTRATION_FOLDER, pathWithin, storedFile } from '../paths.ts'

/**
 * Index of `/runs/RUN/` in an old path `PROFILE/runs/RUN/…`. The text before the index is the profile's former folder.
 * −1: the path has another form.
 */
const placeOfRun = (path: string, run: number) => path.lastIndexOf(`/runs/${run}/`)

function runFile(path: string, run: number): string {
  const place = placeOfRun(path, run)
  return place < 0 ? path : path.slice(place + '/runs/'.length)
}

/** Former folders of the profile, from the paths of its runs. */
function formerProfiles(db: Database.Database): string[] {
  const tables = db.prepare("SELECT name FROM sqlite_master WHERE name IN ('checkpoints', 'states')").pluck().all()
  const files = tables.flatMap(table => db.prepare(`SELECT path, run_id FROM ${table}`).raw().all()) as [
    string,
    number,
  ][]
  return [...new Set(files.map(([path, run]) => path.slice(0, Math.max(0, placeOfRun(path, run)))))].filter(Boolean)
}

/** Data folders that only this program makes in a profile. */
const DATA_FOLDER = /\/((?:uploads|synthetic-knee-seed-[^/]+)(?:\/.*)?)$/

function profileFile(profile: string, former: readonly string[], path: string): string {
  const stored = storedFile({ directory: profile }, path)
  if (stored !== path || !isAbsolute(path)) return stored
  for (const folder of former) {
    const inFormer = pathWithin(folder, path)
    if (inFormer !== null) return inFormer
  }
  // If the profile moved before its first training, no run has the former folder. Look for its data folders instead.
  const data = DATA_FOLDER.exec(path)?.[1]
  return data && !existsSync(path) && existsSync(join(profile, data)) ? data : path
}

/** Stored path of a file that ships with the program. The program may have moved since the path was written. */
function demonstrationFile(path: string): string {
  if (!isAbsolute(path)) return path
  const name = basename(path)
  if (name === basename(DEMONSTRATION_FOLDER)) return storedFile({ directory: '' }, DEMONSTRATION_FOLDER)
  const own = join(DEMONSTRATION_FOLDER, name)
  return existsSync(own) ? storedFile({ directory: '' }, own) : path
}

/** Adds the SQL functions of migration 0006 to the connection. */
export function addPathFunctions(db: Database.Database, profile: string): void {
  const former = formerProfiles(db)
  const as = (convert: (path: string, run: number) => string) => (path: unknown, run: unknown) =>
    typeof path === 'string' ? convert(path, Number(run)) : path
  db.function('run_file', { deterministic: true }, as(runFile))
  db.function('profile_file', (path: unknown) => as(each => profileFile(profile, former, each))(path, 0))
  db.function('demonstration_file', (path: unknown) => as(demonstrationFile)(path, 0))
}
