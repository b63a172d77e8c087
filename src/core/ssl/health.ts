/** Warnings for a pre-training that learns nothing, each with remedies. */
import { type MethodFigure, referenceValue } from '../../contract/methods.ts'
import type { Note } from '../../contract/notes.ts'

/** A loss above this share of its chance level has learned next to nothing. */
const NEAR_CHANCE = 0.97

/** The loss is compared with its chance level from this judgement on, because every loss begins there. */
const PATIENCE = 3

export interface Health {
  /** From 1, over the training. */
  readonly judgement: number
  readonly loss: number | null
  readonly chance: number | null
  readonly figures: Readonly<Record<string, number>>
}

function lossWarnings({ judgement, loss, chance }: Health): Note[] {
  if (judgement < PATIENCE || loss === null || chance === null || loss <= NEAR_CHANCE * chance) return []
  const text =
    `The loss on held-out patients, ${loss.toFixed(3)}, is at its chance level, ${chance.toFixed(3)}: ` +
    'nothing is told apart. Adam at 1e-3, larger views, weaker augmentations or more epochs may help.'
  return [{ level: 'warning', code: 'at-chance', data: { loss, chance }, text }]
}

const DIGITS = { share: 3, count: 1, loss: 3 } as const

function figureWarnings({ id, label, unit, most: reference, collapse }: MethodFigure, { figures }: Health): Note[] {
  const [value, most] = [figures[id], referenceValue(reference, figures)]
  if (!collapse || value === undefined || most === undefined || value >= collapse.below * most) return []
  const text = `${label}: ${value.toFixed(DIGITS[unit])} of ${most}. ${collapse.meaning} ${collapse.remedy}`
  return [{ level: 'warning', code: `collapsed-${id}`, data: { value, most }, text }]
}

/** Warnings of one judgement. A code names one kind of trouble. */
export const advise = (health: Health, declared: readonly MethodFigure[]): Note[] => [
  ...declared.flatMap(figure => figureWarnings(figure, health)),
  ...lossWarnings(health),
]
