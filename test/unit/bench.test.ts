/** The bench's arithmetic and its table; its comparison itself runs with `npm run bench`. */
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

// Named at run time: the tests' types do not reach into scripts.
const report = await import(fileURLToPath(new URL('../../scripts/bench/report.ts', import.meta.url)))
const { differenceOfEach, differenceOfMaximum, formatCheck, formatRows, formatTable, makeCheck, spread } = report

test('a spread is the median, the least and the most, whatever the order', () => {
  expect(spread([9, 100, 20])).toEqual({ medianMs: 20, minMs: 9, maxMs: 100 })
  expect(spread([9, 100, 20, 30])).toEqual({ medianMs: 25, minMs: 9, maxMs: 100 })
})

test('differences: one scale for an image, a scale of its own for each loss', () => {
  const expected = Float32Array.of(-4, 1, 0.5)
  const actual = Float32Array.of(-4, 1.5, 0.75)
  expect(differenceOfMaximum(actual, expected)).toBe(0.125)
  expect(differenceOfEach(actual, expected)).toBe(0.5)
})

test.each([
  ['another length', Float32Array.of(1, 2)],
  ['a number that is none', Float32Array.of(1, Number.NaN, 3)],
  ['an infinity', Float32Array.of(1, Number.POSITIVE_INFINITY, 3)],
])('%s never passes a check', (_, actual) => {
  const expected = Float32Array.of(1, 2, 3)
  for (const difference of [differenceOfMaximum, differenceOfEach]) {
    expect(makeCheck('output', difference(actual, expected), 1e9).passed).toBe(false)
    expect(makeCheck('output', difference(expected, expected), 0).passed).toBe(true)
  }
})

test('a check says its difference and its limit', () => {
  expect(formatCheck(makeCheck('output', 0.00023, 1e-4))).toBe('✗ output: differs by 2.3e-4, at most 1e-4')
  expect(formatCheck(makeCheck('output', 0.000023, 1e-4))).toBe('✓ output: differs by 2.3e-5, at most 1e-4')
})

test('columns are as wide as their widest cell', () => {
  expect(
    formatTable([
      ['a', 'bcd', 'e'],
      ['fgh', 'i', 'j'],
    ]),
  ).toBe('a    bcd  e\nfgh  i    j')
})

test('a row says its times, and in words whether its ratio is within the limit', () => {
  const row = (ratio: number) => ({
    work: 'forward',
    ours: spread([ratio * 200]),
    peer: { ...spread([200, 190, 2100]), name: 'PyTorch', version: '1.0' },
    ratio,
    atMost: 1.2,
  })
  const [, within, above] = formatRows([row(1.2), row(1.21)]).split('\n')
  expect(within).toMatch(/^forward +240 \(240–240\) +200 \(190–2100\) +1\.20 +1\.20 +within the limit +PyTorch 1\.0$/)
  expect(above).toMatch(/ 1\.21 +1\.20 +ABOVE the limit /)
})
