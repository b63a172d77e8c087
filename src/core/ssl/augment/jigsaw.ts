/**
 * PIRL's jigsaw (VISSL `img_pil_to_patches_and_image.py`): a patch within each cell of a 3 × 3 grid, in random order.
 */
import type { RandomState } from '../../mri/random.ts'

export const GRID = 3

/**
 * Nine shuffled patches [9, patch, patch] of a square image [side, side]. Random numbers are drawn in VISSL's order:
 * for each cell, column by column, the patch's place across and down; then the shuffle.
 */
export function jigsawPatches(image: Float32Array, side: number, patch: number, random: RandomState): Float32Array {
  const cell = Math.floor(side / GRID)
  const room = Math.max(1, cell - patch)
  const patches: Float32Array[] = []
  for (let column = 0; column < GRID; column++) {
    for (let row = 0; row < GRID; row++) {
      const left = column * cell + random.randint(room)
      const top = row * cell + random.randint(room)
      const cut = new Float32Array(patch * patch)
      for (let y = 0; y < patch; y++) {
        const start = (top + y) * side + left
        cut.set(image.subarray(start, start + patch), y * patch)
      }
      patches.push(cut)
    }
  }
  const result = new Float32Array(patches.length * patch * patch)
  for (const [to, from] of random.shuffle(patches.length).entries()) result.set(patches[from], to * patch * patch)
  return result
}
