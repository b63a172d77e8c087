/** Lists folders of the host, for a field in which the user types a path. */
import { readdir, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { CHECKPOINT_ENDINGS } from '../../contract/checkpoint-files.ts'
import { BESIDE_ENDINGS, VOLUME_ENDINGS } from '../../contract/file-endings.ts'
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

/** Endings of files that can be opened: volumes, checkpoints and masks (.npy). */
const OPENABLE = [...VOLUME_ENDINGS, ...BESIDE_ENDINGS, ...CHECKPOINT_ENDINGS]

/** Lists the folder `path`, or its nearest existing parent. An empty path is the home folder. */
export async function browse(path: string): Promise<Listing> {
  let folder = path.trim() === '' ? homedir() : callersPath(path.trim())
  while (!(await isFolder(folder)) && dirname(folder) !== folder) folder = dirname(folder)
  const names = await readdir(folder).catch(() => []) // an unreadable folder is shown as empty
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
