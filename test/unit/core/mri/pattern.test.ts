import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import {
  acceleration,
  clearPadding,
  columnPattern,
  columnsOf,
  fullPattern,
  gridOf,
  isEqual,
  isMeasured,
  maskOfSamples,
  measurableAcceleration,
  multiply,
  type Pattern,
  patternOfGrid,
  readCentre,
  subsample,
} from '../../../../src/core/mri/pattern.ts'
import { RandomState } from '../../../../src/core/mri/random.ts'

interface Golden {
  readonly centres: readonly { mask: string; pad: number; low: number }[]
  readonly padding: readonly { mask: string; padding: [number, number]; cleared: string }[]
}

const golden: Golden = JSON.parse(
  readFileSync(new URL('../../../fixtures/golden/patterns.json', import.meta.url), 'utf8'),
)
const maskFrom = (bits: string) => Uint8Array.from(bits, Number)

const [ROWS, COLUMNS] = [4, 5]
const columns = columnPattern(maskFrom('01101'), ROWS)
const rows: Pattern = { kind: 'rows', rows: ROWS, columns: COLUMNS, measured: maskFrom('0110') }
const points: Pattern = {
  kind: 'points',
  rows: ROWS,
  columns: COLUMNS,
  measured: maskFrom('00100' + '01110' + '00100' + '00000'),
}
const all = { columns, rows, points }
const cases = Object.entries(all).map(([kind, pattern]) => ({ kind, pattern }))

/** 1 for each measured sample, by the definition of the kind. */
function gridByDefinition({ kind, measured }: Pattern): number[] {
  return Array.from({ length: ROWS * COLUMNS }, (_, i) => {
    const [row, column] = [Math.floor(i / COLUMNS), i % COLUMNS]
    return measured[{ columns: column, rows: row, points: i }[kind]]
  })
}

describe('a pattern', () => {
  it.each(cases)('of $kind says which samples were measured', ({ pattern }) => {
    const expected = gridByDefinition(pattern)
    expect([...gridOf(pattern)]).toEqual(expected)
    expect(expected.map((_, i) => Number(isMeasured(pattern)(i)))).toEqual(expected)
    const count = expected.reduce((sum, value) => sum + value, 0)
    expect(acceleration(pattern)).toBeCloseTo(expected.length / count, 14)
    expect([...columnsOf(pattern)]).toEqual(
      [...Array(COLUMNS).keys()].filter(column => expected.some((value, i) => value && i % COLUMNS === column)),
    )
    const mask = maskOfSamples(pattern)
    expect(expected.map((_, i) => mask[i % mask.length])).toEqual(expected)
  })

  it.each(cases)('of $kind multiplies every coil, and leaves k-space alone', ({ pattern }) => {
    const kspace = Float32Array.from({ length: 3 * ROWS * COLUMNS * 2 }, (_, i) => i + 1)
    const before = kspace.slice()
    const grid = gridByDefinition(pattern)
    const expected = kspace.map((value, i) => value * grid[(i >> 1) % grid.length])
    expect(multiply(pattern, kspace)).toEqual(expected)
    expect(kspace).toEqual(before)
  })

  it.each(cases)('of $kind is found again in its grid', ({ pattern }) => {
    expect(patternOfGrid(Uint8Array.from(gridOf(pattern)), ROWS, COLUMNS)).toEqual(pattern)
  })

  it('measures everything if it is full, and is one of columns', () => {
    const full = fullPattern(ROWS, COLUMNS)
    expect(acceleration(full)).toBe(1)
    expect(patternOfGrid(new Uint8Array(ROWS * COLUMNS).fill(1), ROWS, COLUMNS)).toEqual(full)
  })

  it('equals a copy, and no pattern of another kind, size or mask', () => {
    for (const pattern of Object.values(all)) {
      expect(isEqual(pattern, { ...pattern, measured: pattern.measured.slice() })).toBe(true)
      const other = pattern.measured.slice()
      other[1] = 1 - other[1]
      expect(isEqual(pattern, { ...pattern, measured: other })).toBe(false)
    }
    expect(isEqual(fullPattern(4, 4), { kind: 'rows', rows: 4, columns: 4, measured: maskFrom('1111') })).toBe(false)
    expect(isEqual(fullPattern(4, 4), fullPattern(5, 4))).toBe(false)
  })
})

describe('measurable columns', () => {
  it.each(golden.padding)('are cleared as VarNet does: padding $padding', ({ mask, padding: [from, to], cleared }) => {
    const pattern = columnPattern(maskFrom(mask), 32)
    expect(clearPadding(pattern, { from, to }).measured.join('')).toBe(cleared)
    const count = [...cleared].filter(value => value === '1').length
    expect(measurableAcceleration(pattern, { from, to }, '/knee.h5')).toBe((to - from) / count)
  })

  it.each(cases)('of $kind', ({ pattern }) => {
    const grid = gridByDefinition(pattern)
    const inside = grid.filter((_, i) => i % COLUMNS >= 1 && i % COLUMNS < 4)
    const cleared = clearPadding(pattern, { from: 1, to: 4 })
    expect([...gridOf(cleared)]).toEqual(grid.map((value, i) => (i % COLUMNS >= 1 && i % COLUMNS < 4 ? value : 0)))
    const count = inside.reduce((sum, value) => sum + value, 0)
    expect(measurableAcceleration(pattern, { from: 1, to: 4 }, '/knee.h5')).toBeCloseTo(inside.length / count, 14)
    expect(clearPadding(pattern, { from: 0, to: COLUMNS })).toBe(pattern)
    expect(measurableAcceleration(pattern, { from: 0, to: COLUMNS }, '/knee.h5')).toBeCloseTo(acceleration(pattern), 14)
  })
})

it('a mask that measures no measurable column is refused, with the file', () => {
  const onlyPadding = columnPattern(maskFrom('11000011'), 4)
  expect(() => measurableAcceleration(onlyPadding, { from: 2, to: 6 }, '/knee.h5')).toThrow(
    /some of the columns 3 to 6, got one that measures none, for \/knee\.h5\..* Choose another mask\.$/,
  )
})

describe('readCentre equals VarNet', () => {
  it.each(golden.centres)('$mask', ({ mask, pad, low }) => {
    expect(readCentre(maskFrom(mask))).toEqual({ from: pad, to: pad + low })
  })
})

describe('subsample', () => {
  const centre = { rows: { from: 1, to: 2 }, columns: { from: 2, to: 3 } }

  it.each(cases)('drops and keeps some outside the centre: $kind', ({ pattern }) => {
    const seen = new Set<string>()
    for (let seed = 0; seed < 30; seed++) {
      const { measured, ...rest } = subsample(pattern, centre, 0.5, RandomState.fromSeed(seed))
      expect(rest).toEqual({ kind: pattern.kind, rows: ROWS, columns: COLUMNS })
      expect(measured.every((value, i) => value <= pattern.measured[i])).toBe(true)
      seen.add(measured.join(''))
    }
    const kept = pattern.kind === 'columns' ? 2 : pattern.kind === 'rows' ? 1 : COLUMNS + 2
    for (const view of seen) expect(view[kept]).toBe('1')
    expect(seen.has(pattern.measured.join(''))).toBe(pattern.kind === 'rows') // one row lies outside its centre
    expect(seen.size).toBeGreaterThan(1)
  })
})
