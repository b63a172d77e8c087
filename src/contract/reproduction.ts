/** The original work reproduced on a study: what is asked for, and what came out, row by row. */
import { z } from 'zod'
import { Metrics, Protocol, VolumeScore } from './evaluation.ts'
import { EpochFigures } from './runs.ts'
import { TrainingSummary } from './training-summary.ts'

/** `full`: the original settings. `workstation`: the workstation recipes. `demonstration`: those within 25 minutes on two cores. What is smaller than in the original work is listed. */
export const SCALES = ['demonstration', 'workstation', 'full'] as const
export const Scale = z.enum(SCALES)
export type Scale = z.infer<typeof Scale>

/** The preset of the demonstration: one seed, not always 0, and the channels of the network's top level. */
const DemoPreset = z.object({ seed: z.int().min(0), channels: z.int().min(1) })

export const ReproductionRequest = z.object({
  study: z.int(),
  scale: Scale.default('demonstration'),
  /** Seeds 0 to n − 1. */
  seeds: z.int().min(1).max(20).default(1),
  /** Of the catalogue's; all where not given. */
  methods: z.array(z.string()).min(1).optional(),
  /** Every patient is the test patient once, and another one chooses the checkpoint; else the study's own roles. */
  leaveOneOut: z.boolean().default(false),
  /** Only baselines, fine-tunings and their controls: no milestones, no control of equal time, no few labels. */
  headline: z.boolean().default(false),
  /**
   * The demonstration trains the recipes as they ship: no milestones are kept, and no score is a mean over many masks.
   * Absent in every other request, so that stored requests stay equal to what they were.
   */
  demo: DemoPreset.optional(),
})
export type ReproductionRequest = z.infer<typeof ReproductionRequest>

/**
 * `control`: the same fine-tuning from the same seed without pre-training. `control of equal time`: that for as many epochs as pre-training
 * and fine-tuning took time. `milestone`: fine-tuned from an earlier epoch of the pre-training. `few labels`: fine-tuned on the first
 * patients' ground truth only, and `few labels control` the same without pre-training. `baseline at`: the baseline's weights after 10, 20, 30 epochs.
 */
export const ROW_KINDS = [
  'zero-filled',
  'baseline',
  'baseline at',
  'fine-tuned',
  'control',
  'control of equal time',
  'milestone',
  'few labels',
  'few labels control',
] as const
export const RowKind = z.enum(ROW_KINDS)
export type RowKind = z.infer<typeof RowKind>

/** A training as a row shows it. */
export const RowTraining = TrainingSummary.extend({
  /** What the method's figures depend on: prototypes, negatives, crop …, by name. */
  settings: z.record(z.string(), z.union([z.number(), z.string()])),
  /** The last epoch's figures of the method on held-out patients: retrieval, accuracy, spread … */
  figures: z.record(z.string(), z.number()),
  curve: z.array(EpochFigures),
})
export type RowTraining = z.infer<typeof RowTraining>

export const ReproductionRow = z.object({
  /** Tells it from every other row of the report: kind, method, network, epoch or patients, fold, seed. */
  key: z.string(),
  /** SHA-256 of all that its figures depend on: volumes, masks, trainings. Reports of several machines are put together by it. */
  identity: z.string(),
  kind: RowKind,
  label: z.string(),
  /** The catalogue's id and name. */
  method: z.string().nullable(),
  methodLabel: z.string().nullable(),
  network: z.string().nullable(),
  networkLabel: z.string().nullable(),
  channels: z.int().nullable(),
  seed: z.int(),
  /** Index into `folds`. */
  fold: z.int(),
  /** `milestone`: of the pre-training; `baseline at`: of the baseline. */
  epoch: z.int().nullable(),
  /** Training patients whose ground truth was used; `null` for zero-filled. */
  patients: z.int().nullable(),
  pretraining: RowTraining.nullable(),
  training: RowTraining.nullable(),
  /** Steps of pre-training and training; 0 for zero-filled. */
  totalSeconds: z.number(),
  /** What trained it; absent: the report's. */
  device: z.string().optional(),
  /** The baseline's total where it was trained beside this row, on the same device; absent: as the baseline's row says. */
  baselineSeconds: z.number().optional(),
  /** fastMRI's present protocol, which leads: per volume, masks by file name, mean over volumes. */
  metrics: Metrics.extend({ foreground: Metrics }),
  /** fastMRI's aggregation before March 2021, which fits the original baseline row: NMSE and PSNR (by that slice's maximum) per slice, then the mean. */
  sliceWise: Metrics.omit({ ssim: true }),
  /** Mean over masks of seeds 0 to n − 1, and the SD over them. */
  manyMasks: z.object({ draws: z.int(), mean: Metrics, sd: Metrics }).nullable(),
  /** Against the noise-free image, where the study is synthetic. */
  noiseFree: Metrics.nullable(),
  volumes: z.array(VolumeScore),
  /** First validation whose SSIM reaches the baseline's best (same network, fold and seed): seconds of steps until then, pre-training included. */
  toBaseline: z.object({ seconds: z.number(), epoch: z.int() }).nullable(),
  /** SSIM of the pre-trained output before any fine-tuning, as it comes, in arbitrary units. */
  pretrainedSsim: z.number().nullable(),
})
export type ReproductionRow = z.infer<typeof ReproductionRow>

/** A method's SSIM less its control's, on test patients: bootstrap over patients, then seeds. */
export const Gain = z.object({
  method: z.string(),
  label: z.string(),
  network: z.string(),
  /** Against: the control at equal epochs, the control of equal time, the baseline. */
  against: z.enum(['control', 'control of equal time', 'baseline']),
  mean: z.number(),
  /** Over all pairs (n − 1); `null` with one. */
  sd: z.number().nullable(),
  /** 95 %; `null` where there are fewer than two patients and fewer than three seeds. */
  interval: z.tuple([z.number(), z.number()]).nullable(),
  pairs: z.int(),
  /** Only where the interval leaves zero. */
  verdict: z.enum(['gain', 'loss', 'no difference shown', 'too few to say']),
  /** Total time over the baseline's. */
  timeShare: z.number().nullable(),
})
export type Gain = z.infer<typeof Gain>

export const ReproductionReport = z.object({
  request: ReproductionRequest,
  study: z.string(),
  synthetic: z.boolean(),
  remarks: z.array(z.string()),
  device: z.string(),
  createdAt: z.string(),
  /** False while rows are missing. */
  complete: z.boolean(),
  folds: z.array(
    z.object({
      /** The test patient in words. */
      name: z.string(),
      train: z.array(z.string()),
      val: z.array(z.string()),
      test: z.array(z.string()),
    }),
  ),
  protocol: Protocol,
  /** Everything that is smaller than in the original work, in words. */
  reductions: z.array(z.string()),
  rows: z.array(ReproductionRow),
  gains: z.array(Gain),
  /** Few-label curves and time-to-baseline are read from `rows`. */
  failures: z.array(z.object({ key: z.string(), reason: z.string() })),
})
export type ReproductionReport = z.infer<typeof ReproductionReport>

/** A reproduction as the screens see it. */
export const Reproduction = z.object({
  id: z.int(),
  request: ReproductionRequest,
  study: z.string(),
  status: z.enum(['running', 'finished', 'stopped', 'failed']),
  reason: z.string().nullable(),
  createdAt: z.string(),
  /** Trainings done and planned. */
  done: z.int(),
  planned: z.int(),
  /** What is trained now, in words. */
  current: z.string().nullable(),
  /** An estimate from the trainings done, `null` before the first. */
  secondsLeft: z.number().nullable(),
})
export type Reproduction = z.infer<typeof Reproduction>
