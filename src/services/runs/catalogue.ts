/** The catalogue: networks, methods and shipped recipes. Command line and forms are built from these tables. */
import { z } from 'zod'
import type { Catalogue } from '../../contract/catalogue.ts'
import { CLASSICAL_IDS } from '../../contract/classical.ts'
import { DrawnMask } from '../../contract/evaluation.ts'
import {
  type NamedRecipe,
  Pretext,
  Recipe,
  type RecipeSettings,
  SHIPPED,
  type Shipped,
  shortened,
} from '../../contract/recipes.ts'
import type { RunConfig } from '../../contract/runs.ts'
import { NETWORKS, networkOf } from '../../core/models/index.ts'
import type { Network } from '../../core/models/network.ts'
import { CLASSICAL } from '../../core/mri/sense/index.ts'
import { METHODS, methodOf } from '../../core/ssl/index.ts'
import { FINE_TUNING } from '../../core/training/recipes.ts'

export { NETWORKS, networkOf } from '../../core/models/index.ts'
export { CLASSICAL } from '../../core/mri/sense/index.ts'
export { METHODS, methodOf } from '../../core/ssl/index.ts'
export { FINE_TUNING, FROM_SCRATCH } from '../../core/training/recipes.ts'

const jsonSchema = (schema: z.ZodType) => z.toJSONSchema(schema, { io: 'input' }) as Record<string, unknown>

const FIRST_NETWORK = Object.keys(NETWORKS)[0]

/** `scratch/original` of the first network, `scratch/NETWORK/original` of the others. */
export const scratchId = (network: string, shipped: Shipped): string =>
  network === FIRST_NETWORK ? `scratch/${shipped}` : `scratch/${network}/${shipped}`

const SHIPPED_NAMES: Readonly<Record<Shipped, string>> = { original: 'Original', workstation: 'Workstation' }

/** Expands defaults, so that a copied recipe shows every setting. */
function spelledOut({ network, networkConfig, method, methodConfig, ...rest }: RecipeSettings): RecipeSettings {
  return {
    network,
    networkConfig: networkOf(network).config.parse(networkConfig) as RecipeSettings['networkConfig'],
    method,
    methodConfig:
      method === null ? {} : (methodOf(method).config.parse(methodConfig) as RecipeSettings['methodConfig']),
    ...rest,
  }
}

function methodRecipes(method: string): NamedRecipe[] {
  const { recipes } = methodOf(method)
  return SHIPPED.map(shipped => {
    const { note, ...settings } = recipes[shipped]
    const named = { id: `${method}/${shipped}`, name: SHIPPED_NAMES[shipped], note, shipped: true }
    return { ...spelledOut({ ...settings, method }), ...named }
  })
}

function scratchRecipes(network: string): NamedRecipe[] {
  const { label, recipes } = networkOf(network)
  return SHIPPED.map(shipped => {
    const { note, config, training } = recipes[shipped]
    const networkConfig = config as RecipeSettings['networkConfig']
    const settings = { network, networkConfig, method: null, methodConfig: {}, pretext: null, training }
    const named = { id: scratchId(network, shipped), name: `${SHIPPED_NAMES[shipped]}, ${label}`, note, shipped: true }
    return { ...spelledOut({ ...settings, fineTuning: null }), ...named }
  })
}

/** The shipped recipes: two for every method, and two from scratch for every network. */
export const shippedRecipes = (): NamedRecipe[] => [
  ...Object.keys(METHODS).flatMap(methodRecipes),
  ...Object.keys(NETWORKS).flatMap(scratchRecipes),
]

/** The tables as JSON, for forms. */
export const catalogue = (): Catalogue => ({
  networks: Object.entries(NETWORKS).map(([id, { label, paper, config, takes, withTrunk }]: [string, Network]) => ({
    id,
    label,
    paper,
    schema: jsonSchema(config),
    takes,
    ...(withTrunk && { withTrunk: withTrunk as Record<Shipped, Record<string, unknown>> }),
  })),
  methods: Object.entries(METHODS).map(([id, { label, paper, config, figures, onComplex }]) => ({
    id,
    label,
    paper,
    schema: jsonSchema(config),
    figures: [...figures],
    onComplex,
  })),
  classical: CLASSICAL_IDS.map(id => ({
    id,
    label: CLASSICAL[id].label,
    paper: CLASSICAL[id].paper,
    schema: jsonSchema(CLASSICAL[id].config),
  })),
  schemas: { pretext: jsonSchema(Pretext), recipe: jsonSchema(Recipe), mask: jsonSchema(DrawnMask) },
  recipes: shippedRecipes(),
})

/**
 * Default recipe for the fine-tuning of a run: the recipe stored with the run. Else of a network of magnitudes: the
 * workstation recipe of the run's method, or the original recipe. Else: half of the network's training from scratch.
 */
export function fineTuningOf({ fineTuning, method, network }: Pick<RunConfig, 'fineTuning' | 'method' | 'network'>) {
  const { takes, recipes } = networkOf(network)
  if (takes !== 'magnitude') return fineTuning ?? shortened(recipes.workstation.training, FINE_TUNING)
  return fineTuning ?? (method === null ? null : methodOf(method).recipes.workstation.fineTuning) ?? FINE_TUNING
}
