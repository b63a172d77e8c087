import { beforeAll, describe, expect, it } from 'vitest'
import { makeZeroFilling } from '../../../../src/core/mri/fft.ts'
import { columnPattern, fullPattern, patternOfGrid } from '../../../../src/core/mri/pattern.ts'
import { compute, useEngine } from '../../../engine.ts'
import { expectClose, golden } from '../../../golden.ts'

beforeAll(useEngine)

const vectors = golden('fft')
const filling = () => makeZeroFilling(compute().fourier)

/** Magnitude of NumPy's centred inverse transform of [height, width, 2]. */
const reference = (name: string) => {
  const { data, shape } = vectors.array(`${name}.ifft`)
  return {
    shape,
    magnitude: Float64Array.from({ length: data.length / 2 }, (_, i) => Math.hypot(data[2 * i], data[2 * i + 1])),
  }
}
const kspaceOf = (name: string) => vectors.array(`${name}.x`).data as Float32Array
const NAMES = ['16x12', '15x11', '7x10', '5x372']

describe('a zero-filled image', () => {
  it.each(NAMES)('of full k-space is the magnitude of NumPy’s transform, %s', name => {
    const { shape, magnitude } = reference(name)
    const [height, width] = shape
    expectClose(filling().image(kspaceOf(name), 1, fullPattern(height, width), [height, width]), magnitude, 1e-5)
  })

  it.each(NAMES)('is cut to the middle, even and odd crops, %s', name => {
    const { shape, magnitude } = reference(name)
    const [rows, columns] = shape
    for (const [height, width] of [
      [rows - 1, columns - 2],
      [rows - 2, columns - 3],
      [1, 1],
    ]) {
      const top = Math.floor((rows - height) / 2)
      const left = Math.floor((columns - width) / 2)
      const expected = Array.from({ length: height }, (_, row) =>
        [...magnitude.subarray((top + row) * columns + left)].slice(0, width),
      ).flat()
      expectClose(filling().image(kspaceOf(name), 1, fullPattern(rows, columns), [height, width]), expected, 1e-5)
    }
  })

  it.each(NAMES)('reads measured columns only, and takes zero for all others, %s', name => {
    const [rows, columns] = reference(name).shape
    const mask = Uint8Array.from({ length: columns }, (_, column) => Number(column % 3 === 1))
    const masked = kspaceOf(name).map((value, i) => (mask[(i >> 1) % columns] ? value : 0))
    const damaged = kspaceOf(name).map((value, i) => (mask[(i >> 1) % columns] ? value : Number.NaN))
    const image = filling().image(damaged, 1, columnPattern(mask, rows), [rows, columns])
    expectClose(image, filling().image(masked, 1, fullPattern(rows, columns), [rows, columns]), 1e-5)
    expect(image.some(value => value > 0)).toBe(true)
  })
})

describe('a zero-filled image of fastMRI’s transform', () => {
  it.each(['even', 'odd', 'narrow'])('has the measured columns that fastMRI’s masked k-space keeps, case %s', name => {
    const vectors = golden('unet_transform')
    const mask = vectors.array(`${name}.mask`).data as Uint8Array
    const { data, shape } = vectors.array(`${name}.masked_kspace`)
    const [masked, kspace] = [data, vectors.array(`${name}.kspace`).data].map(values => Float32Array.from(values))
    const crop: [number, number] = [shape[0], shape[1]]
    const expected = filling().image(masked, 1, fullPattern(shape[0], mask.length), crop)
    expectClose(filling().image(kspace, 1, columnPattern(mask, shape[0]), crop), expected, 1e-6)
  })
})

describe('zero-filling', () => {
  it.each(NAMES)('gives equal images for a mask alone and after other masks, %s', name => {
    const [rows, columns] = reference(name).shape
    const crop: [number, number] = [rows - 1, columns - 2]
    const maskOf = (isMeasured: (column: number) => boolean) =>
      columnPattern(
        Uint8Array.from({ length: columns }, (_, column) => Number(isMeasured(column))),
        rows,
      )
    const underMask = filling().underMasks(kspaceOf(name), 1, crop)
    for (const mask of [
      maskOf(column => column % 3 === 1),
      maskOf(column => column % 2 === 0), // shares some columns with the mask before
      patternOfGrid(
        Uint8Array.from({ length: rows * columns }, (_, i) => Number((i * 7) % 3 === 0)),
        rows,
        columns,
      ),
      maskOf(column => column % 2 === 0),
      maskOf(() => true),
      maskOf(column => column === 4),
      maskOf(column => column % 3 === 1),
    ])
      expectClose(underMask(mask), filling().image(kspaceOf(name), 1, mask, crop), 1e-6)
  })

  it.each(NAMES)('under rows or points is the image of k-space with zeros elsewhere, %s', name => {
    const [rows, columns] = reference(name).shape
    const underMask = filling().underMasks(kspaceOf(name), 1, [rows, columns])
    const grids = [(i: number) => Math.floor(i / columns) % 2, (i: number) => Number((i * 7) % 3 === 0), () => 1]
    for (const measured of grids) {
      const grid = Uint8Array.from({ length: rows * columns }, (_, i) => measured(i))
      const pattern = patternOfGrid(grid, rows, columns)
      const masked = kspaceOf(name).map((value, i) => value * grid[i >> 1])
      const expected = filling().image(masked, 1, fullPattern(rows, columns), [rows, columns])
      expectClose(filling().image(kspaceOf(name), 1, pattern, [rows, columns]), expected, 1e-6)
      expectClose(underMask(pattern), expected, 1e-6)
    }
  })

  it('refuses k-space of another size than its mask', () => {
    expect(() => filling().underMasks(new Float32Array(20), 1, [2, 2])(fullPattern(2, 4))).toThrow('2 × 4')
  })
})
