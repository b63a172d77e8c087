/**
 * Finds λ of a classical method. One pass of the solver gives the images after several numbers of iterations, because
 * stopping early regularises as λ does. λ is searched on a logarithmic grid, and then between the best λ's neighbours.
 * Source: Hansen 2010, "Discrete inverse problems", chapters 4 to 6 (Tikhonov's λ, iterations as regularisation).
 */
import type { VolumeScore } from '../contract/evaluation.ts'
import type { Criterion, Tuning } from '../contract/tuning.ts'
import { type Classical, classicalProblem, solveClassical } from './classical.ts'
import type { Arithmetic } from './compute.ts'
import { seededMaskOf } from './data/patterns.ts'
import { usableSlices } from './data/slices.ts'
import type { Volume } from './data/volume.ts'
import { type EvaluationSettings, readReference, requireFiniteScore } from './evaluate.ts'
import { KEEP_NO_IMAGES } from './kept-images.ts'
import { scoreVolume } from './mri/metrics.ts'
import { magnitudeOf } from './mri/sense/index.ts'
import { centreCropReal } from './mri/transform.ts'
import type { Pause } from './pause.ts'

type Scores = Pick<VolumeScore, 'nmse' | 'foreground'>

/** Every criterion of one volume. */
export type TuningScore = Readonly<Record<Criterion, number>>

export const tuningScore = ({ nmse, foreground }: Scores): TuningScore => ({
  nmse,
  'foreground-nmse': foreground.nmse,
  'foreground-ssim': foreground.ssim,
})

/**
 * Scores one volume that `unscorable` accepts, after each of the numbers of iterations, as `evaluateVolume` does.
 * @param iterations Ascending. The method's own number of iterations is not used.
 * Throws `NOT_FINITE` if an image or a score is not finite.
 */
export async function scoreIterations(
  volume: Volume,
  { classical, config }: Classical,
  iterations: readonly number[],
  settings: EvaluationSettings,
  arithmetic: Arithmetic,
  pause: Pause,
): Promise<TuningScore[]> {
  const indices = usableSlices(volume.info, settings.slices, settings.reference)
  const { target, maximum, shape } = readReference(volume, indices, settings.reference)
  const mask = seededMaskOf(volume, settings.mask, settings.maskSeed ?? null)
  const method = { classical, config: { ...config, iterations: iterations.at(-1)! } }
  const images = iterations.map(() => new Float32Array(target.length))
  const working = { ...arithmetic, keptImages: KEEP_NO_IMAGES } // kept images have one number of iterations
  for (const [i, index] of indices.entries()) {
    const slice = classicalProblem(volume, index, mask(index), method, working)
    if ('image' in slice) continue // without data, and zero
    await solveClassical(slice, method, {
      pause,
      onIteration(done, image) {
        const place = iterations.indexOf(done)
        if (place < 0) return
        const cropped = centreCropReal(magnitudeOf(image), slice.problem.shape, slice.crop)
        images[place].set(cropped, i * cropped.length)
      },
    })
  }
  return images.map(prediction => {
    const { ssim, psnr, nmse, foreground } = scoreVolume({ prediction, target, shape, maximum })
    requireFiniteScore({ ssim, psnr, nmse, foreground }, maximum, volume.info.path)
    return tuningScore({ nmse, foreground })
  })
}

/** Two significant digits, so that a λ can be typed. */
const rounded = (lambda: number) => Number(lambda.toPrecision(2))

/** Half decades from 1e-4 to 1, which is the largest λ. */
const COARSE = Array.from({ length: 9 }, (_, i) => rounded(10 ** (i / 2 - 4)))
/** The search goes below the grid down to this λ, as long as each half decade gains more than this share. */
const SMALLEST = 1e-7
const GAIN = 0.005
/** Places between the best λ and its neighbours on the grid, in decades. */
const BETWEEN = [-1 / 3, -1 / 6, 1 / 6, 1 / 3]

export interface LambdaSearch {
  /** Every λ that was tried, ascending. */
  readonly lambdas: readonly number[]
  /** See `Tuning`. */
  readonly edge: Tuning['edge']
}

/** @param loss The loss of a λ, above 0, lower is better. `left`: how many λ will follow, at least. */
export async function searchLambda(loss: (lambda: number, left: number) => Promise<number>): Promise<LambdaSearch> {
  const tried = new Map<number, number>()
  const ascending = () => [...tried.keys()].sort((a, b) => a - b)
  const best = () => ascending().reduce((least, lambda) => (tried.get(lambda)! < tried.get(least)! ? lambda : least))
  const attempt = async (lambda: number, left: number) => {
    if (!tried.has(lambda)) tried.set(lambda, await loss(lambda, left))
    return tried.get(lambda)!
  }
  for (const [i, lambda] of COARSE.entries()) await attempt(lambda, COARSE.length - 1 - i + BETWEEN.length)
  let [smallest] = COARSE
  let falls = best() === smallest
  while (falls && smallest > SMALLEST) {
    const before = tried.get(smallest)!
    smallest = rounded(smallest / Math.sqrt(10))
    falls = (await attempt(smallest, BETWEEN.length)) < (1 - GAIN) * before
  }
  const centre = best()
  const between = BETWEEN.map(decades => rounded(centre * 10 ** decades)).filter(lambda => lambda <= 1)
  for (const [i, lambda] of between.entries()) await attempt(lambda, between.length - 1 - i)
  const lambdas = ascending()
  const edge = best() === lambdas[0] ? 'smallest' : best() === lambdas.at(-1) ? 'largest' : null
  return { lambdas, edge }
}
