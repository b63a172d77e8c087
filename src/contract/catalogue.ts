/** The catalogue: networks, methods and shipped recipes as plain data, from which forms are built. */
import { z } from 'zod'
import { ClassicalId } from './classical.ts'
import { MethodFigure } from './methods.ts'
import { NamedRecipe, RecipeChanges, SHIPPED } from './recipes.ts'

/** JSON Schema of settings. The forms are built from the schema. */
const Schema = z.record(z.string(), z.unknown())

export const Catalogue = z.object({
  networks: z.array(
    z.object({
      id: z.string(),
      label: z.string(),
      paper: z.string(),
      schema: Schema,
      /** What it takes of a slice: see `Takes`. */
      takes: z.enum(['magnitude', 'complex', 'kspace']),
      /** Settings that replace those of the network's recipes for a pre-training. */
      withTrunk: z.record(z.enum(SHIPPED), z.record(z.string(), z.unknown())).optional(),
    }),
  ),
  methods: z.array(
    z.object({
      id: z.string(),
      label: z.string(),
      paper: z.string(),
      schema: Schema,
      figures: z.array(MethodFigure),
      /** What differs from the shipped recipes on a network of complex images, or with one inside. */
      onComplex: z.record(z.enum(SHIPPED), RecipeChanges),
    }),
  ),
  /** Reconstructions of several coils that need no training. */
  classical: z.array(z.object({ id: ClassicalId, label: z.string(), paper: z.string(), schema: Schema })),
  /** Schemas of `Pretext`, `Recipe` and the mask, for the forms. */
  schemas: z.object({ pretext: Schema, recipe: Schema, mask: Schema }),
  /** The shipped recipes: two of every method, and two from scratch (`scratch/original`, `scratch/workstation`). */
  recipes: z.array(NamedRecipe),
})
export type Catalogue = z.infer<typeof Catalogue>
