/** Requests for trainings, with a queue that trains nothing. */
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { StartRequest } from '../../../../src/contract/api.ts'
import type { BatchViews } from '../../../../src/engine/process/protocol.ts'
import { openServices, type Services } from '../../../../src/services/open.ts'
import { FINE_TUNING, METHODS, shippedRecipes } from '../../../../src/services/runs/catalogue.ts'
import { fineTune, startRequested } from '../../../../src/services/runs/requests.ts'
import { insertRun, type NewRun } from '../../../../src/services/runs/store.ts'
import { recordCheckpoint } from '../../../../src/services/runs/store-training.ts'
import { type PreparedRun, supervisedConfig } from '../../../../src/services/runs/training.ts'
import { layersOf } from '../../../../src/services/runs/views.ts'
import type { Study } from '../../../../src/services/studies/studies.ts'
import { previewViews } from '../../../../src/services/viewing/views.ts'
import { fakeEngines } from '../../../engines.ts'
import { addStudy, contentsOf } from '../../../studies.ts'
import { noiseVolume } from '../../../volumes.ts'

let profile: string
let opened: Services
let services: Services
let study: Study
let queued: PreparedRun[]
let calls: { name: string; params: unknown }[]

const NO_VIEWS: BatchViews = { samples: [], cautions: [] }
let answer: BatchViews

beforeEach(() => {
  profile = mkdtempSync(join(tmpdir(), 'self-mri-requests-'))
  opened = openServices({ profile })
  queued = []
  calls = []
  answer = NO_VIEWS
  const add = (runs: readonly PreparedRun[]) => {
    queued.push(...runs)
    return runs.map((_, i) => String(i))
  }
  services = {
    ...opened,
    queue: { ...opened.queue, add },
    contents: contentsOf(opened.profile),
    engines: fakeEngines({
      interactive: {
        async call(name: string, params: unknown) {
          calls.push({ name, params })
          return answer
        },
      },
    }),
  }
  study = addStudy(services.profile, 's', [
    [noiseVolume('a', { slices: 4 }).info, 'train'],
    [noiseVolume('b', { slices: 4 }).info, 'train'],
    [noiseVolume('c').info, 'val'],
  ])
})

afterEach(() => {
  opened.dispose()
  rmSync(profile, { recursive: true, force: true })
})

function requestOf(id: string, changes: Partial<StartRequest> = {}): StartRequest {
  const { method, methodConfig, network, networkConfig, pretext, training, fineTuning } = shippedRecipes().find(
    recipe => recipe.id === id,
  )!
  return StartRequest.parse({
    study: study.id,
    ...{ method, methodConfig, network, networkConfig },
    ...(pretext && { pretext }),
    recipe: training,
    ...(fineTuning && { fineTuning }),
    ...changes,
  })
}

/** Adds a finished run with kept weights. */
function addRun(changes: Partial<NewRun['config']>): string {
  const common = {
    network: 'unet-plus-plus',
    networkConfig: { channels: 2 },
    mask: { kind: 'random', acceleration: 4, centerFraction: 0.08 },
    slices: { kind: 'all' },
    seed: 0,
  } as const
  const config = { ...supervisedConfig('train', common, FINE_TUNING), ...changes }
  const run = insertRun(services.profile, { study: study.id, config, parent: null, status: 'finished' })
  const path = join(profile, `${run}.safetensors`)
  writeFileSync(path, 'weights')
  const sha256 = createHash('sha256').update('weights').digest('hex')
  recordCheckpoint(services.profile, run, { role: 'last', epoch: 1, step: 0, path, sha256 })
  return run
}

const tuning = { ...FINE_TUNING, epochs: 3, freshOutput: true }

describe('a start', () => {
  it('stores the recipe of the later fine-tuning with the run', async () => {
    await startRequested(services, requestOf('swav/workstation', { fineTuning: tuning }))
    await startRequested(services, requestOf('swav/workstation', { fineTuning: undefined }))
    await startRequested(services, requestOf('scratch/original', { fineTuning: tuning }))
    expect(queued.map(({ config }) => config.fineTuning)).toEqual([tuning, null, null])
    expect(queued.map(({ config }) => [config.kind, config.method])).toEqual([
      ['pretrain', 'swav'],
      ['pretrain', 'swav'],
      ['train', null],
    ])
  })

  it('adds the necessary notes to the run', async () => {
    const rotnet = requestOf('rotnet/workstation')
    await startRequested(services, rotnet)
    await startRequested(services, { ...rotnet, pretext: { ...rotnet.pretext!, measurement: 'fixed' } })
    await startRequested(services, requestOf('simclr/original', { recipe: { ...rotnet.recipe, batch: 2 } }))
    const caution = { level: 'warning', code: 'caution', text: expect.stringContaining('aliasing shows the label') }
    expect(queued.map(({ notes }) => notes)).toEqual([[], [caution], []])
  })

  it('is refused at once if it is not possible', async () => {
    const request = requestOf('swav/workstation')
    for (const [changes, message] of [
      [{ methodConfig: { prototypes: 1 } }, /swav takes.*prototypes: /],
      [{ methodConfig: { queue: 4 } }, /a queue of at least the batch’s 8, got 4/],
      [{ networkConfig: { channels: 0 } }, /unet-plus-plus takes.*channels: /],
    ] as const)
      await expect(startRequested(services, { ...request, ...changes })).rejects.toThrow(
        expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringMatching(message) }),
      )
    expect(queued).toEqual([])
  })
})

describe('a fine-tuning', () => {
  const recipeOf = async (run: string, recipe?: typeof tuning) => {
    await fineTune(services, { run, control: true, recipe })
    const [tuned, control] = queued.splice(0)
    expect(control.config).toEqual({ ...tuned.config, kind: 'train' })
    expect(tuned).toMatchObject({ config: { kind: 'finetune', fineTuning: null, method: null }, parent: { run } })
    return tuned.config.recipe
  }
  const { workstation } = METHODS.swav.recipes

  it('takes the recipe of the pre-training, else the method’s recipe, else the original recipe', async () => {
    const pretrained = { kind: 'pretrain', method: 'swav', pretext: workstation.pretext } as const
    expect(await recipeOf(addRun({ ...pretrained, fineTuning: tuning }))).toEqual(tuning)
    expect(await recipeOf(addRun(pretrained))).toEqual(workstation.fineTuning)
    expect(await recipeOf(addRun({}))).toEqual(FINE_TUNING)
    expect(await recipeOf(addRun({ kind: 'import', method: 'swav', recipe: null }))).toEqual(workstation.fineTuning)
    expect(await recipeOf(addRun({ kind: 'import', recipe: null }))).toEqual(FINE_TUNING)
  })

  it('takes the given recipe', async () => {
    const given = { ...tuning, epochs: 7 }
    expect(await recipeOf(addRun({ fineTuning: tuning }), given)).toEqual(given)
  })
})

it('a training or fine-tuning on too small inputs is refused before it is queued', async () => {
  const { recipe } = requestOf('simclr/workstation')
  const single = requestOf('simclr/workstation', { recipe: { ...recipe, batch: 1 } })
  await expect(startRequested(services, single)).rejects.toThrow(
    expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringMatching(/got batch 1/) }),
  )
  const run = addRun({ network: 'unet', networkConfig: { channels: 2, pools: 4 } })
  const small = addStudy(services.profile, 'small', [[noiseVolume('d', { rows: 16, columns: 16 }).info, 'train']])
  await expect(fineTune(services, { run, control: true, study: small.id })).rejects.toThrow(
    expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringMatching(/16 × 16 pixels in d\.h5/) }),
  )
  expect(queued).toEqual([])
})

describe('a preview of views', () => {
  it('asks the engine for the first batch of the run, shows its warning, and queues nothing', async () => {
    const request = requestOf('rotnet/workstation')
    const fixed = { ...request, pretext: { ...request.pretext!, measurement: 'fixed' as const } }
    const picture = { name: 'rotated 90°', shape: [1, 3] as [number, number], black: 0, white: 1 }
    answer = {
      samples: [{ name: 'a.h5 slice 1', pictures: [{ ...picture, pixels: Uint8Array.of(1, 2, 255) }] }],
      cautions: ['nearly white'],
    }
    expect(await previewViews(services, fixed)).toEqual({
      samples: [{ name: 'a.h5 slice 1', pictures: [{ ...picture, pixels: 'AQL/' }] }],
      cautions: [expect.stringContaining('aliasing'), 'nearly white'],
    })
    await startRequested(services, fixed)
    const [{ config, train }] = queued
    expect(calls).toEqual([{ name: 'views', params: { config, train } }])
  })

  it('is refused for a training without views, and for a training that could not start', async () => {
    await expect(previewViews(services, requestOf('scratch/original'))).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    })
    const wrong = requestOf('simclr/workstation', { methodConfig: { crop: 1 } })
    await expect(previewViews(services, wrong)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    expect(calls).toEqual([])
  })
})

it('a run’s layers are those of its network', () => {
  expect(layersOf(services.profile, addRun({}))).toHaveLength(15)
  expect(layersOf(services.profile, addRun({ network: 'unet', networkConfig: { channels: 2, pools: 2 } }))).toEqual([
    'down_sample_layers.0',
    'down_sample_layers.1',
    'conv',
    'up_conv.0',
    'up_conv.1.0',
  ])
})
