/** Pictures of what a network gives beside its image. */
import * as tf from '@tensorflow/tfjs-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { Given } from '../../../../src/contract/networks.ts'
import type { Volume } from '../../../../src/core/data/volume.ts'
import { makeEagerImaging } from '../../../../src/core/imaging.ts'
import { inputOf } from '../../../../src/core/inputs/index.ts'
import type { Model } from '../../../../src/core/models/model.ts'
import { keptPattern } from '../../../../src/core/mri/draw.ts'
import { scoreSlice } from '../../../../src/core/mri/metrics.ts'
import { isMeasured } from '../../../../src/core/mri/pattern.ts'
import { forward } from '../../../../src/core/mri/sense/encoding.ts'
import { centreCropReal } from '../../../../src/core/mri/transform.ts'
import { pictureOf } from '../../../../src/core/viewing/shows.ts'
import type { Subject } from '../../../../src/core/viewing/subject.ts'
import { cascadedModel, GAIN } from '../../../cascaded.ts'
import { compute, useEngine } from '../../../engine.ts'
import { expectClose } from '../../../golden.ts'
import { subjectOf } from '../../../subject.ts'
import { noiseVolume } from '../../../volumes.ts'

const mask = { kind: 'random', acceleration: 3, centerFraction: 0.2 } as const
const [coils, rows, columns] = [3, 40, 36]
const crop = [32, 24] as const
const samples = rows * columns
const drawn = keptPattern(mask, [rows, columns], 'knee.h5')

function cropped(volume: Volume): Volume {
  const { info } = volume
  const readTarget = (index: number) => centreCropReal(volume.readTarget(index)!, [rows, columns], crop)
  return { ...volume, info: { ...info, targetShape: [...crop] }, readTarget }
}

const several = cropped(noiseVolume('knee', { coils, rows, columns }))
const single = cropped(noiseVolume('knee', { rows, columns }))
let whole: Model
let onlyImage: Model

beforeAll(async () => {
  await useEngine()
  whole = cascadedModel({ cascades: 3, gives: Given.options })
  onlyImage = cascadedModel({ cascades: 1, gives: ['complex image'] }, 'complex')
})

const subject = (changes: Partial<Subject> = {}, volume = several) =>
  subjectOf(volume, mask, { reconstructor: whole, ...changes })
const refused = (message: string) =>
  expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringContaining(message) })

/** The network's k-space after `cascades`, in the file's units. */
function expected(volume: Volume, cascades = 3) {
  const { parts, std } = inputOf(whole, volume, 1, drawn, makeEagerImaging(compute()))
  return { std, parts, kspace: parts.kspace.data.map(value => (value + cascades * GAIN) * std) }
}

const magnitudeOf = (kspace: Float32Array, coil: number, i: number) =>
  Math.hypot(kspace[2 * (coil * samples + i)], kspace[2 * (coil * samples + i) + 1])

describe('k-space', () => {
  it('is the network’s own, everywhere, over all coils or of one coil', async () => {
    const { kspace } = expected(several)
    const all = await pictureOf('k-space', subject())
    const second = await pictureOf('k-space', subject({ coil: 1 }))
    expect([all.shape, second.shape]).toEqual(Array(2).fill([rows, columns]))
    const rss = Float32Array.from({ length: samples }, (_, i) =>
      Math.hypot(...[0, 1, 2].map(coil => magnitudeOf(kspace, coil, i))),
    )
    expectClose(all.image, rss.map(Math.log10), 1e-5)
    expectClose(
      second.image,
      rss.map((_, i) => Math.log10(magnitudeOf(kspace, 1, i))),
      1e-5,
    )
    expect(all.note).toContain('own k-space (root of the sum of squares over 3 coils)')
    expect(second.note).toContain('own k-space of coil 2 of 3')
  })

  it('of a network with a complex image alone is F(S x)', async () => {
    for (const volume of [single, several]) {
      const { image, note } = await pictureOf('k-space', subject({ reconstructor: onlyImage }, volume))
      const { coils } = volume.info
      const imaging = makeEagerImaging(compute())
      const { parts, std } = inputOf(onlyImage, volume, 1, drawn, imaging)
      const { maps } = inputOf(
        { network: { ...onlyImage.network, extras: () => ['maps'] }, config: onlyImage.config },
        volume,
        1,
        drawn,
        imaging,
      ).parts
      const full = new Uint8Array(columns).fill(1)
      const x = parts.image.data.map(value => (value + GAIN) * std)
      const kspace = forward({ sizes: [coils, rows, columns], maps: maps.data, mask: full }, x, imaging.fourier)
      const rss = image.map((_, i) =>
        Math.hypot(...Array.from({ length: coils }, (_, coil) => magnitudeOf(kspace, coil, i))),
      )
      const floor = 1e-6 * Math.max(...rss)
      const wanted = rss.map(value => Math.log10(Math.max(value, floor)))
      expectClose(image, wanted, 1e-5)
      expect(note!.includes('times the coil maps')).toBe(coils > 1)
    }
  })
})

describe('the residual', () => {
  it('is of the network’s own k-space, and 0 if the network keeps what was measured', async () => {
    const { image, residual, note } = await pictureOf('residual', subject())
    const { kspace } = expected(several)
    const measures = isMeasured(drawn)
    const measured = several.readKspace(1)
    let [difference, norm] = [0, 0]
    for (let i = 0; i < measured.length; i++) {
      if (!measures((i >> 1) % samples)) continue
      difference += (kspace[i] - measured[i]) ** 2
      norm += measured[i] ** 2
    }
    expect(residual!.value / Math.sqrt(difference / norm)).toBeCloseTo(1, 5)
    expect(residual).toMatchObject({ ofKspace: true, floor: expect.any(Number) })
    expect([...image].map(Number.isFinite)).toEqual(Array.from(image, (_, i) => measures(i)))
    expect(note).toContain('k is the network’s own k-space')
    const still = cascadedModel({ cascades: 0, gives: ['k-space'] })
    expect((await pictureOf('residual', subject({ reconstructor: still }))).residual!.value).toBeLessThan(1e-6)
  })
})

describe('phase', () => {
  it('is that of the complex image, or of one coil of k-space', async () => {
    const { kspace } = expected(several)
    const combined = await pictureOf('phase', subject())
    const sum = Float32Array.from({ length: 2 * samples }, (_, i) =>
      [0, 1, 2].reduce((all, coil) => all + kspace[2 * coil * samples + i], 0),
    )
    const phase = (complex: Float32Array) =>
      centreCropReal(
        Float32Array.from({ length: samples }, (_, i) => Math.atan2(complex[2 * i + 1], complex[2 * i])),
        [rows, columns],
        crop,
      )
    expect([combined.shape, combined.units]).toEqual([[...crop], 'radians'])
    expectClose(combined.image.map(Math.cos), phase(sum).map(Math.cos), 1e-3)
    expect(combined.note).toContain('combines 3 coils')
    const third = await pictureOf('phase', subject({ coil: 2 }))
    const image = compute().fourier.images(kspace.slice(4 * samples), [1, rows, columns], 'inverse')
    expectClose(third.image.map(Math.cos), phase(image).map(Math.cos), 1e-3)
    expect(third.note).toContain('coil 3 of 3')
  })

  it('of a network that gives k-space alone is of the first coil', async () => {
    const model = cascadedModel({ cascades: 3, gives: ['k-space'] })
    const first = await pictureOf('phase', subject({ reconstructor: model }))
    expect(first.image).toEqual((await pictureOf('phase', subject({ coil: 0 }))).image)
    expect(first.note).toContain('coil 1 of 3')
  })
})

describe('a cascade', () => {
  it('is the input’s image first, then the image after each cascade, and at last the network’s image', async () => {
    const pictures = await Promise.all([0, 1, 2, 3, null].map(cascade => pictureOf('cascade', subject({ cascade }))))
    expect(pictures[0].image).toEqual(await subject().reconstruct(several, 1, drawn, null))
    for (const t of [1, 2, 3]) {
      const { parts, std } = expected(several)
      const squares = Float32Array.from({ length: samples }, (_, i) => {
        let sum = 0
        for (let c = 0; c < coils; c++)
          for (const part of [0, 1]) sum += (parts.kspace.data[2 * (c * samples + i) + part] + t * GAIN) ** 2
        return sum * std
      })
      expectClose(pictures[t].image, centreCropReal(squares, [rows, columns], crop), 1e-6)
    }
    const { image } = await pictureOf('image', subject())
    expect(pictures[3].image).toEqual(image)
    expect(pictures[4]).toEqual(pictures[3])
    expect(pictures.map(({ note }) => note)).toEqual([
      'Input of the network, before cascade 1 of 3.',
      ...[1, 2, 3, 3].map(t => `After cascade ${t} of 3.`),
    ])
    const truth = several.readTarget(1)!
    const ssim = pictures.slice(0, 4).map(one => scoreSlice(one.image, truth, crop, subject().volumeMaximum!).ssim)
    expect(pictures[1].cascades!.at).toBe(1)
    for (const [i, value] of pictures[1].cascades!.ssim!.entries()) expect(value).toBeCloseTo(ssim[i], 6)
  })

  it('has no SSIM in arbitrary units, and none without ground truth', async () => {
    expect((await pictureOf('cascade', subject({ scored: false }))).cascades!.ssim).toBeNull()
    expect((await pictureOf('cascade', subject({ volumeMaximum: null }))).cascades!.ssim).toBeNull()
  })

  it('that does not exist is refused, and so is a source without cascades', async () => {
    await expect(pictureOf('cascade', subject({ cascade: 4 }))).rejects.toEqual(
      refused('from 0 (the input) to 3, got 4'),
    )
    for (const reconstructor of [null, onlyImage])
      await expect(pictureOf('cascade', subject({ reconstructor }))).rejects.toEqual(refused('a network with cascades'))
  })

  it('of an image network begins with the combined image', async () => {
    const model = cascadedModel({ cascades: 2, gives: ['cascade'] }, 'complex')
    const { image } = await pictureOf('cascade', subject({ reconstructor: model, cascade: 0 }))
    const { parts, std } = inputOf(model, several, 1, drawn, makeEagerImaging(compute()))
    const { data } = parts.image
    const whole = Float32Array.from({ length: samples }, (_, i) => Math.hypot(data[2 * i], data[2 * i + 1]) * std)
    expectClose(image, centreCropReal(whole, [rows, columns], crop), 1e-6)
  })
})

describe('coil maps', () => {
  it('of a run are the maps that the network used', async () => {
    const { image, second, units, note } = await pictureOf('maps', subject({ coil: 1 }))
    expect(units).toBe('share')
    expect(image.every(value => Math.abs(value - 2 * Math.SQRT2) < 1e-5)).toBe(true)
    expect(second!.values.every(value => Math.abs(value - Math.PI / 4) < 1e-5)).toBe(true)
    expect(note).toContain('that the network used')
    expect((await pictureOf('maps', subject())).tiles).toMatchObject({ count: 3, height: 32, width: 24 })
  })

  it('of a network that gives none are refused', async () => {
    await expect(pictureOf('maps', subject({ reconstructor: onlyImage }))).rejects.toEqual(
      refused('combines all coils'),
    )
  })
})

it('one coil of what combines all coils is refused', async () => {
  await expect(pictureOf('image', subject({ coil: 1 }))).rejects.toEqual(refused('got coil 2 (image of run)'))
  await expect(pictureOf('k-space', subject({ coil: 3 }))).rejects.toEqual(refused('from 1 to 3, got 4'))
})

it('a layer of all cascades has the features of the last cascade', async () => {
  const before = tf.memory().numTensors
  const { image } = await pictureOf('feature', subject({ layer: 'sum' }))
  const { std } = expected(several)
  const last = await pictureOf('cascade', subject())
  expectClose(
    centreCropReal(image, [rows, columns], crop).map(value => value * std),
    last.image,
    1e-6,
  )
  expect(tf.memory().numTensors).toBe(before)
})

it('a pass leaves no tensor behind, also if the network throws', async () => {
  const before = tf.memory().numTensors
  await pictureOf('k-space', subject())
  const failing = cascadedModel({ cascades: 1, gives: Given.options })
  const network = {
    ...failing.network,
    outputs: (...request: Parameters<typeof failing.network.outputs>) => {
      failing.network.outputs(...request)
      throw new Error('broken')
    },
  }
  const tensors = tf.memory().numTensors
  await expect(pictureOf('k-space', subject({ reconstructor: { ...failing, network } }))).rejects.toThrow('broken')
  expect(tf.memory().numTensors).toBe(tensors)
  failing.parameters.dispose()
  expect(tf.memory().numTensors).toBe(before)
})
