/**
 * Statistics of differences between two ways of training. The unit is the patient, because seeds of one patient are not
 * independent. Callers average two contrasts of one patient first.
 * Hierarchical bootstrap (Davison & Hinkley 1997, section 3.8): patients are drawn with replacement.
 * Within each drawn patient, seeds are drawn with replacement. The interval has percentiles of the means as its ends.
 */
import type { RandomState } from './mri/random.ts'

export const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length

/** Standard deviation of a sample (n − 1). */
export function standardDeviation(values: readonly number[]): number {
  const centre = mean(values)
  return Math.sqrt(values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (values.length - 1))
}

/** The value below which a share of the sorted values lies, linearly between neighbours (NumPy's default). */
export function quantile(sorted: readonly number[] | Float64Array, share: number): number {
  const place = share * (sorted.length - 1)
  const below = Math.floor(place)
  const above = Math.min(below + 1, sorted.length - 1)
  return sorted[below] + (place - below) * (sorted[above] - sorted[below])
}

const RESAMPLES = 10_000

/**
 * Interval of the mean over patients of the means over their seeds.
 * `groups`: the values of each patient, one per seed. No group is empty.
 */
export function bootstrapInterval(
  groups: readonly (readonly number[])[],
  random: RandomState,
  { resamples = RESAMPLES, level = 0.95 }: { readonly resamples?: number; readonly level?: number } = {},
): [low: number, high: number] {
  const means = new Float64Array(resamples)
  for (let i = 0; i < resamples; i++) {
    let sum = 0
    for (let patient = 0; patient < groups.length; patient++) {
      const seeds = groups[random.randint(groups.length)]
      let ofSeeds = 0
      for (let seed = 0; seed < seeds.length; seed++) ofSeeds += seeds[random.randint(seeds.length)]
      sum += ofSeeds / seeds.length
    }
    means[i] = sum / groups.length
  }
  means.sort()
  const tail = (1 - level) / 2
  return [quantile(means, tail), quantile(means, 1 - tail)]
}
