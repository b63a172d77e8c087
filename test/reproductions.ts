/** Reports of reproductions for tests: with any number of seeds and folds, and one with every kind of trouble. */

import type { Metrics, Protocol } from '../src/contract/evaluation.ts'
import type { Origin } from '../src/contract/origin.ts'
import {
  type ClassicalRow,
  type Difference,
  type Gain,
  type NetworkGain,
  ReproductionReport,
  type ReproductionRow,
  type RowTraining,
} from '../src/contract/reproduction.ts'
import { classicalLabel } from '../src/services/reproduction/classical.ts'

export const PROTOCOL: Protocol = {
  mask: { kind: 'random', acceleration: 4, centerFraction: 0.08 },
  maskSeed: 'file name',
  maskDraws: 1,
  crop: 'ground truth size, centred',
  dataRange: 'volume maximum of the ground truth',
  ssim: '7 × 7 uniform window, K1 0.01, K2 0.03, per slice, mean over slices',
  reference: 'reconstruction_esc or reconstruction_rss',
  foreground: { threshold: 0.1, of: 'volume maximum, ground truth averaged over 7 × 7' },
  slices: { kind: 'all' },
}

export interface Method {
  readonly id: string
  readonly label: string
  readonly network: string
  readonly chance: number | null
  /** Final loss as a share of the chance level. Above 1, the pretext has collapsed. */
  readonly ends: number
  readonly effect: number
}

export const METHODS: readonly Method[] = [
  { id: 'simclr', label: 'SimCLR', network: 'unet', chance: Math.log(23), ends: 0.35, effect: 0.001 },
  { id: 'pirl', label: 'PIRL', network: 'unet', chance: 4.466, ends: 0.55, effect: -0.002 },
  { id: 'rotnet', label: 'RotNet', network: 'unet', chance: Math.log(4), ends: 0.2, effect: 0 },
  { id: 'subsample-again', label: 'Sub-sample again', network: 'unet', chance: null, ends: 0.1, effect: 0.007 },
  { id: 'swav', label: 'SwAV', network: 'unetpp', chance: Math.log(300), ends: 1.01, effect: -0.03 },
]
export const NETWORKS: Record<string, string> = { unet: 'U-Net', unetpp: 'U-Net++', varnet: 'E2E-VarNet' }

/** A number between −1 and 1 that depends on the arguments only. */
export const noise = (...at: readonly number[]): number => {
  const value = Math.sin(at.reduce((sum, one, index) => sum + one * (12.9898 + 65.233 * index), 1)) * 43758.5453
  return 2 * (value - Math.floor(value)) - 1
}

export const metricsOf = (ssim: number): Metrics => ({ ssim, psnr: 10 + 24 * ssim, nmse: 0.12 - 0.12 * ssim })

function training(run: string, epochs: number, seconds: number, more: Partial<RowTraining> = {}): RowTraining {
  return {
    run,
    epochs,
    steps: epochs * 12,
    batch: 1,
    seconds: { steps: seconds, validation: 3, preparation: 1 },
    loss: 0.2,
    chanceLoss: null,
    validationLoss: 0.21,
    bestEpoch: epochs,
    kernels: [{ name: 'TensorFlow', epoch: 1, step: 0 }],
    checkpoint: { path: `runs/${run}.safetensors`, sha256: 'ab'.repeat(32) },
    settings: {},
    figures: {},
    curve: [],
    ...more,
  }
}

const supervised = (run: string, epochs: number, secondsPerEpoch: number, ssim: number, head: number, seed: number) =>
  training(run, epochs, epochs * secondsPerEpoch, {
    curve: Array.from({ length: epochs }, (_, index) => ({
      epoch: index + 1,
      loss: 0.2 + 0.3 / (index + 1),
      learningRate: 1e-3,
      seconds: secondsPerEpoch,
      validationLoss: 0.3,
      validation: metricsOf(ssim - (0.4 - head) * Math.exp(-(index + 1) / 2.5) + 0.002 * noise(seed, index, epochs)),
      extra: {},
    })),
  })

function pretraining(method: Method, seed: number, fold: number): RowTraining {
  const epochs = 20
  const start = method.chance ?? 0.8
  const at = (epoch: number) =>
    start * (method.ends + (1 - method.ends) * Math.exp(-epoch / 6)) * (1 + 0.03 * noise(seed, fold, epoch))
  return training(`pt-${method.id}-${fold}-${seed}`, epochs, 80 + 9 * noise(seed, fold), {
    loss: at(epochs),
    chanceLoss: method.chance,
    settings: { temperature: 0.1, crop: 96, attach: 'output image' },
    figures:
      method.ends > 1 ? { spread: 0.031, prototypes: 3.4, prototypesOf: 300 } : { retrieval: 0.62, spread: 0.91 },
    curve: Array.from({ length: epochs }, (_, index) => ({
      epoch: index + 1,
      loss: at(index + 1),
      learningRate: 1e-3,
      seconds: 3,
      validationLoss: method.id === 'pirl' ? null : 1.08 * at(index + 1),
      validation: null,
      extra: {},
    })),
  })
}

/** Two classical methods: one with default settings, one with tuned settings. */
export const CLASSICAL_ROWS: readonly ClassicalRow[] = [
  {
    classical: 'cg-sense',
    config: { iterations: 30, lambda: 0.01, maps: 'automatic', virtualCoils: 0 },
    source: 'cg-sense',
    name: null,
    tuned: null,
  },
  {
    classical: 'l1-wavelet',
    config: { iterations: 60, lambda: 0.0123, wavelet: 'db4', levels: 4, maps: 'espirit', virtualCoils: 8 },
    source: 'l1-wavelet:3',
    name: 'Knee <4×>',
    tuned: { study: 'Knees', volumes: [{ file: 'v.h5', patient: 'p', scan: 's' }] },
  },
]

interface Options {
  readonly seeds?: number
  readonly folds?: number
  readonly methods?: readonly Method[]
  readonly headline?: boolean
  readonly origin?: Origin
  readonly classical?: readonly ClassicalRow[]
  /** A VarNet has a block of rows, with gains and losses. */
  readonly networks?: boolean
}

/** NMSE falls by as much as SSIM rises. */
function networkGain(
  against: NetworkGain['against'],
  rise: number,
  verdict: Difference['verdict'],
  more: Partial<NetworkGain> = {},
): NetworkGain {
  const of = (mean: number): Difference => ({ mean, sd: 0.003, interval: [mean - 0.003, mean + 0.003], verdict })
  return {
    network: 'varnet',
    label: 'E2E-VarNet-8',
    method: null,
    methodLabel: null,
    patients: null,
    against,
    pairs: 4,
    measures: { ssim: of(rise), foregroundSsim: of(1.5 * rise), nmse: of(-rise), foregroundNmse: of(-1.5 * rise) },
    ...more,
  }
}

export function reproductionOf({
  seeds = 1,
  folds = 1,
  methods = METHODS,
  headline = false,
  origin = 'measured',
  classical = [],
  networks = false,
}: Options = {}): ReproductionReport {
  const foldAt = (index: number) => ({
    name: `patient ${index + 1} & <b>`,
    train: ['b.h5', 'c.h5'],
    val: ['d.h5'],
    test: [`a${index}.h5`],
  })
  const gain = (method: Method, against: Gain['against'], mean: number): Gain => {
    const pairs = seeds * folds
    const interval: Gain['interval'] = pairs > 3 ? [mean - 0.0025, mean + 0.0027] : null
    const verdict = !interval
      ? 'too few to say'
      : interval[0] > 0
        ? 'gain'
        : interval[1] < 0
          ? 'loss'
          : 'no difference shown'
    return {
      method: method.id,
      label: method.label,
      network: method.network,
      against,
      mean,
      sd: pairs > 1 ? 0.0041 : null,
      interval,
      pairs,
      verdict,
      timeShare: 0.42,
    }
  }
  const rows: ReproductionRow[] = []
  for (let fold = 0; fold < folds; fold++)
    for (let seed = 0; seed < seeds; seed++) {
      const patient = 0.73 + 0.03 * noise(fold)
      const push = (row: Partial<ReproductionRow> & Pick<ReproductionRow, 'kind' | 'label'>, ssim: number) => {
        const metrics = metricsOf(ssim + 0.003 * noise(seed, fold, rows.length))
        rows.push({
          key: `${row.kind} ${row.label} ${row.epoch ?? row.patients ?? ''} fold ${fold} seed ${seed}`,
          identity: 'an identity',
          method: null,
          methodLabel: null,
          network: null,
          networkLabel: row.network ? NETWORKS[row.network] : null,
          channels: row.network ? 16 : null,
          seed,
          fold,
          epoch: null,
          patients: 3,
          pretraining: null,
          training: null,
          totalSeconds: (row.pretraining?.seconds.steps ?? 0) + (row.training?.seconds.steps ?? 0),
          metrics: { ...metrics, foreground: metricsOf(ssim + 0.1) },
          sliceWise: { psnr: metrics.psnr - 4.2, nmse: metrics.nmse + 0.01 },
          manyMasks: { draws: 20, mean: metricsOf(ssim - 0.004), sd: { ssim: 0.014, psnr: 0.41, nmse: 0.0052 } },
          noiseFree: origin === 'synthetic' ? metricsOf(ssim + 0.15) : null,
          volumes: [
            {
              ...metrics,
              file: `a${fold}.h5`,
              path: `/data/a${fold}.h5`,
              slices: 4,
              acquisition: 'FLAIR',
              origin,
              sampling: 'masked here',
              acceleration: 3.7,
              foreground: metrics,
            },
          ],
          toBaseline: null,
          pretrainedSsim: null,
          ...row,
        })
      }
      const id = (name: string) => `${name}-${fold}-${seed}`
      const pushBlock = () => {
        const varnet = { network: 'varnet', channels: 8 }
        const own = { ...varnet, method: 'rotnet', methodLabel: 'RotNet' }
        const pt = pretraining(METHODS[2], seed, fold)
        const trained = (name: string, epochs: number) => supervised(id(name), epochs, 20, patient + 0.05, 0.1, seed)
        const tuned = { ...own, kind: 'fine-tuned', label: 'RotNet + fine-tuning', pretraining: pt } as const
        push(
          { ...varnet, kind: 'baseline', label: 'Baseline from scratch', training: trained('vn', 20) },
          patient + 0.05,
        )
        push({ ...tuned, training: trained('vn-ft', 10) }, patient + 0.051)
        push({ ...varnet, kind: 'control', label: 'Control', training: trained('vn-co', 10) }, patient + 0.049)
        push(
          {
            kind: 'U-Net of equal time',
            label: 'U-Net of equal time to E2E-VarNet-8',
            network: 'unet',
            equalTo: 'varnet',
            training: supervised(id('eq'), 80, 5, patient, 0, seed),
            paceDoubts: seed === 1 ? ['trainings beside'] : undefined,
          },
          patient,
        )
      }
      if (seed === 0) push({ kind: 'zero-filled', label: 'Zero-filled', patients: null }, patient - 0.12)
      if (seed === 0)
        for (const each of classical)
          push(
            { kind: 'classical', label: classicalLabel(each, classical), classical: each, patients: null },
            patient - 0.08,
          )
      for (const network of new Set(methods.map(method => method.network))) {
        const drop = network === 'unet' ? 0 : 0.004
        for (const method of methods.filter(one => one.network === network)) {
          const own = { method: method.id, methodLabel: method.label, network }
          const pt = pretraining(method, seed, fold)
          const ft = (name: string, ssim: number) => supervised(id(`${name}-${method.id}`), 10, 5, ssim, 0.15, seed)
          const ssim = patient - 0.003 + method.effect - drop
          const reached = method.effect > 0 && seed % 3 !== 2
          push(
            {
              ...own,
              kind: 'fine-tuned',
              label: `${method.label} + fine-tuning`,
              pretraining: pt,
              training: ft('ft', ssim),
              pretrainedSsim: 0.12,
              toBaseline: reached ? { seconds: 95, epoch: 7 } : null,
            },
            ssim,
          )
          push(
            {
              ...own,
              kind: 'control',
              label: 'Control: same fine-tuning, no pre-training',
              training: supervised(id(`co-${method.id}`), 10, 5, patient - 0.004 - drop, 0, seed),
            },
            patient - 0.004 - drop,
          )
          if (headline) continue
          push(
            {
              ...own,
              kind: 'control of equal time',
              label: 'Control of equal time',
              training: supervised(id(`et-${method.id}`), 22, 5, patient - drop, 0, seed),
            },
            patient - drop,
          )
          for (const epoch of [5, 10])
            push(
              {
                ...own,
                kind: 'milestone',
                label: `${method.label} after ${epoch} epochs`,
                epoch,
                pretraining: pt,
                training: ft(`ms${epoch}`, ssim),
                totalSeconds: 50 + 3 * epoch,
              },
              ssim - 0.01 / epoch,
            )
          for (const patients of [1, 2]) {
            push(
              {
                ...own,
                kind: 'few labels',
                label: `${method.label}, few labels`,
                patients,
                pretraining: pt,
                training: ft(`fl${patients}`, ssim),
              },
              ssim - 0.03 / patients,
            )
            push(
              {
                ...own,
                kind: 'few labels control',
                label: 'Control, few labels',
                patients,
                training: supervised(id(`fc${patients}-${method.id}`), 10, 5, ssim, 0, seed),
              },
              ssim - 0.04 / patients,
            )
          }
        }
        const scratch = { network, training: supervised(id(`ba-${network}`), 50, 5, patient - drop, 0, seed) }
        if (!headline)
          for (const epoch of [10, 20, 30])
            push(
              {
                ...scratch,
                kind: 'baseline at',
                label: `Baseline after ${epoch} epochs`,
                epoch,
                totalSeconds: 5 * epoch,
              },
              patient - drop - 0.05 / epoch,
            )
        push(
          { ...scratch, kind: 'baseline', label: 'Baseline from scratch', toBaseline: { seconds: 190, epoch: 38 } },
          patient - drop,
        )
      }
      if (networks) pushBlock()
    }
  return ReproductionReport.parse({
    request: {
      study: 1,
      seeds,
      leaveOneOut: folds > 1,
      headline,
      ...(classical.length > 0 && { classical: [...classical] }),
      ...(networks && { networks: ['varnet'] }),
    },
    study: origin === 'synthetic' ? 'Synthetic knee' : 'Brain <0.055 T>',
    origin,
    remarks: ['Made by A & B.'],
    device: 'TensorFlow 2.21, CPU',
    createdAt: '2026-07-01 12:00',
    complete: true,
    folds: Array.from({ length: folds }, (_, index) => foldAt(index)),
    protocol: PROTOCOL,
    reductions: ['U-Net-16 in place of U-Net-32.', '20 epochs of pre-training in place of 100.'],
    rows,
    gains: methods.flatMap(method => [
      gain(method, 'control', 0.001 + method.effect),
      gain(method, 'control of equal time', method.effect - 0.004),
      gain(method, 'baseline', method.effect - 0.003),
    ]),
    ...(networks && {
      networks: [{ network: 'varnet', label: 'E2E-VarNet-8', takes: 'measured k-space', refusals: ['PIRL does not.'] }],
      networkGains: [
        networkGain('U-Net of equal time', 0.05, 'gain'),
        ...classical.map(({ classical: name }) => networkGain('classical', -0.02, 'loss', { classical: name })),
        networkGain('control', 0.002, 'no difference shown', { method: 'rotnet', methodLabel: 'RotNet' }),
        networkGain('control', 0.004, 'gain', { method: 'rotnet', methodLabel: 'RotNet', patients: 1 }),
      ],
    }),
    failures: [],
  })
}

/** A row with changed metrics. */
const scored = (row: ReproductionRow, changes: Partial<Metrics>): ReproductionRow => ({
  ...row,
  metrics: { ...row.metrics, ...changes },
})

/** A row whose trainings have the kernels `names`, one after another, each for five epochs. */
export function trainedWith(row: ReproductionRow, ...names: readonly (string | null)[]): ReproductionRow {
  const kernels = names.map((name, i) => ({ name, epoch: 5 * i + 1, step: 60 * i }))
  const of = (training: RowTraining | null) => training && { ...training, kernels }
  return { ...row, pretraining: of(row.pretraining), training: of(row.training) }
}

/** Three seeds. The rows of RotNet are of an older version, and one of its fine-tunings went on with TensorFlow. */
export function reproductionOfTwoVersions(): ReproductionReport {
  const report = reproductionOf({ seeds: 3 })
  const rows = report.rows.map(row => {
    if (row.method !== 'rotnet') return row
    return row.kind === 'fine-tuned' && row.seed === 2
      ? { ...trainedWith(row, null), training: trainedWith(row, null, 'TensorFlow').training }
      : trainedWith(row, null)
  })
  return { ...report, rows }
}

/**
 * Three seeds, with each of two patients left out in turn. The report has missing rows, identical images (infinite
 * PSNR), NaN, a failure, a reconstruction term, and rows of two other devices. Only one of these devices has a time of
 * the baseline.
 */
export function troubledReproduction(): ReproductionReport {
  const report = reproductionOf({ seeds: 3, folds: 2, origin: 'synthetic' })
  const rows = report.rows.flatMap((row): ReproductionRow[] => {
    const { kind, method, seed, fold } = row
    if (method === 'swav' && seed === 2) return []
    if (kind === 'baseline at' && row.epoch === 20 && fold === 1) return []
    if (method === 'pirl' && kind === 'fine-tuned')
      return [{ ...row, device: 'another GPU', baselineSeconds: 3 * 250, totalSeconds: 3 * row.totalSeconds }]
    if (method === 'pirl') return [{ ...row, device: 'a third device' }]
    if (method === 'rotnet' && kind === 'fine-tuned' && seed === 0)
      return [scored(row, { psnr: Number.POSITIVE_INFINITY, nmse: 0 })]
    if (method === 'rotnet' && kind === 'control') return [scored(row, { ssim: Number.NaN })]
    if (method === 'simclr' && row.pretraining)
      return [
        { ...row, pretraining: { ...row.pretraining, settings: { ...row.pretraining.settings, reconstruction: 1 } } },
      ]
    return [row]
  })
  const gains = report.gains.map((gain, i) => (i === 0 ? { ...gain, interval: null, sd: null, timeShare: null } : gain))
  const failures = [{ key: 'fine-tuned swav fold 0 seed 2', reason: 'Memory ran out <at> step 12.' }]
  return { ...report, rows, gains, failures, complete: false }
}
