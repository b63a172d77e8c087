/** Learning rates over a training: PyTorch's StepLR and MultiStepLR, fvcore's cosine, linear and composite (as VISSL uses them), a constant. */
import type { Recipe, ScheduleConfig } from '../../contract/recipes.ts'

const linear = (from: number, to: number, where: number) => from + (to - from) * where
const cosine = (from: number, to: number, where: number) => to + 0.5 * (from - to) * (1 + Math.cos(Math.PI * where))

/** fvcore's tolerance where one schedule gives way to the next. */
const TOLERANCE = 1e-6

/**
 * The learning rate of one step. `epoch` and `step` count from 0; `steps` is the whole training's number; where = step / steps.
 * `step` (StepLR): rate · factor^⌊epoch / every⌋ during that epoch; `multistep`: rate · factor^(milestones ≤ epoch).
 * cosine: end + ½ (rate − end)(1 + cos π·where). linear likewise. `warmup-cosine`: start + (rate − start) · where/warmup, from
 * where = warmup on the cosine at where, so it goes on at cos(π·warmup), below `rate`.
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
 * The same with the recipe's warm-up: rate · step / warm-up steps, then the schedule from its own beginning, over what is left.
 * `perEpoch`: steps of an epoch; `step` from 0.
 */
export function recipeRate({ schedule, warmup, epochs }: Recipe, step: number, perEpoch: number): number {
  const warm = warmup * perEpoch
  if (step < warm) return schedule.rate * (step / warm)
  return learningRate(schedule, Math.floor((step - warm) / perEpoch), step - warm, epochs * perEpoch - warm)
}

/** Whether two recipes have equal learning rates in the first epochs, both as long at least. Two steps an epoch tell all schedules apart. */
export function sameRates(a: Recipe, b: Recipe, epochs: number): boolean {
  const steps = Array.from({ length: 2 * epochs }, (_, step) => step)
  return steps.every(step => recipeRate(a, step, 2) === recipeRate(b, step, 2))
}
