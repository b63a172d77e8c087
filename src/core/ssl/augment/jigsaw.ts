/**
 * PIRL's jigsaw (VISSL `img_pil_to_patches_and_image.py`): a patch within each cell of a 3 × 3 grid, in random order.
 */
import type { RandomState } from '../../mri/random.ts'
import type { Image } from '../image.ts'

export const GRID = 3

/**
 * Nine shuffled patches [9, patch, patch] of each plane of a square image. Random numbers are drawn in VISSL's order:
 * for each cell, column by column, the patch's place across and down; then the shuffle.
 */
export function jigsawPatches({ planes, shape: [side] }: Image, patch: number, random: RandomState): Float32Array[] {
  const cell = Math.floor(side / GRID)
  const room = Math.max(1, cell - patch)
  const corners: { readonly top: number; readonly left: number }[] = []
  for (let column = 0; column < GRID; column++) {
    for (let row = 0; row < GRID; row++) {
      const left = column * cell + random.randint(room)
      corners.push({ top: row * cell + random.randint(room), left })
    }
  }
  const shuffled = [...random.shuffle(corners.length)].map(from => corners[from])
  return planes.map(plane => {
    const patches = new Float32Array(corners.length * patch * patch)
    for (const [place, { top, left }] of shuffled.entries())
      for (let y = 0; y < patch; y++) {
        const start = (top + y) * side + left
        patches.set(plane.subarray(start, start + patch), (place * patch + y) * patch)
      }
    return patches
  })
}
