/** Brings files and folders to the host: the desktop passes their paths, a browser uploads them. */
import { isCheckpointFile } from '../../contract/checkpoint-files.ts'
import { mayHoldKspace, VOLUME_ENDINGS } from '../../contract/file-endings.ts'
import { uploadPath } from '../../contract/images.ts'
import { desktop, type WorkProgress } from '../app/client.ts'
import { importCheckpoint } from '../app/run-actions.ts'
import { follow } from '../app/works.ts'
import { addScans, importFolder } from './actions.ts'

export interface BroughtFile {
  readonly file: File
  /** Within what was chosen or dropped: the folder's name first, where there is one. */
  readonly path: string
}

/** Paths on the host, in the same order. */
async function upload(
  files: readonly BroughtFile[],
  signal: AbortSignal,
  onProgress: (progress: WorkProgress) => void,
): Promise<string[]> {
  const batch = crypto.randomUUID()
  const paths: string[] = []
  for (const [done, { file, path }] of files.entries()) {
    onProgress({ done, total: files.length, label: path })
    const response = await fetch(uploadPath(batch, path), { method: 'PUT', body: file, signal })
    const answer = await response.json()
    if (!response.ok) throw new Error(answer.message)
    paths.push(answer.path)
  }
  return paths
}

const bring = (name: string, files: readonly BroughtFile[]) =>
  follow(`Uploading ${name}`, signal => progress => upload(files, signal, progress))

/** A folder becomes a study. `files` are all files under it; the desktop needs none of them. */
export async function openFolder(name: string, itself: File | null, files: readonly BroughtFile[]): Promise<void> {
  if (desktop && itself) return importFolder(desktop.pathOf(itself))
  const wanted = files.filter(({ path }) => mayHoldKspace(path))
  if (wanted.length === 0)
    throw new Error(`Expected files of k-space (${VOLUME_ENDINGS.join(', ')}) in ${name}, got none.`)
  const paths = await bring(name, wanted)
  // The folder itself: what its first file's path has before its place in the folder.
  if (paths) await importFolder(paths[0].slice(0, paths[0].length - wanted[0].path.length + name.length))
}

/** Checkpoints are imported into `study`, everything else is opened to be reconstructed. */
export async function openFiles(files: readonly BroughtFile[], study: number | null): Promise<void> {
  if (files.length === 0) return
  const name = files.length === 1 ? files[0].path : `${files.length} files`
  const paths = desktop ? files.map(({ file }) => desktop!.pathOf(file)) : await bring(name, files)
  if (!paths) return
  const scans = paths.filter(path => !isCheckpointFile(path))
  if (scans.length > 0) await addScans(scans)
  if (study !== null) for (const path of paths.filter(isCheckpointFile)) await importCheckpoint(path, study)
}
