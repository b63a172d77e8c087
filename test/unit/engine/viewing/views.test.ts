import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as tf from '@tensorflow/tfjs-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Pretext, Recipe } from '../../../../src/contract/recipes.ts'
import { RunConfig } from '../../../../src/contract/runs.ts'
import type { VolumeInfo } from '../../../../src/contract/volumes.ts'
import { METHODS, methodOf } from '../../../../src/core/ssl/index.ts'
import { pictureOf } from '../../../../src/core/ssl/pictures.ts'
import { VolumePool } from '../../../../src/engine/files/volume-pool.ts'
import { openVolume } from '../../../../src/engine/files/volumes.ts'
import { locateEngine } from '../../../../src/engine/install/install.ts'
import { startEngine } from '../../../../src/engine/process/client.ts'
import { pretrainingOf, taskOf } from '../../../../src/engine/training/tasks.ts'
import { views } from '../../../../src/engine/viewing/views.ts'
import { compute, useEngine } from '../../../engine.ts'
import { writeNoise } from '../files/noise-file.ts'

const folder = mkdtempSync(join(tmpdir(), 'views-'))
afterAll(() => rmSync(folder, { recursive: true }))

let train: VolumeInfo[]

beforeAll(async () => {
  await useEngine()
  train = []
  for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) {
    const volume = await openVolume(await writeNoise(folder, name), 'salt')
    train.push(volume.info)
    volume.dispose()
  }
})

const configOf = (method: string, batch: number, methodConfig = {}, pretext = {}): RunConfig =>
  RunConfig.parse({
    kind: 'pretrain',
    network: 'unet',
    networkConfig: { channels: 2, pools: 2 },
    method,
    methodConfig: methodOf(method).config.parse(methodConfig),
    pretext: Pretext.parse(pretext),
    recipe: Recipe.parse({
      epochs: 1,
      batch,
      optimizer: { kind: 'adam' },
      schedule: { kind: 'constant', rate: 1e-3 },
    }),
    mask: { kind: 'random', acceleration: 4, centerFraction: 0.08 },
    slices: { kind: 'all' },
    seed: 2,
  })

describe('the views of a first batch', () => {
  it.each(Object.keys(METHODS))('are the pictures of at most eight samples: %s', async method => {
    for (const batch of [2, 10]) {
      const config = configOf(method, batch)
      const pool = new VolumePool()
      const first = await pretrainingOf({ config, train, validation: [] }, pool, compute()).views(0, 0, batch)
      pool.dispose()
      const { samples } = await views({ config, train })
      expect(first).toHaveLength(batch)
      expect(samples.map(({ name }) => name)).toEqual(first.slice(0, 8).map(({ name }) => name))
      for (const [i, { pictures }] of samples.entries()) {
        const parts = first[i].parts.filter(({ shape }) => shape.length >= 3)
        expect(pictures).toEqual(parts.map(pictureOf))
        expect(pictures.length).toBeGreaterThan(0)
      }
    }
  })

  it('show magnitudes if the network has a complex U-Net inside', async () => {
    for (const id of Object.keys(METHODS)) {
      const attached = 'attach' in configOf(id, 2).methodConfig ? { attach: 'bottleneck', grid: 1 } : {}
      const networkConfig = { cascades: 1, channels: 2, pools: 2 }
      const { samples } = await views({
        config: { ...configOf(id, 2, attached), network: 'varnet', networkConfig },
        train,
      })
      for (const { pictures } of samples)
        for (const { pixels } of pictures) {
          expect(Math.max(...pixels)).toBe(255)
          expect(pixels.reduce((sum, value) => sum + value, 0) / pixels.length).toBeGreaterThan(1)
        }
    }
  })

  it('show regions if a method makes several instances of a slice, each with a row of the bank', async () => {
    const pool = new VolumePool()
    const { batchesPerEpoch, views: of } = pretrainingOf(
      { config: configOf('pirl', 8, { regions: 2, negatives: 50 }), train, validation: [] },
      pool,
      compute(),
    )
    const samples = (await Promise.all(Array.from({ length: batchesPerEpoch }, (_, index) => of(0, index, 8)))).flat()
    pool.dispose()
    const places = samples.map(({ parts }) => parts.find(({ name }) => name === 'bankRow')!.data.indexOf(1))
    expect(places.toSorted((a, b) => a - b)).toEqual([...places.keys()])
    expect(samples[0].name).toMatch(/ slice [12], part [1-4] of 4$/)
    const region = (name: string) => samples.findIndex(sample => sample.name === name)
    const pictured = (at: number) => samples[at].parts[0].data
    expect(places).toHaveLength(4 * train.reduce((sum, { slices }) => sum + slices, 0))
    expect(pictured(region('a.h5 slice 1, part 1 of 4'))).not.toEqual(pictured(region('a.h5 slice 1, part 4 of 4')))
  })

  it('have no warnings if images are in the middle of the window', async () => {
    const { cautions } = await views({ config: configOf('simclr', 2), train })
    expect(cautions).toEqual([])
  })

  it('are refused if the training would be refused', async () => {
    await expect(views({ config: configOf('simclr', 13), train })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('at least 13 training slices'),
    })
    await expect(views({ config: configOf('swav', 10, { queue: 9 }), train })).rejects.toMatchObject({
      message: expect.stringContaining('a queue of at least the batch’s 10'),
    })
  })

  it('and trainings are refused for irregular k-space, which a mask would sub-sample again', async () => {
    const irregular = { kind: 'irregular', pattern: 'points', acceleration: 4 } as const
    const one = { ...train[0], sampling: irregular }
    const refused = { code: 'INVALID_ARGUMENT', message: expect.stringContaining(`(points), in ${one.path}`) }
    await expect(views({ config: configOf('simclr', 2), train: [train[1], one] })).rejects.toMatchObject(refused)
    const supervised = { ...configOf('simclr', 2), kind: 'train', method: null, pretext: null } as RunConfig
    const pool = new VolumePool()
    const task = (request: { train: VolumeInfo[]; validation: VolumeInfo[] }) => () =>
      taskOf({ config: supervised, ...request }, pool, compute())
    expect(task({ train: [one], validation: [] })).toThrow(expect.objectContaining(refused))
    expect(task({ train: [train[0]], validation: [one] })).not.toThrow() // scored without a mask
    pool.dispose()
  })

  it('leave no tensor behind, and write no file', async () => {
    const files = readdirSync(folder)
    const config = configOf('rotnet', 2, {}, { measurement: 'fresh' })
    await views({ config, train })
    const before = tf.memory().numTensors
    await views({ config, train })
    expect(tf.memory().numTensors).toBe(before)
    expect(readdirSync(folder)).toEqual(files)
  })

  it('come over the pipe as bytes', async () => {
    const engine = startEngine(locateEngine())
    try {
      const config = configOf('pirl', 2)
      const { samples } = await engine.call('views', { config, train })
      expect(samples).toEqual((await views({ config, train })).samples)
      expect(samples[0].pictures[1]).toMatchObject({ name: 'jigsaw patches', shape: [98, 98] })
      expect(samples[0].pictures[1].pixels).toBeInstanceOf(Uint8Array)
    } finally {
      engine.dispose()
    }
  })
})
