import { describe, expect, it } from 'vitest'
import { stream } from '../../../src/core/mri/random.ts'
import { bootstrapInterval, mean, quantile, standardDeviation } from '../../../src/core/statistics.ts'

const random = () => stream(0, 'bootstrap')

describe('the bootstrap over patients, then seeds', () => {
  it('of one value is this value, and equal seeds give equal intervals', () => {
    expect(bootstrapInterval([[0.3]], random())).toEqual([0.3, 0.3])
    const groups = [[1, 2, 4], [3], [0, 5]]
    expect(bootstrapInterval(groups, random())).toEqual(bootstrapInterval(groups, random()))
  })

  it('of many patients is the normal interval of their mean', () => {
    const draws = stream(1, 'patients')
    const values = Array.from({ length: 200 }, () => draws.normal())
    const [low, high] = bootstrapInterval(
      values.map(value => [value]),
      random(),
    )
    const half = (1.96 * standardDeviation(values)) / Math.sqrt(values.length)
    expect(Math.abs(low - (mean(values) - half))).toBeLessThan(0.02)
    expect(Math.abs(high - (mean(values) + half))).toBeLessThan(0.02)
  })

  it('stays wide if patients differ, for any number of seeds', () => {
    const seeds = (value: number) => Array.from({ length: 100 }, (_, seed) => value + 0.001 * Math.sin(seed))
    const [low, high] = bootstrapInterval([seeds(-1), seeds(1)], random())
    expect(low).toBeLessThan(-0.9)
    expect(high).toBeGreaterThan(0.9)
  })

  it('gives patients equal weights, for any number of seeds per patient', () => {
    const [low, high] = bootstrapInterval([[1, 1, 1, 1], [1]], random())
    expect([low, high]).toEqual([1, 1])
    const resampled = bootstrapInterval([Array(9).fill(0), [1]], random(), { level: 0 })
    expect(resampled).toEqual([0.5, 0.5])
  })
})

it('quantiles lie between the values', () => {
  expect([0, 0.25, 0.5, 1].map(share => quantile([0, 1, 2, 4], share))).toEqual([0, 0.75, 1.5, 4])
})
