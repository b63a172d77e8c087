/** Batches that threads prepare ahead equal the batches that the task itself prepares. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Pretext, Recipe } from '../../../../src/contract/recipes.ts'
import { RunConfig } from '../../../../src/contract/runs.ts'
import type { VolumeInfo } from '../../../../src/contract/volumes.ts'
import { METHODS, methodOf } from '../../../../src/core/ssl/index.ts'
import { VolumePool } from '../../../../src/engine/files/volume-pool.ts'
import { openVolume } from '../../../../src/engine/files/volumes.ts'
import { prepareAhead } from '../../../../src/engine/training/batches.ts'
import { type TaskRequest, taskOf } from '../../../../src/engine/training/tasks.ts'
import { compute } from '../../../engine.ts'
import { writeCoils, writeNoise } from '../files/noise-file.ts'

const EPOCHS = 2
const folder = mkdtempSync(join(tmpdir(), 'batches-'))
afterAll(() => rmSync(folder, { recursive: true }))

const train: VolumeInfo[] = []
beforeAll(async () => {
  const coils = { coils: 3, rows: 36, columns: 28 }
  for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) {
    const isMany = name === 'b' || name === 'e' // other numbers of coils, and another matrix
    const path = isMany ? await writeCoils(folder, name, coils) : await writeNoise(folder, name)
    const volume = await openVolume(path, 'salt')
    train.push(volume.info)
    volume.dispose()
  }
})

const requestOf = (method: string | null): TaskRequest => ({
  config: RunConfig.parse({
    kind: method ? 'pretrain' : 'train',
    network: 'unet',
    networkConfig: { channels: 2, pools: 2 },
    method,
    methodConfig: method ? methodOf(method).config.parse({}) : {},
    pretext: method ? Pretext.parse({}) : null,
    recipe: Recipe.parse({
      epochs: EPOCHS,
      batch: 4,
      optimizer: { kind: 'adam' },
      schedule: { kind: 'constant', rate: 1e-3 },
    }),
    mask: { kind: 'random', acceleration: 4, centerFraction: 0.08 },
    slices: { kind: 'all' },
    seed: 2,
  }),
  train,
  validation: [],
})

describe('batches prepared ahead', () => {
  it.each([null, ...Object.keys(METHODS)])(
    'equal those of the task, by one thread and by several: %s',
    async method => {
      const request = requestOf(method)
      const pool = new VolumePool()
      const task = taskOf(request, pool, compute())
      for (const gpu of [false, true]) {
        const ahead = prepareAhead(task, request, gpu)
        for (let epoch = 0; epoch < EPOCHS; epoch++)
          for (let index = 0; index < task.batchesPerEpoch; index++)
            expect(await ahead.task.prepare(epoch, index)).toEqual(await task.prepare(epoch, index))
        ahead.dispose()
      }
      pool.dispose()
    },
  )

  it('can begin anywhere, as in a resumed training, and can be taken in any order', async () => {
    const request = requestOf('simclr')
    const pool = new VolumePool()
    const task = taskOf(request, pool, compute())
    const ahead = prepareAhead(task, request, false)
    for (const [epoch, index] of [
      [1, 1],
      [0, 0],
      [1, 0],
    ])
      expect(await ahead.task.prepare(epoch, index)).toEqual(await task.prepare(epoch, index))
    ahead.dispose()
    pool.dispose()
  })

  it('fail with the code and the name of a missing file', async () => {
    const request = requestOf(null)
    const gone = { ...request, train: train.map(info => ({ ...info, path: `${info.path}.gone` })) }
    const pool = new VolumePool()
    const ahead = prepareAhead(taskOf(gone, pool, compute()), gone, true)
    const [expected, got] = await Promise.all(
      [taskOf(gone, pool, compute()), ahead.task].map(task => task.prepare(0, 0).catch((error: unknown) => error)),
    )
    expect(got).toMatchObject({ code: expect.any(String), message: expect.stringContaining('.h5.gone') })
    expect(got).toMatchObject({ code: (expected as { code: string }).code, message: (expected as Error).message })
    ahead.dispose()
    pool.dispose()
  })
})
