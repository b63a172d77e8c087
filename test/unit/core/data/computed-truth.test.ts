import { describe, expect, it } from 'vitest'
import type { VolumeContent } from '../../../../src/contract/volumes.ts'
import { openStored } from '../../../../src/core/data/open.ts'
import { surveyKspace } from '../../../../src/core/data/sampling.ts'
import type { FileSource } from '../../../../src/core/data/source.ts'
import type { Stack, StoredVolume, Volume } from '../../../../src/core/data/volume.ts'
import { makeFourier } from '../../../../src/core/mri/fourier.ts'
import { kspaceOf, rootOverCoils, sampled } from '../../../kspace.ts'

const [COILS, ROWS, COLUMNS] = [2, 40, 36]
const all = new Uint8Array(COLUMNS).fill(1)

/** [coils, rows, columns, 2] */
const coils = (slice: number): Float32Array =>
  Float32Array.from(
    Array.from({ length: COILS }, (_, coil) => [
      ...kspaceOf({ rows: ROWS, columns: COLUMNS, seed: 10 * slice + coil, noise: 0.01 }),
    ]).flat(),
  )
const full = [coils(1), coils(2)]
const only = (isMeasured: (row: number, column: number) => boolean): Float32Array[] =>
  full.map(slice => {
    const size = slice.length / COILS
    return Float32Array.from(
      Array.from({ length: COILS }, (_, coil) => [
        ...sampled(slice.subarray(coil * size, (coil + 1) * size), COLUMNS, isMeasured),
      ]).flat(),
    )
  })

const stackOf = (role: Stack['role'], shape: readonly number[], slices: readonly Float32Array[]): Stack => ({
  role,
  dataset: role === 'k-space' ? 'kspace' : 'reconstruction_rss',
  type: 'complex64',
  shape,
  withSlice: (index, use) => use(slices[index]),
  unwritten: () => new Set(),
  sources: () => [],
})

const source: FileSource = {
  path: '/data/raw.h5',
  name: 'raw.h5',
  bytes: 1,
  hdf5: () => null,
  read: () => new Uint8Array(),
  sibling: () => null,
  dispose() {},
}

const facts = {
  reconSize: null,
  acquisition: null,
  orientation: null,
  maximum: null,
  origin: 'measured' as const,
  patientId: null,
}

/** Opens the volume with these slices, read as a whole unless `read` is false. */
function open(slices: readonly Float32Array[], changes: Partial<StoredVolume> = {}, read = true): Volume {
  const matrix = { coils: COILS, rows: ROWS, columns: COLUMNS }
  const stored: StoredVolume = {
    matrix,
    kspace: stackOf('k-space', [slices.length, COILS, ROWS, COLUMNS], slices),
    target: null,
    noiseFree: null,
    mask: null,
    header: null,
    attributes: {},
    facts,
    remarks: [],
    ...changes,
  }
  const survey = surveyKspace(matrix, stored.mask)
  for (const [index, slice] of slices.entries()) survey.add(slice, index)
  const { sampling, mask, lost } = survey.judge()
  const content: VolumeContent = {
    identity: '',
    scan: '',
    version: { bytes: 1, modified: '', changed: '', inode: '' },
    sampling,
    ...(mask && { mask: mask.join('') }),
    ...(lost && { lost }),
    faults: [],
    remarks: [],
  }
  const opening = { hashPatient: (id: string) => id, fourier: makeFourier() }
  return openStored(stored, { source, part: null }, opening, read ? content : undefined)
}

const withoutTruth = (volume: Volume) => {
  expect(volume.info).toMatchObject({ targetShape: null })
  expect(volume.info).not.toHaveProperty('truth')
  expect(volume.readTarget(0)).toBeNull()
}

describe('a ground truth from full k-space', () => {
  it('is the root sum of squares over coils of the inverse transform', () => {
    const volume = open(full)
    expect(volume.info).toMatchObject({ targetShape: [ROWS, COLUMNS], truth: 'computed' })
    for (const [index, slice] of full.entries()) {
      const expected = rootOverCoils(slice, [COILS, ROWS, COLUMNS], all)
      const image = volume.readTarget(index)!
      expect(image.every((value, i) => Math.abs(value - expected[i]) < 1e-6)).toBe(true)
    }
  })

  it('is cropped to the size that the header names', () => {
    const volume = open(full, { facts: { ...facts, reconSize: [20, 30] } })
    expect(volume.info).toMatchObject({ targetShape: [20, 30], truth: 'computed' })
    const whole = rootOverCoils(full[0], [COILS, ROWS, COLUMNS], all)
    const image = volume.readTarget(0)!
    expect(image).toHaveLength(600)
    expect(Math.abs(image[0] - whole[10 * COLUMNS + 3])).toBeLessThan(1e-6)
  })

  it('is not computed before the contents of the file are known', () => withoutTruth(open(full, {}, false)))

  it('gives way to a stored image', () => {
    const target = stackOf('ground truth', [2, 1, 1], [Float32Array.of(3), Float32Array.of(4)])
    const { info, readTarget } = open(full, { target })
    expect([info.targetShape, info.truth, readTarget(1)]).toEqual([[1, 1], undefined, Float32Array.of(4)])
  })

  it('is never computed from synthetic k-space', () =>
    withoutTruth(open(full, { facts: { ...facts, origin: 'synthetic' } })))

  it.each([
    ['sub-sampled columns', (_: number, column: number) => column % 2 === 0 || Math.abs(column - 18) < 4],
    ['sub-sampled rows', (row: number) => row % 2 === 0],
    ['partial Fourier', (_: number, column: number) => column >= 9],
    ['a partial readout', (row: number) => row < 32],
  ])('is never computed from %s', (_, isMeasured) => withoutTruth(open(only(isMeasured))))

  it('is computed if both edges are padded alike', () =>
    expect(open(only((row, column) => row >= 2 && row < 38 && column >= 3 && column < 33)).info.truth).toBe('computed'))

  it('is never computed under a mask that leaves columns out', () =>
    withoutTruth(open(full, { mask: Uint8Array.from(all, (_, column) => column % 2) })))

  it('names the slice and the coil of a number that is not finite', () => {
    const broken = [full[0], full[1].slice()]
    broken[1][broken[1].length / 2] = Number.NaN
    const volume = open(broken)
    expect(() => volume.readTarget(1)).toThrow('got NaN in kspace, slice 2, coil 2, in /data/raw.h5')
    expect(volume.readTarget(1, true)!.some(Number.isNaN)).toBe(true)
  })
})
