/** Where things of a profile are, and what paths that a user types mean. */
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import process from 'node:process'
import envPaths from 'env-paths'

/** A user's path: relative to where the command was called, which `npm run` leaves; `~` is the home folder. */
export function callersPath(path: string): string {
  if (path === '~' || path.startsWith('~/')) return join(homedir(), path.slice(1))
  return resolve(process.env.INIT_CWD ?? process.cwd(), path)
}

export function profileDirectory(chosen?: string): string {
  const path = chosen ?? process.env.SELF_MRI_PROFILE
  return path ? callersPath(path) : envPaths('self-mri', { suffix: '' }).data
}

interface InProfile {
  readonly profile: string
}

/** Checkpoints and previews of a run. */
export const runDirectory = ({ profile }: InProfile, run: string): string => join(profile, 'runs', run)

/** Files that a browser sent, a folder a batch. */
export const uploadsDirectory = ({ profile }: InProfile): string => join(profile, 'uploads')

/** Reconstructions that `save` wrote to be downloaded. */
export const reconstructionsDirectory = ({ profile }: InProfile): string => join(profile, 'reconstructions')
