/** All classical reconstructions of several coils. To add a method, write a file in this folder and an entry here. */
import { z } from 'zod'
import { CLASSICAL_LABELS, type ClassicalId, CoilSettings } from '../../../contract/classical.ts'
import { AppError } from '../../../contract/errors.ts'
import { allFinite } from '../../extremes.ts'
import { conjugateGradients } from './conjugate-gradients.ts'
import type { LeastSquares } from './encoding.ts'
import { type Iterates, type Solving, solve } from './iterates.ts'
import { l1Wavelet } from './l1-wavelet.ts'
import { totalVariation } from './total-variation.ts'
import { WAVELETS } from './wavelet.ts'

/** Checked by the method's schema, with all defaults. */
export interface ClassicalConfig extends CoilSettings {
  /** Absent: the method needs one step. */
  readonly iterations?: number
  /** Absent: the method weighs nothing. */
  readonly lambda?: number
}

export interface ClassicalMethod<Config extends ClassicalConfig> {
  readonly label: string
  readonly paper: string
  readonly config: z.ZodType<Config>
  iterates(problem: LeastSquares, config: Config): Iterates
}

const iterations = (usual: number) => z.int().min(1).max(1000).default(usual).describe('iterations')
const lambda = (usual: number, meaning: string) => z.number().min(0).max(1).default(usual).describe(meaning)
/** A method's settings. Unknown names are refused. */
const settings = <Shape extends z.ZodRawShape>(shape: Shape) => z.strictObject({ ...shape, ...CoilSettings.shape })
const OF_LARGEST = 'weight of the prior, as a share of the largest magnitude of the zero-filled image'

// The usual λ are compromises on synthetic knees of 8 coils at 4× and 8×. With a third of its λ, CG-SENSE has 8 % less
// squared error for knees without fat suppression, and twice the error for the noisier knees with fat suppression.
function* unchanged({ adjoint }: LeastSquares): Iterates {
  for (;;) yield adjoint
}

export const CLASSICAL = {
  sense: {
    label: CLASSICAL_LABELS.sense,
    paper: 'Roemer et al. 1990, “The NMR phased array”',
    config: settings({}),
    iterates: unchanged,
  },
  'cg-sense': {
    label: CLASSICAL_LABELS['cg-sense'],
    paper: 'Pruessmann et al. 2001, “Advances in sensitivity encoding with arbitrary k-space trajectories”',
    config: settings({
      iterations: iterations(30),
      lambda: lambda(0.01, 'weight of |x|², as a share of the largest eigenvalue'),
    }),
    iterates: (problem, config) => conjugateGradients(problem, config.lambda),
  },
  'l1-wavelet': {
    label: CLASSICAL_LABELS['l1-wavelet'],
    paper: 'Lustig et al. 2007, “Sparse MRI”',
    config: settings({
      iterations: iterations(60),
      lambda: lambda(0.005, OF_LARGEST),
      wavelet: z.enum(WAVELETS).default('db4').describe('wavelet'),
      levels: z.int().min(1).max(8).default(4).describe('levels of the wavelet transform'),
    }),
    iterates: l1Wavelet,
  },
  'total-variation': {
    label: CLASSICAL_LABELS['total-variation'],
    paper: 'Rudin et al. 1992, “Nonlinear total variation based noise removal algorithms”',
    config: settings({ iterations: iterations(100), lambda: lambda(0.01, OF_LARGEST) }),
    iterates: (problem, config) => totalVariation(problem, config.lambda),
  },
  // biome-ignore lint/suspicious/noExplicitAny: each method has a configuration of its own, checked by its schema
} satisfies Record<ClassicalId, ClassicalMethod<any>>

// biome-ignore lint/suspicious/noExplicitAny: each method has a configuration of its own, checked by its schema
export const classicalMethod = (id: ClassicalId): ClassicalMethod<any> => CLASSICAL[id]

/** Complex pairs [rows, columns, 2] → [rows, columns]. */
export const magnitudeOf = (image: Float32Array): Float32Array =>
  Float32Array.from({ length: image.length / 2 }, (_, i) => Math.hypot(image[2 * i], image[2 * i + 1]))

/**
 * The magnitude [rows, columns] of a method's image, in the units of the k-space. Throws `NOT_FINITE`.
 * @param config Checked by the method's schema. Settings that are left out have their defaults.
 */
export async function reconstructClassical(
  id: ClassicalId,
  config: object,
  problem: LeastSquares,
  solving: Solving,
): Promise<Float32Array> {
  const method = classicalMethod(id)
  const checked = method.config.parse(config)
  const image = await solve(method.iterates(problem, checked), checked.iterations ?? 1, solving)
  if (!allFinite(image))
    throw new AppError(
      'NOT_FINITE',
      `Expected finite numbers in the image of ${method.label}, got NaN or infinity, in ${problem.where}. ` +
        'The k-space’s numbers are too large for float32. Scale the k-space down, or leave the slice out.',
    )
  return magnitudeOf(image)
}
