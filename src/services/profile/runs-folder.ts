/** The folder of all runs. It may lie on a shared disk, while the database lies on a local disk. */
import { randomUUID } from 'node:crypto'
import { accessSync, constants, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import process from 'node:process'
import { AppError } from '../../contract/errors.ts'
import { some } from '../../contract/words.ts'
import type { Db } from './db/index.ts'
import { callersPath, makeFolder, pathWithin, runDirectory, standardRuns } from './paths.ts'

/** The part of a profile that this file needs. */
interface Opened {
  readonly directory: string
  readonly runs: string
  readonly db: Db
}

const FOLDER = 'runs folder'
const MARK = 'runs mark'

const settingOf = (db: Db, name: string) =>
  db.prepare('SELECT value FROM settings WHERE name = ?').pluck().get(name) as string | undefined

const store = (db: Db, name: string, value: string) =>
  db.prepare('INSERT OR REPLACE INTO settings (name, value) VALUES (?, ?)').run(name, value)

/** The folder that was chosen last. Default: `runs` in the profile. */
export function storedRuns(db: Db, directory: string): string {
  const stored = settingOf(db, FOLDER)
  return stored === undefined ? standardRuns(directory) : resolve(directory, stored)
}

/**
 * A file in a chosen folder. Its text names the profile. The file is missing if the disk is not mounted. It keeps two
 * profiles from one folder, because their runs have equal numbers.
 */
const markFile = (runs: string) => join(runs, '.self-mri-profile')

function readMark(runs: string): string | null {
  try {
    return readFileSync(markFile(runs), 'utf8').trim()
  } catch {
    return null
  }
}

/**
 * Throws `INVALID_ARGUMENT` if another profile has the folder, or if the folder lacks runs of this profile.
 * Throws `STATE_CONFLICT` if a training is not finished.
 */
function requireFitting({ db, runs: before }: Opened, runs: string): void {
  const mark = readMark(runs)
  if (mark !== null && mark !== settingOf(db, MARK)) {
    throw new AppError(
      'INVALID_ARGUMENT',
      `--runs: expected a folder of this profile, got ${runs}, which has the runs of another profile. ` +
        'Choose an empty folder.',
    )
  }
  const open = db.prepare("SELECT 1 FROM runs WHERE status IN ('queued', 'running')").get()
  if (open) {
    throw new AppError(
      'STATE_CONFLICT',
      `Expected no training while the folder of runs changes from ${before} to ${runs}, got an unfinished training. ` +
        'Wait for its end, or cancel it. List the runs with: self-mri runs',
    )
  }
  const written = db
    .prepare(
      'SELECT DISTINCT CAST(run_id AS TEXT) FROM (SELECT run_id FROM checkpoints UNION SELECT run_id FROM states)',
    )
    .pluck()
    .all() as string[]
  const lacking = written.filter(run => !existsSync(runDirectory({ runs }, run)))
  if (lacking.length > 0) {
    throw new AppError(
      'INVALID_ARGUMENT',
      `--runs: expected the folders of this profile’s runs in ${runs}, but these are missing: run ${some(lacking)}. ` +
        `Move them there: mv ${join(before, '*')} ${runs}. ` +
        'Or omit --runs and unset SELF_MRI_RUNS, to keep the folder.',
    )
  }
}

/**
 * Uses a folder that the user chose (`--runs`, SELF_MRI_RUNS), and stores the choice. Without a choice, the stored
 * folder stays. Throws `INVALID_ARGUMENT` if runs of this profile are elsewhere.
 */
export function withChosenRuns<Profile extends Opened>(
  profile: Profile,
  chosen = process.env.SELF_MRI_RUNS,
  { readOnly = false }: { readonly readOnly?: boolean } = {},
): Profile {
  const runs = chosen ? callersPath(chosen) : profile.runs
  if (runs === profile.runs) return profile
  requireFitting(profile, runs)
  if (readOnly) return { ...profile, runs }
  const { db, directory } = profile
  makeFolder(runs)
  const mark = settingOf(db, MARK) ?? randomUUID()
  store(db, MARK, mark)
  writeFileSync(markFile(runs), `${mark}\n`)
  store(db, FOLDER, pathWithin(directory, runs) ?? runs)
  return { ...profile, runs }
}

/** Throws `FILE_UNREADABLE` if a training could not write its files. Called before a training begins. */
export function requireRuns({ directory, db, runs }: Opened): void {
  if (runs === standardRuns(directory)) {
    makeFolder(runs)
    return
  }
  const remedy = 'Mount its disk, or choose another folder with --runs FOLDER.'
  if (!existsSync(runs) || readMark(runs) !== settingOf(db, MARK)) {
    throw new AppError(
      'FILE_UNREADABLE',
      `Expected the folder of all runs with its file .self-mri-profile, got a folder without this file: ${runs}. ` +
        remedy,
    )
  }
  try {
    accessSync(runs, constants.W_OK)
  } catch (error) {
    throw new AppError('FILE_UNREADABLE', `Cannot write into the folder of all runs, ${runs}. ${remedy}`, error)
  }
}
