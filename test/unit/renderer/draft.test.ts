import { describe, expect, it } from 'vitest'
import { StartRequest } from '../../../src/contract/api.ts'
import { MaskSpec } from '../../../src/contract/evaluation.ts'
import {
  beginDraft,
  type Change,
  canStart,
  changed,
  chosenRecipe,
  type Draft,
  isEdited,
  type Offered,
  recipesOf,
  requestOf,
  seedFault,
} from '../../../src/renderer/runs/draft.ts'
import { catalogue } from '../../../src/services/runs/catalogue.ts'

const shipped: Offered = { catalogue: catalogue(), own: [] }
const mask = MaskSpec.parse({})
const pretraining = beginDraft(shipped, 'pretrain', mask)
const after = (draft: Draft, ...changes: Change[]) =>
  changes.reduce((before, change) => changed(shipped, before, change), draft)

/** The change that a field of the form makes to the settings of the training. */
const withTraining = (draft: Draft, changes: object): Change => ({
  type: 'settings',
  settings: { ...draft.settings, training: { ...draft.settings.training, ...changes } },
})

describe('draft of the start form', () => {
  it('begins with the unedited workstation recipe, and can be started', () => {
    for (const kind of ['pretrain', 'baseline'] as const) {
      const draft = beginDraft(shipped, kind, mask)
      expect(draft.recipe).toMatch(/\/workstation$/)
      expect(isEdited(shipped, draft)).toBe(false)
      expect(canStart(shipped, draft)).toBe(true)
      expect(StartRequest.parse(requestOf(draft, 3))).toMatchObject({ study: 3, method: draft.settings.method })
    }
    expect(beginDraft(shipped, 'baseline', mask).settings).toMatchObject({ method: null, pretext: null })
  })

  it('takes the recipe of the same name when the method changes', () => {
    const method = shipped.catalogue.methods[1].id
    const other = recipesOf(shipped, pretraining.settings.method).find(({ id }) => id !== pretraining.recipe)!
    const draft = after(pretraining, { type: 'recipe', recipe: other }, { type: 'method', method })
    expect(draft.recipe).toBe(other.id.replace(/^[^/]*/, method))
    expect(draft.settings.method).toBe(method)
  })

  it('begins the recipe again on a network of k-space, and on a U-Net of magnitudes afterwards', () => {
    const own = shipped.catalogue.recipes.find(({ id }) => id === 'scratch/varnet/workstation')!
    const varnet = after(pretraining, { type: 'network', network: 'varnet' })
    const { network, networkConfig, fineTuning, method } = varnet.settings
    expect([network, method]).toEqual(['varnet', pretraining.settings.method])
    expect([networkConfig, fineTuning?.epochs]).toEqual([own.networkConfig, own.training.epochs / 2])
    expect(canStart(shipped, varnet)).toBe(true)
    const other = after(varnet, { type: 'method', method: 'pirl' })
    expect(other.settings).toMatchObject({ network: 'varnet', method: 'pirl', methodConfig: { attach: 'bottleneck' } })
    expect(after(varnet, { type: 'network', network: 'unet' }).settings).toEqual(pretraining.settings)
    const scratch = after(varnet, { type: 'method', method: null })
    expect(scratch.recipe).toBe(own.id)
    expect(isEdited(shipped, scratch)).toBe(false)
  })

  it('keeps the network settings that another network can use', () => {
    const [first, second] = shipped.catalogue.networks
    const changedChannels = after(pretraining, {
      type: 'settings',
      settings: { ...pretraining.settings, networkConfig: { ...pretraining.settings.networkConfig, channels: 8 } },
    })
    expect(pretraining.settings.network).toBe(first.id)
    const { network, networkConfig } = after(changedChannels, { type: 'network', network: second.id }).settings
    expect(network).toBe(second.id)
    expect(networkConfig.channels).toBe(8)
    expect(Object.keys(networkConfig)).toEqual(Object.keys(second.schema.properties as object))
  })

  it('is edited until it is reset or saved', () => {
    const edited = after(pretraining, withTraining(pretraining, { epochs: 7 }))
    expect(isEdited(shipped, edited)).toBe(true)
    expect(after(edited, { type: 'reset' }).settings).toEqual(pretraining.settings)
    const own = { ...edited.settings, id: 'own/1', name: 'Mine', note: '', shipped: false }
    const offered = { ...shipped, own: [own] }
    const saved = changed(offered, edited, { type: 'saved', id: 'own/1' })
    expect(chosenRecipe(offered, saved)).toBe(own)
    expect(isEdited(offered, saved)).toBe(false)
    // Before the list of own recipes is read again, or after the recipe was deleted.
    expect(chosenRecipe(shipped, saved).id).toBe(pretraining.recipe)
  })

  it('folds its parts, and unfolds parts with faults', () => {
    const folded = after(pretraining, { type: 'fold', part: 'training' }, { type: 'fold', part: 'mask' })
    expect([...folded.open]).toEqual(['network', 'mask'])
    const faulty = after(folded, withTraining(folded, { milestones: ['x'] }), { type: 'seed', seed: '' })
    expect(canStart(shipped, faulty)).toBe(false)
    expect(seedFault(faulty)).toBe('Expected a whole number, at least 0')
    expect([...after(faulty, { type: 'show faults' }).open].sort()).toEqual(['keeping', 'mask', 'network', 'training'])
  })
})
