import { describe, expect, it } from 'vitest'
import { makeEigenvectors } from '../../../../../src/core/mri/coils/eigenvectors.ts'
import {
  CALIBRATION_DEFAULTS,
  calibrateMaps,
  expandMaps,
  type MapMethod,
} from '../../../../../src/core/mri/coils/maps.ts'
import { lowResolutionMaps, walshMaps } from '../../../../../src/core/mri/coils/simple-maps.ts'
import { makeFourier } from '../../../../../src/core/mri/fourier.ts'
import { golden } from '../../../../golden.ts'
import { angles, largestOf, meanOf } from './angles.ts'

const vectors = golden('espirit')
const plain = { fourier: makeFourier(), eigenvectors: makeEigenvectors() }
const { data, shape } = vectors.array('B.kspace')
const [coils, rows, columns] = shape
const size = { coils, rows, columns }
const kspace = Float32Array.from(data)
const firstCoil = Float32Array.from({ length: 2 * coils }, (_, i) => Number(i === 0))
const WHERE = 'slice 4 of brain_07.h5'

/** k-space of the centre columns alone, and of every fourth column. */
const masked = (centre: number, isFourth = true) =>
  kspace.map((value, i) => {
    const column = (i >> 1) % columns
    const from = Math.floor(columns / 2) - (centre >> 1)
    return (column >= from && column < from + centre) || (isFourth && column % 4 === 3) ? value : 0
  })

describe('simple maps', () => {
  it('by Walsh equal the vectors', () => {
    const images = plain.fourier.images(kspace, [coils, rows, columns], 'inverse')
    const maps = walshMaps(images, size, firstCoil, plain.eigenvectors)
    expect(largestOf(angles(maps, vectors.array('B.walsh').data, coils))).toBeLessThan(1e-7)
    // Images of any scale give the same maps, although their squares leave the range of float32.
    const tiny = walshMaps(
      images.map(value => value * 1e-25),
      size,
      firstCoil,
      plain.eigenvectors,
    )
    expect(largestOf(angles(tiny, maps, coils))).toBeLessThan(1e-7)
  })

  it('of low resolution equal the vectors', () => {
    const [from, count] = [Math.floor((columns - 8 + 1) / 2), 8]
    const centre = kspace.map((value, i) => {
      const column = (i >> 1) % columns
      return column >= from && column < from + count ? value : 0
    })
    const images = plain.fourier.images(centre, [coils, rows, columns], 'inverse')
    const maps = lowResolutionMaps(images, size, firstCoil)
    expect(largestOf(angles(maps, vectors.array('B.lowres').data, coils))).toBeLessThan(1e-9)
    expect(lowResolutionMaps(images.fill(0), size, firstCoil).every(value => value === 0)).toBe(true)
  })
})

const mapsOf = (x: Float32Array, method: MapMethod | 'automatic' = 'automatic') => {
  const compact = calibrateMaps(x, size, WHERE, { ...CALIBRATION_DEFAULTS, method })
  return { compact, ...expandMaps(compact, [rows, columns], plain) }
}

const trueMaps = vectors.array('B.true_maps').data
const eigenvalue = vectors.array('B.eigenvalue').data
/** Mean angle to the true maps where the vectors have an object. */
const distance = (maps: Float32Array) =>
  meanOf(angles(maps, trueMaps, coils).filter((_, pixel) => eigenvalue[pixel] > 0.99))

describe('the method', () => {
  it.each([
    [15, 'espirit', 6, []],
    [
      13,
      'espirit',
      5,
      [/^ESPIRiT uses 5 × 5 kernels, because the completely measured centre .* has 24 × 13 samples\.$/],
    ],
    [10, 'espirit', 4, [/ESPIRiT uses 4 × 4 kernels/]],
    [6, 'espirit', 3, [/ESPIRiT uses 3 × 3 kernels/]],
    [5, 'walsh', 0, [/^The maps are Walsh’s and of low resolution, because .* has 24 × 5 samples\.$/]],
    [1, 'walsh', 0, [/24 × 1 samples/]],
  ])('with %d centre columns is %s with a kernel of %d', (centre, method, kernel, remarks) => {
    const { compact, maps } = mapsOf(masked(centre, false))
    expect(compact).toMatchObject({ method, kernel })
    expect(compact.remarks).toHaveLength(remarks.length)
    for (const [i, remark] of remarks.entries()) expect(compact.remarks[i]).toMatch(remark)
    if (centre > 1) expect(distance(maps)).toBeLessThan(0.05)
  })

  it('can be chosen', () => {
    for (const method of ['espirit', 'walsh', 'low-resolution'] as const) {
      const { compact, maps, eigenvalues } = mapsOf(kspace, method)
      expect(compact).toMatchObject({ method, remarks: [] })
      expect(eigenvalues === null).toBe(method !== 'espirit')
      expect(distance(maps)).toBeLessThan(0.01)
    }
  })

  it('does not take a block that holds zeros: ESPIRiT’s maps of masked k-space stay near the true maps', () => {
    expect(distance(mapsOf(masked(10)).maps)).toBeLessThan(2e-3)
  })

  it('is refused if the area is too small for it', () => {
    expect(() => mapsOf(masked(5, false), 'espirit')).toThrow(
      'Expected more than 6 × 6 samples for ESPIRiT, got 24 × 5 around the centre of slice 4 of brain_07.h5. ' +
        'Choose a smaller kernel, Walsh’s maps, or a mask with a larger centre.',
    )
  })
})

describe('odd data', () => {
  it('without a measured centre are refused with the remedy', () => {
    expect(() => mapsOf(masked(0))).toThrow(
      'Expected a completely measured centre of k-space for coil maps, got none in slice 4 of brain_07.h5. ' +
        'Choose a mask with a centre, or exclude the file.',
    )
    expect(() => mapsOf(new Float32Array(kspace.length))).toThrow(/got none in slice 4/)
  })

  it('with NaN in one coil are refused by its number', () => {
    const wrong = kspace.slice()
    wrong[2 * ((2 * rows + (rows >> 1)) * columns + (columns >> 1))] = Number.NaN
    expect(() => mapsOf(wrong)).toThrow(/got NaN or infinity in coil 3 of slice 4 of brain_07\.h5/)
  })

  it('with a dead coil give it the map 0, and say so', () => {
    for (const method of ['espirit', 'walsh', 'low-resolution'] as const) {
      const dead = kspace.slice().fill(0, 2 * rows * columns, 4 * rows * columns)
      const { compact, maps } = mapsOf(dead, method)
      expect(compact.remarks).toEqual(['Coil 2 has no signal, and its map is 0.'])
      const virtual = calibrateMaps(dead, size, WHERE, { ...CALIBRATION_DEFAULTS, method }, 'Virtual coil')
      expect(virtual.remarks).toEqual(['Virtual coil 2 has no signal, and its map is 0.'])
      expect(maps.every(Number.isFinite)).toBe(true)
      const map = maps.subarray(2 * rows * columns, 4 * rows * columns)
      expect(map.every(value => Math.abs(value) < 1e-6)).toBe(true)
    }
  })

  it('with a dead first coil have the phase of the principal coil', () => {
    const dead = kspace.slice().fill(0, 0, 2 * rows * columns)
    const compact = calibrateMaps(dead, size, WHERE)
    const expand = (phase: 'first coil' | 'principal coil') =>
      expandMaps(compact, [rows, columns], plain, { crop: 0, phase })
    expect(expand('first coil')).toEqual(expand('principal coil'))
    expect(expand('first coil').maps.every(Number.isFinite)).toBe(true)
  })

  it('of one coil have the map 1', () => {
    const one = { coils: 1, rows, columns }
    const compact = calibrateMaps(masked(0).subarray(0, 2 * rows * columns), one, WHERE) // without a centre
    const { maps, eigenvalues } = expandMaps(compact, [rows, columns], plain)
    expect(compact.method).toBe('one coil')
    expect(eigenvalues).toBeNull()
    expect(maps).toHaveLength(2 * rows * columns)
    for (const [i, value] of maps.entries()) expect(value).toBe((i + 1) % 2)
  })
})

it('the compact form is small, and a copy of it gives the same maps', () => {
  for (const method of ['espirit', 'walsh', 'low-resolution'] as const) {
    const { compact, maps, eigenvalues } = mapsOf(kspace, method)
    expect(4 * compact.data.length).toBeLessThan(method === 'espirit' ? 25_000 : 60_000)
    const copy = expandMaps(structuredClone(compact), [rows, columns], plain)
    expect(copy).toEqual({ maps, eigenvalues })
  }
})
