import { describe, expect, it } from 'vitest'
import { blockOf, deadCoils, measuredArea } from '../../../../../src/core/mri/coils/calibration.ts'

const size = { coils: 2, rows: 40, columns: 37 }

/** k-space of ones where a pattern measures, in the second coil only. */
const kspaceOf = (isMeasured: (row: number, column: number) => boolean, { coils, rows, columns } = size) =>
  Float32Array.from({ length: 2 * coils * rows * columns }, (_, i) => {
    const column = (i >> 1) % columns
    const row = Math.floor(i / (2 * columns)) % rows
    const coil = Math.floor(i / (2 * columns * rows))
    return Number(coil === coils - 1 && isMeasured(row, column))
  })

const areaOf = (isMeasured: (row: number, column: number) => boolean, most: readonly [number, number] = [24, 24]) =>
  measuredArea(kspaceOf(isMeasured), size, most)

describe('the calibration area', () => {
  it('of complete k-space has the wanted size, and starts at ⌊n/2⌋ − ⌊size/2⌋', () => {
    expect(areaOf(() => true)).toEqual({ top: 8, left: 6, rows: 24, columns: 24 })
    expect(areaOf(() => true, [9, 8])).toEqual({ top: 16, left: 14, rows: 9, columns: 8 })
    expect(areaOf(() => true, [100, 100])).toEqual({ top: 0, left: 0, rows: 40, columns: 37 })
  })

  it('of a column mask has the contiguous columns around the centre', () => {
    const centre = (_: number, column: number) => column % 4 === 0 || (column >= 14 && column < 24)
    // Column 24 is beside the centre, and measured too.
    expect(areaOf(centre)).toEqual({ top: 8, left: 14, rows: 24, columns: 11 })
    expect(areaOf(centre, [24, 10])).toEqual({ top: 8, left: 14, rows: 24, columns: 10 })
    expect(areaOf((_, column) => column >= 17 && column < 30)).toMatchObject({ left: 17, columns: 13 })
  })

  it('of a pattern in two directions holds no sample that is not measured', () => {
    const disc = (row: number, column: number) => (row - 20) ** 2 + (column - 18) ** 2 <= 64
    const area = areaOf(disc)!
    expect(area.rows * area.columns).toBeGreaterThan(100)
    for (let row = area.top; row < area.top + area.rows; row++)
      for (let column = area.left; column < area.left + area.columns; column++) expect(disc(row, column)).toBe(true)
    expect(areaOf((row, column) => Math.abs(row - 20) < 4 && Math.abs(column - 18) < 6)).toEqual({
      top: 17,
      left: 13,
      rows: 7,
      columns: 11,
    })
  })

  it('does not exist where the centre is not measured', () => {
    expect(areaOf((_, column) => column !== 18)).toBeNull()
    expect(areaOf((_, column) => column % 4 === 1)).toBeNull()
    expect(areaOf(() => false)).toBeNull()
  })

  it('of one row or one column is this row or column', () => {
    const small = { coils: 1, rows: 1, columns: 6 }
    const kspace = kspaceOf(() => true, small)
    expect(measuredArea(kspace, small, [24, 24])).toEqual({ top: 0, left: 0, rows: 1, columns: 6 })
  })
})

describe('the area’s samples', () => {
  const area = { top: 3, left: 5, rows: 2, columns: 4 }
  it('lie as in k-space', () => {
    const kspace = Float32Array.from({ length: 2 * 2 * 40 * 37 }, (_, i) => i)
    const block = blockOf(kspace, size, area, 'slice 1')
    expect(block).toHaveLength(2 * 2 * 2 * 4)
    expect(Array.from(block.subarray(16, 24))).toEqual(Array.from({ length: 8 }, (_, i) => 2 * ((40 + 3) * 37 + 5) + i))
  })

  it('must be numbers', () => {
    const kspace = kspaceOf(() => true)
    kspace[2 * ((40 + 4) * 37 + 6)] = Number.NaN
    expect(() => blockOf(kspace, size, area, 'slice 4 of brain_07.h5')).toThrow(
      /got NaN or infinity in coil 2 of slice 4 of brain_07\.h5\. Export the file again/,
    )
  })

  it('show which coils are dead', () => {
    expect(
      deadCoils(
        blockOf(
          kspaceOf(() => true),
          size,
          area,
          '',
        ),
        2,
      ),
    ).toEqual([0])
  })
})
