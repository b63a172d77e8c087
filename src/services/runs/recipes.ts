/** Recipes that the user saved, in addition to the shipped recipes. */
import { z } from 'zod'
import { AppError } from '../../contract/errors.ts'
import { NamedRecipe, Pretext, presentRecipe, Recipe, RecipeSettings } from '../../contract/recipes.ts'
import type { Profile } from '../profile/profile.ts'
import { methodOf, networkOf, shippedRecipes } from './catalogue.ts'
import { chosenSettings, requireFittingHead } from './chosen-settings.ts'

interface Row {
  readonly id: number
  readonly name: string
  readonly settings: string
  readonly updated_at: string
}

const toRecipe = ({ id, name, settings, updated_at }: Row): NamedRecipe => ({
  ...RecipeSettings.parse(JSON.parse(settings)),
  id: `own/${id}`,
  name,
  note: `Your own, saved on ${updated_at.slice(0, 10)}.`,
  shipped: false,
})

/** All recipes of the user that are not hidden, in the order of their first save. */
export function ownRecipes({ db }: Profile): NamedRecipe[] {
  const rows = db.prepare('SELECT id, name, settings, updated_at FROM recipes WHERE hidden = 0 ORDER BY id')
  return (rows.all() as Row[]).map(toRecipe)
}

const shippedRecipe = (id: string) => shippedRecipes().find(recipe => recipe.id === presentRecipe(id))

/** A shipped recipe, or a recipe of the user, hidden or not. */
export function findRecipe(profile: Profile, id: string): NamedRecipe {
  return shippedRecipe(id) ?? toRecipe(ownRow(profile, id))
}

function ownRow({ db }: Profile, id: string): Row {
  const number = /^own\/(\d{1,15})$/.exec(id)?.[1]
  const row = number && db.prepare('SELECT id, name, settings, updated_at FROM recipes WHERE id = ?').get(number)
  if (row) return row as Row
  throw new AppError(
    'INVALID_ARGUMENT',
    `Expected a recipe’s name, such as simclr/original or own/1, got ${id}. List them with: self-mri recipes`,
  )
}

/** Throws `INVALID_ARGUMENT` for a shipped recipe, because shipped recipes never change. */
function requireOwn(profile: Profile, id: string): number {
  if (!shippedRecipe(id)) return ownRow(profile, id).id
  throw new AppError(
    'INVALID_ARGUMENT',
    `Expected a recipe of your own, got ${id}, which ships with the program and cannot change. ` +
      'Save a copy as a new recipe.',
  )
}

/** Parts of a recipe that are also checked for unknown fields. */
const PARTS = { pretext: Pretext, training: Recipe, fineTuning: Recipe }

/** Checks settings and expands defaults. Throws `INVALID_ARGUMENT` that names each invalid field. */
export function checkRecipe(given: unknown): RecipeSettings {
  const settings = chosenSettings(RecipeSettings, given, { of: 'a recipe', strict: true }) as RecipeSettings
  for (const [at, schema] of Object.entries(PARTS)) {
    const part = (given as Record<string, unknown>)[at]
    if (part) chosenSettings(schema, part, { of: 'a recipe', at, strict: true })
  }
  const { network, method, training } = settings
  const networkLabel = networkOf(network).label
  const networkConfig = chosenSettings(networkOf(network).config, settings.networkConfig, {
    of: networkLabel,
    at: 'networkConfig',
    strict: true,
  })
  if (method === null) {
    return { ...settings, networkConfig, methodConfig: {}, pretext: null, fineTuning: null }
  }
  const { label, config, separable } = methodOf(method)
  const methodConfig = chosenSettings(config, settings.methodConfig, { of: label, at: 'methodConfig', strict: true })
  if (training.accumulate > 1 && !separable) {
    throw new AppError(
      'INVALID_ARGUMENT',
      `Expected training.accumulate: 1, because ${label} compares the samples of a batch with each other, ` +
        `got ${training.accumulate}`,
    )
  }
  requireFittingHead({ network, networkConfig, method, methodConfig }, training.batch)
  return { ...settings, networkConfig, methodConfig, pretext: settings.pretext ?? Pretext.parse({}) }
}

const Name = z.object({ name: NamedRecipe.shape.name })

/** Replaces the saved recipe `id`. Without an `id`: saves a new recipe. */
export function saveRecipe(
  profile: Profile,
  { id, name: given, settings: chosen }: { readonly id?: string; readonly name: string; readonly settings: unknown },
): NamedRecipe {
  const { db } = profile
  const { name } = chosenSettings(Name, { name: given.trim() }, { of: 'a recipe' }) as z.infer<typeof Name>
  const settings = JSON.stringify(checkRecipe(chosen))
  const now = new Date().toISOString()
  if (id !== undefined) {
    const own = requireOwn(profile, id)
    // A saved recipe becomes visible.
    db.prepare('UPDATE recipes SET name = ?, settings = ?, hidden = 0, updated_at = ? WHERE id = ?').run(
      name,
      settings,
      now,
      own,
    )
    return findRecipe(profile, id)
  }
  const { lastInsertRowid } = db
    .prepare('INSERT INTO recipes (name, settings, created_at, updated_at) VALUES (?, ?, ?, ?)')
    .run(name, settings, now, now)
  return findRecipe(profile, `own/${lastInsertRowid}`)
}

/** Hides a recipe of the user, or shows it again. */
export function setRecipeHidden(profile: Profile, id: string, hidden: boolean): void {
  profile.db.prepare('UPDATE recipes SET hidden = ? WHERE id = ?').run(hidden ? 1 : 0, requireOwn(profile, id))
}
