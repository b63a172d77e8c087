/** Folders of the host, for choosing a path by typing it. */
import { readdir, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { AppError } from '../contract/errors.ts'
import { EXTENSIONS } from '../core/data/formats/index.ts'
import { callersPath } from './profile.ts'

export interface Listing {
  /** Absolute. */
  readonly folder: string
  readonly entries: { readonly name: string; readonly folder: boolean }[]
}

const isFolder = (path: string) =>
  stat(path).then(
    found => found.isDirectory(),
    () => false,
  )

/** Folders, and files that might be volumes, of the folder `path` or of the one that it would lie in; an empty path is the home folder. */
export async function browse(path: string): Promise<Listing> {
  const asked = path.trim() === '' ? homedir() : callersPath(path.trim())
  const folder = (await isFolder(asked)) ? asked : dirname(asked)
  let names: string[]
  try {
    names = await readdir(folder)
  } catch (cause) {
    throw new AppError('FILE_UNREADABLE', `Expected a folder, got: ${(cause as Error).message}`, cause)
  }
  const entries = await Promise.all(
    names
      .filter(name => !name.startsWith('.'))
      .map(async name => ({ name, folder: await isFolder(join(folder, name)) })),
  )
  const isVolume = (name: string) => EXTENSIONS.some(extension => name.toLowerCase().endsWith(extension))
  return {
    folder,
    entries: entries
      .filter(entry => entry.folder || isVolume(entry.name))
      .sort((a, b) => Number(b.folder) - Number(a.folder) || a.name.localeCompare(b.name)),
  }
}
