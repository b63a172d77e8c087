/**
 * Learning rates over a training: a constant, PyTorch's StepLR and MultiStepLR, and fvcore's cosine, linear and
 * composite schedules (as VISSL uses them).
 */
import type { Recipe, ScheduleConfig } from '../../contract/recipes.ts'

const linear = (from: number, to: number, where: number) => from + (to - from) * where
const cosine = (from: number, to: number, where: number) => to + 0.5 * (from - to) * (1 + Math.cos(Math.PI * where))

/** fvcore's tolerance at the change from one schedule to the next. */
const TOLERANCE = 1e-6

/**
 * The learning rate of one step. `epoch` and `step` count from 0. `steps`: steps of the whole training.
 * With where = step / steps:
 *   `step` (StepLR)   rate · factor^⌊epoch / every⌋,
 *   `multistep`       rate · factor^(number of milestones ≤ epoch),
 *   `cosine`          end + ½ (rate − end)(1 + cos π·where),
 *   `linear`          rate + (end − rate) · where,
 *   `warmup-cosine`   start + (rate − start) · where/warmup until where = warmup, then the cosine at where.
 * The cosine of `warmup-cosine` thus begins at cos(π·warmup), below `rate`.
 */
export function learningRate(schedule: ScheduleConfig, epoch: number, step: number, steps: number): number {
  const where = step / steps
  switch (schedule.kind) {
    case 'constant':
      return schedule.rate
    case 'step':
      return schedule.rate * schedule.factor ** Math.floor(epoch / schedule.every)
    case 'multistep':
      return schedule.rate * schedule.factor ** schedule.milestones.filter(milestone => milestone <= epoch).length
    case 'cosine':
      return cosine(schedule.rate, schedule.end, where)
    case 'warmup-cosine':
      return where + TOLERANCE > schedule.warmup
        ? cosine(schedule.rate, schedule.end, where)
        : linear(schedule.start, schedule.rate, where / schedule.warmup)
    case 'linear':
      return linear(schedule.rate, schedule.end, where)
  }
}

/**
 * `learningRate` with the recipe's warm-up. The warm-up has rate · step / (steps of the warm-up).
 * After the warm-up, the schedule runs from its own beginning over the remaining steps.
 * `perEpoch`: steps per epoch. `step` counts from 0.
 */
export function recipeRate({ schedule, warmup, epochs }: Recipe, step: number, perEpoch: number): number {
  const warm = warmup * perEpoch
  if (step < warm) return schedule.rate * (step / warm)
  return learningRate(schedule, Math.floor((step - warm) / perEpoch), step - warm, epochs * perEpoch - warm)
}

/**
 * Whether two recipes have equal learning rates in the first `epochs` epochs. Both recipes must be at least as long.
 * Two steps per epoch are compared, because two steps distinguish all schedules.
 */
export function sameRates(a: Recipe, b: Recipe, epochs: number): boolean {
  const steps = Array.from({ length: 2 * epochs }, (_, step) => step)
  return steps.every(step => recipeRate(a, step, 2) === recipeRate(b, step, 2))
}
