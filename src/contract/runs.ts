/** A run: its stored configuration, the events of its training, and its row in lists. */
import { z } from 'zod'
import { Device } from './engine.ts'
import { MaskSpec, Metrics } from './evaluation.ts'
import { RunJob } from './execution.ts'
import { Given, Takes } from './networks.ts'
import { LoggedNote, Note, NoteMark } from './notes.ts'
import { Pretext, Recipe } from './recipes.ts'
import { TrainingSummary } from './training-summary.ts'
import { SliceSelection } from './volumes.ts'

/** `import`: a checkpoint from another program, imported for viewing and fine-tuning. Self-MRI did not train it. */
export const RUN_KINDS = ['pretrain', 'finetune', 'train', 'import'] as const
export const RunKind = z.enum(RUN_KINDS)
export type RunKind = z.infer<typeof RunKind>

/** A `paused` run can be resumed. `resumable` says if a cancelled, failed or interrupted run can be resumed. */
export const RUN_STATUSES = ['queued', 'running', 'paused', 'finished', 'cancelled', 'failed', 'interrupted'] as const
export type RunStatus = (typeof RUN_STATUSES)[number]

/** Everything that determines what a training computes, except the files. */
export const RunConfig = z.object({
  kind: RunKind,
  network: z.string(),
  networkConfig: z.record(z.string(), z.unknown()),
  method: z.string().nullable(),
  methodConfig: z.record(z.string(), z.unknown()),
  pretext: Pretext.nullable(),
  recipe: Recipe,
  /** For a pre-training: recipe of the later fine-tuning. `null`: the method's own recipe. */
  fineTuning: Recipe.nullable().default(null),
  mask: MaskSpec,
  slices: SliceSelection,
  seed: z.int().min(0),
})
export type RunConfig = z.infer<typeof RunConfig>

/** A configuration in a run's row. An imported checkpoint has no recipe. */
export const StoredConfig = RunConfig.extend({ recipe: Recipe.nullable() })
export type StoredConfig = z.infer<typeof StoredConfig>

/**
 * Key in an epoch's `extra`: the training loss without the reconstruction term, if the recipe adds this term.
 * The chance level applies to this loss.
 */
export const OWN_LOSS = 'ownLoss'
/**
 * Key in an epoch's `extra`: the chance level of the loss on held-out patients. The level differs from the training's,
 * because the batch differs.
 */
export const HELD_OUT_CHANCE = 'heldOutChance'

/** One epoch's figures. `extra` holds the method's own figures by name (retrieval accuracy, …). */
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

/** `milestone`: weights of an epoch that the recipe names. */
export const CheckpointRole = z.enum(['best', 'last', 'milestone'])
export type CheckpointRole = z.infer<typeof CheckpointRole>

/** Position of a training: finished steps, including those of an unfinished epoch, and finished epochs. */
export const Position = z.object({ step: z.int(), epoch: z.int() })
export type Position = z.infer<typeof Position>

const BEGINNING_NOTES = {
  notes: z.array(z.string()),
  /** One mark for each of `notes`, in this order. Absent in logs of version 0.1.0. */
  noteMarks: z.array(NoteMark).optional(),
}

/** An event of a running training. */
export const TrainingEvent = z.discriminatedUnion('type', [
  /** The device that computes. Stored in the run's environment, not in its log. */
  z.object({
    type: z.literal('device'),
    // Jobs of earlier versions tell nothing of these.
    device: Device.partial({ node: true, platform: true, variant: true, build: true }),
  }),
  z.object({
    type: z.literal('started'),
    steps: z.int(),
    epochs: z.int(),
    parameters: z.int(),
    ...BEGINNING_NOTES,
  }),
  /**
   * Sent instead of `started` if the training continues from a state. Steps and epochs after `from` are removed from
   * the log, because they are computed again.
   */
  z.object({
    type: z.literal('resumed'),
    from: Position,
    steps: z.int(),
    epochs: z.int(),
    parameters: z.int(),
    ...BEGINNING_NOTES,
  }),
  LoggedNote.extend({ type: z.literal('note') }),
  /** The training waits for disk space or for the device. `continued` follows. `words` is the full message. */
  z.object({
    type: z.literal('waiting'),
    reason: z.enum(['disk full', 'device in use']),
    /** The file that could not be written. */
    path: z.string().nullable(),
    words: z.string(),
  }),
  z.object({ type: z.literal('continued'), seconds: z.number() }),
  /** The state of the run's job has changed. */
  z.object({ type: z.literal('job'), job: RunJob }),
  z.object({ type: z.literal('step'), step: z.int(), steps: z.int(), epoch: z.int(), loss: z.number() }),
  z.object({ type: z.literal('epoch'), figures: EpochFigures }),
  z.object({
    type: z.literal('checkpoint'),
    role: CheckpointRole,
    epoch: z.int(),
    /** Number of finished steps. 0 in logs of older programs. */
    step: z.int().default(0),
    path: z.string(),
    sha256: z.string(),
    /** File of the pretext's head. Absent if there is no head, and in logs of older programs. */
    head: z.string().optional(),
  }),
  /** A state was written from which the training can continue. `bestEpoch`: epoch of the best weights so far. */
  z.object({
    type: z.literal('state'),
    at: Position,
    bestEpoch: z.int().nullable(),
    path: z.string(),
    sha256: z.string(),
  }),
  /** The network's output for one fixed validation slice: a file of raw float32 [height, width]. */
  z.object({
    type: z.literal('preview'),
    epoch: z.int(),
    shape: z.tuple([z.int(), z.int()]),
    units: z.enum(['signal', 'arbitrary']),
    /** Name of the volume's file. `slice` counts from 0. */
    file: z.string(),
    slice: z.int(),
    path: z.string(),
  }),
])
export type TrainingEvent = z.infer<typeof TrainingEvent>

/** An event in the log of a run. */
export const RunEvent = z.union([
  TrainingEvent,
  z.object({ type: z.literal('status'), status: z.enum(RUN_STATUSES), reason: z.string().nullable() }),
])
export type RunEvent = z.infer<typeof RunEvent>

/** One line of the log. `seq` increases over all runs of a profile. */
export const LoggedEvent = z.object({ seq: z.int(), run: z.string(), at: z.string(), event: RunEvent })
export type LoggedEvent = z.infer<typeof LoggedEvent>

/** A run in the output of `runs --json`. */
export const RunRow = z.object({
  id: z.string(),
  kind: RunKind,
  method: z.string().nullable(),
  network: z.string(),
  channels: z.int().nullable(),
  parent: z.string().nullable(),
  /** The parent's milestone from which the run starts. `null`: the parent's kept weights. */
  parentEpoch: z.int().nullable(),
  study: z.string(),
  status: z.enum(RUN_STATUSES),
  reason: z.string().nullable(),
  createdAt: z.string(),
  finishedAt: z.string().nullable(),
  epochs: z.object({ done: z.int(), planned: z.int() }),
  /** Validation metrics of the kept weights; the file name is the mask's seed. `null` for a pre-training. */
  metrics: Metrics.nullable(),
  checkpoint: z.object({ path: z.string(), sha256: z.string() }).nullable(),
  /** Epochs whose weights are kept permanently. These weights can be fine-tuned. */
  milestones: z.array(z.int()),
  /** Number of finished steps in the newest state. `null`: the run has no state. */
  stateStep: z.int().nullable(),
  /** Whether the run can be resumed: from its newest state, or from the start if it has no state. */
  resumable: z.boolean(),
  /**
   * After memory ran out: a smaller batch with more accumulation. The result is equal, but only similar for methods
   * that compare samples within a batch.
   */
  suggestion: z.object({ batch: z.int(), accumulate: z.int() }).nullable(),
  summary: TrainingSummary.nullable(),
  /**
   * Whether the run was trained on the study's present contents. `changed`: the study has other contents now.
   * `not recorded`: an older program trained the run and did not record the contents. `null`: an imported checkpoint.
   */
  contents: z.enum(['current', 'changed', 'not recorded']).nullable(),
  config: StoredConfig,
  /** The run's last job. `null`: the run was trained on this machine. */
  job: RunJob.nullable(),
  /** The process of another machine that has the queued or running run: 'process 4711 on n3'. `null`: none. */
  elsewhere: z.string().nullable(),
})
export type RunRow = z.infer<typeof RunRow>

/** A run for the screens. */
export const RunView = RunRow.extend({
  startedAt: z.string().nullable(),
  /** Place in the queue, from 1. `null`: the run is not queued. */
  queuePosition: z.int().nullable(),
  /** Label of the method. */
  methodLabel: z.string().nullable(),
  /** The network has learned no scale. Its output has arbitrary units, so no metric is computed. */
  arbitraryUnits: z.boolean(),
  /** Hashes of patients in the training and in the validation of this run and its ancestors. */
  trainedPatients: z.array(z.string()),
  validatedPatients: z.array(z.string()),
  /** The training data is unknown, because the run or its first ancestor is an imported checkpoint. */
  unknownTraining: z.boolean(),
  /** What the network takes of a slice, and what it gives beside its image. */
  takes: Takes,
  gives: z.array(Given),
  /** Number of the network's cascades that can be shown. 0: none. */
  cascades: z.int(),
  /**
   * The fewest and the most coils of the training's volumes. `null`: not known, or of no concern, because the network
   * takes magnitudes.
   */
  trainedCoils: z.tuple([z.int(), z.int()]).nullable(),
  /** Epoch (from 1) of the kept weights. */
  keptEpoch: z.int().nullable(),
  /** Seconds of the steps of all finished ancestors. */
  secondsBefore: z.number(),
})
export type RunView = z.infer<typeof RunView>

/** A run with everything that its page shows. */
export const RunDetail = z.object({
  run: RunView,
  /** Versions and device of the training. */
  environment: z.record(z.string(), z.unknown()),
  notes: z.array(Note),
  checkpoints: z.array(z.object({ role: CheckpointRole, epoch: z.int(), path: z.string(), sha256: z.string() })),
  events: z.array(LoggedEvent),
})
export type RunDetail = z.infer<typeof RunDetail>
