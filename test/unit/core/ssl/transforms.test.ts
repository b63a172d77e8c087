import { describe, expect, it } from 'vitest'
import { RandomState } from '../../../../src/core/mri/random.ts'
import {
  applyFrequencyMask,
  frequencyToSpatial,
  spatialToFrequency,
  toOneChannelTensor,
} from '../../../../src/core/ssl/transforms.ts'
import { expectClose, golden } from '../../../golden.ts'

const vectors = golden('fft')
const cases = ['16x12', '15x11', '7x10', '5x372']

const noise = (length: number) => {
  const random = RandomState.fromSeed(5)
  return Float32Array.from({ length }, () => random.uniform())
}

describe('the transforms of the original work', () => {
  it.each(cases)('are fastMRI’s: %s', name => {
    const { shape: all, data } = vectors.array(`${name}.x`)
    const shape = [all[0], all[1]] as const
    const [re, im] = [0, 1].map(part => Float32Array.from({ length: data.length / 2 }, (_, i) => data[2 * i + part]))
    // The transform is linear, so the transform of a complex image is F(re) + i F(im).
    const [a, b] = [spatialToFrequency(re, shape), spatialToFrequency(im, shape)]
    const sum = a.map((value, i) => value + (i % 2 === 0 ? -b[i + 1] : b[i - 1]))
    expectClose(sum, vectors.array(`${name}.fft`).data, 1e-12)
    expectClose(frequencyToSpatial(Float64Array.from(data), shape), vectors.array(`${name}.ifft`).data, 1e-12)
  })

  it('restore the image if nothing is masked', () => {
    const image = noise(15 * 11)
    const kspace = applyFrequencyMask(spatialToFrequency(image, [15, 11]), new Uint8Array(11).fill(1))
    expectClose(toOneChannelTensor(frequencyToSpatial(kspace, [15, 11])), image, 1e-6)
  })

  it('mask columns of a copy', () => {
    const kspace = spatialToFrequency(noise(4 * 6), [4, 6])
    const before = kspace.slice()
    const mask = Uint8Array.of(1, 0, 0, 1, 1, 0)
    const masked = applyFrequencyMask(kspace, mask)
    for (const [i, value] of masked.entries()) {
      const column = Math.floor(i / 2) % 6
      expect(value).toBe(mask[column] ? before[i] : 0)
    }
    expect(kspace).toEqual(before)
  })

  it('make one channel of magnitudes', () => {
    expect(toOneChannelTensor(Float64Array.of(3, -4, 0, -2, 0, 0))).toEqual(Float32Array.of(5, 2, 0))
  })
})
