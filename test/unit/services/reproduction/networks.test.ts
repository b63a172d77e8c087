/** The block of rows of a network in a plan, and the network's gains from rows with known answers. */
import { afterEach, describe, expect, it, vi } from 'vitest'
import { ReproductionRequest, type ReproductionRow } from '../../../../src/contract/reproduction.ts'
import { blockNetworks } from '../../../../src/services/reproduction/blocks.ts'
import { identityOf } from '../../../../src/services/reproduction/known.ts'
import { networkGainsOf } from '../../../../src/services/reproduction/network-gains.ts'
import { makePlan, type Plan } from '../../../../src/services/reproduction/plan.ts'
import { commandOf } from '../../../../src/services/reproduction/save.ts'
import { baselineAt, networkAt } from '../../../../src/services/reproduction/scales.ts'
import { METHODS, NETWORKS } from '../../../../src/services/runs/catalogue.ts'
import { CLASSICAL_ROWS } from '../../../reproductions.ts'
import { studyOf } from '../../../studies.ts'
import { noiseVolume } from '../../../volumes.ts'

/** Five patients with two volumes each. */
const STUDY = studyOf(
  (['train', 'train', 'train', 'val', 'test'] as const).flatMap((role, patient) =>
    [0, 1].map(contrast => {
      const { info } = noiseVolume(`p${patient}_${contrast}`, { slices: 2, rows: 4, columns: 4 })
      const sizes = { coils: 8, rows: 128, columns: 126, slices: 4, targetShape: [128, 126] as [number, number] }
      return { ...info, ...sizes, patient: `p${patient}`, id: 2 * patient + contrast, role }
    }),
  ),
)

const request = (changes: object = {}) =>
  ReproductionRequest.parse({ study: 1, methods: ['simclr', 'subsample-again', 'rotnet'], ...changes })

const withNetworks = (changes: object = {}) => request({ networks: ['complex-unet', 'varnet'], ...changes })

const ofBlock = ({ rows }: Plan, network: string) => rows.filter(({ block }) => block === network)
const trainingOf = ({ trainings }: Plan, key: string | null) => trainings.find(each => each.key === key)!

afterEach(() => {
  vi.restoreAllMocks()
})

describe('a plan with networks', () => {
  const plan = makePlan(withNetworks(), STUDY)

  it.each([{}, { scale: 'workstation', seeds: 2, leaveOneOut: true }, { scale: 'full', headline: true }])(
    'has the rows, trainings, identities and order of the plan without networks: %j',
    changes => {
      const [without, also] = [makePlan(request(changes), STUDY), makePlan(withNetworks(changes), STUDY)]
      const keys = new Set(without.trainings.map(({ key }) => key))
      expect(also.trainings.filter(({ key }) => keys.has(key))).toEqual(without.trainings)
      const rows = new Set(without.rows.map(({ key }) => key))
      expect(also.rows.filter(({ key }) => rows.has(key))).toEqual(without.rows)
      for (const row of without.rows) expect(identityOf(also, row)).toBe(identityOf(without, row))
      expect(also.rows.length).toBeGreaterThan(without.rows.length)
      expect(new Set(also.rows.map(({ key }) => key)).size).toBe(also.rows.length)
      expect(new Set(also.trainings.map(({ key }) => key)).size).toBe(also.trainings.length)
    },
  )

  it('has a baseline, a U-Net of equal time, and each method with its control, for each network', () => {
    for (const network of ['complex-unet', 'varnet']) {
      const rows = ofBlock(plan, network).filter(({ kind }) => !kind.startsWith('few labels'))
      expect(rows.map(({ kind, method }) => [kind, method])).toEqual([
        ['baseline', null],
        ['fine-tuned', 'simclr'],
        ['fine-tuned', 'subsample-again'],
        ['fine-tuned', 'rotnet'],
        ['control', null],
        ['U-Net of equal time', null],
      ])
      for (const { kind, training } of rows)
        expect(trainingOf(plan, training).config.network).toBe(kind === 'U-Net of equal time' ? 'unet' : network)
    }
  })

  it('trains a network by its own recipe, and fine-tunes by half of it, and pre-trains by the method’s recipe', () => {
    const at = makePlan(withNetworks({ scale: 'workstation' }), STUDY)
    const [{ training }] = ofBlock(at, 'varnet').filter(({ kind }) => kind === 'baseline')
    const { config, training: recipe } = NETWORKS.varnet.recipes.workstation
    expect(trainingOf(at, training).config).toMatchObject({ networkConfig: config, recipe, kind: 'train' })
    const [tuned] = ofBlock(at, 'varnet').filter(({ kind }) => kind === 'fine-tuned')
    const { config: tuning, parent } = trainingOf(at, tuned.training)
    expect(tuning.recipe).toMatchObject({ epochs: recipe.epochs / 2, optimizer: recipe.optimizer })
    const pretraining = trainingOf(at, parent!.key).config
    expect(pretraining).toMatchObject({ kind: 'pretrain', network: 'varnet', networkConfig: config })
    const own = at.trainings.find(({ key }) => key.startsWith('pre-training · simclr · '))!.config
    expect(pretraining).toMatchObject({ methodConfig: own.methodConfig, pretext: own.pretext, recipe: own.recipe })
    const rotnet = at.trainings.find(({ key }) => key.startsWith('pre-training · rotnet on varnet'))!
    expect(rotnet.config.methodConfig).toMatchObject(METHODS.rotnet.onComplex.workstation.methodConfig!)
    expect(trainingOf(at, at.rows.find(({ key }) => key === tuned.against!.control)!.training).config).toMatchObject({
      network: 'varnet',
      recipe: { ...tuning.recipe, freshOutput: false },
    })
  })

  it('is the network’s recipe with 60 % of the epochs at demonstration scale, and says so', () => {
    const { epochs } = NETWORKS.varnet.recipes.workstation.training
    expect(networkAt('demonstration', 'varnet').scratch.epochs).toBe(0.6 * epochs)
    const said = plan.reductions.find(words => words.startsWith('E2E-VarNet: '))
    expect(said).toContain(`epochs ${0.6 * epochs} in place of ${NETWORKS.varnet.recipes.original.training.epochs}`)
  })

  it('gives the U-Net the baseline’s recipe and as many epochs as fit into the network’s time, also fewer', () => {
    const [row] = ofBlock(plan, 'varnet').filter(({ kind }) => kind === 'U-Net of equal time')
    const planned = trainingOf(plan, row.training)
    expect(planned.config.recipe).toEqual({ ...baselineAt('demonstration'), milestones: [] })
    const { asLongAs } = planned
    expect(asLongAs).toEqual({
      trainings: ['baseline · E2E-VarNet-8 · fold 0 · seed 0'],
      pace: 'baseline · U-Net-16 · fold 0 · seed 0',
      mayBeShorter: true,
    })
  })

  it('has few labels of 1 and 2 patients for the simplest pretext and the first other, with a shared control', () => {
    const few = ofBlock(plan, 'varnet').filter(({ kind }) => kind.startsWith('few labels'))
    expect(few.map(({ kind, method, patients }) => [kind, method, patients])).toEqual([
      ['few labels', 'subsample-again', 1],
      ['few labels', 'subsample-again', 2],
      ['few labels', 'simclr', 1],
      ['few labels', 'simclr', 2],
      ['few labels control', null, 1],
      ['few labels control', null, 2],
    ])
    for (const { training, patients } of few) expect(trainingOf(plan, training).patients).toBe(patients)
    expect(ofBlock(makePlan(withNetworks({ headline: true }), STUDY), 'varnet').map(({ kind }) => kind)).not.toContain(
      'few labels',
    )
  })

  it('says why a method cannot pre-train a network, and has no row of it', () => {
    vi.spyOn(NETWORKS.varnet, 'trunk').mockReturnValue(null)
    const without = makePlan(withNetworks({ methods: ['simclr', 'rotnet'] }), STUDY)
    const [complex, { refusals, takes }] = without.networks
    expect([complex.refusals, takes]).toEqual([[], 'measured k-space'])
    expect(refusals).toEqual([
      expect.stringMatching(/^SimCLR, RotNet do not pre-train E2E-VarNet-8\. Expected a network with a U-Net inside/),
    ])
    expect(ofBlock(without, 'varnet').map(({ kind }) => kind)).toEqual(['baseline', 'U-Net of equal time'])
  })

  it('refuses networks of magnitude images and unknown networks', () => {
    expect(blockNetworks()).toEqual(expect.arrayContaining(['complex-unet', 'varnet']))
    for (const id of ['unet', 'unet-plus-plus', 'nonsense'])
      expect(() => makePlan(request({ networks: [id] }), STUDY)).toThrow(`got "${id}"`)
  })

  it('is in the command that makes the report again', () => {
    expect(commandOf(withNetworks(), 'A study')).toContain('--networks complex-unet,varnet')
    expect(commandOf(request(), 'A study')).not.toContain('--networks')
  })
})

describe('the gains of a network', () => {
  const [classical] = CLASSICAL_ROWS
  const plan = makePlan(
    request({
      methods: ['subsample-again'],
      networks: ['varnet'],
      classical: [classical],
      seeds: 2,
      leaveOneOut: true,
    }),
    STUDY,
  )

  /** Values of each row's kind. Volumes of a patient differ by 0.02, patients by 0.1, seeds by 0.01. */
  const LEVEL: Partial<Record<ReproductionRow['kind'], number>> = {
    baseline: 0.8,
    'U-Net of equal time': 0.75,
    classical: 0.9,
    'fine-tuned': 0.83,
    control: 0.79,
    'few labels': 0.7,
    'few labels control': 0.7,
  }
  const rows = plan.rows.map(({ key, kind, fold, seed, patients, block }) => {
    const few = kind === 'few labels' ? (seed === 0 ? 0.01 : -0.01) : 0
    const volumes = [-0.01, 0.01].map((by, contrast) => {
      const ssim = LEVEL[kind]! + 0.1 * fold + (kind === 'classical' ? 0 : 0.01 * seed) + by + few
      const metrics = { ssim, psnr: 30, nmse: 1 - ssim }
      return {
        file: `p${fold}_${contrast}.h5`,
        ...metrics,
        foreground: { ...metrics, ssim: 2 * ssim, nmse: -3 * ssim },
      }
    })
    return { key, kind, fold, seed, patients, block, volumes } as unknown as ReproductionRow
  })
  const gains = networkGainsOf(plan, rows)
  const gainOf = (against: string, patients: number | null = null) =>
    gains.find(gain => gain.against === against && gain.patients === patients)!

  it('are means over patients, of equal seeds, by each measure', () => {
    const { measures, pairs, method, label } = gainOf('U-Net of equal time')
    expect([pairs, method, label]).toEqual([10, null, 'E2E-VarNet-8'])
    expect(measures.ssim.mean).toBeCloseTo(0.05, 10)
    expect(measures.foregroundSsim.mean).toBeCloseTo(0.1, 10)
    expect(measures.nmse.mean).toBeCloseTo(-0.05, 10)
    expect(measures.foregroundNmse.mean).toBeCloseTo(-0.15, 10)
    expect(measures.ssim.sd).toBeCloseTo(0, 10)
    for (const end of measures.ssim.interval!) expect(end).toBeCloseTo(0.05, 10)
  })

  it('call a lower NMSE a gain', () => {
    for (const { verdict } of Object.values(gainOf('U-Net of equal time').measures)) expect(verdict).toBe('gain')
    for (const { verdict } of Object.values(gainOf('classical').measures)) expect(verdict).toBe('loss')
  })

  it('compare all seeds with the one classical row of a fold', () => {
    const { classical: label, measures, pairs } = gainOf('classical')
    expect([label, pairs]).toEqual(['CG-SENSE', 10])
    expect(measures.ssim.mean).toBeCloseTo(0.8 + 0.005 - 0.9, 10)
  })

  it('compare a fine-tuning with the control and with the baseline of its network', () => {
    expect(gainOf('control')).toMatchObject({ method: 'subsample-again', methodLabel: 'Sub-sample again', pairs: 10 })
    expect(gainOf('control').measures.ssim.mean).toBeCloseTo(0.04, 10)
    expect(gainOf('baseline').measures.ssim.mean).toBeCloseTo(0.03, 10)
  })

  it('of few labels are beside the control on as many patients', () => {
    const { measures, pairs } = gainOf('control', 1)
    expect(pairs).toBe(10)
    expect(measures.ssim.mean).toBeCloseTo(0, 10)
    expect(measures.ssim.verdict).toBe('no difference shown')
  })

  it('are there for the finished rows only', () => {
    const some = rows.filter(({ fold, kind }) => fold === 0 || kind !== 'U-Net of equal time')
    const [gain] = networkGainsOf(plan, some)
    expect(gain).toMatchObject({ against: 'U-Net of equal time', pairs: 2 })
    expect(gain.measures.ssim).toMatchObject({ interval: null, verdict: 'too few to say' })
    expect(networkGainsOf(plan, [])).toEqual([])
  })
})
