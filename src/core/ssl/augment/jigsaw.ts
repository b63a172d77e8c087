/** PIRL's jigsaw (VISSL `img_pil_to_patches_and_image.py`): a 3 × 3 grid of cells, a patch within each, all in one random order. */
import type { RandomState } from '../../mri/random.ts'

export const GRID = 3

/**
 * Nine patches [9, patch, patch] of a square image [side, side]: one jitter (across, down) within each cell, cells column by column, then
 * shuffled together.
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
