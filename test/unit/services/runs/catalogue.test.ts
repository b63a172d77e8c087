import { describe, expect, it } from 'vitest'
import { Catalogue } from '../../../../src/contract/api.ts'
import { NamedRecipe } from '../../../../src/contract/recipes.ts'
import {
  catalogue,
  FINE_TUNING,
  FROM_SCRATCH,
  fineTuningOf,
  METHODS,
  methodOf,
  NETWORKS,
  networkOf,
  scratchId,
  shippedRecipes,
} from '../../../../src/services/runs/catalogue.ts'
import { checkRecipe } from '../../../../src/services/runs/recipes.ts'

describe('the catalogue', () => {
  it('is plain data, so the window can receive it', () => {
    const data = catalogue()
    expect(Catalogue.parse(JSON.parse(JSON.stringify(data)))).toEqual(data)
    expect(Object.keys(data.schemas.pretext.properties as object)).toContain('reconstruction')
    expect(Object.keys(data.schemas.recipe.properties as object)).toContain('freshOutput')
    expect(Object.keys(data.schemas.mask.properties as object)).toContain('acceleration')
  })

  it('has two recipes of every method, and two from scratch of every network', () => {
    const ids = shippedRecipes().map(({ id }) => id)
    expect(new Set(ids).size).toBe(ids.length)
    for (const method of Object.keys(METHODS))
      expect(ids).toEqual(expect.arrayContaining([`${method}/original`, `${method}/workstation`]))
    for (const network of Object.keys(NETWORKS))
      expect(ids).toEqual(expect.arrayContaining([scratchId(network, 'original'), scratchId(network, 'workstation')]))
    expect(ids).toEqual(expect.arrayContaining(['scratch/original', 'scratch/workstation']))
    expect(ids).toHaveLength(2 * (Object.keys(METHODS).length + Object.keys(NETWORKS).length))
  })

  it('trains from scratch as fastMRI does, or shorter on a workstation', () => {
    const [original, workstation] = ['scratch/original', 'scratch/workstation'].map(
      id => shippedRecipes().find(recipe => recipe.id === id)!,
    )
    expect(original).toMatchObject({
      network: 'unet',
      networkConfig: { channels: 32, pools: 4 },
      training: { epochs: 50 },
    })
    expect(original.training.schedule).toEqual({ kind: 'step', rate: 1e-3, every: 40, factor: 0.1 })
    expect(workstation).toMatchObject({ networkConfig: { channels: 16 }, training: FROM_SCRATCH.workstation.training })
    expect(workstation.training).toEqual(original.training)
    for (const recipe of [original, workstation])
      expect(recipe).toMatchObject({ method: null, pretext: null, fineTuning: null })
  })
})

describe.each(shippedRecipes().map(recipe => [recipe.id, recipe] as const))('the recipe %s', (_, recipe) => {
  it('can be started, and names every setting', () => {
    const { id, name, note, shipped, ...settings } = recipe
    expect(NamedRecipe.parse(recipe)).toEqual(recipe)
    expect(checkRecipe(settings)).toEqual(settings)
    expect([id, name, note].every(words => words.length > 0) && shipped).toBe(true)
  })

  it('has views of a size that its network takes', () => {
    if (recipe.method === null) return
    const { smallestView, config } = methodOf(recipe.method)
    const network = networkOf(recipe.network)
    const side = smallestView(config.parse(recipe.methodConfig))
    expect(side ?? Number.POSITIVE_INFINITY).toBeGreaterThanOrEqual(
      network.minimumSize(network.config.parse(recipe.networkConfig)),
    )
  })
})

describe('the fine-tuning recipe of a run', () => {
  const own = { ...FINE_TUNING, epochs: 3 }

  it('is the recipe chosen with the run, else the method’s recipe, else the original recipe', () => {
    expect(fineTuningOf({ method: 'swav', fineTuning: own })).toBe(own)
    expect(fineTuningOf({ method: 'swav', fineTuning: null })).toEqual(METHODS.swav.recipes.workstation.fineTuning)
    expect(fineTuningOf({ method: null, fineTuning: null })).toEqual(FINE_TUNING)
  })
})
