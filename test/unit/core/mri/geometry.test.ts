import { describe, expect, it } from 'vitest'
import { lettersOf, normalOf, orientationOf, slicePosition } from '../../../../src/contract/directions.ts'
import type { Geometry } from '../../../../src/contract/volumes.ts'
import {
  affineOf,
  agreesWith,
  type Placement,
  placementOf,
  placementOfSlice,
  spacingOf,
} from '../../../../src/core/mri/geometry.ts'

type Vector = Geometry['right']

const close = (actual: readonly number[], expected: readonly number[]) => {
  expect(actual).toHaveLength(expected.length)
  for (const [i, value] of actual.entries()) expect(value).toBeCloseTo(expected[i], 9)
}

const AXIAL: Geometry = {
  right: [1, 0, 0],
  down: [0, 1, 0],
  origins: [
    [10, 20, -6],
    [10, 20, 0],
    [10, 20, 6],
  ],
}
const SAGITTAL: Geometry = { right: [0, 1, 0], down: [0, 0, -1], origins: [[3, 0, 0]] }

const info = {
  targetShape: null,
  reconSize: null,
  rows: 8,
  columns: 6,
  slices: 3,
  voxelSize: [2, 3, 5] as [number, number, number],
  geometry: AXIAL,
}

describe('letters', () => {
  it.each<[Vector, string]>([
    [[1, 0, 0], 'L'],
    [[-1, 0, 0], 'R'],
    [[0, 1, 0], 'P'],
    [[0, -1, 0], 'A'],
    [[0, 0, 1], 'H'],
    [[0, 0, -1], 'F'],
    [[0.8, -0.6, 0], 'LA'],
    [[0.6, -0.8, 0], 'AL'],
    [[0.1, 0.2, -0.97], 'FP'],
    [[Math.cos(0.08), Math.sin(0.08), 0], 'L'], // 4.6°
  ])('of %j are %s', (direction, letters) => expect(lettersOf(direction)).toBe(letters))

  it('name rows and columns as DICOM does', () => {
    expect(orientationOf(AXIAL)).toEqual(['L', 'P'])
    expect(orientationOf(SAGITTAL)).toEqual(['P', 'F'])
    expect(normalOf(AXIAL)).toEqual([0, 0, 1])
    expect(normalOf(SAGITTAL)).toEqual([-1, 0, 0])
  })

  it('of the main axes decide whether a stated orientation agrees', () => {
    expect(agreesWith(AXIAL, ['L', 'P'])).toBe(true)
    expect(agreesWith(AXIAL, ['LA', 'PH'])).toBe(true)
    expect(agreesWith(AXIAL, ['R', 'P'])).toBe(false)
  })
})

it('a slice says how far it is from the origin, and to which side', () => {
  expect([0, 1, 2].map(slice => slicePosition(AXIAL, slice))).toEqual(['F 6.0 mm', 'H 0.0 mm', 'H 6.0 mm'])
  expect(slicePosition(SAGITTAL, 0)).toBe('L 3.0 mm')
  expect(slicePosition(SAGITTAL, 1)).toBeNull()
})

describe('the first pixel', () => {
  const first = (rows: number, columns: number, reconSize: [number, number] | null) =>
    placementOf({ ...info, rows, columns, reconSize }, 'network')!.positions[0]

  it('is ⌊size / 2⌋ pixels from the origin of the transform', () => {
    close(first(8, 6, null), [10 - 3 * 3, 20 - 4 * 2, -6])
    close(first(7, 5, null), [10 - 2 * 3, 20 - 3 * 2, -6])
  })

  it.each([
    // rows, columns, crop, the crop's pixel of the origin in both directions
    [8, 6, [4, 4], [2, 2]],
    [8, 6, [5, 3], [3, 2]], // an odd crop of an even size starts half a pixel early
    [7, 7, [4, 3], [2, 1]],
    [7, 7, [5, 2], [2, 1]],
  ] as const)('follows the crop of %d × %d to %j', (rows, columns, crop, [down, right]) => {
    close(first(rows, columns, [...crop]), [10 - 3 * right, 20 - 2 * down, -6])
    // The crop shows the pixel that the whole image shows there.
    const [top, left] = [Math.floor((rows - crop[0]) / 2), Math.floor((columns - crop[1]) / 2)]
    const whole = first(rows, columns, null)
    close(first(rows, columns, [...crop]), [whole[0] + 3 * left, whole[1] + 2 * top, -6])
  })

  it('is unknown for an interpolated image, without pixel sizes, or if the slices are not all placed', () => {
    const interpolated = { ...info, targetShape: [16, 6] as [number, number] }
    expect(placementOf(interpolated, 'truth')).toBeUndefined()
    expect(placementOf(interpolated, 'network')).toBeDefined()
    expect(placementOf({ ...info, voxelSize: undefined }, 'network')).toBeUndefined()
    expect(placementOf({ ...info, slices: 4 }, 'network')).toBeUndefined()
    expect(placementOf({ ...info, geometry: undefined }, 'network')).toBeUndefined()
  })
})

describe('slices', () => {
  const at = (heights: readonly number[]): Placement =>
    placementOf(
      {
        ...info,
        slices: heights.length,
        geometry: { ...AXIAL, origins: heights.map(z => [10, 20, z] as [number, number, number]) },
      },
      'network',
    )!

  it('at equal distances have a spacing, which may differ from the thickness', () => {
    expect(spacingOf(at([-6, 0, 6]))).toBeCloseTo(6, 12)
    expect(spacingOf(at([6, 0, -6]))).toBeCloseTo(6, 12)
    expect(spacingOf(at([0, 6, 12.01]))).toBeCloseTo(6.005, 12) // rounded in the file
  })

  it('at other distances have none', () => {
    expect(spacingOf(at([0, 6, 13]))).toBeNull()
    expect(spacingOf(at([0, 0, 0]))).toBeNull()
    expect(spacingOf(at([0]))).toBeNull()
    expect(affineOf(at([0, 6, 13]))).toBeNull()
  })
})

describe('the affine', () => {
  const centre = (affine: number[][], [i, j, k]: Vector) =>
    affine.map(([x, y, z, shift]) => x * i + y * j + z * k + shift)

  it('takes the origin of the transform to its place, to the right and to the front', () => {
    const affine = affineOf(placementOf(info, 'network')!)!
    for (const [k, [x, y, z]] of AXIAL.origins.entries()) close(centre(affine, [3, 4, k]), [-x, -y, z])
    close(centre(affine, [4, 4, 0]), [-13, -20, -6]) // one column further to the left
    close(centre(affine, [3, 5, 0]), [-10, -22, -6]) // one row further to the back
  })

  it('of one slice has its thickness as a step', () => {
    const affine = affineOf(placementOfSlice(placementOf(info, 'network')!, 2))!
    close(centre(affine, [3, 4, 0]), [-10, -20, 6])
    close(centre(affine, [3, 4, 1]), [-10, -20, 11])
  })
})
