/** What every network gives of a slice, which panes then show. */
import * as tf from '@tensorflow/tfjs-core'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Volume } from '../../../../src/core/data/volume.ts'
import { NETWORKS, networkOf } from '../../../../src/core/models/index.ts'
import { type Model, makeModel } from '../../../../src/core/models/model.ts'
import { initialParameters } from '../../../../src/core/models/parameters.ts'
import { keptPattern } from '../../../../src/core/mri/draw.ts'
import { centreCropReal } from '../../../../src/core/mri/transform.ts'
import { givesOf, type SliceGiven } from '../../../../src/core/viewing/given.ts'
import { compute, useEngine } from '../../../engine.ts'
import { expectClose } from '../../../golden.ts'
import { subjectOf } from '../../../subject.ts'
import { noiseVolume } from '../../../volumes.ts'

const mask = { kind: 'random', acceleration: 3, centerFraction: 0.25 } as const
const [rows, columns] = [48, 40]
const crop = [40, 32] as const
const drawn = keptPattern(mask, [rows, columns], 'knee.h5')

function volumeOf(coils: number): Volume {
  const volume = noiseVolume('knee', { coils, rows, columns })
  const readTarget = (index: number) => centreCropReal(volume.readTarget(index)!, [rows, columns], crop)
  return { ...volume, info: { ...volume.info, targetShape: [...crop] }, readTarget }
}

const GIVING = Object.keys(NETWORKS).filter(id => networkOf(id).gives)

beforeAll(useEngine)

describe.each(GIVING)('%s', id => {
  let model: Model
  beforeAll(() => {
    const network = networkOf(id)
    const config = network.config.parse({ channels: 2, pools: 2 })
    model = makeModel(network, config, initialParameters(network.parameters(config), 1))
  })
  const give = (volume: Volume): Promise<SliceGiven> => {
    const { given, volumeMaximum } = subjectOf(volume, mask)
    return given(volume, 1, drawn, model, volumeMaximum)
  }

  it.each([1, 3])('gives what it says, of %i coil(s)', async coils => {
    const volume = volumeOf(coils)
    const before = tf.memory().numTensors
    const { image, kspace, complexImage, cascades, ssim, maps } = await give(volume)
    expect(tf.memory().numTensors).toBe(before)
    const gives = givesOf(model)
    expect(gives.includes('complex image')).toBe(complexImage !== null)
    expect(gives.includes('maps')).toBe(maps !== null)
    const count = model.network.cascades?.(model.config) ?? 0
    expect(gives.includes('cascade')).toBe(count > 0)
    expect([cascades.length, ssim?.length ?? 0]).toEqual(Array(2).fill(count && count + 1))
    if (count > 0) expectClose(cascades.at(-1)!, image, 1e-6)

    // The k-space is that of the image.
    const images = compute().fourier.images(kspace!, [coils, rows, columns], 'inverse')
    const samples = rows * columns
    const rss = Float32Array.from({ length: samples }, (_, i) =>
      Math.hypot(
        ...Array.from({ length: coils }, (_, c) =>
          Math.hypot(images[2 * (c * samples + i)], images[2 * (c * samples + i) + 1]),
        ),
      ),
    )
    expectClose(centreCropReal(rss, [rows, columns], crop), image, 1e-4)
    const reconstruct = subjectOf(volume, mask).reconstruct
    expect(image).toEqual(await reconstruct(volume, 1, drawn, model))
  })
})
