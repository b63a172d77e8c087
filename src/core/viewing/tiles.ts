/** Puts images of several coils side by side into one image, as near to a square as their number allows. */
import type { Tiles } from '../../contract/tiles.ts'

/** Width of a gap: this share of a tile's smaller side, at least `LEAST_GAP` pixels. */
const GAP = 1 / 80
const LEAST_GAP = 2

export function tilesOf(count: number, [height, width]: readonly [number, number]): Tiles {
  /** 0: a square. */
  const unevenness = (columns: number) => Math.abs(Math.log((columns * width) / (Math.ceil(count / columns) * height)))
  const counts = Array.from({ length: count }, (_, i) => i + 1)
  // Of two, the wider one.
  const columns = counts.reduce((best, each) => (unevenness(each) <= unevenness(best) + 1e-9 ? each : best))
  return { count, columns, height, width, gap: Math.max(LEAST_GAP, Math.round(GAP * Math.min(height, width))) }
}

export const shapeOfTiles = ({ count, columns, height, width, gap }: Tiles): [number, number] => {
  const rows = Math.ceil(count / columns)
  return [rows * (height + gap) - gap, columns * (width + gap) - gap]
}

/** Images [count, height, width] as one image. Pixels outside the tiles are NaN. */
export function sideBySide(images: Float32Array, tiles: Tiles): Float32Array {
  const { count, columns, height, width, gap } = tiles
  const [rows, across] = shapeOfTiles(tiles)
  const grid = new Float32Array(rows * across).fill(Number.NaN)
  for (let line = 0; line < count * height; line++) {
    const tile = Math.floor(line / height)
    const row = Math.floor(tile / columns) * (height + gap) + (line % height)
    const column = (tile % columns) * (width + gap)
    grid.set(images.subarray(line * width, (line + 1) * width), row * across + column)
  }
  return grid
}
