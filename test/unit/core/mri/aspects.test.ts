import { describe, expect, it } from 'vitest'
import {
  largest,
  logMagnitude,
  logSpectrum,
  norm,
  phaseImage,
  pixelStatistics,
  residualOf,
  ssimImage,
} from '../../../../src/core/mri/aspects.ts'
import { fft2Centred, ifft2Centred } from '../../../../src/core/mri/fft-double.ts'
import { makeFourier } from '../../../../src/core/mri/fourier.ts'
import { scoreVolume } from '../../../../src/core/mri/metrics.ts'
import { columnPattern, fullPattern, multiply } from '../../../../src/core/mri/pattern.ts'
import { RandomState } from '../../../../src/core/mri/random.ts'
import { centreCropReal, type Shape } from '../../../../src/core/mri/transform.ts'
import { expectClose } from '../../../golden.ts'

const fourier = makeFourier()
const all = ([rows, columns]: Shape) => fullPattern(rows, columns)
const everyThird = (columns: number) => Uint8Array.from({ length: columns }, (_, column) => Number(column % 3 === 1))
const noise = (length: number, seed = 0) => {
  const random = RandomState.fromSeed(seed)
  return Float32Array.from({ length }, () => random.normal())
}

/** k-space [rows, columns, 2] with one sample of this value, and zeros elsewhere. */
function impulse([rows, columns]: Shape, row: number, column: number, value: readonly [number, number]): Float32Array {
  const kspace = new Float32Array(2 * rows * columns)
  kspace.set(value, 2 * (row * columns + column))
  return kspace
}

const SHAPES: readonly Shape[] = [
  [12, 8],
  [9, 7],
]

describe('logMagnitude', () => {
  it('is log₁₀, is NaN for unmeasured samples, and is never below a millionth of the largest value', () => {
    const pattern = columnPattern(Uint8Array.of(1, 0, 1), 2)
    const kspace = Float32Array.of(3, 4, 1, 0, 0, 50, 0, 0, 0, 0.001, 1e-9, 0) // [2, 3, 2]
    const log = logMagnitude(multiply(pattern, kspace), 1, pattern)
    expectClose([...log].filter(Number.isFinite), [5, 50, 5e-5, 5e-5].map(Math.log10), 1e-6)
    expect([log[1], log[4]]).toEqual([Number.NaN, Number.NaN])
    expect(log[3]).toBe(log[5])
  })
})

describe.each(SHAPES)('of %d × %d', (height, width) => {
  const shape: Shape = [height, width]
  const [row0, column0] = [Math.floor(height / 2), Math.floor(width / 2)]

  it('the spectrum of a constant is one sample, of a wave along the columns two', () => {
    const at = (log: Float32Array, row: number, column: number) => 10 ** log[row * width + column]
    const peak = 2 * Math.sqrt(height * width)
    const constant = logSpectrum(fourier, new Float32Array(height * width).fill(2), shape)
    expect(at(constant, row0, column0)).toBeCloseTo(peak, 5)
    expect([...constant].filter(value => 10 ** value > 1.01e-6 * peak)).toHaveLength(1)
    const wave = Float32Array.from({ length: height * width }, (_, i) =>
      Math.cos((2 * Math.PI * 2 * ((i % width) - column0)) / width),
    )
    const log = logSpectrum(fourier, wave, shape)
    for (const column of [column0 - 2, column0 + 2])
      expect(at(log, row0, column)).toBeCloseTo(Math.sqrt(height * width) / 2, 5)
    expect([...log].filter(value => 10 ** value > 1e-3)).toHaveLength(2)
  })

  it('the phase of one sample of k-space is a ramp, cut to the middle', () => {
    const [down, across, turned] = [2, -1, 0.7]
    const kspace = impulse(shape, row0 + down, column0 + across, [Math.cos(turned), Math.sin(turned)])
    const crop: Shape = [5, 4]
    const phase = phaseImage(fourier, multiply(all(shape), kspace), shape, crop)
    expect(phase).toHaveLength(20)
    const [top, left] = [Math.floor((height - 5) / 2), Math.floor((width - 4) / 2)]
    for (const [i, value] of phase.entries()) {
      const [row, column] = [top + Math.floor(i / 4) - row0, left + (i % 4) - column0]
      const expected = turned + 2 * Math.PI * ((down * row) / height + (across * column) / width)
      expect(Math.cos(value - expected)).toBeCloseTo(1, 6)
      expect(Math.abs(value)).toBeLessThanOrEqual(Math.PI + 1e-6)
    }
  })
})

describe.each(SHAPES)('the residual in %d × %d', (height, width) => {
  const shape: Shape = [height, width]
  const crop: Shape = [height - 3, width - 2]
  const columns = everyThird(width)
  const mask = columnPattern(columns, height)
  const measured = multiply(mask, noise(2 * height * width))
  const measurement = { measured, coils: 1, mask, shape, crop }
  const complex = ifft2Centred(Float64Array.from(measured), height, width)
  const whole = Float32Array.from({ length: height * width }, (_, i) => Math.hypot(complex[2 * i], complex[2 * i + 1]))
  const zeroFilled = centreCropReal(whole, shape, crop)

  it('of the zero-filled magnitude is rounding error only', () => {
    expect(norm(residualOf(fourier, zeroFilled, measurement))).toBeLessThan(1e-7 * norm(measured))
  })

  it('of a changed pixel is that change’s spectrum in the measured columns, with the zero-filled phase', () => {
    const [row, column, change] = [2, 3, 0.25]
    const image = zeroFilled.slice()
    image[row * crop[1] + column] += change
    const at = (Math.floor((height - crop[0]) / 2) + row) * width + Math.floor((width - crop[1]) / 2) + column
    const added = new Float64Array(complex.length)
    added[2 * at] = (change * complex[2 * at]) / whole[at]
    added[2 * at + 1] = (change * complex[2 * at + 1]) / whole[at]
    const expected = fft2Centred(added, height, width).map((value, i) => (columns[(i >> 1) % width] ? value : 0))
    expectClose(residualOf(fourier, image, measurement), expected, 1e-5)
  })

  it('of twice the image over the whole grid is the measurement', () => {
    const twice = whole.map(value => 2 * value)
    const difference = residualOf(fourier, twice, { ...measurement, crop: shape })
    expectClose(difference, measured, 1e-6)
    expect(largest(difference, 1)).toBeCloseTo(largest(measured, 1), 5)
  })

  it('takes phase 0 for a pixel without signal', () => {
    const nothing = new Float32Array(2 * height * width)
    const image = new Float32Array(height * width).fill(1)
    const difference = residualOf(fourier, image, { measured: nothing, coils: 1, mask: all(shape), shape, crop: shape })
    expect(norm(difference)).toBeCloseTo(Math.sqrt(height * width), 5)
  })
})

describe('several coils', () => {
  const shape: Shape = [9, 8]
  const [samples, coils] = [72, 3]
  const crop: Shape = [6, 5]
  const columns = everyThird(8)
  const mask = columnPattern(columns, 9)
  const measured = multiply(mask, noise(2 * coils * samples, 7))
  const coil = (values: Float32Array, c: number) => values.subarray(2 * c * samples, 2 * (c + 1) * samples)
  const measurement = { measured, coils, mask, shape, crop }

  it('are shown as the root of the sum of squares', () => {
    const log = logMagnitude(measured, coils, mask)
    expect(log).toHaveLength(samples)
    const rss = Float64Array.from({ length: samples }, (_, i) =>
      Math.hypot(
        ...Array.from({ length: coils }, (_, c) => Math.hypot(...coil(measured, c).subarray(2 * i, 2 * i + 2))),
      ),
    )
    for (const [i, value] of log.entries())
      if (columns[i % 8]) expect(10 ** value / rss[i]).toBeCloseTo(1, 5)
      else expect(value).toBeNaN()
    expect(largest(measured, coils)).toBeCloseTo(Math.max(...rss), 5)
    expect(norm(measured)).toBeCloseTo(Math.hypot(...rss), 4)
  })

  it('have a residual by its definition in double precision: phase and share of each coil are the zero-filled', () => {
    const images = Array.from({ length: coils }, (_, c) => ifft2Centred(Float64Array.from(coil(measured, c)), 9, 8))
    const magnitudes = noise(crop[0] * crop[1], 9).map(Math.abs)
    const [top, left] = [1, 1] // ⌊(9 − 6) / 2⌋, ⌊(8 − 5) / 2⌋
    for (const [pixel, wanted] of magnitudes.entries()) {
      const at = (top + Math.floor(pixel / 5)) * 8 + left + (pixel % 5)
      const rss = Math.hypot(...images.flatMap(image => [image[2 * at], image[2 * at + 1]]))
      for (const image of images) for (const part of [2 * at, 2 * at + 1]) image[part] *= wanted / rss
    }
    const expected = images.flatMap((image, c) =>
      Array.from(fft2Centred(image, 9, 8), (value, i) => (columns[(i >> 1) % 8] ? value - coil(measured, c)[i] : 0)),
    )
    expectClose(residualOf(fourier, magnitudes, measurement), expected, 1e-5)
  })

  it('have no residual for the zero-filled root of the sum of squares', () => {
    const images = Array.from({ length: coils }, (_, c) => ifft2Centred(Float64Array.from(coil(measured, c)), 9, 8))
    const rss = Float32Array.from({ length: samples }, (_, i) =>
      Math.hypot(...images.flatMap(image => [image[2 * i], image[2 * i + 1]])),
    )
    const difference = residualOf(fourier, centreCropReal(rss, shape, crop), measurement)
    expect(norm(difference)).toBeLessThan(1e-6 * norm(measured))
  })

  it('have equal shares of a pixel without signal', () => {
    const nothing = new Float32Array(2 * coils * samples)
    const image = new Float32Array(samples).fill(1)
    const difference = residualOf(fourier, image, { measured: nothing, coils, mask: all(shape), shape, crop: shape })
    expect(norm(difference)).toBeCloseTo(Math.sqrt(samples), 5)
    expectClose(coil(difference, 1), coil(difference, 0), 0)
  })
})

describe('ssimImage', () => {
  const shape: Shape = [20, 15]
  const [image, truth] = [noise(300, 1), noise(300, 2)]

  it('has the slice’s SSIM as its mean, and no value in the three pixels at each edge', () => {
    const map = ssimImage(image, truth, shape, 3)
    const values = [...map].filter(value => !Number.isNaN(value))
    expect(values).toHaveLength(14 * 9)
    const { ssim } = scoreVolume({ prediction: image, target: truth, shape: [1, ...shape], maximum: 3 })
    expect(values.reduce((sum, value) => sum + value, 0) / values.length).toBeCloseTo(ssim, 6)
    for (const [i, value] of map.entries()) {
      const [row, column] = [Math.floor(i / 15), i % 15]
      expect(Number.isNaN(value)).toBe(row < 3 || row > 16 || column < 3 || column > 11)
    }
  })

  it('is 1 for equal images, and is below 1 only where the images differ', () => {
    const changed = truth.slice()
    changed[10 * 15 + 7] += 5
    const map = ssimImage(changed, truth, shape, 3)
    for (const [i, value] of map.entries()) {
      const near = Math.abs(Math.floor(i / 15) - 10) <= 3 && Math.abs((i % 15) - 7) <= 3
      if (!Number.isNaN(value)) expect(value > 1 - 1e-6).toBe(!near)
    }
  })
})

describe('pixelStatistics', () => {
  it('is the mean and sample standard deviation of each pixel', () => {
    const { mean, spread } = pixelStatistics([Float32Array.of(1, 5), Float32Array.of(2, 5), Float32Array.of(6, 5)])
    expectClose(mean, [3, 5], 1e-6)
    expectClose(spread, [Math.sqrt(7), 0], 1e-6)
  })
})
