/** A classical method with its settings, applied to a slice: k-space → coil maps → image of the crop. */
import type { ClassicalChoice, ClassicalId } from '../contract/classical.ts'
import type { Arithmetic } from './compute.ts'
import type { Volume } from './data/volume.ts'
import { EXPANSION_DEFAULTS, type ExpansionSettings } from './mri/coils/maps.ts'
import { maskOfSamples, type Pattern } from './mri/pattern.ts'
import { type LeastSquares, leastSquares } from './mri/sense/encoding.ts'
import { type ClassicalConfig, classicalMethod, reconstructClassical } from './mri/sense/index.ts'
import type { Solving } from './mri/sense/iterates.ts'
import { centreCropReal, cropShape, type Shape } from './mri/transform.ts'
import { mapsOfSlice, measuredCoils } from './slice-coils.ts'

/** Not a network: the settings are all there is. */
export interface Classical {
  readonly classical: ClassicalId
  /** Complete: defaults are filled in. */
  readonly config: ClassicalConfig
}

/** Throws a `ZodError` for settings that the method does not have, or out of range. */
export const classicalOf = ({ classical, config }: ClassicalChoice): Classical => ({
  classical,
  config: classicalMethod(classical).config.parse(config),
})

/** No eigenvalue crop, because images with and without air cannot be compared with the ground truth alike. */
const UNCROPPED: ExpansionSettings = { ...EXPANSION_DEFAULTS, crop: 0 }

/** A slice's problem, which needs the file no more. `null`: the slice holds no data. */
export interface ClassicalProblem {
  readonly problem: LeastSquares | null
  readonly crop: Shape
}

/** @param mask The samples that were measured. For a file with irregular sampling: its own pattern. */
export function classicalProblem(
  volume: Volume,
  slice: number,
  mask: Pattern,
  { config }: Classical,
  arithmetic: Pick<Arithmetic, 'fourier' | 'eigenvectors' | 'keepMaps'>,
): ClassicalProblem {
  const crop = cropShape(volume.info)
  const measured = measuredCoils(volume, slice, mask, config)
  const { coils, rows, columns, kspace, pattern, where } = measured
  if (kspace.every(value => value === 0)) return { problem: null, crop }
  const { maps } = mapsOfSlice(volume, slice, measured, config, arithmetic, UNCROPPED)
  const encoding = { sizes: [coils, rows, columns] as const, maps, mask: maskOfSamples(pattern) }
  return { problem: leastSquares(encoding, kspace, arithmetic.fourier, where), crop }
}

/** Magnitude in the units of the k-space, [crop height, crop width]. Zero if the slice holds no data. */
export async function solveClassical(
  { problem, crop }: ClassicalProblem,
  { classical, config }: Classical,
  solving: Solving,
): Promise<Float32Array> {
  if (!problem) return new Float32Array(crop[0] * crop[1])
  return centreCropReal(await reconstructClassical(classical, config, problem, solving), problem.shape, crop)
}

export const iterationsOf = ({ config }: Classical): number => config.iterations ?? 1
