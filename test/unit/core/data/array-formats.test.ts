import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { deflateSync } from 'fflate'
import { File, ready } from 'h5wasm/node'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { sameSubject } from '../../../../src/core/data/slices.ts'
import { ifft2Centred } from '../../../../src/core/mri/fft-double.ts'
import { listVolume, openVolume, scanFolder } from '../../../../src/engine/files/volumes.ts'
import { kspaceOf } from '../../../kspace.ts'
import { npy } from '../../../npy.ts'
import { sourceOf } from '../../../volumes.ts'

const fixtures = fileURLToPath(new URL('../../../fixtures/formats/', import.meta.url))

let folder: string
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'self-mri-arrays-'))
  await ready
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const at = (name: string) => join(folder, name)
const bytesOf = (values: Float32Array) => new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
const noise = (length: number) => Float32Array.from({ length }, (_, i) => Math.sin(1 + i * i))

/** Writes a pair of BART. `dimensions`: sizes of the axes, the fastest first. */
function writeBart(name: string, dimensions: string, values: Float32Array, more = ''): string {
  writeFileSync(at(`${name}.hdr`), `# Dimensions\n${dimensions}\n${more}`)
  writeFileSync(at(`${name}.cfl`), bytesOf(values))
  return at(`${name}.cfl`)
}

const reasonOf = async (path: string) => {
  const { skipped } = await scanFolder([path], '')
  return skipped[0]?.reason ?? 'no reason'
}

describe('a pair of BART', () => {
  const pair = () => writeBart('scan', '4 3 1 2', noise(48), '# Command\nfft 3 a b\n# Files\n >b <a\n# Creator\nBART\n')

  it.each([['scan.cfl'], ['scan.hdr'], ['scan.hdr', 'scan.cfl'], ['scan.cfl', 'scan.hdr'], ['']])(
    'is one volume if %s and %s are given',
    async (...names) => {
      pair()
      const { volumes, skipped } = await scanFolder(names.map(at), '')
      expect(skipped).toEqual([])
      expect(volumes.map(({ path }) => path)).toEqual([at('scan.cfl')])
      expect(volumes[0]).toMatchObject({ slices: 1, coils: 2, rows: 4, columns: 3, reconSize: null, orientation: null })
    },
  )

  it('names the other file as its source, so that a new header counts as a change', async () => {
    const { info, dispose } = await openVolume(pair(), '')
    dispose()
    expect(Object.keys(info.content!.version.sources!)).toEqual([at('scan.hdr')])
  })

  it('has a part for each echo and time, and reads the numbers of the part', async () => {
    const values = noise(2 * 4 * 3 * 2 * 5)
    const path = writeBart('parts', '4 3 1 1 1 2 1 1 1 1 5', values)
    const { volumes } = await scanFolder([path], '')
    expect(volumes.map(({ path }) => path)).toHaveLength(10)
    expect(volumes.map(({ file }) => file)).toContain('parts.cfl#echo-2,time-3')
    const volume = await listVolume(`${path}#echo-2,time-3`, '')
    const first = 12 * (1 + 2 * 2)
    expect(volume.readKspace(0).slice(0, 2)).toEqual(values.slice(2 * first, 2 * first + 2))
    volume.dispose()
    await expect(listVolume(path, '')).rejects.toThrow('Name ')
  })

  it.each<[string, string, string]>([
    ['coil maps', '4 3 1 2 2', 'an array with 2 sets of coil maps (dimension 4)'],
    ['a dimension that is no number', '4 x 1', 'got 4 x 1, in '],
    ['a dimension of zero', '4 0 1', 'got 4 0 1, in '],
    ['too many dimensions', Array(17).fill(1).join(' '), 'Expected up to 16 dimensions'],
    ['slabs', '4 3 2 1 1 1 1 1 1 1 1 1 1 2', '2 partitions of each of 2 slabs'],
    ['another size', '4 3 1 3', 'Expected 288 bytes, 8 for each of the numbers of the dimensions 4, 3, 3'],
  ])('is refused with %s', async (_, dimensions, message) =>
    expect(await reasonOf(writeBart('bad', dimensions, noise(48)))).toContain(message),
  )

  it('is refused without its other file, with the place where it is expected', async () => {
    pair()
    rmSync(at('scan.hdr'))
    expect(await reasonOf(at('scan.cfl'))).toContain(`got no file at ${at('scan.hdr')}. Copy the .hdr file beside`)
    pair()
    rmSync(at('scan.cfl'))
    expect(await reasonOf(at('scan.hdr'))).toContain(`Expected the numbers of the array at ${at('scan.cfl')}`)
  })
})

describe('3-D k-space', () => {
  const [rows, columns, partitions] = [8, 6, 5]
  /** BART's order: rows fastest. */
  const measured = noise(2 * rows * columns * partitions)

  it('is transformed along its partitions', async () => {
    const path = writeBart('cube', `${rows} ${columns} ${partitions} 1`, measured)
    const { info, readKspace, dispose } = await openVolume(path, '')
    expect(info).toMatchObject({ slices: partitions, rows, columns })
    expect(info.content!.remarks).toContainEqual(expect.stringContaining('inverse Fourier transform along the 5'))
    const slice = readKspace(3)
    dispose()
    for (const [row, column] of [
      [0, 0],
      [3, 2],
      [7, 5],
    ]) {
      let [re, im] = [0, 0]
      for (let k = 0; k < partitions; k++) {
        const place = 2 * ((k * columns + column) * rows + row)
        const angle = (2 * Math.PI * (k - 2) * (3 - 2)) / partitions
        re += (measured[place] * Math.cos(angle) - measured[place + 1] * Math.sin(angle)) / Math.sqrt(partitions)
        im += (measured[place] * Math.sin(angle) + measured[place + 1] * Math.cos(angle)) / Math.sqrt(partitions)
      }
      const to = 2 * (row * columns + column)
      expect(Math.hypot(slice[to] - re, slice[to + 1] - im)).toBeLessThan(1e-6)
    }
  })

  it.each<[string, (column: number, partition: number) => boolean]>([
    ['is sub-sampled along its partitions', (column, partition) => column !== 2 || partition !== 1],
    ['lacks partitions at one end', (_, partition) => partition >= 2],
  ])('is refused if it %s', async (_, isMeasured) => {
    const values = measured.map((value, i) => {
      const line = Math.floor(i / (2 * rows))
      return isMeasured(line % columns, Math.floor(line / columns)) ? value : 0
    })
    const reason = await reasonOf(writeBart('cube', `${rows} ${columns} ${partitions} 1`, values))
    expect(reason).toMatch(
      /Expected 3-D k-space with all 5 partitions, got [34] partitions in column \d.*transpose 1 2/,
    )
  })
})

describe('an array of NumPy', () => {
  it.each<[string, Uint8Array, string]>([
    ['a mask', npy("'|b1'", '(1, 6)', new Uint8Array(6)), 'got booleans of [1, 6], in '],
    ['real numbers', npy("'<f4'", '(2, 2, 2)', new Uint8Array(32)), 'got real numbers of [2, 2, 2]'],
    ['a pickle', npy("'|O'", '(1,)', new Uint8Array(8)), 'got Python objects (a pickle)'],
    ['five axes', npy("'<c8'", '(1, 1, 1, 2, 2)', new Uint8Array(32)), 'got [1, 1, 1, 2, 2]'],
    ['an axis of zero', npy("'<c8'", '(0, 2, 2)', new Uint8Array(0)), 'got [0, 2, 2]'],
    ['too few numbers', npy("'<c8'", '(1, 2, 2)', new Uint8Array(24)), 'The file is truncated'],
  ])('is refused if it holds %s', async (_, bytes, message) => {
    writeFileSync(at('a.npy'), bytes)
    const reason = await reasonOf(at('a.npy'))
    expect(reason).toContain(message)
    expect(reason).toContain('a.npy')
  })

  it('is one slice of one coil if it has two axes', async () => {
    writeFileSync(at('a.npy'), npy("'<c8'", '(4, 3)', bytesOf(noise(24)), { version: 3 }))
    const { info, readKspace, dispose } = await listVolume(at('a.npy'), '')
    expect(info).toMatchObject({ slices: 1, coils: 1, rows: 4, columns: 3 })
    expect(readKspace(0)).toEqual(noise(24))
    dispose()
  })

  it('is refused if 32-bit floats cannot hold its numbers', async () => {
    const values = Float64Array.of(1e60, 0, 1, 0, 1, 0, 1, 0)
    writeFileSync(at('a.npy'), npy("'<c16'", '(1, 2, 2)', new Uint8Array(values.buffer)))
    expect(await reasonOf(at('a.npy'))).toContain('got 1.00e+60 as the largest in slice 1')
  })
})

describe('an archive of NumPy', () => {
  /** A zip of one file, as zipfile writes it. */
  function zip(name: string, body: Uint8Array, { deflated = false, claimed = body.length } = {}): Uint8Array {
    const packed = deflated ? deflateSync(body) : body
    const names = Buffer.from(name)
    const head = (bytes: number) => Buffer.alloc(bytes)
    const local = head(30)
    local.writeUInt32LE(0x04034b50, 0)
    local.writeUInt16LE(names.length, 26)
    local.writeUInt16LE(4, 28)
    const central = head(46)
    central.writeUInt32LE(0x02014b50, 0)
    central.writeUInt16LE(deflated ? 8 : 0, 10)
    central.writeUInt32LE(packed.length, 20)
    central.writeUInt32LE(claimed, 24)
    central.writeUInt16LE(names.length, 28)
    const end = head(22)
    end.writeUInt32LE(0x06054b50, 0)
    end.writeUInt32LE(46 + names.length, 12)
    end.writeUInt32LE(34 + names.length + packed.length, 16)
    return Buffer.concat([local, names, Buffer.alloc(4), packed, central, names, end])
  }
  const kspace = npy("'<c8'", '(1, 4, 3)', bytesOf(noise(24)))

  it.each([false, true])('is read, deflated: %s', async deflated => {
    writeFileSync(at('a.npz'), zip('kspace.npy', kspace, { deflated }))
    const { readKspace, dispose } = await listVolume(at('a.npz'), '')
    expect(readKspace(0)).toEqual(noise(24))
    dispose()
  })

  it('has its own mask', async () => {
    const { info, dispose } = await listVolume(join(fixtures, 'volume.npz'), '')
    dispose()
    expect(info.sampling).toMatchObject({ kind: 'sub-sampled', measuredColumns: 4 })
  })

  it('is refused without k-space, or if a file in it claims more than deflate can hold', async () => {
    writeFileSync(at('a.npz'), zip('image.npy', kspace))
    expect(await reasonOf(at('a.npz'))).toContain('Expected an array "kspace", got image')
    writeFileSync(at('b.npz'), zip('kspace.npy', kspace, { deflated: true, claimed: 0xfffffff0 }))
    expect(await reasonOf(at('b.npz'))).toContain('The archive is damaged or truncated (4294967280 bytes out of')
  })
})

describe('a file of CMRxRecon', () => {
  it('counts frames of one slice as one place', async () => {
    const volume = await openVolume(join(fixtures, 'cine_sax.mat'), '')
    volume.dispose()
    expect(volume.info).toMatchObject({ slices: 6, frames: 3 })
    const source = sourceOf({ ...volume, info: { ...volume.info, frames: 2 } })
    const slice = (index: number) => ({ source, index })
    expect(sameSubject(slice(0), slice(3))).toBe(true)
    expect(sameSubject(slice(0), slice(2))).toBe(false)
  })

  const complex = (name: string, shape: number[], values: Float32Array, file: File) => {
    const part = (offset: number) => Float32Array.from({ length: values.length / 2 }, (_, i) => values[2 * i + offset])
    file.create_dataset({
      name,
      data: new Map([
        ['real', part(0)],
        ['imag', part(1)],
      ]),
      shape,
      dtype: [
        ['real', '<f'],
        ['imag', '<f'],
      ],
    })
  }

  it('takes the mask of a file beside it, which counts as its source', async () => {
    const file = new File(at('cine_sax.mat'), 'w')
    complex('kspace_sub04', [2, 1, 12, 20], noise(2 * 2 * 12 * 20), file)
    file.close()
    copyFileSync(join(fixtures, 'cine_sax_mask.mat'), at('cine_sax_mask.mat'))
    const { info, dispose } = await openVolume(at('cine_sax.mat'), '')
    dispose()
    const mask = readFileSync(join(fixtures, 'cine_sax.mask.npy')).subarray(-12)
    expect(info.content).toMatchObject({ sampling: { evidence: 'mask dataset' }, mask: mask.join('') })
    expect(Object.keys(info.content!.version.sources!)).toEqual([at('cine_sax_mask.mat')])
  })

  it('holds one coil if its k-space is called single', async () => {
    const file = new File(at('a.mat'), 'w')
    complex('kspace_single_full', [2, 3, 5, 4], noise(2 * 2 * 3 * 5 * 4), file)
    file.close()
    const { info, dispose } = await listVolume(at('a.mat'), '')
    dispose()
    expect(info).toMatchObject({ slices: 6, frames: 2, coils: 1, rows: 4, columns: 5 })
  })

  it('is refused if it is a mask', async () =>
    expect(await reasonOf(join(fixtures, 'cine_sax_mask.mat'))).toMatch(/got mask04, in .*NAME_mask.mat beside/))
})

it('gives the images of Calgary-Campinas’ own reference, scaled by an orthonormal transform', async () => {
  const { info, readKspace, dispose } = await listVolume(join(fixtures, 'calgary.h5'), '')
  const bytes = readFileSync(join(fixtures, 'calgary.rss.npy'))
  const expected = new Float64Array(Uint8Array.from(bytes.subarray(10 + bytes.readUInt16LE(8))).buffer)
  const { slices, coils, rows, columns } = info
  const samples = rows * columns
  for (let slice = 0; slice < slices; slice++) {
    const kspace = readKspace(slice)
    const squares = new Float64Array(samples)
    for (let coil = 0; coil < coils; coil++) {
      const one = Float64Array.from(kspace.subarray(2 * coil * samples, 2 * (coil + 1) * samples))
      for (const [i, value] of ifft2Centred(one, rows, columns).entries()) squares[i >> 1] += value ** 2
    }
    for (const [i, value] of squares.entries())
      expect(Math.sqrt(value / samples)).toBeCloseTo(expected[slice * samples + i], 5)
  }
  dispose()
})

describe('a file that is refused by name', () => {
  const words = (from: number, text: string, bytes = 8192) => {
    const file = Buffer.alloc(bytes)
    file.write(text, from, 'latin1')
    return file
  }
  const raid = Buffer.alloc(32768)
  raid.writeUInt32LE(2, 4)
  raid.writeUInt32LE(10240, 16)
  const dicom = (uid: string) => Buffer.concat([words(128, 'DICM', 132), Buffer.from(`\x02\0\x02\0UI\x1e\0${uid}\0`)])

  it.each<[string, Uint8Array, string, string]>([
    ['scan.mrd2', words(0, 'yardl'), 'an MRD 2 stream', 'mrd_to_ismrmrd < scan.mrd2 | ismrmrd_stream_to_hdf5'],
    ['meas.dat', raid, 'Siemens', 'siemens_to_ismrmrd -f meas.dat -o meas.mrd'],
    ['vb.dat', words(8, 'Config\0'), 'Siemens', 'siemens_to_ismrmrd -f vb.dat -o vb.mrd'],
    ['P12800.7', words(34, 'GE_MED_NMR'), 'GE', 'ge_to_ismrmrd --verbose P12800.7'],
    ['raw.list', words(0, '# === DATA DESCRIPTION FILE ==='), 'Philips', 'philips_to_ismrmrd -f raw -o raw.mrd'],
    ['raw.dcm', dicom('1.2.840.10008.5.1.4.1.1.66'), 'DICOM raw data', 'siemens_to_ismrmrd'],
    ['csi.dcm', dicom('1.2.840.10008.5.1.4.1.1.4.2'), 'DICOM spectroscopy', 'imaging series'],
    ['old.mat', words(0, 'MATLAB 5.0 MAT-file, Platform'), 'MATLAB 5 to 7', "'-v7.3'"],
  ])('is %s', async (name, bytes, what, remedy) => {
    writeFileSync(at(name), bytes)
    const reason = await reasonOf(at(name))
    expect(reason).toContain(what)
    expect(reason).toContain(at(name))
    expect(reason).toContain(remedy)
  })

  it('is a Philips pair by its two files', async () => {
    writeFileSync(at('a.raw'), new Uint8Array(100))
    expect(await reasonOf(at('a.raw'))).toContain('got a file of another kind')
    writeFileSync(at('a.lab'), new Uint8Array(100))
    expect(await reasonOf(at('a.raw'))).toContain('Philips')
  })

  it('is not a DICOM image', async () => {
    writeFileSync(at('a.dcm'), dicom('1.2.840.10008.5.1.4.1.1.4'))
    expect(await reasonOf(at('a.dcm'))).not.toMatch(/raw data|spectroscopy/)
  })
})

it('reads real 4-D numbers as Calgary-Campinas only if the channels come last', async () => {
  const file = new File(at('real.h5'), 'w')
  file.create_dataset({ name: 'kspace', data: noise(2 * 4 * 8 * 6), shape: [2, 4, 8, 6], dtype: '<f' })
  file.close()
  expect(await reasonOf(at('real.h5'))).toContain('Expected complex k-space')
})

it('computes a ground truth from the arrays of each format', async () => {
  const values = kspaceOf({ rows: 40, columns: 36, seed: 1, noise: 0.02 })
  writeFileSync(at('a.npy'), npy("'<c8'", '(1, 40, 36)', bytesOf(values)))
  const { info, readTarget, dispose } = await openVolume(at('a.npy'), '')
  expect(info).toMatchObject({ truth: 'computed', targetShape: [40, 36] })
  expect(readTarget(0)).toHaveLength(1440)
  dispose()
})
