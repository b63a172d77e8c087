/** A training and a row of a plan. */
import type { ClassicalRow, RowKind } from '../../contract/reproduction.ts'
import type { RunConfig } from '../../contract/runs.ts'

export interface PlannedTraining {
  /** From `writtenKey`. */
  readonly key: string
  /** JSON of configuration, parent and length. Equal in all folds. */
  readonly identity: string
  readonly label: string
  /** Index into the folds. */
  readonly fold: number
  /** Number of training patients whose ground truth is used. `null`: all patients. */
  readonly patients: number | null
  readonly config: RunConfig
  /** The training from whose weights this training starts. `epoch`: a milestone; `null`: the kept weights. */
  readonly parent: { readonly key: string; readonly epoch: number | null } | null
  /**
   * The training takes as long as `trainings` took. Its epochs follow from the measured time of an epoch of `pace`.
   * It has at least the epochs of its recipe, unless it may be shorter.
   */
  readonly asLongAs: {
    readonly trainings: readonly string[]
    readonly pace: string
    readonly mayBeShorter?: true
  } | null
  /** Trainings of one group take about the same time per epoch. */
  readonly group: string
  /** Estimated seconds, before anything is measured. */
  readonly estimate: number
  /** Estimated seconds that are saved, because this training starts from the end of a shorter training of the plan. */
  readonly spared: number
}

/** Keys of the trainings that a training needs directly. */
export const needsOf = ({ parent, asLongAs }: PlannedTraining): string[] => [
  ...(parent ? [parent.key] : []),
  ...(asLongAs ? [asLongAs.pace, ...asLongAs.trainings] : []),
]

export interface PlannedRow {
  readonly key: string
  readonly kind: RowKind
  readonly label: string
  readonly method: string | null
  readonly fold: number
  readonly seed: number
  /** The network in whose block the row is. `null`: the row is in no block. */
  readonly block: string | null
  /** `null`: a network, or zero-filled. */
  readonly classical: ClassicalRow | null
  /** Key of the training whose weights are scored. `null`: zero-filled, or classical. */
  readonly training: string | null
  /** `milestone`: epoch of the pre-training. `baseline at`: epoch of the training. */
  readonly epoch: number | null
  readonly patients: number | null
  /** Key of the baseline. The row's time to the baseline's best validation SSIM is measured. */
  readonly baseline: string | null
  /** Keys of the rows with which a fine-tuned row is compared. */
  readonly against: { readonly control: string; readonly equalTime: string | null; readonly baseline: string } | null
  /** The row is also scored over many masks. */
  readonly manyMasks: boolean
}
