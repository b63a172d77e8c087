/** One training and one row of a plan. */

import type { RowKind } from '../../contract/reproduction.ts'
import type { RunConfig } from '../../contract/runs.ts'

export interface PlannedTraining {
  /** As `writtenKey` writes it. */
  readonly key: string
  /** Configuration, start and length as JSON: equal in every fold. */
  readonly identity: string
  readonly label: string
  /** Index into the folds. */
  readonly fold: number
  /** Training patients whose ground truth is used; `null`: all. */
  readonly patients: number | null
  readonly config: RunConfig
  /** The training whose weights are the start: those of a milestone, or the kept ones (`null`). */
  readonly parent: { readonly key: string; readonly epoch: number | null } | null
  /** The training takes as long as `trainings` took. Its epochs follow from the measured time of an epoch of `pace`. */
  readonly asLongAs: { readonly trainings: readonly string[]; readonly pace: string } | null
  /** Trainings of one group take about the same time per epoch. */
  readonly group: string
  /** Estimated seconds, before anything is measured. */
  readonly estimate: number
  /**
   * Estimated seconds that an earlier, shorter training of the plan spares, because this training goes on from there.
   */
  readonly spared: number
}

export interface PlannedRow {
  readonly key: string
  readonly kind: RowKind
  readonly label: string
  readonly method: string | null
  readonly fold: number
  readonly seed: number
  /** Key of the training whose weights it scores; `null`: zero-filled. */
  readonly training: string | null
  /** `milestone`: of the pre-training; `baseline at`: of the training itself. */
  readonly epoch: number | null
  readonly patients: number | null
  /** Key of the baseline: the row's time to the baseline's best validation SSIM is measured. */
  readonly baseline: string | null
  /** Keys of the rows that a fine-tuned row is compared with. */
  readonly against: { readonly control: string; readonly equalTime: string | null; readonly baseline: string } | null
  /** The row is also scored over many masks. */
  readonly manyMasks: boolean
}
