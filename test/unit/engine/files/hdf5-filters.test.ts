import fs, { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterEach, expect, it, vi } from 'vitest'
import { openHdf5 } from '../../../../src/engine/files/hdf5.ts'
import { scanFolder } from '../../../../src/engine/files/volumes.ts'
import { copy } from '../../../volumes.ts'

const fixture = (name: string) => fileURLToPath(new URL(`../../../fixtures/compression/${name}`, import.meta.url))
const right: Record<string, number[]> = JSON.parse(readFileSync(fixture('right.json'), 'utf8'))
afterEach(() => {
  vi.restoreAllMocks()
})

it('unpacks every filter to the numbers that NumPy wrote', async () => {
  const file = await openHdf5(fixture('packed.h5'))
  expect(file.datasets.length).toBe(26)
  for (const name of file.datasets) {
    const kind = file.kind(name)
    const numbers = right[kind === 'complex64' ? 'kspace' : kind === 'integer' ? 'counts' : 'image']
    expect(file.withFloat32(name, 0, 2, copy), name).toEqual(Float32Array.from(numbers))
    expect(file.withFloat32(name, 1, 1, copy), name).toEqual(Float32Array.from(numbers.slice(numbers.length / 2)))
  }
  file.dispose()
})

it.each([
  ['sz3', 32024],
  ['sperr', 32028],
  ['kspace', 32001],
])('names the filter of %s (%i), and the line that repacks', async (name, id) => {
  const file = await openHdf5(fixture('others.h5'))
  for (const act of [() => file.kind(name), () => file.withFloat32(name, 0, 1, copy)]) {
    expect(act).toThrow(
      expect.objectContaining({
        code: 'UNSUPPORTED_FORMAT',
        message: expect.stringMatching(
          new RegExp(
            `^Cannot unpack ${name}: filter ${id}, ".+.*, is not supported, in .*others\\.h5\\. .*h5repack -f GZIP=4`,
          ),
        ),
      }),
    )
  }
  file.dispose()
})

it('says that a virtual dataset’s source cannot be unpacked', async () => {
  const file = await openHdf5(fixture('virtual.h5'))
  expect(() => file.withFloat32('kspace', 0, 1, copy)).toThrow(
    expect.objectContaining({
      code: 'UNSUPPORTED_FORMAT',
      message: expect.stringMatching(
        /^Cannot unpack kspace, slice 1: its filter is not supported, in .*virtual\.h5\. Repack/,
      ),
    }),
  )
  file.dispose()
})

it('skips a volume with an unknown filter when a folder is listed, with the reason', async () => {
  const path = fixture('others.h5')
  const { volumes, skipped } = await scanFolder([path], 'salt')
  expect(volumes).toEqual([])
  expect(skipped).toEqual([
    { path, reason: expect.stringContaining('Cannot unpack kspace: filter 32001, "blosc" with') },
  ])
})

it('reports damaged chunks of any filter each time, prints nothing, and can read on', async () => {
  const printed = [vi.spyOn(console, 'error'), vi.spyOn(console, 'log'), vi.spyOn(fs, 'writeSync')]
  const damaged = await openHdf5(fixture('damaged.h5'))
  const packed = await openHdf5(fixture('packed.h5'))
  for (const name of [...damaged.datasets, ...damaged.datasets]) {
    expect(() => damaged.withFloat32(name, 0, 1, copy), name).toThrow(
      expect.objectContaining({
        code: 'FILE_UNREADABLE',
        message: expect.stringMatching(/damaged .*Copy or download/),
      }),
    )
    expect(packed.withFloat32(name, 0, 2, copy), name).toEqual(Float32Array.from(right.kspace))
  }
  for (const spy of printed) expect(spy).not.toHaveBeenCalled()
  damaged.dispose()
  packed.dispose()
})
