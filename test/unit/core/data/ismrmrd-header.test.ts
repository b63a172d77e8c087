import { describe, expect, it } from 'vitest'
import { parseIsmrmrdHeader } from '../../../../src/core/data/formats/ismrmrd-header.ts'

type Three = readonly [unknown, unknown, unknown]

const triple = (name: string, [x, y, z]: Three) => `<${name}><x>${x}</x><y>${y}</y><z>${z}</z></${name}>`
const space = (name: string, matrix: Three, view?: Three) =>
  `<${name}>${triple('matrixSize', matrix)}${view ? triple('fieldOfView_mm', view) : ''}</${name}>`
const encoding = (x: string, y: string) =>
  `<encoding>${space('encodedSpace', [640, 372, 1])}${space('reconSpace', [x, y, 1])}</encoding>`
const header = (inside: string) => `<?xml version="1.0"?>
  <ismrmrdHeader xmlns="http://www.ismrm.org/ISMRMRD">${inside}</ismrmrdHeader>`
const KSPACE = [640, 372] as const

describe('parseIsmrmrdHeader', () => {
  it('finds the reconstructed size and the patient', () => {
    const subject = '<subjectInformation><patientID> 0042 </patientID></subjectInformation>'
    expect(parseIsmrmrdHeader(header(subject + encoding('320', '310')), KSPACE)).toEqual({
      reconSize: [320, 310],
      voxelSize: null,
      patientId: '0042',
    })
  })

  it('reads a header with a namespace prefix, and takes the first of several encodings', () => {
    const prefixed = header(encoding('320', '320') + encoding('64', '64')).replaceAll(/<(\/?)(\w)/g, '<$1ns:$2')
    expect(parseIsmrmrdHeader(prefixed, KSPACE)).toEqual({ reconSize: [320, 320], voxelSize: null, patientId: null })
  })

  it.each([
    ['no sizes', header('')],
    ['half a size', header('<encoding><reconSpace><matrixSize><x>320</x></matrixSize></reconSpace></encoding>')],
    ['words', header(encoding('many', '320'))],
    ['zero', header(encoding('0', '320'))],
    ['a fraction', header(encoding('320', '1.5'))],
  ])('has no size with %s', (_, xml) => {
    expect(parseIsmrmrdHeader(xml, KSPACE)).toEqual({ reconSize: null, voxelSize: null, patientId: null })
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
  const sizeOf = (kspace: readonly [number, number], ...scans: Scan[]) =>
    parseIsmrmrdHeader(header(scans.map(scan).join('')), kspace)!.voxelSize

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
    expect(parseIsmrmrdHeader(header(scan(noise) + scan(image)), [64, 48])).toMatchObject({
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
