import { describe, expect, it } from 'vitest'
import { RandomState } from '../../../../src/core/mri/random.ts'
import { gaussianBlur } from '../../../../src/core/ssl/augment/blur.ts'
import { augmentations } from '../../../../src/core/ssl/augment/index.ts'
import { distort } from '../../../../src/core/ssl/augment/intensity.ts'
import { randomBox, resizeBox } from '../../../../src/core/ssl/augment/resized-crop.ts'

const ramp = (rows: number, columns: number) => Float32Array.from({ length: rows * columns }, (_, i) => i % columns)

describe('resized crop', () => {
  it('of the whole image at its own size is the image', () => {
    const image = Float32Array.from({ length: 64 }, (_, i) => Math.sin(i))
    expect(resizeBox(image, [8, 8], { top: 0, left: 0, height: 8, width: 8 }, 8)).toEqual(image)
  })

  it('averages evenly when it halves: Pillow’s triangle of twice the width, 1/8 3/8 3/8 1/8 inside', () => {
    const half = resizeBox(ramp(8, 8), [8, 8], { top: 0, left: 0, height: 8, width: 8 }, 4)
    expect(Array.from(half.subarray(4, 8))[1]).toBeCloseTo((1 + 3 * 2 + 3 * 3 + 4) / 8, 6)
    expect(half[0]).toBeCloseTo((3 * 0 + 3 * 1 + 2) / 7, 6) // the outermost weight falls outside the image
  })

  it('keeps a constant constant, whatever the box', () => {
    const random = RandomState.fromSeed(3)
    const image = new Float32Array(40 * 30).fill(2.5)
    for (let i = 0; i < 20; i++) {
      for (const value of resizeBox(image, [40, 30], randomBox([40, 30], 0.1, random), 16))
        expect(value).toBeCloseTo(2.5, 5)
    }
  })

  it('draws boxes inside the image, of the area asked for', () => {
    const random = RandomState.fromSeed(4)
    for (let i = 0; i < 200; i++) {
      const { top, left, height, width } = randomBox([128, 126], 0.3, random)
      expect(top >= 0 && left >= 0 && top + height <= 128 && left + width <= 126).toBe(true)
      expect((height * width) / (128 * 126)).toBeGreaterThan(0.29)
      expect(width / height).toBeGreaterThan(0.73)
      expect(width / height).toBeLessThan(1.37)
    }
  })
})

describe('blur', () => {
  it('keeps the sum of what lies inside and spreads a point by its standard deviation', () => {
    const point = new Float32Array(41 * 41)
    point[20 * 41 + 20] = 1
    const blurred = gaussianBlur(point, 41, 1.5)
    let sum = 0
    let second = 0
    for (const [i, value] of blurred.entries()) {
      sum += value
      second += value * ((i % 41) - 20) ** 2
    }
    expect(sum).toBeCloseTo(1, 5)
    expect(Math.sqrt(second)).toBeCloseTo(1.5, 2)
  })

  it('mirrors at the edges: a constant stays', () => {
    for (const value of gaussianBlur(new Float32Array(30).fill(3), 6, 2)) expect(value).toBeCloseTo(3, 5)
  })
})

describe('intensity', () => {
  it('follows gamma, contrast and brightness, and never goes below zero', () => {
    const image = Float32Array.from([0, 1, 2, 4])
    expect(Array.from(distort(image, { gamma: 1, contrast: 1, brightness: 1 }))).toEqual([0, 1, 2, 4])
    expect(distort(image, { gamma: 2, contrast: 1, brightness: 1 })[2]).toBeCloseTo(1, 6)
    expect(distort(image, { gamma: 1, contrast: 2, brightness: 1 })[3]).toBeCloseTo(1.75 + 2 * 2.25, 6)
    expect(Math.min(...distort(image, { gamma: 1, contrast: 3, brightness: 1 }))).toBe(0)
  })

  it('leaves an empty image alone', () => {
    expect(distort(new Float32Array(4), { gamma: 0.5, contrast: 2, brightness: 1 })).toEqual(new Float32Array(4))
  })
})

describe('augmentations', () => {
  it('flip left and right, about every second time', () => {
    const { flip } = augmentations(RandomState.fromSeed(1))
    const outcomes = Array.from({ length: 200 }, () => flip(Float32Array.from([1, 2, 3, 4]), 2).join())
    expect(new Set(outcomes)).toEqual(new Set(['1,2,3,4', '2,1,4,3']))
    const flipped = outcomes.filter(outcome => outcome === '2,1,4,3').length
    expect(flipped).toBeGreaterThan(70)
    expect(flipped).toBeLessThan(130)
  })

  it('repeat for the same stream', () => {
    const view = (seed: number) => {
      const { resizedCrop, distortIntensity, blur } = augmentations(RandomState.fromSeed(seed))
      return blur(distortIntensity(resizedCrop(ramp(20, 20), [20, 20], 12, 0.3), 0.5), 12, 0.5)
    }
    expect(view(9)).toEqual(view(9))
    expect(view(9)).not.toEqual(view(10))
  })
})
