/** Images on their way to a pane: raw little-endian float32 in the body, NaN where a pixel has no value, everything else in one header. */
import { z } from 'zod'
import { type MaskSpec, Metrics } from './evaluation.ts'

/** `zero-filled`, `truth`, or `run:ID`: what a pane shows of a slice. */
export const FrameSource = z.string().regex(/^(?:zero-filled|truth|run:\d+)$/)

/**
 * What a pane shows of a source:
 *   image     magnitude, the source's own units,
 *   ssim      SSIM of the 7 × 7 window around each pixel, against the ground truth,
 *   k-space   log10 of its magnitude,
 *   phase     of the complex image, radians,
 *   mask      the measured columns over the grid of k-space, 1 or 0,
 *   residual  |M(F x̂ − y)|, log10: how far from the measurement,
 *   mean, spread  of each pixel over `SPREAD_SEEDS` mask seeds,
 *   feature   one channel of a layer of the run's network.
 */
export const SHOWS = ['image', 'ssim', 'k-space', 'phase', 'mask', 'residual', 'mean', 'spread', 'feature'] as const
export type Show = (typeof SHOWS)[number]

/** Whether it lies in k-space, not in the image: parts, regions and directions of the image mean nothing there. */
export const isOfKspace = (show: string): boolean => show === 'k-space' || show === 'mask' || show === 'residual'

/** Whether it is compared with the ground truth pixel by pixel. */
export const isCompared = (show: Show): boolean => show === 'image' || show === 'mean'

/** What is shown of several masks; everything else is of one. */
export type OverMasks = Extract<Show, 'mean' | 'spread'>

/** `mean` and `spread` are over masks from seeds 0 … this − 1. */
export const SPREAD_SEEDS = 8

/** Header of an image response that carries its `FrameMeta` as JSON. */
export const FRAME_HEADER = 'x-frame'

/** Of one slice, against the ground truth; a value may be infinite or undefined, which is `null`. */
export const SliceMetrics = z.object({
  ssim: z.number().nullable(),
  psnr: z.number().nullable(),
  nmse: z.number().nullable(),
})
export type SliceMetrics = z.infer<typeof SliceMetrics>

export const FrameMeta = z.object({
  /** [height, width] */
  shape: z.tuple([z.int(), z.int()]),
  show: z.enum(SHOWS),
  /**
   * `signal`: units of the file's k-space. `arbitrary`: a pre-trained network's output, which no metric fits, or a feature. `log`: log10 of
   * the k-space's units. `share`: of measuring, 0 to 1.
   */
  units: z.enum(['signal', 'arbitrary', 'ssim', 'log', 'radians', 'share']),
  /** mm [down, right]; absent where it is not known, and of what is no image (k-space, features). */
  pixelSize: z.tuple([z.number(), z.number()]).optional(),
  /** One sentence on what the image is, where its name does not say it all. */
  note: z.string().nullable(),
  /** Over pixels that have a value. */
  minimum: z.number(),
  maximum: z.number(),
  /** Maximum of the ground truth over the volume: the data range of metrics; `null` without ground truth. */
  volumeMaximum: z.number().nullable(),
  /** Absent where they are still to come; `null` where none fit. */
  metrics: SliceMetrics.nullable().optional(),
  /** Which columns were measured, one character each: `1` or `0`. Empty for the ground truth, unless its residual is shown, and over several masks. */
  mask: z.string(),
  /** Columns over measured columns, the mean over several masks; `null` without a mask. */
  acceleration: z.number().nullable(),
  /** ‖M(F x̂ − y)‖ / ‖M y‖ of a `residual`; `floor`: of the ground truth's magnitude treated the same way, `null` without one. */
  residual: z.object({ value: z.number(), floor: z.number().nullable() }).nullable(),
})
export type FrameMeta = z.infer<typeof FrameMeta>

/** A volume's score in the viewer: over all its slices, as `evaluate` gives it. */
export const FrameScore = Metrics.extend({ acceleration: z.number(), slices: z.int() })
export type FrameScore = z.infer<typeof FrameScore>

/** Images that one request asks for at most. */
const MOST_FRAMES = 64

export interface FrameOptions {
  /** Only keeps caches apart: a run's weights change while it trains. */
  readonly version?: string
  readonly show?: Show
  /** Of the mask; `null`: seeded by the file's name. */
  readonly seed?: number | null
  /** Of a `feature`. */
  readonly layer?: string
  /** Of a `feature`, counted from 0. */
  readonly channel?: number
}

const maskQuery = (mask: MaskSpec) =>
  `kind=${mask.kind}&acceleration=${mask.acceleration}&center=${mask.centerFraction}`

const seedQuery = (seed: number | null) => seed !== null && `seed=${seed}`

/** Path and query of a slice's image; what is as by default is not in it. */
export function framePath(
  volume: number,
  slice: number,
  source: string,
  mask: MaskSpec,
  { version = '', show = 'image', seed = null, layer = '', channel = 0 }: FrameOptions = {},
): string {
  const asked = [
    maskQuery(mask),
    version && `version=${version}`,
    show !== 'image' && `show=${show}`,
    seedQuery(seed),
    show === 'feature' && `layer=${encodeURIComponent(layer)}&channel=${channel}`,
  ]
  return `/frames/${volume}/${slice}/${source}?${asked.filter(Boolean).join('&')}`
}

/** Where several images are asked for at once, by `POST`. */
export const FRAMES_PATH = '/frames'

export const FramesRequest = z.object({
  /** Of images, as `framePath` gives them: each comes as soon as it is there, then their metrics. */
  frames: z.array(z.string()).max(MOST_FRAMES),
  /** Of images that are there already: their metrics alone. */
  metrics: z.array(z.string()).max(MOST_FRAMES),
})
export type FramesRequest = z.infer<typeof FramesRequest>

/**
 * A part of the answer: two little-endian uint32, which are the bytes of this as JSON and of the float32 pixels of `meta`'s image; then
 * these two.
 */
export const FramesPart = z.object({
  path: z.string(),
  meta: FrameMeta.optional(),
  metrics: SliceMetrics.nullable().optional(),
  error: z.object({ code: z.string(), message: z.string() }).optional(),
})
export type FramesPart = z.infer<typeof FramesPart>

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

/** Path and query of a layer's feature maps for one slice through a run's network; `seed` of the mask, `null`: the file's name. */
export const featuresPath = (
  volume: number,
  slice: number,
  run: string,
  layer: string,
  mask: MaskSpec,
  seed: number | null = null,
): string =>
  `/features/${volume}/${slice}/${run}/${encodeURIComponent(layer)}?${[maskQuery(mask), seedQuery(seed)].filter(Boolean).join('&')}`

/** What a run's weights made of its fixed validation slice after an epoch. */
export const previewPath = (run: string, epoch: number): string => `/previews/${run}/${epoch}`

/** Where a browser puts a dropped file: one batch a drop, the file's path within it kept. */
export const uploadPath = (batch: string, path: string): string =>
  `/uploads/${batch}/${path.split('/').map(encodeURIComponent).join('/')}`

/** A file that the host wrote for the browser to fetch. */
export const downloadPath = (name: string): string => `/downloads/${encodeURIComponent(name)}`
