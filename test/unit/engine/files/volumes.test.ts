import { createHash } from 'node:crypto'
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { File, ready } from 'h5wasm/node'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { VolumeInfo } from '../../../../src/contract/volumes.ts'
import { writeFastMri, writeReconstruction } from '../../../../src/engine/files/hdf5-write.ts'
import { openVolume, scanFolder } from '../../../../src/engine/files/volumes.ts'
import { golden } from '../../../golden.ts'
import { writeUnwritten } from './noise-file.ts'

const goldenFile = fileURLToPath(new URL('../../../fixtures/golden/h5/file1000052.h5', import.meta.url))
const demonstration = fileURLToPath(new URL('../../../../resources/demonstration', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'volumes-'))
afterAll(() => rmSync(folder, { recursive: true }))

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

describe('openVolume', () => {
  it('opens the golden file', async () => {
    const volume = await openVolume(relative(process.cwd(), goldenFile), 'salt')
    const { content, ...info } = volume.info
    expect(content).toMatchObject({ faults: [], remarks: [] })
    expect(info).toEqual({
      path: goldenFile,
      file: 'file1000052.h5',
      slices: 3,
      rows: 24,
      columns: 20,
      coils: 1,
      targetShape: [16, 16],
      reconSize: [16, 16],
      padding: [1, 19],
      acquisition: 'CORPD_FBK',
      maximum: golden('h5').params.max,
      orientation: null,
      patient: sha256('saltsynthetic'),
      sampling: { kind: 'full', nearlyEmptyColumns: 0, zeroPadding: 0, edges: 'even' },
      origin: 'measured',
      noiseFree: false,
      bytes: readFileSync(goldenFile).length,
    })
    const perSlice = 24 * 20 * 2
    expect(volume.readKspace(2)).toEqual(
      golden('h5')
        .array('kspace')
        .data.slice(2 * perSlice),
    )
    expect(volume.readTarget(0)).toEqual(golden('h5').array('reconstruction_esc').data.slice(0, 256))
    volume.dispose()
  })

  it('opens a sub-sampled synthetic volume, detected by empty columns and by its mask', async () => {
    const path = join(folder, 'synthetic.h5')
    const kspace = Float32Array.from({ length: 6 * 4 * 2 }, (_, i) => (Math.floor(i / 2) % 4 === 1 ? 0 : i + 1))
    const image = Float32Array.from({ length: 9 }, (_, i) => i)
    await writeFastMri(path, {
      matrix: [6, 4],
      kspace: [kspace],
      imageSize: [3, 3],
      reconstruction: [image],
      noiseFree: [image.map(value => value / 2)],
      header: '',
      attributes: { acquisition: 'CORPD_FBK', max: 8, norm: 14.5, patient_id: 'phantom 1', generator: 'test' },
    })
    const byColumns = await openVolume(path, '')
    expect(byColumns.info).toMatchObject({
      origin: 'synthetic',
      noiseFree: true,
      maximum: 8,
      patient: sha256('phantom 1'),
    })
    expect(byColumns.info.sampling).toMatchObject({ evidence: 'empty columns', measuredColumns: 3 })
    expect(byColumns.mask!(0).measured).toEqual(Uint8Array.of(1, 0, 1, 1))
    expect(byColumns.readNoiseFree(0)).toEqual(image.map(value => value / 2))
    byColumns.dispose()

    await ready
    const file = new File(path, 'a')
    file.create_dataset({ name: 'mask', data: Float32Array.of(1, 0, 0, 1) })
    file.close()
    const byMask = await openVolume(path, '')
    expect(byMask.info.sampling).toMatchObject({ evidence: 'mask dataset', measuredColumns: 2, acceleration: 2 })
    expect(byMask.mask!(0).measured).toEqual(Uint8Array.of(1, 0, 0, 1))
    byMask.dispose()
  })
})

describe('fastMRI files of several coils', () => {
  const vectors = golden('multicoil')
  const open = (name: string) =>
    openVolume(fileURLToPath(new URL(`../../../fixtures/golden/multicoil/${name}.h5`, import.meta.url)), 'salt')
  const sliceOf = (name: string, slice: number) => {
    const { shape, data } = vectors.array(name)
    const size = data.length / shape[0]
    return data.slice(slice * size, (slice + 1) * size)
  }

  it('are opened with their root sum of squares', async () => {
    const name = 'file_brain_AXT2_200_2000001'
    const volume = await open(name)
    const target = vectors.array(`${name}.reconstruction_rss`)
    expect(volume.info).toMatchObject({
      ...{ slices: 2, coils: 4, rows: 32, columns: 24, targetShape: [24, 20], reconSize: [24, 20] },
      ...{ acquisition: 'AXT2', padding: [1, 24], voxelSize: [440 / 32, 220 / 24, 5] },
      maximum: Math.max(...target.data),
      content: { sampling: { kind: 'full' }, faults: [], remarks: [] },
    })
    expect(VolumeInfo.parse(volume.info)).toEqual(volume.info)
    for (const slice of [0, 1]) {
      expect(volume.readKspace(slice)).toEqual(sliceOf(`${name}.kspace`, slice))
      expect(volume.readTarget(slice)).toEqual(sliceOf(`${name}.reconstruction_rss`, slice))
    }
    volume.dispose()
  })

  it('of the test set are opened with their mask, without ground truth', async () => {
    const name = 'file_brain_AXT2_test_210_6001944'
    const volume = await open(name)
    const mask = vectors.array(`${name}.mask`).data
    const measuredColumns = Array.from(mask).filter(Boolean).length
    expect(volume.info).toMatchObject({
      ...{ slices: 2, coils: 4, rows: 32, columns: 24, targetShape: null, reconSize: [24, 20], maximum: null },
      sampling: { kind: 'sub-sampled', evidence: 'mask dataset', measuredColumns, acceleration: 24 / measuredColumns },
      content: { faults: [], remarks: [] },
    })
    expect(volume.mask?.(0)).toMatchObject({ kind: 'columns', measured: mask })
    expect(volume.readTarget(0)).toBeNull()
    for (const slice of [0, 1]) expect(volume.readKspace(slice)).toEqual(sliceOf(`${name}.kspace`, slice))
    volume.dispose()
  })
})

describe('scanFolder', () => {
  it('lists the demonstration volumes as full, and with 9 to 14 nearly empty columns after reading', async () => {
    const { volumes, skipped } = await scanFolder([demonstration], 'salt')
    expect(skipped).toEqual([])
    expect(volumes.length).toBe(8)
    for (const { role, ...info } of volumes) {
      expect(role).toBeNull()
      expect(VolumeInfo.parse(info)).toEqual(info)
      expect(info).toMatchObject({ slices: 4, rows: 128, columns: 126, targetShape: [128, 126], origin: 'measured' })
      expect(info).toMatchObject({ sampling: { kind: 'unread' } })
      expect(info.content).toBeUndefined()
    }
    const counts: number[] = []
    for (const { path } of volumes) {
      const volume = await openVolume(path, 'salt')
      const { sampling, content } = volume.info
      volume.dispose()
      expect(content).toMatchObject({ sampling, faults: [], remarks: [] })
      counts.push(sampling.kind === 'full' ? sampling.nearlyEmptyColumns : -1)
    }
    expect([Math.min(...counts), Math.max(...counts)]).toEqual([9, 14])
  })

  const study = join(folder, 'study')
  const place = (...names: string[]) => {
    const path = join(study, ...names)
    mkdirSync(join(path, '..'), { recursive: true })
    copyFileSync(goldenFile, path)
    return path
  }
  const short = (paths: readonly { path: string }[]) => paths.map(({ path }) => relative(study, path))

  beforeAll(async () => {
    place('a.h5')
    place('singlecoil_train', 'b.H5')
    place('singlecoil_val', 'more', 'c.hdf5')
    place('singlecoil_test_v2', 'd.h5')
    place('train', 'test', 'e.h5')
    place('Challenge', 'f.h5')
    place('singlecoil_challenge', 'g.h5')
    place('multicoil_train', 'i.h5')
    place('multicoil_val', 'j.h5')
    place('multicoil_test', 'k.h5')
    place('multicoil_test_v2', 'l.h5')
    place('Multicoil_Challenge', 'm.h5')
    place('.hidden', 'h.h5')
    place('.h.h5')
    place('notes.txt')
    writeFileSync(join(study, 'train', 'broken.h5'), readFileSync(goldenFile).subarray(0, 9000))
    writeFileSync(join(study, 'text.h5'), 'not HDF5')
    await writeReconstruction(join(study, 'submission.h5'), new Float32Array(4), [1, 2, 2])
    symlinkSync(study, join(study, 'val')) // a loop
    symlinkSync(join(study, 'a.h5'), join(study, 'z-same-as-a.h5'))
    symlinkSync(join(study, 'gone.h5'), join(study, 'dangling.h5'))
  })

  it('lists each file once, with its role, and the reasons for skipped files', async () => {
    const progress: number[] = []
    const { volumes, skipped } = await scanFolder([study], 'salt', {
      onProgress: ({ done, total }) => progress.push(done / total),
    })
    expect(volumes.map(({ path, role }) => [relative(study, path), role])).toEqual([
      ['Challenge/f.h5', null],
      ['Multicoil_Challenge/m.h5', 'test'],
      ['a.h5', null],
      ['multicoil_test/k.h5', 'test'],
      ['multicoil_test_v2/l.h5', 'test'],
      ['multicoil_train/i.h5', 'train'],
      ['multicoil_val/j.h5', 'val'],
      ['singlecoil_challenge/g.h5', 'test'],
      ['singlecoil_test_v2/d.h5', 'test'],
      ['singlecoil_train/b.H5', 'train'],
      ['singlecoil_val/more/c.hdf5', 'val'],
      ['train/test/e.h5', 'test'],
    ])
    expect(short(skipped)).toEqual(['dangling.h5', 'submission.h5', 'text.h5', 'train/broken.h5'])
    const reasons = skipped.map(({ reason }) => reason)
    expect(reasons[0]).toContain('there is no such file')
    expect(reasons[1]).toContain('"kspace", got reconstruction')
    expect(reasons[2]).toContain('file of another kind')
    expect(reasons[3]).toContain('truncated: 9000 of')
    expect(progress).toEqual(Array.from({ length: 15 }, (_, index) => (index + 1) / 15))
    expect(new Set(volumes.map(({ patient }) => patient)).size).toBe(1) // All have one patient id.
  })

  it('takes files and folders together, each file once, and any ending of a named file', async () => {
    const named = [join(study, 'notes.txt'), join(study, 'singlecoil_train', 'b.H5'), join(study, 'singlecoil_train')]
    const { volumes, skipped } = await scanFolder([...named, named[1], join(study, 'nowhere')], 'salt')
    expect(volumes.map(({ path, role }) => [relative(study, path), role])).toEqual([
      ['notes.txt', null],
      ['singlecoil_train/b.H5', 'train'],
    ])
    expect(short(skipped)).toEqual(['nowhere'])
    expect(skipped[0].reason).toContain('there is no such file')
  })

  it('skips a file whose slices are larger than memory, and lists the others', async () => {
    const large = await writeUnwritten(join(folder, 'large.h5'), [40, 300, 1000, 1000])
    const { volumes, skipped } = await scanFolder([large, goldenFile], 'salt')
    expect(volumes.map(({ file }) => file)).toEqual(['file1000052.h5'])
    expect(skipped).toEqual([{ path: large, reason: expect.stringMatching(/2\.4 GB, in .*large\.h5\. .*fewer coils/) }])
  })

  it('stops when it is cancelled', async () => {
    const abort = new AbortController()
    const seen: number[] = []
    const scan = scanFolder([study], 'salt', {
      signal: abort.signal,
      onProgress: ({ done }) => {
        seen.push(done)
        if (done === 2) setTimeout(() => abort.abort(), 0)
      },
    })
    await expect(scan).rejects.toMatchObject({ code: 'CANCELLED' })
    expect(seen.length).toBeLessThan(10)
  })
})
