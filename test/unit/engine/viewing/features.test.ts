import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as tf from '@tensorflow/tfjs-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { FeatureMeta } from '../../../../src/contract/images.ts'
import { maskOf } from '../../../../src/core/data/patterns.ts'
import { makeImaging } from '../../../../src/core/imaging.ts'
import { inputOf } from '../../../../src/core/inputs/index.ts'
import type { Kernels } from '../../../../src/core/kernels.ts'
import { NETWORKS, networkOf } from '../../../../src/core/models/index.ts'
import { applyModel } from '../../../../src/core/models/model.ts'
import type { Input } from '../../../../src/core/models/network.ts'
import { initialParameters, toTorch } from '../../../../src/core/models/parameters.ts'
import { stackParts, tensorsOf } from '../../../../src/core/models/parts.ts'
import { openVolume } from '../../../../src/engine/files/volumes.ts'
import { writeCheckpoint } from '../../../../src/engine/files/whole-files.ts'
import type { ModelReference } from '../../../../src/engine/process/protocol.ts'
import { loadModel } from '../../../../src/engine/training/models.ts'
import { features } from '../../../../src/engine/viewing/frames.ts'
import { compute, kernels, useEngine } from '../../../engine.ts'
import { SMALL_NETWORK } from '../../../network-inputs.ts'
import { writeNoise } from '../files/noise-file.ts'

const folder = mkdtempSync(join(tmpdir(), 'features-'))
afterAll(() => rmSync(folder, { recursive: true }))

const mask = { kind: 'random', acceleration: 4, centerFraction: 0.08 } as const
const { signal } = new AbortController()
let path: string
const models: Record<string, ModelReference> = {}

beforeAll(async () => {
  await useEngine()
  path = await writeNoise(folder, 'knee', { slices: 2 })
  for (const id of Object.keys(NETWORKS)) {
    const network = networkOf(id)
    const networkConfig = network.config.parse(SMALL_NETWORK)
    const specs = network.parameters(networkConfig)
    const checkpoint = join(folder, `${id}.safetensors`)
    await writeCheckpoint(checkpoint, { tensors: toTorch(initialParameters(specs, 3), specs), metadata: {} })
    models[id] = { network: id, networkConfig, checkpoint }
  }
})

const ask = (model: ModelReference, layer: string, changes: { slice?: number; most?: number; seed?: number } = {}) =>
  features({ path, salt: '', slice: 1, mask, seed: null, model, layer, most: 64, ...changes }, signal)

describe.each(Object.keys(NETWORKS))('feature maps of %s', id => {
  it('equal the maps of the pass that reconstructs the slice, channel by channel', async () => {
    const model = models[id]
    const network = networkOf(id)
    const layers = network.layers(model.networkConfig)
    const heard = new Map<string, { shape: number[]; values: Float32Array }>()
    const volume = await openVolume(path, '')
    const whole = await loadModel(model)
    try {
      const { parts } = inputOf(whole, volume, 1, maskOf(volume, mask)(1), makeImaging(compute()))
      tf.tidy(() => {
        const tapped = {
          ...network,
          outputs: (kernels: Kernels, config: unknown, parameters: never, input: Input) =>
            network.outputs(kernels, config, parameters, input, {
              tap: (layer, map) =>
                heard.set(layer, { shape: map.shape, values: map.dataSync<'float32'>() as Float32Array }),
            }),
        }
        applyModel(kernels(), { ...whole, network: tapped }, whole.parameters, tensorsOf(stackParts([parts])), [40, 36])
      })
    } finally {
      whole.parameters.dispose()
    }
    volume.dispose()
    expect([...heard.keys()]).toEqual(layers)
    for (const layer of [layers[0], layers[Math.floor(layers.length / 2)], layers.at(-1)!]) {
      const { maps, meta } = await ask(model, layer)
      const {
        shape: [, height, width, channels],
        values,
      } = heard.get(layer)!
      expect(meta).toMatchObject({ shape: [height, width], channels, count: Math.min(64, channels) })
      expect(FeatureMeta.parse(meta)).toEqual(meta)
      const expected = Float32Array.from(maps, (_, i) => {
        const [channel, pixel] = [Math.floor(i / (height * width)), i % (height * width)]
        return values[pixel * channels + channel]
      })
      expect(maps).toEqual(expected)
      expect([meta.minimum, meta.maximum]).toEqual([Math.min(...maps), Math.max(...maps)])
    }
  })

  it('are at most the requested channels', async () => {
    const layer = networkOf(id).bottleneck(models[id].networkConfig).layer
    const [all, three] = [await ask(models[id], layer), await ask(models[id], layer, { most: 3 })]
    expect(three.meta).toMatchObject({
      count: Math.min(3, all.meta.count),
      channels: all.meta.channels,
      shape: all.meta.shape,
    })
    expect(three.maps).toEqual(all.maps.slice(0, three.maps.length))
  })

  it('of an unknown layer are refused, and the message lists the layers', async () => {
    await expect(ask(models[id], 'attic')).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining(networkOf(id).layers(models[id].networkConfig).join(', ')),
    })
    await expect(
      ask(models[id], networkOf(id).layers(models[id].networkConfig)[0], { slice: 2 }),
    ).rejects.toMatchObject({
      message: expect.stringContaining('from 1 to 2, got 3'),
    })
  })

  it('leave no tensor behind', async () => {
    const [layer] = networkOf(id).layers(models[id].networkConfig)
    await ask(models[id], layer)
    const before = tf.memory().numTensors
    for (let i = 0; i < 4; i++) await ask(models[id], layer, { slice: i % 2 })
    expect(tf.memory().numTensors).toBe(before)
  })
})
