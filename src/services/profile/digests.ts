/** SHA-256 of files. Computed again only if the file has changed. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { fileVersion, versionKey } from '../../engine/files/file-version.ts'

const known = new Map<string, { readonly version: string; readonly digest: string }>()

/** Throws `FILE_UNREADABLE` if the file is missing, and the file system's error if reading fails. */
export function fileDigest(path: string): string {
  const version = versionKey(fileVersion(path))
  const last = known.get(path)
  if (last?.version === version) return last.digest
  const digest = createHash('sha256').update(readFileSync(path)).digest('hex')
  known.set(path, { version, digest })
  return digest
}
