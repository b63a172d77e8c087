/** Folders of the host, for choosing a path by typing it. */
import { readdir, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { EXTENSIONS } from '../../core/data/formats/index.ts'
import { callersPath } from '../profile/paths.ts'

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

/** What can be opened beside folders: volumes and checkpoints. */
const OPENABLE = [...EXTENSIONS, '.safetensors']

/** Folders and files to open of the folder `path`, or of the nearest there is above it; an empty path is the home folder. */
export async function browse(path: string): Promise<Listing> {
  let folder = path.trim() === '' ? homedir() : callersPath(path.trim())
  while (!(await isFolder(folder)) && dirname(folder) !== folder) folder = dirname(folder)
  const names = await readdir(folder).catch(() => []) // a folder that may not be read has nothing to offer
  const entries = await Promise.all(
    names
      .filter(name => !name.startsWith('.'))
      .map(async name => ({ name, folder: await isFolder(join(folder, name)) })),
  )
  const isOpenable = (name: string) => OPENABLE.some(extension => name.toLowerCase().endsWith(extension))
  return {
    folder,
    entries: entries
      .filter(entry => entry.folder || isOpenable(entry.name))
      .sort((a, b) => Number(b.folder) - Number(a.folder) || a.name.localeCompare(b.name)),
  }
}
