/** What a run is: its configuration as stored, the events of its training, and its row. */
import { z } from 'zod'
import { Device } from './engine.ts'
import { MaskSpec, Metrics } from './evaluation.ts'
import { LoggedNote, Note, NoteMark } from './notes.ts'
import { Pretext, Recipe } from './recipes.ts'
import { TrainingSummary } from './training-summary.ts'
import { SliceSelection } from './volumes.ts'

/** `import`: a checkpoint of other origin, which is there to be looked at and fine-tuned; nothing was trained here. */
export const RUN_KINDS = ['pretrain', 'finetune', 'train', 'import'] as const
export const RunKind = z.enum(RUN_KINDS)
export type RunKind = z.infer<typeof RunKind>

/** `paused`, and most of `cancelled`, `failed` and `interrupted`, can be resumed: see `resumable`. */
export const RUN_STATUSES = ['queued', 'running', 'paused', 'finished', 'cancelled', 'failed', 'interrupted'] as const
export type RunStatus = (typeof RUN_STATUSES)[number]

/** Everything that decides what a training computes, beside the files themselves. */
export const RunConfig = z.object({
  kind: RunKind,
  network: z.string(),
  networkConfig: z.record(z.string(), z.unknown()),
  method: z.string().nullable(),
  methodConfig: z.record(z.string(), z.unknown()),
  pretext: Pretext.nullable(),
  recipe: Recipe,
  /** A pre-training's: what its one-click fine-tuning goes through; `null`: the method's own. */
  fineTuning: Recipe.nullable().default(null),
  mask: MaskSpec,
  slices: SliceSelection,
  seed: z.int().min(0),
})
export type RunConfig = z.infer<typeof RunConfig>

/** A configuration as a row holds it: an import was not trained here and has no recipe. */
export const StoredConfig = RunConfig.extend({ recipe: Recipe.nullable() })
export type StoredConfig = z.infer<typeof StoredConfig>

/** Among an epoch's own figures: the training loss without the reconstruction term, where that is in it. The chance level is of this one. */
export const OWN_LOSS = 'ownLoss'
/** Among them too: the chance level of the loss on held-out patients, whose batch is another than the training's. */
export const HELD_OUT_CHANCE = 'heldOutChance'

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

/** `milestone`: of an epoch that the recipe names. */
export const CheckpointRole = z.enum(['best', 'last', 'milestone'])
export type CheckpointRole = z.infer<typeof CheckpointRole>

/** Where a training is: steps and epochs that are done. A step of an unfinished epoch is one of `step` alone. */
export const Position = z.object({ step: z.int(), epoch: z.int() })
export type Position = z.infer<typeof Position>

const BEGINNING_NOTES = {
  notes: z.array(z.string()),
  /** Of each of `notes`, in their order. Absent in logs of version 0.1.0. */
  noteMarks: z.array(NoteMark).optional(),
}

/** What a training says while it runs. */
export const TrainingEvent = z.discriminatedUnion('type', [
  /** What computes. It goes into the run's environment, not into its log. */
  z.object({ type: z.literal('device'), device: Device }),
  z.object({
    type: z.literal('started'),
    steps: z.int(),
    epochs: z.int(),
    parameters: z.int(),
    ...BEGINNING_NOTES,
  }),
  /** Takes the place of `started`: goes on from a state. Steps and epochs after `from` are no longer in the log: they come again. */
  z.object({
    type: z.literal('resumed'),
    from: Position,
    steps: z.int(),
    epochs: z.int(),
    parameters: z.int(),
    ...BEGINNING_NOTES,
  }),
  LoggedNote.extend({ type: z.literal('note') }),
  /** Stands still until there is room, or the device is free; `continued` follows. `words` say so in full. */
  z.object({
    type: z.literal('waiting'),
    reason: z.enum(['disk full', 'device in use']),
    /** The file that could not be written. */
    path: z.string().nullable(),
    words: z.string(),
  }),
  z.object({ type: z.literal('continued'), seconds: z.number() }),
  z.object({ type: z.literal('step'), step: z.int(), steps: z.int(), epoch: z.int(), loss: z.number() }),
  z.object({ type: z.literal('epoch'), figures: EpochFigures }),
  z.object({
    type: z.literal('checkpoint'),
    role: CheckpointRole,
    epoch: z.int(),
    /** Steps that were done; 0 in logs of older programs. */
    step: z.int().default(0),
    path: z.string(),
    sha256: z.string(),
    /** The file of the pretext's head, where one was written with these weights; not in logs of older programs. */
    head: z.string().optional(),
  }),
  /** All that a training needs to go on exactly here was written. `bestEpoch`: whose weights were the best until then. */
  z.object({
    type: z.literal('state'),
    at: Position,
    bestEpoch: z.int().nullable(),
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
  /** The parent's milestone whose weights are the start; `null`: its kept weights. */
  parentEpoch: z.int().nullable(),
  study: z.string(),
  status: z.enum(RUN_STATUSES),
  reason: z.string().nullable(),
  createdAt: z.string(),
  finishedAt: z.string().nullable(),
  epochs: z.object({ done: z.int(), planned: z.int() }),
  /** Validation metrics of the kept weights, with the mask's seed from the file name; `null` for a pre-training. */
  metrics: Metrics.nullable(),
  checkpoint: z.object({ path: z.string(), sha256: z.string() }).nullable(),
  /** Epochs whose weights are kept for good, and can be fine-tuned. */
  milestones: z.array(z.int()),
  /** Steps that its newest state holds; `null`: none. */
  stateStep: z.int().nullable(),
  /** Whether it can go on where it was (or, before its first state, begin anew). */
  resumable: z.boolean(),
  /** After memory ran out: a smaller batch that gives the same result, or for methods that compare within a batch a near one. */
  suggestion: z.object({ batch: z.int(), accumulate: z.int() }).nullable(),
  summary: TrainingSummary.nullable(),
  /**
   * The contents that it was trained on. `changed`: its study has others by now. `not recorded`: by a program that did not, and files were
   * written since. `null`: an imported checkpoint.
   */
  contents: z.enum(['current', 'changed', 'not recorded']).nullable(),
  config: StoredConfig,
})
export type RunRow = z.infer<typeof RunRow>

/** A run as the screens see it. */
export const RunView = RunRow.extend({
  startedAt: z.string().nullable(),
  /** From 1, among those that wait; `null`: it does not wait. */
  queuePosition: z.int().nullable(),
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
  notes: z.array(Note),
  checkpoints: z.array(z.object({ role: CheckpointRole, epoch: z.int(), path: z.string(), sha256: z.string() })),
  events: z.array(LoggedEvent),
})
export type RunDetail = z.infer<typeof RunDetail>
