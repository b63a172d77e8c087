/** Saving from the window: formats, slices, seeds, destinations, and refusals. */
import {
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { unzipSync } from 'fflate'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { networkOf } from '../../../../src/core/models/index.ts'
import { initialParameters, toTorch } from '../../../../src/core/models/parameters.ts'
import { openHdf5 } from '../../../../src/engine/files/hdf5.ts'
import { openVolume } from '../../../../src/engine/files/volumes.ts'
import { sha256, writeCheckpoint } from '../../../../src/engine/files/whole-files.ts'
import { openServices, type Services } from '../../../../src/services/open.ts'
import { importCheckpoint } from '../../../../src/services/runs/checkpoints.ts'
import { saveKspace } from '../../../../src/services/viewing/export-kspace.ts'
import { type SaveRequest, saveReconstruction } from '../../../../src/services/viewing/save.ts'
import { addStudy } from '../../../studies.ts'
import { copy } from '../../../volumes.ts'
import { writeNoise } from '../../engine/files/noise-file.ts'

const mask = { kind: 'random', acceleration: 4, centerFraction: 0.08 } as const

let folder: string
let services: Services
let scan: string
let volume: number
let pretrained: string

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'self-mri-save-'))
  services = openServices({ profile: join(folder, 'profile') })
  scan = await writeNoise(folder, 'a', { slices: 3, rows: 40, columns: 36 })
  const opened = await openVolume(scan, '')
  const study = addStudy(services.profile, 's', [[opened.info, 'test']])
  opened.dispose()
  volume = study.volumes[0].id
  const specs = networkOf('unet').parameters({ channels: 2, pools: 2 })
  const checkpoint = join(folder, 'pretrained.safetensors')
  const tensors = toTorch(initialParameters(specs, 1), specs)
  await writeCheckpoint(checkpoint, { tensors, metadata: { kind: 'pretrain', method: 'simclr' } })
  pretrained = importCheckpoint(services.profile, study.id, checkpoint)
})

afterAll(async () => {
  await services.close()
  rmSync(folder, { recursive: true, force: true })
})

const save = (request: Partial<SaveRequest> = {}) =>
  saveReconstruction(services, {
    ...{ volume, source: 'zero-filled', mask, seed: null, slice: null, format: 'npy' },
    ...request,
  })

const floatsOf = (bytes: Uint8Array) => new Float32Array(new Uint8Array(bytes).buffer)
const npyValues = (path: string) => floatsOf(readFileSync(path).subarray(128))

describe('saving k-space', () => {
  it('writes a file that is read as the scan, into the profile or at a path', async () => {
    const made = await saveKspace(services, { volume })
    expect(made.name).toBe('a_k-space.h5')
    const chosen = await saveKspace(services, { volume, path: join(folder, 'chosen.h5') })
    expect(chosen).toEqual({ path: join(folder, 'chosen.h5'), name: 'chosen.h5' })
    const opened = await openVolume(scan, '')
    for (const { path } of [made, chosen]) {
      const again = await openVolume(path, '')
      for (const slice of [0, 1, 2]) expect(again.readKspace(slice)).toEqual(opened.readKspace(slice))
      again.dispose()
    }
    opened.dispose()
  })

  it('never replaces a raw scan', async () => {
    await expect(saveKspace(services, { volume, path: scan, replace: true })).rejects.toMatchObject({
      code: 'FILE_EXISTS',
    })
  })
})

describe('saving', () => {
  it('writes a slice of the ground truth unchanged into the profile', async () => {
    const { path, name } = await save({ source: 'truth', slice: 1 })
    expect(name).toBe('a_truth_slice-2.npy')
    const opened = await openVolume(scan, '')
    expect(npyValues(path)).toEqual(opened.readTarget(1))
    opened.dispose()
    expect((await save({ source: 'truth', slice: 1 })).name).toBe('a_truth_slice-2 (2).npy')
  })

  it('draws the mask from the seed, and all formats hold equal images', async () => {
    const [byName, seeded] = [npyValues((await save()).path), npyValues((await save({ seed: 3 })).path)]
    expect(seeded).not.toEqual(byName)
    expect(seeded).toHaveLength(3 * 40 * 36)
    const nifti = await save({ seed: 3, format: 'nifti', path: join(folder, 'out.nii.gz') })
    expect(nifti).toEqual({ path: join(folder, 'out.nii.gz'), name: 'out.nii.gz', remarks: [] })
    expect(floatsOf(gunzipSync(readFileSync(nifti.path)).subarray(352))).toEqual(seeded)
    const file = await openHdf5((await save({ seed: 3, format: 'hdf5', slice: 2 })).path)
    expect(file.withFloat32('reconstruction', 0, 1, copy)).toEqual(seeded.slice(2 * 40 * 36))
    expect(file.attribute('mask')).toBe('random, acceleration 4, centre fraction 0.08, seed 3')
    file.dispose()
  })

  it('writes DICOM of a volume as a folder on the desktop, and as a zip for the browser', async () => {
    const names = ['slice-001.dcm', 'slice-002.dcm', 'slice-003.dcm']
    const { path } = await save({ format: 'dicom', path: join(folder, 'dicom') })
    expect(readdirSync(path)).toEqual(names)
    const zip = await save({ format: 'dicom' })
    expect(zip.name).toBe('a_zero-filled.zip')
    const files = unzipSync(readFileSync(zip.path))
    expect(Object.keys(files).sort()).toEqual(names)
    expect(Buffer.from(files['slice-001.dcm'].subarray(128, 132)).toString()).toBe('DICM')
    expect((await save({ format: 'dicom', slice: 0 })).name).toBe('a_zero-filled_slice-1.dcm')
  })

  it('gives simultaneous exports different names', async () => {
    const made = await Promise.all([1, 2, 3].map(() => save({ source: 'truth', format: 'dicom' })))
    expect(new Set(made.map(({ path }) => path)).size).toBe(3)
    for (const { path } of made) expect(Object.keys(unzipSync(readFileSync(path)))).toHaveLength(3)
  })

  it('marks a pre-trained network’s output as without units', async () => {
    const file = await openHdf5((await save({ source: `run:${pretrained}`, format: 'hdf5', slice: 0 })).path)
    expect([file.attribute('units'), file.attribute('checkpoint')]).toEqual([
      'arbitrary',
      sha256(readFileSync(join(folder, 'pretrained.safetensors'))),
    ])
    file.dispose()
  })
})

describe('a refused export', () => {
  it('is DICOM of an image without units', async () => {
    await expect(save({ source: `run:${pretrained}`, format: 'dicom' })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringMatching(/a pre-training.*Fine-tune the run first, or choose HDF5/),
    })
  })

  it('is a path with the ending of another format', async () => {
    for (const [request, wanted] of [
      [{ format: 'nifti' }, 'x.nii'],
      [{ format: 'dicom', slice: 0 }, 'x.npy'],
      [{ format: 'hdf5' }, 'x.npy'],
    ] as const)
      await expect(save({ ...request, path: join(folder, wanted) })).rejects.toThrow(
        /Expected an absolute path that ends/,
      )
    await expect(save({ format: 'dicom', path: 'dicom' })).rejects.toThrow(/Expected an absolute path, got dicom/)
  })

  it('is one that would replace the scan or a folder with files', async () => {
    const before = sha256(readFileSync(scan))
    for (const replace of [false, true])
      await expect(save({ format: 'hdf5', path: scan, replace })).rejects.toMatchObject({
        code: 'FILE_EXISTS',
        message: expect.stringMatching(/a\.h5, which is a file of the study “s”\. Choose another name/),
      })
    mkdirSync(join(folder, 'full'))
    writeFileSync(join(folder, 'full/notes.txt'), '')
    for (const replace of [false, true])
      await expect(save({ format: 'dicom', path: join(folder, 'full'), replace })).rejects.toMatchObject({
        code: 'FILE_EXISTS',
        message: expect.stringContaining('a new or an empty folder'),
      })
    expect(readdirSync(join(folder, 'full'))).toEqual(['notes.txt'])
    expect(sha256(readFileSync(scan))).toBe(before)
  })

  it('is one that would replace a file without the user’s agreement, a link, or a raw scan', async () => {
    const path = join(folder, 'notes.npy')
    writeFileSync(path, 'mine')
    await expect(save({ path })).rejects.toMatchObject({ code: 'FILE_EXISTS', message: expect.stringContaining(path) })
    expect(readFileSync(path, 'utf8')).toBe('mine')
    const link = join(folder, 'link.npy')
    symlinkSync(path, link)
    await expect(save({ path: link, replace: true })).rejects.toMatchObject({ code: 'FILE_EXISTS' })
    expect(readFileSync(path, 'utf8')).toBe('mine')
    const raw = await writeNoise(folder, 'of-no-study', { slices: 2, rows: 40, columns: 36 })
    const before = sha256(readFileSync(raw))
    await expect(save({ format: 'hdf5', path: raw, replace: true })).rejects.toThrow(/a raw scan with k-space/)
    const hard = join(folder, 'hard.h5')
    linkSync(scan, hard)
    await expect(save({ format: 'hdf5', path: hard, replace: true })).rejects.toThrow(/a file of the study “s”/)
    expect(sha256(readFileSync(raw))).toBe(before)
    expect(readdirSync(folder).filter(name => name.startsWith('.'))).toEqual([])
  })

  it('is not one that replaces a file with the user’s agreement', async () => {
    const path = join(folder, 'agreed.npy')
    writeFileSync(path, 'mine')
    await save({ path, replace: true })
    expect(npyValues(path)).toHaveLength(3 * 40 * 36)
  })

  it('is a slice that the volume lacks, and no file stays', async () => {
    await expect(save({ slice: 3 })).rejects.toThrow(/Expected a slice from 1 to 3, got 4, in .*a\.h5/)
    expect(readdirSync(join(folder, 'profile/reconstructions')).filter(name => name.startsWith('.'))).toEqual([])
  })
})

describe('a long name', () => {
  it('of a scan does not limit a chosen path, and is refused with a message in a derived name', async () => {
    const path = join(folder, `${'x'.repeat(250)}.h5`)
    copyFileSync(scan, path)
    const opened = await openVolume(path, '')
    const [{ id }] = addStudy(services.profile, 'long', [[opened.info, 'test']]).volumes
    opened.dispose()
    const request = { volume: id, source: 'truth', format: 'nifti' } as const
    const wanted = join(folder, 'short.nii.gz')
    expect(await save({ ...request, path: wanted })).toEqual({ path: wanted, name: 'short.nii.gz', remarks: [] })
    await expect(save(request)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringMatching(/at most 255 bytes, got 263 bytes: x+_truth\.nii\.gz\. .*rename the scan/),
    })
    const tooLong = join(folder, `${'x'.repeat(250)}.nii.gz`)
    await expect(save({ ...request, path: tooLong })).rejects.toThrow(/at most 255 bytes, got 257 bytes/)
    expect(existsSync(tooLong)).toBe(false)
  })
})
