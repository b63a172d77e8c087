import { describe, expect, it } from 'vitest'
import { headerRemarks, parseIsmrmrdHeader } from '../../../../src/core/data/formats/ismrmrd-header.ts'

type Three = readonly [unknown, unknown, unknown]

const triple = (name: string, [x, y, z]: Three) => `<${name}><x>${x}</x><y>${y}</y><z>${z}</z></${name}>`
const space = (name: string, matrix: Three, view?: Three) =>
  `<${name}>${triple('matrixSize', matrix)}${view ? triple('fieldOfView_mm', view) : ''}</${name}>`
const encoding = (x: string, y: string) =>
  `<encoding>${space('encodedSpace', [640, 372, 1])}${space('reconSpace', [x, y, 1])}</encoding>`
const header = (inside: string) => `<?xml version="1.0"?>
  <ismrmrdHeader xmlns="http://www.ismrm.org/ISMRMRD">${inside}</ismrmrdHeader>`
const KSPACE = { rows: 640, columns: 372 } as const
const NOTHING = { reconSize: null, voxelSize: null, padding: null, patientId: null }

describe('parseIsmrmrdHeader', () => {
  it('finds the reconstructed size and the patient', () => {
    const subject = '<subjectInformation><patientID> 0042 </patientID></subjectInformation>'
    expect(parseIsmrmrdHeader(header(subject + encoding('320', '310')), KSPACE)).toEqual({
      reconSize: [320, 310],
      voxelSize: null,
      padding: null,
      patientId: '0042',
    })
  })

  it('reads a header with a namespace prefix, and takes the first of several encodings', () => {
    const prefixed = header(encoding('320', '320') + encoding('64', '64')).replaceAll(/<(\/?)(\w)/g, '<$1ns:$2')
    expect(parseIsmrmrdHeader(prefixed, KSPACE)).toEqual({ ...NOTHING, reconSize: [320, 320] })
  })

  it.each([
    ['no sizes', header('')],
    ['half a size', header('<encoding><reconSpace><matrixSize><x>320</x></matrixSize></reconSpace></encoding>')],
    ['words', header(encoding('many', '320'))],
    ['zero', header(encoding('0', '320'))],
    ['a fraction', header(encoding('320', '1.5'))],
  ])('has no size with %s', (_, xml) => {
    expect(parseIsmrmrdHeader(xml, KSPACE)).toEqual(NOTHING)
  })

  it.each([
    ['nothing', null],
    ['an empty text', ''],
    ['plain text', 'not a header'],
    ['other XML', '<note>320</note>'],
    ['a header cut off', header(encoding('320', '320')).slice(0, -40)],
    ['crossed tags', '<ismrmrdHeader><a><b></a></b></ismrmrdHeader>'],
  ])('is null for %s', (_, xml) => {
    expect(parseIsmrmrdHeader(xml, KSPACE)).toBeNull()
  })

  it('leaves entities as they are', () => {
    const subject = '<subjectInformation><patientID>&a;&amp;</patientID></subjectInformation>'
    const xml = header(subject).replace('?>', '?><!DOCTYPE ismrmrdHeader [<!ENTITY a "aaaa">]>')
    expect(parseIsmrmrdHeader(xml, KSPACE)?.patientId).toBe('&a;&amp;')
  })
})

describe('the voxel size', () => {
  interface Scan {
    /** Matrix of the k-space in the file. By default, the matrix of the encoded space. */
    readonly kspace?: readonly [number, number]
    readonly encoded?: readonly [Three, Three?]
    readonly recon?: readonly [Three, Three?]
  }
  const scan = ({ encoded, recon }: Scan) =>
    `<encoding>${encoded ? space('encodedSpace', ...encoded) : ''}` +
    `${recon ? space('reconSpace', ...recon) : ''}</encoding>`
  const sizeOf = ([rows, columns]: readonly [number, number], ...scans: Scan[]) =>
    parseIsmrmrdHeader(header(scans.map(scan).join('')), { rows, columns })!.voxelSize

  // fastMRI's knees: the readout is oversampled 2 times, the slices 1.5 times.
  const KNEE: Scan = {
    encoded: [
      [640, 368, 1],
      [280, 161.42, 4.5],
    ],
    recon: [
      [320, 320, 1],
      [140, 140, 3],
    ],
  }

  it.each<[string, readonly [number, number], Scan, unknown]>([
    ['a fastMRI knee', [640, 368], KNEE, [280 / 640, 161.42 / 368, 3]],
    [
      'columns interpolated by the scanner',
      [64, 36],
      {
        encoded: [
          [64, 36, 1],
          [128, 96, 5],
        ],
        recon: [
          [48, 48, 1],
          [96, 96, 5],
        ],
      },
      [2, 96 / 36, 5],
    ],
    [
      'rows interpolated by the scanner',
      [80, 60],
      {
        encoded: [
          [80, 60, 1],
          [240, 180, 5],
        ],
        recon: [
          [160, 60, 1],
          [240, 180, 5],
        ],
      },
      [3, 3, 5],
    ],
    [
      'a 3-D scan with slice oversampling',
      [64, 48],
      {
        encoded: [
          [64, 48, 40],
          [128, 96, 60],
        ],
        recon: [
          [64, 48, 32],
          [128, 96, 48],
        ],
      },
      [2, 2, 1.5],
    ],
    [
      'a field of view of the matrix in one direction',
      [64, 48],
      {
        encoded: [
          [64, 48, 1],
          [64, 240, 5],
        ],
      },
      [1, 5, null],
    ],
    [
      'thin slices',
      [64, 48],
      {
        encoded: [
          [64, 48, 1],
          [32, 24, 0.5],
        ],
        recon: [
          [64, 48, 1],
          [32, 24, 0.5],
        ],
      },
      [0.5, 0.5, 0.5],
    ],
    [
      'no reconSpace',
      [64, 48],
      {
        encoded: [
          [64, 48, 1],
          [128, 96, 5],
        ],
      },
      [2, 2, null],
    ],
  ])('is the encoded field of view over the encoded matrix: %s', (_, kspace, one, expected) => {
    expect(sizeOf(kspace, one)).toEqual(expected)
  })

  const RECON: Scan['recon'] = [
    [48, 48, 1],
    [96, 96, 5],
  ]
  it.each<[string, Scan]>([
    ['no encodedSpace', { recon: RECON }],
    ['no encoded field of view', { encoded: [[64, 48, 1]], recon: RECON }],
    [
      'the matrix as field of view',
      {
        encoded: [
          [64, 48, 1],
          [64, 48, 1],
        ],
        recon: RECON,
      },
    ],
    [
      'the matrix as field of view, but for the slice',
      {
        encoded: [
          [64, 48, 1],
          [64, 48, 5],
        ],
        recon: RECON,
      },
    ],
    [
      'another matrix than the k-space',
      {
        encoded: [
          [128, 48, 1],
          [128, 96, 5],
        ],
        recon: RECON,
      },
    ],
    [
      'the matrix turned',
      {
        encoded: [
          [48, 64, 1],
          [96, 128, 5],
        ],
        recon: RECON,
      },
    ],
    [
      'metres',
      {
        encoded: [
          [64, 48, 1],
          [0.128, 0.096, 0.005],
        ],
        recon: RECON,
      },
    ],
    ...[0, -128, Number.NaN, Number.POSITIVE_INFINITY, 1e9, '', '128,5', 'wide'].map((view): [string, Scan] => [
      `a field of view of «${view}»`,
      {
        encoded: [
          [64, 48, 1],
          [view, 96, 5],
        ],
        recon: RECON,
      },
    ]),
  ])('is not known with %s', (_, one) => {
    expect(sizeOf([64, 48], one)).toBeNull()
  })

  it.each<[string, Three, Three, Three, Three]>([
    ['of 1 mm in a matrix of 1, as a placeholder has', [64, 48, 1], [128, 96, 1], [48, 48, 1], [96, 96, 1]],
    ['that is none', [64, 48, 1], [128, 96, 5], [48, 48, 1], [96, 96, 0]],
    ['where the matrix counts slices', [64, 48, 30], [128, 96, 4.5], [48, 48, 0], [96, 96, 4.5]],
    ['that both spaces say otherwise, of partitions', [64, 48, 40], [128, 96, 60], [64, 48, 80], [128, 96, 60]],
  ])('has no thickness %s', (_, encodedMatrix, encodedView, reconMatrix, reconView) => {
    const one: Scan = { encoded: [encodedMatrix, encodedView], recon: [reconMatrix, reconView] }
    expect(sizeOf([64, 48], one)).toEqual([2, 2, null])
  })

  it('and the reconstructed size belong to the encoding with the matrix of the k-space', () => {
    const noise: Scan = {
      encoded: [
        [32, 16, 1],
        [320, 320, 5],
      ],
      recon: [
        [32, 32, 1],
        [320, 320, 5],
      ],
    }
    const image: Scan = {
      encoded: [
        [64, 48, 1],
        [128, 96, 5],
      ],
      recon: [
        [40, 44, 1],
        [80, 88, 5],
      ],
    }
    expect(parseIsmrmrdHeader(header(scan(noise) + scan(image)), { rows: 64, columns: 48 })).toMatchObject({
      voxelSize: [2, 2, 5],
      reconSize: [40, 44],
    })
    const other: Scan = {
      encoded: [
        [64, 48, 1],
        [192, 96, 5],
      ],
      recon: image.recon,
    }
    expect(sizeOf([64, 48], image, image)).toEqual([2, 2, 5])
    expect(sizeOf([64, 48], image, other)).toBeNull()
  })
})

describe('the measurable columns', () => {
  const limited = (phase: number, limits: string) =>
    `<encoding>${space('encodedSpace', [32, phase, 1])}<encodingLimits><kspace_encoding_step_1>${limits}` +
    '</kspace_encoding_step_1></encodingLimits></encoding>'
  const limits = (maximum: unknown, center: unknown) =>
    `<minimum>0</minimum><maximum>${maximum}</maximum><center>${center}</center>`
  const paddingOf = (columns: number, xml: string) => parseIsmrmrdHeader(header(xml), { rows: 32, columns })!.padding

  it.each([
    [24, 22, 11, [1, 24]], // golden group multicoil
    [24, 20, 10, [2, 23]],
    [21, 18, 9, [1, 20]],
    [24, 30, 11, [1, 24]], // more steps than columns
  ])('of %i columns with the last step %i and the central step %i are %j', (columns, maximum, center, expected) => {
    expect(paddingOf(columns, limited(columns, limits(maximum, center)))).toEqual(expected)
  })

  it.each([
    ['all columns', limited(24, limits(23, 12))],
    ['no limits', `<encoding>${space('encodedSpace', [32, 24, 1])}</encoding>`],
    ['no centre', limited(24, '<maximum>22</maximum>')],
    ['words', limited(24, limits('many', 11))],
    ['a centre behind the middle', limited(24, limits(22, 13))],
    ['a centre far before the columns', limited(24, limits(22, -30))],
    ['another matrix than k-space', limited(22, limits(20, 10))],
  ])('are all with %s', (_, xml) => {
    expect(paddingOf(24, xml)).toBeNull()
  })
})

describe('what the header says otherwise than k-space', () => {
  const system = (channels: unknown) =>
    `<acquisitionSystemInformation><receiverChannels>${channels}</receiverChannels></acquisitionSystemInformation>`
  const matrix = (readout: unknown, phase: unknown) =>
    `<encoding>${space('encodedSpace', [readout, phase, 1])}</encoding>`
  const remarksOn = (xml: string, coils = 15, rows = 640, columns = 372) =>
    headerRemarks(header(xml), { coils, rows, columns })

  it.each([
    ['the same matrix and coils', system(15) + matrix(640, 372)],
    ['zero padding', matrix(640, 368)],
    ['removed oversampling', matrix(1280, 372)],
    ['a second encoding that fits', matrix(64, 64) + matrix(640, 372)],
    ['no sizes', system('many') + matrix('a', 'b')],
    ['nothing', ''],
  ])('is nothing with %s', (_, xml) => {
    expect(remarksOn(xml)).toEqual([])
  })

  it('is nothing without a header, and for one coil that several coils can be combined to', () => {
    expect(headerRemarks(null, { coils: 15, rows: 640, columns: 372 })).toEqual([])
    expect(remarksOn(system(15) + matrix(640, 372), 1)).toEqual([])
  })

  it('is a matrix of another size, with both sizes and a remedy', () => {
    for (const [readout, phase] of [
      [640, 400],
      [512, 372],
    ]) {
      const remarks = remarksOn(matrix(readout, phase))
      expect(remarks).toHaveLength(1)
      expect(remarks[0]).toContain(`${readout} samples along the readout and ${phase} phase-encoding steps`)
      expect(remarks[0]).toContain('640 rows and 372 columns. K-space counts')
      expect(remarks[0]).toContain('Correct encodedSpace/matrixSize')
    }
    expect(remarksOn(matrix(372, 640))[0]).toContain('its columns seem to be the readout')
    expect(remarksOn(matrix(640, 320), 15, 320, 640)[0]).toContain('its columns seem to be the readout')
  })

  it('is another number of coils, with both numbers and a remedy', () => {
    const remarks = remarksOn(system(16) + matrix(640, 372))
    expect(remarks).toHaveLength(1)
    expect(remarks[0]).toMatch(/says 16 receiver channels, k-space has 15 coils.*export the file again/)
  })
})
