import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { openHdf5 } from '../../../../src/engine/files/hdf5.ts'
import { openVolume } from '../../../../src/engine/files/volumes.ts'

const fixture = (name: string) => fileURLToPath(new URL(`../../../fixtures/chunks/${name}`, import.meta.url))
const right: Record<string, Record<string, number[]>> = JSON.parse(readFileSync(fixture('right.json'), 'utf8'))

it.each(Object.entries(right))('finds slices with a chunk that was never written, in %s', async (name, datasets) => {
  const file = await openHdf5(fixture(name))
  const found = Object.fromEntries(file.datasets.map(dataset => [dataset, [...file.unwritten(dataset)]]))
  file.dispose()
  expect(found).toEqual(datasets)
})

it('names such slices as incomplete, and judges the other slices alone', async () => {
  const volume = await openVolume(fixture('scan.h5'), 'salt', undefined, { pause: async () => {} })
  const { sampling, content } = volume.info
  volume.dispose()
  expect(content?.faults).toEqual([
    { slice: 1, dataset: 'kspace', fault: 'incomplete' },
    { slice: 3, dataset: 'reconstruction_esc', fault: 'incomplete' },
  ])
  expect(sampling.kind).toBe('full')
})
