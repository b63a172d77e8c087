/** Refuses slices whose coils need more memory than the computer has, before the work begins. */
import { totalmem } from 'node:os'
import { AppError } from '../../contract/errors.ts'
import type { VolumeInfo } from '../../contract/volumes.ts'
import { isClassical, type Reconstructor } from '../../core/reconstruct.ts'

/** Of one complex sample in float32. */
const SAMPLE_BYTES = 8
/** Arrays of the file's coils that a classical method holds: the slice, and its measured samples. */
const STORED = 2
/** Arrays of the coils after compression: k-space, maps, working memory. Measured: 4 (28 coils) to 6 (15 coils). */
const SOLVED = 6

const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(1)} GB`

/** Throws `OUT_OF_MEMORY`. @param memory Of the computer, in bytes. */
export function requireCoilMemory(
  { coils, rows, columns, path }: Pick<VolumeInfo, 'coils' | 'rows' | 'columns' | 'path'>,
  reconstructor: Reconstructor | null,
  memory = totalmem(),
): void {
  if (!isClassical(reconstructor)) return
  const { virtualCoils } = reconstructor.config
  const solved = virtualCoils === 0 ? coils : Math.min(coils, virtualCoils)
  const needed = SAMPLE_BYTES * rows * columns * (STORED * coils + SOLVED * solved)
  if (needed <= memory) return
  throw new AppError(
    'OUT_OF_MEMORY',
    `Expected ${coils} coils of ${rows} × ${columns} to need at most ${gigabytes(memory)} of memory, ` +
      `got ${gigabytes(needed)}, in ${path}. Choose settings with fewer virtual coils, or exclude the file.`,
  )
}
