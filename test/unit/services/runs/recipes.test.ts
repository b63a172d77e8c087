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

/** As a file holds them: what is not there has its default. */
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
  it('is saved with every setting spelt out, listed, and there after the next start', () => {
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

  it('may be from scratch, with nothing of a pretext', () => {
    const saved = saveRecipe(services.profile, {
      name: 'Mine',
      settings: settings('scratch/original', { methodConfig: { a: 1 } }),
    })
    expect(saved).toMatchObject({ method: null, methodConfig: {}, pretext: null, fineTuning: null })
  })

  it('is written over by its id, keeps its number, and is no longer hidden then', () => {
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

  it('is taken off the list and put back; a number is never given twice', () => {
    const { id } = saveRecipe(services.profile, { name: 'One', settings: settings() })
    setRecipeHidden(services.profile, id, true)
    expect(ownRecipes(services.profile)).toEqual([])
    expect(findRecipe(services.profile, id).name).toBe('One') // runs may name it
    expect(saveRecipe(services.profile, { name: 'Two', settings: settings() }).id).toBe('own/2')
    setRecipeHidden(services.profile, id, false)
    expect(ownRecipes(services.profile)).toHaveLength(2)
  })
})

describe('what is refused', () => {
  it.each([
    ['a network that there is not', { network: 'resnet' }, /unet.*got resnet/],
    ['a method that there is not', { method: 'byol' }, /simclr.*got byol/],
    ['a setting out of range', { methodConfig: { crop: 8 } }, /SimCLR takes.*methodConfig\.crop: /],
    ['a slip of the pen', { methodConfig: { croop: 64 } }, /methodConfig: .*croop/],
    ['a network’s setting', { networkConfig: { channels: 0, pols: 3 } }, /networkConfig\.channels: .*pols/],
    ['a recipe’s field', { training: { epochs: 0, batch: 2 } }, /training\.epochs: .*training\.optimizer: /],
    ['a recipe’s slip of the pen', { pretext: { aparrt: true } }, /pretext: .*aparrt/],
    ['another field', { comment: 'mine' }, /comment/],
    ['a grid that divides nothing', { methodConfig: { attach: 'grid', grid: 7 } }, /divides the 64 pixels.*got 7/],
  ])('%s, the field named', (_, changes, message) => {
    expect(refusal(settings('simclr/workstation', changes))).toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringMatching(message),
    })
    expect(ownRecipes(services.profile)).toEqual([])
  })

  it('parts of a batch where samples are compared', () => {
    const { training } = settings()
    expect(refusal(settings('simclr/workstation', { training: { ...training, accumulate: 2 } })).message).toMatch(
      /training\.accumulate: 2/,
    )
    const saved = saveRecipe(services.profile, {
      name: 'RotNet may',
      settings: settings('rotnet/workstation', { training: { ...training, accumulate: 2 } }),
    })
    expect(saved.training.accumulate).toBe(2)
  })

  it('a name that is none', () => {
    for (const name of ['  ', 'x'.repeat(81)])
      expect(() => saveRecipe(services.profile, { name, settings: settings() })).toThrow(
        expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringContaining('name: ') }),
      )
  })

  it('to change what ships, or what there is not', () => {
    for (const id of ['simclr/original', 'simclr/original', 'scratch/workstation']) {
      const ships = expect.objectContaining({
        code: 'INVALID_ARGUMENT',
        message: expect.stringMatching(new RegExp(`${id}, which ships.*as a new one`)),
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
