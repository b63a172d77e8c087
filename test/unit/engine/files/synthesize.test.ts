import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { AppError } from '../../../../src/contract/errors.ts'
import { readStored } from '../../../../src/core/data/formats/index.ts'
import { stacksOf } from '../../../../src/core/data/volume.ts'
import { coilMaps, coilNoise, synthesizeCoils } from '../../../../src/core/mri/phantom/index.ts'
import { openHdf5 } from '../../../../src/engine/files/hdf5.ts'
import { openSource } from '../../../../src/engine/files/source.ts'
import { synthesizeKnees } from '../../../../src/engine/files/synthesize.ts'
import { expectClose } from '../../../golden.ts'
import { copy } from '../../../volumes.ts'

const folder = mkdtempSync(join(tmpdir(), 'synthesize-'))
afterAll(() => rmSync(folder, { recursive: true }))

const spec = {
  directory: folder,
  seed: 2,
  patients: { train: 1, val: 0, test: 0 },
  slices: 2,
  voxel: 2,
  coils: 3,
} as const

it('writes fastMRI’s multi-coil format, with the true maps and the covariance of the noise', async () => {
  const labels: string[] = []
  const files = await synthesizeKnees(
    spec,
    ({ done, total, label }) => labels.push(`${done}/${total} ${label}`),
    async () => {},
  )
  const names = ['synthetic_knee_3coils_2_000_CORPD_FBK.h5', 'synthetic_knee_3coils_2_000_CORPDFS_FBK.h5']
  expect(files).toEqual(names.map(name => join(folder, 'train', name)))
  expect(labels).toEqual([`1/4 ${names[0]}`, `2/4 ${names[0]}`, `3/4 ${names[1]}`, `4/4 ${names[1]}`])

  const file = await openHdf5(files[1])
  expect(file.shape('kspace')).toEqual([2, 3, 320, 186])
  expect(file.kind('kspace')).toBe('complex64')
  expect(file.shape('reconstruction_esc')).toBeNull()
  expect(file.shape('reconstruction_rss')).toEqual([2, 160, 160])
  expect(file.shape('coil_maps')).toEqual([2, 3, 160, 160])
  expect(file.shape('noise_covariance')).toEqual([3, 3])
  expect(file.attribute('generator')).toBe('Self-MRI synthetic knee, version 2, seed 2')
  expect(file.attribute('synthetic')).toBe(1)
  expect(file.readText('ismrmrd_header')).toContain('<receiverChannels>3</receiverChannels>')

  const volume = { seed: 2, patient: 0, acquisition: 'CORPDFS_FBK', voxel: 2, coils: 3, slices: 2 } as const
  const drawn = synthesizeCoils({ ...volume, slice: 1 })
  expect(file.withFloat32('kspace', 1, 1, copy)).toEqual(drawn.kspace)
  expect(file.withFloat32('reconstruction_noise_free', 1, 1, copy)).toEqual(drawn.noiseFree)
  expect(file.withFloat32('coil_maps', 0, 1, copy)).toEqual(coilMaps({ ...volume, slice: 0 }, [160, 160]))
  expect(file.withFloat32('noise_covariance', 0, 3, copy)).toEqual(Float32Array.from(coilNoise(volume)))
  const truth = file.withFloat32('reconstruction_rss', 0, 2, copy)
  expect(file.attribute('max')).toBe(truth.reduce((most, value) => Math.max(most, value)))
  expectClose([file.attribute('norm') as number], [Math.hypot(...truth)], 1e-6)
  file.dispose()
})

it('writes volumes whose identity belongs to k-space and images, not to the maps', async () => {
  const source = await openSource(join(folder, 'train', 'synthetic_knee_3coils_2_000_CORPD_FBK.h5'))
  expect(stacksOf(readStored(source, null)).map(({ dataset }) => dataset)).toEqual([
    'kspace',
    'reconstruction_rss',
    'reconstruction_noise_free',
  ])
  source.dispose()
})

it('leaves no partial file after a cancellation', async () => {
  const directory = join(folder, 'cancelled')
  let slices = 0
  const cancel = async () => {
    if (slices++ === 1) throw new AppError('CANCELLED', 'cancelled')
  }
  await expect(synthesizeKnees({ ...spec, directory }, () => {}, cancel)).rejects.toMatchObject({ code: 'CANCELLED' })
  expect(readdirSync(directory)).toEqual([])
})
