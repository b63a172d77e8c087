import { beforeAll, describe, expect, it } from 'vitest'
import { blockOf } from '../../../../../src/core/mri/coils/calibration.ts'
import { type Eigenvectors, makeEigenvectors } from '../../../../../src/core/mri/coils/eigenvectors.ts'
import { calibrateEspirit } from '../../../../../src/core/mri/coils/espirit.ts'
import { calibrateMaps, expandMaps } from '../../../../../src/core/mri/coils/maps.ts'
import { makeFourier } from '../../../../../src/core/mri/fourier.ts'
import { RandomState } from '../../../../../src/core/mri/random.ts'
import { compute, useEngine } from '../../../../engine.ts'
import { golden } from '../../../../golden.ts'
import { angles, largestOf, meanOf } from './angles.ts'

beforeAll(useEngine)

const vectors = golden('espirit')
const CROP = vectors.params.crop as number
const settings = { kernel: vectors.params.kernel as number, threshold: vectors.params.threshold as number }

/** A case's k-space and its calibration area, [rows, columns]. */
function caseOf(name: string) {
  const { data, shape } = vectors.array(`${name}.kspace`)
  const [coils, rows, columns] = shape
  const params = vectors.params[name] as Record<string, number>
  const area = [params.calib_rows ?? params.calib, params.calib_columns ?? params.calib] as const
  return { kspace: Float32Array.from(data), size: { coils, rows, columns }, area }
}

describe.each(['A', 'B', 'C'])('the calibration of case %s', name => {
  const { kspace, size, area } = caseOf(name)
  const [top, left] = [Math.floor(size.rows / 2) - (area[0] >> 1), Math.floor(size.columns / 2) - (area[1] >> 1)]
  const block = blockOf(kspace, size, { top, left, rows: area[0], columns: area[1] }, name)
  const found = calibrateEspirit(block, [size.coils, ...area], settings)

  it('has the singular values and the number of kernels of the vectors', () => {
    const expected = vectors.array(`${name}.singular_values`).data
    for (const [i, value] of expected.entries())
      expect(Math.abs(found.singularValues[i] / value - 1)).toBeLessThan(1e-6)
    expect(found.kernels).toBe(vectors.scalar(`${name}.kernels_kept`))
  })
})

describe('the calibration', () => {
  const random = RandomState.fromSeed(4)
  const block = Float64Array.from({ length: 2 * 2 * 20 * 18 }, () => random.normal())

  it('of noise keeps every kernel and no more, whether windows or their samples are fewer', () => {
    for (const [kernel, least] of [
      [3, 18],
      [14, 35],
    ]) {
      const { kernels, singularValues, series } = calibrateEspirit(block, [2, 20, 18], { kernel, threshold: 1e-6 })
      expect([kernels, singularValues.length]).toEqual([least, least])
      expect(series.elements.every(Number.isFinite)).toBe(true)
      // With every kernel of full rank, Σ_i K_i K_iᴴ is the identity: G = 1 / k² · Fourier series of k² · δ.
      if (kernel === 3) {
        const { values } = makeEigenvectors().ofSeries(series, [5, 4], Float32Array.of(1, 0, 0, 0))
        for (const value of values) expect(value).toBeCloseTo(1, 5)
      }
    }
  })

  it.each([0, 1e-7, 1, -0.02, Number.NaN])('refuses the threshold %d', threshold => {
    expect(() => calibrateEspirit(block, [2, 20, 18], { kernel: 3, threshold })).toThrow(
      `Expected a threshold of ESPIRiT from 0.000001 to below 1, got ${threshold}.`,
    )
  })

  it('refuses an area with too many windows', () => {
    const large = new Float64Array(2 * 2 * 70 * 70)
    expect(() => calibrateEspirit(large, [2, 70, 70], { kernel: 6, threshold: 0.02 })).toThrow(
      /at most 4096 windows of 6 × 6 samples .* got 4225\. Choose a calibration area of at most 64 × 64 samples\.$/,
    )
  })
})

describe.each([
  ['core’s', makeEigenvectors],
  ['the engine’s', () => compute().eigenvectors],
] as const)('ESPIRiT maps by %s eigenvectors', (_, make: () => Eigenvectors) => {
  describe.each(['A', 'B', 'C'])('of case %s', name => {
    const { kspace, size, area } = caseOf(name)
    const { coils, rows, columns } = size
    const compact = calibrateMaps(kspace, size, name, { ...settings, method: 'espirit', area })
    const expand = (crop: number, phase: 'principal coil' | 'first coil') =>
      expandMaps(compact, [rows, columns], { fourier: makeFourier(), eigenvectors: make() }, { crop, phase })
    const expected = vectors.array(`${name}.eigenvalue`).data
    const inside = Array.from(expected.keys()).filter(pixel => expected[pixel] > CROP)

    it('equal the vectors up to phase where the eigenvalue is above the crop', () => {
      const { maps, eigenvalues } = expand(0, 'principal coil')
      const found = angles(maps, vectors.array(`${name}.maps`).data, coils)
      expect(largestOf(Float64Array.from(inside, pixel => found[pixel]))).toBeLessThan(1e-9)
      for (const [pixel, value] of expected.entries()) expect(Math.abs(eigenvalues![pixel] - value)).toBeLessThan(1e-5)
    })

    it('equal the vectors with the phase of the first coil', () => {
      const { maps } = expand(0, 'first coil')
      const golden = vectors.array(`${name}.maps`).data
      for (const pixel of inside) {
        if (Math.hypot(golden[2 * pixel], golden[2 * pixel + 1]) < 0.05) continue // its phase is noise there
        for (let i = 2 * pixel; i < maps.length; i += 2 * rows * columns)
          expect(Math.hypot(maps[i] - golden[i], maps[i + 1] - golden[i + 1])).toBeLessThan(1e-4)
      }
    })

    it('are as near to the true maps as the vectors are', () => {
      const { maps } = expand(0, 'principal coil')
      const true_ = vectors.array(`${name}.true_maps`).data
      const [ours, theirs] = [maps, vectors.array(`${name}.maps`).data].map(each => angles(each, true_, coils))
      const near = (x: Float64Array) => meanOf(Float64Array.from(inside, pixel => x[pixel]))
      expect(near(ours)).toBeLessThan(1.001 * near(theirs) + 1e-9)
      expect(near(theirs)).toBeLessThan(0.01)
    })

    it('have norm 1, and are 0 where the eigenvalue is at most the crop', () => {
      const { maps, eigenvalues } = expand(CROP, 'principal coil')
      const size = rows * columns
      for (let pixel = 0; pixel < size; pixel++) {
        let square = 0
        for (let i = 2 * pixel; i < maps.length; i += 2 * size) square += maps[i] ** 2 + maps[i + 1] ** 2
        expect(square).toBeCloseTo(eigenvalues![pixel] > CROP ? 1 : 0, 5)
      }
    })

    it('are turned to the principal coil, whose combination is real', () => {
      const { maps } = expand(0, 'principal coil')
      const { principal } = compact
      const size = rows * columns
      for (const pixel of inside) {
        let [re, im] = [0, 0]
        for (let coil = 0; coil < coils; coil++) {
          const at = 2 * (coil * size + pixel)
          re += principal[2 * coil] * maps[at] + principal[2 * coil + 1] * maps[at + 1]
          im += principal[2 * coil] * maps[at + 1] - principal[2 * coil + 1] * maps[at]
        }
        expect(re).toBeGreaterThan(0)
        expect(Math.abs(im)).toBeLessThan(1e-5)
      }
    })
  })
})
