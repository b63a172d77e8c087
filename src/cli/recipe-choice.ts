/** The choice of a recipe, method and network, and the options that change the recipe. */
import { type Command, Option } from 'commander'
import { AppError } from '../contract/errors.ts'
import { type NamedRecipe, Pretext, presentRecipe, SHIPPED, type Shipped } from '../contract/recipes.ts'
import type { RunConfig } from '../contract/runs.ts'
import { recipeOn } from '../presentation/recipe-networks.ts'
import type { Services } from '../services/open.ts'
import { catalogue, METHODS, NETWORKS, networkOf, scratchId } from '../services/runs/catalogue.ts'
import { findRecipe } from '../services/runs/recipes.ts'
import { type SettingsGroup, settingsFrom } from './options.ts'

/** Settings of every network. */
export const NETWORK_SETTINGS: readonly SettingsGroup[] = Object.values(NETWORKS).map(({ label, config }) => ({
  heading: `${label}:`,
  schema: config,
}))

const METHOD_SETTINGS: readonly SettingsGroup[] = Object.values(METHODS).map(({ label, config, recipes }) => ({
  heading: `${label} (defaults: its workstation recipe’s):`,
  schema: config,
  standards: config.parse(recipes.workstation.methodConfig),
}))

/** Settings of every network, every method and the pretext. */
export const PRETRAINING_SETTINGS: readonly SettingsGroup[] = [
  ...NETWORK_SETTINGS,
  ...METHOD_SETTINGS,
  { heading: 'Training data access:', schema: Pretext },
]

export interface RecipeChoice extends Record<string, unknown> {
  readonly recipe: string
  readonly method?: string
  readonly network?: string
}

export const addMethodOption = (command: Command): Command =>
  command.addOption(
    new Option('--method <id>', 'self-supervised method (default: the recipe’s, else simclr)').choices(
      Object.keys(METHODS),
    ),
  )

export const addRecipeOptions = (command: Command, standard: Shipped): Command =>
  command
    .option(
      '--recipe <name>',
      'original, workstation, or a recipe from self-mri recipes; the other options change the recipe',
      standard,
    )
    .addOption(
      new Option(
        '--network <id>',
        'reconstruction network (default: the recipe’s); one of complex images or k-space has settings of its own',
      ).choices(Object.keys(NETWORKS)),
    )

const isShipped = (name: string): name is Shipped => (SHIPPED as readonly string[]).includes(name)

/**
 * The recipe `name`.
 * @param method `null`: a training from scratch; `undefined`: the recipe's own method, or SimCLR for a shipped name
 */
export function chosenRecipe(
  services: Services,
  name: string,
  method: string | null | undefined,
  network = Object.keys(NETWORKS)[0],
): NamedRecipe {
  const idOf = (shipped: Shipped) =>
    method === null ? scratchId(network, shipped) : `${method ?? 'simclr'}/${shipped}`
  const present = presentRecipe(name)
  const recipe = findRecipe(services.profile, isShipped(present) ? idOf(present) : present)
  if (method === undefined ? recipe.method !== null : recipe.method === method) return recipe
  const wanted = method === undefined ? 'a pre-training' : method === null ? 'a training from scratch' : method
  const got = recipe.method === null ? 'a training from scratch' : recipe.method
  throw new AppError('INVALID_ARGUMENT', `--recipe: expected a recipe of ${wanted}, got ${name}, a recipe of ${got}`)
}

/** The recipe on the chosen network. */
export function onChosenNetwork(recipe: NamedRecipe, { network }: RecipeChoice): NamedRecipe {
  const other = network === undefined ? null : recipeOn(catalogue(), recipe, network)
  return other ? { ...recipe, ...other } : recipe
}

/** The chosen network. A network other than the recipe's keeps the recipe's settings that both networks have. */
export function networkFrom(recipe: NamedRecipe, options: RecipeChoice): Pick<RunConfig, 'network' | 'networkConfig'> {
  const network = options.network ?? recipe.network
  const networkConfig = settingsFrom(networkOf(network).config, options, recipe.networkConfig)
  return { network, networkConfig: networkConfig as Record<string, unknown> }
}
