/** The bench's arithmetic and its table. `npm run bench` runs the comparison itself. */
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

// A dynamic import, because the tests' TypeScript project does not include scripts.
const bench = (path: string) => import(fileURLToPath(new URL(`../../scripts/bench/${path}`, import.meta.url)))
const { differenceOfEach, differenceOfMaximum, differenceOfNorm } = await bench('report.ts')
const { formatCheck, formatRows, formatTable, makeCheck, partsOf, rowAgainst, rowAlone, spread } =
  await bench('report.ts')
const { parseMemory } = await bench('memory.ts')
const { compared, FORMS, rowsAgainst } = await bench('works/compared.ts')
const { REHEARSAL, WORKS } = await bench('works/index.ts')
const { versionOf } = await bench('works/program.ts')
const { chooseWorks } = await bench('works/work.ts')
const { measureAll } = await bench('measure-all.ts')
const { HELP, parseOptions } = await bench('options.ts')
const { instructionsOf, limitFor } = await bench('instructions.ts')

test('a spread is the median, the minimum and the maximum, in any order of values', () => {
  expect(spread([9, 100, 20])).toEqual({ medianMs: 20, minMs: 9, maxMs: 100 })
  expect(spread([9, 100, 20, 30])).toEqual({ medianMs: 25, minMs: 9, maxMs: 100 })
})

test('a difference is relative to the maximum or the norm for an image, and to each value for losses', () => {
  const expected = Float32Array.of(-4, 1, 0.5)
  const actual = Float32Array.of(-4, 1.5, 0.75)
  expect(differenceOfMaximum(actual, expected)).toBe(0.125)
  expect(differenceOfEach(actual, expected)).toBe(0.5)
  expect(differenceOfNorm(Float32Array.of(3, -4, 1), Float32Array.of(3, -4, 0))).toBe(0.2)
})

test.each([
  ['another length', Float32Array.of(1, 2)],
  ['a number that is none', Float32Array.of(1, Number.NaN, 3)],
  ['an infinity', Float32Array.of(1, Number.POSITIVE_INFINITY, 3)],
])('%s never passes a check', (_, actual) => {
  const expected = Float32Array.of(1, 2, 3)
  for (const difference of [differenceOfMaximum, differenceOfNorm, differenceOfEach]) {
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

test('every work has its own name, and --only chooses by whole names, else by the words before a hyphen', () => {
  for (const works of Object.values<{ name: string }[]>(WORKS)) {
    const names = works.map(({ name }) => name)
    expect(new Set(names).size).toBe(names.length)
  }
  const chosen = (...only: string[]) => chooseWorks(WORKS.cpu, only).map(({ name }: { name: string }) => name)
  expect(['unet-32', 'unet-32-adam', 'epoch', 'unet'].map(only => chosen(only).length)).toEqual([6, 1, 1, 19])
  expect(chosen()).toHaveLength(WORKS.cpu.length)
  expect(chosen('slice', 'unet-2', 'slice')).toEqual(['unet-2-rmsprop', 'slice'])
  expect(() => chosen('slice', 'u')).toThrow(/^Expected --only with some of unet-32-forward, .*, got u$/)
})

test('options are read from the command line, and options that do not fit are refused', () => {
  expect(parseOptions([], {})).toEqual({
    help: false,
    json: false,
    only: [],
    python: null,
    hardware: 'cpu',
    rehearsal: false,
    precision: 'float32',
    xla: false,
    instructions: null,
  })
  expect(parseOptions(['--only', 'slice,epoch', '--instructions', 'avx2'])).toMatchObject({
    only: ['slice', 'epoch'],
    instructions: 'avx2',
  })
  expect(parseOptions(['--gpu', '--precision', 'bfloat16', '--xla'])).toMatchObject({
    hardware: 'gpu',
    precision: 'bfloat16',
    xla: true,
  })
  expect(() => parseOptions(['--precision', 'bfloat16'])).toThrow('--precision and --xla are for a GPU. Add --gpu.')
  expect(() => parseOptions(['--xla'])).toThrow('Add --gpu')
  expect(() => parseOptions(['--gpu', '--instructions', 'avx2'])).toThrow('Leave out --gpu')
  expect(() => parseOptions(['--gpu', '--precision', 'half'])).toThrow('with float32 or bfloat16, got half')
  expect(() => parseOptions(['--instructions', 'sse'])).toThrow('Expected --instructions with avx2, got sse')
  expect(() => parseOptions(['--colour'])).toThrow('--colour')
})

test('the help names every option', () => {
  const { hardware, rehearsal, ...named } = parseOptions([], {})
  for (const name of [...Object.keys(named), 'gpu'])
    expect(HELP).toContain(`
--${name} `)
})

test('instructions come from the processor, and a limit may depend on them', () => {
  expect(instructionsOf('x64', 'flags : sse2 avx2 avx512f avx512_vnni')).toBe('avx512')
  expect(instructionsOf('x64', 'flags : sse2 avx2')).toBe('avx2')
  expect(instructionsOf('x64', '')).toBe('unknown')
  expect(instructionsOf('arm64', 'Features : asimd')).toBe('neon')
  const limit = { avx2: 0.5, avx512: 0.6 }
  expect(['avx2', 'avx512', 'neon', 'unknown'].map(each => limitFor(limit, each))).toEqual([0.5, 0.6, 0.6, 0.6])
  expect(limitFor(0.9, 'avx2')).toBe(0.9)
})

test.each([
  ['unet-32-rmsprop', 0.55, 0.65],
  ['unet-64-adam', 0.55, 0.65],
  ['unet-32-adam-batch-4', 0.4, 0.5],
  ['unet-64-rmsprop-batch-4', 0.4, 0.5],
  ['unet-32-forward', 0.5, 0.6],
  ['unet-64-forward-batch-4', 0.5, 0.6],
  ['unet-plus-plus-32-rmsprop', 0.4, 0.55],
  ['unet-plus-plus-32-adam-batch-4', 0.4, 0.55],
  ['unet-plus-plus-32-forward', 0.5, 0.6],
  ['unet-2-rmsprop', 1.5, 1.5],
  ['simclr', 0.6, 0.75],
  ['rotnet', 0.6, 0.75],
  ['epoch', 1.05, 1.05],
  ['slice', 0.7, 0.9],
  ['coils-scipy', 0.7, 0.9],
  ['volume', 0.65, 0.65],
  ['simclr-15-coils', 0.8, 0.8],
  ['epoch-15-coils', 1.1, 1.1],
  ['slice-20-coils', 0.8, 0.8],
  ['cfl', 1, 1],
  ['espirit-sigpy', 0.6, 0.6],
  ['espirit-bart', 1, 1],
  ['cg-sense-bart', 1, 1],
  ['l1-wavelet-bart', 1, 1],
])('%s takes at most %f of the peer’s time with AVX2, and %f with AVX-512', (only, avx2, avx512) => {
  const { atMost } = WORKS.cpu.find(({ name }: { name: string }) => name === only)
  expect([limitFor(atMost, 'avx2'), limitFor(atMost, 'avx512')]).toEqual([avx2, avx512])
})

test.each([
  ['unet-32-rmsprop', 0.9],
  ['unet-32-rmsprop-batch-4', 1],
  ['unet-32-rmsprop-batch-8', 0.9],
  ['unet-plus-plus-32-adam', 0.9],
  ['unet-2-rmsprop', 1],
  ['unet-32-forward', 1],
  ['simclr', 1],
  ['volume', 1],
])('%s takes at most %f of the time of PyTorch’s fastest form on a GPU', (only, atMost) => {
  expect(WORKS.gpu.find(({ name }: { name: string }) => name === only).atMost).toBe(atMost)
})

test('a work that fails is named with its reason, and the next work is measured', async () => {
  const row = rowAlone('second', spread([3]), null)
  const works = [
    { label: 'first', measure: () => Promise.reject(new Error('no memory')) },
    { label: 'second', measure: async () => ({ checks: [], rows: [row] }) },
    { label: 'third', measure: async () => ({ checks: [], rows: [], skipped: 'no browser' }) },
  ]
  expect(await measureAll(works, { say: () => {} })).toEqual({
    rows: [row],
    checks: [],
    skipped: [{ work: 'third', reason: 'no browser' }],
    failed: [{ work: 'first', reason: 'no memory' }],
  })
})

test('a work whose program is missing is skipped, and the sentence names the program', async () => {
  expect(await versionOf('self-mri-no-such-program', 'version')).toBeNull()
  expect(await versionOf('true', 'version')).toBe('')
  const program = ['self-mri-no-such-program', 'version']
  const work = compared({ name: 'maps', label: 'maps', computed: { kind: 'maps' }, program })
  const { rows, skipped } = await work.measure({})
  expect(rows).toEqual([])
  expect(skipped).toBe('there is no self-mri-no-such-program (Debian and Ubuntu: apt install self-mri-no-such-program)')
  for (const { name, program } of WORKS.cpu)
    expect(program).toEqual(name.endsWith('-bart') ? ['bart', 'version'] : undefined)
})

test('on a GPU a step is compared with three forms of PyTorch, and the limit is for the fastest', () => {
  const find = (only: string) => WORKS.gpu.find(({ name }: { name: string }) => name === only)
  expect(FORMS.map(({ name }: { name: string }) => name)).toEqual(['eager', 'compiled', 'compiled with bfloat16'])
  for (const name of ['unet-32-rmsprop', 'unet-32-rmsprop-batch-8', 'unet-32-rmsprop-batch-4', 'unet-32-forward'])
    expect(find(name).forms).toBe(FORMS)
  const limits = ['unet-32-rmsprop', 'unet-32-rmsprop-batch-8', 'unet-32-rmsprop-batch-4', 'unet-32-forward']
  expect(limits.map(name => find(name).atMost)).toEqual([0.9, 0.9, 1, 1])
  expect([find('slice').forms, find('volume').forms, find('epoch').forms]).toEqual([undefined, undefined, undefined])

  const form = (name: string, ms: number) => ({ ...spread([ms]), name: `PyTorch ${name}`, version: '1.0' })
  const rows = rowsAgainst('step', spread([9]), [form('eager', 20), form('compiled', 10), form('bfloat16', 12)], 0.95)
  expect(rows).toMatchObject([
    { ratio: 0.45, atMost: null, best: false },
    { ratio: 0.9, atMost: 0.95, best: true },
    { ratio: 0.75, atMost: null, best: false },
  ])
  const [, eager, compiled] = formatRows(rows).split('\n')
  expect(eager).toMatch(/ 0\.45 +– +PyTorch eager 1\.0$/)
  expect(compiled).toMatch(/ 0\.90 +0\.95 +within the limit +PyTorch compiled 1\.0, the best form$/)
  expect(rowsAgainst('step', spread([9]), [form('eager', 20)], 0.4)).toMatchObject([{ ratio: 0.45, atMost: 0.4 }])
})

test('a rehearsal runs the GPU’s works small on a CPU, and each label says that nothing is measured', () => {
  expect(parseOptions(['--gpu'], { SELF_MRI_BENCH_REHEARSAL: '1' })).toMatchObject({ hardware: 'cpu', rehearsal: true })
  expect(parseOptions([], { SELF_MRI_BENCH_REHEARSAL: '1' })).toMatchObject({ hardware: 'cpu', rehearsal: false })
  for (const { label } of REHEARSAL) expect(label).toContain('no measurement')
})
