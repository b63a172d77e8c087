import { describe, expect, it } from 'vitest'
import { type VolumeContent, VolumeInfo } from '../../../../src/contract/volumes.ts'
import { readStored } from '../../../../src/core/data/formats/index.ts'
import type { ElementKind, Hdf5File } from '../../../../src/core/data/hdf5.ts'
import { openStored } from '../../../../src/core/data/open.ts'
import type { FileSource } from '../../../../src/core/data/source.ts'
import { makeFourier } from '../../../../src/core/mri/fourier.ts'
import { multiply } from '../../../../src/core/mri/pattern.ts'

interface StoredDataset {
  readonly shape: readonly number[]
  readonly kind: ElementKind
  readonly values: ArrayLike<number>
}

type Datasets = Record<string, StoredDataset | string>
type Attributes = Record<string, string | number>

/** An HDF5 file in memory. */
function memoryFile(contents: Datasets, attributes: Attributes = {}): FileSource & { disposed: boolean } {
  const stored = (name: string) => {
    const entry = contents[name]
    return entry === undefined || typeof entry === 'string' ? null : entry
  }
  const file: Hdf5File = {
    path: '/data/file1.h5',
    datasets: Object.keys(contents),
    groups: [],
    shape: name => (typeof contents[name] === 'string' ? [] : (stored(name)?.shape ?? null)),
    kind: name => (typeof contents[name] === 'string' ? 'string' : (stored(name)?.kind ?? null)),
    typeName: name => (typeof contents[name] === 'string' ? 'text' : stored(name)!.kind),
    withFloat32(name, from, count, use) {
      const { shape, kind, values } = stored(name)!
      const perSlice = shape.slice(1).reduce((a, b) => a * b, kind.startsWith('complex') ? 2 : 1)
      return use(Float32Array.from(values).slice(from * perSlice, (from + count) * perSlice))
    },
    withBox: () => {
      throw new Error('not used')
    },
    eachRecord() {},
    unwritten: () => new Set(),
    virtualSources: () => [],
    readNumbers: name => Float64Array.from(stored(name)!.values),
    readText: name => (typeof contents[name] === 'string' ? contents[name] : null),
    attribute: name => attributes[name] ?? null,
    dispose() {},
  }
  return {
    path: file.path,
    name: 'file1.h5',
    bytes: 1234,
    disposed: false,
    hdf5: () => file,
    read: () => new Uint8Array(),
    sibling: () => null,
    dispose() {
      this.disposed = true
    },
  }
}

/** k-space [slices, 6 rows, columns]. Every sample of column c has the amplitude amplitudes[c]. */
function kspace(slices: number, amplitudes: readonly number[], kind: ElementKind = 'complex64'): StoredDataset {
  const columns = amplitudes.length
  const values = Array.from({ length: slices * 6 * columns * 2 }, (_, i) => amplitudes[Math.floor(i / 2) % columns])
  return { shape: [slices, 6, columns], kind, values }
}

function images(slices: number, height: number, width: number, value = 1): StoredDataset {
  const values = Array.from({ length: slices * height * width }, (_, i) => value + i)
  return { shape: [slices, height, width], kind: 'float32', values }
}

const full = kspace(3, [1, 2, 3, 4, 5])
const openFile = (source: FileSource, content?: VolumeContent, hash = (id: string) => id) =>
  openStored(readStored(source, null), { source, part: null }, { hashPatient: hash, fourier: makeFourier() }, content)
const open = (datasets: Datasets, attributes?: Attributes) =>
  openFile(memoryFile(datasets, attributes), undefined, id => `hash of ${id.length} letters`)
const sampling = (datasets: Datasets) => open(datasets).info.sampling

describe('a fastMRI file', () => {
  it('describes a full volume completely', () => {
    const header =
      '<ismrmrdHeader><encoding><reconSpace><matrixSize><x>8</x><y>7</y>' +
      '</matrixSize></reconSpace></encoding></ismrmrdHeader>'
    const { info, mask } = open(
      {
        kspace: full,
        reconstruction_esc: images(3, 4, 5),
        reconstruction_rss: images(3, 2, 2),
        reconstruction_noise_free: images(3, 4, 5),
        ismrmrd_header: header,
      },
      { acquisition: 'CORPD_FBK', max: 0.5, patient_id: 'secret', synthetic: 1 },
    )
    expect(info).toEqual({
      path: '/data/file1.h5',
      file: 'file1.h5',
      slices: 3,
      rows: 6,
      columns: 5,
      coils: 1,
      targetShape: [4, 5],
      reconSize: [8, 7],
      acquisition: 'CORPD_FBK',
      maximum: 0.5,
      orientation: null,
      patient: 'hash of 6 letters',
      sampling: { kind: 'unread' },
      origin: 'synthetic',
      noiseFree: true,
      bytes: 1234,
    })
    expect(VolumeInfo.parse(info)).toEqual(info)
    expect(mask).toBeNull()
  })

  it('opens a file of k-space alone, and keeps no patient id', () => {
    const { info, readTarget, readNoiseFree } = open({ kspace: full })
    expect(info).toMatchObject({ targetShape: null, reconSize: null, acquisition: null, maximum: null })
    // The hash is of the file name.
    expect(info).toMatchObject({ patient: 'hash of 8 letters', origin: 'measured', noiseFree: false })
    expect(readTarget(0)).toBeNull()
    expect(readNoiseFree(0)).toBeNull()
    const subject =
      '<ismrmrdHeader><subjectInformation><patientID>Jane</patientID></subjectInformation></ismrmrdHeader>'
    const fromHeader = open({ kspace: full, ismrmrd_header: subject }, { patient_id: '' })
    expect(fromHeader.info.patient).toBe('hash of 4 letters')
    const fromAttribute = open({ kspace: full, ismrmrd_header: subject }, { patient_id: 'secret' })
    expect(fromAttribute.info.patient).toBe('hash of 6 letters')
    expect(JSON.stringify([fromHeader, fromAttribute])).not.toMatch(/Jane|secret/)
  })

  it('reads a patient orientation in DICOM’s form, and ignores other texts', () => {
    const orientation = (text: string | number) =>
      open({ kspace: full }, { patient_orientation: text }).info.orientation
    expect(orientation('L\\F')).toEqual(['L', 'F'])
    expect(orientation('LA\\FP')).toEqual(['LA', 'FP'])
    for (const malformed of [
      '',
      'L',
      'L\\',
      '\\F',
      'L\\F\\A',
      'L\\R',
      'LR\\F',
      'LL\\F',
      'LAF\\F',
      'l\\f',
      'X\\F',
      'L/F',
      3,
    ])
      expect(orientation(malformed), String(malformed)).toBeNull()
  })

  describe('the geometry of a file that Self-MRI wrote', () => {
    const geometry = {
      right: [0, 1, 0],
      down: [0, 0, -1],
      origins: [
        [0, 0, 1],
        [2, 0, 1],
        [4, 0, 1],
      ],
    }
    const placed = (stated: unknown, attributes: Attributes = {}) => {
      const file = memoryFile({ kspace: full, image_geometry: JSON.stringify(stated) }, attributes)
      const stored = readStored(file, null)
      return { stored, facts: stored.facts, remarks: stored.remarks.join(' ') }
    }

    it('gives the letters too', () => {
      expect(placed(geometry).facts.geometry).toEqual(geometry)
      expect(placed(geometry).remarks).toBe('')
      expect(open({ kspace: full, image_geometry: JSON.stringify(geometry) }).info).toMatchObject({
        geometry,
        orientation: ['P', 'F'],
      })
    })

    it('counts for the identity. A file without it keeps the identity it had', () => {
      expect(placed(geometry).stored.attributes.image_geometry).toBe(JSON.stringify(geometry))
      expect(readStored(memoryFile({ kspace: full }), null).attributes).not.toHaveProperty('image_geometry')
    })

    it.each([
      ['{', 'not the JSON text'],
      [{ ...geometry, down: [0, 1, 0] }, 'not perpendicular'],
      [{ ...geometry, origins: [[0, 0, 0]] }, 'it places 1 slices, and k-space has 3'],
    ])('%j is named and left out', (stated, reason) => {
      const { facts, remarks } = placed(stated)
      expect(facts).not.toHaveProperty('geometry')
      expect(remarks).toContain(reason)
    })

    it('must agree with the attribute patient_orientation', () => {
      expect(placed(geometry, { patient_orientation: 'P\\F' }).facts.geometry).toEqual(geometry)
      const { facts, remarks } = placed(geometry, { patient_orientation: 'L\\F' })
      expect([facts.geometry, facts.orientation]).toEqual([undefined, ['L', 'F']])
      expect(remarks).toContain('it says P\\F, and patient_orientation says L\\F')
    })
  })

  it('reads slices, the target from reconstruction_rss if it is the only one', () => {
    const volume = open({ kspace: full, reconstruction_rss: images(3, 2, 2, 7) })
    expect(volume.readKspace(2)).toEqual(Float32Array.from(full.values).slice(2 * 60))
    expect(volume.readTarget(1)).toEqual(Float32Array.of(11, 12, 13, 14))
    expect(() => volume.readKspace(3)).toThrow(RangeError)
    expect(() => volume.readKspace(-1)).toThrow(RangeError)
  })

  it('reads k-space with an axis of one coil as one coil', () => {
    const volume = open({
      kspace: { ...full, shape: [3, 1, 6, 5] },
      reconstruction_esc: images(3, 2, 2, 7),
      reconstruction_rss: images(3, 2, 2),
    })
    expect(volume.info).toMatchObject({ slices: 3, coils: 1, rows: 6, columns: 5 })
    expect(volume.readKspace(2)).toEqual(Float32Array.from(full.values).slice(2 * 60))
    expect(volume.readTarget(0)).toEqual(Float32Array.of(7, 8, 9, 10))
  })

  it('reads k-space of several coils, with the root sum of squares as ground truth', () => {
    const kspace = { ...full, shape: [1, 3, 6, 5] }
    const volume = open({ kspace, reconstruction_esc: images(1, 2, 2, 7), reconstruction_rss: images(1, 4, 3) })
    expect(volume.info).toMatchObject({ slices: 1, coils: 3, rows: 6, columns: 5, targetShape: [4, 3] })
    expect(volume.readKspace(0)).toEqual(Float32Array.from(full.values))
    expect(volume.withKspace(0, values => values.length)).toBe(3 * 6 * 5 * 2)
    expect(volume.readTarget(0)).toEqual(Float32Array.from({ length: 12 }, (_, i) => 1 + i))
  })

  it('takes no image of an emulated coil as the ground truth of several coils, and says why', () => {
    const [kspace, reconstruction_esc] = [{ ...full, shape: [1, 3, 6, 5] }, images(1, 2, 2)]
    const volume = open({ kspace, reconstruction_esc })
    expect([volume.info.targetShape, volume.readTarget(0)]).toEqual([null, null])
    const remarksOf = (datasets: Datasets) => readStored(memoryFile(datasets), null).remarks
    expect(remarksOf({ kspace, reconstruction_esc })).toEqual([
      expect.stringContaining('reconstruction_esc is not used'),
    ])
    expect(remarksOf({ kspace, reconstruction_esc, reconstruction_rss: images(1, 2, 2) })).toEqual([])
    expect(remarksOf({ kspace: full, reconstruction_esc: images(3, 2, 2) })).toEqual([])
  })

  it('names the coil of a number that is not finite', () => {
    const values = Array.from(full.values)
    values[2 * 60 + 3] = Number.NaN
    const volume = open({ kspace: { ...full, values, shape: [1, 3, 6, 5] } })
    expect(() => volume.readKspace(0)).toThrow('got NaN in kspace, slice 1, coil 3, in /data/file1.h5')
  })

  it('disposes its file', () => {
    const file = memoryFile({ kspace: full })
    openFile(file).dispose()
    expect(file.disposed).toBe(true)
  })

  it('refuses a file of another kind, and names the formats', () => {
    const other: FileSource = { ...memoryFile({}), path: '/data/scan.nii', name: 'scan.nii', hdf5: () => null }
    expect(() => openFile(other)).toThrow(
      expect.objectContaining({
        code: 'UNSUPPORTED_FORMAT',
        message: expect.stringMatching(/fastMRI HDF5, .*got a file of another kind: \/data\/scan.nii\. .*\.h5, \.hdf5/),
      }),
    )
  })

  const refused = [
    ['no k-space', { reconstruction: images(3, 4, 4), other: 'x' }, 'UNSUPPORTED_FORMAT', 'got reconstruction, other'],
    ['nothing', {}, 'UNSUPPORTED_FORMAT', 'no dataset at all'],
    ['no coils', { kspace: { ...full, shape: [3, 0, 6, 5] } }, 'UNSUPPORTED_FORMAT', 'got [3, 0, 6, 5]'],
    ['one slice without its axis', { kspace: { ...full, shape: [18, 5] } }, 'UNSUPPORTED_FORMAT', 'got [18, 5]'],
    [
      'k-space of five axes',
      { kspace: { ...full, shape: [3, 1, 1, 6, 5] } },
      'UNSUPPORTED_FORMAT',
      'got [3, 1, 1, 6, 5]',
    ],
    ['no slices', { kspace: { ...full, shape: [0, 6, 5] } }, 'UNSUPPORTED_FORMAT', 'got [0, 6, 5]'],
    ['real k-space', { kspace: { ...full, kind: 'float32' } }, 'UNSUPPORTED_FORMAT', 'got float32'],
    ['odd elements', { kspace: { ...full, kind: 'other' } }, 'UNSUPPORTED_FORMAT', 'got other'],
    ['booleans for k-space', { kspace: { ...full, kind: 'boolean' } }, 'UNSUPPORTED_FORMAT', 'got boolean'],
    [
      'a complex ground truth',
      { kspace: full, reconstruction_esc: { ...images(3, 4, 4), kind: 'complex64' } },
      'UNSUPPORTED_FORMAT',
      'Expected real numbers in reconstruction_esc',
    ],
    [
      'a ground truth of booleans',
      { kspace: full, reconstruction_rss: { ...images(3, 4, 4), kind: 'boolean' } },
      'UNSUPPORTED_FORMAT',
      'Expected real numbers in reconstruction_rss',
    ],
    [
      'a complex noise-free image',
      {
        kspace: full,
        reconstruction_esc: images(3, 4, 4),
        reconstruction_noise_free: { ...images(3, 4, 4), kind: 'complex128' },
      },
      'UNSUPPORTED_FORMAT',
      'Expected real numbers in reconstruction_noise_free',
    ],
    ['too few targets', { kspace: full, reconstruction_esc: images(2, 4, 4) }, 'SHAPE_MISMATCH', 'got [2, 4, 4]'],
    [
      'a target not 2-D',
      { kspace: full, reconstruction_esc: { ...full, shape: [3, 90] } },
      'SHAPE_MISMATCH',
      'got [3, 90]',
    ],
    [
      'noise-free alone',
      { kspace: full, reconstruction_noise_free: images(3, 4, 4) },
      'SHAPE_MISMATCH',
      'there is none',
    ],
    [
      'noise-free of another size',
      { kspace: full, reconstruction_esc: images(3, 4, 4), reconstruction_noise_free: images(3, 4, 5) },
      'SHAPE_MISMATCH',
      '4 × 4, got 4 × 5',
    ],
    ['a mask too short', { kspace: full, mask: images(1, 1, 4, 0) }, 'SHAPE_MISMATCH', 'Remove the dataset mask'],
    [
      'a mask of zeros',
      { kspace: full, mask: { shape: [5], kind: 'integer', values: [0, 0, 0, 0, 0] } },
      'UNSUPPORTED_FORMAT',
      'only zeros',
    ],
    [
      'a mask with NaN',
      { kspace: full, mask: { shape: [5], kind: 'float32', values: [1, Number.NaN, 0, 0, 1] } },
      'UNSUPPORTED_FORMAT',
      'Expected a mask of numbers, got NaN',
    ],
  ] as const

  it.each(['complex32', 'complex64', 'complex128', 'complex-integer'] as const)('takes k-space of %s', kind => {
    expect(open({ kspace: { ...full, kind } }).info.columns).toBe(5)
  })

  it.each(['integer', 'float16', 'float32', 'float64'] as const)('takes a ground truth of %s', kind => {
    const { info } = open({ kspace: full, reconstruction_esc: { ...images(3, 4, 4), kind } })
    expect(info.targetShape).toEqual([4, 4])
  })

  it.each(refused)('refuses %s, naming the file', (_, datasets, code, words) => {
    expect(() => open(datasets as Datasets)).toThrow(
      expect.objectContaining({ name: 'AppError', code, message: expect.stringContaining(words) }),
    )
    expect(() => open(datasets as Datasets)).toThrow('/data/file1.h5')
  })

  it.each([Number.NaN, Number.POSITIVE_INFINITY])('opens a volume with %s in it and refuses that slice only', bad => {
    const values = Array.from(full.values)
    values[60 + 3] = bad
    const volume = open({ kspace: { ...full, values }, reconstruction_esc: images(3, 2, 2, bad) })
    expect(volume.readKspace(0).length).toBe(60)
    expect(() => volume.readKspace(1)).toThrow(
      expect.objectContaining({ code: 'NOT_FINITE', message: expect.stringContaining('kspace, slice 2') }),
    )
    expect(() => volume.readKspace(1)).toThrow('/data/file1.h5')
    expect(() => volume.readTarget(0)).toThrow(expect.objectContaining({ code: 'NOT_FINITE' }))
  })
})

describe('sampling', () => {
  it.each([
    [[5], 'float32', [1, 0, 2, 0, 0]],
    [[1, 1, 5, 1], 'integer', [1, 0, 1, 0, 0]],
    [[2, 5], 'integer', [1, 0, 1, 0, 0, 1, 0, 1, 0, 0]],
  ] as const)('is what a mask dataset of shape %j says', (shape, kind, values) => {
    const volume = open({ kspace: full, mask: { shape, kind, values } })
    const expected = { kind: 'sub-sampled', evidence: 'mask dataset', measuredColumns: 2, acceleration: 2.5 }
    expect(volume.info.sampling).toEqual(expected)
    expect(volume.mask!(0)).toMatchObject({ kind: 'columns', measured: Uint8Array.of(1, 0, 1, 0, 0) })
  })

  const points = Array.from({ length: 30 }, (_, i) => Number(i % 3 === 0 || i === 14))
  const rows = [1, 0, 1, 1, 0, 1]
  const each = [points, points.toReversed(), points].flat()
  const acceleration = { points: 30 / 11, rows: 6 / 4, 'each slice differs': 90 / 33 }
  it.each([
    [[6, 5], 'points', points],
    [[1, 1, 6, 5, 1], 'points', points],
    [[6, 5, 1], 'points', points],
    [[3, 1, 6, 5], 'points', [points, points, points].flat()],
    [[6, 1], 'rows', rows],
    [[3, 6, 5], 'each slice differs', each],
    [[3, 1, 5], 'each slice differs', [1, 0, 1, 0, 0, 0, 1, 1, 0, 0, 1, 0, 1, 0, 0]],
  ] as const)('is what a mask dataset of shape %j says: %s', (shape, pattern, values) => {
    const masked = { kspace: full, mask: { shape, kind: 'boolean', values } } as const
    const volume = open(masked)
    const share = pattern === 'each slice differs' && values.length < 90 ? 15 / 6 : acceleration[pattern]
    expect(volume.info.sampling).toEqual({ kind: 'irregular', pattern, acceleration: share })
    for (const slice of [0, 1, 2]) {
      const at = (row: number, column: number) => {
        if (pattern === 'rows') return rows[row]
        if (values.length === 15) return values[5 * slice + column]
        return values[(values.length === 90 ? 30 * slice : 0) + 5 * row + column]
      }
      const expected = Float32Array.from(full.values).slice(60 * slice, 60 * (slice + 1))
      for (let i = 0; i < 60; i++) expected[i] *= at(Math.floor(i / 10), Math.floor(i / 2) % 5)
      expect(volume.readKspace(slice)).toEqual(expected)
      expect(multiply(volume.mask!(slice), volume.readKspace(slice))).toEqual(expected)
    }
  })

  const square = kspace(3, [1, 2, 3, 4, 5, 6])
  it.each([[[6, 1]], [[6, 1, 1]], [[1, 6, 1, 1]]])('is what a mask of rows says in a square file: %j', shape => {
    const volume = open({ kspace: square, mask: { shape, kind: 'boolean', values: rows } })
    expect(volume.info.sampling).toEqual({ kind: 'irregular', pattern: 'rows', acceleration: 6 / 4 })
    expect(volume.mask!(0)).toMatchObject({ kind: 'rows', measured: Uint8Array.from(rows) })
  })

  it.each([[[6]], [[1, 6]], [[1, 6, 1]], [[1, 1, 6, 1]]])('is what a mask of columns says there: %j', shape => {
    const volume = open({ kspace: square, mask: { shape, kind: 'boolean', values: rows } })
    expect(volume.info.sampling).toMatchObject({ kind: 'sub-sampled', measuredColumns: 4 })
    const ones = { shape: [6, 1], kind: 'integer', values: [1, 1, 1, 1, 1, 1] } as const
    expect(sampling({ kspace: square, mask: ones })).toEqual({ kind: 'unread' })
  })

  it.each([[[5, 6]], [[2, 6, 5]], [[3, 2, 6, 5]]])('of a mask dataset of shape %j is refused in words', shape => {
    const values = Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Number(i % 7 > 1))
    expect(() => open({ kspace: full, mask: { shape, kind: 'integer', values } })).toThrow(
      /^Expected a mask.*, got (an array )?\[[\d, ]+\], in .*\/data\/file1\.h5\. (Remove|Write) the/,
    )
  })

  it('is unread without a mask that leaves columns out', () => {
    const ones = { shape: [5], kind: 'integer', values: [1, 1, 1, 1, 1] } as const
    const cases: Datasets[] = [{ kspace: full }, { kspace: full, mask: ones }]
    for (const datasets of cases) {
      expect(sampling(datasets)).toEqual({ kind: 'unread' })
      expect(open(datasets).mask).toBeNull()
    }
  })

  const version = { bytes: 1234, modified: '0', changed: '0', inode: '0' }
  const known = (content: Pick<VolumeContent, 'sampling' | 'mask'>): VolumeContent => ({
    identity: '',
    scan: '',
    version,
    faults: [],
    remarks: [],
    ...content,
  })
  const openKnown = (content: VolumeContent) => openFile(memoryFile({ kspace: full }), content)

  it('is what the content says, once that is known', () => {
    const subSampled = {
      kind: 'sub-sampled',
      evidence: 'empty columns',
      measuredColumns: 2,
      acceleration: 2.5,
    } as const
    const content = known({ sampling: subSampled, mask: '01010' })
    const volume = openKnown(content)
    expect(volume.info).toMatchObject({ sampling: subSampled, content })
    expect(volume.mask!(1)).toMatchObject({ kind: 'columns', measured: Uint8Array.of(0, 1, 0, 1, 0) })
    expect(openKnown(known({ sampling: { kind: 'full', nearlyEmptyColumns: 0, zeroPadding: 0 } })).mask).toBeNull()
    const irregular = openKnown(known({ sampling: { kind: 'irregular', pattern: 'rows', acceleration: 2 } }))
    expect(irregular.mask!(0)).toMatchObject({ kind: 'columns', measured: new Uint8Array(5).fill(1) })
    expect(() => openKnown(known({ sampling: subSampled, mask: '01' }))).toThrow(
      expect.objectContaining({ code: 'SHAPE_MISMATCH', message: expect.stringContaining('/data/file1.h5') }),
    )
  })
})
