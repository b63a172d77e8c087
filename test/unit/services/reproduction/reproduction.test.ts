/** The plan of a reproduction, and the driver that carries the plan out, with an engine that tests control. */

import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { AppError } from '../../../../src/contract/errors.ts'
import { stretch } from '../../../../src/contract/recipes.ts'
import {
  type ClassicalRow,
  ReproductionReport,
  ReproductionRequest,
  type ReproductionRow,
  ROW_KINDS,
} from '../../../../src/contract/reproduction.ts'
import type { RunConfig, RunRow } from '../../../../src/contract/runs.ts'
import type { Study, StudyVolume } from '../../../../src/contract/studies.ts'
import type { TrainingSummary } from '../../../../src/contract/training-summary.ts'
import type { Role } from '../../../../src/contract/volumes.ts'
import { METHODS } from '../../../../src/core/ssl/index.ts'
import { cacheDirectory } from '../../../../src/engine/install/environment.ts'
import type { Engine } from '../../../../src/engine/process/client.ts'
import type { Calls, TrainRequest } from '../../../../src/engine/process/protocol.ts'
import { openServices, type Services } from '../../../../src/services/open.ts'
import {
  inJob,
  jobFolderOf,
  makePrivateFolder,
  readRecord,
  writeWhole,
} from '../../../../src/services/places/jobs/job-files.ts'
import { runDirectory } from '../../../../src/services/profile/paths.ts'
import { changeSettings } from '../../../../src/services/profile/settings.ts'
import { withSettings } from '../../../../src/services/reproduction/classical.ts'
import { classicalProgress, timeRow } from '../../../../src/services/reproduction/classical-pace.ts'
import { demoRequest } from '../../../../src/services/reproduction/demo.ts'
import { goThrough, type Steps } from '../../../../src/services/reproduction/driver.ts'
import { secondsLeft } from '../../../../src/services/reproduction/estimate.ts'
import { foldsOf, patientsOf, withTrainingPatients } from '../../../../src/services/reproduction/folds.ts'
import { judge } from '../../../../src/services/reproduction/gains.ts'
import { compare } from '../../../../src/services/reproduction/images.ts'
import { begin, planOf, reportOf, viewReproduction } from '../../../../src/services/reproduction/index.ts'
import { identityOf } from '../../../../src/services/reproduction/known.ts'
import { inTurn } from '../../../../src/services/reproduction/order.ts'
import { makePlan, type Plan } from '../../../../src/services/reproduction/plan.ts'
import { needsOf, type PlannedTraining } from '../../../../src/services/reproduction/planned.ts'
import { assemble } from '../../../../src/services/reproduction/report.ts'
import { save } from '../../../../src/services/reproduction/save.ts'
import {
  continuedReproductions,
  storedReproduction,
  storedReproductions,
} from '../../../../src/services/reproduction/store.ts'
import { survey } from '../../../../src/services/reproduction/survey.ts'
import { trainAtOnce, trainThroughQueue } from '../../../../src/services/reproduction/trainers.ts'
import { makeReproductions } from '../../../../src/services/reproduction/window.ts'
import { VERSION } from '../../../../src/services/runs/environment.ts'
import { makeQueue } from '../../../../src/services/runs/queue.ts'
import { prepareResumption } from '../../../../src/services/runs/resume.ts'
import { listRuns } from '../../../../src/services/runs/runs.ts'
import { studyById } from '../../../../src/services/studies/studies.ts'
import { saveSettings } from '../../../../src/services/viewing/classical.ts'
import { evaluate } from '../../../../src/services/viewing/evaluations.ts'
import { fakeEngines } from '../../../engines.ts'
import { jobRecord } from '../../../jobs.ts'
import { addVolume, contentsOf, studyOf } from '../../../studies.ts'

interface Patient {
  readonly name: string
  readonly role: Role
}

const volume = (
  id: number,
  { name, role }: Patient,
  contrast: string,
  sizes: Pick<StudyVolume, 'slices' | 'rows' | 'columns' | 'targetShape' | 'origin'>,
): StudyVolume => ({
  ...sizes,
  coils: 1,
  id,
  role,
  path: `/data/${name}_${contrast}.h5`,
  file: `${name}_${contrast}.h5`,
  patient: createHash('sha256').update(name).digest('hex'),
  reconSize: null,
  acquisition: contrast,
  maximum: null,
  orientation: null,
  sampling: { kind: 'full', nearlyEmptyColumns: 0, zeroPadding: 0 },
  noiseFree: sizes.origin === 'synthetic',
  bytes: id,
})

const study = (patients: readonly Patient[], contrasts: readonly string[], sizes: Parameters<typeof volume>[3]) =>
  studyOf(patients.flatMap((patient, i) => contrasts.map((contrast, j) => volume(2 * i + j, patient, contrast, sizes))))

const patientsNamed = (prefix: string, roles: readonly Role[]) =>
  roles.map((role, i) => ({ name: `${prefix}${i}`, role }))

const BRAIN = study(patientsNamed('ulf_', ['train', 'train', 'val', 'test']), ['FLAIR', 'FSE'], {
  slices: 4,
  rows: 128,
  columns: 126,
  targetShape: [128, 126],
  origin: 'measured',
})
const KNEE = study(patientsNamed('knee_00', ['train', 'train', 'train', 'val', 'test']), ['PD', 'PDFS'], {
  slices: 4,
  rows: 640,
  columns: 372,
  targetShape: [320, 320],
  origin: 'synthetic',
})

const request = (changes: Partial<ReproductionRequest> = {}) => ReproductionRequest.parse({ study: 1, ...changes })

/** CG-SENSE with its default settings. */
const CG_SENSE: ClassicalRow = {
  classical: 'cg-sense',
  config: { maps: 'automatic', virtualCoils: 0, iterations: 30, lambda: 0.01 },
  source: 'cg-sense',
  name: null,
  tuned: null,
}

const kindsOf = ({ rows }: Plan) => [...new Set(rows.map(({ kind }) => kind))]

describe.each([
  ['brain', BRAIN],
  ['knee', KNEE],
] as const)('the plan of the demonstration on the %s', (_, of) => {
  const plan = makePlan(request({ classical: [CG_SENSE] }), of)

  it('has every row, each with its own key and a planned training', () => {
    expect(kindsOf(plan)).toEqual(ROW_KINDS.filter(kind => kind !== 'U-Net of equal time'))
    const keys = new Set(plan.trainings.map(({ key }) => key))
    for (const { training } of plan.rows) expect(training === null || keys.has(training)).toBe(true)
    expect(new Set(plan.rows.map(({ key }) => key)).size).toBe(plan.rows.length)
    expect(keys.size).toBe(plan.trainings.length)
    for (const method of Object.keys(METHODS))
      for (const kind of ['fine-tuned', 'control of equal time', 'milestone'] as const)
        expect(
          plan.rows.some(row => row.method === method && row.kind === kind),
          `${method} ${kind}`,
        ).toBe(true)
  })

  it('counts the epochs that a longer training shares with a shorter training once', () => {
    const spared = plan.trainings.filter(each => each.spared > 0)
    expect(spared.map(({ label }) => label).toSorted()).toEqual([
      'Baseline, U-Net-16',
      ...['PIRL', 'RotNet', 'SimCLR', 'Sub-sample again'].map(label => `Control of equal time to ${label}`),
    ])
    for (const { key, estimate, spared: less } of spared) expect(less, key).toBeLessThan(estimate)
  })

  it('puts every training after the trainings that it needs', () => {
    const done = new Set<string>()
    for (const { key, parent, asLongAs } of plan.trainings) {
      for (const need of [parent?.key, asLongAs?.pace, ...(asLongAs?.trainings ?? [])])
        expect(need === undefined || done.has(need), `${key} needs ${need}`).toBe(true)
      done.add(key)
    }
  })

  it('has at least 200 steps per pretext, 16 channels, 10 epochs of fine-tuning and 30 of baseline', () => {
    for (const { key, config, asLongAs } of plan.trainings) {
      const { epochs, batch, milestones } = config.recipe
      if (config.kind === 'pretrain') {
        const { regions = 1 } = config.methodConfig as { regions?: number }
        const steps = epochs * Math.floor(((of === BRAIN ? 16 : 6) * regions ** 2) / batch)
        expect(steps).toBeGreaterThanOrEqual(200)
        expect(steps).toBeLessThanOrEqual(320)
        expect(milestones.at(-1)).toBe(epochs)
      } else if (!asLongAs) expect(epochs, key).toBe(key.startsWith('baseline') ? 30 : 10)
      if (config.network === 'unet') expect(config.networkConfig.channels).toBeGreaterThanOrEqual(16)
    }
  })

  it('takes less than 25 minutes by the known times of steps, with starts of trainings and scoring', () => {
    const seconds = plan.trainings.reduce((sum, { estimate, spared }) => sum + estimate - spared, 0)
    const slices = plan.folds[0].study.slices.kind === 'middle' ? 2 : 8
    const pixels = of === BRAIN ? 128 * 126 : 320 * 320
    const scoring = plan.rows.reduce((sum, row) => sum + (row.manyMasks ? 21 : 1) * slices * pixels * 1.5e-6, 0)
    expect((seconds + 3 * plan.trainings.length + scoring) / 60).toBeLessThan(25)
  })

  it('orders controls of equal time from the shortest to the longest measured time', () => {
    const measured = { simclr: 3, pirl: 9, rotnet: 1, 'subsample-again': 5, swav: 2 }
    const finished = new Map(
      Object.entries(measured).map(([method, steps]) => [
        `pre-training · ${method} · fold 0 · seed 0`,
        { summary: { seconds: { steps } } } as RunRow,
      ]),
    )
    for (const { asLongAs } of plan.trainings)
      for (const key of asLongAs?.trainings ?? [])
        if (!finished.has(key)) finished.set(key, { summary: { seconds: { steps: 1 } } } as RunRow)
    const equal = ({ key }: PlannedTraining) => key.startsWith('control of equal time')
    const turns = inTurn(plan, finished)
    expect(
      turns
        .filter(equal)
        .filter(({ config }) => config.network === 'unet')
        .map(({ label }) => label),
    ).toEqual(['RotNet', 'SimCLR', 'Sub-sample again', 'PIRL'].map(label => `Control of equal time to ${label}`))
    expect(new Set(turns)).toEqual(new Set(plan.trainings))
    expect(turns.findIndex(equal)).toBe(plan.trainings.findIndex(equal))
    expect(inTurn(plan, new Map())).toEqual(plan.trainings)
  })

  it('names a smaller k-space for synthetic knees only', () => {
    const sized = (kind: Study['kind'], columns: number) => ({
      ...BRAIN,
      kind,
      volumes: BRAIN.volumes.map(volume => ({ ...volume, columns })),
    })
    const said = (study: Study) => makePlan(request({}), study).reductions.filter(words => words.startsWith('k-space'))
    expect(said(sized('synthetic', 186))).toEqual([expect.stringContaining('186 samples')])
    expect(said(sized('synthetic', 372))).toEqual([])
    expect(said(BRAIN)).toEqual([])
  })

  it('names what is smaller than in the original work, for each method', () => {
    for (const { label } of Object.values(METHODS))
      expect(plan.reductions.some(words => words.startsWith(`${label}: `) && words.includes('channels'))).toBe(true)
  })
})

describe('the plan', () => {
  it('has one control for methods with equal network and fine-tuning, and a baseline for each network', () => {
    const { rows, trainings } = makePlan(request({ headline: true }), BRAIN)
    const networks = new Set(trainings.map(({ config }) => JSON.stringify([config.network, config.networkConfig])))
    expect(rows.filter(({ kind }) => kind === 'baseline')).toHaveLength(networks.size)
    const onUnet = rows.filter(({ kind, training }) => {
      const config = trainings.find(({ key }) => key === training)?.config
      return kind === 'fine-tuned' && config?.network === 'unet'
    })
    expect(onUnet.length).toBeGreaterThan(1)
    expect(new Set(onUnet.map(({ against }) => against!.control)).size).toBe(1)
  })

  it('of the headline omits milestones, equal time and few labels, and keeps the pre-trainings', () => {
    const [headline, whole] = [true, false].map(only => makePlan(request({ headline: only }), BRAIN))
    expect(kindsOf(headline)).toEqual(['zero-filled', 'baseline', 'baseline at', 'fine-tuned', 'control'])
    const configs = ({ trainings }: Plan) => trainings.map(({ key, config }) => [key, config])
    expect(configs(whole)).toEqual(expect.arrayContaining(configs(headline)))
  })

  it('at workstation scale takes the workstation recipes unchanged', () => {
    const { trainings, reductions } = makePlan(request({ scale: 'workstation', methods: ['pirl'] }), BRAIN)
    const of = (name: string) => trainings.find(({ key }) => key.startsWith(name))!.config.recipe
    expect(of('baseline')).toMatchObject({ epochs: 50, schedule: { every: 40 }, milestones: [10, 20, 30] })
    expect(of('pre-training')).toMatchObject({ epochs: 9, batch: 8, milestones: [1, 2, 5, 9] })
    expect(reductions).toContainEqual(expect.stringContaining('pre-training batch 8 in place of 128'))
    const demonstration = makePlan(request({ methods: ['pirl'] }), BRAIN)
    expect(
      [demonstration.trainings, trainings].map(
        all => all.find(({ config }) => config.kind === 'pretrain')!.config.methodConfig.regions,
      ),
    ).toEqual([3, 5])
    expect(makePlan(request({ scale: 'workstation' }), KNEE).folds[0].study.slices).toEqual({ kind: 'all' })
  })

  it('at full scale takes the original recipes, with batches that the study can fill', () => {
    const { trainings, rows } = makePlan(request({ scale: 'full', methods: ['simclr'] }), BRAIN)
    const { recipe, methodConfig } = trainings.find(({ config }) => config.kind === 'pretrain')!.config
    expect(recipe).toMatchObject({ epochs: 200, batch: 16, milestones: [50, 100, 200] })
    expect(methodConfig).toMatchObject({ crop: 224 })
    expect(rows.filter(({ kind }) => kind === 'milestone').map(({ epoch }) => epoch)).toEqual([50, 100])
  })

  it('tests every patient once, chooses checkpoints with another patient, and leaks no patient', () => {
    const { folds, trainings } = makePlan(request({ leaveOneOut: true, seeds: 2, headline: true }), BRAIN)
    const roles = folds.map(({ study: { volumes } }) =>
      ['ulf_0', 'ulf_1', 'ulf_2', 'ulf_3'].map(name => volumes.find(({ file }) => file.startsWith(name))!.role),
    )
    expect(roles).toEqual([
      ['test', 'val', 'train', 'train'],
      ['train', 'test', 'val', 'train'],
      ['train', 'train', 'test', 'val'],
      ['val', 'train', 'train', 'test'],
    ])
    expect(folds.map(({ name }) => name)).toEqual(['ulf_0', 'ulf_1', 'ulf_2', 'ulf_3'])
    const once = makePlan(request({ headline: true }), BRAIN).trainings.length
    expect(trainings).toHaveLength(8 * once)
    expect(() => makePlan(request({ leaveOneOut: true }), { ...BRAIN, volumes: BRAIN.volumes.slice(0, 4) })).toThrow(
      /at least 3 patients/,
    )
    expect(() => makePlan(request(), { ...BRAIN, volumes: BRAIN.volumes.slice(0, 4) })).toThrow(/to choose checkpoints/)
  })

  it('takes the first patients for few labels', () => {
    const [{ study: whole }] = foldsOf(KNEE, { leaveOneOut: false })
    const few = withTrainingPatients(whole, 2)
    expect(patientsOf(few.volumes).map(({ name }) => name)).toEqual(['knee_000', 'knee_001', 'knee_003', 'knee_004'])
    expect(withTrainingPatients(whole, 3)).toEqual(whole)
  })
})

it('a stretched recipe scales everything that counts in epochs', () => {
  const { training, fineTuning } = METHODS.simclr.recipes.original
  expect(stretch(fineTuning!, 30)).toMatchObject({ epochs: 30, schedule: { every: 30 } })
  expect(stretch(training, 20).milestones).toEqual([5, 10, 20])
  const multistep = { kind: 'multistep' as const, rate: 1, milestones: [3, 6], factor: 0.1 }
  expect(stretch({ ...fineTuning!, schedule: multistep }, 20).schedule).toMatchObject({ milestones: [6, 12] })
})

it('the time left is estimated from similar trainings', () => {
  const timed = (group: string, estimate: number, seconds: number | null, done = 0) => ({
    kind: 'training' as const,
    key: '',
    needs: [],
    goesOn: false,
    group,
    estimate,
    seconds,
    done,
  })
  expect(secondsLeft([timed('a', 1, null)])).toBeNull()
  expect(secondsLeft([timed('a', 10, 20), timed('b', 10, 5), timed('a', 10, null, 0.5), timed('c', 4, null)])).toBe(15)
})

it('the time left of a classical row follows from its computed share, and not from trainings', () => {
  const shared = { key: '', needs: [], goesOn: false, estimate: 10 }
  const row = { ...shared, kind: 'classical', group: 'cg-sense', seconds: null } as const
  const training = { ...shared, kind: 'training', group: 'a', seconds: 40, done: 1 } as const
  expect(secondsLeft([training, { ...row, done: 0 }])).toBeNull()
  // A quarter was stored before. Another quarter took 5 s.
  const half = { ...row, done: 0.5, measured: { seconds: 5, share: 0.25 } }
  expect(secondsLeft([training, half])).toBe(10)
  const other = { ...row, group: 'l1-wavelet', estimate: 30, done: 0 }
  expect(secondsLeft([training, half, other])).toBe(10 + 60)
  const finished = { ...row, seconds: 5, done: 1, measured: { seconds: 5, share: 0.25 } }
  expect(secondsLeft([training, finished, other])).toBe(60)
  expect(secondsLeft([training, { ...row, done: 0, measured: { seconds: 0, share: 0 } }])).toBeNull()
})

describe('a gain', () => {
  it('needs an interval that excludes zero', () => {
    expect(
      judge([
        [0.01, 0.02],
        [0.015, 0.02],
      ]),
    ).toMatchObject({ verdict: 'gain', pairs: 4 })
    expect(judge([[-0.01], [-0.02]])).toMatchObject({ verdict: 'loss' })
    expect(judge([[0.01], [-0.02]])).toMatchObject({ verdict: 'no difference shown' })
    expect(judge([[0.01, 0.02, 0.01]])).toMatchObject({ verdict: 'gain' })
  })
  it('of one patient and fewer than three seeds is too few to say', () => {
    expect(judge([[0.01]])).toEqual({ mean: 0.01, sd: null, interval: null, pairs: 1, verdict: 'too few to say' })
    expect(judge([[0.01, 0.02]])).toMatchObject({ interval: null, verdict: 'too few to say' })
  })
})

// The driver

let profile: string
let services: Services
/** Finished runs and scores, by key. */
let trained: string[]
let scored: string[]
/** The parameters of all trainings and scorings. */
let requests: TrainRequest[]
let evaluated: Calls['evaluate']['params'][]
/** Kernels of the next trainings. `null`: the summary has none, as in version 0.2. */
let kernels: TrainingSummary['kernels'] | null
/** Whether the score of the first volume fails for these weights or this method (`null`: zero-filled). */
let fails: (of: string | null) => boolean
/** Called in a training after the first epoch, whose state is written, and before a scoring (with `null`). */
let meet: (training: RunConfig | null, signal?: AbortSignal) => void | Promise<void>
/** The present number of places, and whether their trainings are jobs. */
let places: { slots: number; isRemote: boolean }

const write = (path: string, text: string) => {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
  return { path, sha256: createHash('sha256').update(text).digest('hex') }
}

/** Waits until the signal is aborted, and then throws as a cancelled engine does. */
const untilCancelled = (signal?: AbortSignal) =>
  new Promise<never>((_, reject) =>
    signal?.addEventListener('abort', () => reject(new AppError('CANCELLED', 'Cancelled'))),
  )

const SECONDS_PER_EPOCH = 2

type TrainEvent = (event: Calls['train']['event']) => void

async function train({ run, config, start, states, directory }: TrainRequest, emit: TrainEvent, signal?: AbortSignal) {
  const { epochs, milestones } = config.recipe
  const shared = { steps: epochs, epochs, parameters: 1, notes: [] }
  const from = { step: 1, epoch: 1 }
  if (states.length > 0) emit({ type: 'resumed', from, ...shared })
  else emit({ type: 'started', ...shared })
  const pretext = config.kind === 'pretrain'
  const weights = (role: 'last' | 'best' | 'milestone', epoch: number) => {
    const file = write(join(directory, `${role}-${epoch}.safetensors`), `${run} ${role} ${epoch}`)
    emit({ type: 'checkpoint', role, epoch, step: epoch, ...file })
    return file
  }
  for (let epoch = states.length > 0 ? 2 : 1; epoch <= epochs; epoch++) {
    const ssim = 0.5 + 0.01 * Math.min(epoch, 40) + (start ? 0.05 : 0)
    emit({
      type: 'epoch',
      figures: {
        epoch,
        loss: 1 / epoch,
        learningRate: 1,
        seconds: SECONDS_PER_EPOCH,
        validationLoss: 1 / epoch,
        validation: pretext ? null : { ssim, psnr: 30, nmse: 0.1 },
        extra: pretext && epoch === epochs ? { retrieval: 0.5 } : {},
      },
    })
    if (milestones.includes(epoch)) weights('milestone', epoch)
    if (epoch > 1) continue
    emit({ type: 'state', at: from, bestEpoch: null, ...write(join(directory, 'state'), run) })
    await meet(config, signal)
  }
  const checkpoint = weights(pretext ? 'last' : 'best', epochs)
  trained.push(run)
  return {
    run,
    epochs,
    steps: epochs,
    batch: 1,
    seconds: { steps: epochs * SECONDS_PER_EPOCH, validation: 1, preparation: 1 },
    loss: 1 / epochs,
    chanceLoss: pretext ? 3 : null,
    validationLoss: null,
    bestEpoch: pretext ? null : epochs,
    ...(kernels && { kernels }),
    checkpoint,
  }
}

async function score({
  files,
  reconstructor,
  settings,
}: Calls['evaluate']['params']): Promise<Calls['evaluate']['result']> {
  await meet(null)
  const by = reconstructor && ('classical' in reconstructor ? reconstructor.classical : reconstructor.checkpoint)
  const paths = files.map(({ path }) => path)
  scored.push(JSON.stringify([reconstructor, settings, paths]))
  const metrics = { ssim: reconstructor ? 0.7 : 0.6, psnr: 30, nmse: 0.04 }
  const volumes = paths.map((path, i) => ({
    ...metrics,
    path,
    file: path.split('/').at(-1)!,
    slices: 4,
    acquisition: null,
    origin: 'measured' as const,
    sampling: 'masked here' as const,
    acceleration: 4,
    foreground: metrics,
    sliceWise: { psnr: 26 + i, nmse: 0.05 },
    ...(settings.maskDraws && {
      draws: Array.from({ length: settings.maskDraws }, (_, draw) => ({
        ...metrics,
        ssim: metrics.ssim + (draw % 2) / 10,
      })),
      sd: { ...metrics, acceleration: 0 },
    }),
  }))
  if (!fails(by)) return { volumes, skipped: [] }
  return { volumes: volumes.slice(1), skipped: [{ path: paths[0], reason: 'its image holds NaN' }] }
}

const engine = {
  call(name: string, params: never, { onEvent, signal }: { onEvent?: TrainEvent; signal?: AbortSignal } = {}) {
    if (signal?.aborted) return Promise.reject(new AppError('CANCELLED', 'Cancelled'))
    if (name === 'train') {
      requests.push(params)
      return train(params, onEvent!, signal)
    }
    if (name === 'evaluate') {
      evaluated.push(params)
      return score(params)
    }
    const { paths } = params as Calls['scan']['params']
    const { volumes } = studyById(services.profile, 1)
    return Promise.resolve({ volumes: volumes.filter(({ path }) => paths.includes(path)), skipped: [] })
  },
} as unknown as Engine

function open(): void {
  const real = openServices({ profile })
  const { isRemote } = places
  const engines = fakeEngines({
    training: async () => engine,
    interactive: engine,
    slots: () => places.slots,
    isRemote,
  })
  const opened = { ...real, engines, contents: contentsOf(real.profile) }
  services = { ...opened, queue: makeQueue(opened) }
}

const ENGINES = join(cacheDirectory(), 'engine')

/** A window needs the installed engine, which is in the usual cache. */
const linkEngine = () => symlinkSync(ENGINES, join(profile, 'engine'))

function newProfile(): void {
  profile = mkdtempSync(join(tmpdir(), 'self-mri-reproduction-'))
  vi.stubEnv('SELF_MRI_CACHE', profile) // The locks of killed processes stay in this folder.
  trained = []
  scored = []
  requests = []
  evaluated = []
  meet = () => {}
  fails = () => false
  kernels = null
  places = { slots: 1, isRemote: false }
  open()
  const { db } = services.profile
  db.prepare(
    `INSERT INTO studies (id, name, kind, roots, split, slices, remarks, created_at)
      VALUES (1, 'A study', 'folder', '[]', '{"by":"folders","seed":null,"fractions":null}', '{"kind":"all"}',
        '[]', '')`,
  ).run()
  for (const { id, role, ...info } of BRAIN.volumes) addVolume(services.profile, 1, info, role)
}

beforeEach(newProfile)

afterEach(() => {
  if (services.profile.db.open) services.dispose()
  vi.unstubAllEnvs()
  rmSync(join(profile, 'engine'), { force: true }) // only the link
  rmSync(profile, { recursive: true, force: true })
})

const SMALL = request({ methods: ['simclr', 'subsample-again'] })

async function reproduce(of: ReproductionRequest = SMALL, signal?: AbortSignal) {
  const { id, carryOut } = begin(services, { request: of })
  await carryOut(
    trainAtOnce(services, () => ({ signal })),
    { signal },
  )
  return id
}

const once = (all: readonly string[]) => expect(new Set(all).size).toBe(all.length)

describe('a reproduction', () => {
  it('ends with every row, and trains each training once', async () => {
    const plan = planOf(services.profile, SMALL)
    const id = await reproduce()
    const report = ReproductionReport.parse(JSON.parse(JSON.stringify(reportOf(services.profile, id))))
    expect(report.failures).toEqual([])
    expect(report.complete).toBe(true)
    expect(report.rows.map(({ key }) => key)).toEqual(plan.rows.map(({ key }) => key))
    expect(trained).toHaveLength(plan.trainings.length)
    once(trained)
    once(scored)
    expect(storedReproduction(services.profile, id)).toMatchObject({ status: 'finished', reason: null })
    const view = viewReproduction(services.profile, storedReproduction(services.profile, id))
    expect(view).toMatchObject({ done: plan.trainings.length, planned: plan.trainings.length, secondsLeft: 0 })
  })

  it('has rows as the contract defines them', async () => {
    const { rows, gains } = reportOf(services.profile, await reproduce())
    const [row, baseline, at, equal, milestone] = (
      ['fine-tuned', 'baseline', 'baseline at', 'control of equal time', 'milestone'] as const
    ).map(kind => rows.find(each => each.kind === kind)!)
    const before = row.pretraining!.epochs
    expect(row).toMatchObject({ totalSeconds: 2 * (before + 10), pretrainedSsim: 0.7, patients: 2 })
    expect(row.sliceWise).toEqual({ psnr: 26.5, nmse: 0.05 })
    expect(row.manyMasks).toMatchObject({ draws: 20, sd: { ssim: expect.closeTo(0.0513, 4) } })
    expect(row.pretraining).toMatchObject({ figures: { retrieval: 0.5 }, settings: { crop: 48, optimizer: 'adam' } })
    expect(baseline.toBaseline).toEqual({ seconds: 60, epoch: 30 })
    expect(row.toBaseline).toBeNull()
    expect(at).toMatchObject({
      totalSeconds: 20,
      training: { epochs: 10, checkpoint: { path: /milestone-10/ } },
    } as never)
    expect(at.training!.checkpoint.path).toMatch(/milestone-10/)
    expect(equal.training!.epochs).toBe(before + 10)
    expect(milestone.pretraining!.epochs).toBe(milestone.epoch)
    expect(milestone.totalSeconds).toBe(2 * (milestone.epoch! + 10))
    expect(gains.map(({ method, against, verdict }) => [method, against, verdict])).toEqual(
      ['simclr', 'subsample-again'].flatMap(method =>
        ['control', 'control of equal time', 'baseline'].map(against => [method, against, 'too few to say']),
      ),
    )
  })

  it('scores checkpoints as an evaluation does', async () => {
    const report = reportOf(services.profile, await reproduce())
    const row = report.rows.find(({ kind }) => kind === 'fine-tuned')!
    const paths = row.volumes.map(({ path }) => path)
    const settings = {
      mask: report.protocol.mask,
      maskDraws: null,
      slices: report.protocol.slices,
      reference: 'ground truth',
    }
    const { mean } = await evaluate(services, { of: { paths }, run: row.training!.run, settings: settings as never })
    expect(mean).toEqual(row.metrics)
  })

  it('never shows a mean over fewer volumes beside means over all volumes', async () => {
    fails = checkpoint => checkpoint !== null
    const { rows, failures } = reportOf(services.profile, await reproduce())
    expect(rows.map(({ kind }) => kind)).toEqual(['zero-filled'])
    expect(failures.length).toBeGreaterThan(0)
    for (const { reason } of failures)
      expect(reason).toMatch(/scores of all volumes that have a zero-filled score, got fewer: .*its image holds NaN/)
  })

  it('takes trainings of other kernels, names the kernels of each, and compares no times between kernels', async () => {
    const some = request({ methods: ['subsample-again'], headline: true })
    await reproduce(some)
    const before = [...trained]
    kernels = [
      { name: 'A 1', epoch: 1, step: 0 },
      { name: 'B 1', epoch: 60, step: 59 },
    ]
    const { rows, gains, version } = reportOf(services.profile, await reproduce())
    const names = (kind: ReproductionRow['kind'], method: string | null, part: 'pretraining' | 'training') =>
      rows
        .filter(row => row.kind === kind && row.method === method)
        .map(row => row[part]!.kernels.map(({ name }) => name))
    expect(trained.slice(0, before.length)).toEqual(before)
    once(trained)
    expect(names('fine-tuned', 'subsample-again', 'pretraining')).toEqual([[null]])
    expect(names('baseline', null, 'training')).toEqual([[null]])
    expect(names('fine-tuned', 'simclr', 'pretraining')).toEqual([['A 1', 'B 1']])
    expect(names('milestone', 'simclr', 'pretraining').slice(0, 1)).toEqual([['A 1']])
    const shares = gains
      .filter(({ against }) => against === 'baseline')
      .map(({ method, timeShare }) => [method, timeShare])
    expect(shares).toEqual([
      ['simclr', null],
      ['subsample-again', expect.any(Number)],
    ])
    expect(version).toBe(VERSION)
  })

  it('leaves out a volume on which no score works', async () => {
    fails = () => true
    const { rows, complete } = reportOf(services.profile, await reproduce())
    expect(complete).toBe(true)
    expect(new Set(rows.map(({ volumes }) => volumes.length))).toEqual(new Set([1]))
  })

  it('leaves every patient out in turn, and no run or score leaks into a fold', async () => {
    const id = await reproduce(request({ methods: ['subsample-again'], leaveOneOut: true, headline: true, seeds: 2 }))
    const report = reportOf(services.profile, id)
    expect(report).toMatchObject({ complete: true, failures: [] })
    expect(report.gains[0]).toMatchObject({ pairs: 8, verdict: 'no difference shown' })
    once(trained)
    expect(listRuns(services.profile).every(({ study: name }) => name === 'A study')).toBe(true)
  })

  it('takes the trainings of an earlier headline reproduction', async () => {
    await reproduce({ ...SMALL, headline: true })
    await reproduce()
    once(trained)
    once(scored)
    expect(trained).toHaveLength(planOf(services.profile, SMALL).trainings.length)
  })

  it('continues in another profile from the rows of a report', async () => {
    const one = reportOf(services.profile, await reproduce(request({ methods: ['subsample-again'], headline: true })))
    const all = request({ methods: ['subsample-again'], headline: true, seeds: 2 })
    // The rows come from an older version, which named no device, and from a slower machine.
    const changed = one.rows.map(({ device, ...row }) => ({
      ...row,
      totalSeconds: 2 * row.totalSeconds,
      ...(row.kind === 'control' && { identity: 'of another recipe' }),
    }))
    services.dispose()
    rmSync(profile, { recursive: true, force: true })
    newProfile()
    const { plan, carryOut, report } = begin(
      services,
      { request: all },
      { ...one, rows: changed, device: 'another device' },
    )
    expect(plan.trainings.map(({ key }) => key)).toEqual([
      // The baseline is trained again, because the control's time is compared with the baseline on the same machine.
      ...['control · U-Net-16', 'baseline · U-Net-16'].map(key => `${key} · fold 0 · seed 0`),
      ...planOf(services.profile, all)
        .trainings.map(({ key }) => key)
        .filter(key => key.endsWith('seed 1')),
    ])
    await carryOut(trainAtOnce(services, () => ({})))
    const { complete, rows, device } = report()
    expect(complete).toBe(true)
    expect(trained).toHaveLength(plan.trainings.length)
    expect(device).toMatch(/^another device; /)
    const fineTuned = (some: readonly ReproductionRow[]) =>
      some.find(({ kind, seed }) => kind === 'fine-tuned' && seed === 0)
    expect(fineTuned(rows)).toEqual({ ...fineTuned(changed as ReproductionRow[]), device: 'another device' })
    const baselines = rows.filter(({ kind }) => kind === 'baseline')
    expect(baselines.map(({ seed, device }) => [seed, device === 'another device'])).toEqual([
      [0, true],
      [1, false],
    ])
    // The control's time is compared with the baseline of its own machine, which is not the shown baseline.
    const control = rows.find(({ kind, seed }) => kind === 'control' && seed === 0)!
    expect(control.device).toBe(baselines[1].device)
    expect(control.baselineSeconds).toBe(baselines[1].totalSeconds)
    expect(baselines[0].totalSeconds).toBe(2 * baselines[1].totalSeconds)
  })

  it('lists a failed training, trains the others, and does not repeat the failure', async () => {
    meet = training => {
      if (training?.method === 'simclr') throw new AppError('NOT_FINITE', 'The loss became NaN')
    }
    const id = await reproduce()
    const { complete, failures } = reportOf(services.profile, id)
    expect(complete).toBe(false)
    expect(failures[0]).toEqual({ key: 'pre-training · simclr · fold 0 · seed 0', reason: 'The loss became NaN' })
    expect(failures[1]).toEqual({
      key: 'fine-tuning · simclr · fold 0 · seed 0',
      reason: 'The training needs a training that failed: pre-training · simclr · fold 0 · seed 0.',
    })
    expect(failures.every(({ key }) => key.includes('simclr'))).toBe(true)
    expect(trained).toHaveLength(planOf(services.profile, SMALL).trainings.length - failures.length)
    expect(storedReproduction(services.profile, id)).toMatchObject({ status: 'finished', reason: /failed/ })
    await reproduce()
    once(trained)
    once(scored)
    expect(reportOf(services.profile, id).failures).toEqual(failures)
  })
})

describe('classical rows', () => {
  const WITH_CLASSICAL = request({ methods: ['simclr'], headline: true, classical: [CG_SENSE] })
  const classicalRows = ({ rows }: Pick<ReproductionReport, 'rows'>) => rows.filter(({ kind }) => kind === 'classical')
  const scoredBy = (classical: string) => scored.filter(each => each.includes(`"classical":"${classical}"`)).length

  it('leave requests, keys and identities of other rows as they were', () => {
    const asked = { study: 1, scale: 'demonstration', seeds: 2, leaveOneOut: false, headline: false, methods: ['pirl'] }
    expect(ReproductionRequest.parse(asked)).toStrictEqual(asked)
    const without = makePlan(request({ methods: ['simclr'], headline: true }), BRAIN)
    const plan = makePlan(WITH_CLASSICAL, BRAIN)
    const others = plan.rows.filter(({ kind }) => kind !== 'classical')
    expect(others).toEqual(without.rows)
    expect(others.map(row => identityOf(plan, row))).toEqual(without.rows.map(row => identityOf(without, row)))
    expect(plan.trainings).toEqual(without.trainings)
    const volumes = BRAIN.volumes.map(({ file, role }) => [file, role, null])
    const parts = ['zero-filled', null, null, true, plan.mask, BRAIN.slices, volumes, []]
    const former = createHash('sha256').update(JSON.stringify(parts)).digest('hex')
    expect(identityOf(without, without.rows[0])).toBe(former)
  })

  it('are one per method and fold, whatever the seeds, with all settings in the key', () => {
    const wanted = request({ methods: ['simclr'], leaveOneOut: true, seeds: 3, classical: [CG_SENSE] })
    const rows = makePlan(wanted, BRAIN).rows.filter(({ kind }) => kind === 'classical')
    expect(rows.map(({ fold, seed }) => [fold, seed])).toEqual([0, 1, 2, 3].map(fold => [fold, 0]))
    expect(rows[1]).toMatchObject({
      key: 'classical · cg-sense · maps automatic · virtualCoils 0 · iterations 30 · lambda 0.01 · fold 1 · seed 0',
      label: 'CG-SENSE',
      training: null,
      patients: null,
      manyMasks: true,
    })
  })

  it('have an identity that covers the settings, and not their name', () => {
    const identity = (changes: Partial<ClassicalRow>) => {
      const plan = makePlan(request({ methods: ['simclr'], classical: [{ ...CG_SENSE, ...changes }] }), BRAIN)
      return identityOf(plan, plan.rows.find(({ kind }) => kind === 'classical')!)
    }
    expect(identity({ source: 'cg-sense:3', name: 'Mine' })).toBe(identity({}))
    expect(identity({ config: { ...CG_SENSE.config, lambda: 0.02 } })).not.toBe(identity({}))
    expect(identity({ classical: 'sense' })).not.toBe(identity({}))
  })

  it('are scored by file name and over many masks, once, and are read again after the program has ended', async () => {
    const id = await reproduce(WITH_CLASSICAL)
    const report = ReproductionReport.parse(JSON.parse(JSON.stringify(reportOf(services.profile, id))))
    expect(report).toMatchObject({ complete: true, failures: [] })
    expect(classicalRows(report)).toMatchObject([
      {
        label: 'CG-SENSE',
        classical: CG_SENSE,
        training: null,
        network: null,
        totalSeconds: 0,
        manyMasks: { draws: 20 },
      },
    ])
    expect(scoredBy('cg-sense')).toBe(2)
    const { done, planned, secondsLeft } = viewReproduction(services.profile, storedReproduction(services.profile, id))
    expect([done, planned, secondsLeft]).toEqual([5, 5, 0])
    kill()
    await reproduce(WITH_CLASSICAL)
    expect(scoredBy('cg-sense')).toBe(2)
    const prepared = vi.spyOn(services.profile.db, 'prepare')
    expect(viewReproduction(services.profile, storedReproduction(services.profile, id))).toMatchObject({ done: 5 })
    const first = prepared.mock.calls.flat().find(sql => sql.includes('FROM evaluations'))!
    const [way] = services.profile.db.prepare(`EXPLAIN QUERY PLAN ${first}`).all({ checkpoint: null, key: '' })
    expect(way).toMatchObject({
      detail: expect.stringContaining('evaluations_by_request (request=? AND checkpoint=?)'),
    })
    prepared.mockClear()
    expect(viewReproduction(services.profile, storedReproduction(services.profile, id))).toMatchObject({ done: 5 })
    expect(prepared.mock.calls.flat().filter(sql => sql.includes('FROM evaluations'))).toEqual([])
    expect(report.gains.map(({ label }) => label)).toEqual(['SimCLR', 'SimCLR'])
  })

  it('are stopped and continued without a score computed twice, and count in the progress', async () => {
    const controller = new AbortController()
    meet = () => {
      if (scoredBy('cg-sense') > 0) {
        controller.abort()
        throw new AppError('CANCELLED', 'Cancelled')
      }
    }
    await expect(reproduce(WITH_CLASSICAL, controller.signal)).rejects.toMatchObject({ code: 'CANCELLED' })
    const [stored] = storedReproductions(services.profile)
    const { request: of } = stored
    expect(viewReproduction(services.profile, stored)).toMatchObject({ done: 0, planned: 5, current: [] })
    expect(viewReproduction(services.profile, { ...stored, status: 'running' }).current).toEqual([
      { label: 'CG-SENSE', run: null, share: 1 / 21, waits: false },
    ])
    meet = () => {}
    await reproduce(of)
    once(scored)
    expect(scoredBy('cg-sense')).toBe(2)
  })

  it('count only scores in the progress, and not the files that are read before', async () => {
    const { contents } = services
    const read: typeof contents.read = (paths, options) => {
      options?.onProgress?.({ done: 900, total: 1000, label: 'MB of a file' })
      return contents.read(paths, options)
    }
    const shares: number[] = []
    const { carryOut } = begin({ ...services, contents: { ...contents, read } }, { request: WITH_CLASSICAL })
    const onClassical = (_row: unknown, share: number) => void shares.push(share)
    await carryOut(
      trainAtOnce(services, () => ({})),
      { onClassical },
    )
    expect(shares).toEqual([0, 1 / 21, 1])
  })

  it('are timed from the start of the scoring', () => {
    const plan = makePlan(WITH_CLASSICAL, BRAIN)
    const row = plan.rows.find(({ kind }) => kind === 'classical')!
    let now = 1000
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => now)
    const tell = timeRow(services.profile, plan, row)
    for (const [milliseconds, share] of [
      [0, 0.25],
      [90_000, 0.25],
      [2000, 0.75],
    ]) {
      now += milliseconds
      tell(share)
    }
    clock.mockRestore()
    const { timed } = classicalProgress(services.profile, plan, () => false)
    expect(timed).toMatchObject([{ done: 0.75, measured: { seconds: 2, share: 0.5 } }])
  })

  it('fail alone, with the reason', async () => {
    fails = of => of === 'cg-sense'
    const id = await reproduce(WITH_CLASSICAL)
    const { complete, failures, rows } = reportOf(services.profile, id)
    expect(complete).toBe(false)
    expect(failures).toEqual([
      { key: expect.stringMatching(/^classical · cg-sense/), reason: expect.stringContaining('its image holds NaN') },
    ])
    expect(rows.map(({ kind }) => kind)).not.toContain('classical')
    const view = viewReproduction(services.profile, storedReproduction(services.profile, id))
    expect(view).toMatchObject({ done: 4, planned: 5, secondsLeft: 0 })
    await reproduce(WITH_CLASSICAL)
    once(scored)
  })

  it('come from the report of another machine, if their settings are equal', async () => {
    const one = reportOf(services.profile, await reproduce(WITH_CLASSICAL))
    services.dispose()
    rmSync(profile, { recursive: true, force: true })
    newProfile()
    const other = { ...CG_SENSE, config: { ...CG_SENSE.config, lambda: 0.02 }, source: 'cg-sense:1', name: 'Two' }
    const both = { ...WITH_CLASSICAL, classical: [other, { ...CG_SENSE, source: 'cg-sense:2', name: 'One' }] }
    const { plan, carryOut, report } = begin(services, { request: both }, one)
    expect(plan.trainings).toEqual([])
    await carryOut(trainAtOnce(services, () => ({})))
    expect(classicalRows(report()).map(({ label }) => label)).toEqual(['CG-SENSE, Two', 'CG-SENSE'])
    expect(scored.map(each => JSON.parse(each)[0])).toEqual(
      Array(2).fill(expect.objectContaining({ config: other.config })),
    )
  })

  it('keep the settings that their names had when the reproduction was requested', () => {
    const { id } = saveSettings(services.profile, { classical: 'cg-sense', name: 'Soft', config: { lambda: 0.1 } })
    const { classical: _none, ...asked } = request()
    const named = (...sources: string[]) => withSettings(services.profile, { ...asked, classical: sources })
    const { classical } = named('cg-sense', `cg-sense:${id}`)
    expect(classical).toMatchObject([
      { source: 'cg-sense', name: null, tuned: null, config: CG_SENSE.config },
      { source: `cg-sense:${id}`, name: 'Soft', tuned: null, config: { ...CG_SENSE.config, lambda: 0.1 } },
    ])
    expect(named('cg-sense', `cg-sense:${id}`, 'cg-sense', `cg-sense:${id}`).classical).toEqual(classical)
    expect(() => named('simclr')).toThrow(/cg-sense.*got "simclr"/)
    expect(withSettings(services.profile, asked)).not.toHaveProperty('classical')
  })

  it('have no patients of their tuning in a report', () => {
    const tuned = { study: 'A study', volumes: [{ file: 'scan.h5', patient: 'a hash', scan: 'another hash' }] }
    const plan = makePlan(request({ classical: [{ ...CG_SENSE, tuned }] }), BRAIN)
    const report = assemble(services.profile, plan, '')
    expect(report.request.classical).toEqual([{ ...CG_SENSE, tuned: { study: 'A study', volumes: [] } }])
    expect(JSON.stringify(report)).not.toContain('hash')
  })

  it('are refused if their λ was tuned on a test patient or scan, whatever the name of the file', () => {
    const hash = (name: string) => createHash('sha256').update(name).digest('hex')
    const ofScan = (file: string) => `scan of ${file}`
    const brain = {
      ...BRAIN,
      volumes: BRAIN.volumes.map(each => ({ ...each, content: { scan: ofScan(each.file) } as StudyVolume['content'] })),
    }
    const plan = (patient: string, scan: string, leaveOneOut = false) => {
      const tuned = { study: 'A study', volumes: [{ file: 'ulf_3_FSE.h5', patient: hash(patient), scan }] }
      return makePlan(request({ leaveOneOut, classical: [{ ...CG_SENSE, tuned }] }), brain)
    }
    const leak = expect.objectContaining({ code: 'PATIENT_LEAK' })
    expect(() => plan('ulf_3', 'another')).toThrow(leak)
    expect(() => plan('another', ofScan('ulf_3_FSE.h5'))).toThrow(leak)
    expect(() => plan('ulf_2', 'another', true)).toThrow(leak)
    expect(plan('ulf_2', 'another').rows.some(({ kind }) => kind === 'classical')).toBe(true)
  })
})

describe('a demonstration', () => {
  const demonstrate = async (stopAtFailure = true) => {
    const of = demoRequest(studyById(services.profile, 1), { seed: 5, channels: 8 })
    const { carryOut, report } = begin(services, { request: of })
    await carryOut(
      trainAtOnce(services, () => ({})),
      { stopAtFailure },
    )
    return report()
  }

  it('ends with its four rows, trains nothing twice, and is listed', async () => {
    const report = await demonstrate()
    expect(report.rows.map(({ kind, seed }) => [kind, seed])).toEqual(
      ['zero-filled', 'baseline', 'fine-tuned', 'control'].map(kind => [kind, 5]),
    )
    expect(trained).toHaveLength(4)
    expect(await demonstrate()).toEqual(report)
    once(trained)
    once(scored)
    expect(storedReproductions(services.profile)).toMatchObject([
      { status: 'finished', request: { demo: { seed: 5, channels: 8 } } },
    ])
  })

  it('ends with the error at its first failure, and continues from there', async () => {
    meet = training => {
      if (training?.kind === 'finetune') throw new AppError('FILE_UNREADABLE', 'The disk is away')
    }
    await expect(demonstrate()).rejects.toMatchObject({ code: 'FILE_UNREADABLE' })
    expect(trained).toHaveLength(1)
    expect(storedReproductions(services.profile)).toMatchObject([{ status: 'failed', reason: 'The disk is away' }])
    meet = () => {}
    expect((await demonstrate()).complete).toBe(true)
    expect(trained).toHaveLength(4)
    once(trained)
  })
})

/** Leaves the profile as a killed process does: no final write, and the device's lock belongs to no process. */
function kill(): void {
  services.profile.db.prepare("UPDATE runs SET pid = 4194305 WHERE status IN ('queued', 'running')").run()
  vi.stubEnv('SELF_MRI_DEVICE', `killed-${++kills}`)
  services = undefined as never
  open()
}
let kills = 0

it('a reproduction is saved into its folder if the files are unchanged, and under new names for browsers', async () => {
  const id = await reproduce()
  const out = join(profile, 'out')
  const page = join(out, 'index.html')
  for (let n = 0; n < 2; n++) expect((await save(services, id, out)).path).toBe(page)
  writeFileSync(page, 'mine')
  const before = readdirSync(out)
  await expect(save(services, id, out)).rejects.toMatchObject({
    code: 'FILE_EXISTS',
    message: expect.stringContaining(page),
  })
  expect([readFileSync(page, 'utf8'), readdirSync(out)]).toEqual(['mine', before])
  const names = [await save(services, id), await save(services, id)].map(({ name }) => name)
  expect(names).toEqual([`reproduction-${id}.zip`, `reproduction-${id} (2).zip`])
})

it('a reproduction does not replace a report with rows that the reproduction lacks', async () => {
  const out = join(profile, 'out')
  await save(services, await reproduce(), out)
  const written = readFileSync(join(out, 'study.json'))
  const id = await reproduce(request({ methods: ['simclr'] }))
  await expect(save(services, id, out)).rejects.toMatchObject({
    code: 'FILE_EXISTS',
    message: expect.stringMatching(/study\.json has \d+ rows on “A study”.*Choose another folder/),
  })
  expect(readFileSync(join(out, 'study.json'))).toEqual(written)
})

describe('a stopped reproduction', () => {
  it('continues and computes nothing twice, if it is stopped or killed at every point in turn', async () => {
    const plan = planOf(services.profile, SMALL)
    let attempts = 0
    let complete = false
    while (!complete && attempts++ < 300) {
      const controller = new AbortController()
      let calls = 0
      const killed = new Promise<'killed'>(resolve => {
        meet = () => {
          if (calls++ < attempts % 2) return undefined // Every second attempt completes one more call.
          if (attempts % 4 < 2) {
            resolve('killed')
            return new Promise(() => {}) // never ends, as in a killed process
          }
          controller.abort()
          throw new AppError('CANCELLED', 'Cancelled')
        }
      })
      const { signal } = controller
      const trainer = trainAtOnce(services, () => ({ signal }))
      const work = goThrough(services, plan, trainer, { signal }).then(
        () => 'done',
        (error: AppError) => error.code,
      )
      const outcome = await Promise.race([work, killed])
      if (outcome === 'killed') kill()
      else if (outcome === 'done') complete = true
      else expect(outcome).toBe('CANCELLED')
    }
    expect(attempts).toBeGreaterThan(plan.trainings.length + plan.rows.length)
    once(trained)
    once(scored)
    expect(trained).toHaveLength(plan.trainings.length)
    expect(assemble(services.profile, plan, '')).toMatchObject({ complete: true, failures: [] })
    expect(listRuns(services.profile)).toHaveLength(plan.trainings.length)
  })

  it('has the status stopped, and continues under its number', async () => {
    const controller = new AbortController()
    meet = training => {
      if (!training) return
      controller.abort()
      throw new AppError('CANCELLED', 'Cancelled')
    }
    await expect(reproduce(SMALL, controller.signal)).rejects.toMatchObject({ code: 'CANCELLED' })
    const [{ id, status }] = storedReproductions(services.profile)
    expect(status).toBe('stopped')
    meet = () => {}
    expect(await reproduce()).toBe(id)
    expect(storedReproductions(services.profile)).toMatchObject([{ id, status: 'finished' }])
    once(trained)
  })

  it('runs in one program at a time, and has the status stopped if its program has ended', async () => {
    const { id } = begin(services, { request: SMALL })
    expect(storedReproduction(services.profile, id).status).toBe('running')
    expect(() => begin(services, { id })).toThrow(/no other program carries out.*process/)
    services.profile.db
      .prepare(
        `INSERT INTO reproductions (id, study_id, request, status, created_at)
          SELECT 9, study_id, '{"study":1}', status, '' FROM reproductions`,
      )
      .run()
    expect(storedReproduction(services.profile, 9)).toMatchObject({
      status: 'stopped',
      reason: expect.stringMatching(/ended/),
    })
  })
})

it.each([
  ['pending', [1]],
  ['running', [1]],
  ['ended', []],
] as const)('a reproduction whose program was killed continues if a job of its study is %s', async (state, ids) => {
  await reproduce(request({ methods: ['subsample-again'], headline: true }))
  const { db } = services.profile
  db.exec("UPDATE reproductions SET status = 'running'; UPDATE runs SET status = 'interrupted' WHERE id = 2")
  db.prepare("UPDATE runs SET job = json_object('state', ?) WHERE id = 2").run(state)
  expect(continuedReproductions(services.profile)).toEqual(ids)
})

it('a driver looks at all its trainings at once, and not at each ring of the bell', async () => {
  const { db, bell } = services.profile
  let looked = 0
  const prepare = db.prepare.bind(db)
  const spy = vi.spyOn(db, 'prepare').mockImplementation(((sql: string) => {
    const statement = prepare(sql)
    const all = statement.all.bind(statement)
    if (sql.includes('json_each'))
      statement.all = (...parameters) => {
        looked++
        return all(...parameters)
      }
    return statement
  }) as never)
  meet = (training, signal) => (training ? untilCancelled(signal) : undefined)
  const controller = new AbortController()
  const work = begin(services, { request: SMALL }).carryOut(trainThroughQueue(services, controller.signal), {
    signal: controller.signal,
  })
  await vi.waitFor(() => expect(services.queue.doing[0]?.words).toContain('epoch'))
  await new Promise(resolve => setImmediate(resolve))
  const before = looked
  for (let i = 0; i < 50; i++) bell.ring()
  expect(looked).toBe(before)
  await new Promise(resolve => setImmediate(resolve))
  expect(looked).toBe(before + 1)
  controller.abort()
  await expect(work).rejects.toMatchObject({ code: 'CANCELLED' })
  spy.mockRestore()
})

/** What a driver did, in order: `train KEY`, `score KEY`, `end KEY`. */
function recordSteps() {
  const log: string[] = []
  const steps: Steps = {
    onTraining: ({ key }) => void log.push(`train ${key}`),
    onScoring: ({ key }) => void log.push(`score ${key}`),
    onEnd: ({ key }) => void log.push(`end ${key}`),
  }
  return { log, steps }
}

const pause = () => new Promise(resolve => setTimeout(resolve, 1))

describe('a reproduction at one place', () => {
  it('scores rows without a training first, and then trains and scores in the order of the plan', async () => {
    const plan = planOf(services.profile, request({ methods: ['simclr', 'subsample-again'], classical: [CG_SENSE] }))
    const { log, steps } = recordSteps()
    await goThrough(
      services,
      plan,
      trainAtOnce(services, () => ({})),
      steps,
    )
    const { finished } = survey(services.profile, plan)
    expect(log).toEqual([
      ...plan.rows.filter(({ training }) => training === null).map(({ key }) => `end ${key}`),
      ...inTurn(plan, finished).flatMap(({ key }) => [`train ${key}`, `score ${key}`, `end ${key}`]),
    ])
  })
})

describe('a reproduction at several places', () => {
  let going: number
  let most: number
  beforeEach(() => {
    places.slots = 3
    going = 0
    most = 0
    meet = async () => {
      most = Math.max(most, ++going)
      await pause()
      going--
    }
  })

  it('begins every training that is ready, at most one at each place', async () => {
    const plan = planOf(services.profile, SMALL)
    const { log, steps } = recordSteps()
    await goThrough(
      services,
      plan,
      trainAtOnce(services, () => ({})),
      steps,
    )
    expect(most).toBe(3)
    expect(assemble(services.profile, plan, '')).toMatchObject({ complete: true, failures: [] })
    expect(trained).toHaveLength(plan.trainings.length)
    once(trained)
    once(scored)
    const { finished } = survey(services.profile, plan)
    for (const training of plan.trainings)
      for (const need of needsOf(training))
        expect(
          finished.get(training.key)!.createdAt >= finished.get(need)!.finishedAt!,
          `${training.key} needs ${need}`,
        ).toBe(true)
    // The pre-trainings begin before the baseline has finished.
    const [baseline] = plan.trainings.filter(({ key }) => key.startsWith('baseline'))
    for (const { key } of plan.trainings.filter(({ config }) => config.kind === 'pretrain'))
      expect(log.indexOf(`train ${key}`)).toBeLessThan(log.indexOf(`score ${baseline.key}`))
  })

  it('has the results of one place', async () => {
    const many = reportOf(services.profile, await reproduce())
    services.dispose()
    rmSync(profile, { recursive: true, force: true })
    newProfile()
    const one = reportOf(services.profile, await reproduce())
    const results = ({ rows }: ReproductionReport) =>
      rows.map(({ key, identity, metrics, training }) => [key, identity, metrics, training?.epochs])
    expect(results(many)).toEqual(results(one))
  })

  it('notices another number of places between trainings', async () => {
    places.slots = 1
    const first = meet
    meet = async (...of) => {
      await first(...of)
      if (trained.length === 2) places.slots = 2
    }
    await reproduce()
    expect(most).toBe(2)
  })

  it('begins a training at once when settings give more places', async () => {
    places.slots = 1
    let second = () => {}
    const begun = new Promise<void>(resolve => {
      second = resolve
    })
    let count = 0
    meet = async training => {
      if (!training || ++count > 2) return
      if (count === 2) return second()
      places.slots = 2
      changeSettings(services.profile, services.engines, {})
      await begun // The first training does not end before the second begins.
    }
    await reproduce(request({ methods: ['subsample-again'], headline: true }))
    expect(count).toBeGreaterThan(2)
  })

  it('trains what two trainings have in common once', async () => {
    const plan = planOf(services.profile, SMALL)
    const [control] = plan.trainings
    const twice = { ...plan, trainings: [control, { ...control, key: 'again' }, ...plan.trainings.slice(1)] }
    expect(
      await goThrough(
        services,
        twice,
        trainAtOnce(services, () => ({})),
      ),
    ).toEqual(new Map())
    expect(trained).toHaveLength(plan.trainings.length)
  })

  it('trains the others if one fails', async () => {
    const wait = meet
    meet = training => {
      if (training?.method === 'simclr') throw new AppError('NOT_FINITE', 'The loss became NaN')
      return wait(training)
    }
    const id = await reproduce()
    const { failures } = reportOf(services.profile, id)
    expect(failures[0]).toEqual({ key: 'pre-training · simclr · fold 0 · seed 0', reason: 'The loss became NaN' })
    expect(failures.every(({ key }) => key.includes('simclr'))).toBe(true)
    expect(trained).toHaveLength(planOf(services.profile, SMALL).trainings.length - failures.length)
  })

  it('is stopped with all its trainings, and continues without a training twice', async () => {
    const controller = new AbortController()
    meet = (training, signal) => (training ? untilCancelled(signal) : undefined)
    const work = reproduce(SMALL, controller.signal)
    const running = () => listRuns(services.profile).filter(({ status }) => status === 'running').length
    await vi.waitFor(() => expect(running()).toBe(3))
    controller.abort('cancel')
    await expect(work).rejects.toMatchObject({ code: 'CANCELLED' })
    expect(listRuns(services.profile).map(({ status }) => status)).toEqual(Array(3).fill('cancelled'))
    meet = () => {}
    await reproduce()
    once(trained)
    once(scored)
    expect(listRuns(services.profile).every(({ status }) => status === 'finished')).toBe(true)
  })

  it('leaves the other trainings in order if the first failure ends it', async () => {
    meet = async (training, signal) => {
      if (training?.kind === 'pretrain') return untilCancelled(signal)
      if (!training) return
      await vi.waitFor(() => expect(listRuns(services.profile)).toHaveLength(3))
      throw new AppError('FILE_UNREADABLE', 'The disk is away')
    }
    const plan = planOf(services.profile, request({ methods: ['simclr', 'subsample-again'], headline: true }))
    const trainer = trainAtOnce(services, () => ({}))
    const work = goThrough(services, plan, trainer, { stopAtFailure: true })
    await expect(work).rejects.toMatchObject({ code: 'FILE_UNREADABLE' })
    const runs = listRuns(services.profile)
    expect(runs.map(({ status }) => status)).not.toContain('running')
    expect(runs.filter(({ config }) => config.kind === 'pretrain')).toMatchObject([
      { status: 'interrupted', resumable: true },
    ])
  })

  it('ends if the scheduler refuses a job, and leaves the other jobs', async () => {
    places.isRemote = true
    services.dispose()
    open()
    const reasons: unknown[] = []
    meet = async (training, signal) => {
      if (!training) return
      if (training.kind === 'pretrain') {
        await vi.waitFor(() => expect(listRuns(services.profile)).toHaveLength(3))
        throw new AppError('JOB_REFUSED', 'sbatch: error')
      }
      await new Promise(resolve => signal!.addEventListener('abort', resolve))
      reasons.push(signal!.reason)
      throw new AppError('JOB_CONTINUES', 'The job goes on.')
    }
    const plan = planOf(services.profile, SMALL)
    const work = goThrough(
      services,
      plan,
      trainAtOnce(services, () => ({})),
    )
    await expect(work).rejects.toMatchObject({ code: 'JOB_REFUSED' })
    expect(reasons).toEqual(['leave', 'leave'])
    expect(listRuns(services.profile).map(({ status }) => status)).toEqual(Array(3).fill('interrupted'))
  })

  it('says how many jobs go on if it is stopped, and takes the jobs up when it is resumed', async () => {
    places.isRemote = true
    services.dispose()
    open()
    meet = async (training, signal) => {
      if (!training) return
      await untilCancelled(signal).catch(() => {})
      throw new AppError('JOB_CONTINUES', 'The job goes on.')
    }
    const controller = new AbortController()
    const work = reproduce(SMALL, controller.signal)
    await vi.waitFor(() => expect(requests).toHaveLength(3))
    controller.abort('leave')
    const reason = '3 jobs go on. Resume the reproduction to follow the jobs.'
    await expect(work).rejects.toMatchObject({ code: 'JOB_CONTINUES', message: reason })
    expect(storedReproductions(services.profile)).toMatchObject([{ status: 'stopped', reason }])
    meet = () => {}
    await reproduce()
    once(trained)
    expect(listRuns(services.profile).every(({ status }) => status === 'finished')).toBe(true)
    expect(
      requests
        .slice(3, 6)
        .map(({ run }) => run)
        .toSorted(),
    ).toEqual(['1', '2', '3'])
    expect(requests[3].scores).toEqual(requests.find(({ run }) => run === requests[3].run)!.scores)
  })

  it('gives each job the scores that its rows ask for later', async () => {
    places.isRemote = true
    services.dispose()
    open()
    await reproduce(request({ methods: ['simclr', 'subsample-again'], classical: [CG_SENSE] }))
    /** `RUN WEIGHTS REQUEST` of each score. */
    const given = requests.flatMap(({ run, scores }) =>
      scores!.map(({ weights, request: of }) => `${run} ${weights} ${JSON.stringify(of)}`),
    )
    const asked = evaluated.flatMap(({ reconstructor, ...of }) => {
      if (!reconstructor || 'classical' in reconstructor) return []
      const [, run, role, epoch] = /runs\/(\d+)\/(\w+)-(\d+)[.]safetensors$/.exec(reconstructor.checkpoint)!
      return [`${run} ${role === 'milestone' ? epoch : 'kept'} ${JSON.stringify(of)}`]
    })
    expect(asked.length).toBeGreaterThan(20)
    expect(asked.toSorted()).toEqual(given.toSorted())
  })

  it('asks for all scores of a row at once if they are jobs, as far as places are free', async () => {
    let atOnce = 0
    let mostAtOnce = 0
    const count: typeof meet = async training => {
      if (training) return
      mostAtOnce = Math.max(mostAtOnce, ++atOnce)
      await pause()
      atOnce--
    }
    meet = count
    places.slots = 1
    const some = request({ methods: ['subsample-again'], headline: true })
    await reproduce(some)
    expect(mostAtOnce).toBe(1)
    for (const slots of [1, 3]) {
      services.dispose()
      rmSync(profile, { recursive: true, force: true })
      newProfile()
      places = { slots, isRemote: true }
      services.dispose()
      open()
      meet = count
      mostAtOnce = 0
      await reproduce(some)
      expect(mostAtOnce).toBe(slots)
    }
    once(scored)
  })
})

it('the images of a report wait for no training', async () => {
  const computes = (of: string) => ({ call: async () => ({ of }) }) as unknown as Engine
  const engines = fakeEngines({ training: async () => computes('job'), pictures: computes('picture'), isRemote: true })
  const training = await engines.take({})
  expect(await compare(engines, { slice: 1 } as never)).toEqual({ of: 'picture' })
  training.release()
})

describe('a reproduction that the window started', () => {
  const TINY = request({ methods: ['subsample-again'], headline: true })

  /** Starts a reproduction with the queue. `work` settles when the reproduction ends. */
  function start() {
    const controller = new AbortController()
    const { signal } = controller
    const { id, carryOut } = begin(services, { request: TINY })
    const work = carryOut(trainThroughQueue(services, signal), { signal })
    work.catch(() => {})
    return { id, controller, work }
  }
  const statuses = () => listRuns(services.profile).map(({ status }) => status)

  it('trains through the queue, and waits for a paused training', async () => {
    let held = 0
    meet = (training, signal) => (training && held++ === 1 ? untilCancelled(signal) : undefined)
    const { id, work } = start()
    await vi.waitFor(() => expect(held).toBe(2))
    expect(viewReproduction(services.profile, storedReproduction(services.profile, id))).toMatchObject({
      status: 'running',
      done: 1,
      current: [{ label: 'Baseline, U-Net-16', run: '2', share: 1 / 30, waits: false }],
      secondsLeft: expect.any(Number),
    })
    services.queue.stopRun('2', 'pause')
    await vi.waitFor(() => expect(statuses()).toEqual(['finished', 'paused']))
    expect(viewReproduction(services.profile, storedReproduction(services.profile, id)).current).toEqual([
      { label: 'Baseline, U-Net-16', run: null, share: null, waits: true },
    ])
    services.queue.resume('2', await prepareResumption(services, '2'))
    await work
    expect(reportOf(services.profile, id)).toMatchObject({ complete: true, failures: [] })
    once(trained)
  })

  it('pauses its training if it is stopped, and later resumes the training', async () => {
    meet = (training, signal) => (training ? untilCancelled(signal) : undefined)
    const { id, controller, work } = start()
    await vi.waitFor(() => expect(services.queue.doing[0]?.words).toContain('epoch'))
    await vi.waitFor(() => expect(statuses()).toEqual(['running']))
    controller.abort()
    await expect(work).rejects.toMatchObject({ code: 'CANCELLED' })
    expect(statuses()).toEqual(['paused'])
    expect(storedReproduction(services.profile, id).status).toBe('stopped')
    meet = () => {}
    await start().work
    expect(statuses().every(status => status === 'finished')).toBe(true)
    once(trained)
  })

  it('at several places pauses all its trainings if it is stopped, and shows each', async () => {
    places.slots = 2
    meet = (training, signal) => (training ? untilCancelled(signal) : undefined)
    const { id, controller, work } = start()
    await vi.waitFor(() => expect(statuses()).toEqual(['running', 'running']))
    const view = viewReproduction(services.profile, storedReproduction(services.profile, id), 2)
    expect(view.current.map(({ run }) => run)).toEqual(['1', '2'])
    expect(new Set(view.current.map(({ label }) => label)).size).toBe(2)
    controller.abort('pause')
    await expect(work).rejects.toMatchObject({ code: 'CANCELLED' })
    expect(statuses()).toEqual(['paused', 'paused'])
    meet = () => {}
    await start().work
    expect(statuses().every(status => status === 'finished')).toBe(true)
    once(trained)
  })

  it('continues with the next window after a signal, but not if the user stopped it', async () => {
    meet = (training, signal) => (training ? untilCancelled(signal) : undefined)
    const { id, work } = start()
    await vi.waitFor(() => expect(services.queue.doing[0]?.words).toContain('epoch'))
    await vi.waitFor(() => expect(statuses()).toEqual(['running']))
    await services.queue.stop('SIGTERM')
    await expect(work).rejects.toMatchObject({ code: 'CANCELLED' })
    expect(statuses()).toEqual(['interrupted'])
    const reason = 'SIGTERM stopped the program during the reproduction.'
    expect(storedReproduction(services.profile, id)).toMatchObject({ status: 'stopped', reason })
    expect(continuedReproductions(services.profile)).toEqual([id])
    linkEngine()
    for (const [continues, status] of [
      [0, 'stopped'],
      [1, 'finished'],
    ] as const) {
      services.profile.db.prepare('UPDATE reproductions SET continues = ?').run(continues)
      services.dispose()
      open()
      meet = () => {}
      makeReproductions(services)
      await vi.waitFor(() => expect(storedReproduction(services.profile, id).status).toBe(status), 20_000)
    }
    expect(statuses().every(each => each === 'finished')).toBe(true)
    once(trained)
  })

  it.each([
    ['go on', true, false],
    ['are cancelled', true, true],
    ['are trainings of this machine', false, false],
  ])(
    'continues with the next window after this window was closed, unless its jobs %s',
    async (_, isRemote, cancels) => {
      places = { slots: 2, isRemote }
      services.dispose()
      open()
      meet = async (training, signal) => {
        if (!training) return
        await untilCancelled(signal).catch(() => {})
        throw signal!.reason === 'close' && isRemote
          ? new AppError('JOB_CONTINUES', 'The job goes on.')
          : new AppError('CANCELLED', 'Cancelled')
      }
      linkEngine()
      const reproductions = makeReproductions(services)
      await reproductions.start({ ...TINY, classical: undefined })
      await vi.waitFor(() => expect(statuses()).toEqual(['running', 'running']))
      await services.queue.stop('close', cancels)
      services.dispose()
      open()
      const [{ id, status }] = storedReproductions(services.profile)
      expect(status).toBe('stopped')
      expect(statuses()).toEqual(Array(2).fill(cancels ? 'cancelled' : 'interrupted'))
      expect(continuedReproductions(services.profile)).toEqual(isRemote && !cancels ? [id] : [])
    },
  )

  it.each([
    ['starts a cancelled job again when the user resumes it', false, true],
    ['leaves a cancelled job alone if the program continues it', true, undefined],
  ])('%s', async (_, continues, resumed) => {
    meet = (training, signal) => (training ? untilCancelled(signal) : undefined)
    const { id, work } = start()
    await vi.waitFor(() => expect(statuses()).toEqual(['running']))
    await services.queue.stop('SIGTERM')
    await expect(work).rejects.toMatchObject({ code: 'CANCELLED' })
    const folder = jobFolderOf(runDirectory(services.profile, '1'))
    makePrivateFolder(folder)
    writeWhole(inJob(folder).record, jobRecord('slurm'))
    writeWhole(inJob(folder).cancel, '')
    services.profile.db.prepare('UPDATE reproductions SET continues = ?').run(Number(continues))
    linkEngine()
    services.dispose()
    open()
    meet = () => {}
    const reproductions = makeReproductions(services)
    if (!continues) await reproductions.resume(id)
    await vi.waitFor(() => expect(storedReproduction(services.profile, id).status).toBe('finished'), 20_000)
    expect(readRecord(folder)?.resumed).toBe(resumed)
  })

  it('is stopped in order if its window is closed during a scoring', async () => {
    meet = training => (training ? undefined : new Promise(() => {}))
    const scoring = vi.spyOn(engine, 'call')
    const asked = engine.call
    scoring.mockImplementation(((name: string, params: never, options: { signal?: AbortSignal }) =>
      name === 'evaluate' ? untilCancelled(options.signal) : asked(name as never, params, options)) as never)
    linkEngine()
    const reproductions = makeReproductions(services)
    const { id } = await reproductions.start({ ...TINY, classical: undefined })
    await vi.waitFor(() => expect(scoring).toHaveBeenCalledWith('evaluate', expect.anything(), expect.anything()))
    await services.queue.stop('SIGTERM')
    services.dispose()
    scoring.mockRestore()
    open()
    expect(storedReproduction(services.profile, id)).toMatchObject({
      status: 'stopped',
      reason: 'SIGTERM stopped the program during the reproduction.',
    })
    expect(continuedReproductions(services.profile)).toEqual([id])
  })

  it('stays stopped after a signal if its files have changed, and the message names the files', async () => {
    meet = (training, signal) => (training ? untilCancelled(signal) : undefined)
    const { id, work } = start()
    await vi.waitFor(() => expect(statuses()).toEqual(['running']))
    await services.queue.stop('SIGTERM')
    await expect(work).rejects.toMatchObject({ code: 'CANCELLED' })
    linkEngine()
    services.dispose()
    open()
    const { contents } = services
    const read = vi.spyOn(contents, 'read').mockImplementation(async paths =>
      paths.map(path => {
        const volume = contents.known(path)!
        return { path, volume: { ...volume, content: { ...volume.content, identity: 'another' } } }
      }),
    )
    const reproductions = makeReproductions(services)
    await vi.waitFor(() => expect(read).toHaveBeenCalled())
    await expect(reproductions.resume(id)).rejects.toMatchObject({
      code: 'DATA_CHANGED',
      message: expect.stringContaining(BRAIN.volumes[0].file),
    })
    expect(storedReproduction(services.profile, id).status).toBe('stopped')
  })

  it('continues with other trainings if one is cancelled, and begins no training if its program closes', async () => {
    let held = 0
    meet = (training, signal) => (training && held++ < 2 ? untilCancelled(signal) : undefined)
    const { id, work } = start()
    await vi.waitFor(() => expect(statuses()).toEqual(['running']))
    await vi.waitFor(() => expect(held).toBe(1))
    services.queue.stopRun('1', 'cancel')
    await vi.waitFor(() => expect(held).toBe(2))
    await services.queue.stop()
    await expect(work).rejects.toMatchObject({ code: 'CANCELLED' })
    expect(statuses()).toEqual(['cancelled', 'interrupted'])
    expect(reportOf(services.profile, id).failures[0].reason).toBe(
      'The training was cancelled. Resume the reproduction to continue.',
    )
    expect(storedReproduction(services.profile, id).status).toBe('stopped')
  })
})
