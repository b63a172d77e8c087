import { expect, it } from 'vitest'
import { tileAt } from '../../../../src/contract/tiles.ts'
import { shapeOfTiles, sideBySide, tilesOf } from '../../../../src/core/viewing/tiles.ts'

it('are as near to a square as their number allows', () => {
  const layout = (count: number, shape: readonly [number, number]) => {
    const { columns } = tilesOf(count, shape)
    return [Math.ceil(count / columns), columns]
  }
  expect([2, 4, 8, 15, 20, 28].map(count => layout(count, [320, 320]))).toEqual([
    [1, 2],
    [2, 2],
    [3, 3],
    [4, 4],
    [4, 5],
    [5, 6],
  ])
  expect(layout(8, [320, 160])).toEqual([2, 4])
  expect(layout(1, [320, 320])).toEqual([1, 1])
})

it('hold each image where `tileAt` finds its coil, and no value between them', () => {
  const shape = [5, 3] as const
  const images = Float32Array.from({ length: 7 * 15 }, (_, i) => i)
  const tiles = tilesOf(7, shape)
  const [rows, columns] = shapeOfTiles(tiles)
  const grid = sideBySide(images, tiles)
  expect(grid).toHaveLength(rows * columns)
  const seen = new Set<number>()
  for (const [i, value] of grid.entries()) {
    const tile = tileAt(tiles, Math.floor(i / columns), i % columns)
    expect(value).toBe(tile ? images[15 * tile.coil + 3 * tile.row + tile.column] : Number.NaN)
    if (tile) seen.add(value)
  }
  expect(seen.size).toBe(images.length)
})
