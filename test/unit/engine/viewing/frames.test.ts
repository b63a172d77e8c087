import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as tf from '@tensorflow/tfjs-core'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { FrameMeta, needsCoils, SHOWS, type Show } from '../../../../src/contract/images.ts'
import { Given } from '../../../../src/contract/networks.ts'
import { maskOf } from '../../../../src/core/data/patterns.ts'
import { makeEagerImaging } from '../../../../src/core/imaging.ts'
import { NETWORKS } from '../../../../src/core/models/index.ts'
import { keptPattern } from '../../../../src/core/mri/draw.ts'
import { scoreVolume } from '../../../../src/core/mri/metrics.ts'
import { fullPattern, type Pattern } from '../../../../src/core/mri/pattern.ts'
import { reconstructSlice } from '../../../../src/core/reconstruct.ts'
import { shrink, toEightBit } from '../../../../src/core/viewing/thumbnail.ts'
import { openVolume } from '../../../../src/engine/files/volumes.ts'
import { startEngine } from '../../../../src/engine/process/client.ts'
import type { FrameRequest, ModelReference } from '../../../../src/engine/process/protocol.ts'
import { withReconstructor } from '../../../../src/engine/training/models.ts'
import { frame, metrics, overMasks, thumbnail } from '../../../../src/engine/viewing/frames.ts'
import { cascaded } from '../../../cascaded.ts'
import { compute, useEngine } from '../../../engine.ts'
import { expectClose } from '../../../golden.ts'
import { writeCoils, writeKspaceAlone, writeModel, writeNoise, writeUnet } from '../files/noise-file.ts'

const imaging = () => makeEagerImaging(compute())

const folder = mkdtempSync(join(tmpdir(), 'frames-'))
afterAll(() => rmSync(folder, { recursive: true }))

const mask = { kind: 'random', acceleration: 4, centerFraction: 0.08 } as const
const usual = {
  salt: '',
  mask,
  scored: true,
  show: 'image',
  seed: null,
  layer: '',
  channel: 0,
  cascade: null,
  coil: null,
} as const
const { signal } = new AbortController()
let path: string
let bare: string
let coils: string
let model: ModelReference
let withCascades: ModelReference

beforeAll(async () => {
  await useEngine()
  path = await writeNoise(folder, 'knee', { slices: 3 })
  bare = await writeKspaceAlone(folder, 'bare', { partialFourier: true })
  coils = await writeCoils(folder, 'coils', { coils: 3 })
  model = await writeUnet(join(folder, 'a.safetensors'), 1)
  Object.assign(NETWORKS, { cascaded: cascaded('kspace') })
  withCascades = await writeModel(join(folder, 'c.safetensors'), 'cascaded', { cascades: 2, gives: Given.options })
})

const requestOf = (changes: Partial<FrameRequest> = {}): FrameRequest => ({
  ...{ path, slice: 1, ...usual, source: 'network', reconstructor: model },
  ...changes,
})
const ask = (changes: Partial<FrameRequest> = {}) => frame(requestOf(changes), signal)
const askAny = async (show: Show, changes: Partial<FrameRequest> = {}) =>
  show === 'mean' || show === 'spread' ? (await overMasks(requestOf(changes), signal))[show] : ask({ show, ...changes })

/** The image from the functions that an evaluation uses, and its score as a volume of one slice. */
async function expected(reference: ModelReference | null) {
  const volume = await openVolume(path, '')
  const image = await withReconstructor(reference, async model =>
    reconstructSlice(volume, 1, maskOf(volume, mask)(1), model, imaging()),
  )
  const truths = [0, 1, 2].map(index => volume.readTarget(index)!)
  const maximum = Math.max(...truths.flatMap(truth => Array.from(truth)))
  const scores = scoreVolume({ prediction: image, target: truths[1], shape: [1, 40, 36], maximum })
  const { ssim, psnr, nmse, foreground } = scores
  volume.dispose()
  const metrics = { ssim, psnr, nmse, foreground: { ssim: foreground.ssim, nmse: foreground.nmse } }
  return { image, truth: truths[1], maximum, ownMaximum: Math.max(...truths[1]), metrics }
}

describe('a frame', () => {
  it('is the image of reconstructSlice, with metrics of one slice in the data range of the volume', async () => {
    for (const reference of [null, model]) {
      const { image, meta } = await ask({ reconstructor: reference })
      const { maximum, ownMaximum, ...wanted } = await expected(reference)
      expect(maximum).toBeGreaterThan(ownMaximum) // Only then does the data range matter.
      expect(image).toEqual(wanted.image)
      const { measured } = keptPattern(mask, [40, 36], 'knee.h5')
      expect(meta).toEqual({
        shape: [40, 36],
        show: 'image',
        units: 'signal',
        note: null,
        minimum: Math.min(...image),
        maximum: Math.max(...image),
        volumeMaximum: maximum,
        mask: Array.from(measured).join(''),
        acceleration: 36 / measured.filter(column => column === 1).length,
        residual: null,
      })
      expect(FrameMeta.parse(meta)).toEqual(meta)
      expect(await metrics(requestOf({ reconstructor: reference }), signal)).toEqual(wanted.metrics)
    }
  })

  it('of a pre-trained network’s output has no score and no units', async () => {
    const { meta } = await ask({ scored: false })
    expect(meta).toMatchObject({ units: 'arbitrary', metrics: null, volumeMaximum: expect.any(Number) })
  })

  it('of a file without ground truth has no score, and its ground truth is refused', async () => {
    expect((await ask({ path: bare })).meta).toMatchObject({ units: 'signal', metrics: null, volumeMaximum: null })
    await expect(ask({ path: bare, source: 'truth' })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })

  it('of a slice that the file lacks is refused', async () => {
    await expect(ask({ slice: 3 })).rejects.toMatchObject({ message: expect.stringContaining('from 1 to 3, got 4') })
  })

  it('that is no longer wanted is skipped', async () => {
    const scrolledOn = new AbortController()
    const request = { path, slice: 0, ...usual, source: 'network', reconstructor: model } as const
    const answers = [frame(request, scrolledOn.signal), ask()]
    scrolledOn.abort()
    await expect(answers[0]).rejects.toMatchObject({ code: 'CANCELLED' })
    await expect(answers[1]).resolves.toMatchObject({ meta: { shape: [40, 36] } })
  })

  it('is made from the present file and checkpoint', async () => {
    const changing = await writeNoise(folder, 'changing')
    const weights = await writeUnet(join(folder, 'changing.safetensors'), 1)
    const before = await ask({ path: changing, reconstructor: weights })
    const { numTensors } = tf.memory()
    await writeUnet(weights.checkpoint, 2)
    const retrained = await ask({ path: changing, reconstructor: weights })
    expect(tf.memory().numTensors).toBe(numTensors) // The old weights are disposed.
    expect(retrained.image).not.toEqual(before.image)
    expect(retrained.meta.volumeMaximum).toBe(before.meta.volumeMaximum)
    rmSync(changing)
    await expect(ask({ path: changing })).rejects.toMatchObject({ code: 'FILE_UNREADABLE' })
    await writeNoise(join(folder, 'other'), 'changing', { slices: 4 })
    spawnSync('mv', [join(folder, 'other', 'changing.h5'), changing])
    const replaced = await ask({ path: changing, reconstructor: weights, slice: 3 })
    expect(replaced.meta.shape).toEqual([40, 36])
  })

  it.each(SHOWS)('as %s has a full description', async show => {
    const ofCoils = { path: coils, reconstructor: null, source: 'truth' } as const
    const special = { phase: { reconstructor: null }, cascade: { reconstructor: withCascades } }
    const asked = needsCoils(show) ? ofCoils : show in special ? special[show as keyof typeof special] : {}
    const { image, meta } = await askAny(show, { layer: 'conv', ...asked })
    expect(FrameMeta.parse(JSON.parse(JSON.stringify(meta)))).toEqual(meta)
    expect(meta.show).toBe(show)
    expect(image).toHaveLength(meta.shape[0] * meta.shape[1] * (meta.second ? 2 : 1))
  })

  it('of coil maps has magnitudes, then phases; of eigenvalues, values, then marks', async () => {
    const request = { path: coils, reconstructor: null, source: 'truth' } as const
    const { image, meta } = await ask({ ...request, show: 'maps', coil: 0 })
    const [magnitudes, phases] = [image.subarray(0, image.length / 2), image.subarray(image.length / 2)]
    expect([meta.second, meta.minimum, meta.maximum]).toEqual([
      'phase',
      Math.min(...magnitudes),
      Math.max(...magnitudes),
    ])
    expect(Math.max(...magnitudes)).toBeLessThanOrEqual(1.00001)
    expect(Math.max(...phases)).toBeGreaterThan(1)
    expect(Math.max(...phases)).toBeLessThanOrEqual(Math.PI + 1e-6)
    const eigenvalues = await ask({ ...request, show: 'eigenvalues' })
    expect(eigenvalues.meta).toMatchObject({ second: 'mark', shape: [40, 36] })
    await expect(ask({ ...request, show: 'maps', slice: 1, path })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })

  it('has the size of its pixels if it is an image and the file has the size', async () => {
    const space = (name: string, x: number) =>
      `<${name}><matrixSize><x>${x}</x><y>36</y><z>1</z></matrixSize>` +
      `<fieldOfView_mm><x>120</x><y>180</y><z>5</z></fieldOfView_mm></${name}>`
    const encoding = `<encoding>${space('encodedSpace', 40)}${space('reconSpace', 80)}</encoding>`
    const header = `<ismrmrdHeader>${encoding}</ismrmrdHeader>`
    const sized = await writeNoise(folder, 'sized', {}, { header })
    for (const show of SHOWS.filter(each => !needsCoils(each))) {
      const { meta } = await askAny(show, {
        path: sized,
        layer: 'conv',
        ...(show === 'phase' && { reconstructor: null }),
        ...(show === 'cascade' && { reconstructor: withCascades }),
      })
      const isImage = ['image', 'ssim', 'phase', 'mean', 'spread', 'cascade'].includes(show)
      expect([show, meta.pixelSize]).toEqual([show, isImage ? [3, 5] : undefined])
    }
    const interpolated = { path: await writeNoise(folder, 'interpolated', {}, { header, truth: [80, 36] }) }
    expect((await ask(interpolated)).meta.pixelSize).toEqual([3, 5])
    expect((await ask({ ...interpolated, source: 'truth', reconstructor: null })).meta.pixelSize).toBeUndefined()
  })

  it('of a network’s cascades and its k-space need one pass, as an image has its own', async () => {
    const calls = vi.spyOn(NETWORKS['cascaded' as keyof typeof NETWORKS], 'outputs')
    const request = { path: coils, slice: 0, reconstructor: withCascades }
    const asked = [
      { show: 'cascade', cascade: 0 },
      { show: 'cascade', cascade: 2 },
      { show: 'k-space', coil: 1 },
      { show: 'phase' },
      { show: 'residual' },
      { show: 'maps' },
      { show: 'image' },
    ] as const
    const frames = await Promise.all(asked.map(changes => ask({ ...request, ...changes })))
    expect(calls).toHaveBeenCalledTimes(1)
    expect(frames[1].image).toEqual(frames[6].image)
    expect(frames.map(({ meta }) => meta.cascades?.at)).toEqual([0, 2, ...Array(5)])
    await ask({ ...request, show: 'phase', seed: 3 })
    expect(calls).toHaveBeenCalledTimes(2)
  })

  it('over several masks lets other requests in between, and ends if it is no longer wanted', async () => {
    const order: string[] = []
    const note = (name: string) => () => order.push(name)
    const leaving = new AbortController()
    const left = overMasks(requestOf(), leaving.signal).catch(error => order.push(error.code))
    await Promise.all([
      overMasks(requestOf(), signal).then(note('masks')),
      ask()
        .then(note('image'))
        .then(() => leaving.abort()),
      left,
    ])
    expect(order).toEqual(['image', 'CANCELLED', 'masks'])
  })

  it('leaves no tensor behind, for any number of models', async () => {
    const models: ModelReference[] = []
    for (let seed = 0; seed < 6; seed++) models.push(await writeUnet(join(folder, `${seed}.safetensors`), seed))
    for (const model of models) await ask({ reconstructor: model })
    const before = tf.memory()
    const images = await Promise.all(
      Array.from({ length: 20 }, (_, i) => ask({ reconstructor: models[i % 6], slice: i % 3 })),
    )
    expect(tf.memory().numTensors).toBe(before.numTensors)
    expect(tf.memory().numBytes).toBe(before.numBytes)
    expect(images[6].image).toEqual(images[0].image) // The model and slice are equal, and were evicted in between.
    expect(images[1].image).not.toEqual(images[0].image)
  })
})

describe('without TensorFlow', () => {
  it('all but networks’ images are shown, others are ENGINE_UNAVAILABLE, and status says so', async () => {
    const engine = startEngine(null)
    const request = { path, slice: 1, ...usual, reconstructor: null } as const
    const { image, meta } = await engine.call('frame', { ...request, source: 'truth' })
    const { truth, maximum } = await expected(null)
    expect(image).toEqual(truth)
    expect(meta).toMatchObject({ units: 'signal', metrics: null, mask: '', acceleration: null, volumeMaximum: maximum })
    expect((await engine.call('thumbnail', { path, salt: '', mask, size: 20 })).shape).toEqual([20, 18])
    const zeroFilled = await engine.call('frame', { ...request, source: 'network' })
    expectClose(zeroFilled.image, (await expected(null)).image, 1e-6)
    await expect(engine.call('frame', { ...request, source: 'network', reconstructor: model })).rejects.toMatchObject({
      code: 'ENGINE_UNAVAILABLE',
    })
    await expect(engine.call('load', {})).rejects.toMatchObject({ code: 'ENGINE_UNAVAILABLE' })
    const { device, residentBytes } = await engine.call('status', {})
    expect(device).toBeNull()
    expect(residentBytes).toBeGreaterThan(2 ** 24)
    engine.dispose()
  })
})

describe('a thumbnail', () => {
  it('shows the ground truth, else the zero-filled image', async () => {
    const ofTruth = await thumbnail({ path, salt: '', mask, size: 10 }, signal)
    const ofBare = await thumbnail({ path: bare, salt: '', mask, size: 10 }, signal)
    for (const { shape, pixels } of [ofTruth, ofBare]) {
      expect(shape).toEqual([10, 9])
      expect(pixels).toHaveLength(90)
      expect(Math.max(...pixels)).toBe(255)
    }
  })

  it('uses no mask before the file was read, and then the requested mask', async () => {
    const volume = await openVolume(bare, '')
    const { content, slices } = volume.info
    const picture = (measured: Pattern) => {
      const image = imaging().zeroFilled(volume, Math.floor(slices / 2), measured)
      const { pixels } = shrink(image, [40, 36], 10)
      return toEightBit(pixels)
    }
    const unread = await thumbnail({ path: bare, salt: '', mask, size: 10 }, signal)
    expect(unread.pixels).toEqual(picture(fullPattern(40, 36)))
    const read = await thumbnail({ path: bare, content, salt: '', mask, size: 10 }, signal)
    expect(read.pixels).toEqual(picture(keptPattern(mask, [40, 36], 'bare.h5')))
    expect(read.pixels).not.toEqual(unread.pixels)
    volume.dispose()
  })
})
