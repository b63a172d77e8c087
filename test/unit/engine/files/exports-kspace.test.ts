/** Exported k-space is read back by the reader of fastMRI HDF5: the same numbers, lengths, geometry and mask. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { ORIGINS } from '../../../../src/contract/origin.ts'
import type { Volume } from '../../../../src/core/data/volume.ts'
import { columnPattern, gridOf, multiply, type Pattern } from '../../../../src/core/mri/pattern.ts'
import { writeKspace } from '../../../../src/engine/files/exports/kspace.ts'
import { openHdf5 } from '../../../../src/engine/files/hdf5.ts'
import { openVolume } from '../../../../src/engine/files/volumes.ts'
import { markedVolume, stack } from '../../../marked-volume.ts'
import { copy, noiseVolume } from '../../../volumes.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'self-mri-kspace-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Writes a volume. Its mask counts, as for a file that was sub-sampled. */
async function written(name: string, volume: Volume): Promise<string> {
  const path = join(folder, `${name}.h5`)
  const shares: number[] = []
  await writeKspace(
    path,
    volume,
    async () => {},
    share => shares.push(share),
  )
  expect(shares.at(-1)).toBe(1)
  return path
}

async function withVolume(path: string, use: (volume: Volume) => void): Promise<void> {
  const volume = await openVolume(path, 'salt')
  try {
    use(volume)
  } finally {
    volume.dispose()
  }
}

it('a placed volume comes back, number by number', async () => {
  const { volume } = markedVolume('marked', stack([0.8, 0.6, 0], [0, 0, -1]))
  const path = await written('marked', volume)
  await withVolume(path, read => {
    const { slices, rows, columns, targetShape, voxelSize, geometry } = volume.info
    expect(read.info).toMatchObject({ slices, rows, columns, coils: 1, targetShape, geometry, origin: 'measured' })
    for (const [i, size] of read.info.voxelSize!.entries()) expect(size).toBeCloseTo(voxelSize![i]!, 12)
    expect(read.info.orientation).toEqual(['LP', 'F'])
    expect(read.info.sampling.kind).toBe('full')
    expect(read.info.content!.remarks).toEqual([])
    for (let slice = 0; slice < slices; slice++) {
      expect(read.readKspace(slice)).toEqual(volume.readKspace(slice))
      expect(read.readTarget(slice)).toEqual(volume.readTarget(slice))
    }
  })
})

it('several coils have the ground truth of all coils, and no length that is unknown', async () => {
  const volume = noiseVolume('coils', { coils: 3 })
  const path = await written('coils', volume)
  const file = await openHdf5(path)
  expect(file.shape('kspace')).toEqual([2, 3, 40, 36])
  expect(file.kind('kspace')).toBe('complex64')
  expect(file.shape('reconstruction_esc')).toBeNull()
  expect(file.withFloat32('reconstruction_rss', 1, 1, copy)).toEqual(volume.readTarget(1))
  expect(file.attribute('max')).toBeCloseTo(Math.max(...volume.readTarget(0)!, ...volume.readTarget(1)!), 12)
  expect(file.readText('ismrmrd_header')).not.toContain('fieldOfView')
  file.dispose()
  await withVolume(path, ({ info, readKspace }) => {
    expect(info).toMatchObject({ coils: 3, origin: 'synthetic', orientation: null })
    expect([info.voxelSize, info.geometry]).toEqual([undefined, undefined])
    expect(readKspace(1)).toEqual(volume.readKspace(1))
  })
})

it.each(ORIGINS)('%s k-space comes back as such', async origin => {
  const { info, ...volume } = noiseVolume(origin)
  const path = await written(origin, { ...volume, info: { ...info, origin } })
  await withVolume(path, read => expect(read.info.origin).toBe(origin))
})

it('padding of the header comes back', async () => {
  const { volume } = markedVolume('padded', stack([1, 0, 0], [0, 1, 0]))
  const path = await written('padded', { ...volume, info: { ...volume.info, padding: [2, 17] } })
  await withVolume(path, ({ info }) => expect(info.padding).toEqual([2, 17]))
})

/** The volume as a file that was sub-sampled with a pattern in each slice. */
function subSampled(name: string, patternOf: (slice: number) => Pattern): Volume {
  const volume = noiseVolume(name)
  const measured = (slice: number) => multiply(patternOf(slice), volume.readKspace(slice))
  return {
    ...volume,
    info: { ...volume.info, targetShape: null },
    mask: patternOf,
    readKspace: measured,
    withKspace: (slice, use) => use(measured(slice)),
    readTarget: () => null,
  }
}

it('a mask of columns is one axis, as in fastMRI', async () => {
  const columns = columnPattern(
    Uint8Array.from({ length: 36 }, (_, i) => Number(i % 3 === 0 || Math.abs(i - 18) < 3)),
    40,
  )
  const path = await written(
    'columns',
    subSampled('columns', () => columns),
  )
  const file = await openHdf5(path)
  expect(file.shape('mask')).toEqual([36])
  file.dispose()
  await withVolume(path, ({ info, mask }) => {
    expect([info.sampling.kind, info.targetShape]).toEqual(['sub-sampled', null])
    expect(mask!(1).measured).toEqual(columns.measured)
  })
})

it('a mask that differs between slices is written for each slice', async () => {
  const patterns = [0, 1].map(slice =>
    columnPattern(
      Uint8Array.from({ length: 36 }, (_, i) => Number(i % 2 === slice || Math.abs(i - 18) < 3)),
      40,
    ),
  )
  const path = await written(
    'each',
    subSampled('each', slice => patterns[slice]),
  )
  await withVolume(path, ({ info, mask }) => {
    expect(info.sampling.kind).toBe('irregular')
    for (const slice of [0, 1]) expect(gridOf(mask!(slice))).toEqual(gridOf(patterns[slice]))
  })
})

it('says nothing of the patient, and keeps the files of a patient together', async () => {
  const { volume } = markedVolume('jane_doe', stack([1, 0, 0], [0, 1, 0]))
  const path = await written('first', volume)
  expect(readFileSync(path).includes('jane_doe')).toBe(false)
  const again = await written('second', { ...volume, info: { ...volume.info, file: 'other.h5' } })
  const other = await written('third', { ...volume, info: { ...volume.info, patient: 'another' } })
  const ids = await Promise.all(
    [path, again, other].map(async each => {
      const file = await openHdf5(each)
      const id = file.attribute('patient_id')
      file.dispose()
      return id
    }),
  )
  expect(ids[0]).toMatch(/^anonymous-[0-9a-f]{12}$/)
  expect(ids[1]).toBe(ids[0])
  expect(ids[2]).not.toBe(ids[0])
})
