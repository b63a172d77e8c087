/** Saving and deleting a user's own recipes. */
import type { NamedRecipe, RecipeSettings } from '../../contract/recipes.ts'
import { client } from '../app/client.ts'
import { tellDone, tellError } from '../app/notify.tsx'
import { refresh } from '../app/refresh.ts'

/** Over the own recipe of that id, or as a new one; `null` where it was not saved, and the user is told. */
export async function saveRecipe(recipe: {
  id?: string
  name: string
  settings: RecipeSettings
}): Promise<NamedRecipe | null> {
  try {
    const saved = await client.recipes.save(recipe)
    await refresh('recipes')
    tellDone(`The recipe “${saved.name}” was saved.`)
    return saved
  } catch (error) {
    tellError(error, `The recipe “${recipe.name}” was not saved`)
    return null
  }
}

export async function deleteRecipe({ id, name }: NamedRecipe): Promise<void> {
  try {
    await client.recipes.hide({ id })
    await refresh('recipes')
    tellDone(`The recipe “${name}” was deleted.`, async () => {
      await client.recipes.restore({ id })
      await refresh('recipes')
    })
  } catch (error) {
    tellError(error, `The recipe “${name}” was not deleted`)
  }
}
