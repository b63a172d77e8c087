/** Feature maps, from the engine to a pane. */
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { FRAME_HEADER, featuresPath, MOST_FEATURES } from '../../../../src/contract/images.ts'
import type { Features } from '../../../../src/core/viewing/features.ts'
import type { FeaturesRequest } from '../../../../src/engine/process/protocol.ts'
import { createHandler, type Handler } from '../../../../src/services/http/handler.ts'
import { openServices, type Services } from '../../../../src/services/open.ts'
import { FINE_TUNING } from '../../../../src/services/runs/catalogue.ts'
import { insertRun } from '../../../../src/services/runs/store.ts'
import { recordCheckpoint } from '../../../../src/services/runs/store-training.ts'
import { supervisedConfig } from '../../../../src/services/runs/training.ts'
import { fakeEngines } from '../../../engines.ts'
import { addStudy, contentsOf } from '../../../studies.ts'
import { noiseVolume } from '../../../volumes.ts'

const mask = { kind: 'random', acceleration: 4, centerFraction: 0.08 } as const
const features: Features = {
  maps: Float32Array.of(1, -2, 3, 4),
  meta: { shape: [1, 2], count: 2, channels: 9, minimum: -2, maximum: 4 },
}

let profile: string
let opened: Services
let handler: Handler
let calls: FeaturesRequest[]
let volume: number
let run: string
let path: string

beforeEach(() => {
  profile = mkdtempSync(join(tmpdir(), 'self-mri-features-'))
  opened = openServices({ profile })
  calls = []
  const services: Services = {
    ...opened,
    contents: contentsOf(opened.profile),
    engines: fakeEngines({
      interactive: {
        /** Answers only the call `features`. */
        async call(name: string, request: FeaturesRequest) {
          if (name !== 'features') return new Promise(() => {})
          calls.push(request)
          return features
        },
      },
    }),
  }
  path = join(profile, 'a.h5')
  writeFileSync(path, 'k-space')
  const study = addStudy(services.profile, 's', [[{ ...noiseVolume('a').info, path }, 'train']])
  volume = study.volumes[0].id
  const common = { network: 'unet', networkConfig: { channels: 2 }, mask, slices: { kind: 'all' }, seed: 0 } as const
  const config = supervisedConfig('train', common, FINE_TUNING)
  run = insertRun(services.profile, { study: study.id, config, parent: null, status: 'finished' })
  const checkpoint = join(profile, 'last.safetensors')
  writeFileSync(checkpoint, 'weights')
  const sha256 = createHash('sha256').update('weights').digest('hex')
  recordCheckpoint(services.profile, run, { role: 'last', epoch: 1, step: 0, path: checkpoint, sha256 })
  handler = createHandler(services, { assets: profile })
})

afterEach(() => {
  opened.dispose()
  rmSync(profile, { recursive: true, force: true })
})

const ask = (address: string) => handler(new Request(`http://localhost${address}`))

it('come as float32 with a header, and are requested once per volume, slice, run and layer', async () => {
  const address = featuresPath(volume, 1, run, 'up_conv.3.0', mask)
  const response = await ask(address)
  expect(response.status).toBe(200)
  expect(JSON.parse(response.headers.get(FRAME_HEADER)!)).toEqual(features.meta)
  expect(new Float32Array(await response.arrayBuffer())).toEqual(features.maps)
  await ask(address)
  expect(calls).toEqual([
    {
      path,
      content: expect.objectContaining({ identity: expect.any(String) }),
      salt: opened.profile.salt,
      slice: 1,
      mask,
      seed: null,
      layer: 'up_conv.3.0',
      most: MOST_FEATURES,
      model: { network: 'unet', networkConfig: { channels: 2 }, checkpoint: join(profile, 'last.safetensors') },
    },
  ])
  for (const other of [
    featuresPath(volume, 0, run, 'up_conv.3.0', mask),
    featuresPath(volume, 1, run, 'conv', mask),
    featuresPath(volume, 1, run, 'conv', { ...mask, acceleration: 8 }),
    featuresPath(volume, 1, run, 'conv', mask, 7),
  ])
    await ask(other)
  expect(calls).toHaveLength(5)
  expect(calls[4]).toMatchObject({ mask, seed: 7 })
})

it('of an unknown run, volume or slice are refused with a message', async () => {
  for (const [address, status, code] of [
    [featuresPath(volume, 1, '99', 'conv', mask), 404, 'RUN_NOT_FOUND'],
    [featuresPath(volume, 1, 'x', 'conv', mask), 400, 'INVALID_ARGUMENT'],
    [`/features/${volume}/one/${run}/conv`, 400, 'INVALID_ARGUMENT'],
    [`/features/${volume}/1/${run}/conv?kind=diagonal`, 400, 'INVALID_ARGUMENT'],
  ] as const) {
    const response = await ask(address)
    expect([response.status, await response.json()], address).toEqual([status, expect.objectContaining({ code })])
  }
  expect(calls).toEqual([])
})
