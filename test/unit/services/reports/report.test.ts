import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { decode } from 'fast-png'
import { describe, expect, test } from 'vitest'
import { ReproductionReport, type ReproductionRow, type RowTraining } from '../../../../src/contract/reproduction.ts'
import { groupsOf } from '../../../../src/presentation/lines.ts'
import { protocolSentence } from '../../../../src/presentation/protocol.ts'
import { spreadOf } from '../../../../src/presentation/statistics.ts'
import { axisOver, spreadLabels } from '../../../../src/services/reports/axis.ts'
import {
  type ReportImages,
  reportFigures,
  reportMarkdown,
  reportPage,
  reportText,
  svgPng,
} from '../../../../src/services/reports/index.ts'
import { classicalLabel } from '../../../../src/services/reproduction/classical.ts'
import {
  CLASSICAL_ROWS,
  METHODS,
  type Method,
  metricsOf,
  NETWORKS,
  noise,
  PROTOCOL,
  reproductionOf,
  reproductionOfTwoVersions,
  trainedWith,
} from '../../../reproductions.ts'

type Shape = readonly [height: number, width: number]
const SHAPE: Shape = [16, 15]

function imagesOf(methods: readonly Method[] = METHODS, [height, width]: Shape = SHAPE): ReportImages {
  const disc = (blur: number, seed: number) =>
    Float32Array.from({ length: height * width }, (_, index) => {
      const [y, x] = [Math.floor(index / width) / height - 0.5, (index % width) / width - 0.5]
      const inside = 1 / (1 + Math.exp((Math.hypot(1.1 * x, y) - 0.4) * (60 / blur)))
      return Math.max(0, inside * (0.6 + 0.3 * Math.cos(22 * x * y + 9 * x)) + 0.03 * blur * noise(index, seed))
    })
  return {
    caption: 'a0.h5, slice 3 of 4, FLAIR; patient 1 left out, seed 0',
    shape: [height, width],
    truth: disc(1, 0),
    maximum: 1,
    zeroFilled: disc(6, 1),
    zeroFilledMetrics: metricsOf(0.61),
    classical: [],
    baselines: [...new Set(methods.map(({ network }) => network))].map((network, index) => ({
      label: `Baseline, ${NETWORKS[network]}`,
      image: disc(2, 2 + index),
      metrics: metricsOf(0.731),
    })),
    methods: methods.map(({ id, label }, index) => ({
      method: id,
      label,
      pretrained: disc(4, 10 + index).map(value => 900 * value - 300),
      fineTuned: disc(2.5, 20 + index),
      metrics: metricsOf(0.72 + 0.002 * index),
    })),
  }
}

const classicalImages = ([height, width]: Shape = SHAPE): ReportImages['classical'] =>
  CLASSICAL_ROWS.map((row, index) => ({
    label: classicalLabel(row, [row]),
    image: Float32Array.from({ length: height * width }, (_, i) => Math.abs(noise(i, index))),
    metrics: metricsOf(0.64),
  }))

const withoutPictures = (markup: string) => markup.replaceAll(/base64,[^"]+/g, '')

const pageOf = (report: ReproductionReport) => reportPage(report, reportFigures(report, null))

/** All texts and files of a report. */
const written = (report: ReproductionReport, figures = reportFigures(report, null)) => [
  reportText(report),
  reportText(report, 60),
  withoutPictures(reportPage(report, figures)),
  reportMarkdown(report, 'npm run study'),
]

const CASES: Record<string, (shape?: Shape) => readonly [ReproductionReport, ReportImages | null]> = {
  whole: shape => [reproductionOf(), imagesOf(METHODS, shape)],
  many: shape => [reproductionOf({ seeds: 5, folds: 4 }), imagesOf(METHODS, shape)],
  synthetic: shape => [reproductionOf({ origin: 'synthetic', seeds: 2 }), imagesOf(METHODS, shape)],
  classical: shape => [
    reproductionOf({ seeds: 2, folds: 2, classical: CLASSICAL_ROWS }),
    { ...imagesOf(METHODS, shape), classical: classicalImages(shape) },
  ],
  one: shape => [
    reproductionOf({ methods: METHODS.slice(0, 1), headline: true }),
    imagesOf(METHODS.slice(0, 1), shape),
  ],
  long: shape => {
    const report = reproductionOf({
      seeds: 2,
      folds: 2,
      methods: METHODS.map(method => ({
        ...method,
        label: `${method.label} with a recipe of its own, copied and renamed at length`,
      })),
    })
    return [
      {
        ...report,
        study:
          'A study with a name that goes on for rather longer than anyone would wish, knees and heads of two sites',
      },
      imagesOf(
        METHODS.map(method => ({ ...method, label: `${method.label} with a recipe of its own` })),
        shape,
      ),
    ]
  },
  versions: () => [reproductionOfTwoVersions(), null],
  incomplete: () => {
    const report = reproductionOf({ seeds: 2, folds: 4 })
    const rows = report.rows.filter(
      row => row.fold < 2 && row.method !== 'swav' && !(row.method === 'pirl' && row.kind === 'fine-tuned'),
    )
    const failures = [{ key: 'fine-tuned pirl unet fold 0 seed 0', reason: 'Memory ran out <at> step 12.' }]
    return [{ ...report, rows, complete: false, failures, gains: report.gains.slice(0, 2) }, null]
  },
  empty: () => [{ ...reproductionOf(), rows: [], gains: [], complete: false }, null],
  bare: shape => {
    const report = reproductionOf({ headline: true })
    const rows = report.rows
      .filter(row => row.kind === 'fine-tuned')
      .map(row => ({
        ...row,
        toBaseline: null,
        manyMasks: null,
        volumes: [],
        training: row.training && { ...row.training, curve: [] },
      }))
    return [
      { ...report, rows, gains: [] },
      { ...imagesOf(METHODS, shape), truth: null },
    ]
  },
}

const flat = (text: string) => text.replaceAll(/\s+/g, ' ')

/** Cells of the Markdown row that begins with `label`, in the table with this title. */
function cellsOf(markdown: string, title: string, label: string): string[] {
  const table = markdown.slice(markdown.indexOf(`## ${title}`))
  const row = table.split('\n').find(line => line.startsWith(`| ${label}`))
  return (row ?? '').split(' | ').map(cell => cell.replaceAll(/^\| | \|$/g, ''))
}

const { one: single, many } = { one: reproductionOf(), many: reproductionOf({ seeds: 5, folds: 4 }) }

const rowsOf = (report: ReproductionReport, kind: ReproductionRow['kind'], method: string | null) =>
  report.rows.filter(row => row.kind === kind && row.method === method)

describe('numbers', () => {
  test('of one training equal its row', () => {
    const [row] = rowsOf(single, 'fine-tuned', 'simclr')
    const { pretraining: pt, training: ft, metrics } = row
    const cells = cellsOf(reportMarkdown(single, ''), 'Table 1', 'SimCLR + fine-tuning')
    expect(cells.slice(1, 10)).toEqual([
      `${Math.floor(pt!.seconds.steps / 60)} min ${String(Math.round(pt!.seconds.steps % 60)).padStart(2, '0')} s`,
      String(pt!.epochs),
      `${pt!.loss.toPrecision(4)} (chance ${pt!.chanceLoss!.toPrecision(4)})`,
      `${ft!.seconds.steps.toFixed(1)} s`,
      String(ft!.epochs),
      ft!.loss.toPrecision(4),
      metrics.ssim.toFixed(3),
      metrics.psnr.toFixed(2),
      metrics.nmse.toFixed(4),
    ])
    const [baseline] = rowsOf(single, 'baseline', null)
    expect(cells[10]).toContain(`(${((100 * row.totalSeconds) / baseline.totalSeconds).toFixed(0)} %)`)
    expect(cells[11]).toBe(`1 min 35 s (${((100 * 95) / baseline.totalSeconds).toFixed(0)} %)`)
  })

  test('of several trainings are mean ± SD with n, for each measure separately', () => {
    const rows = rowsOf(many, 'fine-tuned', 'rotnet')
    const mean = (of: (row: ReproductionRow) => number) => rows.reduce((sum, row) => sum + of(row), 0) / rows.length
    const sd = (of: (row: ReproductionRow) => number) =>
      Math.sqrt(rows.reduce((sum, row) => sum + (of(row) - mean(of)) ** 2, 0) / (rows.length - 1))
    const spread = (of: (row: ReproductionRow) => number, decimals: number) =>
      `${mean(of).toFixed(decimals)} ± ${sd(of).toFixed(decimals)}`
    const markdown = reportMarkdown(many, '')
    expect(cellsOf(markdown, 'Table 1', 'RotNet + fine-tuning (n = 20)').slice(7, 10)).toEqual([
      spread(row => row.metrics.ssim, 3),
      spread(row => row.metrics.psnr, 2),
      spread(row => row.metrics.nmse, 4),
    ])
    expect(cellsOf(markdown, 'Table 2', 'RotNet + fine-tuning').slice(1)).toEqual([
      spread(row => row.metrics.foreground.ssim, 3),
      `${mean(row => row.manyMasks!.mean.ssim).toFixed(3)} ± 0.014`,
      `${mean(row => row.manyMasks!.mean.psnr).toFixed(2)} ± 0.41`,
      `${mean(row => row.manyMasks!.mean.nmse).toFixed(4)} ± 0.0052`,
      spread(row => row.sliceWise.psnr, 2),
      spread(row => row.sliceWise.nmse, 4),
      '0.120 ± 0.000',
    ])
    for (const text of [reportText(many), pageOf(many)]) expect(text).toContain('n = 20')
  })

  test('that were not measured are a dash, and without a baseline there is no share', () => {
    const rows = single.rows
      .filter(row => row.kind === 'fine-tuned')
      .map(row => ({ ...row, manyMasks: null, toBaseline: null, metrics: { ...row.metrics, psnr: Number.NaN } }))
    const bare = { ...single, rows }
    const markdown = reportMarkdown(bare, '')
    const cells = cellsOf(markdown, 'Table 1', 'SimCLR')
    expect([cells[8], cells[11]]).toEqual(['—', '—'])
    expect(cells[10]).not.toContain('%')
    expect(cellsOf(markdown, 'Table 2', 'SimCLR').slice(2, 5)).toEqual(['—', '—', '—'])
    expect(markdown).toContain('No method can be compared with a baseline')
  })

  test('of time belong to one device, and are shares of the baseline’s total on this device', () => {
    const [baseline] = rowsOf(single, 'baseline', null)
    const slow = (training: RowTraining | null) =>
      training && { ...training, seconds: { ...training.seconds, steps: 8 * training.seconds.steps } }
    const rowsWith = (baselineSeconds?: number) =>
      single.rows.map(row =>
        row.method === 'simclr' && row.kind === 'fine-tuned'
          ? {
              ...row,
              pretraining: slow(row.pretraining),
              training: slow(row.training),
              totalSeconds: 8 * row.totalSeconds,
              toBaseline: row.toBaseline && { ...row.toBaseline, seconds: 8 * row.toBaseline.seconds },
              device: 'a slower one',
              volumes: row.volumes.map(volume => ({ ...volume, path: `elsewhere/${volume.path}` })),
              baselineSeconds,
            }
          : row,
      )
    const timed = { ...single, rows: rowsWith(8 * baseline.totalSeconds) }
    const untimed = { ...single, rows: rowsWith() }
    const [before, after, unknown] = [single, timed, untimed].map(report => reportMarkdown(report, ''))
    const shares = (markdown: string) =>
      cellsOf(markdown, 'Table 1', 'SimCLR + fine-tuning')
        .slice(10, 12)
        .map(cell => cell.match(/\((.*)\)/)?.[1])
    expect(shares(after)).toEqual(shares(before))
    expect(shares(unknown)).toEqual([undefined, undefined])
    expect(unknown).toContain('They are compared with no baseline, because the baseline was not trained there')
    expect(cellsOf(unknown, 'Table 1', 'PIRL')).toEqual(cellsOf(before, 'Table 1', 'PIRL'))
    for (const { svg } of reportFigures(untimed, null)) expect(svg).not.toContain('NaN')
    expect(cellsOf(after, 'Table 1', 'SimCLR + fine-tuning')[11]).toContain('12 min 40 s')
    const findings = (markdown: string) => markdown.split('### What came out')[1].split('### ')[0]
    expect(findings(after)).toBe(findings(before))
    const tested = (markdown: string) => markdown.match(/^Test volumes.*$/m)![0]
    expect(tested(after)).toBe(tested(before))
    expect(before).not.toContain('Trained on another kind of device')
    expect(after).toContain(
      'Trained on another kind of device than the baseline that is shown: SimCLR on U-Net-16 on a slower one.',
    )
  })

  test('against the noise-free truth are shown if the study is synthetic', () => {
    const synthetic = reproductionOf({ origin: 'synthetic' })
    const [row] = rowsOf(synthetic, 'fine-tuned', 'simclr')
    expect(cellsOf(reportMarkdown(synthetic, ''), 'Table 2', 'SimCLR')).toContain(row.noiseFree!.ssim.toFixed(3))
    expect(reportMarkdown(single, '')).not.toContain('noise-free')
    for (const text of [reportText(synthetic), pageOf(synthetic), reportMarkdown(synthetic, '')])
      expect(text).toContain('SYNTHETIC')
    for (const { svg } of reportFigures(synthetic, imagesOf())) expect(svg).toContain('>SYNTHETIC<')
  })

  test('that are missing are left out of means, and one value has no SD', () => {
    expect(spreadOf([1, null, 3, Number.NaN])).toEqual({ mean: 2, sd: Math.SQRT2, n: 2 })
    expect(spreadOf([5])).toEqual({ mean: 5, sd: null, n: 1 })
    expect(spreadOf([null])).toBeNull()
    expect(spreadOf([1, Number.POSITIVE_INFINITY])).toEqual({ mean: Number.POSITIVE_INFINITY, sd: null, n: 2 })
  })

  test('of networks with different channels have separate baselines', () => {
    const wide = single.rows.filter(row => row.network === 'unet').map(row => ({ ...row, channels: 64 }))
    const names = groupsOf({ ...single, rows: [...single.rows, ...wide] }).map(({ name }) => name)
    expect(names).toEqual([null, 'U-Net-16', 'U-Net++-16', 'U-Net-64'])
  })
})

describe('words', () => {
  test('a gain is named by its verdict', () => {
    const texts = written(many).map(flat)
    for (const gain of many.gains.filter(({ against }) => against === 'control')) {
      const words = {
        gain: 'Gain over the control at equal epochs: ',
        loss: 'Loss against the control: ',
        'no difference shown': 'No difference shown: ',
        'too few to say': 'Too few to say: ',
      }
      for (const text of texts) {
        const sentence = text.slice(text.indexOf(words[gain.verdict]))
        expect(sentence.slice(0, sentence.indexOf(').'))).toContain(gain.label)
      }
      const cells = cellsOf(reportMarkdown(many, ''), 'Gain in SSIM', gain.label)
      expect(cells[4]).toBe(gain.verdict)
      expect(cells[2]).toContain(Math.abs(gain.interval![0]).toFixed(4))
    }
    const none = reportText({
      ...many,
      gains: many.gains.map(gain => ({ ...gain, verdict: 'no difference shown' })),
    })
    expect(none).toContain('Gain over the control at equal epochs: none.')
    expect(none).toContain('Loss against the control: none.')
  })

  test('methods and controls that reach the baseline in time are counted', () => {
    const text = flat(reportMarkdown(many, ''))
    expect(text).toContain('In every training: none. In some: SimCLR on U-Net-16 (16 of 20); Sub-sample again')
    expect(text).toMatch(/SwAV on U-Net\+\+-16: never in 20 of 20, 0\.\d{4} of validation SSIM short/)
    const reached = many.rows.map(row =>
      row.kind === 'control' ? { ...row, toBaseline: { seconds: 50, epoch: 10 } } : row,
    )
    expect(flat(reportMarkdown({ ...many, rows: reached }, ''))).toContain(
      'The controls of these methods, without pre-training. In every training: SimCLR',
    )
  })

  test('an incomplete report names its failures in every output', () => {
    const [report] = CASES.incomplete()
    for (const text of written(report).map(flat)) {
      expect(text).toContain('INCOMPLETE')
      expect(text).toMatch(/Memory ran out (<|&lt;|\\<)at(>|&gt;|\\>) step 12/)
      expect(text).toContain('n = 4 of 8')
    }
    for (const { svg } of reportFigures(report, null)) expect(svg).toContain('Incomplete: rows are missing.')
  })

  test('rows of different kernels are named in every output, and their times are not compared', () => {
    const report = reproductionOfTwoVersions()
    const note =
      'The rows were trained with different kernels. Their last digits may differ, and their times are not compared. ' +
      'With kernels of version 0.2 or earlier, then TensorFlow: RotNet + fine-tuning on U-Net-16 (1 of 3). ' +
      'With kernels of version 0.2 or earlier: RotNet + fine-tuning on U-Net-16 (2 of 3); ' +
      'Control: same fine-tuning, no pre-training of RotNet on U-Net-16; '
    const shown = written(report).map(text => flat(text).replaceAll('\\', ''))
    for (const text of shown) expect(text.split(note)).toHaveLength(2)
    for (const text of shown) expect(text).toContain('With TensorFlow: all other rows.')
    const unequal =
      'because other kernels gave the time of an epoch: Control of equal time of RotNet on U-Net-16 (1 of 3).'
    for (const text of shown) expect(text.split(unequal)).toHaveLength(2)
    const total = (of: ReproductionReport, label: string) => cellsOf(reportMarkdown(of, ''), 'Table 1', label)[10]
    const three = reproductionOf({ seeds: 3 })
    expect(total(three, 'RotNet + fine-tuning')).toContain('%')
    expect(total(report, 'RotNet + fine-tuning')).not.toContain('%')
    expect(total(report, 'SimCLR + fine-tuning')).toBe(total(three, 'SimCLR + fine-tuning'))
    for (const text of [...written(three), ...written(report)])
      expect(text).not.toContain('Trained on another kind of device')
  })

  test('kernels are not named if all rows have the same, and an older version is no change', () => {
    const older = { ...single, rows: single.rows.map(row => trainedWith(row, null)) }
    for (const text of [...written(single), ...written(older)]) expect(text).not.toMatch(/kernels/i)
  })

  test('protocol, reductions and the original work’s numbers are shown, and inferred numbers are marked', () => {
    for (const text of written(single).map(flat)) {
      for (const reduction of single.reductions) expect(text).toContain(reduction)
      for (const theirs of ['2.96', '41.95', '8.00', '26.79', '32.06', '0.034', 'We infer'])
        expect(text).toContain(theirs)
      expect(text).toContain('centre fraction 0.08')
    }
    const page = pageOf(single)
    const scores = [...page.matchAll(/<td class="number [^"]*" title="([^"]*)">0\.7\d\d</g)]
    expect(scores.length).toBeGreaterThan(20)
    for (const [, title] of scores) expect(title).toContain('Mask: random columns')
    expect(page).toContain(protocolSentence(PROTOCOL))
  })

  test('several reproductions are one page of Markdown, with the command that writes the page', () => {
    const markdown = reportMarkdown([single, reproductionOf({ origin: 'synthetic' })], 'npm run a\nnpm run b')
    expect(markdown).toContain('```sh\nnpm run a\nnpm run b\n```')
    expect(markdown.match(/^## /gm)).toHaveLength(3)
    expect(markdown).toContain('## Brain \\<0.055 T\\>')
  })

  test.each([120, 100, 60, 40])('the tables fit %i columns', columns => {
    for (const name of ['whole', 'many', 'long']) {
      const lines = reportText(CASES[name]()[0], columns).split('\n')
      expect(Math.max(...lines.map(line => line.length))).toBeLessThanOrEqual(columns)
    }
  })
})

describe('figures', () => {
  test('Figure 3 has classical panes: beside the input if there is room, else in a row of their own', () => {
    const svg = (classical: ReportImages['classical']) =>
      reportFigures(reproductionOf({ classical: CLASSICAL_ROWS }), { ...imagesOf(), classical }).find(({ name }) =>
        name.startsWith('figure-3'),
      )!.svg
    const placeOf = (markup: string, title: string) =>
      /<text x="([\d.]+)" y="([\d.]+)"/.exec(markup.slice(0, markup.indexOf(`>${title}<`)).match(/<text [^>]*$/)![0])!
    const [one, two] = classicalImages()
    const beside = svg([one])
    expect(placeOf(beside, 'CG-SENSE')[2]).toBe(placeOf(beside, 'Ground truth')[2])
    expect(Number(placeOf(beside, 'CG-SENSE')[1])).toBeLessThan(Number(placeOf(beside, 'Ground truth')[1]))
    const below = svg([one, two, one])
    expect(Number(placeOf(below, 'CG-SENSE')[2])).toBeGreaterThan(Number(placeOf(below, 'Ground truth')[2]))
    expect(below.replaceAll(/<[^>]+>/g, ' ').replaceAll(/\s+/g, ' ')).toContain('Do not rank classical images')
  })

  test('are drawn if the report has their data', () => {
    const names = (report: ReproductionReport, images: ReportImages | null) =>
      reportFigures(report, images).map(({ name }) => name[7])
    expect(names(single, imagesOf())).toEqual(['1', '2', '3', '4', '5', '6'])
    expect(names(reproductionOf({ headline: true }), null)).toEqual(['1', '2', '4'])
    expect(names(CASES.empty()[0], null)).toEqual([])
  })

  test('Figure 3 has one error scale, and pre-trained outputs have none', () => {
    const svg = reportFigures(single, imagesOf()).find(({ name }) => name.startsWith('figure-3'))!.svg
    expect(svg.match(/\|error\|/g)).toHaveLength(2)
    expect(svg.match(/≥ 0\.20/g)).toHaveLength(2)
    expect(svg.match(/arbitrary units, own window/g)).toHaveLength(METHODS.length)
    expect(svg).toContain('the reference itself')
  })

  test('a PNG is the SVG at twice the size', () => {
    const { svg } = reportFigures(single, null)[0]
    const [, width, height] = svg.match(/viewBox="0 0 (\d+) (\d+)"/)!.map(Number)
    const png = decode(svgPng(svg))
    expect([png.width, png.height]).toEqual([2 * width, 2 * height])
  })

  test('ticks are round numbers within the axis', () => {
    for (const values of [[0.7312, 0.7361], [1, 50], [0, 0.0004], [-3, 8], [5, 5], []]) {
      const { ticks, range } = axisOver(values, 5)
      expect(ticks.length).toBeGreaterThan(2)
      for (const tick of ticks) expect(tick >= range[0] && tick <= range[1]).toBe(true)
    }
    const { ticks, format } = axisOver([-0.004, 0.007], 6)
    expect(ticks.map(format)).toEqual(['−0.004', '−0.002', '0', '0.002', '0.004', '0.006'])
  })

  test('labels move apart and keep their order', () => {
    const placed = spreadLabels([50, 50, 51, 99], 10, 0, 100)
    const sorted = [...placed].sort((a, b) => a - b)
    for (let index = 1; index < sorted.length; index++)
      expect(sorted[index] - sorted[index - 1]).toBeGreaterThanOrEqual(10)
    expect(Math.max(...placed)).toBeLessThanOrEqual(100)
    expect(spreadLabels([10, 90], 10, 0, 100)).toEqual([10, 90])
  })
})

describe('every report', () => {
  test.each(Object.keys(CASES))('%s: has no NaN, fetches nothing, and escapes names', name => {
    const [report, images] = CASES[name]()
    ReproductionReport.parse(report)
    const figures = reportFigures(report, images)
    for (const text of written(report, figures)) {
      expect(text).not.toMatch(/NaN|undefined|\bnull\b|Infinity|\[object/)
      expect(text).toContain('Research use only')
    }
    for (const { svg } of figures) expect(withoutPictures(svg)).not.toMatch(/NaN|undefined|null|Infinity/)
    const page = reportPage(report, figures)
    expect(page).not.toMatch(/<script|<link|@import|url\((?!#)|<b>|0\.055 T>|<at>/)
    for (const [, address] of page.matchAll(/\b(?:href|src)="([^"]*)"/g)) expect(address).toMatch(/^data:/)
  })

  test.skipIf(!process.env.SELF_MRI_PICTURES)('pictures', { timeout: 300_000 }, () => {
    const folder = process.env.SELF_MRI_PICTURES!
    for (const [name, make] of Object.entries(CASES)) {
      const [report, images] = make(name === 'synthetic' ? [320, 320] : [128, 126])
      mkdirSync(join(folder, name), { recursive: true })
      const figures = reportFigures(report, images)
      for (const figure of figures) writeFileSync(join(folder, name, `${figure.name}.png`), svgPng(figure.svg))
      writeFileSync(join(folder, name, 'page.html'), reportPage(report, figures))
      writeFileSync(join(folder, name, 'study.md'), reportMarkdown(report, 'npm run -s self-mri -- study'))
      writeFileSync(join(folder, name, 'table.txt'), reportText(report))
      writeFileSync(join(folder, name, 'list.txt'), reportText(report, 60))
    }
  })
})
