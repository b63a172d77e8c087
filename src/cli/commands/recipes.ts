import { readFileSync } from 'node:fs'
import Table from 'cli-table3'
import { Command } from 'commander'
import { AppError } from '../../contract/errors.ts'
import { type NamedRecipe, RecipeSettings } from '../../contract/recipes.ts'
import { callersPath } from '../../services/profile/paths.ts'
import { shippedRecipes } from '../../services/runs/catalogue.ts'
import { findRecipe, ownRecipes, saveRecipe } from '../../services/runs/recipes.ts'
import { inSession } from '../session.ts'
import { print, printJson } from '../terminal.ts'

function listing(recipes: readonly NamedRecipe[]): string {
  const table = new Table({
    head: ['recipe', 'name', 'network', 'epochs', 'batch', 'rate'],
    style: { head: [], border: [], compact: true },
  })
  for (const { id, name, network, networkConfig, training } of recipes) {
    const { channels } = networkConfig
    const width = typeof channels === 'number' ? `-${channels}` : ''
    table.push([id, name, `${network}${width}`, training.epochs, training.batch, training.schedule.rate])
  }
  return table.toString()
}

const listCommand = (): Command =>
  new Command('list')
    .description('List the shipped recipes and your own recipes')
    .action((_options: object, command: Command) =>
      inSession(
        command,
        async ({ services, json }) => {
          const recipes = [...shippedRecipes(), ...ownRecipes(services.profile)]
          if (json) printJson(recipes)
          else print(listing(recipes))
        },
        { readOnly: true },
      ),
    )

const showCommand = (): Command =>
  new Command('show')
    .description('Show a recipe with all its settings')
    .argument('<id>', 'simclr/original, own/1 …')
    .action((id: string, _options: object, command: Command) =>
      inSession(
        command,
        async ({ services, json }) => {
          const recipe = findRecipe(services.profile, id)
          if (json) printJson(recipe)
          else print(`${id}: ${recipe.name}\n${recipe.note}\n${JSON.stringify(RecipeSettings.parse(recipe), null, 2)}`)
        },
        { readOnly: true },
      ),
    )

type Json = Readonly<Record<string, unknown>>

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)

/** The settings in a file. Ignores the other keys of `recipes show --json`. */
function readSettings(path: string): Json {
  let value: unknown
  try {
    value = JSON.parse(readFileSync(path, 'utf8'))
  } catch (cause) {
    throw new AppError('FILE_UNREADABLE', `Expected JSON, got: ${(cause as Error).message}, in ${path}`, cause)
  }
  if (!isObject(value)) throw new AppError('INVALID_ARGUMENT', `Expected a JSON object of settings, in ${path}`)
  const { id: _id, name: _name, note: _note, shipped: _shipped, ...settings } = value
  return settings
}

/** Settings with changes. If the method or network changes, none of its old settings are kept. */
function withChanges(settings: Json, changes: Json): Json {
  const another = (what: 'method' | 'network') => what in changes && changes[what] !== settings[what]
  const whole = [...(another('method') ? ['methodConfig'] : []), ...(another('network') ? ['networkConfig'] : [])]
  const changed = Object.entries(changes).map(([name, value]): [string, unknown] => {
    const before = whole.includes(name) ? {} : settings[name]
    return [name, isObject(before) && isObject(value) ? { ...before, ...value } : value]
  })
  return { ...settings, ...Object.fromEntries(whole.map(name => [name, {}])), ...Object.fromEntries(changed) }
}

const saveCommand = (): Command =>
  new Command('save')
    .description('Save your own recipe: a copy of a recipe, the settings in a file, or a copy changed by a file')
    .argument('<name>', 'name of the new recipe')
    .option('--from <id>', 'recipe to copy: simclr/original, own/1 …')
    .option('--file <path>', 'JSON of settings, as printed by recipes show; with --from only settings that differ')
    .action((name: string, { from, file }: { from?: string; file?: string }, command: Command) =>
      inSession(command, async ({ services, json }) => {
        if (from === undefined && file === undefined)
          throw new AppError('INVALID_ARGUMENT', 'Expected --from ID, --file PATH, or both')
        const copied = from === undefined ? {} : RecipeSettings.parse(findRecipe(services.profile, from))
        const changes = file === undefined ? {} : readSettings(callersPath(file))
        const saved = saveRecipe(services.profile, { name, settings: withChanges(copied, changes) })
        if (json) printJson(saved)
        else print(`Saved as ${saved.id}. To train with it: --recipe ${saved.id}`)
      }),
    )

export const recipesCommand = (): Command =>
  new Command('recipes')
    .description('Recipes for training: the shipped recipes and your own recipes')
    .addCommand(listCommand(), { isDefault: true })
    .addCommand(showCommand())
    .addCommand(saveCommand())
