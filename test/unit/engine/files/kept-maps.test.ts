import { mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import {
  CALIBRATION_DEFAULTS,
  type CompactMaps,
  calibrateMaps,
  type MapsKey,
} from '../../../../src/core/mri/coils/maps.ts'
import { columnPattern } from '../../../../src/core/mri/pattern.ts'
import { keptMaps } from '../../../../src/engine/files/kept-maps.ts'
import { golden } from '../../../golden.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'self-mri-maps-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const { data, shape } = golden('espirit').array('C.kspace')
const [coils, rows, columns] = shape
const compact = calibrateMaps(Float32Array.from(data), { coils, rows, columns }, 'a test')
const pattern = columnPattern(Uint8Array.of(1, 0, 1), 4)
const key: MapsKey = { identity: 'a', slice: 3, pattern, virtualCoils: 0, settings: CALIBRATION_DEFAULTS }
const BYTES = 1e6
const never = (): CompactMaps => {
  throw new Error('not in the cache')
}
const ends = () => readdirSync(folder).map(name => name.replace(/^.*\./, ''))

it('reads the maps that were written, also in another process', () => {
  expect(keptMaps(folder, BYTES)(key, () => compact)).toBe(compact)
  expect(keptMaps(folder, BYTES)(key, never)).toEqual(compact)
  expect(ends()).toEqual(['safetensors'])
})

it('makes the maps of other data, slices, masks and settings', () => {
  const get = keptMaps(folder, BYTES)
  get(key, () => compact)
  const { settings } = key
  for (const other of [
    { ...key, identity: 'b' },
    { ...key, slice: 4 },
    { ...key, virtualCoils: 2 },
    { ...key, pattern: columnPattern(Uint8Array.of(1, 1, 0), 4) },
    ...[{ method: 'walsh' as const }, { area: [24, 20] as const }, { kernel: 5 }, { threshold: 0.03 }].map(change => ({
      ...key,
      settings: { ...settings, ...change },
    })),
  ]) {
    const make = vi.fn(() => compact)
    get(other, make)
    expect(make).toHaveBeenCalledOnce()
  }
})

it('makes the maps of a damaged file again', () => {
  const get = keptMaps(folder, BYTES)
  get(key, () => compact)
  for (const damage of ['', 'damaged', '{}']) {
    writeFileSync(join(folder, readdirSync(folder)[0]), damage)
    expect(get(key, () => compact)).toBe(compact)
    expect(get(key, never)).toEqual(compact)
  }
})

it('removes the least recently used maps first', () => {
  const get = keptMaps(folder, 2.5 * (4 * compact.data.length + 600))
  const slice = (slice: number): MapsKey => ({ ...key, slice })
  const age = (seconds: number) => {
    for (const name of readdirSync(folder)) utimesSync(join(folder, name), seconds, seconds)
  }
  get(slice(1), () => compact)
  get(slice(2), () => compact)
  age(1000)
  get(slice(1), never) // used later than slice 2
  get(slice(3), () => compact)
  expect(ends()).toEqual(['safetensors', 'safetensors'])
  get(slice(1), never)
  get(slice(3), never)
  expect(() => get(slice(2), never)).toThrow('not in the cache')
})

it('gives the maps although the folder cannot be written', () => {
  const file = join(folder, 'file')
  writeFileSync(file, '')
  expect(keptMaps(join(file, 'maps'), BYTES)(key, () => compact)).toBe(compact)
})
