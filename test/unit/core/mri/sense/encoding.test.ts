import { beforeAll, describe, expect, it } from 'vitest'
import { type Fourier, makeFourier } from '../../../../../src/core/mri/fourier.ts'
import { adjoint, type Encoding, forward, leastSquares } from '../../../../../src/core/mri/sense/encoding.ts'
import { compute, useEngine } from '../../../../engine.ts'
import { expectClose } from '../../../../golden.ts'
import { energy, floats, goldenEncoding, minus, noise, randomEncoding, vectors } from './slices.ts'

beforeAll(useEngine)

/** ⟨a, b⟩ of complex numbers: real and imaginary part. */
function inner(a: Float32Array, b: Float32Array): [number, number] {
  let [re, im] = [0, 0]
  for (let i = 0; i < a.length; i += 2) {
    re += a[i] * b[i] + a[i + 1] * b[i + 1]
    im += a[i] * b[i + 1] - a[i + 1] * b[i]
  }
  return [re, im]
}

const SIZES: Encoding['sizes'][] = [
  [1, 12, 10],
  [3, 15, 21],
  [4, 17, 8],
  [2, 1, 9],
  [2, 130, 127],
]
const WHERE = 'slice 3 of knee.h5'
const KINDS = ['columns', 'points'] as const

describe.each([
  ['core’s', makeFourier],
  ['the engine’s', () => compute().fourier],
] as const)('by %s transforms', (_, make: () => Fourier) => {
  it('A and its adjoint equal NumPy’s', () => {
    expectClose(forward(goldenEncoding(), floats('op.x'), make()), vectors.array('op.Ax').data, 1e-6)
    expectClose(adjoint(goldenEncoding(), floats('op.y'), make()), vectors.array('op.Ahy').data, 1e-6)
    expectClose(adjoint(goldenEncoding(), floats('kspace'), make()), vectors.array('Ahy').data, 1e-6)
  })

  it.each(KINDS)('⟨y, A x⟩ = ⟨Aᴴ y, x⟩ for masks of %s, of any size', kind => {
    for (const sizes of SIZES) {
      const encoding = randomEncoding(sizes, kind)
      const [x, y] = [noise(2 * sizes[1] * sizes[2], 5), noise(encoding.maps.length, 6)]
      const seen = forward(encoding, x, make())
      const [re, im] = minus(inner(y, seen), inner(adjoint(encoding, y, make()), x))
      expect(energy(seen)).toBeGreaterThan(0)
      expect(Math.hypot(re, im)).toBeLessThan(1e-6 * Math.sqrt(energy(y) * energy(seen)))
    }
  })

  it.each(KINDS)('the normal operator is Aᴴ after A for masks of %s, of any size', kind => {
    for (const sizes of SIZES) {
      const encoding = randomEncoding(sizes, kind)
      const x = noise(2 * sizes[1] * sizes[2], 7)
      const before = x.slice()
      const { normal } = leastSquares(encoding, noise(encoding.maps.length), make(), WHERE)
      const result = new Float32Array(x.length).fill(Number.NaN)
      normal(x, result)
      expectClose(result, adjoint(encoding, forward(encoding, x, make()), make()), 3e-6)
      expect(x).toEqual(before)
    }
  })

  it('a mask of points that are whole columns equals the mask of columns', () => {
    const { maps, sizes, mask } = goldenEncoding()
    const points = Uint8Array.from({ length: 32 * 24 }, (_, i) => mask[i % 24])
    const [byColumns, byPoints] = [mask, points].map(each =>
      leastSquares({ sizes, maps, mask: each }, floats('kspace'), make(), WHERE),
    )
    expectClose(byPoints.adjoint, byColumns.adjoint, 1e-6)
    const [expected, found] = [byColumns, byPoints].map(({ normal }) => {
      const result = new Float32Array(byColumns.adjoint.length)
      normal(floats('op.x'), result)
      return result
    })
    expectClose(found, expected, 1e-6)
  })

  it('no eigenvalue is larger than the bound, and the largest comes near', () => {
    const { normal, bound, adjoint: start } = leastSquares(goldenEncoding(), floats('kspace'), make(), WHERE)
    const [x, result] = [start.slice(), new Float32Array(start.length)]
    let eigenvalue = 0
    for (let i = 0; i < 60; i++) {
      normal(x, result)
      eigenvalue = Math.sqrt(energy(result) / energy(x))
      const scale = 1 / Math.sqrt(energy(result))
      for (let j = 0; j < x.length; j++) x[j] = result[j] * scale
    }
    expect(bound).toBeCloseTo(1, 5)
    expect(eigenvalue).toBeLessThanOrEqual(bound)
    expect(eigenvalue).toBeGreaterThan(0.999 * vectors.scalar('eigenvalue_max'))
  })
})

const fourier = makeFourier()

it('samples that were not measured are not read', () => {
  const { mask } = goldenEncoding()
  const kspace = floats('kspace').map((value, i) => (mask[(i >> 1) % 24] ? value : Number.NaN))
  expect(adjoint(goldenEncoding(), kspace, fourier)).toEqual(adjoint(goldenEncoding(), floats('kspace'), fourier))
})

it('the scale is the largest magnitude of the combined zero-filled image, or the caller’s', () => {
  const image = floats('Ahy')
  const largest = image.reduce(
    (found, _, i) => (i % 2 ? Math.max(found, Math.hypot(image[i - 1], image[i])) : found),
    0,
  )
  expect(leastSquares(goldenEncoding(), floats('kspace'), fourier, WHERE).scale).toBeCloseTo(largest, 5)
  expect(leastSquares(goldenEncoding(), floats('kspace'), fourier, WHERE, 3).scale).toBe(3)
})

it('numbers that are not finite are refused', () => {
  for (const wrong of [Number.NaN, Number.POSITIVE_INFINITY]) {
    const kspace = floats('kspace')
    kspace[2 * (32 * 24 + 5 * 24 + 12)] = wrong // a measured column of the second coil
    expect(() => leastSquares(goldenEncoding(), kspace, fourier, WHERE)).toThrow('in slice 3 of knee.h5. Export')
    const { maps, mask, sizes } = goldenEncoding()
    maps[7] = wrong
    expect(() => leastSquares({ maps, mask, sizes }, floats('kspace'), fourier, WHERE)).toThrow('in the coil maps')
  }
})

it('maps, masks and k-space of other sizes are refused', () => {
  const { maps, mask, sizes } = goldenEncoding()
  const refused: [Encoding, Float32Array][] = [
    [{ maps: maps.subarray(2), mask, sizes }, floats('kspace')],
    [{ maps, mask: mask.subarray(1), sizes }, floats('kspace')],
    [{ maps, mask, sizes: [4, 32, 23] }, floats('kspace')],
    [{ maps, mask, sizes }, floats('kspace').subarray(2)],
  ]
  for (const [encoding, kspace] of refused)
    expect(() => adjoint(encoding, kspace, fourier)).toThrow(expect.objectContaining({ code: 'SHAPE_MISMATCH' }))
})
