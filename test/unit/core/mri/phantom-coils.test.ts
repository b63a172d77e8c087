import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { cholesky } from '../../../../src/core/mri/coils/cholesky.ts'
import { ifft2Centred } from '../../../../src/core/mri/fft-double.ts'
import { acquire, acquireCoils, drawReceiver } from '../../../../src/core/mri/phantom/acquire.ts'
import { addNoise } from '../../../../src/core/mri/phantom/coil-noise.ts'
import { type CoilElement, drawCoils } from '../../../../src/core/mri/phantom/coils.ts'
import { drawPatient } from '../../../../src/core/mri/phantom/draw-patient.ts'
import { FINE_COLUMNS, FINE_ROWS, fineX, fineY, sizesOf } from '../../../../src/core/mri/phantom/grid.ts'
import {
  coilMaps,
  coilNoise,
  generatorInWords,
  ismrmrdHeader,
  studyFiles,
  synthesizeCoils,
  synthesizeSlice,
} from '../../../../src/core/mri/phantom/index.ts'
import { tissueTable } from '../../../../src/core/mri/phantom/tissues.ts'
import { stream } from '../../../../src/core/mri/random.ts'
import { expectClose } from '../../../golden.ts'

const spec = { seed: 1, patient: 0, acquisition: 'CORPD_FBK', slice: 1, slices: 3, voxel: 2, coils: 4 } as const
const { rows, columns, crop } = sizesOf(2)
const made = synthesizeCoils(spec)

/** SHA-256 of the bits of arrays. */
const bitsOf = (...arrays: readonly Float32Array[]) =>
  arrays
    .reduce(
      (hash, { buffer, byteOffset, byteLength }) => hash.update(new Uint8Array(buffer, byteOffset, byteLength)),
      createHash('sha256'),
    )
    .digest('hex')

/** Root sum of squares of the coil images of k-space [coils, rows, columns, 2], centre crop. */
function rootSumOfSquares(kspace: Float32Array): Float32Array {
  const length = 2 * rows * columns
  const power = new Float64Array(crop * crop)
  for (let start = 0; start < kspace.length; start += length) {
    const image = ifft2Centred(Float64Array.from(kspace.subarray(start, start + length)), rows, columns)
    for (let i = 0; i < power.length; i++) {
      const row = (rows - crop) / 2 + Math.floor(i / crop)
      const at = 2 * (row * columns + (columns - crop) / 2 + (i % crop))
      power[i] += image[at] ** 2 + image[at + 1] ** 2
    }
  }
  return Float32Array.from(power, Math.sqrt)
}

/** S_c(r) by its definition. */
function defined({ centre, radiusMm, strength, phase }: CoilElement, x: number, y: number, z: number) {
  const squared = (x - centre.x) ** 2 + (y - centre.y) ** 2 + (z - centre.z) ** 2
  const magnitude = strength * (1 + squared / radiusMm ** 2) ** -1.5
  const [u, v] = [x / 80, y / 140]
  const angle = phase[0] + phase[1] * u + phase[2] * u * u + phase[3] * v + phase[4] * v * v
  return [magnitude * Math.cos(angle), magnitude * Math.sin(angle)] as const
}

const noNoise = { normal: () => 0 }

describe('the frozen generator with coils', () => {
  // Other processors and systems may differ in the last bit of a sine.
  it.runIf(process.platform === 'linux' && process.arch === 'x64')('draws one slice with the recorded bits', () => {
    expect(bitsOf(made.kspace, made.noiseFree, made.maps)).toBe(
      '52a8f934c7bd0a4172ef9d8378eb27f0875a471f9efadb02f3af6af825d83e0b',
    )
  })

  it('gives the same bits again, and others for other coils', () => {
    const again = synthesizeCoils(spec)
    expect(bitsOf(again.kspace, again.noiseFree, again.maps)).toBe(bitsOf(made.kspace, made.noiseFree, made.maps))
    expect(drawCoils(1, 0, 5)[0]).not.toEqual(drawCoils(1, 0, 4)[0])
    expect(drawCoils(1, 1, 4)[0]).not.toEqual(drawCoils(1, 0, 4)[0])
  })

  it('states its version, its coils in the header and in the names of files', () => {
    expect(generatorInWords(3, 8)).toBe('Self-MRI synthetic knee, version 2, seed 3')
    expect(generatorInWords(3, 1)).toBe('Self-MRI synthetic knee, version 1, seed 3')
    expect(ismrmrdHeader(spec, 3, 2, 8)).toContain('<receiverChannels>8</receiverChannels>')
    expect(ismrmrdHeader(spec, 3)).toContain('<receiverChannels>1</receiverChannels>')
    const names = (coils: number) => studyFiles(3, { train: 1, val: 0, test: 0 }, coils).map(({ file }) => file)
    expect(names(1)[0]).toBe('synthetic_knee_3_000_CORPD_FBK.h5')
    expect(names(8)[0]).toBe('synthetic_knee_8coils_3_000_CORPD_FBK.h5')
  })

  it('refuses a number of coils out of its range', () => {
    for (const coils of [0, 1, 33, 2.5, Number.NaN])
      expect(() => synthesizeCoils({ ...spec, coils })).toThrow('Expected 2 to 32 coils')
  })
})

describe('k-space of coils', () => {
  it('is cut(F(S_c · m)) of each coil', () => {
    // For a plane with one bright sample, F(S_c · m) is F(m) times the number S_c at that sample.
    const receiver = drawReceiver(1, 0, 'CORPD_FBK')
    const elements = drawCoils(1, 0, 3)
    const covariance = coilNoise({ ...spec, coils: 3 })
    const depthMm = 7
    for (const [row, column] of [
      [480, 288],
      [300, 211],
      [655, 402],
    ]) {
      const signal = new Float32Array(FINE_ROWS * FINE_COLUMNS)
      signal[row * FINE_COLUMNS + column] = 1
      const { kspace } = acquireCoils(signal, receiver, { elements, covariance, depthMm }, noNoise, 2)
      const alone = acquire(signal, { ...receiver, base: 1, elements: [] }, 0, noNoise, 2).kspace
      const expected = elements.flatMap(element => {
        const [re, im] = defined(element, fineX(column), fineY(row), depthMm)
        return Array.from(alone, (value, i) =>
          i % 2 === 0 ? value * re - alone[i + 1] * im : value * re + alone[i - 1] * im,
        )
      })
      expectClose(kspace, Float32Array.from(expected), 1e-6)
    }
  })

  it('has the root sum of squares that is stored as the noise-free image', () => {
    const signal = Float32Array.from({ length: FINE_ROWS * FINE_COLUMNS }, (_, i) => {
      const [x, y] = [fineX(i % FINE_COLUMNS), fineY(Math.floor(i / FINE_COLUMNS))]
      return Math.hypot(x, y / 2) < 55 ? 0.5 + 0.4 * Math.sin(x / 6) * Math.sin(y / 9) : 0
    })
    const coils = { elements: drawCoils(1, 0, 3), covariance: coilNoise({ ...spec, coils: 3 }), depthMm: 0 }
    const { kspace, noiseFree } = acquireCoils(signal, drawReceiver(1, 0, 'CORPD_FBK'), coils, noNoise, 2)
    expectClose(noiseFree, rootSumOfSquares(kspace), 1e-6)
  })

  it('shows the knee of the single coil, with noise', () => {
    const { noiseFree } = synthesizeSlice(spec)
    const correlation = (a: Float32Array, b: Float32Array) => {
      const dot = (p: Float32Array, q: Float32Array) => p.reduce((sum, value, i) => sum + value * q[i], 0)
      return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b))
    }
    expect(correlation(made.noiseFree, noiseFree)).toBeGreaterThan(0.95)
    const measured = rootSumOfSquares(made.kspace)
    expect(correlation(measured, made.noiseFree)).toBeGreaterThan(0.99)
    expect(correlation(measured, made.noiseFree)).toBeLessThan(0.99999)
  })
})

describe('coil maps', () => {
  const pixels = crop * crop
  const at = (map: number, row: number, column: number) => 2 * (map * pixels + row * crop + column)

  it('are the sensitivities, normalised to a root sum of squares of 1', () => {
    const elements = drawCoils(spec.seed, spec.patient, spec.coils)
    const whole = coilMaps(spec, [rows, columns])
    for (const [row, column] of [
      [0, 0],
      [160, 93],
      [71, 140],
    ]) {
      // Pixels of 2 · 0.4375 mm, with the middle of the field of view at pixel n / 2. The middle slice is at −6 mm.
      const values = elements.map(element => defined(element, (column - 93) * 0.875, (row - 160) * 0.875, -6))
      const norm = Math.hypot(...values.flat())
      const got = elements.map((_, c) => {
        const place = 2 * ((c * rows + row) * columns + column)
        return Array.from(whole.subarray(place, place + 2))
      })
      expectClose(
        Float64Array.from(got.flat()),
        Float64Array.from(values.flat(), value => value / norm),
        1e-6,
      )
    }
    const centre = Float32Array.from(made.maps, (_, i) => {
      const [c, pixel] = [Math.floor(i / (2 * pixels)), (i >> 1) % pixels]
      const [row, column] = [(rows - crop) / 2 + Math.floor(pixel / crop), (columns - crop) / 2 + (pixel % crop)]
      return whole[2 * ((c * rows + row) * columns + column) + (i & 1)]
    })
    expect(made.maps).toEqual(centre)
  })

  it('are smooth', () => {
    let largest = 0
    for (let c = 0; c < spec.coils; c++)
      for (let row = 1; row < crop - 1; row++)
        for (let column = 1; column < crop - 1; column++)
          for (const part of [0, 1])
            for (const [down, right] of [
              [1, 0],
              [0, 1],
            ]) {
              const value = (steps: number) => made.maps[at(c, row + steps * down, column + steps * right) + part]
              largest = Math.max(largest, Math.abs(value(-1) - 2 * value(0) + value(1)))
            }
    // A map that bends over 35 mm changes its slope by (0.875 / 35)² from pixel to pixel.
    expect(largest).toBeLessThan((0.875 / 35) ** 2)
    expect(largest).toBeGreaterThan(1e-5)
  })

  it('have no phase vortex: the phase turns by 0 around every loop of four pixels', () => {
    const phase = (c: number, row: number, column: number) =>
      Math.atan2(made.maps[at(c, row, column) + 1], made.maps[at(c, row, column)])
    const turns = new Set<number>()
    for (let c = 0; c < spec.coils; c++)
      for (let row = 0; row < crop - 1; row++)
        for (let column = 0; column < crop - 1; column++) {
          const loop = [phase(c, row, column), phase(c, row, column + 1), phase(c, row + 1, column + 1)]
          loop.push(phase(c, row + 1, column))
          const steps = loop.map((angle, i) => {
            const step = loop[(i + 1) % 4] - angle
            return step - 2 * Math.PI * Math.round(step / (2 * Math.PI))
          })
          turns.add(Math.abs(Math.round(steps.reduce((sum, step) => sum + step, 0) / (2 * Math.PI))))
        }
    expect([...turns]).toEqual([0])
  })

  it('differ from coil to coil, so that parallel imaging is possible', () => {
    const product = (a: number, b: number) => {
      let [re, im] = [0, 0]
      for (let i = 0; i < 2 * pixels; i += 2) {
        const [x, y] = [2 * a * pixels + i, 2 * b * pixels + i]
        re += made.maps[x] * made.maps[y] + made.maps[x + 1] * made.maps[y + 1]
        im += made.maps[x + 1] * made.maps[y] - made.maps[x] * made.maps[y + 1]
      }
      return Math.hypot(re, im)
    }
    for (let c = 1; c < spec.coils; c++)
      expect(product(0, c) / Math.sqrt(product(0, 0) * product(c, c))).toBeLessThan(0.9)
  })
})

describe('noise of coils', () => {
  const coils = 8
  const covariance = coilNoise({ ...spec, coils })
  const value = (matrix: ArrayLike<number>, c: number, d: number) => [
    matrix[2 * (c * coils + d)],
    matrix[2 * (c * coils + d) + 1],
  ]

  it('has a Hermitian covariance that Cholesky factors', () => {
    const lower = cholesky(covariance)
    for (let c = 0; c < coils; c++)
      for (let d = 0; d < coils; d++) {
        const [re, im] = value(covariance, c, d)
        expect(value(covariance, d, c)).toEqual([re, c === d ? 0 : -im])
        let [sumRe, sumIm] = [0, 0]
        for (let k = 0; k < coils; k++) {
          const [[a, b], [p, q]] = [value(lower, c, k), value(lower, d, k)]
          sumRe += a * p + b * q
          sumIm += b * p - a * q
        }
        expect(Math.hypot(sumRe - re, sumIm - im) / value(covariance, 0, 0)[0]).toBeLessThan(1e-12)
        if (c === d) expect(value(lower, c, c)[0]).toBeGreaterThan(0)
        if (d > c) expect(value(lower, c, d)).toEqual([0, 0])
      }
  })

  it('is correlated between coils as in a real array', () => {
    const correlations = Array.from({ length: coils * coils }, (_, i) => {
      const [c, d] = [Math.floor(i / coils), i % coils]
      const power = value(covariance, c, c)[0] * value(covariance, d, d)[0]
      return c < d ? Math.hypot(...value(covariance, c, d)) / Math.sqrt(power) : 0
    })
    expect(Math.max(...correlations)).toBeGreaterThan(0.1)
    expect(Math.max(...correlations)).toBeLessThan(0.5)
  })

  it('has the stated covariance', () => {
    const samples = 20_000
    const noise = new Float32Array(2 * coils * samples)
    addNoise(noise, covariance, stream(5, 'test-noise'))
    for (let c = 0; c < coils; c++)
      for (let d = 0; d <= c; d++) {
        let [re, im] = [0, 0]
        for (let k = 0; k < samples; k++) {
          const [x, y] = [2 * (c * samples + k), 2 * (d * samples + k)]
          re += noise[x] * noise[y] + noise[x + 1] * noise[y + 1]
          im += noise[x + 1] * noise[y] - noise[x] * noise[y + 1]
        }
        const [expectedRe, expectedIm] = value(covariance, c, d)
        // The mean of n products has the standard deviation √(Ψ_cc Ψ_dd / n).
        const sd = Math.sqrt((value(covariance, c, c)[0] * value(covariance, d, d)[0]) / samples)
        expect(Math.hypot(re / samples - expectedRe, im / samples - expectedIm) / sd).toBeLessThan(4.5)
      }
  })

  it('has half the standard deviation for voxels of twice the size, and grows as the SNR falls', () => {
    const fine = coilNoise({ ...spec, voxel: 1, coils })
    expectClose(
      fine,
      covariance.map(number => 4 * number),
      1e-12,
    )
    const { snr, gain } = drawReceiver(1, 0, 'CORPD_FBK')
    const { muscle } = tissueTable('CORPD_FBK', drawPatient(1, 0).suppression)
    const sd = (muscle * gain) / snr / spec.voxel
    for (const [c, { noise }] of drawCoils(1, 0, coils).entries())
      expect(Math.abs(value(covariance, c, c)[0] / (2 * (sd * noise) ** 2) - 1)).toBeLessThan(1e-12)
  })
})
