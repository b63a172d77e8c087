/** A self-supervised method's declaration of its figures: how to judge a pre-training on held-out patients. */
import { z } from 'zod'

/** A value, or the key in an epoch's `extra` that holds the value. */
const Reference = z.union([z.number(), z.string()])
type Reference = z.infer<typeof Reference>

export const MethodFigure = z.object({
  /** Key of the figure in an epoch's `extra`. */
  id: z.string(),
  label: z.string(),
  meaning: z.string(),
  /** `share`: from 0 to 1. `loss`: in units of the loss, and drawn as a level beside the loss. */
  unit: z.enum(['share', 'count', 'loss']),
  /** `null`: the figure depends on the data alone. */
  better: z.enum(['higher', 'lower']).nullable(),
  /** The figure of a network that has learned nothing. */
  chance: Reference.optional(),
  /** The largest possible value. */
  most: Reference.optional(),
  /** A value below the share `below` of `most` causes a warning. */
  collapse: z.object({ below: z.number(), meaning: z.string(), remedy: z.string() }).optional(),
})
export type MethodFigure = z.infer<typeof MethodFigure>

/** The value of a reference. `extra`: an epoch's figures. */
export const referenceValue = (reference: Reference | undefined, extra: Readonly<Record<string, number>>) =>
  typeof reference === 'string' ? extra[reference] : reference

/** Labels of the keys in `extra`, for lines of text: of figures, their chance levels and their largest values. */
export const figureLabels = (figures: readonly MethodFigure[]): ReadonlyMap<unknown, string> =>
  new Map(
    figures.flatMap(({ id, label, chance, most }): [unknown, string][] => {
      const name = label.toLowerCase()
      return [
        [chance, `${name} (chance)`],
        [most, `${name} (largest)`],
        [id, name],
      ]
    }),
  )

/** Keys in `extra` that hold chance levels and largest values of figures. */
export const referenceKeys = (figures: readonly MethodFigure[]): string[] =>
  figures.flatMap(({ chance, most }) => [chance, most].filter(reference => typeof reference === 'string'))
