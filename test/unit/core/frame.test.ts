import { describe, expect, it } from 'vitest'
import { describeFrame, truthMaximum } from '../../../src/core/frame.ts'
import { noiseVolume } from '../../volumes.ts'

const truth = noiseVolume('a').readTarget(0)!
const facts = { shape: [40, 36], units: 'signal', truth, volumeMaximum: 1, mask: null } as const

describe('describeFrame', () => {
  it('has null for what is infinite or undefined', () => {
    const { metrics } = describeFrame({ ...facts, image: truth })
    expect(metrics).toEqual({ ssim: expect.closeTo(1, 9), psnr: null, nmse: 0 })
    const empty = new Float32Array(truth.length)
    expect(describeFrame({ ...facts, image: empty, truth: empty, volumeMaximum: 0 }).metrics).toEqual({
      ssim: null,
      psnr: null,
      nmse: null,
    })
  })

  it('refuses an image of no numbers', () => {
    const image = new Float32Array(truth.length).fill(Number.NaN)
    expect(() => describeFrame({ ...facts, image })).toThrow(expect.objectContaining({ code: 'NOT_FINITE' }))
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
