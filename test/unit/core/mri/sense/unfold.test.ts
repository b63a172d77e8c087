import { beforeAll, expect, it } from 'vitest'
import { type Encoding, forward } from '../../../../../src/core/mri/sense/encoding.ts'
import { unfold } from '../../../../../src/core/mri/sense/unfold.ts'
import { compute, useEngine } from '../../../../engine.ts'
import { expectClose } from '../../../../golden.ts'
import { energy, floats, goldenEncoding, noise, vectors } from './slices.ts'

beforeAll(useEngine)

it('unfolds every second column as NumPy’s least squares', () => {
  const encoding = { ...goldenEncoding(), mask: vectors.array('unfold.mask').data as Uint8Array }
  const { image, geometry } = unfold(encoding, floats('unfold.kspace'), compute().fourier)
  expectClose(image, vectors.array('unfold.x').data, 1e-5)
  expect(geometry.every(g => g >= 1 && g < 100)).toBe(true)
})

it('refuses maps of other sizes', () => {
  const encoding = { ...goldenEncoding(), mask: vectors.array('unfold.mask').data as Uint8Array }
  expect(() =>
    unfold({ ...encoding, maps: encoding.maps.subarray(2) }, floats('unfold.kspace'), compute().fourier),
  ).toThrow(expect.objectContaining({ code: 'SHAPE_MISMATCH' }))
})

const everyColumn = (columns: number, step: number, first: number) =>
  Uint8Array.from({ length: columns }, (_, column) => Number(column % step === first))

it.each([
  [1, 0, 24],
  [2, 0, 24],
  [2, 1, 24],
  [3, 0, 27],
  [3, 2, 21],
  [4, 3, 24],
])('inverts A for every %i-th column from %i on, of %i', (step, first, columns) => {
  const sizes = [5, 3, columns] as const
  const encoding: Encoding = { sizes, maps: noise(2 * 5 * 3 * columns, 2), mask: everyColumn(columns, step, first) }
  const x = noise(2 * 3 * columns)
  const { image } = unfold(encoding, forward(encoding, x, compute().fourier), compute().fourier)
  expectClose(image, x, 1e-4)
})

it('the geometry factor is the growth of noise over that of all columns, divided by R^½', () => {
  const sizes = [4, 1, 8] as const
  const maps = noise(2 * 4 * 8, 9)
  const { fourier } = compute()
  const deviations = (step: number) => {
    const encoding = { sizes, maps, mask: everyColumn(8, step, 0) }
    const squares = new Float64Array(8)
    for (let draw = 0; draw < 3000; draw++) {
      const { image } = unfold(encoding, noise(2 * 4 * 8, draw), fourier)
      for (let i = 0; i < 16; i++) squares[i >> 1] += image[i] ** 2
    }
    return squares.map(Math.sqrt)
  }
  const { geometry } = unfold({ sizes, maps, mask: everyColumn(8, 2, 0) }, noise(2 * 4 * 8), fourier)
  const [all, half] = [deviations(1), deviations(2)]
  expectClose(
    geometry,
    half.map((value, i) => value / all[i] / Math.SQRT2),
    0.1,
  )
  expect(Math.max(...geometry)).toBeGreaterThan(1.1)
})

it('pixels without a map stay 0, and the pixels that fold onto them are found', () => {
  const sizes = [2, 2, 12] as const
  const maps = noise(2 * 2 * 2 * 12, 2)
  for (let i = 0; i < maps.length; i++) if ((i >> 1) % 12 < 4) maps[i] = 0
  const encoding = { sizes, maps, mask: everyColumn(12, 2, 0) }
  const x = noise(2 * 2 * 12).map((value, i) => ((i >> 1) % 12 < 4 ? 0 : value))
  const { image, geometry } = unfold(encoding, forward(encoding, x, compute().fourier), compute().fourier)
  expectClose(image, x, 1e-4)
  expect([...geometry.subarray(0, 4)]).toEqual([0, 0, 0, 0])
  expect(geometry[8]).toBeCloseTo(1, 5) // alone in its group
  expect(energy(image)).toBeGreaterThan(0)
})

it('refuses masks that are not regular, and more folds than coils', () => {
  const encoding = goldenEncoding()
  const call = (mask: Uint8Array) => () => unfold({ ...encoding, mask }, floats('kspace'), compute().fourier)
  expect(call(encoding.mask)).toThrow('every R-th column')
  expect(call(everyColumn(24, 5, 0))).toThrow('every R-th column')
  expect(call(everyColumn(24, 6, 0))).toThrow('at most the 4 coils, got 6')
  expect(call(new Uint8Array(32 * 24).fill(1))).toThrow('every R-th column')
})
