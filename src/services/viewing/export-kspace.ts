/** Writes the k-space of volumes as fastMRI HDF5, for other toolboxes. */
import { basename } from 'node:path'
import { isFittingName, kspaceName } from '../../contract/exports.ts'
import { type Destination, requireFree } from '../../engine/files/written.ts'
import type { Exported, Progress } from '../../engine/process/protocol.ts'
import { keptFiles } from '../profile/kept-files.ts'
import { makeFolder } from '../profile/paths.ts'
import { volumesToScore } from '../studies/contents/chosen.ts'
import type { OpenProfile } from '../studies/contents/reader.ts'
import { fileOf } from '../studies/contents/ready.ts'

interface Request {
  /** Files or folders. */
  readonly paths: readonly string[]
  readonly directory: string
  /** Replaces files of Self-MRI that were not changed since. */
  readonly overwrite?: boolean
}

interface Options {
  readonly onProgress?: (progress: Progress) => void
  readonly signal?: AbortSignal
}

/**
 * Writes one file per volume. A volume that cannot be written is listed with the reason. Throws `FILE_EXISTS` before
 * the first file is written if a file would replace a protected file.
 */
export async function exportKspace(
  opened: OpenProfile,
  { paths, directory, overwrite = false }: Request,
  { onProgress, signal }: Options = {},
): Promise<{ readonly volumes: readonly Exported[]; readonly replaced: readonly string[] }> {
  const { volumes, skipped } = await volumesToScore(opened, { paths }, { onProgress, signal })
  const files = volumes.map(fileOf)
  const inputs = files.map(({ path }) => path)
  const names = inputs.map(path => kspaceName(basename(path))).filter(isFittingName)
  const destination: Destination = { folder: directory, maker: 'reconstruct', replaces: overwrite ? 'all' : 'none' }
  const there = await requireFree(destination, names, keptFiles(opened.profile, inputs))
  if (files.length > 0) makeFolder(directory)
  const done = await opened.engines.interactive.call(
    'exportKspace',
    { files, salt: opened.profile.salt, directory, overwrite },
    { onEvent: onProgress, signal },
  )
  const written = new Set(done.map(result => ('output' in result ? result.output : null)))
  return { volumes: [...skipped, ...done], replaced: there.filter(path => written.has(path)) }
}
