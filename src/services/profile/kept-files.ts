/** Files that no result may replace: files of studies, and inputs of a command. */
import { realpath, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { fileOfVolume } from '../../contract/volume-path.ts'
import { fileAt } from './paths.ts'
import type { Profile } from './profile.ts'

/** The path with all links in its folders resolved. */
const placeOf = async (path: string) => join(await realpath(dirname(path)).catch(() => dirname(path)), basename(path))

/** Device and inode of a file, with links followed. Equal for all names of a file. `null`: the file is missing. */
async function identityOf(path: string): Promise<string | null> {
  const status = await stat(path, { bigint: true }).catch(() => null)
  return status && `${status.dev}:${status.ino}`
}

/**
 * Returns a function that says why a path must not be written: `which is a file of the study “Knee”`.
 * `null`: the path may be written. Missing files of studies are protected too.
 */
export function keptFiles(profile: Profile, inputs: readonly string[] = []) {
  const ofStudies = profile.db
    .prepare('SELECT volumes.path, studies.name FROM volumes JOIN studies ON studies.id = volumes.study_id')
    .all() as { path: string; name: string }[]
  const kept = [
    ...inputs.map(path => ({ path: fileOfVolume(path), why: 'which is an input of this command' })),
    ...ofStudies.map(({ path, name }) => ({
      path: fileOfVolume(fileAt(profile, path)),
      why: `which is a file of the study “${name}”`,
    })),
  ]
  /** Computed only when needed, because a study may have thousands of files. */
  let known: Promise<ReadonlyMap<string, string>> | null = null
  const identities = async () =>
    new Map(
      (await Promise.all(kept.map(async ({ path, why }) => [await identityOf(path), why] as const)))
        .toReversed() // if a file is in both lists, the reason of the inputs wins
        .flatMap(([identity, why]) => (identity === null ? [] : [[identity, why] as const])),
    )
  return async (path: string): Promise<string | null> => {
    const identity = await identityOf(path)
    if (identity !== null) {
      known ??= identities()
      return (await known).get(identity) ?? null
    }
    const place = await placeOf(path)
    for (const each of kept) {
      if (basename(each.path) === basename(path) && (await placeOf(each.path)) === place) return each.why
    }
    return null
  }
}
