/** What a finished training took and came to. */
import { z } from 'zod'

/** Wall-clock seconds of a training, by what they were spent on. Steps include reading and augmenting their batch. */
export const TrainingSeconds = z.object({
  steps: z.number(),
  validation: z.number(),
  /** Opening files, building the network, the first (warm-up) step's excess over the median step. */
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
   * The part of it that is the method's own, without the reconstruction term: what the chance level is of. Absent without such a level, and
   * of runs that an older program trained.
   */
  ownLoss: z.number().optional(),
  /** The own loss of a network that has learned nothing (ln(2N − 1) for NT-Xent), `null` where there is no such level. */
  chanceLoss: z.number().nullable(),
  validationLoss: z.number().nullable(),
  /** Epoch (from 1) whose weights were kept. */
  bestEpoch: z.int().nullable(),
  checkpoint: z.object({ path: z.string(), sha256: z.string() }),
})
export type TrainingSummary = z.infer<typeof TrainingSummary>

/**
 * The loss that a chance level is of: without the reconstruction term. `hasTerm`: whether the recipe adds one. `null` where an older program
 * wrote down the sum alone.
 */
export const ownLossOf = (
  { loss, ownLoss }: Pick<TrainingSummary, 'loss' | 'ownLoss'>,
  hasTerm: boolean,
): number | null => ownLoss ?? (hasTerm ? null : loss)

/** A training's loss in words: beside the chance level stands the loss that it is of. */
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
