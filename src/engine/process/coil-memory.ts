/** Refuses slices whose coils need more memory than the computer has, before the work begins. */
import { AppError } from '../../contract/errors.ts'
import type { VolumeInfo } from '../../contract/volumes.ts'
import { isClassical, type Reconstructor } from '../../core/reconstruct.ts'
import { memoryHere } from '../devices/threads.ts'

/** Of one complex sample in float32. */
const SAMPLE_BYTES = 8
/** Arrays of the file's coils that a classical method holds: the slice, and its measured samples. */
const STORED = 2
/** Arrays of the coils after compression: k-space, maps, working memory. Measured: 4 (28 coils) to 6 (15 coils). */
const SOLVED = 6
/**
 * Arrays of the file's coils for a picture of them all, beside the stored ones: images or maps, their magnitudes and
 * phases, and these side by side. Counted in the code.
 */
const PICTURED = 3

type Slice = Pick<VolumeInfo, 'coils' | 'rows' | 'columns' | 'path'>

const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(1)} GB`

/** @param arrays Number of arrays [rows, columns] of complex samples. */
function refuseAbove(memory: number, arrays: number, { coils, rows, columns, path }: Slice, remedy: string): void {
  const needed = SAMPLE_BYTES * rows * columns * arrays
  if (needed <= memory) return
  throw new AppError(
    'OUT_OF_MEMORY',
    `Expected ${coils} coils of ${rows} × ${columns} to need at most ${gigabytes(memory)} of memory, ` +
      `got ${gigabytes(needed)}, in ${path}. ${remedy}`,
  )
}

/** Throws `OUT_OF_MEMORY` for an image of a classical method. @param memory Of the computer, in bytes. */
export function requireCoilMemory(slice: Slice, reconstructor: Reconstructor | null, memory = memoryHere()): void {
  if (!isClassical(reconstructor)) return
  const { coils } = slice
  const { virtualCoils } = reconstructor.config
  const solved = virtualCoils === 0 ? coils : Math.min(coils, virtualCoils)
  const remedy = 'Choose settings with fewer virtual coils, or exclude the file.'
  refuseAbove(memory, STORED * coils + SOLVED * solved, slice, remedy)
}

/** Throws `OUT_OF_MEMORY` for a picture of all coils, of their maps or of the eigenvalue. */
export function requirePictureMemory(slice: Slice, memory = memoryHere()): void {
  const remedy = 'Look at one coil’s image, or write the file again with fewer coils (coil compression).'
  refuseAbove(memory, (STORED + PICTURED) * slice.coils, slice, remedy)
}
