import { describe, expect, it } from 'vitest'
import { truthMaximum } from '../../../../src/core/data/truth.ts'
import { describeFrame, sliceMetrics } from '../../../../src/core/viewing/frame.ts'
import { noiseVolume } from '../../../volumes.ts'

const truth = noiseVolume('a').readTarget(0)!
const picture = { image: truth, shape: [40, 36], units: 'signal' } as const
const facts = { show: 'image', volumeMaximum: 1, metrics: null } as const

describe('describeFrame', () => {
  it('has null for unknown values, and no mask', () => {
    expect(describeFrame(picture, facts)).toEqual({
      shape: [40, 36],
      show: 'image',
      units: 'signal',
      note: null,
      minimum: Math.min(...truth),
      maximum: Math.max(...truth),
      volumeMaximum: 1,
      metrics: null,
      mask: '',
      acceleration: null,
      residual: null,
    })
  })

  it('ignores pixels without a value, and refuses an image without any value', () => {
    const image = truth.slice().fill(Number.NaN, 1)
    expect(describeFrame({ ...picture, image }, facts)).toMatchObject({ minimum: truth[0], maximum: truth[0] })
    expect(() => describeFrame({ ...picture, image: image.fill(Number.NaN) }, facts)).toThrow(
      expect.objectContaining({ code: 'NOT_FINITE' }),
    )
  })
})

describe('sliceMetrics', () => {
  it('has null for infinite and undefined values', () => {
    expect(sliceMetrics(truth, truth, [40, 36], 1)).toMatchObject({ ssim: expect.closeTo(1, 9), psnr: null, nmse: 0 })
    const empty = new Float32Array(truth.length)
    expect(sliceMetrics(empty, empty, [40, 36], 0)).toMatchObject({ ssim: null, psnr: null, nmse: null })
  })
})

describe('truthMaximum', () => {
  it('is over all slices, with a pause before each', async () => {
    const volume = noiseVolume('a', { slices: 5 })
    const all = [0, 1, 2, 3, 4].flatMap(index => Array.from(volume.readTarget(index)!))
    let pauses = 0
    const maximum = await truthMaximum(volume, async () => {
      pauses++
    })
    expect(maximum).toBe(Math.max(...all))
    expect(pauses).toBe(5)
  })
})
