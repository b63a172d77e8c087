/** One coil of a slice, or all coils: combined by the root of the sum of squares. */
import { AppError } from '../../contract/errors.ts'
import { hasCoils, type Show } from '../../contract/images.ts'
import type { Given } from '../../contract/networks.ts'
import type { Volume } from '../data/volume.ts'

export interface Coils {
  readonly volume: Volume
  readonly slice: number
  /** Counted from 0. `null`: all coils. */
  readonly coil: number | null
}

/** Calls `use` with k-space [coils, rows, columns, 2] of the one coil, or of all coils, without a copy. */
export function withCoils<T>({ volume, slice, coil }: Coils, use: (kspace: Float32Array) => T): T {
  const numbers = 2 * volume.info.rows * volume.info.columns
  return volume.withKspace(slice, kspace =>
    use(coil === null ? kspace : kspace.subarray(coil * numbers, (coil + 1) * numbers)),
  )
}

/** The end of a phrase, such as ` of coil 3 of 15`. Empty if the volume has one coil. */
export function ofCoils({ volume: { info }, coil }: Coils): string {
  if (info.coils === 1) return ''
  return coil === null
    ? ` (root of the sum of squares over ${info.coils} coils)`
    : ` of coil ${coil + 1} of ${info.coils}`
}

/** Throws `INVALID_ARGUMENT` for a coil that the volume lacks, or for what combines all coils. */
export function requireCoil(
  { volume: { info }, coil }: Coils,
  show: Show,
  source: string,
  gives: readonly Given[],
): void {
  if (coil === null) return
  if (!hasCoils(source, show, gives))
    throw new AppError(
      'INVALID_ARGUMENT',
      `Expected all coils for what combines them, got coil ${coil + 1} (${show} of ${source}). ` +
        'Choose all coils, or look at the zero-filled image, its k-space, its phase or its coil map.',
    )
  if (coil >= info.coils)
    throw new AppError(
      'INVALID_ARGUMENT',
      `Expected a coil from 1 to ${info.coils}, got ${coil + 1}, in ${info.path}. Choose one of these coils.`,
    )
}
