import { describe, expect, it } from 'vitest'
import { percent } from '../../../../../src/contract/words.ts'
import { makeEigenvectors } from '../../../../../src/core/mri/coils/eigenvectors.ts'
import { hermitianEigen } from '../../../../../src/core/mri/coils/hermitian.ts'
import {
  CALIBRATION_DEFAULTS,
  type CompactMaps,
  calibrateMaps,
  expandMaps,
} from '../../../../../src/core/mri/coils/maps.ts'
import { fitInWords, methodInWords, modelFit } from '../../../../../src/core/mri/coils/model-fit.ts'
import { secondEigenvalues, valueAt } from '../../../../../src/core/mri/coils/second-eigenvalue.ts'
import { makeFourier } from '../../../../../src/core/mri/fourier.ts'
import { golden } from '../../../../golden.ts'
import { rootOverCoils } from '../../../../kspace.ts'

const { data, shape } = golden('espirit').array('B.kspace')
const [coils, rows, columns] = shape
const size = { coils, rows, columns }
const kspace = Float32Array.from(data)
const plain = { fourier: makeFourier(), eigenvectors: makeEigenvectors() }
const made = (x: Float32Array, given = size, method: 'automatic' | 'walsh' = 'automatic') => {
  const compact = calibrateMaps(x, given, 'slice 4 of brain_07.h5', { ...CALIBRATION_DEFAULTS, method })
  return { compact, ...expandMaps(compact, [given.rows, given.columns], plain) }
}

/** Every second column: the field of view is half as wide, and the sides of the object lie over each other. */
const half = Math.ceil(columns / 2)
const folded = Float32Array.from({ length: 2 * coils * rows * half }, (_, i) => {
  const [line, column] = [Math.floor(i / (2 * half)), (i >> 1) % half]
  return kspace[2 * (line * columns + 2 * column) + (i % 2)]
})
const foldedSize = { ...size, columns: half }
const foldedShape = [rows, half] as const

/** Both largest eigenvalues of each pixel, by the definition of ESPIRiT's series. */
function eigenvaluesAt({ kernel, data: elements }: CompactMaps, shape: readonly [number, number], pixel: number) {
  const [height, width] = shape
  const support = 2 * kernel - 1
  const pairs = (coils * (coils + 1)) / 2
  const [y, x] = [Math.floor(pixel / width) - Math.floor(height / 2), (pixel % width) - Math.floor(width / 2)]
  const matrix = new Float64Array(2 * coils * coils)
  for (let c = 0, pair = 0; c < coils; c++)
    for (let d = 0; d <= c; d++, pair++) {
      let [re, im] = [0, 0]
      for (let i = 0; i < support ** 2; i++) {
        const [dy, dx] = [Math.floor(i / support), i % support]
        const angle = 2 * Math.PI * (((dy - kernel + 1) * y) / height + ((dx - kernel + 1) * x) / width)
        const [a, b] = [0, 1].map(part => elements[((2 * dy + part) * pairs + pair) * support + dx])
        re += a * Math.cos(angle) - b * Math.sin(angle)
        im += a * Math.sin(angle) + b * Math.cos(angle)
      }
      matrix.set([re, im], 2 * (c * coils + d))
      matrix.set([re, -im], 2 * (d * coils + c))
    }
  return hermitianEigen(matrix, () => 1).values
}

describe('one set of coil maps', () => {
  it('explains the data in the whole object where the field of view is large enough', () => {
    const fit = modelFit(kspace, size, made(kspace), [rows, columns], plain)!
    expect(fit.share).toBe(0)
    expect(fit.failing.every(value => value === 0)).toBe(true)
    expect(fitInWords(fit)).toContain('in the whole object')
  })

  it('fails where an object folds over: the first eigenvalue stays near 1, and so does the second', () => {
    const maps = made(folded, foldedSize)
    const fit = modelFit(folded, foldedSize, maps, foldedShape, plain)!
    const { area } = maps.compact
    const centre = folded.map((value, i) => {
      const [row, column] = [Math.floor((i >> 1) / half) % rows, (i >> 1) % half]
      const isIn = (line: number, from: number, count: number) => line >= from && line < from + count
      return isIn(row, area.top, area.rows) && isIn(column, area.left, area.columns) ? value : 0
    })
    const r = rootOverCoils(centre, [coils, rows, half], new Uint8Array(half).fill(1))
    const edge = 0.1 * Math.max(...r)
    const wanted = Array.from(r, (value, pixel) => {
      const [first, second] = eigenvaluesAt(maps.compact, foldedShape, pixel)
      return Number(value > edge && (first <= 0.8 || second > 0.8))
    })
    const [count, object] = [wanted.reduce((a, b) => a + b), r.filter(value => value > edge).length]
    expect(count / object).toBeGreaterThan(0.2)
    expect(count / object).toBeLessThan(0.8)
    expect(Array.from(fit.failing)).toEqual(wanted)
    expect(fit.share).toBeCloseTo(count / object, 12)
    expect(fitInWords(fit)).toContain(`In ${percent(fit.share)} of the object`)
  })

  it('is judged in the crop of the image', () => {
    const maps = made(folded, foldedSize)
    const crop = [rows - 6, half - 3] as const
    const { failing } = modelFit(folded, foldedSize, maps, crop, plain)!
    const uncropped = modelFit(folded, foldedSize, maps, foldedShape, plain)!.failing
    const wanted = Float32Array.from({ length: failing.length }, (_, i) => {
      const [row, column] = [Math.floor(i / crop[1]), i % crop[1]]
      return uncropped[(row + 3) * half + column + 1]
    })
    expect(failing.reduce((a, b) => a + b)).toBeGreaterThan(0)
    expect(failing).toEqual(wanted)
  })

  it('fails at a low eigenvalue too', () => {
    const maps = made(kspace)
    const low = { ...maps, eigenvalues: maps.eigenvalues!.map((value, i) => (i % 2 ? value : 0.79)) }
    const { failing, share } = modelFit(kspace, size, low, [rows, columns], plain)!
    expect(share).toBeCloseTo(0.5, 1)
    expect(failing.every((value, i) => value === 0 || i % 2 === 0)).toBe(true)
  })

  it('is judged on a coarse grid of large images', () => {
    const { compact } = made(kspace)
    const series = { coils, kernel: compact.kernel, elements: compact.data }
    const image = [160, 150] as const
    const grid = secondEigenvalues(series, image, compact.principal, plain.eigenvectors)
    expect([grid.rows, grid.columns]).toEqual([64, 64])
    for (let pixel = 0; pixel < 160 * 150; pixel += 97) {
      const [, second] = eigenvaluesAt(compact, image, pixel)
      expect(Math.abs(second - valueAt(grid, image, Math.floor(pixel / 150), pixel % 150))).toBeLessThan(0.05)
    }
  })

  it('of other methods cannot be judged, and the words say the method', () => {
    const maps = made(kspace, size, 'walsh')
    expect(modelFit(kspace, size, maps, [rows, columns], plain)).toBeNull()
    expect(fitInWords(null)).toContain('Without ESPIRiT’s eigenvalue')
    expect(methodInWords(maps.compact)).toMatch(/^Walsh, calibration area \d+ × 24\.$/)
  })

  it('name kernel, area and dead coils', () => {
    const dead = kspace.map((value, i) => (i < 2 * rows * columns ? 0 : value))
    expect(methodInWords(made(dead).compact)).toBe(
      'ESPIRiT, 6 × 6 kernels, calibration area 24 × 24. Coil 1 has no signal, and its map is 0.',
    )
  })
})
