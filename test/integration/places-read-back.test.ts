/**
 * A phantom with marks at its left, front and head ends comes back the right way round: NIfTI and DICOM are read by
 * nibabel, pydicom, SimpleITK and dcm2niix, and checked by dciodvfy.
 */
import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect } from 'vitest'
import type { Geometry } from '../../src/contract/volumes.ts'
import { exportVolume } from '../../src/engine/files/exports/volume.ts'
import { compute, useEngine } from '../engine.ts'
import { markedVolume, stack } from '../marked-volume.ts'
import { missingProgram, testUnless } from '../programs.ts'
import { missingReaders, placesOf } from '../readers/index.ts'

const run = promisify(execFile)

const testPython = testUnless(missingReaders)
const testDciodvfy = testUnless(missingProgram('dciodvfy', 'dicom3tools'))
const dcm2niix = missingProgram('dcm2niix', 'dcm2niix')
const testDcm2niix = testUnless(dcm2niix ?? missingReaders)

const [cos, sin] = [Math.cos(0.3), Math.sin(0.3)]
const GEOMETRIES: Readonly<Record<string, Geometry>> = {
  axial: stack([1, 0, 0], [0, 1, 0]),
  coronal: stack([1, 0, 0], [0, 0, -1]),
  sagittal: stack([0, 1, 0], [0, 0, -1]),
  'head-to-feet': stack([1, 0, 0], [0, 1, 0], { spacing: -5.5 }),
  'turned-over': stack([0, -1, 0], [1, 0, 0]),
  'double-oblique': stack([cos, sin, 0], [-sin * cos, cos * cos, -sin]),
  'one-slice': stack([0, 1, 0], [0, 0, -1], { slices: 1 }),
}
const NAMES = Object.keys(GEOMETRIES)
/** Slices at 0, 5 and 13 mm. */
const UNEVEN: Geometry = { ...stack([1, 0, 0], [0, 1, 0], { slices: 3 }), origins: [0, 5, 13].map(z => [1, 2, z]) }

interface Places {
  readonly [reader: string]: readonly (readonly number[])[] | null
}
interface Facts {
  readonly facts: Readonly<
    Record<'SOPClassUID' | 'FrameOfReferenceUID' | 'SeriesInstanceUID' | 'StudyInstanceUID', string[]> &
      Record<'SpacingBetweenSlices' | 'SliceLocation' | 'SliceThickness', number[]>
  >
}

const folder = mkdtempSync(join(tmpdir(), 'self-mri-places-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const marks: Record<string, readonly (readonly number[])[]> = {}
let places: Readonly<Record<string, unknown>> = {}
const placesIn = (file: string) => places[file] as Places
const factsOf = (name: string) => (places[name] as Facts).facts

/** Exports the ground truth, or as the zero-filled image of all samples. Gives the remarks. */
async function write(name: string, geometry: Geometry, format: 'nifti' | 'dicom'): Promise<readonly string[]> {
  const made = markedVolume(name, geometry)
  marks[name] = made.marks
  const ending = format === 'nifti' ? '.nii.gz' : ''
  const { remarks } = await exportVolume(
    made.volume,
    null,
    compute(),
    {
      ...{ files: [], salt: '', source: 'network', reconstructor: null, seed: null, slice: null, format },
      ...{ directory: folder, run: 'zero-filled', checkpoint: null, units: 'signal' },
      mask: { kind: 'random', acceleration: 1, centerFraction: 0.5 },
    },
    join(folder, `${name}${ending}`),
    async () => {},
  )
  return remarks
}

const remarksOfUneven: Record<string, readonly string[]> = {}

beforeAll(async () => {
  await useEngine()
  for (const [name, geometry] of Object.entries(GEOMETRIES))
    for (const format of ['nifti', 'dicom'] as const) expect(await write(name, geometry, format)).toEqual([])
  for (const format of ['nifti', 'dicom'] as const) remarksOfUneven[format] = await write('uneven', UNEVEN, format)
  if (dcm2niix === null)
    for (const name of NAMES)
      await run('dcm2niix', ['-b', 'n', '-z', 'n', '-f', `converted-${name}`, '-o', folder, join(folder, name)])
  if (missingReaders === null) places = await placesOf(folder)
})

function expectPlaces(found: Places[string], name: string, reader: string) {
  expect(found, reader).not.toBeNull()
  for (const [i, place] of marks[name].entries())
    for (const [axis, value] of place.entries())
      expect([reader, i, axis, found![i][axis]]).toEqual([
        reader,
        i,
        axis,
        expect.toSatisfy((other: number) => Math.abs(other - value) < 1e-3),
      ])
}

describe('NIfTI', () => {
  testPython('is placed by nibabel, by its sform and its qform, and by SimpleITK', () => {
    for (const name of NAMES)
      for (const reader of ['nibabel', 'nibabel, qform', 'SimpleITK'])
        expectPlaces(placesIn(`${name}.nii.gz`)[reader], name, `${name}, ${reader}`)
  })

  testPython('has no place if the slices are not at equal distances, and the export says so', () => {
    expect(placesIn('uneven.nii.gz')['nibabel, qform']).toBeNull()
    expect(remarksOfUneven.nifti).toEqual([expect.stringContaining('NIfTI knows one distance only')])
    expect(remarksOfUneven.dicom).toEqual([])
    expectPlaces(placesIn('uneven').pydicom, 'uneven', 'pydicom')
  })
})

describe('DICOM', () => {
  testPython('is placed by pydicom and by SimpleITK', () => {
    for (const name of NAMES)
      for (const reader of ['pydicom', 'SimpleITK']) expectPlaces(placesIn(name)[reader], name, `${name}, ${reader}`)
  })

  testDcm2niix('is placed by dcm2niix', () => {
    for (const name of NAMES)
      for (const reader of ['nibabel', 'SimpleITK'])
        expectPlaces(placesIn(`converted-${name}.nii`)[reader], name, `${name}, dcm2niix and ${reader}`)
  })

  testPython('is one series of MR Images with one frame of reference, numbered along the slices', () => {
    for (const name of NAMES) {
      const facts = factsOf(name)
      expect(facts.SOPClassUID).toEqual(['1.2.840.10008.5.1.4.1.1.4'])
      for (const uid of ['FrameOfReferenceUID', 'SeriesInstanceUID', 'StudyInstanceUID'] as const)
        expect([name, facts[uid]]).toEqual([name, [expect.stringMatching(/^2\.25\.[1-9]\d{0,38}$/)]])
      expect(new Set(facts.SliceThickness)).toEqual(new Set([4]))
      const steps = facts.SliceLocation.slice(1).map((location, i) => location - facts.SliceLocation[i])
      for (const step of steps) expect(step).toBeCloseTo(name === 'head-to-feet' ? -5.5 : 5.5, 6)
      if (name !== 'one-slice') for (const spacing of facts.SpacingBetweenSlices) expect(spacing).toBeCloseTo(5.5, 9)
    }
    expect(factsOf('uneven').SpacingBetweenSlices).toEqual([0, 0, 0]) // absent
  })

  testDciodvfy('has nothing that dciodvfy calls an error', async () => {
    for (const name of [...NAMES, 'uneven'])
      for (const file of readdirSync(join(folder, name))) {
        const { stdout, stderr } = await run('dciodvfy', ['-new', join(folder, name, file)]).catch(error => error)
        const said = `${stdout}${stderr}`
        expect(said).toContain('MRImage')
        expect([name, said.split('\n').filter(line => /^Error/.test(line))]).toEqual([name, []])
      }
  })
})
