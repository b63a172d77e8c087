import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { COLUMN_KINDS, type MaskPair, type MaskSpec } from '../../../../src/contract/evaluation.ts'
import { keptPattern, sampleAgain } from '../../../../src/core/mri/draw.ts'
import { centreLines, makeMask } from '../../../../src/core/mri/mask.ts'
import { acceleration as accelerationOf, columnPattern } from '../../../../src/core/mri/pattern.ts'
import { RandomState } from '../../../../src/core/mri/random.ts'
import { golden, goldenMasks } from '../../../golden.ts'

interface ColumnSpec extends MaskPair {
  kind: (typeof COLUMN_KINDS)[number]
}

interface GoldenMask {
  kind: ColumnSpec['kind']
  cols: number
  center_fractions: number[]
  accelerations: number[]
  seed: string | number
  sampled: number
  low: number
  pad: number
  mask: number[]
}

/** Masks from `magic-masks.py`, which computes fastMRI's definition with NumPy. */
const MAGIC: readonly {
  columns: number
  acceleration: number
  centerFraction: number
  seed: number | string
  mask: string
}[] = JSON.parse(readFileSync(new URL('../../../fixtures/magic-masks.json', import.meta.url), 'utf8'))

const SPEC: ColumnSpec = { kind: 'random', acceleration: 4, centerFraction: 0.08 }
const bits = (mask: Uint8Array) => mask.join('')
const acceleration = (mask: Uint8Array) => accelerationOf(columnPattern(mask, 1))
const fileNameMask = (spec: MaskSpec, columns: number, file: string) => keptPattern(spec, [8, columns], file).measured
const centreColumns = ({ centerFraction }: MaskPair, columns: number) => centreLines(centerFraction, columns, 'columns')
const subsampleMask = (mask: Uint8Array, spec: MaskPair, keep: number, random: RandomState) =>
  sampleAgain(columnPattern(mask, 8), spec, keep, random).measured

describe('makeMask equals fastMRI', () => {
  it.each(goldenMasks.masks as GoldenMask[])('$kind, $cols columns, $accelerations, seed $seed', expected => {
    const { kind, cols, seed } = expected
    const random =
      typeof seed === 'number'
        ? RandomState.fromSeed(seed)
        : RandomState.fromKey([...seed].map(character => character.charCodeAt(0)))
    const pair = random.randint(expected.accelerations.length)
    const spec = { kind, acceleration: expected.accelerations[pair], centerFraction: expected.center_fractions[pair] }
    const mask = makeMask(spec, cols, random)
    expect([...mask]).toEqual(expected.mask)
    expect(acceleration(mask)).toBe(cols / expected.sampled)
    expect(centreColumns(spec, cols)).toEqual({ from: expected.pad, to: expected.pad + expected.low })
    if (expected.accelerations.length === 1 && typeof seed === 'string') {
      expect([...fileNameMask(spec, cols, seed)]).toEqual(expected.mask)
    }
  })

  it('draws successive masks from one generator', () => {
    const random = RandomState.fromSeed(42)
    const masks = Array.from({ length: 3 }, () => [...makeMask(SPEC, 32, random)])
    expect(masks).toEqual(goldenMasks.sequence_from_RandomState_42)
  })

  it('agrees with the array file', () => {
    const expected = golden('masks').array('random_372_a4_cf08_file1000000').data
    expect([...fileNameMask(SPEC, 372, 'file1000000.h5')]).toEqual([...expected])
  })

  it.each(MAGIC)('magic, $columns columns, $acceleration×, seed $seed', ({ columns, seed, mask, ...numbers }) => {
    const spec: ColumnSpec = { kind: 'magic', ...numbers }
    const made =
      typeof seed === 'string' ? fileNameMask(spec, columns, seed) : makeMask(spec, columns, RandomState.fromSeed(seed))
    expect(bits(made)).toBe(mask)
  })

  // Expected values: numpy.around(numpy.arange(offset, columns − 1, spacing)), NumPy 2.4.
  it('rounds halves as NumPy does in a fractional mask', () => {
    const spec: ColumnSpec = { kind: 'equispaced_fraction', acceleration: 3, centerFraction: 0.08 }
    const mask = makeMask(spec, 367, RandomState.fromSeed(1))
    const { from, to } = centreColumns(spec, 367)
    const outside = [...mask.keys()].filter(column => mask[column] && (column < from || column >= to))
    expect(outside).toEqual([
      1, 5, 8, 12, 15, 19, 23, 26, 30, 34, 37, 41, 44, 48, 52, 55, 59, 63, 66, 70, 73, 77, 81, 84, 88, 92, 95, 99, 102,
      106, 110, 113, 117, 121, 124, 128, 131, 135, 139, 142, 146, 149, 153, 157, 160, 164, 168, 200, 204, 207, 211, 215,
      218, 222, 226, 229, 233, 236, 240, 244, 247, 251, 255, 258, 262, 265, 269, 273, 276, 280, 283, 287, 291, 294, 298,
      302, 305, 309, 312, 316, 320, 323, 327, 331, 334, 338, 341, 345, 349, 352, 356, 360, 363,
    ])
  })

  it('seeds by code points, as Python’s ord', () => {
    const random = RandomState.fromKey([0x1d510, 0x2e, 0x68, 0x35])
    expect(bits(fileNameMask(SPEC, 64, '𝔐.h5'))).toBe(bits(makeMask(SPEC, 64, random)))
  })
})

describe('makeMask', () => {
  it('measures everything at acceleration 1', () => {
    for (const kind of COLUMN_KINDS) {
      const random = RandomState.fromSeed(1)
      const measured = makeMask({ kind, acceleration: 1, centerFraction: 0.08 }, 50, random).join('')
      expect(measured.slice(0, 49)).toBe('1'.repeat(49)) // fastMRI's fractional mask ends before the last column
    }
  })

  it.each<[string, Partial<ColumnSpec>, number, string]>([
    ['an acceleration that the centre alone exceeds', { acceleration: 13 }, 372, '372 columns'],
    ['the same of a fractional mask', { kind: 'equispaced_fraction', acceleration: 13 }, 372, 'below 12.4'],
    ['a centre of everything', { centerFraction: 1 }, 20, 'always measures 20'],
    ['an acceleration below 1', { acceleration: 0.5 }, 372, 'got 0.5'],
    ['a fractional step of an equispaced mask', { kind: 'equispaced', acceleration: 4.5 }, 372, 'equispaced_fraction'],
    ['the same of a magic mask', { kind: 'magic', acceleration: 4.5 }, 372, 'for a magic mask, got 4.5'],
    ['an equispaced step of 0', { kind: 'equispaced', acceleration: 0 }, 372, 'got 0'],
    ['too few columns for a centre', {}, 6, 'got 0 (centre fraction 0.08 of 6 columns)'],
    ['no columns', {}, 0, 'got 0'],
    ['half a column', {}, 20.5, 'got 20.5'],
  ])('refuses %s', (_, change, columns, message) => {
    const make = () => makeMask({ ...SPEC, ...change }, columns, RandomState.fromSeed(0))
    expect(make).toThrow(message)
    expect(make).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
  })
})

describe('a magic mask', () => {
  it.each([2, 3, 4, 5, 6, 8])(
    'at %d× has its centre, and two combs that are two columns apart after mirroring',
    step => {
      const offsets = new Set<number>()
      for (const columns of [157, 372]) {
        const spec: ColumnSpec = { kind: 'magic', acceleration: step, centerFraction: 0.04 }
        const { from, to } = centreColumns(spec, columns)
        const zero = Math.floor(columns / 2)
        for (let seed = 0; seed < 40; seed++) {
          const mask = makeMask(spec, columns, RandomState.fromSeed(seed))
          expect([...mask.subarray(from, to)]).toEqual(new Array(to - from).fill(1))
          const outside = [...mask.keys()].filter(column => mask[column] && (column < from || column >= to))
          const comb = (teeth: number[]) => new Set(teeth.map(frequency => frequency % step))
          const right = comb(outside.filter(column => column > zero).map(column => column - zero))
          const left = comb(outside.filter(column => column < zero).map(column => zero - column))
          expect([right.size, left.size]).toEqual([1, 1])
          const apart = ([...right][0] - [...left][0] + step) % step
          expect([2 % step, (step - 2) % step]).toContain(apart)
          offsets.add([...right][0])
          const expected = (columns - (to - from)) / step // one in `step` columns outside the centre
          expect(Math.abs(outside.length - expected)).toBeLessThan(2)
          expect(acceleration(mask)).toBe(columns / (outside.length + to - from))
        }
      }
      expect(offsets.size).toBe(Math.ceil(step / 2)) // Two neighbouring offsets start at one odd frequency.
    },
  )
})

describe('subsampleMask', () => {
  const measured = fileNameMask(SPEC, 372, 'file1000000.h5')
  const centre = centreColumns(SPEC, 372)
  const outside = (mask: Uint8Array) =>
    [...mask.keys()].filter(column => mask[column] && (column < centre.from || column >= centre.to))

  it('is a part of the measured columns, with the centre, and neither empty nor whole elsewhere', () => {
    for (const keep of [1e-9, 0.3, 0.5, 0.9, 1 - 1e-9]) {
      for (let seed = 0; seed < 50; seed++) {
        const view = subsampleMask(measured, SPEC, keep, RandomState.fromSeed(seed))
        expect([...view.keys()].filter(column => view[column] && !measured[column])).toEqual([])
        expect([...view.subarray(centre.from, centre.to)]).toEqual(new Array(30).fill(1))
        expect(outside(view).length).toBeGreaterThanOrEqual(1)
        expect(outside(view).length).toBeLessThan(outside(measured).length)
      }
    }
  })

  it('always keeps the centre, and no other column always', () => {
    const always = new Uint8Array(372).fill(1)
    for (let seed = 0; seed < 100; seed++) {
      const view = subsampleMask(new Uint8Array(372).fill(1), SPEC, 0.5, RandomState.fromSeed(seed))
      for (const column of always.keys()) always[column] &= view[column]
    }
    expect([...always.keys()].filter(column => always[column])).toEqual(
      Array.from({ length: 30 }, (_, index) => centre.from + index),
    )
  })

  it('keeps the requested share', () => {
    const random = RandomState.fromSeed(0)
    let kept = 0
    for (let draw = 0; draw < 500; draw++) kept += outside(subsampleMask(measured, SPEC, 0.6, random)).length
    expect(kept / (500 * outside(measured).length)).toBeCloseTo(0.6, 1)
  })

  it('is the same for the same seed, differs between draws, and leaves the measured mask alone', () => {
    const before = bits(measured)
    const random = RandomState.fromSeed(4)
    const first = bits(subsampleMask(measured, SPEC, 0.5, random))
    expect(bits(subsampleMask(measured, SPEC, 0.5, RandomState.fromSeed(4)))).toBe(first)
    expect(bits(subsampleMask(measured, SPEC, 0.5, random))).not.toBe(first)
    expect(bits(measured)).toBe(before)
  })

  it('does not measure a centre column that the measurement lacks', () => {
    const gap = measured.slice().fill(0, centre.from, centre.from + 3)
    const view = subsampleMask(gap, SPEC, 0.5, RandomState.fromSeed(0))
    expect([...view.subarray(centre.from, centre.from + 4)]).toEqual([0, 0, 0, 1])
  })

  it('keeps at least one outside column, and each of them with some seed', () => {
    const columns = new Set<number>()
    const two = new Uint8Array(25).fill(1, 12, 14)
    two[3] = 1
    two[20] = 1
    for (let seed = 0; seed < 40; seed++) {
      const view = subsampleMask(two, { ...SPEC, centerFraction: 0.1 }, 1e-9, RandomState.fromSeed(seed))
      expect(view[3] + view[20]).toBe(1)
      columns.add(view[3] ? 3 : 20)
    }
    expect(columns.size).toBe(2)
  })

  it.each([0, 1, -0.5, Number.NaN])('refuses to keep a share of %s', keep => {
    expect(() => subsampleMask(measured, SPEC, keep, RandomState.fromSeed(0))).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
    )
  })
})
