/** The volumes that a user chose, by path or from a study, with their files read. */
import type { Study, StudyVolume } from '../../../contract/studies.ts'
import type { SkippedFile, VolumeInfo } from '../../../contract/volumes.ts'
import { type OpenProfile, type ReadOptions, sortOut } from './reader.ts'
import { readyStudy, reasonSetAside } from './ready.ts'

/** Files and folders with their present contents, or volumes of a study, which must be unchanged. */
export type Scored =
  | { readonly paths: readonly string[] }
  | { readonly study: Study; readonly volumes: readonly StudyVolume[] }

/** The volumes with their contents. */
export async function volumesToScore(
  opened: OpenProfile,
  of: Scored,
  options: ReadOptions = {},
): Promise<{ readonly volumes: readonly VolumeInfo[]; readonly skipped: readonly SkippedFile[] }> {
  if ('study' in of) {
    const wanted = new Set(of.volumes.map(({ id }) => id))
    const { volumes } = await readyStudy(opened, of.study, of.volumes, options)
    const there = volumes.filter(({ id }) => wanted.has(id))
    const found = new Set(there.map(({ id }) => id))
    const skipped = of.volumes
      .filter(({ id }) => !found.has(id))
      .map(({ path }) => ({ path, reason: reasonSetAside(opened.profile, path) }))
    return { volumes: there, skipped }
  }
  const scan = await opened.engines.interactive.call('scan', { paths: of.paths, salt: opened.profile.salt }, options)
  const read = sortOut(
    await opened.contents.read(
      scan.volumes.map(({ path }) => path),
      options,
    ),
  )
  return { volumes: read.volumes, skipped: [...scan.skipped, ...read.skipped] }
}
