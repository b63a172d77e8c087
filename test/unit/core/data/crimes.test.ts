import { describe, expect, it } from 'vitest'
import { type CrimeStatistics, flagsOf } from '../../../../src/contract/crimes.ts'
import { crimesOf } from '../../../../src/core/data/crimes.ts'
import { golden } from '../../../golden.ts'

const vectors = golden('crimes')
const NAMES: Readonly<Record<keyof CrimeStatistics, string>> = {
  hermitianResidual: 'hermitian_residual',
  imaginaryShare: 'imaginary_share',
  outerToMidEnergy: 'outer_to_mid_energy',
  zeroColumns: 'zero_columns',
  zeroRows: 'zero_rows',
  gridResidual: 'grid_residual',
  gridMaximum: 'grid_maximum',
  dctRatio: 'dct8_ratio',
}
const FLAGS = {
  honest: [],
  zero_padded: ['outerToMidEnergy'],
  zero_padded_magnitude: ['hermitianResidual', 'outerToMidEnergy'],
  filtered_zero_padded_magnitude: ['hermitianResidual', 'outerToMidEnergy'],
  integer12_magnitude: ['hermitianResidual', 'gridResidual'],
  jpeg_magnitude: ['hermitianResidual', 'gridResidual', 'dctRatio'],
  partial_fourier: [],
} as const

describe.each(Object.entries(FLAGS))('%s', (name, flags) => {
  const { data, shape } = vectors.array(`${name}.kspace`)
  const crimes = crimesOf(data as Float32Array, shape[0], shape[1])

  it.each(Object.entries(NAMES) as [keyof CrimeStatistics, string][])('has the reference’s %s', (statistic, stored) => {
    const expected = vectors.scalar(`${name}.${stored}`)
    expect(Math.abs(crimes[statistic]! - expected)).toBeLessThanOrEqual(Math.max(1e-3 * expected, 1e-6))
  })

  it('has the right flags', () => {
    expect(flagsOf(crimes)).toEqual(flags)
  })
})

it('finds the mirror of each sample for odd sizes', () => {
  const [rows, columns] = [5, 7]
  // A real image of one pixel beside the origin.
  const kspace = Float32Array.from({ length: 2 * rows * columns }, (_, i) => {
    const [row, column] = [Math.floor(i / 2 / columns) - 2, (Math.floor(i / 2) % columns) - 3]
    const angle = -2 * Math.PI * (row / rows + (2 * column) / columns)
    return i % 2 ? Math.sin(angle) : Math.cos(angle)
  })
  expect(crimesOf(kspace, rows, columns).hermitianResidual).toBeLessThan(1e-6)
})

it('says so where a matrix is too small for a statistic', () => {
  for (const [rows, columns] of [
    [4, 4],
    [8, 6],
    [1, 1],
  ]) {
    const kspace = Float32Array.from({ length: 2 * rows * columns }, (_, i) => 1 + (i % 3))
    const crimes = crimesOf(kspace, rows, columns)
    expect(crimes.dctRatio).toBeNull()
    for (const value of Object.values(crimes)) expect(value === null || Number.isFinite(value)).toBe(true)
    expect(flagsOf(crimes)).not.toContain('dctRatio')
  }
})
