/** Means over trainings, with their standard deviation (n − 1), once for screen and print. */
import { NONE } from './numbers.ts'

export interface Spread {
  readonly mean: number
  /** `null` with one value. */
  readonly sd: number | null
  readonly n: number
}

/**
 * `null` without values. Values that were never measured (`null`, NaN) are left out. An infinite value counts, because
 * it was measured (the PSNR of identical images). The mean is then infinite, and has no deviation.
 */
export function spreadOf(values: readonly (number | null | undefined)[]): Spread | null {
  const measured = values.filter((value): value is number => value != null && !Number.isNaN(value))
  const n = measured.length
  if (n === 0) return null
  const mean = measured.reduce((sum, value) => sum + value, 0) / n
  const variance = measured.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (n - 1)
  return { mean, sd: n > 1 && Number.isFinite(variance) ? Math.sqrt(variance) : null, n }
}

export const meanOf = (values: readonly (number | null | undefined)[]): number | null => spreadOf(values)?.mean ?? null

/** '± 0.004', with the decimals of the formatted mean; `null` with one value. */
export function formatSd({ mean, sd }: Spread, format: (value: number) => string): string | null {
  if (sd === null) return null
  const decimals = /^-?\d+(?:\.(\d+))?$/.exec(format(mean))
  return `± ${decimals ? sd.toFixed(decimals[1]?.length ?? 0) : format(sd)}`
}

export function formatSpread(spread: Spread | null, format: (value: number) => string): string {
  if (!spread) return NONE
  return [format(spread.mean), formatSd(spread, format)].filter(part => part !== null).join(' ')
}
