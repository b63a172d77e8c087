/** SHA-256 of files, computed once as long as a file stays as it is. */
import { createHash } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'

const known = new Map<string, { readonly version: string; readonly digest: string }>()

/** What changes whenever a file is written: time of change in nanoseconds, and size. Throws what the file system says. */
export function fileVersion(path: string): string {
  const { mtimeNs, size } = statSync(path, { bigint: true })
  return `${mtimeNs}-${size}`
}

export function fileDigest(path: string): string {
  const version = fileVersion(path)
  const last = known.get(path)
  if (last?.version === version) return last.digest
  const digest = createHash('sha256').update(readFileSync(path)).digest('hex')
  known.set(path, { version, digest })
  return digest
}
