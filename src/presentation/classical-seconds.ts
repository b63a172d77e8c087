/** Estimated duration of classical reconstructions, before anything is measured. */
import type { ClassicalChoice, ClassicalId } from '../contract/classical.ts'

/** What is reconstructed: `count` slices, each with this matrix. */
export interface ClassicalWork {
  readonly count: number
  readonly coils: number
  readonly rows: number
  readonly columns: number
}

// Measured on two cores of an EPYC, on 8 coils of 320 × 186 samples.
/** Seconds of ESPIRiT per pixel and pair of coils. */
const MAPS = 1.6e-8
/** Seconds of an iteration per sample of a coil: two Fourier transforms. */
const COIL = 6e-9
/** Seconds of an iteration per pixel, for the prior. */
const PRIOR: Readonly<Record<ClassicalId, number>> = {
  sense: 0,
  'cg-sense': 0,
  'l1-wavelet': 1.4e-7,
  'total-variation': 3.4e-8,
}

export function classicalSeconds(
  { classical, config }: ClassicalChoice,
  { count, coils: all, rows, columns }: ClassicalWork,
): number {
  const coils = Math.min(all, Number(config.virtualCoils) || all)
  const iterations = Number(config.iterations ?? 1)
  return count * rows * columns * (MAPS * coils ** 2 + iterations * (COIL * coils + PRIOR[classical]))
}
