import { describe, expect, it } from 'vitest'
import { makeWavelet, WAVELETS } from '../../../../../src/core/mri/sense/wavelet.ts'
import { expectClose } from '../../../../golden.ts'
import { energy, floats, noise, vectors } from './slices.ts'

it.each([
  ['haar', 3],
  ['db4', 2],
] as const)('%s with %i levels equals PyWavelets', (name, levels) => {
  const x = floats('dwt.x')
  const wavelet = makeWavelet(name, levels, [32, 24])
  wavelet.forward(x)
  expectClose(x, vectors.array(`dwt.${name}`).data, 1e-6)
  wavelet.inverse(x)
  expectClose(x, floats('dwt.x'), 1e-6)
})

describe.each(WAVELETS)('%s', name => {
  it.each([
    [2, 2, 1],
    [8, 4, 2],
    [16, 48, 4],
    [32, 32, 5],
  ])('of %i × %i with %i levels is orthonormal', (rows, columns, levels) => {
    const wavelet = makeWavelet(name, levels, [rows, columns])
    const x = noise(2 * rows * columns)
    const y = x.slice()
    wavelet.forward(y)
    expect(energy(y) / energy(x)).toBeCloseTo(1, 6)
    expect(Math.abs(y[0] - x[0])).toBeGreaterThan(1e-3)
    wavelet.inverse(y)
    expectClose(y, x, 1e-6)
  })

  it('of a constant image has one number per level of approximation alone', () => {
    const x = new Float32Array(2 * 16 * 16).map((_, i) => 1 - (i % 2))
    makeWavelet(name, 4, [16, 16]).forward(x)
    expect(x[0]).toBeCloseTo(16, 4)
    expect(Math.max(...x.subarray(1).map(Math.abs))).toBeLessThan(1e-5)
  })
})

it('db4 has four vanishing moments: details of a cubic polynomial vanish away from the border', () => {
  const rows = 2
  const columns = 64
  const x = new Float32Array(2 * rows * columns).map((_, i) => (i % 2 ? 0 : ((i >> 1) % columns) / 64) ** 3)
  makeWavelet('db4', 1, [rows, columns]).forward(x)
  const details = Array.from({ length: 24 }, (_, n) => x[2 * (32 + 4 + n)])
  expect(Math.max(...details.map(Math.abs))).toBeLessThan(1e-6)
})

it('refuses sizes that the levels do not divide', () => {
  expect(() => makeWavelet('haar', 3, [32, 20])).toThrow('divisible by 8')
})
