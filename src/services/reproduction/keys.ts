/** Keys of a plan: what tells a training, or a row, from every other one. */

export interface PlanKey {
  /** Kind of training or row: `fine-tuning from epoch 50`, `few labels`. */
  readonly kind: string
  /** Tells it from others of the kind: method or network, epoch, patients. */
  readonly details: readonly (string | number)[]
  readonly fold: number
  readonly seed: number
}

/** As reports and stored reproductions hold a key: `fine-tuning · simclr · fold 0 · seed 0`. Nothing parses it. */
export const writtenKey = ({ kind, details, fold, seed }: PlanKey): string =>
  [kind, ...details, `fold ${fold}`, `seed ${seed}`].join(' · ')
