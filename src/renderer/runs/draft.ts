/**
 * What the start form is set to, and what each choice of the user makes of that. Nothing here draws or calls the
 * services.
 */
import type { StartRequest } from '../../contract/api.ts'
import type { Catalogue } from '../../contract/catalogue.ts'
import type { MaskSpec } from '../../contract/evaluation.ts'
import type { NamedRecipe, RecipeSettings } from '../../contract/recipes.ts'
import { recipeOn, scratchRecipe, shippedOf, takesMagnitudes } from '../../presentation/recipe-networks.ts'
import { complete, faultsOf, propertiesOf, type Settings, same } from '../widgets/settings-schema.ts'
import { faultsIn, type Part, partOf, schemasFor } from './recipe-parts.ts'

export type FormKind = 'baseline' | 'pretrain'

export interface Draft {
  /** Chosen by the user; `null`: the study that the form suggests. */
  readonly study: number | null
  /** The chosen recipe, by its id. */
  readonly recipe: string
  readonly settings: RecipeSettings
  readonly mask: Settings
  /** Text while a user types it. */
  readonly seed: number | string
  /** Parts of the form that are unfolded. */
  readonly open: ReadonlySet<Part>
}

/** What can be chosen. */
export interface Offered {
  readonly catalogue: Catalogue
  /** The user's own recipes. */
  readonly own: readonly NamedRecipe[]
}

export type Change =
  | { readonly type: 'study'; readonly study: number }
  | { readonly type: 'recipe'; readonly recipe: NamedRecipe }
  | { readonly type: 'method'; readonly method: string | null }
  | { readonly type: 'network'; readonly network: string }
  | { readonly type: 'settings'; readonly settings: RecipeSettings }
  | { readonly type: 'mask'; readonly mask: Settings }
  | { readonly type: 'seed'; readonly seed: number | string }
  /** Folds a part that is unfolded, and the other way round. */
  | { readonly type: 'fold'; readonly part: Part }
  /** Unfolds every part with a value that cannot be used. */
  | { readonly type: 'show faults' }
  /** The settings were saved as the recipe of this id. */
  | { readonly type: 'saved'; readonly id: string }
  /** The chosen recipe's own settings again. */
  | { readonly type: 'reset' }

/** Settings with everything that their schemas have, so that two equal settings compare as equal. */
function whole(catalogue: Catalogue, settings: RecipeSettings): RecipeSettings {
  const { network, method, pretext, recipe } = schemasFor(catalogue, settings)
  const { networkConfig, methodConfig, training, fineTuning } = settings
  return {
    network: settings.network,
    networkConfig: complete(network, networkConfig),
    method: settings.method,
    methodConfig: method ? complete(method, methodConfig) : {},
    pretext: settings.method === null ? null : complete(pretext, settings.pretext ?? {}),
    training: complete(recipe, training),
    fineTuning: fineTuning && complete(recipe, fineTuning),
  } as RecipeSettings
}

/** Recipes of a method; `null`: from scratch. */
export const recipesOf = ({ catalogue, own }: Offered, method: string | null): readonly NamedRecipe[] =>
  [...catalogue.recipes, ...own].filter(recipe => recipe.method === method)

/** The method's shipped recipe of that name, else its first recipe. */
function firstRecipe(offered: Offered, method: string | null, name: string): NamedRecipe {
  const recipes = recipesOf(offered, method)
  return recipes.find(recipe => recipe.shipped && shippedOf(recipe) === name) ?? recipes[0]
}

/** The recipe that a user falls back to where no other is chosen. */
export const standardRecipe = (offered: Offered, method: string | null): NamedRecipe =>
  firstRecipe(offered, method, 'workstation')

export function chosenRecipe(offered: Offered, { recipe, settings }: Draft): NamedRecipe {
  const all = [...offered.catalogue.recipes, ...offered.own]
  return all.find(({ id }) => id === recipe) ?? standardRecipe(offered, settings.method)
}

export const isEdited = (offered: Offered, draft: Draft): boolean =>
  !same(draft.settings, whole(offered.catalogue, chosenRecipe(offered, draft)))

export function beginDraft(offered: Offered, kind: FormKind, mask: Settings): Draft {
  const method = kind === 'baseline' ? null : offered.catalogue.methods[0].id
  const recipe = standardRecipe(offered, method)
  const open = new Set<Part>(['training', 'network'])
  return { study: null, recipe: recipe.id, settings: whole(offered.catalogue, recipe), mask, seed: 0, open }
}

/** A recipe as it ships or was saved, or on another network that needs other settings. */
function taken({ catalogue }: Offered, draft: Draft, recipe: NamedRecipe, network = recipe.network): Draft {
  const other = recipeOn(catalogue, recipe, network)
  const named = other && recipe.method === null ? scratchRecipe(catalogue, network, shippedOf(recipe)) : recipe
  return { ...draft, recipe: named.id, settings: whole(catalogue, other ?? recipe) }
}

/**
 * Another network. It takes over each setting that both networks have and that it can use, if both take magnitudes.
 * Otherwise the chosen recipe begins again on this network.
 */
function withNetwork(offered: Offered, draft: Draft, network: string): Draft {
  const { catalogue } = offered
  const recipe = chosenRecipe(offered, draft)
  if (recipeOn(catalogue, recipe, network)) return taken(offered, draft, recipe, network)
  const settings = takesMagnitudes(catalogue, draft.settings.network) ? draft.settings : whole(catalogue, recipe)
  const schema = catalogue.networks.find(({ id }) => id === network)!.schema
  const kept = propertiesOf(schema).filter(
    ([name, part]) => name in settings.networkConfig && faultsOf(part, settings.networkConfig[name]).length === 0,
  )
  const networkConfig = Object.fromEntries(kept.map(([name]) => [name, settings.networkConfig[name]]))
  return { ...draft, settings: whole(catalogue, { ...settings, network, networkConfig }) }
}

export const seedFault = ({ seed }: Draft): string | null =>
  Number.isInteger(seed) && Number(seed) >= 0 ? null : 'Expected a whole number, at least 0'

/** Every setting that cannot be used, by its path; the seed has a fault of its own. */
export const faultsOfDraft = ({ catalogue }: Offered, draft: Draft): ReadonlyMap<string, string> =>
  faultsIn(draft, schemasFor(catalogue, draft.settings))

export const canStart = (offered: Offered, draft: Draft): boolean =>
  faultsOfDraft(offered, draft).size === 0 && seedFault(draft) === null

/** The draft after one change. */
export function changed(offered: Offered, draft: Draft, change: Change): Draft {
  const { catalogue } = offered
  switch (change.type) {
    case 'recipe':
      return taken(offered, draft, change.recipe)
    case 'method': {
      const recipe = firstRecipe(offered, change.method, shippedOf(chosenRecipe(offered, draft)))
      return taken(offered, draft, recipe, draft.settings.network)
    }
    case 'network':
      return withNetwork(offered, draft, change.network)
    case 'fold': {
      const open = new Set(draft.open)
      if (!open.delete(change.part)) open.add(change.part)
      return { ...draft, open }
    }
    case 'show faults': {
      const faulty = [...faultsOfDraft(offered, draft).keys()].map(partOf)
      const seed: Part[] = seedFault(draft) ? ['training'] : []
      return { ...draft, open: new Set([...draft.open, ...faulty, ...seed]) }
    }
    case 'saved':
      return { ...draft, recipe: change.id }
    case 'reset':
      return { ...draft, settings: whole(catalogue, chosenRecipe(offered, draft)) }
    case 'study':
      return { ...draft, study: change.study }
    case 'settings':
      return { ...draft, settings: change.settings }
    case 'mask':
      return { ...draft, mask: change.mask }
    case 'seed':
      return { ...draft, seed: change.seed }
  }
}

/** What is asked of the services. The draft must have no faults. */
export const requestOf = ({ settings, mask, seed }: Draft, study: number): StartRequest => ({
  study,
  method: settings.method,
  methodConfig: settings.methodConfig,
  ...(settings.pretext && { pretext: settings.pretext }),
  network: settings.network,
  networkConfig: settings.networkConfig,
  recipe: settings.training,
  ...(settings.fineTuning && { fineTuning: settings.fineTuning }),
  mask: mask as MaskSpec,
  seed: Number(seed),
})
