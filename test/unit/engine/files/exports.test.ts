/**
 * Exported files are read back from their bytes, as the standards of the formats describe. DICOM headers are read by
 * dcmjs, pixels from raw bytes.
 */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ExportFormat, exportEnding, exportName } from '../../../../src/contract/exports.ts'
import type { VoxelSize } from '../../../../src/contract/volumes.ts'
import { keptPattern } from '../../../../src/core/mri/draw.ts'
import { type Attributes, loadDicom } from '../../../../src/engine/files/exports/dicom-library.ts'
import { WRITERS } from '../../../../src/engine/files/exports/index.ts'
import type { Reconstruction } from '../../../../src/engine/files/exports/reconstruction.ts'
import { exportVolume } from '../../../../src/engine/files/exports/volume.ts'
import { openHdf5 } from '../../../../src/engine/files/hdf5.ts'
import { openVolume } from '../../../../src/engine/files/volumes.ts'
import type { ReconstructRequest } from '../../../../src/engine/process/protocol.ts'
import { compute, useEngine } from '../../../engine.ts'
import { expectClose } from '../../../golden.ts'
import { rootOverCoils } from '../../../kspace.ts'
import { whole } from '../../../studies.ts'
import { copy, noiseVolume } from '../../../volumes.ts'
import { writeNoise } from './noise-file.ts'

let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'self-mri-exports-'))
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

const SHAPE = [3, 4, 5] as const
/** Values in the range of fastMRI's images, with one value below 0, as networks can give. */
const images = Float32Array.from({ length: 60 }, (_, i) => (i - 1) * 7.3e-6 + 1e-7 * Math.sin(i))

const volume: Reconstruction = {
  images,
  shape: SHAPE,
  slice: null,
  info: { file: 'john_doe.h5', origin: 'measured', orientation: null, maximum: null },
  provenance: {
    run: '12',
    checkpoint: 'ab'.repeat(32),
    mask: 'random, acceleration 4, centre fraction 0.08, seed 3',
    units: 'signal',
  },
}
const second: Reconstruction = { ...volume, images: images.slice(20, 40), shape: [1, 4, 5], slice: 1 }

async function write(format: ExportFormat, reconstruction: Reconstruction, name: string): Promise<string> {
  const path = join(folder, name)
  await WRITERS[format](path, reconstruction)
  return path
}

const floatsOf = (bytes: Buffer, offset: number) =>
  Float32Array.from({ length: (bytes.length - offset) / 4 }, (_, i) => bytes.readFloatLE(offset + 4 * i))

describe('names', () => {
  it('say the slice, counted from 1, and the format', () => {
    expect(exportName('knee', 'nifti', null)).toBe('knee.nii.gz')
    expect(exportName('knee', 'dicom', 4)).toBe('knee_slice-5.dcm')
    expect(exportEnding('dicom', null)).toBe('') // a folder
  })
})

/** Exports the zero-filled images of a volume with three coils. Returns the path, and the images by definition. */
async function exportCoils(format: ExportFormat, slice: number | null) {
  await useEngine()
  const coils = noiseVolume('coils', { slices: 3, coils: 3, rows: 32, columns: 24 })
  const mask = { kind: 'random', acceleration: 4, centerFraction: 0.08 } as const
  const path = join(folder, `coils-${slice}${exportEnding(format, slice)}`)
  const request: ReconstructRequest = {
    files: [],
    salt: '',
    source: 'network',
    reconstructor: null,
    mask,
    seed: null,
    slice,
    format,
    directory: folder,
    run: 'zero-filled',
    checkpoint: null,
    units: 'signal',
  }
  await exportVolume(coils, null, compute(), request, path, async () => {})
  const measured = keptPattern(mask, [32, 24], 'coils.h5').measured
  const expected = (slice === null ? [0, 1, 2] : [slice]).flatMap(index =>
    Array.from(rootOverCoils(coils.readKspace(index), [3, 32, 24], measured)),
  )
  return { path, expected }
}

describe('HDF5', () => {
  it('holds the root of the sum of squares over coils, in the units of the k-space', async () => {
    const { path, expected } = await exportCoils('hdf5', null)
    const file = await openHdf5(path)
    expect(file.shape('reconstruction')).toEqual([3, 32, 24])
    expectClose(file.withFloat32('reconstruction', 0, 3, copy), expected, 1e-5)
    expect(file.attribute('units')).toBe('of the k-space')
    file.dispose()
  })

  it('holds one slice, and its description', async () => {
    const file = await openHdf5(await write('hdf5', second, 'slice.h5'))
    expect(file.shape('reconstruction')).toEqual([1, 4, 5])
    expect(file.withFloat32('reconstruction', 0, 1, copy)).toEqual(second.images)
    expect(['run', 'slice', 'checkpoint', 'units'].map(name => file.attribute(name))).toEqual([
      '12',
      2,
      'ab'.repeat(32),
      'of the k-space',
    ])
    expect(file.attribute('mask')).toContain('seed 3')
    file.dispose()
  })
})

describe('NPY', () => {
  /** Parses a file as the description of the format says. */
  function parse(bytes: Buffer) {
    expect(bytes.subarray(0, 8).toString('latin1')).toBe('\x93NUMPY\x01\x00')
    const end = 10 + bytes.readUInt16LE(8)
    expect(end % 64).toBe(0)
    const header = bytes.subarray(10, end).toString('latin1')
    expect(header.endsWith(' \n') || header.endsWith('}\n')).toBe(true)
    const [, descr, order, shape] = /'descr': '(.*?)', 'fortran_order': (\w+), 'shape': \(([\d, ]+)\)/.exec(header)!
    return { descr, order, shape: shape.split(',').map(Number), values: floatsOf(bytes, end) }
  }

  it('holds a volume in C order', async () => {
    const parsed = parse(readFileSync(await write('npy', volume, 'volume.npy')))
    expect(parsed).toEqual({ descr: '<f4', order: 'False', shape: [3, 4, 5], values: images })
  })

  it('holds the root of the sum of squares over coils', async () => {
    const { path, expected } = await exportCoils('npy', 1)
    const { shape, values } = parse(readFileSync(path))
    expect(shape).toEqual([32, 24])
    expectClose(values, expected, 1e-5)
  })

  it('holds a slice as a matrix', async () => {
    const parsed = parse(readFileSync(await write('npy', second, 'slice.npy')))
    expect(parsed).toMatchObject({ shape: [4, 5], values: second.images })
  })
})

describe('NIfTI', () => {
  const text = (bytes: Buffer, from: number, length: number) =>
    bytes
      .subarray(from, from + length)
      .toString('latin1')
      .replace(/\0.*$/s, '')

  it('has the header of the standard, field by field', async () => {
    const bytes = gunzipSync(readFileSync(await write('nifti', volume, 'volume.nii.gz')))
    expect(bytes.readInt32LE(0)).toBe(348)
    expect(Array.from({ length: 8 }, (_, i) => bytes.readInt16LE(40 + 2 * i))).toEqual([3, 5, 4, 3, 1, 1, 1, 1])
    expect([bytes.readInt16LE(70), bytes.readInt16LE(72)]).toEqual([16, 32]) // float32
    expect(bytes.readFloatLE(108)).toBe(352)
    expect([bytes.readFloatLE(112), bytes.readFloatLE(116)]).toEqual([1, 0]) // no rescaling
    expect(bytes.readUInt8(123)).toBe(0) // no unit
    expect(Array.from({ length: 8 }, (_, i) => bytes.readFloatLE(76 + 4 * i))).toEqual(Array(8).fill(1)) // pixdim
    expect([bytes.readInt16LE(252), bytes.readInt16LE(254)]).toEqual([0, 0]) // no orientation
    expect(bytes.subarray(344, 352)).toEqual(Buffer.from('n+1\0\0\0\0\0'))
    expect(text(bytes, 148, 80)).toBe('derived, research use only; run 12')
    expect(floatsOf(bytes, 352)).toEqual(images)
  })

  it('holds the root of the sum of squares over coils', async () => {
    const { path, expected } = await exportCoils('nifti', null)
    expectClose(floatsOf(gunzipSync(readFileSync(path)), 352), expected, 1e-5)
  })

  it('has known voxel sizes in mm: along a row, down a column, through the slices', async () => {
    const info = { ...volume.info, voxelSize: [2, 5, 3.5] as VoxelSize }
    const bytes = gunzipSync(readFileSync(await write('nifti', { ...volume, info }, 'voxels.nii.gz')))
    expect(Array.from({ length: 5 }, (_, i) => bytes.readFloatLE(76 + 4 * i))).toEqual([1, 5, 2, 3.5, 1])
    expect(bytes.readUInt8(123)).toBe(2) // mm, without a unit of time
    expect(text(bytes, 228, 24)).toBe('')
  })

  it('names synthetic data, and data without units', async () => {
    const made: Reconstruction = {
      ...second,
      info: { ...volume.info, origin: 'synthetic' },
      provenance: { ...volume.provenance, run: '1234567@1000000', units: 'arbitrary' },
    }
    const bytes = gunzipSync(readFileSync(await write('nifti', made, 'synthetic.nii.gz')))
    expect(text(bytes, 148, 80)).toBe('derived, research use only; synthetic; run 1234567@1000000; arbitrary units')
    expect(Array.from({ length: 4 }, (_, i) => bytes.readInt16LE(40 + 2 * i))).toEqual([3, 5, 4, 1])
  })
})

describe('DICOM', () => {
  async function read(path: string) {
    const { data } = await loadDicom()
    const bytes = readFileSync(path)
    const file = data.DicomMessage.readFile(new Uint8Array(bytes).buffer)
    const attributes = data.DicomMetaDictionary.naturalizeDataset(file.dict) as Attributes & {
      readonly RescaleSlope: number
      readonly RescaleIntercept: number
      readonly RealWorldValueMappingSequence: readonly {
        RealWorldValueSlope: number
        RealWorldValueIntercept: number
      }[]
    }
    const stored = new Uint16Array((attributes.PixelData as ArrayBuffer[])[0])
    const [{ RealWorldValueSlope: slope, RealWorldValueIntercept: intercept }] =
      attributes.RealWorldValueMappingSequence
    return { tags: file.dict, attributes, slope, values: Array.from(stored, value => value * slope + intercept) }
  }

  const readAll = (path: string) => Promise.all(readdirSync(path).map(name => read(join(path, name))))

  it('restores every pixel to half a step, with one scale for all slices', async () => {
    const path = await write('dicom', volume, 'volume')
    expect(readdirSync(path)).toEqual(['slice-001.dcm', 'slice-002.dcm', 'slice-003.dcm'])
    const slices = await readAll(path)
    expect(new Set(slices.map(({ slope }) => slope)).size).toBe(1)
    for (const [index, { values, slope }] of slices.entries())
      for (const [pixel, value] of values.entries())
        expect(Math.abs(value - images[20 * index + pixel])).toBeLessThan(0.501 * slope)
    expect(slices[0].slope).toBeCloseTo((Math.max(...images) - Math.min(...images)) / 65535, 12)
  })

  it('restores the root of the sum of squares over coils to half a step', async () => {
    const { path, expected } = await exportCoils('dicom', null)
    const slices = await readAll(path)
    const values = slices.flatMap(slice => slice.values)
    expect(values).toHaveLength(expected.length)
    for (const [i, value] of values.entries())
      expect(Math.abs(value - expected[i])).toBeLessThan(0.501 * slices[0].slope + 1e-5 * Math.max(...expected))
  })

  it('is one study with new identifiers at each export', async () => {
    const [first, again] = await Promise.all(
      ['first', 'again'].map(async name => readAll(await write('dicom', volume, name))),
    )
    const all = (name: string) => new Set([...first, ...again].map(({ attributes }) => attributes[name]))
    for (const name of ['StudyInstanceUID', 'SeriesInstanceUID']) expect(all(name).size).toBe(2)
    expect(all('SOPInstanceUID').size).toBe(6)
    for (const uid of all('SOPInstanceUID')) expect(uid).toMatch(/^2\.25\.[1-9]\d{0,38}$/)
    expect(first.map(({ attributes }) => attributes.InstanceNumber)).toEqual([1, 2, 3])
  })

  it('is marked as derived and for research, and names its source', async () => {
    const { attributes } = await read(await write('dicom', second, 'slice.dcm'))
    expect(attributes).toMatchObject({
      SOPClassUID: '1.2.840.10008.5.1.4.1.1.7', // Secondary Capture Image Storage
      ImageType: ['DERIVED', 'SECONDARY', 'OTHER'],
      ContentQualification: 'RESEARCH',
      BurnedInAnnotation: 'NO',
      InstanceNumber: 2,
      ...{ Rows: 4, Columns: 5, BitsAllocated: 16, BitsStored: 16, HighBit: 15, PixelRepresentation: 0 },
      SeriesDescription: 'Self-MRI run 12, research only',
    })
    for (const text of [attributes.ImageComments, attributes.DerivationDescription]) {
      expect(text).toContain('Research use only, not for diagnosis')
      expect(text).toContain(`run 12 (checkpoint SHA-256 ${'ab'.repeat(32)})`)
      expect(text).toContain(volume.provenance.mask)
    }
  })

  it('holds no patient and no date, and no size or position that is unknown', async () => {
    const path = await write('dicom', second, 'anonymous.dcm')
    const { tags, attributes } = await read(path)
    const ofPatient = Object.keys(tags).filter(tag => tag.startsWith('0010'))
    expect(ofPatient).toEqual(['00100010', '00100020', '00100030', '00100040']) // name, id, birth date, sex
    expect(JSON.stringify(ofPatient.map(tag => tags[tag].Value))).toBe(
      JSON.stringify([[{ Alphabetic: 'ANONYMOUS' }], ['ANONYMOUS'], [''], ['']]),
    )
    for (const [tag, { vr, Value }] of Object.entries(tags))
      if (['DA', 'TM', 'DT'].includes(vr)) expect([tag, Value.join('')]).toEqual([tag, ''])
    for (const name of ['PixelSpacing', 'SliceThickness', 'ImagePositionPatient', 'ImageOrientationPatient'])
      expect(attributes).not.toHaveProperty(name)
    expect(readFileSync(path).includes('john_doe')).toBe(false)
  })

  it('names synthetic data, and a known patient orientation', async () => {
    const info = {
      ...volume.info,
      origin: 'synthetic' as const,
      orientation: ['L', 'F'] as [string, string],
      voxelSize: [0.5, 0.25, 3] as VoxelSize,
    }
    const { attributes } = await read(await write('dicom', { ...second, info }, 'synthetic.dcm'))
    expect(attributes.SeriesDescription).toMatch(/^Synthetic data: /)
    expect(attributes.PatientOrientation).toEqual(['L', 'F'])
    expect(attributes.PixelSpacing).toEqual([0.5, 0.25]) // distance of rows, distance of columns
    expect(attributes.SliceThickness).toBe(3)
  })

  it.each([
    // The ground truth's maximum is 1.1e-5, and a run's is just below 1e-5. Alone, the run would get the factor 1e9.
    [1.1e-5, 9.9e-6, 1e8],
    [1.1e-5, 1.1e-5, 1e8],
    [1.1e-5, 2e-7, 1e10], // With 1e8, the image would have only 20 integers.
    [1100, 900, 1],
    [1, 9.9e-6, 1e9], // This maximum cannot be the maximum of this volume.
    [-1, 9.9e-6, 1e9],
    [null, 9.9e-6, 1e9],
  ])('with a volume maximum of %d and a largest value of %d rescales by %d', async (maximum, largest, factor) => {
    const made = Float32Array.from(images.slice(20, 40), value => (value / images[39]) * largest)
    const info = { ...volume.info, maximum }
    const { attributes, slope } = await read(
      await write('dicom', { ...second, images: made, info }, `${maximum}-${largest}.dcm`),
    )
    expect(Number((attributes as { RescaleSlope: number }).RescaleSlope) / slope / factor).toBeCloseTo(1, 9)
  })

  it('keeps a constant image', async () => {
    const { values } = await read(await write('dicom', { ...second, images: new Float32Array(20) }, 'zero.dcm'))
    expect(values).toEqual(Array(20).fill(0))
  })

  it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
    'refuses an image with one %d',
    async value => {
      const broken = { ...second, images: images.slice(20, 40).fill(value, 7, 8) }
      await expect(write('dicom', broken, 'broken.dcm')).rejects.toMatchObject({
        code: 'NOT_FINITE',
        message: expect.stringMatching(/^Expected an image of finite numbers, got .*, of john_doe.h5/),
      })
      expect(existsSync(join(folder, 'broken.dcm'))).toBe(false)
    },
  )

  it('never writes into a folder with other files', async () => {
    mkdirSync(join(folder, 'full'))
    writeFileSync(join(folder, 'full/scan.h5'), 'scan')
    await expect(write('dicom', volume, 'full')).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringMatching(/got .*full, which is neither/),
    })
    expect(readdirSync(join(folder, 'full'))).toEqual(['scan.h5'])
    expect(readdirSync(folder).filter(name => name.endsWith('.part'))).toEqual([])
    mkdirSync(join(folder, 'empty'))
    await write('dicom', volume, 'empty')
    expect(existsSync(join(folder, 'empty/slice-003.dcm'))).toBe(true)
  })
})

describe('the lengths of a scan', () => {
  const space = (name: string, [x, y]: readonly number[], [tall, wide]: readonly number[]) =>
    `<${name}><matrixSize><x>${x}</x><y>${y}</y><z>1</z></matrixSize>` +
    `<fieldOfView_mm><x>${tall}</x><y>${wide}</y><z>5</z></fieldOfView_mm></${name}>`
  // The scanner interpolated 40 encoded rows to 80. The image has 40 rows.
  const header =
    '<ismrmrdHeader xmlns="http://www.ismrm.org/ISMRMRD"><encoding>' +
    `${space('encodedSpace', [40, 36], [120, 180])}${space('reconSpace', [80, 36], [120, 180])}` +
    '</encoding></ismrmrdHeader>'
  const pixdim = async (source: 'truth' | 'network', truth: readonly [number, number]) => {
    const volume = await openVolume(await writeNoise(folder, `scan-${truth}`, {}, { header, truth }), '')
    const output = join(folder, `scan-${source}-${truth}.nii.gz`)
    const mask = { kind: 'random', acceleration: 4, centerFraction: 0.08 } as const
    await exportVolume(
      volume,
      null,
      compute(),
      {
        ...{
          files: [],
          salt: '',
          source,
          reconstructor: null,
          mask,
          seed: null,
          slice: null,
          format: 'nifti',
          directory: folder,
        },
        ...{ run: source === 'truth' ? 'truth' : 'zero-filled', checkpoint: null, units: 'signal' },
      },
      output,
      async () => {},
    )
    volume.dispose()
    const bytes = gunzipSync(readFileSync(output))
    return [bytes.readUInt8(123), ...Array.from({ length: 3 }, (_, i) => bytes.readFloatLE(80 + 4 * i))]
  }

  it('belong to the encoded samples, for the ground truth and for reconstructions', async () => {
    await useEngine()
    expect(await pixdim('truth', [40, 36])).toEqual([2, 5, 3, 5])
    expect(await pixdim('network', [40, 36])).toEqual([2, 5, 3, 5])
  })

  it('are unknown for a ground truth with more pixels than samples', async () => {
    expect(await pixdim('truth', [80, 36])).toEqual([0, 1, 1, 1])
    expect(await pixdim('network', [80, 36])).toEqual([2, 5, 3, 5])
  })
})

describe('slices without data in the file', () => {
  const empty = { slice: 1, dataset: 'kspace', fault: 'all zero' } as const
  const exported = async (slice: number | null) => {
    const noise = noiseVolume('a', { slices: 3 })
    const content = { ...whole(noise.info).content, faults: [empty] }
    const request: ReconstructRequest = {
      files: [],
      salt: '',
      source: 'network',
      reconstructor: null,
      mask: { kind: 'random', acceleration: 4, centerFraction: 0.08 },
      seed: null,
      slice,
      format: 'npy',
      directory: folder,
      run: 'zero-filled',
      checkpoint: null,
      units: 'signal',
    }
    const output = join(folder, `empty-${slice}.npy`)
    return exportVolume(
      { ...noise, info: { ...noise.info, content } },
      null,
      compute(),
      request,
      output,
      async () => {},
    )
  }

  it('are listed beside other slices, and are refused alone', async () => {
    await useEngine()
    expect(await exported(null)).toEqual({ empty: [1], remarks: [] })
    expect(await exported(0)).toEqual({ empty: [], remarks: [] })
    await expect(exported(1)).rejects.toMatchObject({
      code: 'UNSUPPORTED_FORMAT',
      message: expect.stringMatching(/data in slice 2, got only zeros.*Choose another slice/),
    })
  })
})
