/** All rows of a reproduction from real computations, on volumes so small that they take seconds. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { Recipe, stretch } from '../../src/contract/recipes.ts'
import {
  AskedReproduction,
  ReproductionReport,
  ReproductionRequest,
  type ReproductionRow,
  ROW_KINDS,
} from '../../src/contract/reproduction.ts'
import { RunConfig, type RunRow, type TrainingEvent } from '../../src/contract/runs.ts'
import { decodeCheckpoint } from '../../src/core/training/checkpoint.ts'
import { FINE_TUNING } from '../../src/core/training/recipes.ts'
import { openServices, type Services } from '../../src/services/open.ts'
import type { Profile } from '../../src/services/profile/profile.ts'
import { goOnFrom, isBeginning } from '../../src/services/reproduction/beginning.ts'
import { withSettings } from '../../src/services/reproduction/classical.ts'
import { type Failures, goThrough } from '../../src/services/reproduction/driver.ts'
import { makePlan, type Plan } from '../../src/services/reproduction/plan.ts'
import type { PlannedTraining } from '../../src/services/reproduction/planned.ts'
import { assemble } from '../../src/services/reproduction/report.ts'
import { draw, writeFiles } from '../../src/services/reproduction/save.ts'
import { survey } from '../../src/services/reproduction/survey.ts'
import { trainAtOnce } from '../../src/services/reproduction/trainers.ts'
import { eventsOf } from '../../src/services/runs/log.ts'
import { epochsOf, listRuns, statesOf, storedRun } from '../../src/services/runs/runs.ts'
import { prepareRun, startRun } from '../../src/services/runs/training.ts'
import { readyStudy } from '../../src/services/studies/contents/ready.ts'
import { importStudy, type Study } from '../../src/services/studies/studies.ts'
import { evaluate } from '../../src/services/viewing/evaluations.ts'
import { writeNoise } from '../unit/engine/files/noise-file.ts'

vi.setConfig({ testTimeout: 120_000 })

let folder: string
let services: Services
let study: Study

const IMPORT = () => ({ paths: [join(folder, 'data')], name: 'noise', slices: { kind: 'all' }, splitSeed: 0 }) as const

beforeAll(async () => {
  vi.stubEnv('SELF_MRI_EAGER', '1') // Recording a graph takes longer than these short trainings.
  folder = mkdtempSync(join(tmpdir(), 'self-mri-study-'))
  for (const [i, role] of ['train', 'train', 'val', 'test'].entries()) {
    mkdirSync(join(folder, 'data', role), { recursive: true })
    await writeNoise(join(folder, 'data', role), `patient-${i}`, { slices: 2, rows: 48, columns: 44 })
  }
  services = openServices({ profile: join(folder, 'profile') })
  study = await readyStudy(services, await importStudy(services, IMPORT()))
})

afterAll(() => {
  services.dispose()
  rmSync(folder, { recursive: true, force: true })
})

const SMALL_UNET = { channels: 2, pools: 2 }
const SMALL_VARNET = { ...SMALL_UNET, cascades: 2, mapChannels: 2, mapPools: 2, zeroStart: true }

/** A plan with small networks, and with trainings of a tenth of the epochs. */
function tiny(plan: Plan): Plan {
  const tenth = <T extends { readonly epoch: number | null }>(of: T): T => ({ ...of, epoch: of.epoch && of.epoch / 10 })
  return {
    ...plan,
    rows: plan.rows.map(tenth),
    trainings: plan.trainings.map(({ config, parent, ...training }) => ({
      ...training,
      parent: parent && tenth(parent),
      config: {
        ...config,
        networkConfig: config.network === 'unet' ? SMALL_UNET : SMALL_VARNET,
        recipe: stretch(config.recipe, Math.ceil(config.recipe.epochs / 10)),
      },
    })),
  }
}

/** Continues the reproduction, and stops it within the training named `stopAt`. */
async function goOn(plan: Plan, stopAt?: string): Promise<Failures> {
  const controller = new AbortController()
  const { signal } = controller
  const onEvent = ({ label }: PlannedTraining, event: TrainingEvent) => {
    if (event.type === 'epoch' && event.figures.epoch === 2 && label === stopAt) controller.abort()
  }
  const trainer = trainAtOnce(services, planned => ({ signal, onEvent: event => onEvent(planned, event) }))
  return goThrough(services, plan, trainer, { signal })
}

it('a stopped reproduction continues, ends with every row and file, and its checkpoints score equally', async () => {
  const asked = AskedReproduction.parse({
    study: study.id,
    methods: ['subsample-again', 'simclr'],
    classical: ['cg-sense'],
  })
  const request = withSettings(services.profile, asked)
  const plan = tiny(makePlan(request, study))
  await expect(goOn(plan, 'Sub-sample again pre-training')).rejects.toMatchObject({ code: 'CANCELLED' })
  expect(await goOn(plan)).toEqual(new Map())
  expect(listRuns(services.profile).map(({ status }) => status)).toEqual(plan.trainings.map(() => 'finished'))

  const drawn = await draw(services, plan, assemble(services.profile, plan, new Date().toISOString()))
  const report = ReproductionReport.parse(JSON.parse(JSON.stringify(drawn.report)))
  expect(report).toMatchObject({ complete: true, failures: [], origin: 'synthetic' })
  expect(new Set(report.rows.map(({ kind }) => kind)).size).toBe(ROW_KINDS.length - 1) // no U-Net of equal time
  for (const row of report.rows) {
    expect(row.metrics.ssim).toBeGreaterThan(0)
    expect(row.noiseFree).toEqual(expect.objectContaining({ ssim: expect.any(Number) }))
    expect(row.training === null).toBe(row.kind === 'zero-filled' || row.kind === 'classical')
  }
  const rowOf = (kind: ReproductionRow['kind']) => report.rows.find(row => row.kind === kind)!
  const tuned = rowOf('fine-tuned')
  expect(tuned.pretraining!.loss).toBeLessThan(tuned.pretraining!.curve[0].loss)
  expect(rowOf('control of equal time').training!.epochs).toBeGreaterThan(tuned.training!.epochs)

  const paths = tuned.volumes.map(({ path }) => path)
  const settings = {
    mask: report.protocol.mask,
    maskDraws: null,
    slices: study.slices,
    reference: 'ground truth',
  } as const
  for (const { kind, label, epoch, training, metrics } of report.rows) {
    if (!training && kind !== 'classical') continue
    const milestone = kind === 'baseline at' ? epoch : null
    const { mean } = await evaluate(services, {
      of: { paths },
      run: training?.run ?? 'cg-sense',
      epoch: milestone,
      settings,
    })
    for (const name of ['ssim', 'psnr', 'nmse'] as const) expect(mean![name], label).toBeCloseTo(metrics[name], 6)
  }

  const { page } = await writeFiles(services.profile, drawn, join(folder, 'out'))
  expect(readFileSync(page, 'utf8')).toContain('SYNTHETIC')
  const written = readFileSync(join(folder, 'out/study.json'), 'utf8')
  expect(ReproductionReport.parse(JSON.parse(written)).rows).toHaveLength(report.rows.length)
  expect(written).not.toContain(folder) // no path of this machine
  const files = readdirSync(join(folder, 'out'))
  expect(files).toEqual(expect.arrayContaining(['index.html', 'study.json', 'study.md', 'figure-3-images.png']))
})

it('a network of k-space has its rows beside a U-Net of equal time, with gains, and scores equally', async () => {
  const request = ReproductionRequest.parse({
    study: study.id,
    methods: ['subsample-again'],
    headline: true,
    networks: ['varnet'],
  })
  const plan = tiny(makePlan(request, study))
  expect(await goOn(plan)).toEqual(new Map())
  const drawn = await draw(services, plan, assemble(services.profile, plan, new Date().toISOString()))
  const report = ReproductionReport.parse(JSON.parse(JSON.stringify(drawn.report)))
  expect(report).toMatchObject({ complete: true, failures: [] })
  expect(report.networks).toEqual([
    { network: 'varnet', label: expect.stringContaining('VarNet'), takes: 'measured k-space', refusals: [] },
  ])

  const own = report.rows.filter(({ network }) => network === 'varnet')
  expect(own.map(({ kind }) => kind).toSorted()).toEqual(['baseline', 'control', 'fine-tuned'])
  const [baseline, equal] = [own.find(({ kind }) => kind === 'baseline')!, report.rows.find(row => row.equalTo)!]
  expect(equal).toMatchObject({ kind: 'U-Net of equal time', network: 'unet', equalTo: 'varnet' })
  const unet = report.rows.find(({ kind, network }) => kind === 'baseline' && network === 'unet')!.training!
  const epochs = baseline.training!.seconds.steps / (unet.seconds.steps / unet.epochs)
  expect(equal.training!.epochs).toBe(Math.max(1, Math.round(epochs)))

  expect(report.networkGains!.map(({ against, method }) => [against, method])).toEqual([
    ['U-Net of equal time', null],
    ['control', 'subsample-again'],
    ['baseline', 'subsample-again'],
  ])
  const { measures, pairs } = report.networkGains![0]
  expect(pairs).toBe(1)
  expect(measures.ssim.mean).toBeCloseTo(baseline.metrics.ssim - equal.metrics.ssim, 10)
  expect(measures.foregroundNmse.mean).toBeCloseTo(baseline.metrics.foreground.nmse - equal.metrics.foreground.nmse, 10)

  const settings = {
    mask: report.protocol.mask,
    maskDraws: null,
    slices: study.slices,
    reference: 'ground truth',
  } as const
  for (const { label, training, volumes, metrics } of [...own, equal]) {
    const of = { paths: volumes.map(({ path }) => path) }
    const { mean } = await evaluate(services, { of, run: training!.run, epoch: null, settings })
    for (const name of ['ssim', 'psnr', 'nmse'] as const) expect(mean![name], label).toBeCloseTo(metrics[name], 6)
  }
  const { page } = await writeFiles(services.profile, drawn, join(folder, 'networks'))
  expect(readFileSync(page, 'utf8')).toContain('Gains of the networks')
  expect(readFileSync(join(folder, 'networks/study.md'), 'utf8')).toContain('--networks varnet')
  expect(readdirSync(join(folder, 'networks'))).toContain('figure-7-networks.png')
})

const environmentOf = (profile: Profile, { id }: RunRow) => JSON.parse(storedRun(profile, id).environment).threads

const tensorsOf = ({ checkpoint }: RunRow) => decodeCheckpoint(readFileSync(checkpoint!.path), checkpoint!.path).tensors

it('a training continues from a shorter equal training, and ends with the weights of a whole training', async () => {
  const runs = listRuns(services.profile).filter(({ kind }) => kind === 'train')
  const goneOn = runs.filter(({ id }) =>
    eventsOf(services.profile, id).some(({ event }) => event.type === 'note' && event.code === 'begins-as-run'),
  )
  // The baseline continues the control. So does the shorter control of equal time, which the longer control continues.
  // VarNet's baseline continues VarNet's control.
  expect(goneOn).toHaveLength(4)
  for (const { id, config, summary, ...run } of goneOn) {
    const whole = await startRun(services, { study, config: RunConfig.parse(config), parent: null })
    expect(tensorsOf(whole)).toEqual(tensorsOf({ id, config, summary, ...run }))
    expect(whole.summary).toMatchObject({ epochs: summary!.epochs, bestEpoch: summary!.bestEpoch, loss: summary!.loss })
    const figures = (of: string) => epochsOf(services.profile, of).map(({ seconds, ...each }) => each)
    expect(figures(whole.id)).toEqual(figures(id))
  }
})

it('two places give the weights and scores of one place with as many threads', async () => {
  async function reproduced(slots: number) {
    vi.stubEnv('TF_NUM_INTRAOP_THREADS', String(slots)) // each engine gets one thread
    const opened = openServices({ profile: join(folder, `profile-${slots}`), execution: { slots } })
    try {
      const own = await readyStudy(opened, await importStudy(opened, IMPORT()))
      const request = ReproductionRequest.parse({ study: own.id, methods: ['subsample-again'], headline: true })
      const plan = tiny(makePlan(request, own))
      expect(
        await goThrough(
          opened,
          plan,
          trainAtOnce(opened, () => ({})),
        ),
      ).toEqual(new Map())
      const { finished } = survey(opened.profile, plan)
      const { rows } = assemble(opened.profile, plan, '')
      const trained = plan.trainings.map(({ key }) => {
        const run = finished.get(key)!
        return { key, tensors: tensorsOf(run), threads: environmentOf(opened.profile, run) }
      })
      return { trained, scores: rows.map(({ key, metrics, manyMasks }) => [key, metrics, manyMasks]) }
    } finally {
      opened.dispose()
      vi.stubEnv('TF_NUM_INTRAOP_THREADS', undefined)
    }
  }
  const one = await reproduced(1)
  expect(one.trained.map(({ threads }) => threads)).toEqual(Array(4).fill(1))
  expect(await reproduced(2)).toEqual(one)
})

it('a training begins anew if the shorter training is damaged', () => {
  const [shorter] = listRuns(services.profile).filter(({ kind }) => kind === 'train')
  const recipe = { ...RunConfig.parse(shorter.config).recipe, epochs: 77, milestones: [] }
  const prepared = prepareRun(services.profile, {
    study,
    config: RunConfig.parse({ ...shorter.config, recipe: stretch(recipe, 77) }),
    parent: null,
  })
  const runs = listRuns(services.profile).length
  const [{ path }] = statesOf(services.profile, Number(shorter.id))
  const bytes = readFileSync(path)
  writeFileSync(path, bytes.subarray(0, bytes.length - 4))
  expect(goOnFrom(services.profile, prepared, shorter)).toBeNull()
  rmSync(path)
  expect(goOnFrom(services.profile, prepared, shorter)).toBeNull()
  expect(listRuns(services.profile)).toHaveLength(runs)
  writeFileSync(path, bytes)
  expect(goOnFrom(services.profile, prepared, shorter)).toMatch(/^\d+$/)
})

it('a training begins anew if its rates differ, or if the shorter training kept no needed milestone', () => {
  const recipe = (epochs: number, more: object = {}) => Recipe.parse({ ...FINE_TUNING, epochs, ...more })
  const halving = { schedule: { kind: 'step', rate: 1e-3, every: 3, factor: 0.5 } }
  const cosine = { schedule: { kind: 'cosine', rate: 1e-3, end: 0 } }
  const constant = { schedule: { kind: 'constant', rate: 1e-3 } }
  expect(isBeginning(recipe(10), recipe(50, constant))).toBe(true)
  expect(isBeginning(recipe(10), recipe(10))).toBe(false)
  expect(isBeginning(recipe(10), recipe(50, halving))).toBe(false)
  expect(isBeginning(recipe(2), recipe(50, halving))).toBe(true)
  for (const epochs of [1, 10]) expect(isBeginning(recipe(epochs, cosine), recipe(50, cosine))).toBe(false)
  expect(isBeginning(recipe(10), recipe(50, { ...constant, milestones: [10, 20] }))).toBe(false)
  expect(isBeginning(recipe(10, { milestones: [10] }), recipe(50, { ...constant, milestones: [10, 20] }))).toBe(true)
  expect(isBeginning(recipe(10, { earlyStopping: { patience: 3 } }), recipe(50, constant))).toBe(false)
})
