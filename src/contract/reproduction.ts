/** A reproduction of the original work on a study: the request, and the report with its rows. */

import { z } from 'zod'
import { ClassicalChoice } from './classical.ts'
import { Metrics, Protocol, VolumeScore } from './evaluation.ts'
import { Origin, withFormerOrigin } from './origin.ts'
import { EpochFigures } from './runs.ts'
import { TrainedOn } from './trained-on.ts'
import { TrainingSummary } from './training-summary.ts'
import { TunedVolume } from './tuning.ts'

/**
 * `full`: the original settings. `workstation`: the workstation recipes.
 * `demonstration`: the workstation recipes, reduced to 25 minutes on two cores.
 * The report lists every reduction from the original settings.
 */
export const SCALES = ['demonstration', 'workstation', 'full'] as const
export const Scale = z.enum(SCALES)
export type Scale = z.infer<typeof Scale>

/** The preset of the demonstration: a single seed of any value, and the channels of the network's top level. */
const DemoPreset = z.object({ seed: z.int().min(0), channels: z.int().min(1) })

/** A classical method with all settings, so that a stored request keeps its meaning if defaults change. */
export const ClassicalRow = ClassicalChoice.extend({
  /** The source that was asked for, such as `cg-sense`. Numbers of named settings differ between profiles. */
  source: z.string(),
  /** Name of the named settings. `null`: the defaults when the reproduction was requested. */
  name: z.string().nullable(),
  /**
   * The study and the volumes on which named settings were tuned. `null`: a person chose them, or defaults.
   * A report lists no volumes, because these name patients.
   */
  tuned: z.object({ study: z.string(), volumes: z.array(TunedVolume) }).nullable(),
})
export type ClassicalRow = z.infer<typeof ClassicalRow>

export const ReproductionRequest = z.object({
  study: z.int(),
  scale: Scale.default('demonstration'),
  /** Seeds 0 to n − 1. */
  seeds: z.int().min(1).max(20).default(1),
  /** Ids of the catalogue. Absent: all methods. */
  methods: z.array(z.string()).min(1).optional(),
  /** Each patient is the test patient once, and another patient chooses the checkpoint. False: the study's roles. */
  leaveOneOut: z.boolean().default(false),
  /** Only baselines, fine-tunings and their controls: no milestones, no control of equal time, no few labels. */
  headline: z.boolean().default(false),
  /** Classical methods, each with a row. Absent: none, and in requests of earlier versions. */
  classical: z.array(ClassicalRow).min(1).optional(),
  /**
   * Networks of complex images or of k-space, each with a block of rows: a baseline, a U-Net of equal time, and the
   * methods that can pre-train the network. Absent: none, and in requests of earlier versions.
   */
  networks: z.array(z.string()).min(1).optional(),
  /**
   * The demonstration trains the recipes as they ship: no milestones are kept, and no score is a mean over many masks.
   * Absent in every other request, so that stored requests stay equal to what they were.
   */
  demo: DemoPreset.optional(),
})
export type ReproductionRequest = z.infer<typeof ReproductionRequest>

/** A request as a user makes it: classical methods are named, such as `cg-sense`. */
export const AskedReproduction = ReproductionRequest.extend({ classical: z.array(z.string()).min(1).optional() })
export type AskedReproduction = z.infer<typeof AskedReproduction>

/**
 * `classical`: a classical method. It needs no training.
 * `control`: the fine-tuning of a method from the same seed, but without pre-training.
 * `control of equal time`: a control with more epochs, so that it takes the time of pre-training and fine-tuning.
 * `milestone`: fine-tuned from an earlier epoch of the pre-training.
 * `few labels`: fine-tuned with the ground truth of only the first patients. `few labels control`: its control.
 * `baseline at`: the baseline's weights after 10, 20 and 30 epochs.
 * `U-Net of equal time`: the U-Net's baseline, with as many epochs as fit into the time of another network's baseline.
 */
export const ROW_KINDS = [
  'zero-filled',
  'classical',
  'baseline',
  'baseline at',
  'fine-tuned',
  'control',
  'control of equal time',
  'milestone',
  'few labels',
  'few labels control',
  'U-Net of equal time',
] as const
export const RowKind = z.enum(ROW_KINDS)
export type RowKind = z.infer<typeof RowKind>

/** A training in a row of the report. */
export const RowTraining = TrainingSummary.extend({
  /** Settings on which the method's figures depend, by name: prototypes, negatives, crop … */
  settings: z.record(z.string(), z.union([z.number(), z.string()])),
  /** The last epoch's figures of the method on held-out patients: retrieval, accuracy, spread … */
  figures: z.record(z.string(), z.number()),
  curve: z.array(EpochFigures),
  /** The devices in order. Several if the training went on elsewhere. Absent in reports of versions before 0.4.0. */
  trainedOn: z.array(TrainedOn).optional(),
})
export type RowTraining = z.infer<typeof RowTraining>

export const PaceDoubt = z.enum(['other kinds', 'trainings beside'])
export type PaceDoubt = z.infer<typeof PaceDoubt>

export const ReproductionRow = z.object({
  /** Unique in the report: kind, method, network, epoch or patients, fold, seed. */
  key: z.string(),
  /**
   * SHA-256 of everything that the row's figures depend on: volumes, masks, trainings. Kernels are not part of it.
   * Reports of several machines are merged by the identity.
   */
  identity: z.string(),
  kind: RowKind,
  label: z.string(),
  /** Id and label in the catalogue. */
  method: z.string().nullable(),
  methodLabel: z.string().nullable(),
  network: z.string().nullable(),
  networkLabel: z.string().nullable(),
  channels: z.int().nullable(),
  seed: z.int(),
  /** Index into `folds`. */
  fold: z.int(),
  /** `milestone`: epoch of the pre-training. `baseline at`: epoch of the baseline. */
  epoch: z.int().nullable(),
  /** Only of a `classical` row. */
  classical: ClassicalRow.optional(),
  /** Only of a `U-Net of equal time`: the network whose baseline took this time. */
  equalTo: z.string().optional(),
  /** Number of training patients whose ground truth was used. `null`: the row needs no training. */
  patients: z.int().nullable(),
  pretraining: RowTraining.nullable(),
  training: RowTraining.nullable(),
  /** Seconds of the steps of pre-training and training. 0 if the row needs no training. */
  totalSeconds: z.number(),
  /** The devices of the row's trainings in words, with machines and threads. Absent: the report's device. */
  device: z.string().optional(),
  /**
   * Total seconds of the baseline that was trained on the same kind of device as this row.
   * Absent: the baseline's row holds them, or the baseline was trained on another kind.
   */
  baselineSeconds: z.number().optional(),
  /**
   * Of a control of equal time: why it may have too many or too few epochs. The times from which its epochs follow are
   * of different kinds of device, or other trainings ran on the machine meanwhile. Absent: no doubt, or unknown.
   */
  paceDoubts: z.array(PaceDoubt).optional(),
  /** fastMRI's present protocol, the main result: per volume, masks by file name, mean over volumes. */
  metrics: Metrics.extend({ foreground: Metrics }),
  /**
   * fastMRI's aggregation before March 2021: NMSE and PSNR of each slice, then their mean. PSNR uses each slice's
   * maximum. The baseline's row in the original work fits this aggregation.
   */
  sliceWise: Metrics.omit({ ssim: true }),
  /** Mean and standard deviation over masks with the seeds 0 to `draws` − 1. */
  manyMasks: z.object({ draws: z.int(), mean: Metrics, sd: Metrics }).nullable(),
  /** Metrics against the noise-free image. `null` unless the study is synthetic. */
  noiseFree: Metrics.nullable(),
  volumes: z.array(VolumeScore),
  /**
   * The first validation whose SSIM reaches the best SSIM of the baseline with the same network, fold and seed.
   * `seconds`: seconds of steps until this validation, pre-training included.
   */
  toBaseline: z.object({ seconds: z.number(), epoch: z.int() }).nullable(),
  /** SSIM of the pre-trained network's output before any fine-tuning, in arbitrary units, not rescaled. */
  pretrainedSsim: z.number().nullable(),
})
export type ReproductionRow = z.infer<typeof ReproductionRow>

/** SSIM of a method minus SSIM of `against`, on test patients. Bootstrap over patients, then seeds. */
export const Gain = z.object({
  method: z.string(),
  label: z.string(),
  network: z.string(),
  /** `control`: at equal epochs. */
  against: z.enum(['control', 'control of equal time', 'baseline']),
  mean: z.number(),
  /** Standard deviation over all pairs (n − 1). `null` for one pair. */
  sd: z.number().nullable(),
  /** 95 % interval. `null` with fewer than two patients and fewer than three seeds. */
  interval: z.tuple([z.number(), z.number()]).nullable(),
  pairs: z.int(),
  /** `gain` and `loss` only if the interval excludes zero. */
  verdict: z.enum(['gain', 'loss', 'no difference shown', 'too few to say']),
  /** Total time divided by the baseline's total time. */
  timeShare: z.number().nullable(),
})
export type Gain = z.infer<typeof Gain>

const Difference = Gain.pick({ mean: true, sd: true, interval: true, verdict: true })
export type Difference = z.infer<typeof Difference>

/** Whole-image and foreground values. Of NMSE, a lower value is a gain. */
export const MEASURES = ['ssim', 'foregroundSsim', 'nmse', 'foregroundNmse'] as const
export type Measure = (typeof MEASURES)[number]

/** What a network's row has more than the row that it is compared with, by each measure. Bootstrap as of a gain. */
export const NetworkGain = z.object({
  network: z.string(),
  /** 'E2E-VarNet-8' */
  label: z.string(),
  /** The pre-training before the row's fine-tuning. `null`: the baseline from scratch. */
  method: z.string().nullable(),
  methodLabel: z.string().nullable(),
  /** Number of training patients whose ground truth was used, if the row has few labels. `null`: all. */
  patients: z.int().nullable(),
  against: z.enum(['U-Net of equal time', 'classical', 'control', 'baseline']),
  /** Label of the classical row. Absent: see `against`. */
  classical: z.string().optional(),
  pairs: z.int(),
  measures: z.record(z.enum(MEASURES), Difference),
})
export type NetworkGain = z.infer<typeof NetworkGain>

/** A network with a block of rows. */
export const ReportNetwork = z.object({
  network: z.string(),
  /** 'E2E-VarNet-8' */
  label: z.string(),
  /** In words: 'measured k-space'. */
  takes: z.string(),
  /** Why methods cannot pre-train the network, one text for each reason. */
  refusals: z.array(z.string()),
})
export type ReportNetwork = z.infer<typeof ReportNetwork>

export const ReproductionReport = withFormerOrigin(
  z.object({
    request: ReproductionRequest,
    study: z.string(),
    origin: Origin,
    remarks: z.array(z.string()),
    device: z.string(),
    createdAt: z.string(),
    /** The version of Self-MRI that wrote the report. Absent: 0.2 or earlier. */
    version: z.string().optional(),
    /** False if rows are missing. */
    complete: z.boolean(),
    folds: z.array(
      z.object({
        /** Names the test patient. */
        name: z.string(),
        train: z.array(z.string()),
        val: z.array(z.string()),
        test: z.array(z.string()),
      }),
    ),
    protocol: Protocol,
    /** All reductions from the original settings, in words. */
    reductions: z.array(z.string()),
    rows: z.array(ReproductionRow),
    gains: z.array(Gain),
    /** Absent without `request.networks`. */
    networks: z.array(ReportNetwork).optional(),
    networkGains: z.array(NetworkGain).optional(),
    failures: z.array(z.object({ key: z.string(), reason: z.string() })),
  }),
)
export type ReproductionReport = z.infer<typeof ReproductionReport>

/** A training, a classical row, or a scoring that goes on, or that is the next. */
export const ReproductionPart = z.object({
  label: z.string(),
  /** The run of a training. `null`: not a training, or the training has not begun. */
  run: z.string().nullable(),
  /** Computed share, 0 to 1. `null`: unknown. */
  share: z.number().nullable(),
  /** Whether the part has not begun, because it waits for a place. */
  waits: z.boolean(),
})
export type ReproductionPart = z.infer<typeof ReproductionPart>

/** A reproduction in the list of reproductions. */
export const Reproduction = z.object({
  id: z.int(),
  request: ReproductionRequest,
  study: z.string(),
  status: z.enum(['running', 'finished', 'stopped', 'failed']),
  reason: z.string().nullable(),
  createdAt: z.string(),
  /** Number of trainings and classical rows, done and planned. */
  done: z.int(),
  planned: z.int(),
  /** The trainings and classical rows that go on, or the next one. Empty unless the reproduction is running. */
  current: z.array(ReproductionPart),
  /** Estimated from what has finished. `null` before the first training has finished. */
  secondsLeft: z.number().nullable(),
})
export type Reproduction = z.infer<typeof Reproduction>
