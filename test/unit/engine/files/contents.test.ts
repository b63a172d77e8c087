import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { File, ready } from 'h5wasm/node'
import { afterAll, describe, expect, it } from 'vitest'
import { AppError } from '../../../../src/contract/errors.ts'
import { faultInWords, VolumeContent } from '../../../../src/contract/volumes.ts'
import { VolumePool } from '../../../../src/engine/files/volume-pool.ts'
import { openVolume } from '../../../../src/engine/files/volumes.ts'
import { handlers } from '../../../../src/engine/process/handlers.ts'
import type { Calls } from '../../../../src/engine/process/protocol.ts'
import { thumbnail } from '../../../../src/engine/viewing/frames.ts'
import { kspaceOf, sampled } from '../../../kspace.ts'

const fixture = fileURLToPath(new URL('../../../fixtures/virtual', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'contents-'))
afterAll(() => rmSync(folder, { recursive: true }))
let files = 0
const freshPath = () => join(folder, `scan ${++files}.h5`)

const [SLICES, ROWS, COLUMNS] = [3, 20, 18]
const scanOf = (slice: number) => ({ rows: ROWS, columns: COLUMNS, noise: 0.02, seed: 40 + slice, scale: 1e-5 })
const kspace = Array.from({ length: SLICES }, (_, slice) => kspaceOf(scanOf(slice)))
const truth = kspace.map(slice => Float32Array.from({ length: 16 * 16 }, (_, i) => Math.abs(slice[i]) + 1e-7))

interface Stored {
  readonly kspace: readonly Float32Array[]
  /** Axes of one slice of k-space. */
  readonly axes: readonly number[]
  readonly truth: readonly Float32Array[] | null
  readonly truthName: string
  readonly mask: readonly number[] | null
  /** Absent: one axis. */
  readonly maskShape?: readonly number[]
  readonly header: string | null
  readonly attributes: Readonly<Record<string, string | number>>
}

const STORED: Stored = {
  kspace,
  axes: [ROWS, COLUMNS],
  truth,
  truthName: 'reconstruction_esc',
  mask: null,
  header: '<ismrmrdHeader/>',
  attributes: { acquisition: 'CORPD_FBK', max: 1e-5, patient_id: 'one' },
}

/** `packed`: writes compressed chunks, and the datasets in another order. */
async function write(changes: Partial<Stored> = {}, { path = freshPath(), packed = false } = {}): Promise<string> {
  await ready
  const stored = { ...STORED, ...changes }
  const file = new File(path, 'w')
  const chunked = (shape: number[]) => (packed ? { chunks: [1, ...shape.slice(1)], compression: 4 } : {})
  const flat = (slices: readonly Float32Array[]) => Float32Array.from(slices.flatMap(slice => Array.from(slice)))
  const parts: (() => void)[] = [
    () => {
      const values = flat(stored.kspace)
      const part = (offset: number) => values.filter((_, i) => i % 2 === offset)
      const shape = [stored.kspace.length, ...stored.axes]
      file.create_dataset({
        name: 'kspace',
        data: new Map([
          ['r', part(0)],
          ['i', part(1)],
        ]),
        shape,
        dtype: [
          ['r', '<f'],
          ['i', '<f'],
        ],
        ...chunked(shape),
      })
    },
    () => {
      if (!stored.truth) return
      const shape = [stored.truth.length, 16, 16]
      file.create_dataset({ name: stored.truthName, data: flat(stored.truth), shape, ...chunked(shape) })
    },
    () => {
      if (stored.header !== null) file.create_dataset({ name: 'ismrmrd_header', data: stored.header })
    },
    () => {
      if (!stored.mask) return
      const shape = [...(stored.maskShape ?? [stored.mask.length])]
      file.create_dataset({ name: 'mask', data: Float32Array.from(stored.mask), shape })
    },
  ]
  for (const part of packed ? parts.reverse() : parts) part()
  for (const [name, value] of Object.entries(stored.attributes)) file.create_attribute(name, value)
  file.close()
  return path
}

async function contentOf(path: string): Promise<VolumeContent> {
  const volume = await openVolume(path, '')
  volume.dispose()
  return volume.info.content!
}

const identityOf = async (path: string) => (await contentOf(path)).identity

const changed = (slices: readonly Float32Array[], slice: number, change: (values: Float32Array) => void) =>
  slices.map((values, i) => {
    const copy = values.slice()
    if (i === slice) change(copy)
    return copy
  })
const nudged = (slices: readonly Float32Array[], slice: number) =>
  changed(slices, slice, values => {
    values[values.length - 1] *= 1 + 2 ** -20
  })

describe('a file’s identity', () => {
  it('is SHA-256, and does not depend on name, folder, compression and layout', async () => {
    const path = await write()
    const identity = await identityOf(path)
    expect(identity).toMatch(/^[0-9a-f]{64}$/)
    mkdirSync(join(folder, 'elsewhere'))
    const copy = join(folder, 'elsewhere', 'other name.hdf5')
    copyFileSync(path, copy)
    expect(await identityOf(copy)).toBe(identity)
    expect(await identityOf(await write({}, { packed: true }))).toBe(identity)
    // An axis of one coil does not count.
    expect(await contentOf(await write({ axes: [1, ROWS, COLUMNS] }))).toMatchObject({ identity })
    // Unused attributes do not count.
    expect(await identityOf(await write({ attributes: { ...STORED.attributes, norm: 3 } }))).toBe(identity)
  })

  it('of a file of one coil is the identity that earlier versions recorded', async () => {
    const golden = fileURLToPath(new URL('../../../fixtures/golden/h5/file1000052.h5', import.meta.url))
    expect(await contentOf(golden)).toMatchObject({
      identity: 'a42433dd6b1ffa7bee7e04c44ef6cf06cb8e4233bf56f3b8976ba994c843a9fe',
      scan: 'bcdb0974ecc551e223118ce264cc95394545602ef2871c7bc55bb8087009f1e3',
    })
  })

  it('changes if any used number or attribute changes', async () => {
    const ones = Array.from({ length: COLUMNS }, () => 1)
    const zeroAt = (column: number) => ones.map((_, i) => Number(i !== column))
    const grid = Array.from({ length: ROWS * COLUMNS }, (_, i) => Number(i % 7 > 0))
    const lines = (count: number) => grid.slice(0, count === ROWS ? ROWS : count * COLUMNS)
    const variants: Partial<Stored>[] = [
      {},
      ...[0, 1, 2].map(slice => ({ kspace: nudged(kspace, slice) })),
      ...[0, 1, 2].map(slice => ({ truth: nudged(truth, slice) })),
      { kspace: [kspace[1], kspace[0], kspace[2]] },
      { kspace: kspace.slice(0, 2), truth: truth.slice(0, 2) },
      { truth: null },
      { mask: ones },
      { mask: zeroAt(3) },
      { mask: zeroAt(4) },
      { mask: grid, maskShape: [ROWS, COLUMNS] },
      { mask: [...grid, ...grid, ...grid.toReversed()], maskShape: [SLICES, ROWS, COLUMNS] },
      { mask: lines(SLICES), maskShape: [SLICES, 1, COLUMNS] },
      { mask: lines(ROWS), maskShape: [ROWS, 1] },
      { header: null },
      { header: '' },
      { header: '<ismrmrdHeader></ismrmrdHeader>' },
      { attributes: { ...STORED.attributes, acquisition: 'CORPDFS_FBK' } },
      { attributes: { ...STORED.attributes, max: 2e-5 } },
      { attributes: { ...STORED.attributes, patient_id: 'two' } },
      { attributes: { ...STORED.attributes, patient_orientation: 'L\\F' } },
      { attributes: { ...STORED.attributes, synthetic: 1 } },
    ]
    const identities = new Set<string>()
    for (const variant of variants) identities.add(await identityOf(await write(variant)))
    expect(identities.size).toBe(variants.length)
  })
})

describe('opening a file whose content is known', () => {
  const refused = (path: string) => ({ code: 'DATA_CHANGED', message: expect.stringMatching(path) })

  it('gives the recorded content, and does not read the file again', async () => {
    const path = await write()
    const content = await contentOf(path)
    expect(VolumeContent.parse(content)).toEqual(content)
    const told = { ...content, sampling: { kind: 'irregular', pattern: 'rows', acceleration: 2 } } as const
    const volume = await openVolume(path, '', told)
    expect(volume.info).toMatchObject({ content: told, sampling: told.sampling })
    volume.dispose()
  })

  it('is refused after the file was written, even if size and modification time are restored', async () => {
    const path = await write()
    const content = await contentOf(path)
    const { atime, mtime, size } = statSync(path)
    await write({ kspace: nudged(kspace, 2) }, { path })
    utimesSync(path, atime, mtime)
    expect(statSync(path)).toMatchObject({ size, mtimeMs: mtime.getTime() })
    await expect(openVolume(path, '', content)).rejects.toMatchObject(refused(path))
    await expect(openVolume(path, '', content)).rejects.toThrow('Scan the study again')
    expect(await identityOf(path)).not.toBe(content.identity)
  })

  it('works if only permissions or times have changed', async () => {
    const path = await write()
    const content = await contentOf(path)
    const pool = new VolumePool()
    const volume = await pool.open(path, content)
    expect(await pool.open(path, content)).toBe(volume)
    expect(await pool.open(path)).toBe(volume)
    chmodSync(path, 0o600)
    const again = await pool.open(path, content)
    expect(again.info.content!.version).not.toEqual(content.version)
    expect(again.info.content).toMatchObject({ identity: content.identity })
    expect(await pool.open(path, content)).toBe(again)
    pool.dispose()
  })

  it('is refused for a volume that is kept open, and for its thumbnail', async () => {
    const path = await write()
    const content = await contentOf(path)
    const pool = new VolumePool()
    await pool.open(path, content)
    await write({ kspace: nudged(kspace, 2) }, { path })
    await expect(pool.open(path, content)).rejects.toMatchObject(refused(path))
    expect((await pool.open(path)).info.content!.identity).not.toBe(content.identity)
    await expect(pool.open(path, content)).rejects.toMatchObject(refused(path))
    pool.dispose()
    const request = { path, content, salt: '', mask: { kind: 'random', acceleration: 4, centerFraction: 0.1 }, size: 8 }
    await expect(
      thumbnail(request as Calls['thumbnail']['params'], new AbortController().signal),
    ).rejects.toMatchObject(refused(path))
  })

  it('is refused for a file that is written while it is read', async () => {
    const path = await write()
    let slices = 0
    const pause = async () => {
      if (++slices === 2) writeFileSync(path, 'gone', { flag: 'a' })
    }
    await expect(openVolume(path, '', undefined, { pause })).rejects.toMatchObject(refused(path))
  })
})

describe('faults', () => {
  it('are listed by slice and dataset, and sampling is judged without these slices', async () => {
    const bad = changed(kspace, 1, values => values.fill(0))
    const path = await write({
      kspace: changed(bad, 2, values => {
        values[5] = Number.NaN
      }),
      truth: changed(truth, 0, values => values.fill(0)),
      truthName: 'reconstruction_rss',
    })
    const content = await contentOf(path)
    expect(content.faults).toEqual([
      { slice: 1, dataset: 'kspace', fault: 'all zero' },
      { slice: 2, dataset: 'kspace', fault: 'not finite' },
      { slice: 0, dataset: 'reconstruction_rss', fault: 'all zero' },
    ])
    expect(content.sampling).toMatchObject({ kind: 'full' })
  })

  it('in all slices of k-space refuse the file, with a message on the faults', async () => {
    const zeros = await write({ kspace: kspace.map(slice => new Float32Array(slice.length)) })
    await expect(openVolume(zeros, '')).rejects.toMatchObject({
      code: 'UNSUPPORTED_FORMAT',
      message: expect.stringContaining('3 slices that are zero everywhere'),
    })
    const infinite = await write({
      kspace: kspace.map(slice => new Float32Array(slice.length).fill(Number.POSITIVE_INFINITY)),
    })
    await expect(openVolume(infinite, '')).rejects.toMatchObject({
      code: 'NOT_FINITE',
      message: expect.stringMatching(infinite),
    })
  })
})

describe('remarks', () => {
  const header = (readout: number, phase: number) =>
    `<ismrmrdHeader><encoding><encodedSpace><matrixSize><x>${readout}</x><y>${phase}</y></matrixSize>` +
    '</encodedSpace></encoding></ismrmrdHeader>'

  it('name axes that contradict the header, with both sizes', async () => {
    const { remarks } = await contentOf(await write({ header: header(COLUMNS, ROWS) }))
    expect(remarks).toHaveLength(1)
    expect(remarks[0]).toContain(`${COLUMNS} samples along the readout and ${ROWS} phase-encoding steps`)
    expect(remarks[0]).toContain(`${ROWS} rows and ${COLUMNS} columns`)
    for (const [readout, phase] of [
      [ROWS, COLUMNS],
      [ROWS, COLUMNS - 4], // zero padding
      [2 * ROWS, COLUMNS], // removed oversampling
    ] as const)
      expect((await contentOf(await write({ header: header(readout, phase) }))).remarks).toEqual([])
  })
})

describe('a file of several coils', () => {
  const COILS = 3
  const coils = kspace.map((slice, i) =>
    Float32Array.from([slice, kspaceOf(scanOf(10 + i)), kspaceOf(scanOf(20 + i))].flatMap(part => Array.from(part))),
  )
  const several = { kspace: coils, axes: [COILS, ROWS, COLUMNS], truthName: 'reconstruction_rss' }
  const size = 2 * ROWS * COLUMNS
  const channels = (number: number) =>
    '<ismrmrdHeader><acquisitionSystemInformation>' +
    `<receiverChannels>${number}</receiverChannels></acquisitionSystemInformation></ismrmrdHeader>`

  it('has an identity over all coils', async () => {
    const contents = [
      await contentOf(await write(several)),
      await contentOf(await write({ ...several, kspace: nudged(coils, 2) })),
      await contentOf(
        await write({
          ...several,
          kspace: coils.map(slice => Float32Array.from([...slice.subarray(size), ...slice.subarray(0, size)])),
        }),
      ),
      await contentOf(await write({ ...several, axes: [ROWS, COILS, COLUMNS] })),
    ]
    for (const what of ['identity', 'scan'] as const) expect(new Set(contents.map(each => each[what])).size).toBe(4)
    expect(contents[0]).toMatchObject({ sampling: { kind: 'full' }, faults: [], remarks: [] })
    expect(await identityOf(await write(several, { packed: true }))).toBe(contents[0].identity)
  })

  it('with NaN in one coil has a fault of that slice, which names the coil; the rest works', async () => {
    const broken = changed(coils, 1, values => {
      values[size + 4] = Number.NaN
    })
    const volume = await openVolume(await write({ ...several, kspace: broken }), '')
    expect(volume.info.content!.faults).toEqual([{ slice: 1, dataset: 'kspace', fault: 'not finite', coils: [1] }])
    expect(volume.info.content!.faults.map(faultInWords)).toEqual(['slice 2 (kspace: not finite in coil 2)'])
    expect(() => volume.readKspace(1)).toThrow('slice 2, coil 2')
    expect(volume.readKspace(2)).toEqual(coils[2])
    volume.dispose()
  })

  it('gets remarks on coils without signal, in all slices or in some', async () => {
    const without = (slices: readonly number[]) =>
      coils.map((slice, i) => (slices.includes(i) ? slice.map((value, at) => (at < size ? 0 : value)) : slice))
    const dead = await contentOf(await write({ ...several, kspace: without([0, 1, 2]) }))
    expect(dead).toMatchObject({ faults: [], remarks: [expect.stringContaining('No signal in coil 1 of 3')] })
    const partly = await contentOf(await write({ ...several, kspace: without([1]) }))
    expect(partly).toMatchObject({ faults: [], remarks: [expect.stringContaining('coil 1 (slice 2)')] })
    const all = { ...several, kspace: coils.map(slice => new Float32Array(slice.length)) }
    await expect(openVolume(await write(all), '')).rejects.toMatchObject({ code: 'UNSUPPORTED_FORMAT' })
  })

  it('gets a remark on a header with another number of coils', async () => {
    const { remarks } = await contentOf(await write({ ...several, header: channels(4) }))
    expect(remarks).toEqual([expect.stringContaining('The header says 4 receiver channels, k-space has 3 coils')])
    expect((await contentOf(await write({ ...several, header: channels(3) }))).remarks).toEqual([])
  })
})

describe('a virtual dataset', () => {
  const parts = ['virtual.h5', 'part0.hdf']
  const assemble = (name: string) => {
    mkdirSync(join(folder, name))
    for (const part of parts) copyFileSync(join(fixture, part), join(folder, name, part))
    return join(folder, name, 'virtual.h5')
  }

  it('with a missing source has slices of zeros, and a remark that names the source', async () => {
    const { faults, remarks } = await contentOf(assemble('whole'))
    expect(faults).toEqual([{ slice: 2, dataset: 'kspace', fault: 'all zero' }])
    expect(remarks).toHaveLength(1)
    expect(remarks[0]).toContain('of which part1.hdf cannot be found')
  })

  it('may hold several coils', async () => {
    const volume = await openVolume(join(fixture, 'coils.h5'), '')
    expect(volume.info).toMatchObject({ slices: 2, coils: 3, rows: 8, columns: 6, content: { faults: [] } })
    expect(Object.keys(volume.info.content!.version.sources!)).toEqual(
      ['coils0.hdf', 'coils1.hdf'].map(name => join(fixture, name)),
    )
    // virtual.py writes 100 · slice + 10 · coil + row into the real part, and the column into the imaginary part.
    const expected = (slice: number) =>
      Float32Array.from({ length: 3 * 8 * 6 * 2 }, (_, i) => {
        const [coil, row, column] = [Math.floor(i / 96), Math.floor(i / 12) % 8, Math.floor(i / 2) % 6]
        return i % 2 === 0 ? 100 * slice + 10 * coil + row : column
      })
    for (const slice of [0, 1]) expect(volume.readKspace(slice)).toEqual(expected(slice))
    volume.dispose()
  })

  it('is refused after a source was changed, although its own file did not change', async () => {
    const path = assemble('changed')
    const content = await contentOf(path)
    const volume = await openVolume(path, '', content)
    volume.dispose()
    rmSync(join(folder, 'changed', 'part0.hdf'))
    await expect(openVolume(path, '', content)).rejects.toMatchObject({ code: 'UNSUPPORTED_FORMAT' })
    const other = new File(join(folder, 'changed', 'part0.hdf'), 'w')
    other.create_dataset({
      name: 'k',
      data: new Map([
        ['r', new Float32Array(96).fill(1)],
        ['i', new Float32Array(96)],
      ]),
      shape: [2, 8, 6],
      dtype: [
        ['r', '<f'],
        ['i', '<f'],
      ],
    })
    other.close()
    await expect(openVolume(path, '', content)).rejects.toMatchObject({
      code: 'DATA_CHANGED',
      message: expect.stringMatching(path),
    })
  })
})

describe('a mask dataset of points', () => {
  const grid = Array.from({ length: ROWS * COLUMNS }, (_, i) => Number(i % 3 > 0 || i % 7 === 0))
  const isMeasured = (row: number, column: number) => grid[row * COLUMNS + column] === 1
  const mask = { mask: grid, maskShape: [1, 1, ROWS, COLUMNS, 1] }

  it('says what was measured of full k-space, which is multiplied by the mask', async () => {
    const volume = await openVolume(await write(mask), '')
    const { sampling, remarks } = volume.info.content!
    const measured = grid.reduce((sum, value) => sum + value, 0)
    expect(sampling).toEqual({ kind: 'irregular', pattern: 'points', acceleration: grid.length / measured })
    expect(remarks[0]).toBe('The dataset mask calls 72 % of the samples measured.')
    expect(remarks[1]).toMatch(/^The samples that the dataset mask calls not measured hold [\d.]+ % of the energy/)
    expect(remarks).toHaveLength(2)
    expect(volume.readKspace(1)).toEqual(sampled(kspace[1], COLUMNS, isMeasured))
    expect(volume.mask!(1)).toMatchObject({ kind: 'points', measured: Uint8Array.from(grid) })
    volume.dispose()
  })

  it('agrees with k-space that was sampled so, and names the samples that k-space lacks', async () => {
    const slices = kspace.map(slice => sampled(slice, COLUMNS, isMeasured))
    const agreeing = await contentOf(await write({ ...mask, kspace: slices }))
    expect(agreeing.remarks).toEqual(['The dataset mask calls 72 % of the samples measured.'])
    const ones = grid.map((_, i) => (i === 0 ? 0 : 1))
    const wrong = await contentOf(await write({ ...mask, mask: ones, kspace: slices }))
    expect(wrong.remarks[1]).toMatch(/^28 % of the samples that the dataset mask calls measured are empty in k-space/)
  })

  it('loses the lines between measured lines that are empty in k-space', async () => {
    const isFound = (row: number, column: number) =>
      isMeasured(row, column) && row > 0 && column < COLUMNS - 1 && row !== 3 && column !== 2
    const slices = kspace.map(slice => sampled(slice, COLUMNS, isFound))
    const path = await write({ ...mask, kspace: slices })
    const content = await contentOf(path)
    const left = grid.map((value, i) => Number(value && Math.floor(i / COLUMNS) !== 3 && i % COLUMNS !== 2))
    expect(content).toMatchObject({
      lost: { rows: [3], columns: [2] },
      sampling: { pattern: 'points', acceleration: left.length / left.reduce((sum, value) => sum + value, 0) },
      remarks: [
        'The dataset mask calls 72 % of the samples measured.',
        'The dataset mask calls 1 rows measured that are empty in k-space. They count as not measured.',
        'The dataset mask calls 1 columns measured that are empty in k-space. They count as not measured.',
      ],
    })
    const volume = await openVolume(path, '', content)
    expect(volume.mask!(1)).toMatchObject({ kind: 'points', measured: Uint8Array.from(left) })
    volume.dispose()
    const lines = Array.from({ length: ROWS }, (_, row) => Number(row % 2 === 0 || row === 3))
    const ofRows = { mask: lines, maskShape: [ROWS, 1] }
    const rows = kspace.map(slice => sampled(slice, COLUMNS, row => row % 2 === 0))
    expect(await contentOf(await write({ ...ofRows, kspace: rows }))).toMatchObject({
      lost: { rows: [3], columns: [] },
      sampling: { pattern: 'rows', acceleration: 2 },
    })
  })
})

describe('the call', () => {
  type Event = Calls['contents']['event']
  const call = async (paths: readonly string[], pause = async () => {}) => {
    const events: Event[] = []
    const { signal } = new AbortController()
    const done = handlers.contents({ paths, salt: 'salt' }, { signal, pause, emit: event => void events.push(event) })
    return { result: await done, events }
  }

  it('reports each file’s content, or why the file cannot be used, and the progress in bytes', async () => {
    const half = await write(
      { kspace: kspace.map(slice => sampled(slice, COLUMNS, (_, column) => column % 2 === 0)) },
      { packed: true },
    )
    const text = join(folder, 'text.h5')
    writeFileSync(text, 'not HDF5')
    const { events, result } = await call([half, text])
    expect(result).toEqual({})
    const finished = events.flatMap(event => (event.type === 'file' ? [event] : []))
    expect(finished.map(({ path }) => path)).toEqual([half, text])
    expect(finished[0]).toMatchObject({
      volume: {
        path: half,
        slices: 3,
        sampling: { kind: 'sub-sampled', measuredColumns: COLUMNS / 2 },
        content: { identity: await identityOf(half), mask: '10'.repeat(COLUMNS / 2), faults: [] },
      },
    })
    expect(finished[1]).toMatchObject({ reason: expect.stringContaining('file of another kind') })
    const read = events.flatMap(event => (event.type === 'bytes' ? [event.read] : []))
    expect(read).toHaveLength(2 * SLICES)
    expect(read).toEqual(read.toSorted((a, b) => a - b))
    expect(read.at(-1)).toBe(statSync(half).size)
  })

  it('stops between two slices if it is cancelled', async () => {
    const path = await write()
    let slices = 0
    const pause = async () => {
      if (++slices === 3) throw new AppError('CANCELLED', 'Cancelled')
    }
    await expect(call([path], pause)).rejects.toMatchObject({ code: 'CANCELLED' })
    expect(slices).toBe(3)
  })
})
