/**
 * Recognises results of versions up to 349f561, which kept no record of written files.
 * A result contains the notice on research use, and all its files have about the same time.
 */
import { lstatSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { adopt, type Destination, isRecorded, requireFree } from '../../engine/files/written.ts'
import { RESEARCH_ONLY } from '../../presentation/protocol.ts'
import type { keptFiles } from '../profile/kept-files.ts'
import { makeFolder } from '../profile/paths.ts'

/** Those versions wrote all files of a result within seconds. A file with a later time was changed by somebody. */
const TOGETHER_MS = 60_000

const isImage = (name: string) => /[.](?:svg|png)$/.test(name)

/**
 * The files of these names that were written together with `reference`, a known result. Pages must contain the notice
 * on research use.
 */
export async function unrecorded(folder: string, names: readonly string[], reference: string): Promise<string[]> {
  const statusOf = (name: string) => lstatSync(join(folder, name), { throwIfNoEntry: false })
  const last = (statusOf(reference)?.mtimeMs ?? 0) + TOGETHER_MS
  const found: string[] = []
  for (const name of names) {
    const status = statusOf(name)
    if (!status?.isFile() || status.mtimeMs > last || (await isRecorded(folder, name)).ever) continue
    if (isImage(name) || readFileSync(join(folder, name), 'utf8').includes(RESEARCH_ONLY)) found.push(name)
  }
  return found
}

/** Adopts files of `mine` as results of Self-MRI, calls `requireFree` for the other names, and makes the folder. */
export async function prepareFolder(
  destination: Destination,
  names: readonly string[],
  mine: readonly string[],
  kept: ReturnType<typeof keptFiles>,
): Promise<void> {
  const { folder } = destination
  const adopted: string[] = []
  for (const name of new Set(mine)) if ((await kept(join(folder, name))) === null) adopted.push(name)
  await requireFree(
    destination,
    names.filter(name => !adopted.includes(name)),
    kept,
  )
  makeFolder(folder)
  if (adopted.length > 0) await adopt(destination, adopted)
}
