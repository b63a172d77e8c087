import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { NamedRecipe, RecipeSettings } from '../../../../src/contract/recipes.ts'
import { openServices, type Services } from '../../../../src/services/open.ts'
import { findRecipe, ownRecipes, saveRecipe, setRecipeHidden } from '../../../../src/services/runs/recipes.ts'

let profile: string
let services: Services

beforeEach(() => {
  profile = mkdtempSync(join(tmpdir(), 'self-mri-recipes-'))
  services = openServices({ profile })
})

afterEach(() => {
  services.dispose()
  rmSync(profile, { recursive: true, force: true })
})

/** The settings of a recipe, with changes. */
const settings = (id = 'simclr/workstation', changes: Record<string, unknown> = {}) => ({
  ...RecipeSettings.parse(findRecipe(services.profile, id)),
  ...changes,
})

const refusal = (given: unknown) => {
  try {
    saveRecipe(services.profile, { name: 'bad', settings: given })
  } catch (error) {
    return error as { code: string; message: string }
  }
  throw new Error('It was saved')
}

describe('an own recipe', () => {
  it('is saved with every setting, is listed, and is kept for the next start', () => {
    const saved = saveRecipe(services.profile, {
      name: '  Larger crops ',
      settings: settings('simclr/workstation', { methodConfig: { crop: 96 } }),
    })
    expect(saved).toMatchObject({ id: 'own/1', name: 'Larger crops', shipped: false, method: 'simclr' })
    expect(saved.methodConfig).toMatchObject({ crop: 96, temperature: 0.1 })
    expect(NamedRecipe.parse(saved)).toEqual(saved)
    services.dispose()
    services = openServices({ profile })
    expect(ownRecipes(services.profile)).toEqual([saved])
    expect(findRecipe(services.profile, 'own/1')).toEqual(saved)
  })

  it('can be from scratch, without settings of a pretext', () => {
    const saved = saveRecipe(services.profile, {
      name: 'Mine',
      settings: settings('scratch/original', { methodConfig: { a: 1 } }),
    })
    expect(saved).toMatchObject({ method: null, methodConfig: {}, pretext: null, fineTuning: null })
  })

  it('is replaced by its id, keeps its number, and is no longer hidden afterwards', () => {
    const { id } = saveRecipe(services.profile, { name: 'One', settings: settings() })
    saveRecipe(services.profile, { name: 'Two', settings: settings('rotnet/original') })
    setRecipeHidden(services.profile, id, true)
    expect(ownRecipes(services.profile).map(({ name }) => name)).toEqual(['Two'])
    expect(saveRecipe(services.profile, { id, name: 'One again', settings: settings('pirl/original') })).toMatchObject({
      id,
      name: 'One again',
      method: 'pirl',
    })
    expect(ownRecipes(services.profile).map(({ name }) => name)).toEqual(['One again', 'Two'])
  })

  it('can be removed from the list and put back, and numbers are never used twice', () => {
    const { id } = saveRecipe(services.profile, { name: 'One', settings: settings() })
    setRecipeHidden(services.profile, id, true)
    expect(ownRecipes(services.profile)).toEqual([])
    expect(findRecipe(services.profile, id).name).toBe('One') // Runs can still refer to the recipe.
    expect(saveRecipe(services.profile, { name: 'Two', settings: settings() }).id).toBe('own/2')
    setRecipeHidden(services.profile, id, false)
    expect(ownRecipes(services.profile)).toHaveLength(2)
  })
})

describe('a recipe is refused', () => {
  it.each([
    ['an unknown network', { network: 'resnet' }, /unet.*got resnet/],
    ['an unknown method', { method: 'byol' }, /simclr.*got byol/],
    ['a setting out of range', { methodConfig: { crop: 8 } }, /SimCLR takes.*methodConfig\.crop: /],
    ['an unknown setting of the method', { methodConfig: { croop: 64 } }, /methodConfig: .*croop/],
    ['settings of the network', { networkConfig: { channels: 0, pols: 3 } }, /networkConfig\.channels: .*pols/],
    ['fields of the training', { training: { epochs: 0, batch: 2 } }, /training\.epochs: .*training\.optimizer: /],
    ['an unknown setting of the pretext', { pretext: { aparrt: true } }, /pretext: .*aparrt/],
    ['an unknown field', { comment: 'mine' }, /comment/],
    ['an impossible grid', { methodConfig: { attach: 'grid', grid: 7 } }, /divides the 64 pixels.*got 7/],
  ])('because of %s, and the field is named', (_, changes, message) => {
    expect(refusal(settings('simclr/workstation', changes))).toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringMatching(message),
    })
    expect(ownRecipes(services.profile)).toEqual([])
  })

  it('with accumulation if the method compares samples', () => {
    const { training } = settings()
    expect(refusal(settings('simclr/workstation', { training: { ...training, accumulate: 2 } })).message).toMatch(
      /training\.accumulate: 1.*got 2/,
    )
    const saved = saveRecipe(services.profile, {
      name: 'RotNet may',
      settings: settings('rotnet/workstation', { training: { ...training, accumulate: 2 } }),
    })
    expect(saved.training.accumulate).toBe(2)
  })

  it('with an invalid name', () => {
    for (const name of ['  ', 'x'.repeat(81)])
      expect(() => saveRecipe(services.profile, { name, settings: settings() })).toThrow(
        expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringContaining('name: ') }),
      )
  })

  it('if it would change a shipped or an unknown recipe', () => {
    for (const id of ['simclr/original', 'simclr/report', 'scratch/workstation']) {
      const ships = expect.objectContaining({
        code: 'INVALID_ARGUMENT',
        message: expect.stringMatching(new RegExp(`${id}, which ships.*as a new recipe`)),
      })
      expect(() => saveRecipe(services.profile, { id, name: 'x', settings: settings() })).toThrow(ships)
      expect(() => setRecipeHidden(services.profile, id, true)).toThrow(ships)
    }
    for (const id of ['own/1', 'own/x', 'simclr'])
      expect(() => saveRecipe(services.profile, { id, name: 'x', settings: settings() })).toThrow(
        expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringContaining(`got ${id}`) }),
      )
  })
})

it('finds the original recipe under its name of version 0.1.0', () => {
  for (const of of ['simclr', 'scratch', 'scratch/unet-plus-plus'])
    expect(findRecipe(services.profile, `${of}/report`)).toEqual(findRecipe(services.profile, `${of}/original`))
})
