/** What can be chosen: networks, methods, recipes. Command lines and forms are made from these tables. */
import { z } from 'zod'
import type { Catalogue } from '../contract/api.ts'
import { NETWORKS } from '../core/models/index.ts'
import { METHODS } from '../core/ssl/index.ts'
import { BASELINE, FINE_TUNING } from '../core/training/recipes.ts'

export { NETWORKS, networkOf } from '../core/models/index.ts'
export { METHODS, methodOf } from '../core/ssl/index.ts'
export { BASELINE, FINE_TUNING } from '../core/training/recipes.ts'

const jsonSchema = (schema: z.ZodType) => z.toJSONSchema(schema, { io: 'input' }) as Record<string, unknown>

/** The tables as data, for forms. */
export const catalogue = (): Catalogue => ({
  networks: Object.entries(NETWORKS).map(([id, { label, paper, config }]) => ({
    id,
    label,
    paper,
    schema: jsonSchema(config),
  })),
  methods: Object.entries(METHODS).map(([id, { label, paper, config, recipe }]) => ({
    id,
    label,
    paper,
    schema: jsonSchema(config),
    recipe,
  })),
  baseline: BASELINE,
  fineTuning: FINE_TUNING,
})
