/** What a run is: its configuration as stored, the events of its training, and its row. */
import { z } from 'zod'
import { MaskSpec, Metrics } from './evaluation.ts'
import { TrainingSummary } from './report.ts'
import { SliceSelection } from './volumes.ts'

/** `import`: a checkpoint of other origin, which is there to be looked at and fine-tuned; nothing was trained here. */
export const RUN_KINDS = ['pretrain', 'finetune', 'train', 'import'] as const
export const RunKind = z.enum(RUN_KINDS)
export type RunKind = z.infer<typeof RunKind>

export const RUN_STATUSES = ['queued', 'running', 'finished', 'cancelled', 'failed', 'interrupted'] as const
export type RunStatus = (typeof RUN_STATUSES)[number]

const weightDecay = z.number().min(0).default(0)

export const OptimizerConfig = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('sgd'),
    momentum: z.number().min(0).max(1).default(0.9),
    nesterov: z.boolean().default(false),
    weightDecay,
  }),
  z.object({
    kind: z.literal('adam'),
    beta1: z.number().default(0.9),
    beta2: z.number().default(0.999),
    epsilon: z.number().default(1e-8),
    weightDecay,
  }),
  z.object({
    kind: z.literal('rmsprop'),
    alpha: z.number().default(0.99),
    epsilon: z.number().default(1e-8),
    momentum: z.number().min(0).max(1).default(0),
    weightDecay,
  }),
])
export type OptimizerConfig = z.infer<typeof OptimizerConfig>

/** `rate` is the learning rate at the start. `step` multiplies it by `factor` every `every` epochs (PyTorch's StepLR). */
export const ScheduleConfig = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('constant'), rate: z.number().gt(0) }),
  z.object({ kind: z.literal('step'), rate: z.number().gt(0), every: z.int().min(1), factor: z.number().gt(0) }),
  z.object({ kind: z.literal('cosine'), rate: z.number().gt(0), end: z.number().min(0) }),
  z.object({ kind: z.literal('linear'), rate: z.number().gt(0), end: z.number().min(0) }),
])
export type ScheduleConfig = z.infer<typeof ScheduleConfig>

/** How long and with what a network is trained. */
export const Recipe = z.object({
  epochs: z.int().min(1),
  batch: z.int().min(1),
  optimizer: OptimizerConfig,
  schedule: ScheduleConfig,
})
export type Recipe = z.infer<typeof Recipe>

/** What a pretext may see, and how its views are sub-sampled. */
export const Pretext = z.object({
  /** `fixed`: a slice's mask is drawn once and for life, as from a scanner. `fresh`: a new one each time from the full k-space. */
  measurement: z.enum(['fixed', 'fresh']).default('fixed'),
  /** `independent`: each view has a mask of its own (with a fixed measurement, a further sub-sample of it). `shared`: one for both. */
  viewMasks: z.enum(['independent', 'shared']).default('independent'),
  /** Share of the measured lines outside the centre that a further sub-sample keeps. */
  keep: z.number().gt(0).lt(1).default(0.7),
})
export type Pretext = z.infer<typeof Pretext>

/** Everything that decides what a training computes, beside the files themselves. */
export const RunConfig = z.object({
  kind: RunKind,
  network: z.string(),
  networkConfig: z.record(z.string(), z.unknown()),
  method: z.string().nullable(),
  methodConfig: z.record(z.string(), z.unknown()),
  pretext: Pretext.nullable(),
  recipe: Recipe,
  mask: MaskSpec,
  slices: SliceSelection,
  seed: z.int().min(0),
})
export type RunConfig = z.infer<typeof RunConfig>

/** A configuration as a row holds it: an import was not trained here and has no recipe. */
export const StoredConfig = RunConfig.extend({ recipe: Recipe.nullable() })
export type StoredConfig = z.infer<typeof StoredConfig>

/** One epoch's figures. `extra` are the method's own, by name (retrieval accuracy, …). */
export const EpochFigures = z.object({
  epoch: z.int(),
  loss: z.number(),
  learningRate: z.number(),
  seconds: z.number(),
  validationLoss: z.number().nullable(),
  validation: Metrics.nullable(),
  extra: z.record(z.string(), z.number()),
})
export type EpochFigures = z.infer<typeof EpochFigures>

/** What a training says while it runs. */
export const TrainingEvent = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('started'),
    steps: z.int(),
    epochs: z.int(),
    parameters: z.int(),
    notes: z.array(z.string()),
  }),
  z.object({ type: z.literal('step'), step: z.int(), steps: z.int(), epoch: z.int(), loss: z.number() }),
  z.object({ type: z.literal('epoch'), figures: EpochFigures }),
  z.object({
    type: z.literal('checkpoint'),
    role: z.enum(['best', 'last']),
    epoch: z.int(),
    path: z.string(),
    sha256: z.string(),
  }),
  /** What the network makes of one fixed validation slice, as raw float32 [height, width] in a file. */
  z.object({
    type: z.literal('preview'),
    epoch: z.int(),
    shape: z.tuple([z.int(), z.int()]),
    units: z.enum(['signal', 'arbitrary']),
    /** Name of the volume's file, and the slice from 0. */
    file: z.string(),
    slice: z.int(),
    path: z.string(),
  }),
])
export type TrainingEvent = z.infer<typeof TrainingEvent>

/** What the log of a run holds. */
export const RunEvent = z.union([
  TrainingEvent,
  z.object({ type: z.literal('status'), status: z.enum(RUN_STATUSES), reason: z.string().nullable() }),
])
export type RunEvent = z.infer<typeof RunEvent>

/** One line of the log. `seq` rises over all runs of a profile. */
export const LoggedEvent = z.object({ seq: z.int(), run: z.string(), at: z.string(), event: RunEvent })
export type LoggedEvent = z.infer<typeof LoggedEvent>

/** A run as listed: `runs --json`. */
export const RunRow = z.object({
  id: z.string(),
  kind: RunKind,
  method: z.string().nullable(),
  network: z.string(),
  channels: z.int().nullable(),
  parent: z.string().nullable(),
  study: z.string(),
  status: z.enum(RUN_STATUSES),
  reason: z.string().nullable(),
  createdAt: z.string(),
  finishedAt: z.string().nullable(),
  epochs: z.object({ done: z.int(), planned: z.int() }),
  /** Validation metrics of the kept weights, with the mask's seed from the file name; `null` for a pre-training. */
  metrics: Metrics.nullable(),
  checkpoint: z.object({ path: z.string(), sha256: z.string() }).nullable(),
  summary: TrainingSummary.nullable(),
  config: StoredConfig,
})
export type RunRow = z.infer<typeof RunRow>

/** A run as the screens see it. */
export const RunView = RunRow.extend({
  startedAt: z.string().nullable(),
  /** The method's name in words. */
  methodLabel: z.string().nullable(),
  /** The network has learned no scale: its output is in arbitrary units, and no metric fits it. */
  arbitraryUnits: z.boolean(),
  /** Patients (hashes) whom this run or one it came from was trained on, and those who chose a checkpoint. */
  trainedPatients: z.array(z.string()),
  validatedPatients: z.array(z.string()),
  /** Where the run's, or its first ancestor's, training data is not known here: an imported checkpoint. */
  unknownTraining: z.boolean(),
  /** Epoch (from 1) of the kept weights. */
  keptEpoch: z.int().nullable(),
  /** Seconds that the runs it came from spent on steps, as far as they are finished. */
  secondsBefore: z.number(),
})
export type RunView = z.infer<typeof RunView>

/** What a run's page shows beside its row. */
export const RunDetail = z.object({
  run: RunView,
  /** JSON object: versions and device that made it. */
  environment: z.record(z.string(), z.unknown()),
  events: z.array(LoggedEvent),
})
export type RunDetail = z.infer<typeof RunDetail>
