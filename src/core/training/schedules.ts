/** Learning rates over a training: PyTorch's StepLR, fvcore's cosine and linear (as VISSL uses them), and a constant. */
import type { ScheduleConfig } from '../../contract/runs.ts'

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
