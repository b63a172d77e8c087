import * as tf from '@tensorflow/tfjs-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { seededMaskOf } from '../../../../src/core/data/patterns.ts'
import type { Volume } from '../../../../src/core/data/volume.ts'
import { networkOf } from '../../../../src/core/models/index.ts'
import type { Model } from '../../../../src/core/models/model.ts'
import { initialParameters } from '../../../../src/core/models/parameters.ts'
import { drawPattern, keptPattern } from '../../../../src/core/mri/draw.ts'
import { ifft2Centred } from '../../../../src/core/mri/fft-double.ts'
import { acceleration, gridOf, type Pattern } from '../../../../src/core/mri/pattern.ts'
import { RandomState } from '../../../../src/core/mri/random.ts'
import { centreCropReal } from '../../../../src/core/mri/transform.ts'
import { imageOfDraw, picturesOverMasks } from '../../../../src/core/viewing/over-masks.ts'
import { metricsOf, pictureOf } from '../../../../src/core/viewing/shows.ts'
import type { Subject } from '../../../../src/core/viewing/subject.ts'
import { useEngine } from '../../../engine.ts'
import { expectClose } from '../../../golden.ts'
import { subjectOf } from '../../../subject.ts'
import { noiseVolume } from '../../../volumes.ts'

const mask = { kind: 'random', acceleration: 3, centerFraction: 0.1 } as const
const [rows, columns] = [48, 36]
const crop = [32, 32] as const

/** A volume whose ground truth is the centre of its k-space's magnitude image. */
function consistentVolume(own: Pattern | null = null): Volume {
  const volume = noiseVolume('knee', { rows, columns, mask: own })
  const truth = (index: number) => {
    const image = ifft2Centred(Float64Array.from(volume.readKspace(index)), rows, columns)
    const whole = Float32Array.from({ length: rows * columns }, (_, i) => Math.hypot(image[2 * i], image[2 * i + 1]))
    return centreCropReal(whole, [rows, columns], crop)
  }
  return { ...volume, info: { ...volume.info, targetShape: [32, 32] }, readTarget: truth }
}

const withoutTruth = (volume: Volume): Volume => ({
  ...volume,
  info: { ...volume.info, targetShape: null, reconSize: [32, 32] },
  readTarget: () => null,
})

const volume = consistentVolume()
const measured = keptPattern(mask, [rows, columns], 'knee.h5')
let model: Model

beforeAll(async () => {
  await useEngine()
  const network = networkOf('unet')
  const config = { channels: 2, pools: 3 }
  const specs = network.parameters(config)
  model = { network, config, specs, parameters: tf.tensor1d(initialParameters(specs, 1)) }
})

const subject = (changes: Partial<Subject> = {}) => subjectOf(volume, mask, changes)
const truth = (changes: Partial<Subject> = {}) => subject({ source: 'truth', ...changes })
const refused = (message: string) =>
  expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringContaining(message) })

describe('an image', () => {
  it('is reconstructed under the mask that its seed draws, as in an evaluation', async () => {
    for (const seed of [null, 0, 7]) {
      const drawn = seed === null ? measured : drawPattern(mask, [rows, columns], RandomState.fromSeed(seed))
      const picture = await pictureOf('image', subject({ seed }))
      expect(picture.mask).toEqual(drawn)
      expect(picture.image).toEqual(await subject().reconstruct(volume, 1, drawn, null))
    }
    expect(await pictureOf('image', truth())).toMatchObject({ image: volume.readTarget(1), units: 'signal' })
    expect((await pictureOf('image', truth())).mask).toBeUndefined()
    expect(await metricsOf(truth())).toBeNull()
  })
})

describe('ssim', () => {
  it('has the slice’s SSIM as its mean, and is 1 for the ground truth', async () => {
    const { image, units } = await pictureOf('ssim', subject())
    const values = image.filter(value => !Number.isNaN(value))
    expect(values.reduce((sum, value) => sum + value, 0) / values.length).toBeCloseTo(
      (await metricsOf(subject()))!.ssim!,
      6,
    )
    expect(units).toBe('ssim')
    expect((await pictureOf('ssim', truth())).image.every(value => Number.isNaN(value) || value > 1 - 1e-6)).toBe(true)
  })

  it('is refused without a ground truth, and in arbitrary units', async () => {
    await expect(pictureOf('ssim', subject({ volume: withoutTruth(volume) }))).rejects.toThrow(
      refused('Look at its k-space'),
    )
    await expect(pictureOf('ssim', subject({ reconstructor: model, scored: false }))).rejects.toThrow(
      refused('Fine-tune'),
    )
  })
})

describe('k-space', () => {
  const at = (image: Float32Array, i: number) => 10 ** image[i]

  it('is the measured k-space, has no value in unmeasured columns, and is whole for the ground truth', async () => {
    const kspace = volume.readKspace(1)
    const magnitudes = Float32Array.from({ length: rows * columns }, (_, i) =>
      Math.hypot(kspace[2 * i], kspace[2 * i + 1]),
    )
    const [ofInput, ofTruth] = [await pictureOf('k-space', subject()), await pictureOf('k-space', truth())]
    expect([ofInput.shape, ofTruth.shape]).toEqual(Array(2).fill([rows, columns]))
    for (let i = 0; i < magnitudes.length; i++) {
      expect(at(ofTruth.image, i) / magnitudes[i]).toBeCloseTo(1, 4)
      if (measured.measured[i % columns]) expect(ofInput.image[i]).toBe(ofTruth.image[i])
      else expect(ofInput.image[i]).toBeNaN()
    }
    expect(ofInput.note).toContain('not measured')
    expect(ofTruth.note).not.toContain('not measured')
  })

  it('of a run is the transform of its magnitude, symmetric, with a note', async () => {
    const { image, shape, note } = await pictureOf('k-space', subject({ reconstructor: model }))
    expect(shape).toEqual([32, 32])
    const sum = (await pictureOf('image', subject({ reconstructor: model }))).image.reduce(
      (all, value) => all + value,
      0,
    )
    expect(at(image, 16 * 32 + 16) / (Math.abs(sum) / 32)).toBeCloseTo(1, 4)
    expect(at(image, 14 * 32 + 19) / at(image, 18 * 32 + 13)).toBeCloseTo(1, 4)
    expect(note).toContain('not measured k-space')
  })
})

describe('phase', () => {
  it('is the phase of the complex image', async () => {
    const { image, shape, units } = await pictureOf('phase', truth())
    expect([shape, units]).toEqual([[32, 32], 'radians'])
    const complex = ifft2Centred(Float64Array.from(volume.readKspace(1)), rows, columns)
    const part = (offset: number) =>
      centreCropReal(
        Float32Array.from({ length: rows * columns }, (_, i) => complex[2 * i + offset]),
        [rows, columns],
        crop,
      )
    const magnitudes = volume.readTarget(1)!
    expectClose(
      magnitudes.map((value, i) => value * Math.cos(image[i])),
      part(0),
      1e-5,
    )
    expectClose(
      magnitudes.map((value, i) => value * Math.sin(image[i])),
      part(1),
      1e-5,
    )
    expect((await pictureOf('phase', subject())).image).not.toEqual(image)
  })

  it('of a run is refused', async () => {
    await expect(pictureOf('phase', subject({ reconstructor: model }))).rejects.toThrow(
      refused('Look at the zero-filled phase'),
    )
  })
})

it('a mask covers the grid of k-space, and is full for the ground truth', async () => {
  const { image, shape, units } = await pictureOf('mask', subject({ seed: 3 }))
  expect([shape, units]).toEqual([[rows, columns], 'share'])
  const drawn = drawPattern(mask, [rows, columns], RandomState.fromSeed(3))
  expect([...image]).toEqual(Array.from({ length: rows }, () => [...drawn.measured]).flat())
  expect((await pictureOf('mask', truth())).image.every(value => value === 1)).toBe(true)
})

describe('the residual', () => {
  it('is 0 for a zero-filled image, the floor for the ground truth, and larger for an untrained network', async () => {
    const subjects = [subject(), truth(), subject({ reconstructor: model })]
    const [ofInput, ofTruth, ofRun] = await Promise.all(
      subjects.map(async one => (await pictureOf('residual', one)).residual!),
    )
    expect(ofInput.value).toBeLessThan(1e-6)
    expect(ofTruth.value).toBe(ofTruth.floor)
    expect([ofInput.floor, ofRun.floor]).toEqual([ofTruth.floor, ofTruth.floor])
    expect(ofTruth.floor).toBeGreaterThan(1e-3)
    expect(ofTruth.floor).toBeLessThan(1)
    expect(ofRun.value).toBeGreaterThan(ofTruth.value)
  })

  it('is 0 for the ground truth if every column is measured', async () => {
    const { residual } = await pictureOf('residual', truth({ mask: { ...mask, acceleration: 1 } }))
    expect(residual!.value).toBeLessThan(1e-6)
  })

  it('is the norm of its map, has no floor without ground truth, and is refused in arbitrary units', async () => {
    const { image, residual, shape } = await pictureOf('residual', subject({ reconstructor: model }))
    expect(shape).toEqual([rows, columns])
    const norm = (values: Iterable<number>) => Math.sqrt([...values].reduce((sum, value) => sum + value ** 2, 0))
    const whole = norm(volume.readKspace(1).filter((_, i) => measured.measured[(i >> 1) % columns]))
    expect(norm(image.filter(Number.isFinite).map(value => 10 ** value)) / whole / residual!.value).toBeCloseTo(1, 4)
    expect((await pictureOf('residual', subject({ volume: withoutTruth(volume) }))).residual!.floor).toBeNull()
    await expect(pictureOf('residual', subject({ reconstructor: model, scored: false }))).rejects.toThrow(
      refused('Fine-tune'),
    )
  })
})

describe('mean and spread', () => {
  it('are refused for a mask file, with the file and the remedy', async () => {
    const stored = { path: '/m.npy', shape: [1, 1, columns], measured: new Uint8Array(columns).fill(1) } as const
    await expect(imageOfDraw(subject({ mask: { ...mask, stored } }))).rejects.toThrow(
      refused('one mask, /m.npy. Look at its image instead'),
    )
  })

  const over = (changes: Partial<Subject> = {}) =>
    picturesOverMasks(async seed => imageOfDraw(subject({ ...changes, seed })))

  it('are taken over the masks of seeds 0 to 7', async () => {
    const masks = Array.from({ length: 8 }, (_, seed) => seededMaskOf(volume, mask, seed)(1))
    const images = await Promise.all(masks.map(drawn => subject().reconstruct(volume, 1, drawn, null)))
    const { mean, spread } = await over()
    expect(mean.cautions).toEqual([])
    const means = images[0].map((_, i) => images.reduce((sum, image) => sum + image[i], 0) / 8)
    expectClose(mean.image, means, 1e-6)
    const squares = images[0].map((_, i) => images.reduce((sum, image) => sum + (image[i] - means[i]) ** 2, 0) / 7)
    expectClose(spread.image, squares.map(Math.sqrt), 1e-5)
    expect(mean.acceleration).toBeCloseTo(masks.reduce((sum, drawn) => sum + acceleration(drawn), 0) / 8, 9)
    expect(mean).toMatchObject({ units: 'signal', shape: [32, 32], note: expect.stringContaining('seeds 0 to 7') })
  })

  it('have the cautions of all draws, each once', async () => {
    const draws = Array.from({ length: 8 }, (_, seed) => ['one', ...(seed === 3 ? ['of seed 3'] : [])])
    const picture = await pictureOf('image', subject())
    const { mean, spread } = await picturesOverMasks(async seed => ({ ...picture, cautions: draws[seed] }))
    for (const { cautions } of [mean, spread]) expect(cautions).toEqual(['one', 'of seed 3'])
  })

  it('are the image and 0 if all masks are equal', async () => {
    const full = { mask: { ...mask, acceleration: 1 } }
    const { mean, spread } = await over(full)
    expect(spread.image.every(value => value === 0)).toBe(true)
    expect(mean.image).toEqual((await pictureOf('image', subject(full))).image)
  })

  it('are refused for images with one mask or none', async () => {
    await expect(over({ source: 'truth' })).rejects.toEqual(refused('Choose zero-filled, a run or a classical method'))
    await expect(over({ volume: consistentVolume(measured) })).rejects.toEqual(refused('Look at its image'))
  })
})

describe('a file that was sub-sampled in the scanner', () => {
  it('refuses aspects that need all of k-space, and has the file’s own mask for all others', async () => {
    const own = consistentVolume(measured)
    for (const show of ['k-space', 'phase', 'mask'] as const) {
      await expect(pictureOf(show, truth({ volume: own }))).rejects.toThrow(refused('Look at the zero-filled source'))
      expect((await pictureOf(show, subject({ volume: own, seed: 5 }))).mask).toBe(measured)
    }
  })
})

describe('a feature', () => {
  it('is one channel of a layer of the run', async () => {
    const layer = 'down_sample_layers.1'
    const [first, last] = await Promise.all(
      [0, 3].map(channel => pictureOf('feature', subject({ reconstructor: model, layer, channel }))),
    )
    expect(first).toMatchObject({ shape: [16, 16], units: 'arbitrary', note: `Channel 1 of 4 of ${layer}.` })
    expect(first.image).toHaveLength(256)
    expect(last.image).not.toEqual(first.image)
  })

  it('that does not exist is refused, and leaves no tensor behind', async () => {
    const before = tf.memory().numTensors
    await expect(pictureOf('feature', subject())).rejects.toThrow(refused('Choose a run'))
    await expect(pictureOf('feature', subject({ reconstructor: model, layer: '' }))).rejects.toThrow(
      refused('Expected a layer of U-Net'),
    )
    await expect(pictureOf('feature', subject({ reconstructor: model, channel: 16 }))).rejects.toThrow(
      refused('from 0 to 15 of conv, got 16'),
    )
    expect(tf.memory().numTensors).toBe(before)
  })
})

describe('an irregular file', () => {
  const found: Pattern = {
    kind: 'rows',
    rows,
    columns,
    measured: Uint8Array.from({ length: rows }, (_, row) => Number(row % 3 > 0)),
  }
  const whole = consistentVolume(found)
  const sampling = { kind: 'irregular', pattern: 'rows', acceleration: 2.5 } as const
  const irregular: Volume = { ...whole, info: { ...whole.info, sampling } }

  it('is shown without a further mask, with the acceleration of its samples', async () => {
    for (const show of ['image', 'k-space', 'phase'] as const)
      expect(await pictureOf(show, subject({ volume: irregular })), show).toMatchObject({
        mask: found,
        acceleration: 2.5,
      })
  })

  it('has the mask that was found in its k-space, and a residual there', async () => {
    expect((await pictureOf('mask', subject({ volume: irregular }))).image).toEqual(gridOf(found))
    const { image, residual } = await pictureOf('residual', subject({ volume: irregular }))
    expect([...image].map(Number.isFinite)).toEqual([...gridOf(found)].map(Boolean))
    expect(residual!.value).toBeGreaterThan(0)
    await expect(imageOfDraw(subject({ volume: irregular }))).rejects.toThrow('only one mask')
  })

  it('is used as it is stored, for all coils and for one coil', async () => {
    const [all, one] = [null, 0].map(coil => pictureOf('image', subject({ volume: irregular, coil })))
    expect((await one).image).toEqual((await all).image)
  })

  it('and a faulty slice have metrics only if both images are whole', async () => {
    const content = {
      identity: '',
      scan: '',
      version: { bytes: 0, modified: '0', changed: '0', inode: '0' },
      sampling,
      faults: [{ slice: 1, dataset: 'reconstruction_esc', fault: 'all zero' as const }],
      remarks: [],
    }
    const faulty = { ...irregular, info: { ...irregular.info, content } }
    expect(await metricsOf(subject({ volume: faulty, slice: 1 }))).toBeNull()
    expect(await metricsOf(subject({ volume: faulty, slice: 0 }))).not.toBeNull()
  })
})
