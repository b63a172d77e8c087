/** Whether an embedding is worth anything, in figures, and what to try where it is not. */
import * as tf from '@tensorflow/tfjs-core'
import type { Note } from '../../contract/notes.ts'
import { read } from '../read.ts'
import { normaliseRows } from './rows.ts'

/**
 * √d times the mean over dimensions of the SD over rows, of L2-normalised embeddings [n, d]: 1 where they spread evenly, 0 where all have
 * become one point (Chen & He 2021, arXiv:2011.10566, section 4.1).
 */
export async function embeddingSpread(embeddings: tf.Tensor2D): Promise<number> {
  const [spread] = await read(() => {
    const { variance } = tf.moments(normaliseRows(embeddings), 0)
    return tf.mul(tf.mean(tf.sqrt(variance)), Math.sqrt(embeddings.shape[1]))
  })
  return spread
}

const COLLAPSED = 0.1
/** A loss above this share of its chance level has learned next to nothing. */
const NEAR_CHANCE = 0.97

/** Judgements after which a loss at chance says something. */
const PATIENCE = 3

export interface Health {
  /** From 1, over the training. */
  readonly judgement: number
  readonly loss: number | null
  readonly chance: number | null
  readonly figures: Readonly<Record<string, number>>
}

/** What seems to go wrong, and what to try. */
export function advise({ judgement, loss, chance, figures }: Health): Note[] {
  const advice: Note[] = []
  const warn = (code: string, data: Note['data'], text: string) => advice.push({ level: 'warning', code, data, text })
  const { spread, prototypes, prototypesOf } = figures
  if (spread !== undefined && spread < COLLAPSED)
    warn(
      'collapsed',
      { spread },
      `The embeddings have nearly become one point (spread ${spread.toFixed(3)} of 1). A lower learning rate, larger views, or a head on the output image may help.`,
    )
  if (judgement >= PATIENCE && loss !== null && chance !== null && loss > NEAR_CHANCE * chance)
    warn(
      'at-chance',
      { loss, chance },
      `The loss on held-out patients, ${loss.toFixed(3)}, is at its chance level, ${chance.toFixed(3)}: nothing is told apart. Adam at 1e-3, larger views, weaker augmentations or more epochs may help.`,
    )
  if (prototypes !== undefined && prototypes < 0.1 * prototypesOf)
    warn(
      'few-prototypes',
      { prototypes, prototypesOf },
      `Only about ${prototypes.toFixed(1)} of ${prototypesOf} prototypes are in use. Fewer prototypes, a queue, or a smaller epsilon may help.`,
    )
  return advice
}
