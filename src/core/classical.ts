/** A classical method with its settings, applied to a slice: k-space → coil maps → image of the crop. */
import { CLASSICAL_LABELS, type ClassicalChoice, type ClassicalId } from '../contract/classical.ts'
import type { Arithmetic } from './compute.ts'
import type { Volume } from './data/volume.ts'
import type { ImageKey } from './kept-images.ts'
import { EXPANSION_DEFAULTS, type ExpansionSettings } from './mri/coils/maps.ts'
import { maskOfSamples, type Pattern } from './mri/pattern.ts'
import { type LeastSquares, leastSquares } from './mri/sense/encoding.ts'
import { type ClassicalConfig, classicalMethod, reconstructClassical } from './mri/sense/index.ts'
import type { Solving } from './mri/sense/iterates.ts'
import { centreCropReal, cropShape, type Shape } from './mri/transform.ts'
import { type MeasuredCoils, mapsOfSlice, measuredCoils, type SliceMaps } from './slice-coils.ts'

/**
 * The version of all images of classical methods, as the SHA-256 of a checkpoint is of a network's images. Raise it
 * when images of a classical method change: stored scores, rows of reports and kept images are then computed again.
 */
export const CLASSICAL_VERSION = 1

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

type Tools = Pick<Arithmetic, 'fourier' | 'eigenvectors' | 'keepMaps' | 'keptImages'>

/** A slice's problem, which needs the file no more, or its image if no iterations are needed. */
export type ClassicalProblem =
  | { readonly image: Float32Array }
  | { readonly problem: LeastSquares; readonly crop: Shape; readonly keep: (image: Float32Array) => void }

/** The coils that a method gets, and their maps. */
export interface SolvedCoils {
  readonly measured: MeasuredCoils
  readonly made: SliceMaps
}

/** `null`: the slice holds no data. @param mask As for `classicalProblem`. */
export function solvedCoils(
  volume: Volume,
  slice: number,
  mask: Pattern,
  { config }: Classical,
  arithmetic: Omit<Tools, 'keptImages'>,
): SolvedCoils | null {
  const measured = measuredCoils(volume, slice, mask, config)
  if (measured.kspace.every(value => value === 0)) return null
  return { measured, made: mapsOfSlice(volume, slice, measured, config, arithmetic, UNCROPPED) }
}

const keyOf = (
  { info: { content } }: Volume,
  slice: number,
  pattern: Pattern,
  classical: Classical,
): ImageKey | null => (content ? { identity: content.identity, slice, pattern, ...classical } : null)

/** A kept image, found without reading the slice. @param mask As for `classicalProblem`. */
export function keptImage(
  volume: Volume,
  slice: number,
  mask: Pattern,
  classical: Classical,
  { keptImages }: Pick<Tools, 'keptImages'>,
): Float32Array | undefined {
  const key = keyOf(volume, slice, mask, classical)
  return key ? keptImages.find(key) : undefined
}

/**
 * Finds a kept image without reading the slice. The image of a slice without data is zero.
 * @param mask The samples that were measured. For a file with irregular sampling: its own pattern.
 * @param onCoils Not called for a kept image, and for a slice without data.
 */
export function classicalProblem(
  volume: Volume,
  slice: number,
  mask: Pattern,
  classical: Classical,
  arithmetic: Tools,
  onCoils: (coils: SolvedCoils) => void = () => {},
): ClassicalProblem {
  const { keptImages, fourier } = arithmetic
  const key = keyOf(volume, slice, mask, classical)
  const kept = key && keptImages.find(key)
  if (kept) return { image: kept }
  const crop = cropShape(volume.info)
  const solved = solvedCoils(volume, slice, mask, classical, arithmetic)
  if (!solved) return { image: new Float32Array(crop[0] * crop[1]) }
  onCoils(solved)
  const { made, measured } = solved
  const { coils, rows, columns, kspace, pattern, where } = measured
  const encoding = { sizes: [coils, rows, columns] as const, maps: made.maps, mask: maskOfSamples(pattern) }
  const problem = leastSquares(encoding, kspace, fourier, where)
  return { problem, crop, keep: image => key && keptImages.keep(key, image) }
}

/** Magnitude in the units of the k-space, [crop height, crop width]. */
export async function solveClassical(
  given: ClassicalProblem,
  { classical, config }: Classical,
  solving: Solving,
): Promise<Float32Array> {
  if ('image' in given) return given.image
  const { problem, crop, keep } = given
  const image = centreCropReal(await reconstructClassical(classical, config, problem, solving), problem.shape, crop)
  keep(image)
  return image
}

export const iterationsOf = ({ config }: Classical): number => config.iterations ?? 1

/** What readers of a volume's score must know of its classical images. */
export function remarksOn({ coils }: Volume['info'], { classical, config }: Classical): string[] {
  if (coils > 1 || !(classical === 'sense' || classical === 'cg-sense')) return []
  const divided = classical === 'sense' ? '' : `, divided by 1 + lambda = ${1 + (config.lambda ?? 0)}`
  return [`With one coil, ${CLASSICAL_LABELS[classical]} gives the zero-filled image${divided}.`]
}
