import { describe, expect, it } from 'vitest'
import { fitGrid, split, windowOf } from '../../../src/renderer/features/maps.ts'

describe('feature maps', () => {
  it('are as large as their area allows, with captions and gaps', () => {
    for (const count of [1, 7, 16, 64]) {
      const area = { width: 1200, height: 700 }
      const { columns, width, height } = fitGrid(count, area, [128, 126], 6, 16)
      const rows = Math.ceil(count / columns)
      expect(columns * width + (columns - 1) * 6).toBeLessThanOrEqual(area.width)
      expect(rows * (height + 16) + (rows - 1) * 6).toBeLessThanOrEqual(area.height)
      expect(width).toBeGreaterThan(count === 64 ? 60 : 120)
    }
    expect(fitGrid(1, { width: 300, height: 1000 }, [10, 20], 6, 16)).toEqual({ columns: 1, width: 300, height: 150 })
  })

  it('have a window around the middle of their values, and blank maps are detected', () => {
    const values = Float32Array.from({ length: 10_000 }, (_, i) => i - 5000)
    const { low, high } = windowOf(values)!
    expect(low).toBeCloseTo(-4950, -2)
    expect(high).toBeCloseTo(4950, -2)
    const spike = new Float32Array(10_000).fill(1)
    spike[0] = 1e6
    spike[1] = 2
    expect(windowOf(spike)!.high).toBeLessThan(1000)
    expect(windowOf(new Float32Array(9).fill(3))).toBeNull()
    expect(windowOf(new Float32Array(9).fill(Number.NaN))).toBeNull()
  })

  it('are split into single maps', () => {
    expect(split(Float32Array.of(1, 2, 3, 4, 5, 6), 3).map(map => [...map])).toEqual([
      [1, 2],
      [3, 4],
      [5, 6],
    ])
  })
})
