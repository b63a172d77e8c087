import { describe, expect, it } from 'vitest'
import { POINT_KINDS } from '../../../../src/contract/evaluation.ts'
import { drawPattern } from '../../../../src/core/mri/draw.ts'
import { acceleration, type Pattern } from '../../../../src/core/mri/pattern.ts'
import { RandomState } from '../../../../src/core/mri/random.ts'

type PointKind = (typeof POINT_KINDS)[number]
const draw = (kind: PointKind, shape: readonly [number, number], seed: number, change: object = {}) =>
  drawPattern({ kind, acceleration: 4, centerFraction: 0.08, ...change }, shape, RandomState.fromSeed(seed))

function captured(failing: () => unknown): unknown {
  try {
    return failing()
  } catch (error) {
    return error
  }
}

const placesOf = ({ measured }: Pattern) => [...measured.keys()].filter(i => measured[i])

/** Share of measured samples in the inner and in the outer half, by the larger distance from the centre. */
function densities({ rows, columns, measured }: Pattern): [inner: number, outer: number] {
  const [inner, outer] = [
    [0, 0],
    [0, 0],
  ]
  for (const [i, value] of measured.entries()) {
    const away = Math.max(Math.abs(Math.floor(i / columns) / rows - 0.5), Math.abs((i % columns) / columns - 0.5))
    const part = away < 0.25 ? inner : outer
    part[0] += value
    part[1]++
  }
  return [inner[0] / inner[1], outer[0] / outer[1]]
}

describe.each(POINT_KINDS)('%s', kind => {
  it.each<[number, number, number, number]>([
    [64, 48, 4, 0.08],
    [63, 37, 6, 0.05],
    [40, 90, 8, 0.1],
    [50, 50, 1, 0.08],
    [33, 29, 2.6, 0.2],
  ])('of %i × %i measures one in %d samples, to half a sample, with its block', (rows, columns, asked, share) => {
    for (let seed = 0; seed < 3; seed++) {
      const pattern = draw(kind, [rows, columns], seed, { acceleration: asked, centerFraction: share })
      expect(placesOf(pattern)).toHaveLength(Math.round((rows * columns) / asked))
      expect(acceleration(pattern)).toBeCloseTo(asked, 0)
      const { centre } = pattern
      expect(centre!.rows.to - centre!.rows.from).toBe(Math.round(rows * share))
      for (let row = centre!.rows.from; row < centre!.rows.to; row++)
        for (let column = centre!.columns.from; column < centre!.columns.to; column++)
          expect(pattern.measured[row * columns + column]).toBe(1)
    }
  })

  it('is equal for equal seeds, and different for others', () => {
    const [first, again, other] = [1, 1, 2].map(seed => draw(kind, [48, 40], seed).measured.join(''))
    expect(again).toBe(first)
    expect(other).not.toBe(first)
  })

  it('is denser at the centre, unless it is uniform', () => {
    const [inner, outer] = densities(draw(kind, [96, 80], 0, { centerFraction: 0.02 }))
    if (kind === 'uniform_2d') expect(Math.abs(inner - outer)).toBeLessThan(0.05)
    else expect(inner / outer).toBeGreaterThan(1.5)
  })

  it('measures the block alone where that is the acceleration', () => {
    const pattern = draw(kind, [20, 20], 0, { acceleration: 25, centerFraction: 0.2 })
    expect(placesOf(pattern)).toHaveLength(16)
  })

  it.each<[object, string]>([
    [{ acceleration: 26, centerFraction: 0.2 }, 'from 1 to 25.0 (20 × 20 samples, of which'],
    [{ acceleration: 0.5 }, 'got 0.5'],
    [{ acceleration: Number.NaN }, 'got NaN'],
    [{ centerFraction: 0.01 }, 'got 0 (centre fraction 0.01 of 20 rows)'],
  ])('refuses %o', (change, message) => {
    expect(() => draw(kind, [20, 20], 0, change)).toThrow(message)
    expect(() => draw(kind, [20, 20], 0, change)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
  })
})

it('gaussian_2d draws from one row or one column', () => {
  for (const shape of [
    [1, 100],
    [100, 1],
  ] as const) {
    const change = { acceleration: 1.25, centerFraction: 0.52 }
    expect(placesOf(draw('gaussian_2d', shape, 0, change))).toHaveLength(80)
  }
})

describe('a Poisson disc', () => {
  it('refuses accelerations at which it would be a uniform mask, and names one that works', () => {
    const shape = [64, 64] as const
    const refused = () => draw('poisson_disc', shape, 0, { acceleration: 2 })
    expect(refused).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
    expect(refused).toThrow(/Choose at least 2\.\d, or the mask gaussian_2d\.$/)
    const least = Number(/at least ([\d.]+),/.exec(String(captured(refused)))![1])
    for (let seed = 0; seed < 5; seed++) {
      const { measured, centre } = draw('poisson_disc', shape, seed, { acceleration: least })
      const neighbours = [...measured.keys()].filter(
        i =>
          measured[i] &&
          measured[i + 1] &&
          i % 64 < 63 &&
          !(i % 64 >= centre!.columns.from - 1 && i % 64 < centre!.columns.to),
      )
      expect(neighbours).toEqual([])
    }
  })

  /** Nearest measured neighbour outside the block, in steps of the longer side. */
  const nearest = (places: readonly (readonly [number, number])[], [rows, columns]: readonly [number, number]) =>
    places.map(([row, column], i) => {
      const longer = Math.max(rows, columns)
      return places.reduce((least, [otherRow, otherColumn], j) => {
        if (i === j) return least
        return Math.min(
          least,
          Math.hypot(((row - otherRow) * longer) / rows, ((column - otherColumn) * longer) / columns),
        )
      }, Number.POSITIVE_INFINITY)
    })

  it.each<readonly [number, number]>([
    [72, 72],
    [80, 40],
  ])('of %i × %i keeps its distances, which grow outwards', (rows, columns) => {
    const pattern = draw('poisson_disc', [rows, columns], 5, { acceleration: 10 })
    const { centre } = pattern
    const outside = placesOf(pattern)
      .map(place => [Math.floor(place / columns), place % columns] as const)
      .filter(
        ([row, column]) =>
          row < centre!.rows.from ||
          row >= centre!.rows.to ||
          column < centre!.columns.from ||
          column >= centre!.columns.to,
      )
    const away = ([row, column]: readonly [number, number]) => {
      const down = Math.max(centre!.rows.from - row, row - centre!.rows.to + 1, 0) / centre!.rows.from
      const across = Math.max(centre!.columns.from - column, column - centre!.columns.to + 1, 0) / centre!.columns.from
      return Math.hypot(down, across)
    }
    const distances = nearest(outside, [rows, columns])
    // One slope explains every distance: d ≥ 1 + slope · r, with the r of the nearer of two neighbours or less.
    const slope = Math.min(...distances.map((d, i) => (away(outside[i]) > 0.3 ? (d - 1) / away(outside[i]) : Infinity)))
    const far = distances.filter((_, i) => away(outside[i]) > 0.8)
    const near = distances.filter((_, i) => away(outside[i]) < 0.3)
    const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
    expect(slope).toBeGreaterThan(0)
    expect(mean(far)).toBeGreaterThan(1.5 * mean(near))
    expect(Math.min(...far)).toBeGreaterThan(2)
  })
})
