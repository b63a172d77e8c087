/** The cost and the result of a finished training. */
import { z } from 'zod'
import { KernelSpans } from './kernels.ts'

/** Wall-clock seconds of a training, by purpose. Steps include reading and augmenting their batch. */
export const TrainingSeconds = z.object({
  steps: z.number(),
  validation: z.number(),
  /** Opening files, building the network, and the excess of the first step over the median step. */
  preparation: z.number(),
})
export type TrainingSeconds = z.infer<typeof TrainingSeconds>

/** One finished training, pre-training or fine-tuning. */
export const TrainingSummary = z.object({
  run: z.string(),
  epochs: z.int(),
  steps: z.int(),
  batch: z.int(),
  seconds: TrainingSeconds,
  /** Mean training loss of the last epoch. */
  loss: z.number(),
  /**
   * The method's own part of `loss`, without the reconstruction term. The chance level applies to this part.
   * Absent without a chance level, and in runs of older programs.
   */
  ownLoss: z.number().optional(),
  /** Own loss of a network that has learned nothing: ln(2N − 1) for NT-Xent. `null`: there is no such level. */
  chanceLoss: z.number().nullable(),
  validationLoss: z.number().nullable(),
  /** Epoch (from 1) whose weights were kept. */
  bestEpoch: z.int().nullable(),
  kernels: KernelSpans,
  checkpoint: z.object({ path: z.string(), sha256: z.string() }),
})
export type TrainingSummary = z.infer<typeof TrainingSummary>

/**
 * The loss without the reconstruction term, to which a chance level applies.
 * `null` if an older program recorded only the sum.
 * @param hasTerm whether the recipe adds a reconstruction term
 */
export const ownLossOf = (
  { loss, ownLoss }: Pick<TrainingSummary, 'loss' | 'ownLoss'>,
  hasTerm: boolean,
): number | null => ownLoss ?? (hasTerm ? null : loss)

/** A training's loss in words. The chance level follows the loss to which the level applies. */
export function lossInWords(
  training: Pick<TrainingSummary, 'loss' | 'ownLoss' | 'chanceLoss'>,
  hasTerm: boolean,
  format: (loss: number) => string,
): string {
  const { loss, chanceLoss } = training
  if (chanceLoss === null) return format(loss)
  const own = ownLossOf(training, hasTerm)
  const whole = `${format(loss)} with the reconstruction term`
  if (own === null) return whole
  return `${format(own)} (chance ${format(chanceLoss)})${own === loss ? '' : `; ${whole}`}`
}
