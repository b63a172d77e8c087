/**
 * The contract between the screens and the services, over app:// and HTTP. Images have paths of their own: `images.ts`.
 * A long task is an event iterator: progress events, then one `done`. Ending the iteration cancels the task.
 */
import { eventIterator, oc } from '@orpc/contract'
import { z } from 'zod'
import { Catalogue } from './catalogue.ts'
import { ClassicalChoice } from './classical.ts'
import { DeviceHealth, EngineState, OfferedDevice } from './engine.ts'
import { MaskFile, MaskSeed, MaskSpec, Protocol } from './evaluation.ts'
import { ClusterFinding, Execution, SlurmSettings } from './execution.ts'
import { ExportFormat } from './exports.ts'
import { FigureRequest } from './figure.ts'
import { FrameScore, FrameSource } from './images.ts'
import { NamedRecipe, Pretext, Recipe, RecipeSettings } from './recipes.ts'
import { AskedReproduction, Reproduction, ReproductionReport } from './reproduction.ts'
import { LoggedEvent, RunDetail, RunView } from './runs.ts'
import { Findings, MOST_COILS, Study, StudySummary, StudyView } from './studies.ts'
import { NamedSettings, TuningRequest } from './tuning.ts'
import { SkippedFile, SliceSelection } from './volumes.ts'

const Progress = z.object({
  type: z.literal('progress'),
  done: z.number(),
  /** 0: unknown so far. */
  total: z.number(),
  label: z.string(),
})

/** Progress events, then one event with the result. */
const work = <Schema extends z.ZodType>(result: Schema) =>
  eventIterator(z.discriminatedUnion('type', [Progress, z.object({ type: z.literal('done'), result })]))

/**
 * What the services send to the window without a request. A `state` comes at least every two seconds.
 * If no event comes for longer, the connection is dead.
 */
export const AppEvent = z.discriminatedUnion('type', [
  z.object({ type: z.literal('state'), engine: EngineState }),
  z.object({ type: z.literal('run'), logged: LoggedEvent }),
  /** A list changed in a way that no `run` event describes: read the list again. */
  z.object({ type: z.literal('changed'), what: z.enum(['studies', 'runs', 'reproductions', 'classical']) }),
])
export type AppEvent = z.infer<typeof AppEvent>

export const StartRequest = z.object({
  study: z.int(),
  /** `null`: a baseline from scratch. A method: its pre-training. */
  method: z.string().nullable(),
  methodConfig: z.record(z.string(), z.unknown()).default({}),
  pretext: Pretext.optional(),
  network: z.string().default('unet'),
  networkConfig: z.record(z.string(), z.unknown()).default({}),
  recipe: Recipe,
  /** Recipe of the later fine-tuning. The run of a pre-training stores it for the button that fine-tunes the run. */
  fineTuning: Recipe.optional(),
  mask: MaskSpec.optional(),
  seed: z.int().min(0).default(0),
})
export type StartRequest = z.infer<typeof StartRequest>

/** A picture of a sample. `shape`: [height, width]; the picture can hold several images side by side. */
const ViewPicture = z.object({
  name: z.string(),
  shape: z.tuple([z.int(), z.int()]),
  /**
   * 8-bit greys, base64, row-major. All pictures share the window −2.2 to 4 in the network's units, so that a view
   * that a transformation makes white is white here too. A complex view shows magnitudes from 0 to its largest.
   */
  pixels: z.string(),
  /** Share of pixels at the window's two ends. */
  black: z.number(),
  white: z.number(),
})

/** The first batch of a pre-training that is not started yet. */
export const Views = z.object({
  samples: z.array(z.object({ name: z.string(), pictures: z.array(ViewPicture) })),
  /** Warnings before the start: the image shows its own label, or pictures are nearly white. */
  cautions: z.array(z.string()),
})
export type Views = z.infer<typeof Views>

/** The settings of a profile. */
export const Settings = z.object({
  /** Interrupted runs resume when the window opens, at most three times without progress. */
  autoResume: z.boolean(),
  /** Engines that train and evaluate compile the graphs that they replay with XLA. */
  xla: z.boolean(),
  /** Where trainings run. */
  execution: Execution,
})
export type Settings = z.infer<typeof Settings>

const run = z.object({ run: z.string() })
const study = z.object({ study: z.int() })
const ids = z.object({ runs: z.array(z.string()) })

export const contract = {
  app: {
    info: oc.output(
      z.object({
        version: z.string(),
        profile: z.string(),
        /** The folder of all runs. */
        runs: z.string(),
        /** Why the profile is not safe where it is. `null`: it is safe. */
        caution: z.string().nullable(),
        cache: z.string(),
        platform: z.string(),
        demonstration: z.int(),
      }),
    ),
    /** Asks Slurm about jobs with these settings. No job is submitted. */
    checkCluster: oc.input(SlurmSettings).output(z.array(ClusterFinding)),
    settings: {
      get: oc.output(Settings),
      set: oc.input(Settings.partial()).output(Settings),
    },
    /** Log lines with a higher `seq` than `afterSeq`, then all new events. Without `afterSeq`: only new events. */
    watch: oc.input(z.object({ afterSeq: z.int().optional() })).output(eventIterator(AppEvent)),
    /** Folders, and files that can be opened, in a folder on the host, for a field in which the user types a path. */
    browse: oc
      .input(z.object({ path: z.string() }))
      .output(z.object({ folder: z.string(), entries: z.array(z.object({ name: z.string(), folder: z.boolean() })) })),
    /** Checks a mask file on the host, and names its contents. */
    maskFile: oc.input(z.object({ path: z.string() })).output(MaskFile),
  },
  engine: {
    /** The devices of this machine on which trainings can compute, chosen by the settings or not. */
    devices: oc.output(z.array(OfferedDevice)),
    install: oc.input(z.object({ variant: z.enum(['cpu', 'cuda']).optional() })).output(work(EngineState)),
    /** One examination for each device of this machine. */
    doctor: oc.output(z.array(DeviceHealth)),
  },
  studies: {
    list: oc.output(z.array(StudySummary)),
    get: oc.input(study).output(StudyView),
    /** Scans files and folders on the host and stores them as a study. */
    import: oc
      .input(
        z.object({ paths: z.array(z.string()).min(1), name: z.string().optional(), slices: SliceSelection.optional() }),
      )
      .output(work(Study)),
    synthesize: oc
      .input(
        z.object({
          seed: z.int().min(0).default(0),
          /** Patients for training. A third as many (at least one) validate, and as many test. */
          patients: z.int().min(1).max(200).default(3),
          slices: z.int().min(1).max(64).default(4),
          coils: z.int().min(1).max(MOST_COILS).default(1),
        }),
      )
      .output(work(Study)),
    /** The multi-coil demonstration study. Computed if the profile has none, else shown in the list again. */
    demonstrateCoils: oc.output(work(Study)),
    /** Reads the files whose contents are still unread. Progress in megabytes. */
    read: oc.input(study).output(work(StudyView)),
    /** Finds new, changed, moved and missing files of the study. The study stays as it is. */
    scan: oc.input(study).output(work(Findings)),
    /** Applies the findings of a scan to the study. */
    take: oc.input(study.extend({ token: z.string(), removeMissing: z.boolean() })).output(work(StudyView)),
    /** Finds missing files by their contents in a folder of the host. */
    locate: oc.input(study.extend({ folder: z.string() })).output(work(Findings.pick({ moved: true, missing: true }))),
    /** Removes the study from the list. Its files and runs stay. */
    hide: oc.input(study).output(z.void()),
    restore: oc.input(study).output(z.void()),
    /** Acknowledges all present flags against the volumes' being raw, or takes that back. */
    acknowledge: oc.input(study.extend({ acknowledged: z.boolean() })).output(z.void()),
    /**
     * Adds files to the study of new scans. The first usable file creates that study.
     * `study` is `null` if no file so far could be used.
     */
    addScans: oc
      .input(z.object({ paths: z.array(z.string()).min(1) }))
      .output(z.object({ study: z.int().nullable(), volumes: z.array(z.int()), skipped: z.array(SkippedFile) })),
    removeScan: oc.input(z.object({ volume: z.int() })).output(z.void()),
  },
  catalogue: oc.output(Catalogue),
  /** The recipes that the user saved. */
  recipes: {
    list: oc.output(z.array(NamedRecipe)),
    /** Replaces the saved recipe `id`. Without an `id`: saves a new recipe. */
    save: oc
      .input(z.object({ id: z.string().optional(), name: NamedRecipe.shape.name, settings: RecipeSettings }))
      .output(NamedRecipe),
    hide: oc.input(z.object({ id: z.string() })).output(z.void()),
    restore: oc.input(z.object({ id: z.string() })).output(z.void()),
  },
  /** Named settings of classical methods. */
  classical: {
    list: oc.output(z.array(NamedSettings)),
    /** Finds equal settings of this name, or saves new settings. */
    save: oc.input(ClassicalChoice.extend({ name: NamedSettings.shape.name })).output(NamedSettings),
    /** Removes settings from the lists. Sources with their number still work. */
    hide: oc.input(z.object({ id: z.int() })).output(z.void()),
    restore: oc.input(z.object({ id: z.int() })).output(z.void()),
    /** Finds λ and iterations on the validation volumes of a study. Computed scores are kept if it is cancelled. */
    tune: oc.input(TuningRequest).output(work(NamedSettings)),
  },
  /** Reproductions of the original work on a study. */
  reproductions: {
    list: oc.output(z.array(Reproduction)),
    start: oc.input(AskedReproduction).output(Reproduction),
    /** Continues the reproduction. Finished rows are not computed again. */
    resume: oc.input(z.object({ id: z.int() })).output(z.void()),
    stop: oc.input(z.object({ id: z.int() })).output(z.void()),
    /** The report with the rows that are finished so far. */
    report: oc.input(z.object({ id: z.int() })).output(ReproductionReport),
    /** Figures as SVG, drawn by the code that draws the saved page. */
    figures: oc
      .input(z.object({ id: z.int() }))
      .output(z.array(z.object({ name: z.string(), title: z.string(), svg: z.string() }))),
    /** Writes page (HTML), JSON, Markdown and figures into a folder of the host, or as a zip for the browser. */
    save: oc
      .input(z.object({ id: z.int(), folder: z.string().optional() }))
      .output(z.object({ path: z.string(), name: z.string() })),
  },
  runs: {
    list: oc.output(z.array(RunView)),
    get: oc.input(run).output(RunDetail),
    start: oc.input(StartRequest).output(ids),
    /** The views of a pre-training's first batch. Nothing is trained. */
    views: oc.input(StartRequest).output(Views),
    /** Names of the layers of a run's network, for `featuresPath`. */
    layers: oc.input(run).output(z.array(z.string())),
    /**
     * Fine-tunes the kept weights of a run, or the weights of a milestone (`epoch`).
     * `control`: also starts the control, which has the same seed and no pre-training.
     */
    fineTune: oc
      .input(
        run.extend({
          control: z.boolean(),
          study: z.int().optional(),
          recipe: Recipe.optional(),
          epoch: z.int().optional(),
        }),
      )
      .output(ids),
    /** Queues a new run with the configuration and the parent of a run. `batch` replaces the batch size. */
    again: oc
      .input(run.extend({ batch: z.int().min(1).optional(), accumulate: z.int().min(1).optional() }))
      .output(ids),
    /** The run finishes its step, writes its state, and the next run starts. Its status is `running` until then. */
    pause: oc.input(run).output(z.void()),
    /** Puts the run into the queue again. The run continues from its last state. */
    resume: oc.input(run).output(z.void()),
    /** Moves a queued run before the queued run `before`. `null`: to the end. */
    move: oc.input(run.extend({ before: z.string().nullable() })).output(z.void()),
    /** Stops the run. Its weights and its state stay. */
    cancel: oc.input(run).output(z.void()),
    /** Marks an open run of another machine `interrupted`, because the user says that its process ended. */
    endedThere: oc.input(run).output(z.void()),
    hide: oc.input(run).output(z.void()),
    restore: oc.input(run).output(z.void()),
    importCheckpoint: oc.input(study.extend({ path: z.string() })).output(run),
  },
  /** Score of a source over all slices of a volume, with its protocol. `null` if the volume has no ground truth. */
  score: oc
    .input(z.object({ volume: z.int(), source: FrameSource, mask: MaskSpec, seed: MaskSeed.default(null) }))
    .output(work(z.object({ score: FrameScore, protocol: Protocol }).nullable())),
  /**
   * Writes a volume or one slice as a file at `path`, which ends in `exportEnding`.
   * Without `path`, the browser fetches the file from `downloadPath(name)`.
   * A DICOM volume is a new folder at `path`, or a zip for the browser.
   * `remarks` say what the written file cannot hold.
   */
  save: oc
    .input(
      z.object({
        volume: z.int(),
        source: FrameSource,
        mask: MaskSpec,
        seed: MaskSeed.default(null),
        format: ExportFormat.default('hdf5'),
        /** Counted from 0. `null`: the whole volume. */
        slice: z.int().nullable().default(null),
        path: z.string().optional(),
        /** The user agreed to replace a file at `path`. A raw scan is never replaced. */
        replace: z.boolean().default(false),
      }),
    )
    .output(work(z.object({ path: z.string(), name: z.string(), remarks: z.array(z.string()) }))),
  /** Writes a volume's k-space as fastMRI HDF5 at `path`, which ends in `.h5`, or for `downloadPath(name)`. */
  saveKspace: oc
    .input(z.object({ volume: z.int(), path: z.string().optional(), replace: z.boolean().default(false) }))
    .output(work(z.object({ path: z.string(), name: z.string() }))),
  /** Writes the viewer's comparison as a figure for print, at `path` or for `downloadPath(name)`. */
  figure: oc.input(FigureRequest).output(work(z.object({ path: z.string(), name: z.string() }))),
}
