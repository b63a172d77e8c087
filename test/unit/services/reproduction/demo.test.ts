/** The demonstration as a preset of the reproduction: its trainings, its output, its files. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { MaskSpec } from '../../../../src/contract/evaluation.ts'
import { type ReproductionReport, ReproductionRequest } from '../../../../src/contract/reproduction.ts'
import { RunConfig } from '../../../../src/contract/runs.ts'
import type { Study } from '../../../../src/contract/studies.ts'
import type { Role } from '../../../../src/contract/volumes.ts'
import { networkOf } from '../../../../src/core/models/index.ts'
import { METHODS as CATALOGUE } from '../../../../src/core/ssl/index.ts'
import { FINE_TUNING, FROM_SCRATCH } from '../../../../src/core/training/recipes.ts'
import { openServices, type Services } from '../../../../src/services/open.ts'
import { comparisonSvg } from '../../../../src/services/reports/figure.ts'
import { demoText, type ReportFigure, reportPage } from '../../../../src/services/reports/index.ts'
import { demoRequest, openDemoFolder, writeDemo } from '../../../../src/services/reproduction/demo.ts'
import { DemoReport, demoReport } from '../../../../src/services/reproduction/demo-report.ts'
import { makePlan } from '../../../../src/services/reproduction/plan.ts'
import { commandOf } from '../../../../src/services/reproduction/save.ts'
import { supervisedConfig } from '../../../../src/services/runs/training.ts'
import { CLASSICAL_ROWS, METHODS, metricsOf, PROTOCOL, reproductionOf } from '../../../reproductions.ts'
import { addStudy } from '../../../studies.ts'
import { noiseVolume } from '../../../volumes.ts'

vi.mock('../../../../src/engine/install/install.ts', () => ({
  locateEngine: () => ({ tensorflow: '2.21.0', variant: 'cpu' }),
}))

let folder: string
let services: Services

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'self-mri-demo-'))
  services = openServices({ profile: join(folder, 'profile') })
})

afterEach(() => {
  services.dispose()
  rmSync(folder, { recursive: true, force: true })
})

const studyWith = (...roles: readonly Role[]): Study =>
  addStudy(
    services.profile,
    roles.join(', '),
    roles.map((role, i) => [noiseVolume(`${role}-${i}`).info, role]),
  )

const planOf = (seed = 0, channels = 16, study = studyWith('train', 'val', 'test')) =>
  makePlan(demoRequest(study, { seed, channels }), study)

describe('the plan of a demonstration', () => {
  it('has the four rows, with the shipped recipes', () => {
    const { trainings, rows } = planOf(3, 4)
    const { network, networkConfig, methodConfig, pretext, training, fineTuning } = CATALOGUE.simclr.recipes.workstation
    const common = {
      network,
      networkConfig: networkOf(network).config.parse({ ...networkConfig, channels: 4 }) as RunConfig['networkConfig'],
      mask: MaskSpec.parse({}),
      slices: { kind: 'all' as const },
      seed: 3,
    }
    const pretrained = RunConfig.parse({
      ...common,
      kind: 'pretrain',
      method: 'simclr',
      methodConfig: CATALOGUE.simclr.config.parse(methodConfig),
      pretext,
      recipe: training,
      fineTuning,
    })
    expect(trainings.map(({ config }) => config)).toEqual([
      pretrained,
      supervisedConfig('finetune', common, fineTuning ?? FINE_TUNING),
      supervisedConfig('train', common, fineTuning ?? FINE_TUNING),
      supervisedConfig('train', common, FROM_SCRATCH.workstation.training),
    ])
    expect(trainings.map(({ parent }) => parent)).toEqual([null, { key: trainings[0].key, epoch: null }, null, null])
    expect(rows.map(({ kind, manyMasks }) => [kind, manyMasks])).toEqual(
      ['zero-filled', 'baseline', 'fine-tuned', 'control'].map(kind => [kind, false]),
    )
    expect(new Set(rows.map(({ seed }) => seed))).toEqual(new Set([3]))
  })

  it('needs no validation volumes, but test volumes', () => {
    expect(planOf(0, 16, studyWith('train', 'test')).rows).toHaveLength(4)
    expect(() => planOf(0, 16, studyWith('train', 'val'))).toThrow(/volumes to test/)
  })

  it('does not change other requests', () => {
    expect(ReproductionRequest.parse({ study: 1 })).toEqual({
      study: 1,
      scale: 'demonstration',
      seeds: 1,
      leaveOneOut: false,
      headline: false,
    })
    const request = demoRequest(studyWith('train'), { seed: 2, channels: 8 })
    expect(ReproductionRequest.parse(JSON.parse(JSON.stringify(request)))).toEqual(request)
  })

  it('is repeated by its command', () => {
    const request = demoRequest(studyWith('train'), { seed: 2, channels: 8 })
    expect(commandOf(request, 'Knee')).toBe("npm run demo -- --study 'Knee' --seed 2 --channels 8")
    const { demo: _demo, ...whole } = { ...request, classical: [...CLASSICAL_ROWS] }
    expect(commandOf(whole, 'Knee')).toMatch(/--headline --classical cg-sense,l1-wavelet:3$/)
  })

  it('has the commands that save its named settings, because their numbers are of one profile', () => {
    const request = ReproductionRequest.parse({ study: 1, classical: [...CLASSICAL_ROWS] })
    const [save, note, reproduce, ...more] = commandOf(request, 'Knee').split('\n')
    expect(save).toBe(
      "npm run self-mri -- classical save l1-wavelet --name 'Knee <4×>' --iterations 60 --lambda 0.0123 " +
        '--wavelet db4 --levels 4 --maps espirit --virtual-coils 8',
    )
    expect(note).toMatch(/^# /)
    expect(reproduce).toMatch(/^npm run self-mri -- reproduce .* --classical cg-sense,l1-wavelet:3$/)
    expect(more).toEqual([])
    const unnamed = { ...request, classical: CLASSICAL_ROWS.slice(0, 1) }
    expect(commandOf(unnamed, 'Knee')).toMatch(/^npm run self-mri -- reproduce .* --classical cg-sense$/)
  })
})

const REPORT: ReproductionReport = {
  ...reproductionOf({ methods: METHODS.slice(0, 1), headline: true }),
  request: demoRequest({ id: 1 } as Study, { seed: 7, channels: 16 }),
}
const FILES = { figure: '/out/comparison.png', page: '/out/index.html' }
const derived = () => demoReport(REPORT, 'TensorFlow 2.21.0, CPU', FILES)

const FORMER = JSON.parse(readFileSync(new URL('../../../fixtures/demo-349f561.json', import.meta.url), 'utf8'))

/** All keys of a value, with nested keys, for example `rows.0.metrics.ssim`. */
const keysIn = (value: unknown, at = ''): string[] =>
  typeof value === 'object' && value !== null
    ? Object.entries(value).flatMap(([key, each]) => [`${at}${key}`, ...keysIn(each, `${at}${key}.`)])
    : []

/** With `origin` in place of the earlier version's `synthetic`. */
const named = (text: string) => text.replace(/\bsynthetic":false/g, 'origin":"measured"')
const FORMER_NOW = JSON.parse(named(JSON.stringify(FORMER)))

describe('the output of demo --json', () => {
  it('equals the output of an earlier version, whose kernels are unknown', () => {
    const read = DemoReport.parse(FORMER)
    const trainings = read.rows.flatMap(({ pretraining, training }) => [pretraining ?? [], training ?? []].flat())
    expect(trainings.map(({ kernels }) => kernels)).toEqual(Array(4).fill([{ name: null, epoch: 1, step: 0 }]))
    expect(JSON.parse(JSON.stringify(read, (key, value) => (key === 'kernels' ? undefined : value)))).toEqual(
      FORMER_NOW,
    )
  })

  it('has the keys of an earlier version and the kernels, and no others', () => {
    const report = JSON.parse(JSON.stringify(derived()))
    expect(DemoReport.parse(report)).toEqual(report)
    expect(report.rows[1].training.kernels).toEqual([{ name: 'TensorFlow', epoch: 1, step: 0 }])
    const outside = (key: string) => !/^(?:protocol|split|rows\.\d\.volumes|remarks)\.|\.kernels(?:\.|$)/.test(key)
    expect(keysIn(report).filter(outside)).toEqual(keysIn(FORMER_NOW).filter(outside))
    expect(keysIn(report.protocol)).toEqual(keysIn(FORMER.protocol))
  })

  it('has the rows of the reproduction in the order of the demonstration', () => {
    const { rows, seed, split, files } = derived()
    expect(rows.map(({ kind }) => kind)).toEqual(['zero-filled', 'fine-tuned', 'control', 'baseline'])
    expect([seed, split, files]).toEqual([7, { train: ['b.h5', 'c.h5'], val: ['d.h5'], test: ['a0.h5'] }, FILES])
    const row = REPORT.rows.find(({ kind }) => kind === 'fine-tuned')!
    expect(rows[1]).toMatchObject({
      label: 'SimCLR + fine-tuning',
      network: 'U-Net',
      channels: 16,
      pretraining: { method: 'SimCLR', run: row.pretraining!.run, checkpoint: row.pretraining!.checkpoint },
      totalSeconds: row.totalSeconds,
      metrics: row.metrics,
    })
  })
})

const image = new Float32Array(80).fill(0.5)
const FIGURE: ReportFigure = {
  name: 'figure-3-images',
  title: 'Figure 3. Images',
  svg: comparisonSvg({
    title: 'Brain',
    caption: 'a0.h5, slice 2 of 4',
    shape: [10, 8],
    panes: [{ title: 'Fine-tuned', run: '2', image, units: 'signal', metrics: metricsOf(0.7), error: image }],
    window: [0, 1],
    errorMaximum: 0.2,
    origin: 'measured',
    protocol: PROTOCOL,
    remarks: [],
  }),
}

describe('the table of a demonstration', () => {
  it.each([120, 100, 60, 40])('fits %i columns, and has every row and the protocol', columns => {
    const text = demoText(REPORT, columns)
    expect(Math.max(...text.split('\n').map(line => line.length))).toBeLessThanOrEqual(columns)
    expect(text).not.toMatch(/NaN|undefined|null/)
    const flat = text.replaceAll(/\s+/g, ' ')
    for (const words of ['Demonstration of SimCLR: seed 7, 16 channels', 'Table 1', 'Made by A & B.', 'a0.h5 (3.70×)'])
      expect(flat).toContain(words)
    expect(flat).not.toContain('many masks')
  })
})

describe('the files of a demonstration', () => {
  it('are the comparison and the page, which begins with the comparison', async () => {
    const out = join(folder, 'out')
    await openDemoFolder(services.profile, out)
    const { report, replaced } = await writeDemo(services.profile, { report: REPORT, figures: [FIGURE] }, out)
    expect(replaced).toEqual([])
    expect(report.files).toEqual({ figure: join(out, 'comparison.png'), page: join(out, 'index.html') })
    expect(report.device).toBe('TensorFlow 2.21.0, CPU')
    expect(readdirSync(out).filter(name => !name.startsWith('.'))).toEqual(['comparison.png', 'index.html'])
    const page = readFileSync(report.files.page, 'utf8')
    expect(page).toBe(reportPage(REPORT, [FIGURE]))
    expect(page.indexOf(FIGURE.svg)).toBeLessThan(page.indexOf('Table 1'))
    expect(page.indexOf(FIGURE.svg)).toBe(page.lastIndexOf(FIGURE.svg))
    await openDemoFolder(services.profile, out)
    const again = await writeDemo(services.profile, { report: REPORT, figures: [FIGURE] }, out)
    expect(again.replaced).toEqual([report.files.figure, report.files.page])
  })

  it('are not written without the comparison', async () => {
    const write = writeDemo(services.profile, { report: REPORT, figures: [] }, join(folder, 'out'))
    await expect(write).rejects.toMatchObject({ code: 'ENGINE_UNAVAILABLE' })
  })
})
