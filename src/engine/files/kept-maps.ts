/**
 * A cache of coil maps in compact form, one file per slice and settings. The file's name is a hash of the volume's
 * content, the slice, the mask and the settings, so changed data or settings never meet old maps. When the files exceed
 * a size, the least recently used files are removed first. Processes may share the folder.
 */
import { createHash, randomUUID } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import type { CompactMaps, KeepMaps, MapsKey } from '../../core/mri/coils/maps.ts'
import { decodeCheckpoint, encodeCheckpoint } from '../../core/training/checkpoint.ts'
import { cacheDirectory } from '../install/environment.ts'

/** Changes if `calibrateMaps` gives other maps for equal keys. */
const VERSION = 2
const ENDING = '.safetensors'

const Count = z.int().min(0)
const Described = z.object({
  method: z.enum(['espirit', 'walsh', 'low-resolution', 'one coil']),
  coils: Count,
  area: z.object({ top: Count, left: Count, rows: Count, columns: Count }),
  kernel: Count,
  remarks: z.array(z.string()),
})

function encode({ principal, data, ...described }: CompactMaps): Uint8Array {
  const tensors = new Map([
    ['principal', { shape: [principal.length], data: principal }],
    ['data', { shape: [data.length], data }],
  ])
  return encodeCheckpoint({ tensors, metadata: { maps: JSON.stringify(described) } })
}

function decode(bytes: Uint8Array): CompactMaps {
  const { tensors, metadata } = decodeCheckpoint(bytes, 'the cache of coil maps')
  const [principal, data] = ['principal', 'data'].map(name => tensors.get(name)!.data)
  return { ...Described.parse(JSON.parse(metadata.maps)), principal, data }
}

const MOST_BYTES = 1e9

/** Maps of all engine processes. 1 GB holds the maps of about 9000 slices of 15 coils. */
export const sharedMaps: KeepMaps = (key, make) => keptMaps(join(cacheDirectory(), 'maps'), MOST_BYTES)(key, make)

/** Maps in a folder. A cache that cannot be read or written changes no result. */
export function keptMaps(folder: string, mostBytes: number): KeepMaps {
  const pathOf = ({ identity, slice, pattern: { kind, measured }, virtualCoils, settings }: MapsKey) => {
    const { method, area, kernel, threshold } = settings
    const text = JSON.stringify([VERSION, identity, slice, virtualCoils, kind, method, area, kernel, threshold])
    return join(folder, createHash('sha256').update(text).update(measured).digest('hex') + ENDING)
  }
  return (key, make) => {
    const path = pathOf(key)
    const kept = attempt(() => decode(readFileSync(path)))
    if (kept) {
      const now = new Date()
      attempt(() => utimesSync(path, now, now)) // the time of use
      return kept
    }
    const made = make()
    attempt(() => {
      mkdirSync(folder, { recursive: true })
      const part = join(folder, `${randomUUID()}.part`)
      try {
        writeFileSync(part, encode(made))
        renameSync(part, path)
      } finally {
        rmSync(part, { force: true })
      }
      evict(folder, mostBytes)
    })
    return made
  }
}

/** `undefined` if `work` throws: a file is missing or damaged, the disk is full, or another process removed it. */
function attempt<T>(work: () => T): T | undefined {
  try {
    return work()
  } catch {
    return undefined
  }
}

/** Removes the least recently used files until the others have at most `mostBytes`. */
function evict(folder: string, mostBytes: number): void {
  const files = readdirSync(folder)
    .filter(name => name.endsWith(ENDING))
    .map(name => join(folder, name))
    .flatMap(path => {
      const found = statSync(path, { throwIfNoEntry: false })
      return found ? [{ path, bytes: found.size, usedMs: found.mtimeMs }] : []
    })
    .sort((a, b) => b.usedMs - a.usedMs)
  let bytes = 0
  for (const file of files) {
    bytes += file.bytes
    if (bytes > mostBytes) rmSync(file.path, { force: true })
  }
}
