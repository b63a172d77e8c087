/** Paths within a profile, and paths that a user types. */
import { homedir } from 'node:os'
import { isAbsolute, join, relative, resolve, sep } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import envPaths from 'env-paths'
import { requireFolder } from '../../engine/files/folders.ts'

export { makeFolder } from '../../engine/files/folders.ts'

/**
 * Resolves a user's path against the folder in which the command was called, because `npm run` changes the folder.
 * `~` is the home folder.
 */
export function callersPath(path: string): string {
  if (path === '~' || path.startsWith('~/')) return join(homedir(), path.slice(1))
  return resolve(process.env.INIT_CWD ?? process.cwd(), path)
}

/** A user's folder for results. The folder is made later. Throws if the folder could not be made or written. */
export function callersFolder(path: string): string {
  const folder = callersPath(path)
  requireFolder(folder)
  return folder
}

export function profileDirectory(chosen?: string): string {
  const path = chosen ?? process.env.SELF_MRI_PROFILE
  return path ? callersPath(path) : envPaths('self-mri', { suffix: '' }).data
}

interface InProfile {
  readonly directory: string
}

interface WithRuns {
  /** The folder of all runs. */
  readonly runs: string
}

export const standardRuns = (directory: string): string => join(directory, 'runs')

/** Checkpoints and previews of a run. */
export const runDirectory = ({ runs }: WithRuns, run: string): string => join(runs, run)

/** Files that a browser uploaded, one folder per batch. */
export const uploadsDirectory = ({ directory }: InProfile): string => join(directory, 'uploads')

/** Copies of mask files, named by their SHA-256. */
export const masksDirectory = ({ directory }: InProfile): string => join(directory, 'masks')

/** Files that `save` wrote for download. */
export const reconstructionsDirectory = ({ directory }: InProfile): string => join(directory, 'reconstructions')

/** The path relative to a folder, with `/` on every system. `null`: the path is outside the folder. */
export function pathWithin(folder: string, path: string): string | null {
  const way = relative(folder, path)
  if (!isAbsolute(path) || way === '..' || way.startsWith(`..${sep}`) || isAbsolute(way)) return null
  return way.split(sep).join('/')
}

/** A run's file in the database: relative to the folder of all runs, so that a profile can be moved. */
export const storedRunFile = ({ runs }: WithRuns, path: string): string => pathWithin(runs, path) ?? path

export const runFile = ({ runs }: WithRuns, stored: string): string => resolve(runs, stored)

/** Files that ship with the program. The program may be moved too. */
const RESOURCES = fileURLToPath(new URL('../../../resources', import.meta.url))
const OF_PROGRAM = 'program:'

/** The measured volumes that ship with the program. */
export const DEMONSTRATION_FOLDER = join(RESOURCES, 'demonstration')

/**
 * Any other file in the database. A file in the profile is relative to the profile. A shipped file is `program:` and
 * its path relative to the program's resources. Any other file is absolute.
 */
export function storedFile({ directory }: InProfile, path: string): string {
  const inProgram = pathWithin(DEMONSTRATION_FOLDER, path)
  if (inProgram !== null) return `${OF_PROGRAM}${join('demonstration', inProgram)}`
  return pathWithin(directory, path) ?? path
}

export const fileAt = ({ directory }: InProfile, stored: string): string =>
  stored.startsWith(OF_PROGRAM) ? join(RESOURCES, stored.slice(OF_PROGRAM.length)) : resolve(directory, stored)
