import { describe, expect, it } from 'vitest'
import {
  centreCropReal,
  cropShape,
  normalise,
  rescale,
  type Shape,
  unnormalise,
} from '../../../../src/core/mri/transform.ts'
import { golden } from '../../../golden.ts'

const vectors = golden('unet_transform')
const asFloats = (name: string) => Float32Array.from(vectors.array(name).data)

function expectWithin(actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number) {
  expect(actual.length).toBe(expected.length)
  for (let i = 0; i < expected.length; i++) expect(Math.abs(actual[i] - expected[i])).toBeLessThanOrEqual(tolerance)
}

describe.each(['even', 'odd', 'nomask_notarget', 'narrow'])('UnetDataTransform, case %s', name => {
  const magnitude = asFloats(`${name}.magnitude`)

  it('normalises as fastMRI', () => {
    const { image, mean, std } = normalise(magnitude)
    expect(Math.abs(mean / vectors.scalar(`${name}.mean`) - 1)).toBeLessThan(1e-6)
    expect(Math.abs(std / vectors.scalar(`${name}.std`) - 1)).toBeLessThan(1e-6)
    expectWithin(image, vectors.array(`${name}.image`).data, 2e-6)
  })

  it('restores the image if nothing was clamped', () => {
    const { image, mean, std } = normalise(magnitude)
    const restored = unnormalise(image, mean, std)
    for (let i = 0; i < image.length; i++) {
      if (Math.abs(image[i]) < 6) expect(Math.abs(restored[i] - magnitude[i])).toBeLessThan(1e-6 * (std + mean))
    }
  })

  it('crops to what fastMRI crops to', () => {
    const kspace = vectors.array(`${name}.kspace`).shape
    const target = vectors.names.includes(`${name}.target_raw`) ? vectors.array(`${name}.target_raw`).shape : null
    const crop = cropShape({
      rows: kspace[0],
      columns: kspace[1],
      targetShape: target as [number, number] | null,
      reconSize: [16, 14],
    })
    expect(crop).toEqual(vectors.array(`${name}.magnitude`).shape)
  })
})

it.each(['even', 'odd', 'narrow'])('normalises the ground truth as fastMRI, case %s', name => {
  const raw = vectors.array(`${name}.target_raw`)
  const expected = vectors.array(`${name}.target`)
  const { mean, std } = normalise(asFloats(`${name}.magnitude`))
  const target = rescale(
    centreCropReal(raw.data as Float32Array, raw.shape as never, expected.shape as never),
    mean,
    std,
  )
  expectWithin(target, expected.data, 2e-6)
  expect(Math.max(...target)).toBeLessThanOrEqual(6)
})

it('clamps some values of the reference vectors', () => {
  expect(Math.max(...normalise(asFloats('even.magnitude')).image)).toBe(6)
})

it('divides by std + 1e-11, as tiny values show', () => {
  // Two values ±d about their mean: std = d √2.
  const { image, std } = normalise(Float32Array.of(0, 4e-12))
  expect(std / (2e-12 * Math.SQRT2)).toBeCloseTo(1, 6)
  expect(image[1]).toBeCloseTo(2e-12 / (2e-12 * Math.SQRT2 + 1e-11), 6)
})

it('keeps an image of one level at 0', () => {
  expect([...normalise(new Float32Array(9).fill(0.5)).image]).toEqual(new Array(9).fill(0))
})

describe('centreCropReal', () => {
  const image = Float32Array.from({ length: 20 }, (_, i) => i) // [4, 5]

  it('starts at the floor of half the difference', () => {
    expect([...centreCropReal(image, [4, 5], [1, 2])]).toEqual([6, 7])
    expect([...centreCropReal(image, [4, 5], [2, 3])]).toEqual([6, 7, 8, 11, 12, 13])
  })

  it('copies the whole image', () => {
    const copy = centreCropReal(image, [4, 5], [4, 5])
    copy[0] = 99
    expect(image[0]).toBe(0)
  })

  it.each<[Shape, Shape, string]>([
    [[4, 5], [5, 5], 'got 5 × 5'],
    [[4, 5], [4, 6], 'got 4 × 6'],
    [[5, 5], [4, 4], 'got 20 pixels'],
  ])('refuses image %j, crop %j', (shape, crop, message) => {
    expect(() => centreCropReal(image, shape, crop)).toThrow(message)
    expect(() => centreCropReal(image, shape, crop)).toThrow(expect.objectContaining({ code: 'SHAPE_MISMATCH' }))
  })
})

describe('cropShape', () => {
  const image = { rows: 640, columns: 368 }

  it.each([
    ['the ground truth’s size', { targetShape: [320, 300], reconSize: [310, 310] }, [320, 300]],
    ['the header’s size without ground truth', { targetShape: null, reconSize: [310, 312] }, [310, 312]],
    ['the whole image without either', { targetShape: null, reconSize: null }, [640, 368]],
    ['a square of the columns where they are too few', { targetShape: [512, 400], reconSize: null }, [368, 368]],
    ['no more rows than there are', { targetShape: [700, 320], reconSize: null }, [640, 320]],
  ] as [string, { targetShape: [number, number] | null; reconSize: [number, number] | null }, number[]][])(
    'takes %s',
    (_, sizes, expected) => {
      expect(cropShape({ ...image, ...sizes })).toEqual(expected)
    },
  )
})
