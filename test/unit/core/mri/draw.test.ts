import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { MaskSpec } from '../../../../src/contract/evaluation.ts'
import { drawPattern, keptPattern, sampleAgain } from '../../../../src/core/mri/draw.ts'
import { makeMask } from '../../../../src/core/mri/mask.ts'
import type { Pattern } from '../../../../src/core/mri/pattern.ts'
import { RandomState } from '../../../../src/core/mri/random.ts'

interface Golden {
  readonly files: readonly string[]
  readonly pairs: readonly { kind: MaskSpec['kind']; columns: number; low: number[]; masks: string[] }[]
  readonly eightfold: readonly { kind: MaskSpec['kind']; columns: number; mask: string }[]
}

const golden: Golden = JSON.parse(
  readFileSync(new URL('../../../fixtures/golden/patterns.json', import.meta.url), 'utf8'),
)
const bits = ({ measured }: Pattern) => measured.join('')

describe('drawPattern equals fastMRI', () => {
  it.each(golden.pairs)('$kind, $columns columns, one of two pairs', ({ kind, columns, low, masks }) => {
    const spec: MaskSpec = {
      kind,
      acceleration: 4,
      centerFraction: 0.08,
      alternatives: [{ acceleration: 8, centerFraction: 0.04 }],
    }
    for (const [i, file] of golden.files.entries()) {
      const pattern = keptPattern(spec, [640, columns], file)
      expect(bits(pattern)).toBe(masks[i])
      const { from, to } = pattern.centre!.columns
      expect([from, to - from]).toEqual([Math.floor((columns - low[i] + 1) / 2), low[i]])
      expect(pattern).toMatchObject({ kind: 'columns', rows: 640, columns })
    }
    expect(new Set(low).size).toBe(2) // both pairs occur
  })

  it.each(golden.eightfold)('$kind, $columns columns, 8×', ({ kind, columns, mask }) => {
    const spec: MaskSpec = { kind, acceleration: 8, centerFraction: 0.04 }
    expect(bits(keptPattern(spec, [640, columns], golden.files[0]))).toBe(mask)
  })
})

describe('keptPattern', () => {
  const spec: MaskSpec = { kind: 'gaussian_2d', acceleration: 4, centerFraction: 0.08 }

  it.each([[7], [[7, 8, 9]]])('draws by %j what drawPattern draws, and keeps the pattern', by => {
    const random = typeof by === 'number' ? RandomState.fromSeed(by) : RandomState.fromKey(by)
    const pattern = keptPattern(spec, [24, 20], by)
    expect(pattern).toEqual(drawPattern(spec, [24, 20], random))
    expect(keptPattern({ ...spec }, [24, 20], by)).toBe(pattern)
  })

  it('tells specs, sizes, seeds and keys apart, and keeps a bounded number', () => {
    const first = keptPattern(spec, [24, 20], 7)
    const others = [
      keptPattern({ ...spec, kind: 'uniform_2d' }, [24, 20], 7),
      keptPattern({ ...spec, acceleration: 5 }, [24, 20], 7),
      keptPattern({ ...spec, centerFraction: 0.1 }, [24, 20], 7),
      keptPattern({ ...spec, alternatives: [{ acceleration: 8, centerFraction: 0.1 }] }, [24, 20], 7),
      keptPattern(spec, [20, 24], 7),
      keptPattern(spec, [24, 20], 8),
      keptPattern(spec, [24, 20], [7]),
    ]
    expect(new Set([first, ...others]).size).toBe(8)
    expect(keptPattern(spec, [24, 20], 7)).toBe(first)
    for (let seed = 100; seed < 120; seed++) keptPattern(spec, [24, 20], seed)
    const again = keptPattern(spec, [24, 20], 7)
    expect(again).not.toBe(first)
    expect(again).toEqual(first)
  })
})

describe('sampleAgain', () => {
  const spec: MaskSpec = { kind: 'random', acceleration: 4, centerFraction: 0.08 }

  it('keeps the centre of the pair that was drawn', () => {
    const pairs = { ...spec, alternatives: [{ acceleration: 2, centerFraction: 0.3 }] }
    const widths = new Set<number>()
    for (let seed = 0; seed < 12; seed++) {
      const pattern = drawPattern(pairs, [8, 100], RandomState.fromSeed(seed))
      const { from, to } = pattern.centre!.columns
      widths.add(to - from)
      const again = sampleAgain(pattern, pairs, 1e-9, RandomState.fromSeed(seed))
      expect([...again.measured.subarray(from, to)]).toEqual(new Array(to - from).fill(1))
    }
    expect([...widths].toSorted((a, b) => a - b)).toEqual([8, 30])
  })

  it('keeps the spec’s centre of a pattern that was not drawn, as of a drawn one', () => {
    const drawn = keptPattern(spec, [8, 100], 'file1000000.h5')
    const { centre: _, ...found } = drawn
    const [first, second] = [drawn, found].map(one => sampleAgain(one, spec, 0.5, RandomState.fromSeed(3)))
    expect(second.measured).toEqual(first.measured)
    const random = RandomState.fromKey([...'file1000000.h5'].map(character => character.charCodeAt(0)))
    expect(drawn.measured).toEqual(makeMask({ kind: 'random', acceleration: 4, centerFraction: 0.08 }, 100, random))
  })

  it('splits points by points, and keeps the block', () => {
    const points = drawPattern({ ...spec, kind: 'poisson_disc' }, [60, 50], RandomState.fromSeed(0))
    const again = sampleAgain(points, spec, 0.5, RandomState.fromSeed(1))
    const { rows, columns } = points.centre!
    expect(again.kind).toBe('points')
    for (let i = 0; i < again.measured.length; i++) {
      const inBlock =
        i % 50 >= columns.from && i % 50 < columns.to && Math.floor(i / 50) >= rows.from && Math.floor(i / 50) < rows.to
      expect(again.measured[i]).toBeLessThanOrEqual(points.measured[i])
      if (inBlock) expect(again.measured[i]).toBe(1)
    }
    const [before, after] = [points, again].map(({ measured }) => measured.reduce((sum, value) => sum + value, 0))
    expect(after / before).toBeGreaterThan(0.45)
    expect(after / before).toBeLessThan(0.6)
  })
})
