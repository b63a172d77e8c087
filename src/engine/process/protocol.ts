/** What an engine process is asked and answers, over `channel.ts`; arrays travel as binary. */
import type { Device, EngineHealth } from '../../contract/engine.ts'
import type { MaskSpec, VolumeScore } from '../../contract/evaluation.ts'
import type { ExportFormat } from '../../contract/exports.ts'
import type { FrameMeta, OverMasks, Show, SliceMetrics } from '../../contract/images.ts'
import type { Note } from '../../contract/notes.ts'
import type { RunConfig, TrainingEvent } from '../../contract/runs.ts'
import type { TrainingSummary } from '../../contract/training-summary.ts'
import type { Role, SkippedFile, VolumeContent, VolumeInfo } from '../../contract/volumes.ts'
import type { EvaluationSettings } from '../../core/evaluate.ts'
import type { Voxel } from '../../core/mri/phantom/index.ts'
import type { Picture } from '../../core/ssl/pictures.ts'
import type { Features } from '../../core/viewing/features.ts'
import type { ScannedVolume } from '../files/volumes.ts'
import type { Failure } from './failure.ts'

/** File descriptor of the pipe to the parent, in an engine process. */
export const CHANNEL = 3

/** A trained network on disk. */
export interface ModelReference {
  readonly network: string
  readonly networkConfig: unknown
  readonly checkpoint: string
}

/**
 * A volume's file. Where its content is given, opening the file is refused (`DATA_CHANGED`) if the file is not the version that was read;
 * else the whole file is read first.
 */
export interface VolumeFile {
  readonly path: string
  readonly content?: VolumeContent
}

/** A file, and the hash of what was written into it. */
export interface WrittenFile {
  readonly path: string
  readonly sha256: string
}

export interface TrainRequest {
  readonly run: string
  readonly config: RunConfig
  readonly train: readonly VolumeInfo[]
  readonly validation: readonly VolumeInfo[]
  /** Checkpoint whose network weights are the start; `null`: drawn from the seed. */
  readonly start: string | null
  /** States to go on from instead, newest first: the first one that is whole is taken. */
  readonly states: readonly WrittenFile[]
  /** Folder for the run's checkpoints. */
  readonly directory: string
  readonly notes: readonly Note[]
}

export interface Progress {
  readonly done: number
  readonly total: number
  readonly label: string
}

/** The synthetic knee study to write. */
export interface SyntheticKneeSpec {
  readonly directory: string
  readonly seed: number
  /** Patients of each role. */
  readonly patients: Readonly<Record<Role, number>>
  /** Slices of each volume; every patient has a PD and a PDFS volume, as fastMRI's knees do. */
  readonly slices: number
  /** Side of a voxel, in fastMRI's (640 × 372 samples); 1 where it is left out. */
  readonly voxel?: Voxel
  /** As of a `ReconstructRequest`. */
  readonly overwrite?: boolean
}

/** Reconstructions to be written, a file (DICOM: a folder) for each volume. */
export interface ReconstructRequest {
  readonly files: readonly VolumeFile[]
  readonly salt: string
  readonly source: 'truth' | 'network'
  /** `null`: zero-filled. */
  readonly model: ModelReference | null
  readonly mask: MaskSpec
  /** Of the mask; `null`: seeded by the file's name. */
  readonly seed: number | null
  /** Counted from 0; `null`: all. */
  readonly slice: number | null
  readonly format: ExportFormat
  readonly directory: string
  /** Replaces the program's own files of these names that nobody has changed; nothing else is ever replaced. */
  readonly overwrite?: boolean
  /** What the name of the one file begins with, where not the scan’s. */
  readonly stem?: string
  /** What the files say of it: a run's number, `zero-filled` or `truth`; its weights' SHA-256; the units of its output. */
  readonly run: string
  readonly checkpoint: string | null
  readonly units: 'signal' | 'arbitrary'
}

/** Where a reconstruction went, or why a file has none. */
export type Reconstructed =
  /** `empty`: slices, counted from 0, whose image is zero because the file holds nothing of them. */
  | { readonly path: string; readonly output: string; readonly empty: readonly number[] }
  | { readonly path: string; readonly reason: string }

/** One slice through several models, for looking at side by side; images [h, w] in the units of the file. */
export interface Comparison {
  readonly shape: readonly [number, number]
  readonly truth: Float32Array | null
  /** One per model, `null` model first being the zero-filled input. */
  readonly images: readonly Float32Array[]
  readonly maximum: number
}

/** One image for a pane; `null` model: zero-filled. */
export interface FrameRequest extends VolumeFile {
  readonly salt: string
  readonly slice: number
  readonly mask: MaskSpec
  readonly source: 'truth' | 'network'
  readonly model: ModelReference | null
  /** A pre-training's output is in arbitrary units: no metric is computed. */
  readonly scored: boolean
  readonly show: Exclude<Show, OverMasks>
  /** Of the mask; `null`: the file's name. */
  readonly seed: number | null
  /** Of a `feature`; the channel counted from 0. */
  readonly layer: string
  readonly channel: number
}

export interface Frame {
  /** [h, w], row-major. */
  readonly image: Float32Array
  readonly meta: FrameMeta
}

/** An 8-bit picture for lists, black at 0 and white at its 99.5th percentile, row-major. */
export interface Thumbnail {
  readonly shape: readonly [number, number]
  readonly pixels: Uint8Array
}

/** A layer's feature maps for one slice. */
export interface FeaturesRequest extends VolumeFile {
  readonly salt: string
  readonly slice: number
  readonly mask: MaskSpec
  /** Of the mask; `null`: the file's name. */
  readonly seed: number | null
  readonly model: ModelReference
  readonly layer: string
  /** Maps at most. */
  readonly most: number
}

/** What the first batch of a pre-training would be. */
export interface BatchViews {
  readonly samples: readonly { readonly name: string; readonly pictures: readonly Picture[] }[]
  /** What is wrong with the pictures, in words. */
  readonly cautions: readonly string[]
}

/** One file's whole content: the volume as it is now, or why it cannot be used. */
export type ReadContent = { readonly path: string } & (
  | { readonly volume: VolumeInfo & { readonly content: VolumeContent } }
  | { readonly reason: string }
)

/** Every call: its parameters, the events on the way, and its result. */
export interface Calls {
  scan: {
    params: { paths: readonly string[]; salt: string }
    event: Progress
    result: { volumes: readonly ScannedVolume[]; skipped: readonly SkippedFile[] }
  }
  /** Reads each file once, from end to end; a file that cannot be used is told with its reason. `bytes` of progress, not files. */
  contents: {
    params: { paths: readonly string[]; salt: string }
    event:
      | { readonly type: 'bytes'; readonly path: string; readonly read: number }
      | ({ readonly type: 'file' } & ReadContent)
    result: Record<string, never>
  }
  train: { params: TrainRequest; event: TrainingEvent; result: TrainingSummary }
  evaluate: {
    params: { files: readonly VolumeFile[]; salt: string; model: ModelReference | null; settings: EvaluationSettings }
    event: Progress
    result: { volumes: readonly VolumeScore[]; skipped: readonly SkippedFile[] }
  }
  reconstruct: { params: ReconstructRequest; event: Progress; result: readonly Reconstructed[] }
  compare: {
    params: VolumeFile & { salt: string; slice: number; mask: MaskSpec; models: readonly (ModelReference | null)[] }
    event: never
    result: Comparison
  }
  /** Without its metrics, which take as long again: `metrics` gives them. */
  frame: { params: FrameRequest; event: never; result: Frame }
  metrics: { params: FrameRequest; event: never; result: SliceMetrics | null }
  overMasks: { params: Omit<FrameRequest, 'show' | 'seed'>; event: never; result: Readonly<Record<OverMasks, Frame>> }
  thumbnail: { params: VolumeFile & { salt: string; mask: MaskSpec; size: number }; event: never; result: Thumbnail }
  features: { params: FeaturesRequest; event: never; result: Features }
  views: { params: Pick<TrainRequest, 'config' | 'train'>; event: never; result: BatchViews }
  /** Where it computes, and how much memory this process takes. */
  status: { params: Record<string, never>; event: never; result: { device: Device | null; residentBytes: number } }
  synthesize: { params: SyntheticKneeSpec; event: Progress; result: { files: readonly string[] } }
  doctor: { params: Record<string, never>; event: never; result: EngineHealth }
}

export type CallName = keyof Calls

export type ToEngine =
  | { readonly type: 'call'; readonly id: number; readonly name: CallName; readonly params: unknown }
  | { readonly type: 'cancel'; readonly id: number }
  /** The call stands still at its next pause while it is held. */
  | { readonly type: 'hold'; readonly id: number; readonly held: boolean }

export type FromEngine =
  | { readonly type: 'event'; readonly id: number; readonly event: unknown }
  | { readonly type: 'result'; readonly id: number; readonly result: unknown }
  | (Failure & { readonly type: 'error'; readonly id: number })
