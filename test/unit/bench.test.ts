/** The bench's arithmetic and its table. `npm run bench` runs the comparison itself. */
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

// A dynamic import, because the tests' TypeScript project does not include scripts.
const bench = (path: string) => import(fileURLToPath(new URL(`../../scripts/bench/${path}`, import.meta.url)))
const { differenceOfEach, differenceOfMaximum, formatCheck, formatRows, formatTable, makeCheck, partsOf, spread } =
  await bench('report.ts')
const { rowAgainst, rowAlone } = await bench('report.ts')
const { parseMemory } = await bench('memory.ts')
const { WORKS } = await bench('works/index.ts')
const { isChosen } = await bench('works/work.ts')

test('a spread is the median, the minimum and the maximum, in any order of values', () => {
  expect(spread([9, 100, 20])).toEqual({ medianMs: 20, minMs: 9, maxMs: 100 })
  expect(spread([9, 100, 20, 30])).toEqual({ medianMs: 25, minMs: 9, maxMs: 100 })
})

test('a difference is relative to the maximum for an image, and to each value for losses', () => {
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
  const peer = { ...spread([200, 190, 2100]), name: 'PyTorch', version: '1.0' }
  const row = (ours: number) => rowAgainst('forward', spread([ours - 1, ours, ours + 1]), peer, 1.2)
  const [, within, above] = formatRows([row(240), row(242)]).split('\n')
  expect(within).toMatch(/^forward +240 \(239–241\) +200 \(190–2100\) +1\.20 +1\.20 +within the limit +PyTorch 1\.0$/)
  expect(above).toMatch(/ 1\.21 +1\.20 +ABOVE the limit /)
})

test('a row without a peer says so: its share of a plain limit, or nothing', () => {
  const [, slow, fast, large, told] = formatRows([
    rowAlone('list', spread([1500]), spread([1000])),
    rowAlone('scan', { perSecond: 400 }, { perSecond: 200 }),
    rowAlone('memory', { bytes: 250e6 }, { bytes: 500e6 }),
    rowAlone('part', spread([3]), null),
  ]).split('\n')
  expect(slow).toMatch(/^list +1500 +– +1\.50 +1\.00 +ABOVE the limit +no peer: at most 1000 ms$/)
  expect(fast).toMatch(/^scan +400 a second +– +0\.50 +1\.00 +within the limit +no peer: at least 200 a second$/)
  expect(large).toMatch(/^memory +250 MB +– +0\.50 +1\.00 +within the limit +no peer: at most 500 MB$/)
  expect(told).toMatch(/^part +3\.00 +– +– +– +no peer, no limit$/)
})

test('parts of a start follow one after another', () => {
  expect(partsOf([40, 700, 1700])).toEqual([40, 660, 1000])
})

test('memory is read from Linux, and is null on other systems', () => {
  const status = 'Name:\tnode\nVmPeak:\t  999 kB\nVmHWM:\t   20 kB\nVmRSS:\t   10 kB\n'
  expect(parseMemory(status)).toEqual({ residentBytes: 10 * 1024, peakBytes: 20 * 1024 })
  expect(parseMemory('Name:\tnode\n')).toBeNull()
})

test('every work has its own name, and --only chooses one name or all names that begin with it', () => {
  for (const works of Object.values<{ name: string }[]>(WORKS)) {
    const names = works.map(({ name }) => name)
    expect(new Set(names).size).toBe(names.length)
  }
  const chosen = (only: string) => WORKS.cpu.filter(({ name }: { name: string }) => isChosen(name, only)).length
  expect(['unet-32', 'unet-32-adam', 'epoch', 'unet', 'u'].map(chosen)).toEqual([6, 2, 1, 19, 0])
})
