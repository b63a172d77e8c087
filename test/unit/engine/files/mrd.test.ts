/** MRD files that ISMRMRD's C library and h5py wrote. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ready } from 'h5wasm/node'
import { afterAll, describe, expect, it } from 'vitest'
import { AppError } from '../../../../src/contract/errors.ts'
import { centredLineTransform } from '../../../../src/core/mri/fft-double.ts'
import { RandomState } from '../../../../src/core/mri/random.ts'
import { openSource } from '../../../../src/engine/files/source.ts'
import { openVolume, scanFolder } from '../../../../src/engine/files/volumes.ts'
import { expectClose } from '../../../golden.ts'

const fixture = (name: string) => fileURLToPath(new URL(`../../../fixtures/mrd/${name}`, import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'mrd-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** The float32 or uint8 numbers of an .npy file of version 1. */
function numbers(name: string): Float32Array | Uint8Array {
  const bytes = readFileSync(fixture(`${name}.npy`))
  const body = Uint8Array.from(bytes.subarray(10 + bytes.readUInt16LE(8)))
  return bytes.includes("'|u1'") ? body : new Float32Array(body.buffer)
}

async function slicesOf(path: string): Promise<Float32Array> {
  const volume = await openVolume(path, '')
  const { slices, coils, rows, columns } = volume.info
  const all = new Float32Array(2 * slices * coils * rows * columns)
  for (let slice = 0; slice < slices; slice++) all.set(volume.readKspace(slice), (slice * all.length) / slices)
  volume.dispose()
  return all
}

/** Without the oversampling of the readout: [lines, encoded, columns, 2] → [lines, rows, columns, 2]. */
function withoutOversampling(kspace: Float32Array, encoded: number, rows: number, columns: number): Float32Array {
  const lines = kspace.length / (2 * encoded * columns)
  const result = new Float32Array(2 * lines * rows * columns)
  const image = new Float64Array(2 * rows)
  const inverse = centredLineTransform(encoded, true, rows)
  const forward = centredLineTransform(rows, false)
  for (let line = 0; line < lines; line++)
    for (let column = 0; column < columns; column++) {
      inverse(kspace, line * encoded * columns + column, columns, image, 0, 1)
      forward(image, 0, 1, result, line * rows * columns + column, columns)
    }
  return result
}

/**
 * Places of the bytes that are not in a heap of samples. Heaps stay whole here, because HDF5's library does not return
 * from a heap whose objects have impossible sizes.
 */
function outsideHeaps(bytes: Buffer): number[] {
  const isInside = new Uint8Array(bytes.length)
  for (let at = bytes.indexOf('GCOL'); at >= 0; at = bytes.indexOf('GCOL', at + 1))
    isInside.fill(1, at, at + Number(bytes.readBigUInt64LE(at + 8)))
  return Array.from(isInside.keys()).filter(place => isInside[place] === 0)
}

describe('MRD files', () => {
  it('reads the golden file: averages, flags, order of slices and oversampling', async () => {
    const path = fixture('cartesian.mrd')
    const volume = await openVolume(path, '')
    const { content, ...info } = volume.info
    volume.dispose()
    expect(info).toMatchObject({
      file: 'cartesian.mrd',
      slices: 2,
      coils: 4,
      rows: 24,
      columns: 20,
      targetShape: null,
      reconSize: [24, 20],
      voxelSize: [10, 12, 6],
    })
    expect(content!.mask).toBe(numbers('cartesian.mask').join(''))
    expect(content!.remarks).toContain('Acquisitions that are not used, by kind and number: navigation (1).')
    expectClose(await slicesOf(path), numbers('cartesian.kspace'), 1e-6)
  })

  it("reads records of the C library's size, and repetitions as volumes", async () => {
    const path = fixture('written-by-c-library.mrd')
    const { volumes, skipped } = await scanFolder([path], '')
    expect(skipped).toEqual([])
    expect(volumes.map(({ file }) => file)).toEqual([1, 2].map(n => `written-by-c-library.mrd#repetition-${n}`))
    const whole = numbers('written-by-c-library.kspace_oversampled') as Float32Array
    const expected = withoutOversampling(whole, 48, 24, 24)
    const read = await Promise.all(volumes.map(({ path: each }) => slicesOf(each)))
    expectClose([...read[0], ...read[1]], expected, 1e-6)
  })

  it('computes a ground truth of the whole k-space', async () => {
    const volume = await openVolume(`${fixture('written-by-c-library.mrd')}#repetition-2`, '')
    expect(volume.info).toMatchObject({ truth: 'computed', targetShape: [24, 24], sampling: { kind: 'full' } })
    expect(volume.readTarget(0)!.every(Number.isFinite)).toBe(true)
    volume.dispose()
  })

  it('reads a file with flipped bits, or refuses it in words', async () => {
    const bytes = readFileSync(fixture('cartesian.mrd'))
    const random = RandomState.fromKey([29])
    const path = join(folder, 'flipped.mrd')
    const outside = outsideHeaps(bytes)
    for (let run = 0; run < 150; run++) {
      const changed = Uint8Array.from(bytes)
      for (let flip = 0; flip < 3; flip++) {
        changed[outside[random.randint(outside.length)]] ^= 1 << random.randint(8)
      }
      writeFileSync(path, changed)
      await openVolume(path, '').then(
        volume => volume.dispose(),
        error => expect(error, `run ${run}`).toBeInstanceOf(AppError),
      )
    }
    expectClose(await slicesOf(fixture('cartesian.mrd')), numbers('cartesian.kspace'), 1e-6)
  })

  it('gives back the memory of each batch', async () => {
    const library = await ready
    const source = await openSource(fixture('cartesian.mrd'))
    const file = source.hdf5()!
    const all = Array.from({ length: 54 }, (_, index) => index)
    const readAll = () => file.eachRecord('dataset/data', all, () => {})
    readAll()
    const before = library.HEAPU8.length
    // 20 MB in all, of which a batch has 80 kB.
    for (let run = 0; run < 250; run++) readAll()
    expect(library.HEAPU8.length).toBe(before)
    source.dispose()
  })

  it('refuses members that a file does not have', async () => {
    const source = await openSource(fixture('cartesian.mrd'))
    const read = () => source.hdf5()!.eachRecord('dataset/data', [0], record => record.number('head.unknown'))
    expect(read).toThrow('Expected numbers head.unknown in dataset/data, got compounds (head, traj, data)')
    expect(() => source.hdf5()!.eachRecord('dataset/data', [54], () => {})).toThrow(RangeError)
    source.dispose()
  })
})
