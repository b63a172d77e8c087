import { describe, expect, it } from 'vitest'
import { scoreVolume, ssimMap } from '../../../../src/core/mri/metrics.ts'
import { RandomState } from '../../../../src/core/mri/random.ts'
import { golden } from '../../../golden.ts'

type Shape = [number, number, number]

const vectors = golden('metrics')
const CASES = [
  'noisy',
  'noisy_maxval2',
  'identical',
  'const_vs_const',
  'const_identical',
  'zero_pred',
  'zero_gt',
  'zero_both',
  'seven_by_seven',
  'small_scale',
  'inverted',
]

function load(name: string) {
  const target = vectors.array(`${name}.gt`)
  const prediction = vectors.array(`${name}.pred`)
  return {
    target: target.data as Float32Array,
    prediction: prediction.data as Float32Array,
    shape: target.shape as Shape,
  }
}

/** Expects equality to 1e-9 of the value (absolute below 1). NaN and ±∞ are equal to themselves. */
function expectNear(actual: number, expected: number) {
  if (!Number.isFinite(expected)) expect(actual).toBe(expected)
  else expect(Math.abs(actual - expected)).toBeLessThanOrEqual(1e-9 * Math.max(1, Math.abs(expected)))
}

describe('scoreVolume equals fastMRI’s evaluation', () => {
  it.each(CASES)('%s', name => {
    const maximum = name === 'noisy_maxval2' ? 2 : undefined
    const score = scoreVolume({ ...load(name.replace('_maxval2', '')), maximum })
    expectNear(score.nmse, vectors.scalar(`${name}.nmse`))
    expectNear(score.psnr, vectors.scalar(`${name}.psnr`))
    expectNear(score.ssim, vectors.scalar(`${name}.ssim`))
    expectNear(score.ssim, vectors.scalar(`${name}.skimage_ssim`))
    const slices = vectors.scalars(`${name}.ssim_slices`)
    expect(score.ssimSlices.length).toBe(slices.length)
    for (const [slice, ssim] of slices.entries()) expectNear(score.ssimSlices[slice], ssim)
    expect(score.maximum).toBe(vectors.scalar(`${name}.maxval`))
    expectNear(score.sliceWise.nmse, vectors.scalar(`${name}.legacy_slicewise_nmse`))
    expectNear(score.sliceWise.psnr, vectors.scalar(`${name}.legacy_slicewise_psnr`))
  })
})

/** SSIM of one window, from its definition. */
function windowSsim(x: number[], y: number[], maximum: number): number {
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
  const covariance = (p: number[], q: number[]) => {
    const [meanP, meanQ] = [mean(p), mean(q)]
    return p.reduce((sum, value, i) => sum + (value - meanP) * (q[i] - meanQ), 0) / (p.length - 1)
  }
  const [c1, c2] = [(0.01 * maximum) ** 2, (0.03 * maximum) ** 2]
  const [mx, my] = [mean(x), mean(y)]
  return (
    ((2 * mx * my + c1) * (2 * covariance(x, y) + c2)) /
    ((mx * mx + my * my + c1) * (covariance(x, x) + covariance(y, y) + c2))
  )
}

/** The values of the 7 × 7 window about a pixel, within the image. */
function windowAbout(image: Float32Array, height: number, width: number, row: number, column: number): number[] {
  const values: number[] = []
  for (let i = Math.max(0, row - 3); i <= Math.min(height - 1, row + 3); i++) {
    for (let j = Math.max(0, column - 3); j <= Math.min(width - 1, column + 3); j++) values.push(image[i * width + j])
  }
  return values
}

/** A bright disc in faint noise, and a prediction with errors. */
function discVolume([slices, height, width]: Shape, scale: number, level = 0) {
  const random = RandomState.fromSeed(11)
  const target = Float32Array.from({ length: slices * height * width }, (_, pixel) => {
    const row = Math.floor(pixel / width) % height
    const inside = Math.hypot(row - height / 2, (pixel % width) - width / 3) < height / 4
    return scale * (level + (inside ? 0.6 : 0.02) + 0.05 * random.uniform())
  })
  return { target, prediction: target.map(value => value + scale * 0.05 * random.normal()) }
}

describe('ssimMap', () => {
  it.each([
    ['near 1', 1, 0],
    ['near 1e-4, as in the files', 1e-4, 0],
    ['on a common level 1000 times their contrast', 1, 1000],
  ])('equals the definition, images %s', (_, scale, level) => {
    const [height, width] = [15, 12]
    const { target, prediction } = discVolume([1, height, width], scale, level)
    const map = ssimMap(prediction, target, height, width, scale)
    expect(map.length).toBe((height - 6) * (width - 6))
    for (let row = 3; row < height - 3; row++) {
      for (let column = 3; column < width - 3; column++) {
        const x = windowAbout(prediction, height, width, row, column)
        const y = windowAbout(target, height, width, row, column)
        expectNear(map[(row - 3) * (width - 6) + column - 3], windowSsim(x, y, scale))
      }
    }
  })

  it('is not disturbed outside the windows of an outlier', () => {
    const { target, prediction } = discVolume([1, 20, 20], 1)
    const clean = ssimMap(prediction, target, 20, 20, 1)
    prediction[0] = 1e3
    const disturbed = ssimMap(prediction, target, 20, 20, 1)
    expect(disturbed[0]).toBeLessThan(1e-3)
    for (let i = 1; i < clean.length; i++) expectNear(disturbed[i], clean[i])
  })

  it('is exactly 1 for equal images', () => {
    const { target } = discVolume([1, 20, 20], 1e-4)
    expect(new Set(ssimMap(target, target.slice(), 20, 20, 1e-4))).toEqual(new Set([1]))
  })

  it.each([
    [6, 7],
    [7, 6],
  ])('refuses images of %i × %i', (height, width) => {
    const image = new Float32Array(height * width)
    expect(() => ssimMap(image, image, height, width, 1)).toThrow(`got ${height} × ${width}`)
    expect(() => ssimMap(image, image, height, width, 1)).toThrow(expect.objectContaining({ code: 'SHAPE_MISMATCH' }))
  })
})

describe('foreground', () => {
  const shape: Shape = [2, 24, 26]
  const [slices, height, width] = shape

  it('equals the definition', () => {
    const { target, prediction } = discVolume(shape, 1e-4)
    const maximum = Math.max(...target)
    let [squaredError, energy, pixels, ssim, windows] = [0, 0, 0, 0, 0]
    for (let slice = 0; slice < slices; slice++) {
      const from = slice * height * width
      const truth = target.subarray(from, from + height * width)
      const predicted = prediction.subarray(from, from + height * width)
      for (let pixel = 0; pixel < height * width; pixel++) {
        const [row, column] = [Math.floor(pixel / width), pixel % width]
        const y = windowAbout(truth, height, width, row, column)
        if (y.reduce((sum, value) => sum + value, 0) / y.length < 0.1 * maximum) continue
        squaredError += (truth[pixel] - predicted[pixel]) ** 2
        energy += truth[pixel] ** 2
        pixels++
        if (y.length < 49 || row < 3 || column < 3 || row > height - 4 || column > width - 4) continue
        ssim += windowSsim(windowAbout(predicted, height, width, row, column), y, maximum)
        windows++
      }
    }
    expect(pixels).toBeGreaterThan(100)
    expect(pixels).toBeLessThan(target.length / 2)
    expect(windows).toBeLessThan(pixels) // The disc reaches the edge of the image, where no window fits.
    const { foreground } = scoreVolume({ target, prediction, shape })
    expectNear(foreground.nmse, squaredError / energy)
    expectNear(foreground.psnr, 10 * Math.log10(maximum ** 2 / (squaredError / pixels)))
    expectNear(foreground.ssim, ssim / windows)
  })

  it('ignores errors in air', () => {
    const target = new Float32Array(40 * 40)
    for (let row = 16; row < 24; row++) target.fill(1, row * 40 + 16, row * 40 + 24)
    const prediction = target.slice().fill(0.3, 0, 40)
    const score = scoreVolume({ target, prediction, shape: [1, 40, 40] })
    expectNear(score.foreground.ssim, 1)
    expect(score.foreground).toMatchObject({ psnr: Infinity, nmse: 0 })
    expect(score.nmse).toBeGreaterThan(0.05)
    expect(score.ssim).toBeLessThan(1)
  })

  it('uses the given maximum', () => {
    const { target, prediction } = discVolume(shape, 1)
    expect(scoreVolume({ target, prediction, shape, maximum: 100 }).foreground).toEqual({
      ssim: Number.NaN,
      psnr: Number.NaN,
      nmse: Number.NaN,
    })
  })

  it('is empty for an empty ground truth', () => {
    expect(scoreVolume(load('zero_gt')).foreground.nmse).toBeNaN()
  })

  it('is everywhere for a constant ground truth', () => {
    const score = scoreVolume(load('const_vs_const'))
    expectNear(score.foreground.ssim, score.ssim)
    expect(score.foreground).toMatchObject({ psnr: score.psnr, nmse: score.nmse })
  })
})

describe('scoreVolume', () => {
  it.each([
    ['prediction', { prediction: new Float32Array(99) }],
    ['target', { target: new Float32Array(101) }],
  ])('refuses a %s of another size', (what, change) => {
    const volume = { prediction: new Float32Array(100), target: new Float32Array(100), shape: [1, 10, 10] as Shape }
    const score = () => scoreVolume({ ...volume, ...change })
    expect(score).toThrow(`Expected a ${what} of 1 × 10 × 10 pixels`)
    expect(score).toThrow(expect.objectContaining({ code: 'SHAPE_MISMATCH' }))
  })

  it('gives NaN for a prediction with NaN', () => {
    const { target, prediction } = discVolume([1, 10, 10], 1)
    prediction[5] = Number.NaN
    const score = scoreVolume({ target, prediction, shape: [1, 10, 10] })
    expect([score.ssim, score.psnr, score.nmse]).toEqual([Number.NaN, Number.NaN, Number.NaN])
  })
})
