/** What a user should know of the coil maps with which a classical image was made. */
import type { ClassicalId } from '../../contract/classical.ts'
import type { Classical, SolvedCoils } from '../classical.ts'
import type { Arithmetic } from '../compute.ts'
import { CALIBRATION_DEFAULTS, type CompactMaps } from '../mri/coils/maps.ts'
import { fitInWords, type ModelFit, methodInWords, modelFit } from '../mri/coils/model-fit.ts'
import type { Shape } from '../mri/transform.ts'

/** A caution is given if the maps do not explain the data in more of the object. Measured files have single pixels. */
const CAUTION_SHARE = 0.01

export interface CoilFacts {
  readonly compact: CompactMaps
  /** Coils of the file, and coils that the method got. */
  readonly coils: number
  readonly used: number
  /** From 0 to 1. `null`: not compressed. */
  readonly energyKept: number | null
  /** `null`: the maps have no eigenvalues. */
  readonly fit: ModelFit | null
}

/** @param coils Of the file. @param crop Of the image. */
export const coilFactsOf = (
  { measured, made }: SolvedCoils,
  { coils, crop }: { readonly coils: number; readonly crop: Shape },
  arithmetic: Pick<Arithmetic, 'fourier' | 'eigenvectors'>,
): CoilFacts => ({
  ...{ compact: made.compact, coils, used: measured.coils, energyKept: measured.energyKept },
  fit: modelFit(measured.kspace, measured, made, crop, arithmetic),
})

/** With one coil AᴴA is a projector, so only the priors change the image. */
const ONE_COIL: Readonly<Record<ClassicalId, string>> = {
  sense: 'With one coil, the SENSE combination is the zero-filled image again.',
  'cg-sense':
    'With one coil, CG-SENSE is the zero-filled image again, darker by 1/(1 + λ). Take l1-wavelet or total variation.',
  'l1-wavelet': 'One coil: the image follows from the measured samples and the prior alone.',
  'total-variation': 'One coil: the image follows from the measured samples and the prior alone.',
}

/** The method of the maps, the calibration area, whether the maps explain the data, and compression. */
export function coilNote({ classical }: Classical, { compact, coils, used, energyKept, fit }: CoilFacts): string {
  if (compact.method === 'one coil') return ONE_COIL[classical]
  const compressed =
    energyKept === null
      ? []
      : [`${coils} coils, compressed to ${used} virtual coils with ${(100 * energyKept).toFixed(2)} % of the energy.`]
  return [`Coil maps: ${methodInWords(compact)}`, ...(fit ? [fitInWords(fit)] : []), ...compressed].join(' ')
}

/** What may spoil the image: dead coils, maps of another method, maps that do not explain the data. */
export function coilCautions({
  compact: { method, kernel, remarks },
  fit,
}: Pick<CoilFacts, 'compact' | 'fit'>): string[] {
  // Most masks have a centre for smaller kernels only, so their size is no caution.
  const smaller = method === 'espirit' && kernel < CALIBRATION_DEFAULTS.kernel
  return [...(smaller ? remarks.slice(1) : remarks), ...(fit && fit.share > CAUTION_SHARE ? [fitInWords(fit)] : [])]
}
