import { decode } from 'fast-png'
import { describe, expect, test } from 'vitest'
import type { Metrics, Protocol, VolumeScore } from '../../../../src/contract/evaluation.ts'
import { formatDuration, formatPsnr } from '../../../../src/presentation/numbers.ts'
import { protocolSentence, volumesSentence } from '../../../../src/presentation/protocol.ts'
import { type Comparison, comparisonSvg } from '../../../../src/services/reports/figure.ts'
import { type Pane, svgPng } from '../../../../src/services/reports/index.ts'
import { volumeDetails } from '../../../../src/services/reports/volume-scores.ts'
import { escapeMarkup, wrapText } from '../../../../src/services/reports/words.ts'
import { PROTOCOL as RANDOM } from '../../../reproductions.ts'

const PROTOCOL: Protocol = { ...RANDOM, mask: { ...RANDOM.mask, kind: 'equispaced_fraction' } }

const METRICS: Metrics = { ssim: 0.73449, psnr: 26.7851, nmse: 0.03421 }

function volume(file: string, acceleration: number): VolumeScore {
  return {
    ...METRICS,
    file,
    path: `/data/${file}`,
    slices: 4,
    acquisition: null,
    origin: 'measured',
    sampling: 'masked here',
    acceleration,
    foreground: METRICS,
  }
}

const SHAPE = [10, 8] as const
const SCALE = 32 // the largest integer factor for 10 × 8 pixels within 320

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
  origin: 'synthetic',
  protocol: PROTOCOL,
  remarks: ['Made by A & B.'],
}

interface Picture {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly pixels: ReturnType<typeof decode>
}

/** The images of an SVG, in drawing order. */
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

  test('all signal panes share one window, and all error maps share one scale', () => {
    const drawn = panePictures(svg)
    expect(drawn.map(picture => picture.pixels.channels)).toEqual([1, 3, 1, 1, 3, 1])
    const [input, inputError, , tuned, tunedError, truth] = drawn.map(colour)
    expect([input, tuned, truth]).toEqual([[64], [128], [191]])
    expect(inputError).toEqual([0x57, 0x10, 0x6e]) // inferno at a quarter
    expect(tunedError).toEqual([0xbc, 0x37, 0x54]) // and at a half
  })

  test('an image in arbitrary units has no metric and no error map, even if they are given', () => {
    expect(svg.match(/26\.79/g)).toHaveLength(2)
    expect(svg).toContain('arbitrary units, own window')
    expect(svg).toContain('arbitrary units: no error map')
    expect(svg).toContain('the reference itself')
  })

  test('every pixel is enlarged by an integer factor', () => {
    const image = Float32Array.from(filled(0), (_, index) => (index % 2 === 0 ? 4 : 0))
    const [{ pixels }] = panePictures(comparisonSvg({ ...COMPARISON, panes: [pane('Checked', 0, { image })] }))
    expect([pixels.width, pixels.height]).toEqual([SHAPE[1] * SCALE * 2, SHAPE[0] * SCALE * 2])
    expect(new Set(pixels.data)).toEqual(new Set([0, 255]))
    expect([...pixels.data].filter(value => value === 255)).toHaveLength(pixels.data.length / 2)
  })

  test('has all required texts, escaped', () => {
    expect(svg).toContain('Title &lt;b&gt;')
    expect(svg).not.toContain('<b>')
    expect(svg).toContain('SYNTHETIC')
    expect(svg).toContain('Made by A &amp; B.')
    expect(svg).toContain('Not a medical device.')
    expect(withoutPictures(svg)).not.toMatch(/NaN|undefined/)
    expect(comparisonSvg({ ...COMPARISON, origin: 'measured' })).not.toContain('SYNTHETIC')
  })

  test('small signals share one power of ten beside both bars', () => {
    const small = comparisonSvg({ ...COMPARISON, window: [0, 3.2e-4], errorMaximum: 8e-5 })
    expect(small).toContain('signal × 10⁻⁴')
    expect(small).toContain('≥ 3.20')
    expect(small).toContain('|error| × 10⁻⁴')
    expect(small).toContain('≥ 0.80')
  })

  test('a pane of another size is an error that names the pane', () => {
    const panes = [pane('Odd one', 0, { image: new Float32Array(79) })]
    expect(() => comparisonSvg({ ...COMPARISON, panes })).toThrow(
      /Expected 10 × 8 pixels, got 79, in the pane "Odd one"/,
    )
  })

  test('the PNG is the SVG at twice the size, with equal greys and with text', () => {
    const png = decode(svgPng(svg))
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

  test('identical images have an infinite PSNR', () => {
    expect(formatPsnr(Number.POSITIVE_INFINITY)).toBe('∞')
  })

  test('a long list of volumes is shortened to its first and last name', () => {
    const volumes = Array.from({ length: 20 }, (_, index) => volume(`v${index}.h5`, 3 + index / 10))
    const sentence = volumesSentence({ rows: [{ volumes }] })
    expect(sentence).toContain('v7.h5 (3.70×) and 12 more; all between 3.00× and 4.90×')
    expect(sentence).not.toContain('v8.h5')
  })

  test('scores over several mask draws show their standard deviation', () => {
    const sd = { ssim: 0.0123, psnr: 0.456, nmse: 0.00071, acceleration: 0.21 }
    const drawn = volumeDetails({ label: 'Control', volumes: [{ ...volume('one.h5', 3.7), sd }] })
    for (const score of ['0.734 ± 0.012', '26.79 ± 0.46', '0.0342 ± 0.0007', '3.70× ± 0.21×'])
      expect(drawn).toContain(score)
    const padded = { ...volume('one.h5', 4.85), measurableAcceleration: 4.2, sd }
    expect(volumeDetails({ label: 'Control', volumes: [padded] })).toContain(
      '4.85× ± 0.21× (4.20× of the measurable columns)',
    )
  })

  test('a protocol with one seed names the seed', () => {
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

  test('markup and control characters are escaped', () => {
    expect(escapeMarkup(`<a href="x">'&\u0000\ud800`)).toBe('&lt;a href=&quot;x&quot;&gt;&#39;&amp; \ufffd')
  })

  test('lines break between words, and within a word only if the word is too long', () => {
    expect(wrapText('one two three', 7)).toEqual(['one two', 'three'])
    expect(wrapText('abcdefghij k', 4)).toEqual(['abcd', 'efgh', 'ij k'])
  })
})
