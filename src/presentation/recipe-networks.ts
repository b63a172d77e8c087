/** A recipe on another network. Networks of complex images and of k-space need other settings than magnitudes do. */
import type { Catalogue } from '../contract/catalogue.ts'
import { type NamedRecipe, type RecipeSettings, SHIPPED, type Shipped, shortened } from '../contract/recipes.ts'

/** `simclr/original` → `original`. A user's own recipe counts as `workstation`. */
export const shippedOf = ({ id, shipped }: Pick<NamedRecipe, 'id' | 'shipped'>): Shipped =>
  (shipped && SHIPPED.find(name => id.endsWith(`/${name}`))) || 'workstation'

export const takesMagnitudes = ({ networks }: Catalogue, network: string): boolean =>
  networks.find(({ id }) => id === network)?.takes === 'magnitude'

/** The network's own recipe from scratch. */
export const scratchRecipe = ({ recipes }: Catalogue, network: string, shipped: Shipped): NamedRecipe =>
  recipes.find(recipe => recipe.method === null && recipe.network === network && shippedOf(recipe) === shipped)!

/**
 * The recipe with the network's own settings, with half of its own training for fine-tuning, and with the method's
 * settings for complex images. `null`: the recipe fits as it is, because it is of this network, or both networks take
 * magnitudes.
 */
export function recipeOn(catalogue: Catalogue, recipe: NamedRecipe, network: string): RecipeSettings | null {
  if (network === recipe.network || takesMagnitudes(catalogue, network)) return null
  const shipped = shippedOf(recipe)
  const scratch = scratchRecipe(catalogue, network, shipped)
  if (recipe.method === null) return scratch
  const { methodConfig, training = recipe.training } = catalogue.methods.find(({ id }) => id === recipe.method)!
    .onComplex[shipped]
  const { withTrunk } = catalogue.networks.find(({ id }) => id === network)!
  const networkConfig = { ...scratch.networkConfig, ...withTrunk?.[shipped] }
  return {
    ...{ network, networkConfig, method: recipe.method, pretext: recipe.pretext, training },
    methodConfig: { ...recipe.methodConfig, ...methodConfig },
    fineTuning: shortened(scratch.training, recipe.fineTuning!),
  }
}
