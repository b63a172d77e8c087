/** Images on their way to a pane: raw little-endian float32 in the body, everything else in one header. */
import { z } from 'zod'
import { type MaskSpec, Metrics } from './evaluation.ts'

/** `zero-filled`, `truth`, or `run:ID`: what a pane shows of a slice. */
export const FrameSource = z.string().regex(/^(?:zero-filled|truth|run:\d+)$/)

/** Header of an image response that carries its `FrameMeta` as JSON. */
export const FRAME_HEADER = 'x-frame'

export const FrameMeta = z.object({
  /** [height, width] */
  shape: z.tuple([z.int(), z.int()]),
  /** `signal`: units of the file's k-space. `arbitrary`: a pre-trained network's output, which no metric fits. */
  units: z.enum(['signal', 'arbitrary']),
  minimum: z.number(),
  maximum: z.number(),
  /** Maximum of the ground truth over the volume: the data range of metrics; `null` without ground truth. */
  volumeMaximum: z.number().nullable(),
  /** Of this slice, against the ground truth; a value may be infinite or undefined, which is `null`. */
  metrics: z
    .object({ ssim: z.number().nullable(), psnr: z.number().nullable(), nmse: z.number().nullable() })
    .nullable(),
  /** Which columns were measured, one character each: `1` or `0`. Empty for the ground truth. */
  mask: z.string(),
  /** Columns over measured columns; `null` for the ground truth. */
  acceleration: z.number().nullable(),
})
export type FrameMeta = z.infer<typeof FrameMeta>

/** A volume's score in the viewer: over all its slices, as `evaluate` gives it. */
export const FrameScore = Metrics.extend({ acceleration: z.number(), slices: z.int() })
export type FrameScore = z.infer<typeof FrameScore>

/** Path and query of a slice's image. `version` only keeps caches apart: a run's weights change while it trains. */
export function framePath(volume: number, slice: number, source: string, mask: MaskSpec, version = ''): string {
  const query = `kind=${mask.kind}&acceleration=${mask.acceleration}&center=${mask.centerFraction}`
  return `/frames/${volume}/${slice}/${source}?${query}${version && `&version=${version}`}`
}

/** A volume's picture in lists: middle slice, ground truth where there is one, else zero-filled; `THUMBNAIL` pixels square at most. */
export const thumbnailPath = (volume: number): string => `/thumbnails/${volume}`
export const THUMBNAIL = 64

/** Header of the feature maps of a layer: the body is float32 [count, height, width], the first `count` of `channels`. */
export const FeatureMeta = z.object({
  shape: z.tuple([z.int(), z.int()]),
  count: z.int(),
  channels: z.int(),
  /** Over the maps that came. */
  minimum: z.number(),
  maximum: z.number(),
})
export type FeatureMeta = z.infer<typeof FeatureMeta>
/** Maps that one answer holds at most. */
export const MOST_FEATURES = 64

/** Path and query of a layer's feature maps for one slice through a run's network. */
export const featuresPath = (volume: number, slice: number, run: string, layer: string, mask: MaskSpec): string =>
  `/features/${volume}/${slice}/${run}/${encodeURIComponent(layer)}?kind=${mask.kind}&acceleration=${mask.acceleration}&center=${mask.centerFraction}`

/** What a run's weights made of its fixed validation slice after an epoch. */
export const previewPath = (run: string, epoch: number): string => `/previews/${run}/${epoch}`

/** Where a browser puts a dropped file: one batch a drop, the file's path within it kept. */
export const uploadPath = (batch: string, path: string): string =>
  `/uploads/${batch}/${path.split('/').map(encodeURIComponent).join('/')}`

/** A file that the host wrote for the browser to fetch. */
export const downloadPath = (name: string): string => `/downloads/${encodeURIComponent(name)}`
