/** Learning rates over a training: PyTorch's StepLR, fvcore's cosine and linear (as VISSL uses them), and a constant. */
import type { Recipe, ScheduleConfig } from '../../contract/runs.ts'

/**
 * The learning rate of one step. `epoch` and `step` count from 0; `steps` is the whole training's number.
 * `step` (StepLR): rate · factor^⌊epoch / every⌋ during that epoch. cosine: end + ½ (rate − end)(1 + cos π·step/steps). linear likewise.
 */
export function learningRate(schedule: ScheduleConfig, epoch: number, step: number, steps: number): number {
  const where = step / steps
  switch (schedule.kind) {
    case 'constant':
      return schedule.rate
    case 'step':
      return schedule.rate * schedule.factor ** Math.floor(epoch / schedule.every)
    case 'cosine':
      return schedule.end + 0.5 * (schedule.rate - schedule.end) * (1 + Math.cos(Math.PI * where))
    case 'linear':
      return schedule.rate + (schedule.end - schedule.rate) * where
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
