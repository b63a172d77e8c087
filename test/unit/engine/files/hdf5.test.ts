import fs, { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { File, ready } from 'h5wasm/node'
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest'
import { AppError } from '../../../../src/contract/errors.ts'
import { openHdf5 } from '../../../../src/engine/files/hdf5.ts'
import { type FastMriContent, writeFastMri, writeReconstruction } from '../../../../src/engine/files/hdf5-write.ts'
import { openSource } from '../../../../src/engine/files/source.ts'
import { golden } from '../../../golden.ts'
import { copy } from '../../../volumes.ts'
import { writeUnwritten } from './noise-file.ts'

const goldenFile = fileURLToPath(new URL('../../../fixtures/golden/h5/file1000052.h5', import.meta.url))
const demonstration = fileURLToPath(new URL('../../../../resources/demonstration/ulf055T_6A_FSE.h5', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'hdf5 ü-')) // The name has a letter outside ASCII on purpose.
afterAll(() => rmSync(folder, { recursive: true }))
afterEach(() => {
  vi.restoreAllMocks()
})

function ramp(length: number, start: number): Float32Array {
  return Float32Array.from({ length }, (_, i) => Math.sin(start + i))
}

function content(slices: number, rows: number, columns: number): FastMriContent {
  const stack = (length: number, start: number) => Array.from({ length: slices }, (_, s) => ramp(length, start + s))
  return {
    matrix: [rows, columns],
    kspace: stack(rows * columns * 2, 0),
    imageSize: [rows - 2, columns - 2],
    reconstruction: stack((rows - 2) * (columns - 2), 10),
    noiseFree: stack((rows - 2) * (columns - 2), 20),
    header: '<ismrmrdHeader><note>Größe</note></ismrmrdHeader>',
    attributes: { acquisition: 'CORPD_FBK', max: 0.25, norm: 2.5, patient_id: 'phantom 1', generator: 'self-mri' },
  }
}

async function failure(action: Promise<unknown>): Promise<AppError> {
  const error = await action.then(
    () => null,
    error => error,
  )
  expect(error).toBeInstanceOf(AppError)
  return error
}

describe('reading', () => {
  it('reads the golden file exactly, slice by slice and whole', async () => {
    const file = await openHdf5(goldenFile)
    const kspace = golden('h5').array('kspace')
    expect(file.shape('kspace')).toEqual([3, 24, 20])
    expect(file.kind('kspace')).toBe('complex64')
    expect(file.withFloat32('kspace', 0, 3, copy)).toEqual(kspace.data)
    const perSlice = 24 * 20 * 2
    expect(file.withFloat32('kspace', 1, 1, copy)).toEqual(kspace.data.slice(perSlice, 2 * perSlice))
    expect(file.withFloat32('reconstruction_esc', 0, 3, copy)).toEqual(golden('h5').array('reconstruction_esc').data)
    expect(file.attribute('max')).toBe(golden('h5').params.max)
    expect(file.attribute('acquisition')).toBe('CORPD_FBK')
    expect(file.attribute('none')).toBeNull()
    expect(file.readText('ismrmrd_header')).toMatch(/^<\?xml.*<\/ismrmrdHeader>$/s)
    expect(file.readText('kspace')).toBeNull()
    expect(file.shape('none')).toBeNull()
    expect(file.datasets).toEqual(['ismrmrd_header', 'kspace', 'reconstruction_esc', 'reconstruction_rss'])
    expect(() => file.withFloat32('kspace', 3, 1, copy)).toThrow(RangeError)
    expect(() => file.withFloat32('ismrmrd_header', 0, 0, copy)).toThrow()
    file.dispose()
    file.dispose()
  })

  it('reads a boolean attribute, an enumeration in HDF5, as a number', async () => {
    const file = await openHdf5(demonstration)
    expect(file.attribute('src_fully_sampled')).toBe(1)
    expect(file.attribute('src_padded_640x372')).toBe(0)
    file.dispose()
  })

  it('converts doubles and reads small numbers of any kind', async () => {
    await ready
    const path = join(folder, 'kinds.h5')
    const made = new File(path, 'w')
    const double = { r: Float64Array.of(1.5, -2.25), i: Float64Array.of(0.125, 1e-9) }
    made.create_dataset({
      name: 'complex128',
      data: new Map(Object.entries(double)),
      shape: [1, 2],
      dtype: [
        ['r', '<d'],
        ['i', '<d'],
      ],
    })
    made.create_dataset({ name: 'float64', data: Float64Array.of(0.1, 2), shape: [2, 1] })
    made.create_dataset({ name: 'int64', data: BigInt64Array.of(1n, 0n, -3n) })
    made.create_dataset({ name: 'byte', data: Uint8Array.of(1, 0, 200) })
    made.close()
    const file = await openHdf5(path)
    expect(file.kind('complex128')).toBe('complex128')
    expect(file.withFloat32('complex128', 0, 1, copy)).toEqual(Float32Array.of(1.5, 0.125, -2.25, 1e-9))
    expect(file.withFloat32('float64', 1, 1, copy)).toEqual(Float32Array.of(2))
    expect(file.readNumbers('float64')).toEqual(Float64Array.of(0.1, 2))
    expect(file.readNumbers('int64')).toEqual(Float64Array.of(1, 0, -3))
    expect(file.readNumbers('byte')).toEqual(Float64Array.of(1, 0, 200))
    file.dispose()
  })

  it('names doubles beyond the range of 32-bit floats, and rounds tiny doubles to zero', async () => {
    await ready
    const path = join(folder, 'range.h5')
    const made = new File(path, 'w')
    const largest = { fits: 3.4e38, small: 1.2e-38, infinite: Number.POSITIVE_INFINITY, huge: 1e39, tiny: -1e-42 }
    for (const [name, value] of Object.entries(largest)) {
      made.create_dataset({ name, data: Float64Array.of(0, value, 1e-60, Number.NaN), shape: [1, 2, 2] })
    }
    made.create_dataset({ name: 'empty', data: new Float64Array(4), shape: [1, 2, 2] })
    made.close()
    const file = await openHdf5(path)
    for (const name of ['fits', 'small', 'infinite'] as const) {
      const expected = Float32Array.of(0, largest[name], 0, Number.NaN)
      expect(file.withFloat32(name, 0, 1, copy)).toEqual(expected)
    }
    expect(file.withFloat32('empty', 0, 1, copy)).toEqual(new Float32Array(4))
    for (const [name, words] of [
      ['huge', 'got 1.00e+39 as the largest in huge, slice 1'],
      ['tiny', 'got 1.00e-42 as the largest in tiny, slice 1'],
    ]) {
      const refusal = expect.objectContaining({ code: 'NOT_FINITE', message: expect.stringContaining(words) })
      expect(() => file.withFloat32(name, 0, 1, copy)).toThrow(refusal)
      expect(() => file.withFloat32(name, 0, 1, copy)).toThrow(path)
    }
    file.dispose()
  })

  it('tells two files apart whose inode numbers are equal after rounding', async () => {
    const real = fs.fstatSync
    vi.spyOn(fs, 'fstatSync').mockImplementation(((descriptor: number) =>
      Object.assign(real(descriptor), { dev: 1, ino: 2 ** 57 })) as typeof fs.fstatSync)
    const first = await openHdf5(goldenFile)
    const second = await openHdf5(demonstration)
    expect(fs.fstatSync).toHaveBeenCalled()
    expect([first.shape('kspace'), second.shape('kspace')]).toEqual([
      [3, 24, 20],
      [4, 128, 126],
    ])
    first.dispose()
    second.dispose()
  })

  it('keeps the library’s memory flat over 200 slices', async () => {
    const path = join(folder, 'large.h5')
    await writeFastMri(path, content(2, 640, 372))
    const file = await openHdf5(path)
    const library = await ready
    file.withFloat32('kspace', 0, 1, copy)
    const before = library.HEAPU8.length
    for (let n = 0; n < 200; n++) expect(file.withFloat32('kspace', n % 2, 1, copy).length).toBe(640 * 372 * 2)
    expect(library.HEAPU8.length).toBe(before) // 200 slices are 380 MB
    file.dispose()
  })
})

describe('files that cannot be read', () => {
  const make = (name: string, bytes: Uint8Array | string) => {
    const path = join(folder, name)
    writeFileSync(path, bytes)
    return path
  }
  const whole = readFileSync(goldenFile)
  const damaged = Buffer.from(whole).fill(0xff, 96, 4096)

  const cases = [
    ['missing', () => join(folder, 'missing.h5'), 'FILE_UNREADABLE', 'no such file'],
    ['a folder', () => folder, 'FILE_UNREADABLE', 'got a folder'],
    ['empty', () => make('empty.h5', ''), 'FILE_UNREADABLE', '0 bytes'],
    [
      'truncated',
      () => make('short.h5', whole.subarray(0, 20000)),
      'FILE_UNREADABLE',
      `20000 of ${whole.length} bytes`,
    ],
    ['only a signature', () => make('tiny.h5', whole.subarray(0, 20)), 'FILE_UNREADABLE', 'damaged'],
    ['overwritten inside', () => make('damaged.h5', damaged), 'FILE_UNREADABLE', 'damaged'],
  ] as const

  it.each(cases)('%s: the error names the file, and nothing is printed', async (_, path, code, words) => {
    const made = path()
    const printed = vi.spyOn(fs, 'writeSync')
    const error = await failure(openSource(made))
    expect(error.code).toBe(code)
    expect(error.message).toContain(words)
    expect(error.message).toContain(made)
    expect(printed).not.toHaveBeenCalled()
  })

  it('the error names a denied permission', async () => {
    vi.spyOn(fs, 'openSync').mockImplementation(() => {
      throw Object.assign(new Error('EACCES'), { code: 'EACCES' })
    })
    const error = await failure(openSource(goldenFile))
    expect(error.code).toBe('FILE_UNREADABLE')
    expect(error.message).toContain('permission denied')
  })

  it('reads a newer superblock, and a superblock behind a user block', async () => {
    await ready
    const path = join(folder, 'newer.h5')
    const made = new File(path, 'w', { libver: 'latest' })
    made.create_dataset({ name: 'numbers', data: ramp(1000, 0) })
    made.close()
    const bytes = readFileSync(path)
    const short = make('newer short.h5', bytes.subarray(0, bytes.length - 100))
    expect((await failure(openSource(short))).message).toContain(`${bytes.length - 100} of ${bytes.length} bytes`)

    for (const flags of [1, 4, 5]) {
      const marked = Buffer.from(bytes)
      marked[11] = flags // the flags that h5py with libver='latest' leaves if it is killed; 4 with SWMR
      const error = await failure(openSource(make('open for writing.h5', marked)))
      expect([error.code, error.message]).toEqual([
        'FILE_UNREADABLE',
        expect.stringMatching(/open for writing, in (.*)\. .*h5clear -s '\1'/),
      ])
    }

    const shifted = make('user block.h5', Buffer.concat([Buffer.alloc(512), bytes]))
    const source = await openSource(shifted)
    expect(source.hdf5()!.readNumbers('numbers').length).toBe(1000)
    source.dispose()
  })

  it('reports damaged pixels at the time of reading', async () => {
    await ready
    const path = join(folder, 'gzip.h5')
    const made = new File(path, 'w')
    const data = Float32Array.from({ length: 4096 }, (_, i) => i)
    made.create_dataset({ name: 'numbers', data, shape: [1, 64, 64], chunks: [1, 64, 64], compression: 4 })
    made.close()
    const bytes = readFileSync(path)
    const stream = bytes.indexOf(Buffer.from([0x78, 0x5e])) // first bytes of a zlib stream of this level
    expect(stream).toBeGreaterThan(0)
    const file = await openHdf5(make('gzip damaged.h5', bytes.fill(0xff, stream, stream + 200)))
    expect(() => file.withFloat32('numbers', 0, 1, copy)).toThrow(
      /damaged \(numbers, slice 1: .*\).*Copy or download it again/,
    )
    file.dispose()
  })
})

describe('a source', () => {
  it('knows the file, and its datasets if the file is HDF5', async () => {
    const source = await openSource(goldenFile)
    expect(source).toMatchObject({ path: goldenFile, name: 'file1000052.h5', bytes: readFileSync(goldenFile).length })
    expect(source.hdf5()!.shape('kspace')).toEqual([3, 24, 20])
    source.dispose()
    const path = join(folder, 'text.h5')
    writeFileSync(path, 'not HDF5 '.repeat(500))
    const text = await openSource(path)
    expect([text.bytes, text.hdf5()]).toEqual([4500, null])
    text.dispose()
  })
})

describe('a slice that is larger than memory', () => {
  it('is refused before it is read, with its size and a remedy', async () => {
    const path = await writeUnwritten(join(folder, 'many coils.h5'), [1, 300, 1000, 1000])
    const file = await openHdf5(path)
    const read = vi.spyOn(await ready, 'get_dataset_data')
    expect(() => file.withFloat32('kspace', 0, 1, copy)).toThrow(
      expect.objectContaining({
        code: 'OUT_OF_MEMORY',
        message: expect.stringMatching(
          /a slice of kspace of at most .* GB, got 2\.4 GB, in .*many coils\.h5\. .*coils/,
        ),
      }),
    )
    expect(read).not.toHaveBeenCalled()
    file.dispose()
  })
})

describe('writing', () => {
  it('writes a synthetic volume that reads back exactly', async () => {
    const path = join(folder, 'new folder', 'synthetic.h5')
    const written = content(3, 12, 9)
    await writeFastMri(path, written)
    const file = await openHdf5(path)
    expect(file.shape('kspace')).toEqual([3, 12, 9])
    expect(file.kind('kspace')).toBe('complex64')
    expect(file.shape('reconstruction_rss')).toEqual([3, 10, 7])
    for (let slice = 0; slice < 3; slice++) {
      expect(file.withFloat32('kspace', slice, 1, copy)).toEqual(written.kspace[slice])
      expect(file.withFloat32('reconstruction_esc', slice, 1, copy)).toEqual(written.reconstruction[slice])
      expect(file.withFloat32('reconstruction_rss', slice, 1, copy)).toEqual(written.reconstruction[slice])
      expect(file.withFloat32('reconstruction_noise_free', slice, 1, copy)).toEqual(written.noiseFree[slice])
    }
    expect(file.readText('ismrmrd_header')).toBe(written.header)
    expect(file.attribute('synthetic')).toBe(1)
    for (const [name, value] of Object.entries(written.attributes)) expect(file.attribute(name)).toBe(value)
    file.dispose()
  })

  it('writes fastMRI’s submission format and replaces an older file', async () => {
    const path = join(folder, 'submission', 'file1.h5')
    await writeReconstruction(path, ramp(8, 0), [2, 2, 2])
    const images = ramp(2 * 5 * 4, 3)
    await writeReconstruction(path, images, [2, 5, 4], { model: 'zero-filled' })
    const file = await openHdf5(path)
    expect(file.datasets).toEqual(['reconstruction'])
    expect(file.shape('reconstruction')).toEqual([2, 5, 4])
    expect(file.withFloat32('reconstruction', 0, 2, copy)).toEqual(images)
    expect(file.attribute('model')).toBe('zero-filled')
    file.dispose()
    expect(readdirSync(join(folder, 'submission'))).toEqual(['file1.h5'])
  })

  it('keeps the old file and leaves no partial one when the disk is full', async () => {
    const place = join(folder, 'full')
    const path = join(place, 'file1.h5')
    await writeReconstruction(path, ramp(8, 0), [2, 2, 2])
    const before = readFileSync(path)
    vi.spyOn(fs, 'writeSync').mockImplementation(() => {
      throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC', errno: -28 })
    })
    const error = await failure(writeReconstruction(path, ramp(40000, 1), [1, 200, 200]))
    vi.restoreAllMocks()
    expect(error.code).toBe('DISK_FULL')
    expect(error.message).toContain(path)
    expect(readFileSync(path)).toEqual(before)
    expect(readdirSync(place)).toEqual(['file1.h5'])
    await writeReconstruction(path, ramp(40000, 1), [1, 200, 200]) // Writing works again afterwards.
  })

  it('writes a name of 255 bytes, and refuses a longer name with a message', async () => {
    const directory = join(folder, 'long names')
    const path = join(directory, `${'é'.repeat(126)}.h5`)
    await writeReconstruction(path, ramp(4, 0), [1, 2, 2], {})
    const tooLong = join(directory, `${'é'.repeat(127)}.h5`)
    const error = await failure(writeReconstruction(tooLong, ramp(4, 0), [1, 2, 2], {}))
    expect([error.code, error.message]).toEqual([
      'FILE_UNREADABLE',
      `Cannot open ${tooLong}: its name or path is too long for this disk. Choose a shorter one.`,
    ])
    expect(readdirSync(directory)).toEqual([`${'é'.repeat(126)}.h5`])
  })

  it('refuses to write if a folder has the file’s name', async () => {
    const path = join(folder, 'taken.h5')
    mkdirSync(path)
    const error = await failure(writeReconstruction(path, ramp(4, 0), [1, 2, 2]))
    expect(error.code).toBe('FILE_UNREADABLE')
    expect(error.message).toContain(path)
    expect(readdirSync(folder).filter(name => name.endsWith('.part'))).toEqual([])
  })

  it('refuses a slice of the wrong length', async () => {
    const path = join(folder, 'wrong.h5')
    await expect(writeReconstruction(path, ramp(7, 0), [2, 2, 2])).rejects.toThrow('Slice 1 of reconstruction has 3')
    expect(readdirSync(folder)).not.toContain('wrong.h5')
  })
})
