import { describe, expect, it } from 'vitest'
import { gridOf } from '../../../../src/core/mri/pattern.ts'
import { storedMask, storedPatterns } from '../../../../src/core/mri/stored-mask.ts'

const INFO = { path: '/scan.h5', slices: 2, rows: 3, columns: 4 }
/** The pattern of one slice. */
const storedPattern = (stored: ReturnType<typeof storedMask>, info: typeof INFO, slice: number) =>
  storedPatterns(stored, info)(slice)
const mask = (shape: number[], values: number[]) => storedMask('/m.npy', { shape, at: i => values[i] })

describe('a stored mask', () => {
  it.each([[[4]], [[1, 4]], [[1, 1, 4]], [[1, 4, 1]], [[1, 1, 4, 1]], [[1, 1, 1, 4, 1]]])(
    'of shape %j is one of columns',
    shape => {
      const pattern = storedPattern(mask(shape, [0, 7, 0.5, 0]), INFO, 1)
      expect(pattern).toEqual({ kind: 'columns', rows: 3, columns: 4, measured: Uint8Array.of(0, 1, 1, 0) })
    },
  )

  it('of equal rows is one of columns, and of equal columns one of rows', () => {
    const repeated = mask([3, 4], [0, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1, 0])
    expect(storedPattern(repeated, INFO, 0)).toMatchObject({ kind: 'columns', measured: Uint8Array.of(0, 1, 1, 0) })
    expect(storedPattern(mask([3, 1], [1, 0, 1]), INFO, 0)).toMatchObject({
      kind: 'rows',
      measured: Uint8Array.of(1, 0, 1),
    })
  })

  it('keeps the pattern of a slice until another slice is asked for', () => {
    const stored = mask([2, 1, 4], [1, 0, 0, 0, 0, 0, 1, 1])
    const patterns = storedPatterns(stored, INFO)
    const first = patterns(0)
    expect(storedPatterns(stored, INFO)(0)).toBe(first)
    expect(storedPatterns(stored, { ...INFO, rows: 5 })(0)).toMatchObject({ rows: 5, columns: 4 })
    expect(patterns(1)).not.toEqual(first)
    expect(patterns(0)).toEqual(first)
  })

  it('of points holds for all slices, or another for each', () => {
    const values = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 1]
    const [first, second] = [0, 1].map(slice => storedPattern(mask([3, 4], values), INFO, slice))
    expect([...gridOf(first)]).toEqual(values)
    expect(second).toEqual(first)
    const each = mask([2, 3, 4], [...values, ...values.toReversed()])
    expect([...gridOf(storedPattern(each, INFO, 1))]).toEqual(values.toReversed())
    const lines = mask([2, 1, 4, 1], [1, 0, 0, 0, 0, 0, 1, 1])
    expect(storedPattern(lines, INFO, 1)).toMatchObject({ kind: 'columns', measured: Uint8Array.of(0, 0, 1, 1) })
  })

  it.each<[string, number[], number[], string]>([
    ['a number', [], [1], 'Expected a mask, got an array []'],
    ['four axes', [2, 1, 3, 4, 2], [1], 'got an array [2, 1, 3, 4, 2]'],
    ['no numbers', [0], [], 'got an array [0]'],
    ['NaN', [4], [1, Number.NaN, 0, 0], 'got NaN, in /m.npy'],
    ['zeros', [4], [0, 0, 0, 0], 'Expected measured samples, got only zeros, in /m.npy'],
    ['a slice of zeros', [2, 1, 4], [1, 0, 0, 0, 0, 0, 0, 0], 'got only zeros in slice 2'],
  ])('refuses %s', (_, shape, values, message) => {
    expect(() => mask(shape, values)).toThrow(message)
    expect(() => mask(shape, values)).toThrow(expect.objectContaining({ code: 'UNSUPPORTED_FORMAT' }))
  })

  it.each([[[5]], [[4, 4]], [[3, 3, 4]]])('of shape %j refuses a volume of another size, with both files', shape => {
    const values = new Array(shape.reduce((a, b) => a * b, 1)).fill(1)
    expect(() => storedPattern(mask(shape, values), INFO, 0)).toThrow(
      expect.objectContaining({
        code: 'SHAPE_MISMATCH',
        message: expect.stringMatching(/4 columns, 3 × 4 samples or 2 × 3 × 4 samples for \/scan.h5, got .*\/m.npy/),
      }),
    )
  })
})
