import { decode } from 'fast-png'
import { describe, expect, test } from 'vitest'
import type { Metrics, Protocol, VolumeScore } from '../../../../src/contract/evaluation.ts'
import { Report, type TrainingSummary } from '../../../../src/contract/training-summary.ts'
import { formatDuration, formatPsnr, formatShare } from '../../../../src/presentation/numbers.ts'
import { protocolSentence } from '../../../../src/presentation/protocol.ts'
import {
  type Comparison,
  comparisonPng,
  comparisonSvg,
  type Pane,
  reportPage,
  tableText,
} from '../../../../src/services/reports/index.ts'
import { escapeMarkup, wrapText } from '../../../../src/services/reports/words.ts'

const PROTOCOL: Protocol = {
  mask: { kind: 'equispaced_fraction', acceleration: 4, centerFraction: 0.08 },
  maskSeed: 'file name',
  maskDraws: 1,
  crop: 'ground truth size, centred',
  dataRange: 'volume maximum of the ground truth',
  ssim: '7 × 7 uniform window, K1 0.01, K2 0.03, per slice, mean over slices',
  reference: 'reconstruction_esc or reconstruction_rss',
  foreground: { threshold: 0.1, of: 'volume maximum, ground truth averaged over 7 × 7' },
  slices: { kind: 'all' },
}

const METRICS: Metrics = { ssim: 0.73449, psnr: 26.7851, nmse: 0.03421 }

function volume(file: string, acceleration: number): VolumeScore {
  return {
    ...METRICS,
    file,
    path: `/data/${file}`,
    slices: 4,
    acquisition: null,
    synthetic: false,
    sampling: 'masked here',
    acceleration,
    foreground: METRICS,
  }
}

function training(run: string, seconds: number, chanceLoss: number | null = null): TrainingSummary {
  return {
    run,
    epochs: 10,
    steps: 160,
    batch: 1,
    seconds: { steps: seconds, validation: 3, preparation: 1 },
    loss: 0.30214,
    chanceLoss,
    validationLoss: null,
    bestEpoch: null,
    checkpoint: { path: `runs/${run}.safetensors`, sha256: 'ab'.repeat(32) },
  }
}

const ROW = {
  network: 'U-Net',
  channels: 32,
  pretraining: null,
  metrics: { ...METRICS, foreground: { ...METRICS, ssim: 0.8125 } },
  volumes: [volume('one.h5', 3.714), volume('two.h5', 4)],
}

const REPORT: Report = Report.parse({
  study: 'Knee <1>',
  remarks: ['Made by A & B.'],
  synthetic: true,
  seed: 42,
  device: 'CPU',
  split: { train: ['three.h5'], val: [], test: ['one.h5', 'two.h5'] },
  protocol: PROTOCOL,
  rows: [
    {
      ...ROW,
      kind: 'zero-filled',
      label: 'Zero-filled',
      network: null,
      channels: null,
      training: null,
      totalSeconds: 0,
    },
    {
      ...ROW,
      kind: 'fine-tuned',
      label: 'SimCLR + fine-tuning',
      pretraining: { ...training('pt-1', 60, 5.5413), method: 'SimCLR' },
      training: training('ft-1', 42.06),
      totalSeconds: 102.06,
    },
    { ...ROW, kind: 'control', label: 'Control', training: training('co-1', 42), totalSeconds: 42 },
    {
      ...ROW,
      kind: 'baseline',
      label: 'Baseline from scratch',
      training: training('ba-1', 204.12),
      totalSeconds: 204.12,
    },
  ],
  files: { figure: 'figure.png', page: 'report.html' },
})

const SHAPE = [10, 8] as const
const SCALE = 32 // the largest whole factor that keeps 10 × 8 pixels within 320

function filled(value: number): Float32Array {
  return new Float32Array(SHAPE[0] * SHAPE[1]).fill(value)
}

function pane(title: string, value: number, more: Partial<Pane> = {}): Pane {
  return { title, run: null, image: filled(value), units: 'signal', metrics: null, error: null, ...more }
}

const COMPARISON: Comparison = {
  title: 'Title <b>',
  caption: 'one.h5, slice 2',
  shape: SHAPE,
  panes: [
    pane('Sub-sampled', 1, { metrics: METRICS, error: filled(0.25) }),
    pane('Pre-trained', 500, { units: 'arbitrary', run: 'pt-1', metrics: METRICS, error: filled(0.25) }),
    pane('Fine-tuned', 2, { metrics: METRICS, error: filled(0.5), run: 'ft-1' }),
    pane('Ground truth', 3),
  ],
  window: [0, 4],
  errorMaximum: 1,
  synthetic: true,
  protocol: PROTOCOL,
  remarks: ['Made by A & B.'],
}

interface Picture {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly pixels: ReturnType<typeof decode>
}

/** The pictures inside an SVG, in the order in which they are drawn. */
function pictures(svg: string): Picture[] {
  const pattern = /<image x="([\d.]+)" y="([\d.]+)" width="([\d.]+)"[^>]*base64,([^"]+)"/g
  return [...svg.matchAll(pattern)].map(([, x, y, width, base64]) => ({
    x: Number(x),
    y: Number(y),
    width: Number(width),
    pixels: decode(Buffer.from(base64, 'base64')),
  }))
}

const withoutPictures = (markup: string) => markup.replaceAll(/base64,[^"]+/g, '')

const panePictures = (svg: string) => pictures(svg).filter(({ width }) => width === SHAPE[1] * SCALE)
const colour = ({ pixels }: Picture) => [...pixels.data.slice(0, pixels.channels)]

describe('figure', () => {
  const svg = comparisonSvg(COMPARISON)

  test('all signal panes share one window and all errors one scale', () => {
    const drawn = panePictures(svg)
    expect(drawn.map(picture => picture.pixels.channels)).toEqual([1, 3, 1, 1, 3, 1])
    const [input, inputError, , tuned, tunedError, truth] = drawn.map(colour)
    expect([input, tuned, truth]).toEqual([[64], [128], [191]])
    expect(inputError).toEqual([0x57, 0x10, 0x6e]) // inferno at a quarter
    expect(tunedError).toEqual([0xbc, 0x37, 0x54]) // and at a half
  })

  test('an image in arbitrary units has no metric and no error map, even if it is given some', () => {
    expect(svg.match(/26\.79/g)).toHaveLength(2)
    expect(svg).toContain('arbitrary units, own window')
    expect(svg).toContain('arbitrary units: no error map')
    expect(svg).toContain('the reference itself')
  })

  test('every pixel is repeated whole', () => {
    const image = Float32Array.from(filled(0), (_, index) => (index % 2 === 0 ? 4 : 0))
    const [{ pixels }] = panePictures(comparisonSvg({ ...COMPARISON, panes: [pane('Checked', 0, { image })] }))
    expect([pixels.width, pixels.height]).toEqual([SHAPE[1] * SCALE * 2, SHAPE[0] * SCALE * 2])
    expect(new Set(pixels.data)).toEqual(new Set([0, 255]))
    expect([...pixels.data].filter(value => value === 255)).toHaveLength(pixels.data.length / 2)
  })

  test('says what it must, escaped', () => {
    expect(svg).toContain('Title &lt;b&gt;')
    expect(svg).not.toContain('<b>')
    expect(svg).toContain('SYNTHETIC')
    expect(svg).toContain('Made by A &amp; B.')
    expect(svg).toContain('Not a medical device.')
    expect(withoutPictures(svg)).not.toMatch(/NaN|undefined/)
    expect(comparisonSvg({ ...COMPARISON, synthetic: false })).not.toContain('SYNTHETIC')
  })

  test('small signals share one power of ten beside both bars', () => {
    const small = comparisonSvg({ ...COMPARISON, window: [0, 3.2e-4], errorMaximum: 8e-5 })
    expect(small).toContain('signal × 10⁻⁴')
    expect(small).toContain('≥ 3.20')
    expect(small).toContain('|error| × 10⁻⁴')
    expect(small).toContain('≥ 0.80')
  })

  test('a pane of another size is an error that names it', () => {
    const panes = [pane('Odd one', 0, { image: new Float32Array(79) })]
    expect(() => comparisonSvg({ ...COMPARISON, panes })).toThrow(
      /Expected 10 × 8 pixels, got 79, in the pane "Odd one"/,
    )
  })

  test('the PNG is the SVG at twice its size, with the same greys and with text', () => {
    const png = decode(comparisonPng(COMPARISON))
    const [, width, height] = svg.match(/viewBox="0 0 (\d+) (\d+)"/)!.map(Number)
    expect([png.width, png.height]).toEqual([2 * width, 2 * height])
    const drawn = panePictures(svg)
    for (const picture of [drawn[0], drawn[3]]) {
      const at = (Math.round(2 * picture.y) + 20) * png.width + Math.round(2 * picture.x) + 20
      const [expected] = colour(picture)
      for (const channel of [0, 1, 2])
        expect(Math.abs(png.data[at * png.channels + channel] - expected)).toBeLessThanOrEqual(1)
    }
    const header = png.data.subarray(0, Math.floor(2 * drawn[0].y - 60) * png.width * png.channels)
    expect(header.filter(value => value > 200 && value < 255).length).toBeGreaterThan(200)
  })
})

describe('table', () => {
  const text = tableText(REPORT)

  test('rows in order, numbers with their decimals, shares of the baseline', () => {
    const order = ['Zero-filled', 'SimCLR + fine-tuning', 'Control', 'Baseline from scratch'].map(label =>
      text.indexOf(`\n${label}`),
    )
    expect(order).toEqual([...order].sort((a, b) => a - b))
    expect(order[0]).toBeGreaterThan(0)
    const line = text.split('\n').find(candidate => candidate.startsWith('SimCLR + fine-tuning'))
    expect(line?.split(/ {2,}/)).toEqual([
      'SimCLR + fine-tuning',
      'SimCLR',
      '10 epochs',
      '0.734',
      '26.79',
      '0.0342',
      '0.813',
      '1 min 42 s',
      '50.0 %',
    ])
    expect(text).toContain('chance 5.541')
    const zeroFilled = text.split('\n').find(candidate => candidate.startsWith('Zero-filled'))
    expect(zeroFilled?.match(/—/g)).toHaveLength(4)
  })

  test('carries its protocol, its real accelerations and its remarks', () => {
    const flat = text.replaceAll('\n', ' ')
    expect(flat).toContain(protocolSentence(PROTOCOL))
    expect(flat).toContain('one.h5 (3.71×), two.h5 (4.00×)')
    expect(flat).toContain('Made by A & B.')
    expect(flat).toContain('SYNTHETIC')
    expect(flat).not.toMatch(/NaN|undefined|null/)
  })

  test.each([120, 100, 80, 60])('fits %i columns', columns => {
    const narrow = tableText(REPORT, columns)
    expect(Math.max(...narrow.split('\n').map(line => line.length))).toBeLessThanOrEqual(columns)
    expect(narrow).toContain('26.79')
    expect(narrow.replaceAll('\n', ' ')).toMatch(/50\.0 +%/)
  })

  test('without a baseline no share is invented, and no number is printed for what is not one', () => {
    const rows = REPORT.rows
      .filter(row => row.kind !== 'baseline')
      .map(row => ({ ...row, metrics: { ...row.metrics, psnr: Number.NaN } }))
    const without = tableText({ ...REPORT, rows })
    expect(without).not.toMatch(/\d %|NaN/)
  })

  test('a long list of volumes is cut to its range', () => {
    const volumes = Array.from({ length: 20 }, (_, index) => volume(`v${index}.h5`, 3 + index / 10))
    const rows = REPORT.rows.map(row => ({ ...row, volumes }))
    const flat = tableText({ ...REPORT, rows }).replaceAll('\n', ' ')
    expect(flat).toContain('v7.h5 (3.70×) and 12 more; all between 3.00× and 4.90×')
    expect(flat).not.toContain('v8.h5')
  })
})

describe('page', () => {
  const page = reportPage(REPORT, comparisonSvg(COMPARISON))

  test('fetches nothing and runs nothing', () => {
    const addresses = [...page.matchAll(/\b(?:href|src)="([^"]*)"/g)].map(([, address]) => address)
    expect(addresses.length).toBeGreaterThan(0)
    expect(addresses.filter(address => !address.startsWith('data:'))).toEqual([])
    expect(page).not.toMatch(/<script|<link|@import|url\(/)
    expect(page).toContain("default-src 'none'")
  })

  test('holds the table, every volume, every checkpoint, the split and the commands', () => {
    const labels = [...page.matchAll(/<tr><th scope="row">([^<]+?)\s*</g)].map(([, label]) => label)
    const rows = ['SimCLR + fine-tuning', 'Control', 'Baseline from scratch']
    expect(labels).toEqual(['Zero-filled', ...rows, 'SimCLR pre-training', ...rows])
    expect(page.match(/<details>/g)).toHaveLength(4)
    expect(page.match(/<td title="\/data\/one\.h5">/g)).toHaveLength(4)
    expect(page.match(/<code class="hash">(ab){32}</g)).toHaveLength(4)
    expect(page).toContain('<li>three.h5</li>')
    for (const run of ['ft-1', 'co-1', 'ba-1'])
      expect(page).toContain(`npm run -s self-mri -- evaluate --study &#39;Knee &lt;1&gt;&#39; --run ${run}`)
    expect(page).toContain(`title="${protocolSentence(PROTOCOL)}"`)
  })

  test('is escaped and says what it is', () => {
    expect(page).toContain('<h1>Knee &lt;1&gt;<span class="badge">SYNTHETIC</span></h1>')
    expect(page).not.toContain('Knee <1>')
    expect(page).toContain('Made by A &amp; B.')
    expect(page).toContain('Research use only. Not a medical device.')
    expect(withoutPictures(page)).not.toMatch(/NaN|undefined|null/)
  })

  test('a run has the same colour as in the figure', () => {
    const figureColours = [...comparisonSvg(COMPARISON).matchAll(/<rect [^>]*fill="(#[0-9a-f]{6})"/g)].map(
      ([, value]) => value,
    )
    for (const run of ['pt-1', 'ft-1']) {
      const [, dot] = page.match(new RegExp(`title="run ${run}" style="background:(#[0-9a-f]{6})"`))!
      expect(figureColours).toContain(dot)
    }
  })

  test('scores over several mask draws show their standard deviation', () => {
    const sd = { ssim: 0.0123, psnr: 0.456, nmse: 0.00071, acceleration: 0.21 }
    const rows = REPORT.rows.map(row => ({ ...row, volumes: [{ ...volume('one.h5', 3.7), sd }] }))
    const drawn = reportPage({ ...REPORT, rows }, '<svg></svg>')
    for (const score of ['0.734 ± 0.012', '26.79 ± 0.46', '0.0342 ± 0.0007', '3.70× ± 0.21×'])
      expect(drawn).toContain(score)
  })
})

describe('words and numbers', () => {
  test.each([
    [42.06, '42.1 s'],
    [59.96, '1 min 00 s'],
    [185.4, '3 min 05 s'],
    [3599.7, '1.0 h'],
    [4320, '1.2 h'],
    [Number.NaN, '—'],
    [null, '—'],
  ])('%d seconds is %s', (seconds, expected) => {
    expect(formatDuration(seconds)).toBe(expected)
  })

  test('identical images have an infinite PSNR; a share needs two times', () => {
    expect(formatPsnr(Number.POSITIVE_INFINITY)).toBe('∞')
    expect(formatShare(0, 10)).toBe('—')
    expect(formatShare(5, undefined)).toBe('—')
    expect(formatShare(15, 10)).toBe('150.0 %')
  })

  test('a protocol of one seed names it', () => {
    expect(protocolSentence({ ...PROTOCOL, maskSeed: 'seed 3' })).toContain('one draw, seed 3')
  })

  test('the protocol names everything a metric depends on', () => {
    const sentence = protocolSentence({
      ...PROTOCOL,
      maskSeed: 'seeded draws',
      maskDraws: 5,
      slices: { kind: 'every', n: 4 },
    })
    for (const part of [
      'equispaced fraction columns, 4×, centre fraction 0.08, mean over 5 draws, seeds 0 to 4',
      'Crop: ground truth size, centred',
      'Data range: volume maximum of the ground truth',
      'SSIM: 7 × 7 uniform window',
      'Reference: reconstruction_esc',
      'Foreground: at least 0.1 of the volume maximum',
      'Slices: one in 4',
    ])
      expect(sentence).toContain(part)
  })

  test('markup and control characters are made harmless', () => {
    expect(escapeMarkup(`<a href="x">'&\u0000\ud800`)).toBe('&lt;a href=&quot;x&quot;&gt;&#39;&amp; \ufffd')
  })

  test('lines break between words, and inside a word only where they must', () => {
    expect(wrapText('one two three', 7)).toEqual(['one two', 'three'])
    expect(wrapText('abcdefghij k', 4)).toEqual(['abcd', 'efgh', 'ij k'])
  })
})
