/** The viewer's comparison as a figure for print, from known images. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decode } from 'fast-png'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type FigureInput, FigureRequest } from '../../../../src/contract/figure.ts'
import type { FrameMeta } from '../../../../src/contract/images.ts'
import type { StudyVolume } from '../../../../src/contract/studies.ts'
import { drawFigure, svgOf } from '../../../../src/services/figures/figure.ts'
import { partOf } from '../../../../src/services/figures/layout.ts'
import { gatherPanes } from '../../../../src/services/figures/panes.ts'
import { detailOf } from '../../../../src/services/figures/picture.ts'
import { saveFigure } from '../../../../src/services/figures/save.ts'
import { openServices, type Services } from '../../../../src/services/open.ts'
import { COLOURS } from '../../../../src/services/reports/index.ts'
import type { Frames, ShownSlice } from '../../../../src/services/viewing/frames.ts'
import { addStudy, contentsOf } from '../../../studies.ts'
import { noiseVolume } from '../../../volumes.ts'

const SHAPE = [40, 36] as const
const MAXIMUM = 2
const PIXELS = SHAPE[0] * SHAPE[1]

/** A ramp from 0 to the maximum, and an image that is above the ramp on the left and below the ramp on the right. */
const truth = Float32Array.from({ length: PIXELS }, (_, i) => (MAXIMUM * i) / (PIXELS - 1))
const input = truth.map((value, i) => value + 0.5 * (0.5 - (i % SHAPE[1]) / (SHAPE[1] - 1)))

const META: FrameMeta = {
  shape: [...SHAPE],
  show: 'image',
  units: 'signal',
  note: null,
  minimum: 0,
  maximum: MAXIMUM,
  volumeMaximum: MAXIMUM,
  metrics: null,
  mask: '',
  acceleration: null,
  residual: null,
}
const METRICS = { ssim: 0.73449, psnr: 26.7851, nmse: 0.03421, foreground: { ssim: 0.7, nmse: 0.03 } }

let asked: ShownSlice[]
const frames: Pick<Frames, 'frame'> = {
  async frame(request) {
    asked.push(request)
    if (request.source === 'truth') return { image: truth, meta: META }
    if (request.source === 'run:7') return { image: input, meta: { ...META, units: 'arbitrary' } }
    return { image: input, meta: { ...META, metrics: METRICS, acceleration: 3.6, show: request.show } }
  },
}

const window = { low: 0, high: MAXIMUM }
const zeroFilled = { source: 'zero-filled', label: 'Zero-filled <4×>', window }
const reference = { source: 'truth', label: 'Ground truth', window }
const REQUEST: FigureInput = { volume: 1, slice: 1, mask: {}, panes: [zeroFilled, reference], columns: 2 }

const volume: StudyVolume = { ...noiseVolume('a').info, id: 1, role: 'test', origin: 'synthetic' }

async function drawn(more: Partial<FigureInput> = {}, of: StudyVolume = volume) {
  const request = FigureRequest.parse({ ...REQUEST, ...more })
  return { request, figure: drawFigure(of, await gatherPanes(frames, of, request), request) }
}

const wordsOf = (svg: string) => [...svg.matchAll(/<text[^>]*>([^<]*)</g)].map(([, words]) => words)

/** The positions of the panes' images. Colour bars are smoothed, so the pattern does not match them. */
const placesOf = (svg: string) =>
  [
    ...svg.matchAll(/<image x="(\d+)" y="(\d+)" width="(\d+)" height="(\d+)"[^>]* image-rendering="optimizeSpeed"/g),
  ].map(found => found.slice(1).map(Number))

beforeEach(() => {
  asked = []
})

describe('a request', () => {
  const valid = (more: object) => FigureRequest.safeParse({ ...REQUEST, ...more }).success

  it('has the width of a page, 300 dpi and PNG by default', () => {
    expect(FigureRequest.parse(REQUEST)).toMatchObject({ width: 180, dpi: 300, format: 'png', seed: null, inset: null })
  })

  it('is refused with several scales of error maps', () => {
    const signed = { ...zeroFilled, error: { scale: 5, signed: true } }
    expect(valid({ panes: [signed], errorRow: { scale: 5, signed: false } })).toBe(true)
    expect(valid({ panes: [signed], errorRow: { scale: 10, signed: false } })).toBe(false)
  })

  it.each([
    ['no pane', { panes: [] }],
    ['ten panes', { panes: Array(10).fill(reference) }],
    ['five columns', { columns: 5 }],
    ['a screen’s resolution', { dpi: 96 }],
    ['a detail beyond the image', { inset: { x: 0.8, y: 0, width: 0.3, height: 0.3 } }],
    ['an empty window', { panes: [{ ...reference, window: { low: 1, high: 1 } }] }],
    ['an error of one coil', { panes: [{ ...zeroFilled, coil: 2, error: { scale: 1, signed: false } }] }],
    ['an error of an SSIM map', { panes: [{ ...zeroFilled, show: 'ssim', error: { scale: 1, signed: false } }] }],
  ])('is refused with %s', (_, more) => {
    expect(valid(more)).toBe(false)
  })
})

describe('a pane of one coil', () => {
  it('is asked for as this coil, and has neither metrics nor an error map', async () => {
    const scale = { scale: 5, signed: false }
    const request = FigureRequest.parse({ ...REQUEST, panes: [{ ...zeroFilled, coil: 2 }], errorRow: scale })
    const [pane] = await gatherPanes(frames, volume, request)
    expect(asked.map(({ source, coil }) => [source, coil])).toEqual([
      ['truth', null],
      ['zero-filled', 2],
    ])
    expect(pane).toMatchObject({ error: 'no error map', reason: 'one coil' })
  })
})

describe('a pane of coils', () => {
  /** Two tiles of 3 × 3 pixels beside each other. */
  const tiles = { count: 2, columns: 2, height: 3, width: 3, gap: 1 }
  const shape: [number, number] = [3, 7]
  const values = Float32Array.from({ length: 21 }, (_, i) => (i % 7 === 3 ? Number.NaN : (i % 7) / 4))
  const phases = Float32Array.from({ length: 21 }, (_, i) => (i < 7 ? Math.PI / 2 : 0))

  async function pixelsOf(show: 'coils' | 'maps' | 'eigenvalues', meta: Partial<FrameMeta>, second = phases) {
    const image = meta.second ? Float32Array.of(...values, ...second) : values
    const one: typeof frames = {
      frame: async () => ({ image, meta: { ...META, ...meta, shape, show, note: 'A note.' } }),
    }
    const pane = { source: 'zero-filled', label: 'Coils', show, window: { low: 0, high: 1 }, map: 'grey' } as const
    const request = FigureRequest.parse({ ...REQUEST, panes: [pane], crop: { x: 0, y: 0, width: 0.5, height: 1 } })
    const panes = await gatherPanes(one, volume, request)
    const { svg, caption } = drawFigure(volume, panes, request)
    const uri = /image-rendering="optimizeSpeed"[^>]*base64,([^"]+)/.exec(svg)![1]
    const { data, width, channels } = decode(Buffer.from(uri, 'base64'))
    const colour = (row: number, column: number) => {
      const at = channels * (4 * row * width + 4 * column) // a pixel is a block of 4 × 4
      return Array.from(data.subarray(at, at + channels))
    }
    return { colour, columns: width / 4, words: wordsOf(svg).join(' '), caption }
  }

  it('has white gaps between tiles, and is shown whole', async () => {
    const { colour, columns } = await pixelsOf('coils', { tiles })
    expect(columns).toBe(7)
    expect([colour(0, 0), colour(0, 2), colour(0, 3), colour(0, 4)]).toEqual([[0], [128], [255], [255]])
  })

  it('has hues by phase and brightness by magnitude, and a colour bar of the phase', async () => {
    const { colour, words, caption } = await pixelsOf('maps', { tiles, second: 'phase' })
    const [quarter, zero] = [COLOURS.cyclic(0.75), COLOURS.cyclic(0.5)]
    expect(colour(0, 2)).toEqual(quarter.map(channel => Math.round(channel / 2)))
    expect(colour(1, 4)).toEqual([...zero])
    expect(colour(1, 3)).toEqual([255, 255, 255])
    expect(words).toContain('phase, rad')
    expect(words).toContain('−3.14')
    expect(caption).toContain('Black is a magnitude of 0, full brightness 1.')
  })

  it('has orange marks', async () => {
    const marks = phases.map(value => Number(value > 0))
    const { colour, words } = await pixelsOf('eigenvalues', { second: 'mark' }, marks)
    expect([colour(0, 2), colour(1, 2)]).toEqual([
      [230, 159, 0],
      [128, 128, 128],
    ])
    expect(words).toContain('eigenvalue')
  })
})

describe('the text of a figure', () => {
  it('has labels, numbers of the slice, and everything that the numbers depend on', async () => {
    const { figure } = await drawn({ seed: 7, errorRow: { scale: 5, signed: false } })
    const words = wordsOf(figure.svg).join(' ')
    for (const expected of [
      'Zero-filled &lt;4×&gt;',
      'Ground truth',
      'reference',
      '0.734',
      '26.79',
      '0.0342',
      'a.h5, slice 2 of 2.',
      'random columns, 4×, centre fraction 0.08, one draw, seed 7, as drawn 3.60×.',
      'SSIM: 7 × 7 uniform window, K1 0.01, K2 0.03',
      '|Error|: |image − ground truth|, from 0 to 1/5 of the volume’s maximum.',
      'Synthetic data. Research use only. Not a medical device.',
    ])
      expect(words).toContain(expected)
    expect(asked).toContainEqual(expect.objectContaining({ source: 'zero-filled', slice: 1, show: 'image', seed: 7 }))
  })

  it('omits missing numbers and errors, and the mask if all panes are ground truth', async () => {
    const { figure } = await drawn({ panes: [reference], metrics: false, labels: false, colourBar: false })
    expect(figure.caption).toBe(
      'a.h5, slice 2 of 2. Crop: ground truth size, centred. Synthetic data. Research use only. Not a medical device.',
    )
    expect(wordsOf(figure.svg)).not.toContain('Ground truth')
  })

  it('names a file’s own mask', async () => {
    const sampling = { kind: 'sub-sampled', evidence: 'mask dataset', measuredColumns: 9, acceleration: 4 } as const
    const { figure } = await drawn({}, { ...volume, sampling })
    expect(figure.caption).toContain('Mask: sub-sampled in the file, 4.00×.')
  })

  it('gives a reason in place of numbers and error map for arbitrary units', async () => {
    const { figure } = await drawn({
      panes: [zeroFilled, { ...zeroFilled, source: 'run:7' }],
      errorRow: { scale: 5, signed: false },
    })
    const words = wordsOf(figure.svg).join(' ')
    expect(words).toContain('arbitrary units')
    expect(words).toContain('no error map')
    expect(placesOf(figure.svg)).toHaveLength(3)
  })

  it('has numbers beside the colour bar of every error map, and of images if wanted', async () => {
    const bars = async (more: Partial<FigureInput>) => (await drawn(more)).figure.svg.match(/>(\|error\||signal)</g)
    expect(await bars({ errorRow: { scale: 5, signed: false } })).toEqual(['>signal<', '>|error|<'])
    expect(await bars({ errorRow: { scale: 5, signed: false }, colourBar: false })).toEqual(['>|error|<'])
    const other = { ...reference, window: { low: 0, high: 1 } }
    expect(await bars({ panes: [zeroFilled, other] })).toEqual(['>signal<', '>signal<'])
  })
})

describe('files', () => {
  let profile: string
  let services: Services
  let id: number

  beforeEach(() => {
    profile = mkdtempSync(join(tmpdir(), 'self-mri-figures-'))
    const opened = openServices({ profile })
    services = { ...opened, contents: contentsOf(opened.profile) }
    id = addStudy(services.profile, 's', [[volume, 'test']]).volumes[0].id
  })
  afterEach(() => {
    services.dispose()
    rmSync(profile, { recursive: true, force: true })
  })

  async function written(more: Partial<FigureInput> = {}): Promise<Uint8Array> {
    const request = FigureRequest.parse({ ...REQUEST, ...more, volume: id })
    return readFileSync((await saveFigure(services, frames, request)).path)
  }

  it.each([
    [180, 300],
    [85, 600],
  ])('a PNG of %i mm at %i dpi is as wide as that and says so', async (width, dpi) => {
    const png = decode(await written({ width, dpi }))
    expect(png.width).toBe(Math.round((width / 25.4) * dpi))
    expect(png.channels).toBe(3)
    expect(png.resolution).toEqual({ x: Math.round(dpi / 0.0254), y: Math.round(dpi / 0.0254), unit: 1 })
  })

  it('of kind PNG show every pixel of the image, and five times the difference in the error map', async () => {
    const more: Partial<FigureInput> = {
      panes: [zeroFilled, reference, { ...zeroFilled, error: { scale: 5, signed: true } }],
      columns: 3,
      errorRow: { scale: 5, signed: false },
      width: 85,
    }
    const png = decode(await written(more))
    const places = placesOf((await drawn(more)).figure.svg)
    const signed = (i: number) => (5 * (input[i] - truth[i])) / MAXIMUM
    const expected = [
      (i: number) => COLOURS.grey(input[i] / MAXIMUM),
      (i: number) => COLOURS.inferno(Math.abs(signed(i))),
      (i: number) => COLOURS.grey(truth[i] / MAXIMUM),
      (i: number) => COLOURS.diverging((1 + signed(i)) / 2),
    ]
    expect(places).toHaveLength(expected.length)
    let most = 0
    places.forEach(([left, top, width, height], pane) => {
      for (let y = 0; y < height; y++)
        for (let x = 0; x < width; x++) {
          const row = Math.floor(((y + 0.5) * SHAPE[0]) / height)
          const colour = expected[pane](row * SHAPE[1] + Math.floor(((x + 0.5) * SHAPE[1]) / width))
          const at = 3 * ((top + y) * png.width + left + x)
          for (let channel = 0; channel < 3; channel++)
            most = Math.max(most, Math.abs(png.data[at + channel] - colour[channel % colour.length]))
        }
    })
    expect(most).toBeLessThanOrEqual(1)
  })

  it('of kind PDF have one page of the figure’s size, with text as text and whole images', async () => {
    const pdf = Buffer.from(await written({ format: 'pdf', width: 85 })).toString('latin1')
    const { figure } = await drawn({ format: 'pdf', width: 85 })
    expect(pdf).toMatch(/^%PDF-1/)
    expect(pdf.trimEnd()).toMatch(/%%EOF$/)
    expect(pdf.match(/\/Type \/Page\b/g)).toHaveLength(1)
    const [, width, height] = pdf.match(/\/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]/)!.map(Number)
    expect(width).toBeCloseTo((85 / 25.4) * 72, 0)
    expect(height / width).toBeCloseTo(figure.height / figure.width, 4)
    expect(pdf.match(/\/FontFile2/g)).toHaveLength(2)
    expect(pdf.match(/\/Subtype \/Image/g)).toHaveLength(3) // two panes and a colour bar
    expect(pdf).toContain(`/Width ${4 * SHAPE[1]}`)
  })

  it('of kind SVG have a size in mm and no external part', async () => {
    const svg = Buffer.from(await written({ format: 'svg', width: 85 })).toString()
    const { figure } = await drawn({ format: 'svg', width: 85 })
    expect(svg).toBe(svgOf(figure, 300))
    expect(Number(svg.match(/ width="([\d.]+)mm"/)![1])).toBeCloseTo(85, 1)
    expect(svg.match(/href="(?!data:)/)).toBeNull()
  })

  it('are written for the browser, each with its own name, or to the chosen path', async () => {
    const request = FigureRequest.parse({ ...REQUEST, volume: id, format: 'svg' })
    const save = (path?: string) => saveFigure(services, frames, { ...request, path })
    expect((await save()).name).toBe('a_slice-2.svg')
    const both = await Promise.all([save(), save()])
    expect(both.map(({ name }) => name).toSorted()).toEqual(['a_slice-2 (2).svg', 'a_slice-2 (3).svg'])
    const path = join(profile, 'here.svg')
    expect(await save(path)).toEqual({ path, name: 'here.svg' })
    await expect(save(path)).rejects.toMatchObject({ code: 'FILE_EXISTS', message: expect.stringContaining(path) })
    expect(await saveFigure(services, frames, { ...request, path, replace: true })).toEqual({ path, name: 'here.svg' })
    await expect(save(join(profile, 'here.png'))).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    await expect(save('here.svg')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })

  it('of kind PNG are refused if pixels would be lost, and the message says what to choose', async () => {
    const panes = Array(4).fill(zeroFilled)
    await expect(written({ panes, columns: 4, width: 30, colourBar: false })).resolves.toBeDefined()
    const wide = {
      ...frames,
      frame: async () => ({ image: new Float32Array(9e4), meta: { ...META, shape: [300, 300] as [number, number] } }),
    }
    const request = FigureRequest.parse({ ...REQUEST, volume: id, panes, columns: 4, width: 85 })
    await expect(saveFigure(services, wide, request)).rejects.toThrow(/300 × 300.* dpi/)
    await expect(saveFigure(services, wide, { ...request, format: 'pdf' })).resolves.toBeDefined()
  })

  it('with error maps need a ground truth', async () => {
    const { volumes } = addStudy(services.profile, 'without', [
      [{ ...volume, path: '/b.h5', targetShape: null }, 'test'],
    ])
    const request = FigureRequest.parse({ ...REQUEST, volume: volumes[0].id, errorRow: { scale: 5, signed: false } })
    await expect(saveFigure(services, frames, request)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })
})

it('colours are those of the published maps, and pixels without a number have their own colour', () => {
  expect(COLOURS.viridis(0)).toEqual([68, 1, 84])
  expect(COLOURS.viridis(1)).toEqual([253, 231, 37])
  const [[blueRed, , blueBlue], [redRed, , redBlue]] = [COLOURS.diverging(0), COLOURS.diverging(1)]
  expect(blueBlue).toBeGreaterThan(blueRed)
  expect(redRed).toBeGreaterThan(redBlue)
  expect(Math.min(...COLOURS.diverging(0.5))).toBeGreaterThan(230)
  expect(COLOURS.inferno(Number.NaN)).toEqual([200, 200, 200])
})

describe('parts of an image', () => {
  it('have whole pixels: all pixels that the share touches, and at least one', () => {
    expect(partOf([40, 36], { x: 0.25, y: 0.5, width: 0.5, height: 0.25 })).toEqual({
      left: 9,
      top: 20,
      width: 18,
      height: 10,
    })
    expect(partOf([40, 36], { x: 0.999, y: 0.999, width: 0.001, height: 0.001 })).toEqual({
      left: 35,
      top: 39,
      width: 1,
      height: 1,
    })
  })

  it('show a detail in the corner opposite to the shown part', () => {
    const whole = partOf(SHAPE, null)
    const place = { x: 0, y: 0, width: 360, height: 400 }
    const upper = detailOf(SHAPE, { x: 0, y: 0, width: 0.2, height: 0.2 }, whole, place)
    expect(upper.place.x + upper.place.width).toBe(360)
    expect(upper.place.y + upper.place.height).toBe(400)
    expect(upper.magnification).toBeGreaterThan(1.5)
    expect(detailOf(SHAPE, { x: 0.8, y: 0.8, width: 0.2, height: 0.2 }, whole, place).place).toMatchObject({
      x: 0,
      y: 0,
    })
  })

  it('are cut from images, and leave k-space whole', async () => {
    const crop = { x: 0.25, y: 0.25, width: 0.5, height: 0.5 }
    const { figure } = await drawn({
      panes: [reference, { ...zeroFilled, show: 'k-space' }],
      crop,
      inset: { x: 0.4, y: 0.4, width: 0.1, height: 0.1 },
    })
    expect(figure.caption).toContain('Shown: 20 × 18 of 40 × 36 pixels. Detail: the framed part,')
    expect(placesOf(figure.svg)).toHaveLength(3) // the image, its detail, k-space
  })
})
