/** Calls of an engine process and their answers, sent over `channel.ts`. Arrays are sent as binary. */
import type { ClassicalChoice } from '../../contract/classical.ts'
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
import type { TuningScore } from '../../core/tune.ts'
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

/** What makes images: a trained network, or a classical method. */
export type ReconstructorReference = ModelReference | ClassicalChoice

/**
 * A volume's file. If `content` is given, a file whose content differs is refused with `DATA_CHANGED`. Without
 * `content`, the whole file is read first.
 */
export interface VolumeFile {
  readonly path: string
  readonly content?: VolumeContent
}

/** A file, and the hash of the bytes that were written into it. */
export interface WrittenFile {
  readonly path: string
  readonly sha256: string
}

export interface TrainRequest {
  readonly run: string
  readonly config: RunConfig
  readonly train: readonly VolumeInfo[]
  readonly validation: readonly VolumeInfo[]
  /** Checkpoint with the initial network weights. `null`: the seed determines the weights. */
  readonly start: string | null
  /** Saved states, the newest first. Training continues from the first undamaged state, instead of `start`. */
  readonly states: readonly WrittenFile[]
  /** Folder for the run's checkpoints. */
  readonly directory: string
  readonly notes: readonly Note[]
  /** Scores that a job computes after its training. An engine of this machine ignores them. */
  readonly scores?: readonly ScoreAfter[]
}

/** A score of the weights that a training keeps. */
export interface ScoreAfter {
  /** The best weights, or the weights of a milestone: its epoch. */
  readonly weights: 'kept' | number
  readonly request: Omit<Calls['evaluate']['params'], 'reconstructor'>
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
  /** Slices of each volume. Every patient has a PD and a PDFS volume, as in fastMRI's knees. */
  readonly slices: number
  /** Side of a voxel, in units of fastMRI's voxels (640 × 372 samples). The default is 1. */
  readonly voxel?: Voxel
  /** Number of receive coils. The default is 1, and gives fastMRI's single-coil format. */
  readonly coils?: number
  /** See `overwrite` of `ReconstructRequest`. */
  readonly overwrite?: boolean
}

/** Reconstructions to write: one file per volume, or one folder for DICOM. */
export interface ReconstructRequest {
  readonly files: readonly VolumeFile[]
  readonly salt: string
  readonly source: 'truth' | 'network'
  /** `null`: zero-filled. */
  readonly reconstructor: ReconstructorReference | null
  readonly mask: MaskSpec
  /** Seed of the mask. `null`: the file's name is the seed. */
  readonly seed: number | null
  /** Counted from 0. `null`: all slices. */
  readonly slice: number | null
  readonly format: ExportFormat
  readonly directory: string
  /** Replaces files of these names that this program wrote and that are unchanged. Other files are never replaced. */
  readonly overwrite?: boolean
  /** Start of the output's file name if there is one file. The default is the scan's file name. */
  readonly stem?: string
  /**
   * Provenance that the files state: a run's number, `zero-filled`, `truth` or a classical source; SHA-256 of the
   * weights; units of the output.
   */
  readonly run: string
  readonly checkpoint: string | null
  readonly units: 'signal' | 'arbitrary'
}

/** The path of a reconstruction, or the reason why a file has none. */
export type Reconstructed =
  /**
   * `empty`: slices, counted from 0, whose image is zero because the file holds no data for them.
   * `remarks`: what the written file cannot hold, in words.
   */
  | {
      readonly path: string
      readonly output: string
      readonly empty: readonly number[]
      readonly remarks: readonly string[]
    }
  | { readonly path: string; readonly reason: string }

/** The path of a written file, or the reason why a volume has none. */
export type Exported =
  | { readonly path: string; readonly output: string }
  | { readonly path: string; readonly reason: string }

/** One slice by several reconstructors, for a comparison. Images are [h, w], in the units of the file. */
export interface Comparison {
  readonly shape: readonly [number, number]
  readonly truth: Float32Array | null
  /** One image per reconstructor. `null` gives the zero-filled image. */
  readonly images: readonly Float32Array[]
  readonly maximum: number
}

/** One image for a pane. A `null` reconstructor gives the zero-filled image. */
export interface FrameRequest extends VolumeFile {
  readonly salt: string
  readonly slice: number
  readonly mask: MaskSpec
  readonly source: 'truth' | 'network'
  readonly reconstructor: ReconstructorReference | null
  /** False for a pre-training, whose output has arbitrary units. No metric is computed then. */
  readonly scored: boolean
  readonly show: Exclude<Show, OverMasks>
  /** Seed of the mask. `null`: the file's name is the seed. */
  readonly seed: number | null
  /** Layer and channel of a `feature`. Channels are counted from 0. */
  readonly layer: string
  readonly channel: number
  /** Of a `cascade`, see `FrameOptions`. */
  readonly cascade: number | null
  /** Counted from 0. `null`: all coils, combined. */
  readonly coil: number | null
}

export interface Frame {
  /** [h, w], row-major. [2, h, w] with a second number of each pixel, see `FrameMeta`. */
  readonly image: Float32Array
  readonly meta: FrameMeta
}

/** An 8-bit picture for lists, row-major. Black is 0, and white is the 99.5th percentile. */
export interface Thumbnail {
  readonly shape: readonly [number, number]
  readonly pixels: Uint8Array
}

/** A layer's feature maps for one slice. */
export interface FeaturesRequest extends VolumeFile {
  readonly salt: string
  readonly slice: number
  readonly mask: MaskSpec
  /** Seed of the mask. `null`: the file's name is the seed. */
  readonly seed: number | null
  readonly model: ModelReference
  readonly layer: string
  /** The largest number of maps. */
  readonly most: number
}

/** The first batch of a pre-training. */
export interface BatchViews {
  readonly samples: readonly { readonly name: string; readonly pictures: readonly Picture[] }[]
  /** Faults of the pictures, in words. */
  readonly cautions: readonly string[]
}

/** The result of reading a whole file: the volume, or the reason why the file cannot be used. */
export type ReadContent = { readonly path: string } & (
  | { readonly volume: VolumeInfo & { readonly content: VolumeContent } }
  | { readonly reason: string }
)

/** Every call: its parameters, its events, and its result. */
export interface Calls {
  scan: {
    params: { paths: readonly string[]; salt: string }
    event: Progress
    result: { volumes: readonly ScannedVolume[]; skipped: readonly SkippedFile[] }
  }
  /**
   * Reads each whole file once. A `file` event gives the volume, or the reason against it. `bytes` events give the
   * progress.
   */
  contents: {
    params: { paths: readonly string[]; salt: string }
    event:
      | { readonly type: 'bytes'; readonly path: string; readonly read: number }
      | ({ readonly type: 'file' } & ReadContent)
    result: Record<string, never>
  }
  train: { params: TrainRequest; event: TrainingEvent; result: TrainingSummary }
  evaluate: {
    params: {
      files: readonly VolumeFile[]
      salt: string
      reconstructor: ReconstructorReference | null
      settings: EvaluationSettings
    }
    event: Progress
    result: { volumes: readonly VolumeScore[]; skipped: readonly SkippedFile[] }
  }
  /** Scores of one volume after each of the numbers of iterations (ascending), or why there are none. */
  tune: {
    params: {
      file: VolumeFile
      salt: string
      choice: ClassicalChoice
      iterations: readonly number[]
      settings: EvaluationSettings
    }
    event: Progress
    result: readonly TuningScore[] | { readonly reason: string }
  }
  reconstruct: { params: ReconstructRequest; event: Progress; result: readonly Reconstructed[] }
  /** Writes the k-space of each volume as fastMRI HDF5. */
  exportKspace: {
    params: { files: readonly VolumeFile[]; salt: string; directory: string; overwrite?: boolean }
    event: Progress
    result: readonly Exported[]
  }
  compare: {
    params: VolumeFile & {
      salt: string
      slice: number
      mask: MaskSpec
      reconstructors: readonly (ReconstructorReference | null)[]
    }
    event: never
    result: Comparison
  }
  /**
   * Gives the image without metrics, which `metrics` computes. The metrics take as long as the image. Events give the
   * iterations of a classical method.
   */
  frame: { params: FrameRequest; event: Progress; result: Frame }
  metrics: { params: FrameRequest; event: Progress; result: SliceMetrics | null }
  overMasks: {
    params: Omit<FrameRequest, 'show' | 'seed'>
    event: Progress
    result: Readonly<Record<OverMasks, Frame>>
  }
  thumbnail: { params: VolumeFile & { salt: string; mask: MaskSpec; size: number }; event: never; result: Thumbnail }
  features: { params: FeaturesRequest; event: never; result: Features }
  views: { params: Pick<TrainRequest, 'config' | 'train'>; event: never; result: BatchViews }
  /** The device that computes, and the memory of this process. */
  status: { params: Record<string, never>; event: never; result: { device: Device | null; residentBytes: number } }
  synthesize: { params: SyntheticKneeSpec; event: Progress; result: { files: readonly string[] } }
  doctor: { params: Record<string, never>; event: never; result: EngineHealth }
  /** Loads TensorFlow. */
  load: { params: Record<string, never>; event: never; result: Record<string, never> }
}

export type CallName = keyof Calls

export type ToEngine =
  | { readonly type: 'call'; readonly id: number; readonly name: CallName; readonly params: unknown }
  | { readonly type: 'cancel'; readonly id: number }
  /** A held call waits at its next pause. */
  | { readonly type: 'hold'; readonly id: number; readonly held: boolean }

export type FromEngine =
  | { readonly type: 'event'; readonly id: number; readonly event: unknown }
  | { readonly type: 'result'; readonly id: number; readonly result: unknown }
  | (Failure & { readonly type: 'error'; readonly id: number })
