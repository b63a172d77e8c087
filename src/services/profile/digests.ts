/** SHA-256 of files, computed once as long as a file stays as it is. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { fileVersion, versionKey } from '../../engine/files/file-version.ts'

const known = new Map<string, { readonly version: string; readonly digest: string }>()

/** Throws `FILE_UNREADABLE` where there is no such file, and what the file system says while the file is read. */
export function fileDigest(path: string): string {
  const version = versionKey(fileVersion(path))
  const last = known.get(path)
  if (last?.version === version) return last.digest
  const digest = createHash('sha256').update(readFileSync(path)).digest('hex')
  known.set(path, { version, digest })
  return digest
}
