import { describe, expect, it } from 'vitest'
import { blockOf } from '../../../../../src/core/mri/coils/calibration.ts'
import {
  type CoilMatrix,
  compressionOf,
  energyKept,
  mixCoils,
  whiteningOf,
} from '../../../../../src/core/mri/coils/compression.ts'
import { makeFourier } from '../../../../../src/core/mri/fourier.ts'
import { RandomState } from '../../../../../src/core/mri/random.ts'
import { expectClose, golden } from '../../../../golden.ts'

const vectors = golden('multicoil')
const [coils, rows, columns] = vectors.array('cc.kspace').shape
const kspace = Float32Array.from(vectors.array('cc.kspace').data)
const { virtual } = vectors.params.cc as { virtual: number }

/** The central 12 × 8 block of the golden vectors. */
const area = { top: (rows - 12) / 2, left: (columns - 8) / 2, rows: 12, columns: 8 }
const block = blockOf(kspace, { coils, rows, columns }, area, 'a test')

/** Mᴴ M, [from, from, 2]. */
function projectorOf({ to, from, elements }: CoilMatrix): Float64Array {
  const product = new Float64Array(2 * from * from)
  for (let row = 0; row < to; row++)
    for (let c = 0; c < from; c++)
      for (let d = 0; d < from; d++) {
        const [a, b] = [2 * (row * from + c), 2 * (row * from + d)]
        product[2 * (c * from + d)] += elements[a] * elements[b] + elements[a + 1] * elements[b + 1]
        product[2 * (c * from + d) + 1] += elements[a] * elements[b + 1] - elements[a + 1] * elements[b]
      }
  return product
}

const rssOf = (x: Float32Array, coils: number) => {
  const images = makeFourier().images(x, [coils, rows, columns], 'inverse')
  const squares = new Float64Array(rows * columns)
  for (const [i, value] of images.entries()) squares[(i >> 1) % squares.length] += value ** 2
  return squares.map(Math.sqrt)
}

describe('virtual coils', () => {
  const { matrix, singularValues } = compressionOf(block, coils, virtual)
  const compressed = mixCoils(matrix, kspace)

  it('equal SciPy’s', () => {
    const expected = vectors.array('cc.singular_values').data
    expect(singularValues).toHaveLength(coils)
    for (const [i, value] of singularValues.entries()) expect(value / expected[i]).toBeCloseTo(1, 5)
    expectClose(projectorOf(matrix), vectors.array('cc.projector').data, 1e-5)
  })

  it('keep the energy and the root of the sum of squares that the vectors give', () => {
    expect(energyKept(kspace, compressed)).toBeCloseTo(vectors.scalar('cc.energy_kept'), 6)
    const [before, after] = [rssOf(kspace, coils), rssOf(compressed, virtual)]
    const norm = (x: Float64Array) => Math.sqrt(x.reduce((sum, value) => sum + value ** 2, 0))
    const error = norm(before.map((value, i) => value - after[i])) / norm(before)
    expect(error).toBeCloseTo(vectors.scalar('cc.rss_rel_err'), 6)
  })

  it('of all coils change nothing but the coils’ basis', () => {
    const whole = compressionOf(block, coils, coils).matrix
    expectClose(rssOf(mixCoils(whole, kspace), coils), rssOf(kspace, coils), 1e-6)
    expect(energyKept(kspace, mixCoils(whole, kspace))).toBeCloseTo(1, 6)
  })

  it('keep all energy of k-space without energy', () => {
    expect(energyKept(new Float32Array(8), new Float32Array(4))).toBe(1)
  })

  it('have a real, positive largest weight', () => {
    for (let row = 0; row < virtual; row++) {
      const weights = matrix.elements.subarray(2 * row * coils, 2 * (row + 1) * coils)
      const lengths = Array.from({ length: coils }, (_, c) => Math.hypot(weights[2 * c], weights[2 * c + 1]))
      const largest = lengths.indexOf(Math.max(...lengths))
      expect(weights[2 * largest]).toBeCloseTo(lengths[largest], 12)
    }
  })

  it('are at least one and at most as many as the coils', () => {
    for (const wrong of [0, coils + 1, 1.5])
      expect(() => compressionOf(block, coils, wrong)).toThrow(`Expected 1 to ${coils} virtual coils, got ${wrong}`)
  })
})

describe('pre-whitening', () => {
  const { data, shape } = vectors.array('whiten.noise')
  const noise = Float64Array.from(data)

  it('is the inverse of the Cholesky factor of the noise’s covariance', () => {
    expectClose(whiteningOf(noise, shape[0]).elements, vectors.array('whiten.matrix').data, 1e-12)
  })

  it('makes the covariance the identity', () => {
    const white = mixCoils(whiteningOf(noise, shape[0]), Float32Array.from(noise))
    const covariance = new Float64Array(2 * shape[0] ** 2)
    for (let c = 0; c < shape[0]; c++)
      for (let d = 0; d < shape[0]; d++)
        for (let i = 0; i < 2 * shape[1]; i += 2) {
          const [a, b] = [2 * c * shape[1] + i, 2 * d * shape[1] + i]
          const at = 2 * (c * shape[0] + d)
          covariance[at] += (white[a] * white[b] + white[a + 1] * white[b + 1]) / (shape[1] - 1)
          covariance[at + 1] += (white[a + 1] * white[b] - white[a] * white[b + 1]) / (shape[1] - 1)
        }
    const identity = covariance.map((_, i) => Number(i % (2 * shape[0] + 2) === 0))
    expectClose(covariance, identity, 1e-5)
  })

  it('refuses a coil without noise of its own', () => {
    const copied = noise.slice()
    copied.copyWithin(2 * shape[1], 0, 2 * shape[1]) // coil 2 repeats coil 1
    expect(() => whiteningOf(copied, shape[0])).toThrow(/coil 2 without noise of its own\. Leave out this coil/)
    const samples = 2 * shape[1]
    const sum = Float64Array.from(noise, (value, i) =>
      i >= 2 * samples && i < 3 * samples ? Math.fround(noise[i - samples] + noise[i - 2 * samples]) : value,
    )
    expect(() => whiteningOf(sum, shape[0])).toThrow(/coil 3 without noise of its own/)
  })
})

it('a matrix times many coils equals its definition', () => {
  const random = RandomState.fromSeed(3)
  const [to, from, samples] = [2, 3, 5001] // more samples than are summed at a time
  const elements = Float64Array.from({ length: 2 * to * from }, () => random.normal())
  const x = Float32Array.from({ length: 2 * from * samples }, () => random.normal())
  const expected = Float64Array.from({ length: 2 * to * samples }, (_, i) => {
    const [row, sample] = [Math.floor(i / (2 * samples)), (i >> 1) % samples]
    return Array.from({ length: from }, (_, c) => {
      const [re, im] = elements.subarray(2 * (row * from + c))
      const [xRe, xIm] = x.subarray(2 * (c * samples + sample))
      return i % 2 ? re * xIm + im * xRe : re * xRe - im * xIm
    }).reduce((sum, value) => sum + value)
  })
  expectClose(mixCoils({ to, from, elements }, x), expected, 1e-6)
  expect(() => mixCoils({ to, from, elements }, x.subarray(1))).toThrow(RangeError)
})
