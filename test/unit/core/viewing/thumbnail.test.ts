import { describe, expect, it } from 'vitest'
import { shrink, toEightBit } from '../../../../src/core/viewing/thumbnail.ts'

describe('shrink', () => {
  it('averages over areas, including fractions of pixels', () => {
    expect(shrink(Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8), [2, 4], 2)).toEqual({
      pixels: Float32Array.of(3.5, 5.5),
      shape: [1, 2],
    })
    const { pixels } = shrink(Float32Array.of(3, 6, 9), [1, 3], 2) // 3 + half of 6, half of 6 + 9
    expect(pixels).toEqual(Float32Array.of(4, 8))
  })

  it('keeps the mean and the aspect', () => {
    const image = Float32Array.from({ length: 320 * 213 }, (_, i) => (i * 7919) % 101)
    const { pixels, shape } = shrink(image, [320, 213], 64)
    expect(shape).toEqual([64, 43])
    const mean = (values: Float32Array) => values.reduce((sum, value) => sum + value, 0) / values.length
    expect(mean(pixels)).toBeCloseTo(mean(image), 3)
  })

  it('makes nothing larger', () => {
    const image = Float32Array.of(1, 2, 3, 4, 5, 6)
    expect(shrink(image, [3, 2], 64)).toEqual({ pixels: image, shape: [3, 2] })
  })
})

describe('toEightBit', () => {
  it('shows the 99.5th percentile as white, so one bright pixel does not darken the others', () => {
    const pixels = Float32Array.from({ length: 1000 }, (_, i) => i * 1e-6)
    pixels[999] = 1
    const picture = toEightBit(pixels)
    expect([picture[0], picture[497], picture[994], picture[999]]).toEqual([0, 128, 255, 255])
  })

  it('is black without signal', () => {
    expect(toEightBit(new Float32Array(3))).toEqual(new Uint8Array(3))
  })
})
