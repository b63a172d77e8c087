import { describe, expect, it } from 'vitest'
import { Catalogue } from '../../../../src/contract/catalogue.ts'
import { MaskSpec } from '../../../../src/contract/evaluation.ts'
import { NamedRecipe, Pretext, shortened } from '../../../../src/contract/recipes.ts'
import type { RunConfig } from '../../../../src/contract/runs.ts'
import { trainedNetwork } from '../../../../src/core/models/trained.ts'
import { cautionsOf, circumstancesOf } from '../../../../src/core/ssl/cautions.ts'
import { recipeOn, shippedOf } from '../../../../src/presentation/recipe-networks.ts'
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
import { networkAround } from '../../../../src/services/runs/network-around.ts'
import { checkRecipe } from '../../../../src/services/runs/recipes.ts'

const mask = MaskSpec.parse({})

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

describe.each(['complex-unet', 'varnet', 'modl'])('a recipe on %s', network => {
  const pretexts = shippedRecipes().filter(({ method }) => method !== null)

  it.each(pretexts.map(recipe => [recipe.id, recipe] as const))('can be started: %s', (_, recipe) => {
    const other = recipeOn(catalogue(), recipe, network)!
    const checked = checkRecipe(other)
    const scratch = shippedRecipes().find(({ id }) => id === scratchId(network, shippedOf(recipe)))!
    const inside = networkOf(network).withTrunk?.[shippedOf(recipe)] as object | undefined
    expect(checked).toMatchObject({ network, fineTuning: shortened(scratch.training, recipe.fineTuning!) })
    expect(checked.fineTuning!.epochs).toBe(scratch.training.epochs / 2)
    expect(checked.networkConfig).toEqual({ ...scratch.networkConfig, ...inside })
    expect([checked.method, checked.pretext]).toEqual([recipe.method, recipe.pretext])
    const { attach } = checked.methodConfig
    if (recipe.method !== 'subsample-again') expect(attach).toBe('bottleneck')
    const config = { ...checked, kind: 'pretrain', recipe: checked.training, mask, slices: { kind: 'all' }, seed: 0 }
    const { refuses, config: schema } = methodOf(checked.method!)
    const circumstances = circumstancesOf(config as RunConfig, checked.pretext!)
    expect(circumstances.takes).toBe('complex')
    expect(refuses?.(schema.parse(checked.methodConfig), circumstances) ?? null).toBeNull()
  })

  it('is the network’s own recipe, if there is no method', () => {
    const recipe = shippedRecipes().find(({ id }) => id === 'scratch/original')!
    expect(recipeOn(catalogue(), recipe, network)?.training).toEqual(networkOf(network).recipes.original.training)
  })
})

describe('a recipe that fits as it is', () => {
  it('is of the network itself, or both networks take magnitudes', () => {
    for (const recipe of shippedRecipes()) {
      expect(recipeOn(catalogue(), recipe, recipe.network)).toBeNull()
      expect(recipeOn(catalogue(), recipe, 'unet-plus-plus')).toBeNull()
    }
  })
})

describe('views of complex images', () => {
  it('are refused if the recipe shifts magnitudes', () => {
    const { refuses, config } = methodOf('simclr')
    const given = { mask, pretext: Pretext.parse({}), takes: 'complex' } as const
    expect(refuses!(config.parse({ standardise: 'report' }), given)).toMatch(/--standardise image/)
    expect(refuses!(config.parse({ standardise: 'report' }), { ...given, takes: 'magnitude' })).toBeNull()
  })

  it('are cautioned: where the head sits, how the network starts, what RotNet’s phase tells', () => {
    const cautions = (method: string, methodConfig: object, networkConfig: object) =>
      cautionsOf({
        ...{ kind: 'pretrain', network: 'varnet', networkConfig, method, methodConfig, pretext: Pretext.parse({}) },
        ...{ recipe: FINE_TUNING, fineTuning: null, mask, slices: { kind: 'all' }, seed: 0 },
      } as RunConfig).join('\n')
    expect(cautions('simclr', { attach: 'bottleneck' }, { zeroStart: true })).toBe('')
    expect(cautions('simclr', { attach: 'output' }, { zeroStart: true })).toMatch(/--attach bottleneck/)
    expect(cautions('simclr', { attach: 'bottleneck' }, { zeroStart: false })).toMatch(/--zero-start/)
    expect(cautions('rotnet', { attach: 'bottleneck' }, { zeroStart: true })).toMatch(/phase/)
  })
})

describe('the network of a pre-training', () => {
  it('is the U-Net inside, and a fine-tuning trains the network itself', () => {
    const config = { network: 'varnet', networkConfig: { channels: 4, pools: 2 } }
    expect(trainedNetwork({ ...config, kind: 'train' })).toEqual(config)
    expect(trainedNetwork({ ...config, kind: 'pretrain' })).toMatchObject({ ...config, network: 'complex-unet' })
    const soft = { network: 'complex-unet', networkConfig: { channels: 4, consistency: 'soft' } }
    expect(trainedNetwork({ ...soft, kind: 'pretrain' }).networkConfig).toMatchObject({ consistency: 'none' })
  })

  it('is refused in words if no U-Net is inside', () => {
    const cnn = { network: 'modl', networkConfig: { denoiser: 'cnn' } }
    expect(() => trainedNetwork({ ...cnn, kind: 'pretrain' })).toThrow(
      /^Expected a network with a U-Net inside.* other settings \(denoiser unet, channels 8, pools 3\)/,
    )
    expect(trainedNetwork({ ...cnn, kind: 'train' })).toEqual(cnn)
  })

  it('may be fine-tuned inside another network', () => {
    const networkConfig = { channels: 6, pools: 2, consistency: 'none' }
    expect(networkAround({ network: 'complex-unet', networkConfig, kind: 'import' }, 'varnet')).toMatchObject({
      network: 'varnet',
      networkConfig: { channels: 6, pools: 2, cascades: 5, consistency: 'soft' },
    })
    const inModl = { network: 'modl', networkConfig: { ...networkConfig, denoiser: 'unet' }, kind: 'pretrain' } as const
    expect(networkAround(inModl, 'varnet').networkConfig).toMatchObject({ channels: 6, pools: 2, zeroStart: false })
    const varnet = { network: 'varnet', networkConfig, kind: 'pretrain' } as const
    expect(networkAround(varnet, 'varnet').networkConfig).toBe(networkConfig)
    expect(networkAround(varnet, 'complex-unet')).toEqual(trainedNetwork(varnet))
    expect(() => networkAround({ network: 'unet', networkConfig, kind: 'import' }, 'varnet')).toThrow(
      /^Expected a network that has the given U-Net inside, got E2E-VarNet/,
    )
  })
})

describe('the fine-tuning recipe of a run', () => {
  const own = { ...FINE_TUNING, epochs: 3 }
  const run = { method: 'swav', network: 'unet' }

  it('is the recipe chosen with the run, else the method’s recipe, else the original recipe', () => {
    expect(fineTuningOf({ ...run, fineTuning: own })).toBe(own)
    expect(fineTuningOf({ ...run, fineTuning: null })).toEqual(METHODS.swav.recipes.workstation.fineTuning)
    expect(fineTuningOf({ ...run, method: null, fineTuning: null })).toEqual(FINE_TUNING)
    const { recipes } = networkOf('varnet')
    const half = recipes.workstation.training.epochs / 2
    expect(fineTuningOf({ ...run, network: 'varnet', fineTuning: null }).epochs).toBe(half)
  })
})
