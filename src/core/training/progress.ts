/** The progress of a training, after each step and each epoch. */
import type { Progress } from './state.ts'

/** A step's loss, and the method's own part of the loss. */
export interface StepLoss {
  readonly loss: number
  readonly own: number
}

export const afterStep = (progress: Progress, { loss, own }: StepLoss, seconds: number): Progress => ({
  ...progress,
  step: progress.step + 1,
  lossSum: progress.lossSum + loss,
  ownSum: progress.ownSum === null ? null : progress.ownSum + own,
  epochSeconds: progress.epochSeconds + seconds,
})

/** The epoch's mean losses. */
export const epochLosses = ({ lossSum, ownSum }: Progress, steps: number) => ({
  loss: lossSum / steps,
  ownLoss: ownSum === null ? null : ownSum / steps,
})

/** Whether a validation is the best so far. A validation without a loss never is. */
export const isBetter = ({ lowest }: Progress, validationLoss: number | null): boolean =>
  validationLoss !== null && (lowest === null || validationLoss < lowest.loss)

/** The progress after a validation. `best`: the file of its weights, if they are kept. */
export function afterValidation(progress: Progress, validationLoss: number | null, best: Progress['best']): Progress {
  if (validationLoss === null) return progress
  const lowest = isBetter(progress, validationLoss)
    ? { loss: validationLoss, waited: 0 }
    : { ...progress.lowest!, waited: progress.lowest!.waited + 1 }
  return { ...progress, lowest, best: best ?? progress.best }
}

/** The progress after everything of an epoch is written, except the last weights. */
export const afterEpoch = (
  progress: Progress,
  losses: Pick<Progress, 'loss' | 'ownLoss' | 'validationLoss'>,
): Progress => ({ ...progress, epoch: progress.epoch + 1, lossSum: 0, ownSum: 0, epochSeconds: 0, ...losses })

/** Whether `patience` validations in a row have not lowered the loss. */
export const isOutOfPatience = ({ lowest }: Progress, patience: number): boolean => (lowest?.waited ?? 0) >= patience
