/** Files with several coils and different matrices, through the calls of the engine. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as v8 from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Recipe } from '../../../../src/contract/recipes.ts'
import { RunConfig, type TrainingEvent } from '../../../../src/contract/runs.ts'
import type { VolumeInfo } from '../../../../src/contract/volumes.ts'
import { zeroFilled } from '../../../../src/core/imaging.ts'
import { keptPattern } from '../../../../src/core/mri/draw.ts'
import { makeZeroFilling } from '../../../../src/core/mri/fft.ts'
import { scoreVolume } from '../../../../src/core/mri/metrics.ts'
import { openHdf5 } from '../../../../src/engine/files/hdf5.ts'
import { loadHdf5 } from '../../../../src/engine/files/hdf5-library.ts'
import { openVolume } from '../../../../src/engine/files/volumes.ts'
import { readCheckpoint } from '../../../../src/engine/files/whole-files.ts'
import { handlers } from '../../../../src/engine/process/handlers.ts'
import type { ReconstructRequest } from '../../../../src/engine/process/protocol.ts'
import { frame, metrics, thumbnail } from '../../../../src/engine/viewing/frames.ts'
import { compute, useEngine } from '../../../engine.ts'
import { expectClose } from '../../../golden.ts'
import { rootOverCoils } from '../../../kspace.ts'
import { copy, noiseVolume } from '../../../volumes.ts'
import { writeCoils } from '../files/noise-file.ts'

const mask = { kind: 'random', acceleration: 4, centerFraction: 0.08 } as const
const settings = { mask, maskDraws: null, slices: { kind: 'all' }, reference: 'ground truth' } as const
const { signal } = new AbortController()

/** Two volumes, as a study of brains has them. */
const SIZES = {
  first: { slices: 3, coils: 3, rows: 32, columns: 24 },
  second: { slices: 3, coils: 5, rows: 36, columns: 28 },
} as const

const folder = mkdtempSync(join(tmpdir(), 'multicoil-'))
afterAll(() => rmSync(folder, { recursive: true }))

const paths: string[] = []
const infos: VolumeInfo[] = []

beforeAll(async () => {
  await useEngine()
  for (const [name, size] of Object.entries(SIZES)) {
    const path = await writeCoils(folder, name, size)
    const volume = await openVolume(path, '')
    paths.push(path)
    infos.push(volume.info)
    volume.dispose()
  }
})

const contextFor = <Event>(events: Event[] = []) => ({
  signal,
  pause: async () => {},
  emit: (event: Event) => void events.push(event),
})

const evaluated = (reconstructor: Parameters<typeof handlers.evaluate>[0]['reconstructor'], files = paths) =>
  handlers.evaluate({ files: files.map(path => ({ path })), salt: '', reconstructor, settings }, contextFor())

/** Zero-filled images by their definition, [slice, rows, columns], and their scores. */
function definition(name: keyof typeof SIZES) {
  const { slices, coils, rows, columns } = SIZES[name]
  const volume = noiseVolume(name, SIZES[name])
  const indices = Array.from({ length: slices }, (_, index) => index)
  const measured = keptPattern(mask, [rows, columns], `${name}.h5`).measured
  const images = indices.flatMap(index =>
    Array.from(rootOverCoils(volume.readKspace(index), [coils, rows, columns], measured)),
  )
  const target = Float32Array.from(indices.flatMap(index => Array.from(volume.readTarget(index)!)))
  const maximum = target.reduce((most, value) => Math.max(most, value), 0)
  const prediction = Float32Array.from(images)
  return { images, scores: scoreVolume({ prediction, target, shape: [slices, rows, columns], maximum }) }
}

describe('evaluate', () => {
  it('scores the root of the sum of squares of each volume', async () => {
    const { volumes, skipped } = await evaluated(null)
    expect([volumes.length, skipped]).toEqual([2, []])
    for (const [i, name] of (['first', 'second'] as const).entries()) {
      const { scores } = definition(name)
      expect(Math.abs(volumes[i].ssim - scores.ssim)).toBeLessThan(1e-6)
      expect(volumes[i].psnr).toBeCloseTo(scores.psnr, 4)
      expect(volumes[i].nmse).toBeCloseTo(scores.nmse, 5)
    }
  })

  it('equals NumPy and scikit-image on a file of fastMRI’s brains', async () => {
    const name = 'file_brain_AXT2_200_2000001.h5'
    const at = (path: string) => fileURLToPath(new URL(`../../../fixtures/${path}`, import.meta.url))
    const reference = JSON.parse(readFileSync(at('golden/multicoil/zero-filled.json'), 'utf8'))[name]
    const { volumes } = await evaluated(null, [at(`golden/multicoil/${name}`)])
    expect(Math.abs(volumes[0].ssim - reference.ssim)).toBeLessThan(1e-6)
    for (const metric of ['psnr', 'nmse', 'acceleration', 'slices'] as const)
      expect(Math.abs(volumes[0][metric] - reference[metric]), metric).toBeLessThan(1e-5)
  })
})

describe('a training on both volumes', () => {
  const config = RunConfig.parse({
    kind: 'train',
    network: 'unet',
    networkConfig: { channels: 2, pools: 2 },
    method: null,
    methodConfig: {},
    pretext: null,
    recipe: Recipe.parse({
      epochs: 2,
      batch: 2,
      optimizer: { kind: 'adam' },
      schedule: { kind: 'constant', rate: 1e-3 },
    }),
    mask,
    slices: { kind: 'all' },
    seed: 2,
  })

  it('has batches of both sizes, and its checkpoint reconstructs both volumes', async () => {
    const events: TrainingEvent[] = []
    const run = { run: '1', start: null, states: [], directory: folder, notes: [] }
    const summary = await handlers.train({ ...run, config, train: infos, validation: infos }, contextFor(events))
    expect(summary.steps).toBe(2 * 4) // per epoch two batches of two slices, and two batches of one slice
    expect(Number.isFinite(summary.loss)).toBe(true)
    const model = { network: 'unet', networkConfig: config.networkConfig, checkpoint: summary.checkpoint.path }
    const { volumes } = await evaluated(model)
    const best = events.find(event => event.type === 'epoch' && event.figures.epoch === summary.bestEpoch)
    const told = best?.type === 'epoch' ? best.figures.validation! : null
    expect(told!.ssim).toBeCloseTo((volumes[0].ssim + volumes[1].ssim) / 2, 10)
    for (const [i, path] of paths.entries()) {
      const { rows, columns } = infos[i]
      const { images, shape } = await handlers.compare(
        { path, salt: '', slice: 1, mask, reconstructors: [null, model] },
        contextFor(),
      )
      expect(shape).toEqual([rows, columns])
      expect(images.map(({ length }) => length)).toEqual([rows * columns, rows * columns])
    }
  })

  it('prepares equal views of a pre-training as the window shows them', async () => {
    const { samples } = await handlers.views(
      {
        config: RunConfig.parse({ ...config, kind: 'pretrain', method: 'subsample-again', pretext: {} }),
        train: infos,
      },
      contextFor(),
    )
    expect(samples).toHaveLength(2)
    expect(new Set(samples.map(({ name }) => name.split(' ')[0])).size).toBe(1) // slices of one size
  })

  it('pre-trains the U-Net inside a VarNet, and fine-tunes the VarNet, with different coils and matrices', async () => {
    const wide = { ...mask, acceleration: 2, centerFraction: 0.4 } // coil maps need more than six centre lines
    const networkConfig = { cascades: 1, channels: 2, pools: 2, mapChannels: 2, mapPools: 1, zeroStart: true }
    const varnet = { ...config, network: 'varnet', networkConfig, mask: wide }
    const pretraining = RunConfig.parse({ ...varnet, kind: 'pretrain', method: 'subsample-again', pretext: {} })
    const run = { run: '2', states: [], directory: folder, notes: [], train: infos, validation: infos }
    const pretrained = await handlers.train({ ...run, start: null, config: pretraining }, contextFor())
    const start = pretrained.checkpoint.path
    const { metadata, tensors } = await readCheckpoint(start)
    expect(metadata).toMatchObject({ network: 'complex-unet', kind: 'pretrain' })
    const fineTuning = RunConfig.parse({ ...varnet, kind: 'finetune', recipe: { ...config.recipe, freshOutput: true } })
    const still = {
      ...fineTuning,
      recipe: { ...fineTuning.recipe, schedule: { kind: 'constant' as const, rate: 1e-30 } },
    }
    const tuned = await handlers.train({ ...run, start, config: still }, contextFor())
    expect(Number.isFinite(tuned.loss)).toBe(true)
    const after = (await readCheckpoint(tuned.checkpoint.path)).tensors
    // Weights are those of the pre-training. The output layer begins anew, at 0 with the zero start.
    const first = 'unet.down_sample_layers.0.layers.0.weight'
    expect(after.get(`cascades.0.model.${first}`)).toEqual(tensors.get(first))
    const last = [...tensors.keys()].findLast(name => name.endsWith('.weight'))!
    expect(tensors.get(last)!.data.some(value => value !== 0)).toBe(true)
    expect(after.get(`cascades.0.model.${last}`)!.data.every(value => Math.abs(value) < 1e-20)).toBe(true)
  })
})

describe('reconstructions and pictures', () => {
  it('of both volumes are written in one call, each in its own size', async () => {
    const request: ReconstructRequest = {
      files: paths.map(path => ({ path })),
      salt: '',
      source: 'network',
      reconstructor: null,
      mask,
      seed: null,
      slice: null,
      format: 'hdf5',
      directory: join(folder, 'out'),
      run: 'zero-filled',
      checkpoint: null,
      units: 'signal',
    }
    const written = await handlers.reconstruct(request, contextFor())
    for (const [i, name] of (['first', 'second'] as const).entries()) {
      const file = await openHdf5((written[i] as { output: string }).output)
      const { slices, rows, columns } = SIZES[name]
      expect(file.shape('reconstruction')).toEqual([slices, rows, columns])
      expectClose(file.withFloat32('reconstruction', 0, slices, copy), definition(name).images, 1e-5)
      file.dispose()
    }
  })

  it('show all coils or one, and thumbnails show the ground truth', async () => {
    const usual = {
      salt: '',
      mask,
      scored: true,
      seed: null,
      layer: '',
      channel: 0,
      cascade: null,
      reconstructor: null,
      slice: 1,
    } as const
    for (const [i, path] of paths.entries()) {
      const { coils, rows, columns } = infos[i]
      const request = { ...usual, path, source: 'network', show: 'image', coil: null } as const
      const all = await frame(request, signal)
      expect(await metrics(request, signal)).not.toBeNull()
      const squares = new Float64Array(rows * columns)
      for (let coil = 0; coil < coils; coil++) {
        const { image, meta } = await frame({ ...request, coil }, signal)
        expect(meta).toMatchObject({ shape: [rows, columns], metrics: null, units: 'signal' })
        for (const [pixel, value] of image.entries()) squares[pixel] += value ** 2
      }
      expectClose(all.image, squares.map(Math.sqrt), 1e-6)
      await expect(frame({ ...request, coil: coils }, signal)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
      expect((await thumbnail({ path, salt: '', mask, size: 16 }, signal)).pixels.some(value => value > 0)).toBe(true)
    }
  })
})

it('reading many slices of many coils needs no more memory than reading a few', async () => {
  const path = await writeCoils(folder, 'long', { slices: 24, coils: 12, rows: 48, columns: 40 })
  const volume = await openVolume(path, '')
  const zeroFilling = makeZeroFilling(compute().fourier)
  const measured = keptPattern(mask, [48, 40], 'long.h5')
  const library = await loadHdf5()
  v8.setFlagsFromString('--expose_gc')
  const collect: () => void = runInNewContext('gc')
  const held = () => {
    collect()
    collect() // ends the first collection, which frees arrays in a thread
    return { heap: library.HEAPU8.length, arrays: process.memoryUsage().arrayBuffers }
  }
  const readAll = (from: number, to: number) => {
    for (let index = from; index < to; index++) {
      zeroFilled(volume, index, measured, zeroFilling)
      zeroFilling.underMasks(volume.readKspace(index), 12, [48, 40])(measured)
    }
  }
  readAll(0, 2)
  const few = held()
  readAll(2, 24)
  const many = held()
  volume.dispose()
  const slice = 12 * 48 * 40 * 2 * 4
  expect(many.heap).toBe(few.heap)
  expect(many.arrays - few.arrays).toBeLessThan(slice)
})
