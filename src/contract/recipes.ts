/** Whole ways of training as data: two ship with every method and network from scratch, others are a user's own. */
import { z } from 'zod'
import { Pretext, Recipe } from './runs.ts'

/** `report`: the report's own settings. `workstation`: what works on the demonstration studies within minutes on a CPU. */
export const SHIPPED = ['report', 'workstation'] as const
export type Shipped = (typeof SHIPPED)[number]

/** What a method or a training from scratch is set to; see `RunConfig` for the fields. */
export const RecipeSettings = z.object({
  network: z.string(),
  networkConfig: z.record(z.string(), z.unknown()).default({}),
  /** `null`: from scratch, with ground truth. */
  method: z.string().nullable(),
  methodConfig: z.record(z.string(), z.unknown()).default({}),
  pretext: Pretext.nullable(),
  /** The pre-training, or the training from scratch. */
  training: Recipe,
  /** What a pre-trained network goes through then; `null` from scratch. */
  fineTuning: Recipe.nullable(),
})
export type RecipeSettings = z.infer<typeof RecipeSettings>

export const NamedRecipe = RecipeSettings.extend({
  /** `simclr/report`; a user's own: `own/NUMBER`. */
  id: z.string(),
  name: z.string().min(1).max(80),
  /** What it is, and where its numbers come from. */
  note: z.string(),
  shipped: z.boolean(),
})
export type NamedRecipe = z.infer<typeof NamedRecipe>
