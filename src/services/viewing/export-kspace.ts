/** Writes the k-space of volumes as fastMRI HDF5, for other toolboxes. */
import { basename, dirname } from 'node:path'
import { AppError } from '../../contract/errors.ts'
import { isFittingName, kspaceName, requireFittingName, stemOf } from '../../contract/exports.ts'
import { type Destination, inWorkshop, placeAt, placeUnderFreeName, requireFree } from '../../engine/files/written.ts'
import type { Exported, Progress } from '../../engine/process/protocol.ts'
import { keptFiles } from '../profile/kept-files.ts'
import { makeFolder, reconstructionsDirectory } from '../profile/paths.ts'
import { volumesToScore } from '../studies/contents/chosen.ts'
import type { OpenProfile } from '../studies/contents/reader.ts'
import { fileOf, readyVolume } from '../studies/contents/ready.ts'
import { chooseForWriting } from './save.ts'

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

const ENDING = '.h5'

/** Writes the k-space of a volume of a study at `path`. Without a path, writes into the profile. */
export async function saveKspace(
  opened: OpenProfile,
  { volume: id, path: wanted, replace = false }: { volume: number; path?: string; replace?: boolean },
  { onProgress, signal }: Options = {},
): Promise<{ path: string; name: string }> {
  const chosen = wanted === undefined ? null : await chooseForWriting(opened, { path: wanted, ending: ENDING, replace })
  const volume = await readyVolume(opened, id, signal)
  const own = `${stemOf(volume.file)}_k-space`
  if (wanted === undefined) requireFittingName(`${own}${ENDING}`)
  const folder = wanted === undefined ? reconstructionsDirectory(opened.profile) : dirname(wanted)
  return inWorkshop(folder, async workshop => {
    const [written] = await opened.engines.interactive.call(
      'exportKspace',
      { files: [fileOf(volume)], salt: opened.profile.salt, directory: workshop },
      { onEvent: onProgress, signal },
    )
    if ('reason' in written) throw new AppError('FILE_UNREADABLE', written.reason)
    if (chosen) {
      await placeAt(written.output, chosen)
      return { path: chosen.path, name: basename(chosen.path) }
    }
    const path = await placeUnderFreeName(written.output, { folder, stem: own, ending: ENDING })
    return { path, name: basename(path) }
  })
}
