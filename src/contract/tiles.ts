/** Images of several coils side by side in one image: rows of equal tiles with gaps between them, coil by coil. */
import { z } from 'zod'

export const Tiles = z.object({
  count: z.int(),
  /** Tiles in a row. */
  columns: z.int(),
  /** Of one tile, pixels. */
  height: z.int(),
  width: z.int(),
  /** Pixels between two tiles. */
  gap: z.int(),
})
export type Tiles = z.infer<typeof Tiles>

/** The coil whose tile holds a pixel, counted from 0, and the pixel's place in the tile. `null`: no tile. */
export function tileAt(
  { count, columns, height, width, gap }: Tiles,
  row: number,
  column: number,
): { readonly coil: number; readonly row: number; readonly column: number } | null {
  const coil = Math.floor(row / (height + gap)) * columns + Math.floor(column / (width + gap))
  const within = { row: row % (height + gap), column: column % (width + gap) }
  return coil < count && within.row < height && within.column < width ? { coil, ...within } : null
}
