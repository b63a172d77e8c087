/**
 * A cache of arrays on disk, one file per name. The name is a hash of everything that the arrays depend on, so changed
 * data or settings never meet old arrays. When the files exceed a size, the least recently used files are removed
 * first. Processes may share the folder. A cache that cannot be read or written changes no result.
 */
import { createHash, randomUUID } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Pattern } from '../../core/mri/pattern.ts'
import { decodeCheckpoint, encodeCheckpoint } from '../../core/training/checkpoint.ts'

const ENDING = '.safetensors'
const PART = '.part'
/** A partial file of this age was left by a process that ended. */
const LEFT_OVER_MS = 3_600_000
/** The size of the folder is checked after each share of the largest size that a process writes. */
const CHECKED_SHARE = 0.01

export interface Kept {
  readonly arrays: Readonly<Record<string, Float32Array>>
  /** As JSON. */
  readonly described: unknown
}

export interface KeptArrays {
  /** `undefined`: not kept, or the file is damaged, or `decode` throws. */
  find<T>(name: string, decode: (kept: Kept) => T): T | undefined
  keep(name: string, kept: Kept): void
}

/** The name of what depends on `facts` (as JSON) and on the measured samples. */
export const keptName = (facts: readonly unknown[], { kind, measured }: Pattern): string =>
  createHash('sha256')
    .update(JSON.stringify([...facts, kind]))
    .update(measured)
    .digest('hex')

export function keptArrays(folder: string, mostBytes: number): KeptArrays {
  let unchecked = Number.POSITIVE_INFINITY // bytes that this process wrote since the last check
  const pathOf = (name: string) => join(folder, name + ENDING)
  return {
    find(name, decode) {
      const path = pathOf(name)
      const found = attempt(() => decode(decoded(readFileSync(path))))
      if (found !== undefined) {
        const now = new Date()
        attempt(() => utimesSync(path, now, now)) // the time of use
      }
      return found
    },
    keep(name, kept) {
      attempt(() => {
        mkdirSync(folder, { recursive: true })
        const bytes = encoded(kept)
        const part = join(folder, randomUUID() + PART)
        try {
          writeFileSync(part, bytes)
          renameSync(part, pathOf(name))
        } finally {
          rmSync(part, { force: true })
        }
        unchecked += bytes.length
        if (unchecked < CHECKED_SHARE * mostBytes) return
        unchecked = 0
        evict(folder, mostBytes)
      })
    },
  }
}

const hashOf = (arrays: Iterable<Float32Array>): string => {
  const hash = createHash('sha256')
  for (const { buffer, byteOffset, byteLength } of arrays) hash.update(new Uint8Array(buffer, byteOffset, byteLength))
  return hash.digest('hex')
}

function encoded({ arrays, described }: Kept): Uint8Array {
  const tensors = new Map(Object.entries(arrays).map(([name, data]) => [name, { shape: [data.length], data }]))
  const metadata = { described: JSON.stringify(described), sha256: hashOf(Object.values(arrays)) }
  return encodeCheckpoint({ tensors, metadata })
}

/** Throws if the bytes are damaged. */
function decoded(bytes: Uint8Array): Kept {
  const { tensors, metadata } = decodeCheckpoint(bytes, 'the cache')
  const arrays = Object.fromEntries(Array.from(tensors, ([name, { data }]) => [name, data]))
  if (hashOf(Object.values(arrays)) !== metadata.sha256) throw new Error('A damaged file of the cache')
  return { arrays, described: JSON.parse(metadata.described) }
}

/** `undefined` if `work` throws: a file is missing or damaged, the disk is full, or another process removed it. */
function attempt<T>(work: () => T): T | undefined {
  try {
    return work()
  } catch {
    return undefined
  }
}

/** Removes the least recently used files until the others have at most `mostBytes`, and left-over partial files. */
function evict(folder: string, mostBytes: number): void {
  const files = readdirSync(folder).flatMap(name => {
    const path = join(folder, name)
    const found = statSync(path, { throwIfNoEntry: false })
    return found ? [{ name, path, bytes: found.size, usedMs: found.mtimeMs }] : []
  })
  const before = Date.now() - LEFT_OVER_MS
  for (const { name, path, usedMs } of files) if (name.endsWith(PART) && usedMs < before) rmSync(path, { force: true })
  let bytes = 0
  for (const file of files.filter(({ name }) => name.endsWith(ENDING)).sort((a, b) => b.usedMs - a.usedMs)) {
    bytes += file.bytes
    if (bytes > mostBytes) rmSync(file.path, { force: true })
  }
}
