/** Keys of a plan. A key identifies a training or a row. */

export interface PlanKey {
  /** Kind of training or row: `fine-tuning from epoch 50`, `few labels`. */
  readonly kind: string
  /** Distinguish keys of one kind: method or network, epoch, patients. */
  readonly details: readonly (string | number)[]
  readonly fold: number
  readonly seed: number
}

/** The key in reports and stored reproductions: `fine-tuning · simclr · fold 0 · seed 0`. No program parses the key. */
export const writtenKey = ({ kind, details, fold, seed }: PlanKey): string =>
  [kind, ...details, `fold ${fold}`, `seed ${seed}`].join(' · ')
