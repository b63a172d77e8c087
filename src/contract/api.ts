/**
 * The contract between the screens and the services, behind app:// and HTTP alike. Images do not pass here: `images.ts` has their paths.
 * Long works are event iterators: progress, then one `done`; ending the iteration cancels the work.
 */
import { eventIterator, oc } from '@orpc/contract'
import { z } from 'zod'
import { EngineHealth, EngineState } from './engine.ts'
import { MaskSeed, MaskSpec, Protocol } from './evaluation.ts'
import { ExportFormat } from './exports.ts'
import { FigureRequest } from './figure.ts'
import { FrameScore, FrameSource } from './images.ts'
import { MethodFigure } from './methods.ts'
import { NamedRecipe, Pretext, Recipe, RecipeSettings } from './recipes.ts'
import { Reproduction, ReproductionReport, ReproductionRequest } from './reproduction.ts'
import { LoggedEvent, RunDetail, RunView } from './runs.ts'
import { Findings, Study, StudySummary, StudyView } from './studies.ts'
import { SkippedFile, SliceSelection } from './volumes.ts'

const Progress = z.object({
  type: z.literal('progress'),
  done: z.number(),
  /** 0: not known yet. */
  total: z.number(),
  label: z.string(),
})

/** Progress on the way, then the result. */
const work = <Schema extends z.ZodType>(result: Schema) =>
  eventIterator(z.discriminatedUnion('type', [Progress, z.object({ type: z.literal('done'), result })]))

/** What the window hears without asking. A `state` comes at least every two seconds: silence for longer means the line is dead. */
export const AppEvent = z.discriminatedUnion('type', [
  z.object({ type: z.literal('state'), engine: EngineState }),
  z.object({ type: z.literal('run'), logged: LoggedEvent }),
  /** The lists of studies, runs or reproductions changed otherwise: read them again. */
  z.object({ type: z.literal('changed'), what: z.enum(['studies', 'runs', 'reproductions']) }),
])
export type AppEvent = z.infer<typeof AppEvent>

/** JSON Schema of settings; the forms are made from it. */
const Schema = z.record(z.string(), z.unknown())

export const Catalogue = z.object({
  networks: z.array(z.object({ id: z.string(), label: z.string(), paper: z.string(), schema: Schema })),
  methods: z.array(
    z.object({
      id: z.string(),
      label: z.string(),
      paper: z.string(),
      schema: Schema,
      figures: z.array(MethodFigure),
    }),
  ),
  /** Of `Pretext`, `Recipe` and the mask: for the forms. */
  schemas: z.object({ pretext: Schema, recipe: Schema, mask: Schema }),
  /** Those that ship: two of every method, and two from scratch (`scratch/original`, `scratch/workstation`). */
  recipes: z.array(NamedRecipe),
})
export type Catalogue = z.infer<typeof Catalogue>

export const StartRequest = z.object({
  study: z.int(),
  /** `null`: a baseline from scratch; else a pre-training. */
  method: z.string().nullable(),
  methodConfig: z.record(z.string(), z.unknown()).default({}),
  pretext: Pretext.optional(),
  network: z.string().default('unet'),
  networkConfig: z.record(z.string(), z.unknown()).default({}),
  recipe: Recipe,
  /** How its fine-tuning is to go, if it is a pre-training; kept with the run for its one-click fine-tuning. */
  fineTuning: Recipe.optional(),
  mask: MaskSpec.optional(),
  seed: z.int().min(0).default(0),
})
export type StartRequest = z.infer<typeof StartRequest>

/** One picture of a sample: [height, width], or several side by side. */
const ViewPicture = z.object({
  name: z.string(),
  shape: z.tuple([z.int(), z.int()]),
  /** 8-bit greys, base64, row-major: one window for all pictures, −2.2 to 4 of the network's units, so that what turns white is white. */
  pixels: z.string(),
  /** Share of pixels at the window's two ends. */
  black: z.number(),
  white: z.number(),
})

/** What the first batch of a pre-training would be. */
export const Views = z.object({
  samples: z.array(z.object({ name: z.string(), pictures: z.array(ViewPicture) })),
  /** What must be known before it is started: a label that betrays itself, pictures that are nearly white. */
  cautions: z.array(z.string()),
})
export type Views = z.infer<typeof Views>

/** Of a profile. */
export const Settings = z.object({
  /** Interrupted runs go on when the window opens, at most three times without progress. */
  autoResume: z.boolean(),
  /** Engines that train and evaluate compile the graphs that they replay with XLA. */
  xla: z.boolean(),
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
        cache: z.string(),
        platform: z.string(),
        demonstration: z.int(),
      }),
    ),
    settings: {
      get: oc.output(Settings),
      set: oc.input(Settings.partial()).output(Settings),
    },
    /** Log lines with a higher `seq` than `afterSeq` (none: only new ones), then what comes. */
    watch: oc.input(z.object({ afterSeq: z.int().optional() })).output(eventIterator(AppEvent)),
    /** Folders and fastMRI files of a folder on the host, for typing a path. */
    browse: oc
      .input(z.object({ path: z.string() }))
      .output(z.object({ folder: z.string(), entries: z.array(z.object({ name: z.string(), folder: z.boolean() })) })),
  },
  engine: {
    install: oc.input(z.object({ variant: z.enum(['cpu', 'cuda']).optional() })).output(work(EngineState)),
    doctor: oc.output(EngineHealth),
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
          /** Patients for training; a third as many, at least one, validate, and as many test. */
          patients: z.int().min(1).max(200).default(3),
          slices: z.int().min(1).max(64).default(4),
        }),
      )
      .output(work(Study)),
    /** Reads the files whose contents are not known yet. Progress in megabytes. */
    read: oc.input(study).output(work(StudyView)),
    /** What is new, changed, moved or missing among the study's files. Nothing is taken. */
    scan: oc.input(study).output(work(Findings)),
    /** Takes what a scan found into the study. */
    take: oc.input(study.extend({ token: z.string(), removeMissing: z.boolean() })).output(work(StudyView)),
    /** Finds missing files by their contents in a folder of the host. */
    locate: oc.input(study.extend({ folder: z.string() })).output(work(Findings.pick({ moved: true, missing: true }))),
    /** Takes the study off the list; its files and runs stay. */
    hide: oc.input(study).output(z.void()),
    restore: oc.input(study).output(z.void()),
    /** Adds files to the study of new scans, which is made with the first that can be used; `null`: there is none yet. */
    addScans: oc
      .input(z.object({ paths: z.array(z.string()).min(1) }))
      .output(z.object({ study: z.int().nullable(), volumes: z.array(z.int()), skipped: z.array(SkippedFile) })),
    removeScan: oc.input(z.object({ volume: z.int() })).output(z.void()),
  },
  catalogue: oc.output(Catalogue),
  /** A user's own recipes. */
  recipes: {
    list: oc.output(z.array(NamedRecipe)),
    /** Saves over the own recipe of that id, or as a new one. */
    save: oc
      .input(z.object({ id: z.string().optional(), name: NamedRecipe.shape.name, settings: RecipeSettings }))
      .output(NamedRecipe),
    hide: oc.input(z.object({ id: z.string() })).output(z.void()),
    restore: oc.input(z.object({ id: z.string() })).output(z.void()),
  },
  /** The original work reproduced on a study. */
  reproductions: {
    list: oc.output(z.array(Reproduction)),
    start: oc.input(ReproductionRequest).output(Reproduction),
    /** Goes on where it was; rows that are there are not computed again. */
    resume: oc.input(z.object({ id: z.int() })).output(z.void()),
    stop: oc.input(z.object({ id: z.int() })).output(z.void()),
    /** What there is so far. */
    report: oc.input(z.object({ id: z.int() })).output(ReproductionReport),
    /** Figures as SVG, from the same code as the report's page. */
    figures: oc
      .input(z.object({ id: z.int() }))
      .output(z.array(z.object({ name: z.string(), title: z.string(), svg: z.string() }))),
    /** Writes the page (HTML), the JSON, the Markdown and the figures: into a folder of the host, or as a zip for the browser. */
    save: oc
      .input(z.object({ id: z.int(), folder: z.string().optional() }))
      .output(z.object({ path: z.string(), name: z.string() })),
  },
  runs: {
    list: oc.output(z.array(RunView)),
    get: oc.input(run).output(RunDetail),
    start: oc.input(StartRequest).output(ids),
    /** The views that a pre-training would begin with; nothing is trained. */
    views: oc.input(StartRequest).output(Views),
    /** Names of the layers of a run's network, for `featuresPath`. */
    layers: oc.input(run).output(z.array(z.string())),
    /**
     * Fine-tunes a run's kept weights, or those of a milestone (`epoch`), with the fine-tuning recipe; `control`: its same-seed control
     * too.
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
    /** The same configuration again, from the same start; with another batch where one is given (see `suggestion`). */
    again: oc
      .input(run.extend({ batch: z.int().min(1).optional(), accumulate: z.int().min(1).optional() }))
      .output(ids),
    /** Finishes its step, writes its state and lets the next one begin. It reads `running` until then. */
    pause: oc.input(run).output(z.void()),
    /** Queues it again where it was. */
    resume: oc.input(run).output(z.void()),
    /** Puts a run that waits before another one that waits; `null`: at the end. */
    move: oc.input(run.extend({ before: z.string().nullable() })).output(z.void()),
    /** Like `pause`, but for good: its weights and its state stay. */
    cancel: oc.input(run).output(z.void()),
    hide: oc.input(run).output(z.void()),
    restore: oc.input(run).output(z.void()),
    importCheckpoint: oc.input(study.extend({ path: z.string() })).output(run),
  },
  /** A volume's score for one source, over all its slices, and its protocol. `null` where there is nothing to score against. */
  score: oc
    .input(z.object({ volume: z.int(), source: FrameSource, mask: MaskSpec, seed: MaskSeed.default(null) }))
    .output(z.object({ score: FrameScore, protocol: Protocol }).nullable()),
  /**
   * Writes a volume, or one slice of it, as a file. `path`: where (the desktop's save dialog), with the ending of `exportEnding`; else it is
   * for `downloadPath(name)`. A volume as DICOM is a new folder at `path`, and a zip for the browser.
   */
  save: oc
    .input(
      z.object({
        volume: z.int(),
        source: FrameSource,
        mask: MaskSpec,
        seed: MaskSeed.default(null),
        format: ExportFormat.default('hdf5'),
        /** Counted from 0; `null`: the volume. */
        slice: z.int().nullable().default(null),
        path: z.string().optional(),
        /** The user was asked whether a file at `path` may be replaced, and agreed. A raw scan is never replaced. */
        replace: z.boolean().default(false),
      }),
    )
    .output(work(z.object({ path: z.string(), name: z.string() }))),
  /** Writes the viewer's comparison as a figure for print; `path`: where, else for `downloadPath(name)`. */
  figure: oc.input(FigureRequest).output(work(z.object({ path: z.string(), name: z.string() }))),
}
