import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { ImageKey } from '../../../../src/core/kept-images.ts'
import { columnPattern } from '../../../../src/core/mri/pattern.ts'
import { keptImages } from '../../../../src/engine/files/kept-images.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'self-mri-images-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const image = Float32Array.from({ length: 600 }, (_, i) => Math.sin(i) * 1e-6)
const config = { iterations: 30, lambda: 0.01, maps: 'automatic', virtualCoils: 0 } as const
const pattern = columnPattern(Uint8Array.of(1, 0, 1, 1), 2)
const key: ImageKey = { identity: 'a', slice: 3, pattern, classical: 'cg-sense', config }

it('gives the image that was kept, bit for bit, also in another process', () => {
  keptImages(folder).keep(key, image)
  expect(keptImages(folder).find(key)).toEqual(image)
  expect(readdirSync(folder)).toEqual([expect.stringMatching(/^[0-9a-f]{64}\.safetensors$/)])
})

it('does not find the image of other data, slices, masks, methods and settings', () => {
  const images = keptImages(folder)
  images.keep(key, image)
  const others: ImageKey[] = [
    { ...key, identity: 'b' },
    { ...key, slice: 4 },
    { ...key, pattern: columnPattern(Uint8Array.of(1, 1, 0, 1), 2) },
    { ...key, pattern: { ...pattern, kind: 'rows' } },
    { ...key, classical: 'l1-wavelet' },
    { ...key, config: { ...config, iterations: 29 } },
    { ...key, config: { ...config, maps: 'walsh' } },
    { ...key, config: { ...config, virtualCoils: 4 } },
  ]
  for (const other of others) expect(images.find(other)).toBeUndefined()
})

it('does not find a damaged image, and keeps the image again', () => {
  const images = keptImages(folder)
  images.keep(key, image)
  const [name] = readdirSync(folder)
  const path = join(folder, name)
  const whole = readFileSync(path)
  const flipped = Uint8Array.from(whole)
  flipped[whole.length - 3] ^= 1
  for (const damaged of [
    new Uint8Array(),
    whole.subarray(0, whole.length - 4),
    new Uint8Array(whole.length),
    flipped,
  ]) {
    writeFileSync(path, damaged)
    expect(images.find(key)).toBeUndefined()
    images.keep(key, image)
    expect(images.find(key)).toEqual(image)
  }
})

it('removes the least recently used images first, and left-over parts of files', () => {
  const at = (slice: number): ImageKey => ({ ...key, slice })
  keptImages(folder).keep(at(0), image)
  const [first] = readdirSync(folder)
  const images = keptImages(folder, 2.5 * statSync(join(folder, first)).size)
  images.keep(at(1), image)
  const [old, young] = ['old.part', 'young.part']
  for (const part of [old, young]) writeFileSync(join(folder, part), '')
  for (const name of readdirSync(folder)) if (name !== young) utimesSync(join(folder, name), 1000, 1000)
  expect(images.find(at(0))).toEqual(image) // used later than slice 1
  images.keep(at(2), image)
  expect([0, 1, 2].map(slice => images.find(at(slice)) !== undefined)).toEqual([true, false, true])
  expect(readdirSync(folder).filter(name => name.endsWith('.part'))).toEqual([young])
})

it('changes nothing if the folder cannot be written', () => {
  const file = join(folder, 'file')
  writeFileSync(file, '')
  const images = keptImages(join(file, 'images'))
  images.keep(key, image)
  expect(images.find(key)).toBeUndefined()
})
