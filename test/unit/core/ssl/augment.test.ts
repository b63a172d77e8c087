/** Augmentations against Pillow, SciPy, scikit-image and NumPy (test/fixtures/augment.py), and their random numbers. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { RandomState, stream } from '../../../../src/core/mri/random.ts'
import { gaussianBlur } from '../../../../src/core/ssl/augment/blur.ts'
import { augmentations } from '../../../../src/core/ssl/augment/index.ts'
import { type Distortion, distort } from '../../../../src/core/ssl/augment/intensity.ts'
import { GRID, jigsawPatches } from '../../../../src/core/ssl/augment/jigsaw.ts'
import { type Box, randomBox, resizeBox } from '../../../../src/core/ssl/augment/resized-crop.ts'
import { rotate } from '../../../../src/core/ssl/augment/rotate.ts'
import { type Image, magnitudesOf } from '../../../../src/core/ssl/image.ts'
import { expectClose, golden } from '../../../golden.ts'

const reference: {
  shape: [number, number]
  image: number[]
  resized: { box: Box; size: number; image: number[] }[]
  blurred: { sigma: number; image: number[] }[]
  distorted: (Distortion & { image: number[] })[]
} = JSON.parse(readFileSync(new URL('../../../fixtures/augment.json', import.meta.url), 'utf8'))
const { shape } = reference
const image = Float32Array.from(reference.image)

const ramp = (rows: number, columns: number) => Float32Array.from({ length: rows * columns }, (_, i) => i % columns)

describe('resized crop', () => {
  it.each(reference.resized)('is Pillow’s: $box.height × $box.width to $size', ({ box, size, image: expected }) => {
    expectClose(resizeBox(image, shape, box, size), expected, 1e-6)
  })

  it('of the whole image at its own size is the image', () => {
    const waves = Float32Array.from({ length: 64 }, (_, i) => Math.sin(i))
    expect(resizeBox(waves, [8, 8], { top: 0, left: 0, height: 8, width: 8 }, 8)).toEqual(waves)
  })

  it('halves with Pillow’s triangle of twice the width: weights 1/8, 3/8, 3/8, 1/8 inside', () => {
    const half = resizeBox(ramp(8, 8), [8, 8], { top: 0, left: 0, height: 8, width: 8 }, 4)
    expect(Array.from(half.subarray(4, 8))[1]).toBeCloseTo((1 + 3 * 2 + 3 * 3 + 4) / 8, 6)
    expect(half[0]).toBeCloseTo((3 * 0 + 3 * 1 + 2) / 7, 6) // The outermost weight is outside the image.
  })

  it('keeps a constant image constant for every box', () => {
    const random = RandomState.fromSeed(3)
    const even = new Float32Array(40 * 30).fill(2.5)
    for (let i = 0; i < 20; i++) {
      for (const value of resizeBox(even, [40, 30], randomBox([40, 30], 0.1, random), 16))
        expect(value).toBeCloseTo(2.5, 5)
    }
  })

  it('draws boxes inside the image, of the requested area', () => {
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
  it.each(reference.blurred)('is SciPy’s at $sigma', ({ sigma, image: expected }) => {
    expectClose(gaussianBlur(image, shape[1], sigma), expected, 1e-6)
  })

  it('keeps the sum of an inner point, and spreads the point by the standard deviation', () => {
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

  it('mirrors at the edges, so a constant image stays', () => {
    for (const value of gaussianBlur(new Float32Array(30).fill(3), 6, 2)) expect(value).toBeCloseTo(3, 5)
  })
})

describe('intensity', () => {
  it.each(reference.distorted)('is scikit-image’s gamma $gamma, contrast $contrast, brightness $brightness', sample => {
    expectClose(distort(image, sample), sample.image, 1e-6)
  })

  it('follows gamma, contrast and brightness, and never goes below zero', () => {
    const steps = Float32Array.from([0, 1, 2, 4])
    expect(Array.from(distort(steps, { gamma: 1, contrast: 1, brightness: 1 }))).toEqual([0, 1, 2, 4])
    expect(distort(steps, { gamma: 2, contrast: 1, brightness: 1 })[2]).toBeCloseTo(1, 6)
    expect(distort(steps, { gamma: 1, contrast: 2, brightness: 1 })[3]).toBeCloseTo(1.75 + 2 * 2.25, 6)
    expect(Math.min(...distort(steps, { gamma: 1, contrast: 3, brightness: 1 }))).toBe(0)
  })

  it('leaves an empty image alone', () => {
    expect(distort(new Float32Array(4), { gamma: 0.5, contrast: 2, brightness: 1 })).toEqual(new Float32Array(4))
  })
})

describe('rotation', () => {
  it('is NumPy’s rot90, counter-clockwise', () => {
    const { array } = golden('ops')
    const upright = Float32Array.from(array('rotnet_label0').data)
    for (const turns of [0, 1, 2, 3]) expect(rotate(upright, turns)).toEqual(array(`rotnet_label${turns}`).data)
  })
})

describe('jigsaw', () => {
  const [side, patch] = [255, 64]
  const cell = side / GRID
  const places = Float32Array.from({ length: side * side }, (_, i) => i)
  const square: Image = { planes: [places], shape: [side, side] }

  /** The position of each patch's first pixel. Each pixel's value is its index. */
  function corners(random: RandomState): { top: number; left: number }[] {
    const [patches] = jigsawPatches(square, patch, random)
    expect(patches.length).toBe(GRID * GRID * patch * patch)
    return Array.from({ length: GRID * GRID }, (_, i) => {
      const first = patches[i * patch * patch]
      return { top: Math.floor(first / side), left: first % side }
    })
  }

  it('copies patches unchanged from the image', () => {
    const [{ top, left }] = corners(RandomState.fromSeed(1))
    const [patches] = jigsawPatches(square, patch, RandomState.fromSeed(1))
    for (const [y, x] of [
      [0, 63],
      [63, 0],
      [40, 7],
    ])
      expect(patches[y * patch + x]).toBe((top + y) * side + left + x)
  })

  it('takes one from each cell, jittered by 0 to 20 pixels either way', () => {
    const random = RandomState.fromSeed(2)
    const jitters = { top: new Set<number>(), left: new Set<number>() }
    for (let image = 0; image < 50; image++) {
      const cells = corners(random).map(({ top, left }) => {
        jitters.top.add(top % cell)
        jitters.left.add(left % cell)
        return Math.floor(left / cell) * GRID + Math.floor(top / cell)
      })
      expect(cells.toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8])
    }
    for (const seen of [jitters.top, jitters.left])
      expect([...seen].toSorted((a, b) => a - b)).toEqual(Array.from({ length: cell - patch }, (_, i) => i))
  })

  it('draws the jitter cell by cell, column by column, and then one order of all patches', () => {
    const random = RandomState.fromSeed(3)
    const drawn = [0, 1, 2].flatMap(column =>
      [0, 1, 2].map(row => {
        const left = column * cell + random.randint(cell - patch)
        return { left, top: row * cell + random.randint(cell - patch) }
      }),
    )
    expect(corners(RandomState.fromSeed(3))).toEqual(random.shuffle(GRID * GRID).map(from => drawn[from]))
  })
})

describe('complex images', () => {
  const random = RandomState.fromSeed(6)
  const planes = [0, 1].map(() => Float32Array.from({ length: 16 * 16 }, () => random.normal()))
  const complex: Image = { planes, shape: [16, 16] }
  const phases = ({ planes: [re, im] }: Image) => Array.from(re, (value, i) => Math.atan2(im[i], value))

  it('keep their magnitudes when the phase turns, by one angle in all pixels', () => {
    const turned = augmentations(RandomState.fromSeed(1)).turnPhase(complex)
    expectClose(magnitudesOf(turned), magnitudesOf(complex), 1e-6)
    const angles = phases(turned).map((phase, i) => (phase - phases(complex)[i] + 4 * Math.PI) % (2 * Math.PI))
    expect(angles[0]).toBeGreaterThan(0.1)
    for (const angle of angles) expect(angle).toBeCloseTo(angles[0], 4)
  })

  it('keep their phase, and the order of their magnitudes, under an intensity distortion', () => {
    const distorted = augmentations(RandomState.fromSeed(2)).distortIntensity(complex, 1)
    expectClose(Float32Array.from(phases(distorted)), phases(complex), 1e-5)
    const [before, after] = [complex, distorted].map(image => [...magnitudesOf(image)])
    const order = (values: number[]) => [...values.keys()].toSorted((a, b) => values[a] - values[b])
    expect(order(after)).toEqual(order(before))
    expect(Math.max(...after)).toBeCloseTo(Math.max(...before), 5)
    expect(after[order(before)[0]]).not.toBeCloseTo(before[order(before)[0]], 3)
  })

  it('change both parts alike: each part is changed as a magnitude image would be', () => {
    const view = (image: Image) => {
      const { resizedCrop, flip, blur } = augmentations(RandomState.fromSeed(3))
      return blur(flip(resizedCrop(image, 8, 0.3)), 1)
    }
    expect(view(complex).planes).toEqual(planes.flatMap(plane => view({ planes: [plane], shape: [16, 16] }).planes))
  })

  it('stay as they are, as magnitudes do, when there is nothing to change', () => {
    const nothing: Image = { planes: [new Float32Array(4), new Float32Array(4)], shape: [2, 2] }
    expect(augmentations(RandomState.fromSeed(1)).distortIntensity(nothing, 1)).toEqual(nothing)
    const magnitude: Image = { planes: [planes[0]], shape: [16, 16] }
    const own = RandomState.fromSeed(1)
    expect(augmentations(own).turnPhase(magnitude)).toBe(magnitude)
    expect(own.uniform()).toBe(RandomState.fromSeed(1).uniform())
  })
})

describe('augmentations', () => {
  it('flip left and right, about every second time', () => {
    const { flip } = augmentations(RandomState.fromSeed(1))
    const numbers: Image = { planes: [Float32Array.from([1, 2, 3, 4])], shape: [2, 2] }
    const outcomes = Array.from({ length: 200 }, () => flip(numbers).planes.join())
    expect(new Set(outcomes)).toEqual(new Set(['1,2,3,4', '2,1,4,3']))
    const flipped = outcomes.filter(outcome => outcome === '2,1,4,3').length
    expect(flipped).toBeGreaterThan(70)
    expect(flipped).toBeLessThan(130)
  })

  it('repeat for the same seed, epoch and index, and for no other', () => {
    const view = (seed: number, epoch: number, index: number) => {
      const { resizedCrop, flip, distortIntensity, blur } = augmentations(stream(seed, 'augmentation', epoch, index))
      return blur(distortIntensity(flip(resizedCrop({ planes: [image], shape }, 12, 0.3)), 0.5), 0.5)
    }
    expect(view(9, 1, 2)).toEqual(view(9, 1, 2))
    for (const other of [view(8, 1, 2), view(9, 0, 2), view(9, 1, 3), view(9, 2, 1)])
      expect(view(9, 1, 2)).not.toEqual(other)
  })
})
