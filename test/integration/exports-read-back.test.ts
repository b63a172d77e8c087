/**
 * Every export format is read back by other programs: pydicom, nibabel, SimpleITK, h5py, NumPy, dciodvfy and dcm2niix.
 */
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect } from 'vitest'
import type { ExportFormat } from '../../src/contract/exports.ts'
import type { VoxelSize } from '../../src/contract/volumes.ts'
import { RandomState } from '../../src/core/mri/random.ts'
import { WRITERS } from '../../src/engine/files/exports/index.ts'
import type { Reconstruction } from '../../src/engine/files/exports/reconstruction.ts'
import { missingProgram, testUnless } from '../programs.ts'
import { missingReaders, readFolder } from '../readers/index.ts'

const run = promisify(execFile)

const testPython = testUnless(missingReaders)
const testDciodvfy = testUnless(missingProgram('dciodvfy', 'dicom3tools'))
const dcm2niix = missingProgram('dcm2niix', 'dcm2niix')
const testDcm2niix = testUnless(dcm2niix ?? missingReaders)

const [SLICES, HEIGHT, WIDTH] = [3, 10, 7]
const PIXELS = HEIGHT * WIDTH
const VOXEL: VoxelSize = [2, 96 / 36, 5]

/** Noise from −0.1 to 1 times a scale. The scale is the largest value. */
function imagesAt(scale: number): Float32Array {
  const random = RandomState.fromKey([scale > 1 ? 1 : 0])
  const noise = Float32Array.from({ length: SLICES * PIXELS }, () => (1.1 * random.uniform() - 0.1) * scale)
  noise[0] = scale
  return noise
}

const reconstructionOf = (images: Float32Array, voxelSize?: VoxelSize): Reconstruction => ({
  images,
  shape: [SLICES, HEIGHT, WIDTH],
  slice: null,
  info: { file: 'knee.h5', origin: 'measured', orientation: null, maximum: null, voxelSize },
  provenance: { run: '12', checkpoint: null, mask: 'random, acceleration 4', units: 'signal' },
})

/** Scales across the range of float32. fastMRI's knees have values from 1e-5 to 1e-3. */
const SCALES = [1e-25, 2e-5, 0.7, 1, 300, 3e3, 3.2e4, 6e4, 1e30]

const VOLUMES: Readonly<Record<string, Reconstruction>> = {
  ...Object.fromEntries(SCALES.map(scale => [`scale ${scale}`, reconstructionOf(imagesAt(scale), VOXEL)])),
  'voxels not known': reconstructionOf(imagesAt(1)),
  'thickness not known': reconstructionOf(imagesAt(1), [3, 3, null]),
  oriented: {
    ...reconstructionOf(imagesAt(2e-5), VOXEL),
    info: { file: 'knee.h5', origin: 'synthetic', orientation: ['L', 'F'], maximum: 2e-5, voxelSize: VOXEL },
    provenance: { run: '3@40', checkpoint: 'ab'.repeat(32), mask: 'none', units: 'arbitrary' },
  },
  classical: {
    ...reconstructionOf(imagesAt(2e-5), VOXEL),
    provenance: {
      run: 'l1-wavelet:3',
      checkpoint: null,
      classical: {
        classical: 'l1-wavelet',
        config: { iterations: 60, lambda: 0.005, wavelet: 'db4', levels: 4, maps: 'low-resolution', virtualCoils: 8 },
      },
      mask: 'random, acceleration 4',
      units: 'signal',
    },
  },
  zeros: reconstructionOf(new Float32Array(SLICES * PIXELS), VOXEL),
  'all the same': reconstructionOf(new Float32Array(SLICES * PIXELS).fill(-2e-6), VOXEL),
  'all below 0': reconstructionOf(
    imagesAt(1e-7).map(value => value - 2e-6),
    VOXEL,
  ),
}
const NAMES = Object.keys(VOLUMES)
const FORMATS = { hdf5: '.h5', npy: '.npy', nifti: '.nii.gz', dicom: '' } as const satisfies Record<
  ExportFormat,
  string
>

const folder = mkdtempSync(join(tmpdir(), 'self-mri-read-back-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

interface Read {
  readonly shape: readonly number[]
  readonly type: string
  readonly values: readonly number[]
  readonly simpleitk: { readonly spacing: readonly number[]; readonly values: readonly number[] }
}
interface ReadNifti extends Read {
  readonly zooms: readonly number[]
  readonly units: string
  readonly codes: readonly number[]
  readonly auxFile: string
}
interface ReadDicom extends Read {
  readonly attributes: Readonly<Record<string, unknown>>
  readonly rescaled: readonly number[]
  readonly slope: number
  readonly realSlope: number
  readonly shown: readonly number[]
  readonly shownLinear: readonly number[]
  readonly shownAsIntegers: readonly number[]
}

let files: Readonly<Record<string, unknown>> = {}
const read = <T = Read>(file: string) => files[file] as T

beforeAll(async () => {
  for (const [name, reconstruction] of Object.entries(VOLUMES))
    for (const [format, ending] of Object.entries(FORMATS) as [ExportFormat, string][])
      await WRITERS[format](join(folder, `${name}${ending}`), reconstruction)
  if (dcm2niix === null) {
    mkdirSync(join(folder, 'converted'))
    await run('dcm2niix', ['-b', 'n', '-f', 'volume', '-o', join(folder, 'converted'), join(folder, 'scale 3000')])
  }
  if (missingReaders === null) files = await readFolder(folder)
})

const slicesOf = (name: string) =>
  Array.from({ length: SLICES }, (_, i) => read<ReadDicom>(`${name}/slice-00${i + 1}.dcm`))

/** The largest difference between two lists of numbers. */
const farthest = (a: readonly number[], b: ArrayLike<number>): number => {
  expect(a.length).toBe(b.length)
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i])), 0)
}

testPython('h5py and NumPy read float32 as it was', () => {
  for (const name of NAMES) {
    const values = Array.from(VOLUMES[name].images)
    const wanted = { shape: [SLICES, HEIGHT, WIDTH], type: 'float32', values }
    expect(read(`${name}.h5`)).toEqual(wanted)
    expect(read(`${name}.npy`)).toEqual(wanted)
  }
})

describe('NIfTI', () => {
  testPython('nibabel reads the values as they were, and no orientation', () => {
    for (const name of NAMES) {
      const { shape, values, codes } = read<ReadNifti>(`${name}.nii.gz`)
      expect([shape, codes]).toEqual([
        [WIDTH, HEIGHT, SLICES],
        [0, 0],
      ])
      expect(values).toEqual(Array.from(VOLUMES[name].images))
    }
  })

  testPython('nibabel and SimpleITK read voxels in mm, along a row first', () => {
    const { zooms, units, auxFile, simpleitk } = read<ReadNifti>('scale 1.nii.gz')
    expect([zooms, units, auxFile]).toEqual([[Math.fround(96 / 36), 2, 5], 'mm', ''])
    expect(simpleitk.spacing.map(Math.fround)).toEqual(zooms)
    expect(simpleitk.values).toEqual(Array.from(VOLUMES['scale 1'].images))
  })

  testPython('what is not known has no unit, or says so', () => {
    expect(read('voxels not known.nii.gz')).toMatchObject({ zooms: [1, 1, 1], units: 'unknown', auxFile: '' })
    expect(read('thickness not known.nii.gz')).toMatchObject({
      zooms: [3, 3, 1],
      units: 'mm',
      auxFile: 'slice thickness unknown',
    })
  })
})

describe('DICOM', () => {
  testDciodvfy('has nothing that dciodvfy calls an error', async () => {
    for (const name of NAMES) {
      const file = join(folder, name, 'slice-002.dcm')
      const { stdout, stderr } = await run('dciodvfy', ['-new', file]).catch(error => error)
      const said = `${stdout}${stderr}`
      expect(said).toContain('SCImage')
      expect([name, said.split('\n').filter(line => /^Error|WindowWidth/.test(line))]).toEqual([name, []])
    }
  })

  testPython('gives the values back to half a step of 65535, in double precision', () => {
    for (const name of NAMES) {
      const { images } = VOLUMES[name]
      for (const [i, { shape, values, realSlope }] of slicesOf(name).entries()) {
        expect(shape).toEqual([HEIGHT, WIDTH])
        const off = farthest(values, images.subarray(i * PIXELS, (i + 1) * PIXELS))
        expect([name, off / realSlope]).toEqual([name, expect.toSatisfy((steps: number) => steps <= 0.501)])
      }
    }
    const [{ realSlope }] = slicesOf('scale 0.00002')
    const images = VOLUMES['scale 0.00002'].images
    expect(realSlope).toBeCloseTo((Math.max(...images) - Math.min(...images)) / 65535, 15)
  })

  testPython('rescales to the values where viewers can show those, else to them times a power of ten', () => {
    for (const [scale, factor] of [
      ...[
        [1e-25, 1e28],
        [2e-5, 1e8],
        [0.7, 1e4],
        [1, 1e3],
        [300, 10],
        [3e3, 1],
        [3.2e4, 1],
        [6e4, 0.1],
        [1e30, 1e-27],
      ],
    ]) {
      const name = `scale ${scale}`
      for (const { values, rescaled, slope, attributes, simpleitk } of slicesOf(name)) {
        expect(
          farthest(
            rescaled,
            values.map(value => value * factor),
          ),
        ).toBeLessThan(1e-6 * slope)
        expect(farthest(simpleitk.values, rescaled)).toBeLessThan(1e-6 * slope)
        const said = String(attributes.ImageComments).match(/image's times (1e[+-]\d+)/)?.[1] ?? 1
        expect([name, Number(said)]).toEqual([name, factor])
      }
    }
  })

  testPython('is shown by LINEAR windows, told or assumed, in floats and in 16-bit integers', () => {
    for (const name of NAMES)
      for (const { rescaled, shown, shownLinear, shownAsIntegers, slope, attributes } of slicesOf(name)) {
        expect(attributes.WindowWidth).toBeGreaterThanOrEqual(100)
        // pydicom maps the window to the range of all storable values, and here that range equals the window.
        expect(farthest(shown, rescaled)).toBeLessThan(1e-6 * slope * 65535)
        expect(shownLinear).toEqual(shown)
        expect(farthest(shownAsIntegers, rescaled)).toBeLessThan(0.6)
      }
  })

  testPython('says what the lengths are, and nothing that is not known', () => {
    const [{ attributes, simpleitk }] = slicesOf('scale 3000')
    expect(attributes).toMatchObject({ PixelSpacing: [2, 2.66666666666667], SliceThickness: 5 })
    expect(simpleitk.spacing.slice(0, 2)).toEqual([2.66666666666667, 2])
    const [unknown] = slicesOf('voxels not known')
    for (const name of ['PixelSpacing', 'SliceThickness', 'ImagePositionPatient', 'FrameOfReferenceUID'])
      expect(unknown.attributes).not.toHaveProperty(name)
    const [thin] = slicesOf('thickness not known')
    expect(thin.attributes).toMatchObject({ PixelSpacing: [3, 3] })
    expect(thin.attributes).not.toHaveProperty('SliceThickness')
  })

  testPython('says where every pixel is the same', () => {
    expect(slicesOf('zeros')[0].attributes.ImageComments).toContain('Every pixel has the value 0.')
    expect(slicesOf('all the same')[0].attributes.ImageComments).toContain(
      `Every pixel has the value ${Math.fround(-2e-6)}.`,
    )
  })

  testPython('is one study and one series, each file an instance of its own', () => {
    const all = NAMES.map(name => slicesOf(name).map(({ attributes }) => attributes))
    const distinct = (of: string, volumes = all) => new Set(volumes.flat().map(each => each[of])).size
    expect(distinct('SOPInstanceUID')).toBe(SLICES * NAMES.length)
    for (const of of ['StudyInstanceUID', 'SeriesInstanceUID'])
      expect([distinct(of), distinct(of, [all[0]])]).toEqual([NAMES.length, 1])
    expect(all[0].map(each => each.InstanceNumber)).toEqual([1, 2, 3])
  })

  testDcm2niix('dcm2niix makes one volume of a folder, with its pixels in mm', () => {
    const [made, ...more] = readdirSync(join(folder, 'converted'))
    expect(more).toEqual([])
    const { shape, zooms, units } = read<ReadNifti>(`converted/${made}`)
    expect([shape, units]).toEqual([[WIDTH, HEIGHT, SLICES], 'mm'])
    expect(zooms.slice(0, 2)).toEqual([Math.fround(96 / 36), 2])
  })
})
