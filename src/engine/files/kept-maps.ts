/** Coil maps in compact form that are kept on disk, one file per slice, mask and settings. */
import { join } from 'node:path'
import { z } from 'zod'
import type { CompactMaps, KeepMaps, MapsKey } from '../../core/mri/coils/maps.ts'
import { keptDirectory } from '../install/environment.ts'
import { type Kept, keptArrays, keptName } from './kept-arrays.ts'

/** Raise it when `calibrateMaps` gives other maps for equal keys. Images change with maps: see `CLASSICAL_VERSION`. */
export const MAPS_VERSION = 3
/** 1 GB holds the maps of about 9000 slices of 15 coils. */
const MOST_BYTES = 1e9

const Count = z.int().min(0)
const Described = z.object({
  method: z.enum(['espirit', 'walsh', 'low-resolution', 'one coil']),
  coils: Count,
  area: z.object({ top: Count, left: Count, rows: Count, columns: Count }),
  kernel: Count,
  remarks: z.array(z.string()),
})
const Arrays = z.object({ principal: z.instanceof(Float32Array), data: z.instanceof(Float32Array) })

const decode = ({ arrays, described }: Kept): CompactMaps => ({
  ...Described.parse(described),
  ...(Arrays.parse(arrays) as Pick<CompactMaps, 'principal' | 'data'>),
})

function nameOf({ identity, slice, pattern, virtualCoils, settings }: MapsKey): string {
  const { method, area, kernel, threshold } = settings
  return keptName([MAPS_VERSION, identity, slice, virtualCoils, method, area, kernel, threshold], pattern)
}

/** Maps in a folder. */
export function keptMaps(folder: string, mostBytes = MOST_BYTES): KeepMaps {
  const files = keptArrays(folder, mostBytes)
  return (key, make) => {
    const name = nameOf(key)
    const found = files.find(name, decode)
    if (found) return found
    const made = make()
    const { principal, data, ...described } = made
    files.keep(name, { arrays: { principal, data }, described })
    return made
  }
}

let shared: KeepMaps | null = null

/** Maps of all engine processes. */
export const sharedMaps: KeepMaps = (key, make) => {
  shared ??= keptMaps(join(keptDirectory(), 'maps'))
  return shared(key, make)
}
