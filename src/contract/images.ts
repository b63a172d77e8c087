/**
 * Images for the panes. The body is raw little-endian float32; a pixel without a value is NaN.
 * One header carries everything else.
 */
import { z } from 'zod'
import { CLASSICAL_SOURCE } from './classical.ts'
import { type MaskSpec, Metrics } from './evaluation.ts'
import { type Given, givesKspace } from './networks.ts'
import { Tiles } from './tiles.ts'

/** `zero-filled`, `truth`, `run:ID`, or a classical method: what a pane shows of a slice. */
export const FrameSource = z.string().regex(new RegExp(`^(?:zero-filled|truth|run:\\d+)$|${CLASSICAL_SOURCE.source}`))

/**
 * What a pane shows of a source:
 *   image     magnitude, in the source's units,
 *   ssim      SSIM of the 7 × 7 window around each pixel, against the ground truth,
 *   k-space   log10 of the magnitude of k-space: of one coil, or the root of the sum of squares over coils,
 *   phase     phase of one coil's complex image, or of a network's complex image, radians,
 *   mask      the measured samples of k-space, 1 or 0,
 *   residual  |M(F x̂ − y)|, log10: distance of the image x̂, or of the network's own k-space, from the measurement y,
 *   mean, spread  mean and spread of each pixel over `SPREAD_SEEDS` mask seeds,
 *   feature   one channel of a layer of the run's network,
 *   cascade   the image after a cascade of the run's network, in the source's units,
 *   coils     magnitudes of all coils' images, side by side,
 *   maps      coil maps, magnitude and phase: of one coil, or of all coils side by side. Of a run: the network's maps,
 *   eigenvalues  ESPIRiT's eigenvalue of each pixel: near 1 where one set of coil maps explains the data.
 */
export const SHOWS = [
  'image',
  'ssim',
  'k-space',
  'phase',
  'mask',
  'residual',
  'mean',
  'spread',
  'feature',
  'cascade',
  'coils',
  'maps',
  'eigenvalues',
] as const
export type Show = (typeof SHOWS)[number]

/** Whether its pixels are samples of k-space. Parts, regions and directions of the image do not apply to k-space. */
export const isOfKspace = (show: string): boolean => show === 'k-space' || show === 'mask' || show === 'residual'

/** Whether it is computed of the source's image. For one coil: of that coil's k-space. */
export const isMadeOfImage = ({ show, coil }: { readonly show: Show; readonly coil: number | null }): boolean =>
  coil === null && (show === 'image' || show === 'ssim' || show === 'k-space' || show === 'residual')

/** Whether it is shown only of volumes with several coils. */
export const needsCoils = (show: string): boolean => show === 'coils' || show === 'maps' || show === 'eigenvalues'

/**
 * Whether one coil of a source can be shown. Images of networks and of the ground truth combine all coils.
 * `gives`: of a run's network.
 */
export function hasCoils(source: string, show: string, gives: readonly Given[] = []): boolean {
  const measured = source === 'zero-filled' || source === 'truth'
  if (show === 'k-space' || show === 'phase') return measured || givesKspace(gives)
  if (show === 'maps') return measured || gives.includes('maps')
  return show === 'image' && source === 'zero-filled'
}

/** Whether it can be compared with the ground truth pixel by pixel. */
export const isCompared = (show: string): boolean => show === 'image' || show === 'mean' || show === 'cascade'

/** Shown over several masks. All others are shown for one mask. */
export type OverMasks = Extract<Show, 'mean' | 'spread'>

/** `mean` and `spread` are computed over masks with the seeds 0 to `SPREAD_SEEDS` − 1. */
export const SPREAD_SEEDS = 8

/** Header of an image response that carries its `FrameMeta` as JSON. */
export const FRAME_HEADER = 'x-frame'

/** Metrics of one slice against the ground truth. An infinite or undefined value is `null`. */
export const SliceMetrics = z.object({
  ssim: z.number().nullable(),
  psnr: z.number().nullable(),
  nmse: z.number().nullable(),
  /** Without air, see `Protocol`. */
  foreground: z.object({ ssim: z.number().nullable(), nmse: z.number().nullable() }),
})
export type SliceMetrics = z.infer<typeof SliceMetrics>

export const FrameMeta = z.object({
  /** [height, width] */
  shape: z.tuple([z.int(), z.int()]),
  show: z.enum(SHOWS),
  /**
   * `signal`: units of the file's k-space. `log`: log10 of these units.
   * `arbitrary`: a feature, or the output of a pre-trained network. No metric is computed of such an output.
   * `share`: 1 for a measured sample of k-space, otherwise 0; a coil map; an eigenvalue.
   */
  units: z.enum(['signal', 'arbitrary', 'ssim', 'log', 'radians', 'share']),
  /** mm [down, right]. Absent if unknown, and for k-space and features. */
  pixelSize: z.tuple([z.number(), z.number()]).optional(),
  /**
   * What a second number of each pixel says. The body is then [2, h, w], and the second numbers follow the first.
   * `phase`: radians. `mark`: 1 for a pixel that the note is about, otherwise 0.
   */
  second: z.enum(['phase', 'mark']).optional(),
  /** If images of several coils are side by side. Pixels between them have no value. */
  tiles: Tiles.optional(),
  /** What explains the image. `null` if the image's name says enough. */
  note: z.string().nullable(),
  /** What may spoil the image. Absent if nothing is known. */
  cautions: z.array(z.string()).optional(),
  /** Minimum and maximum over pixels that have a value. */
  minimum: z.number(),
  maximum: z.number(),
  /** Maximum of the ground truth over the volume, the data range of metrics. `null` without ground truth. */
  volumeMaximum: z.number().nullable(),
  /** Absent while the metrics are computed. `null` if no metric applies. */
  metrics: SliceMetrics.nullable().optional(),
  /**
   * One character for each column: `1` measured, `0` not measured.
   * Empty over several masks, for masks of rows or points, and for the ground truth unless its residual is shown.
   */
  mask: z.string(),
  /** Samples over measured samples. Over several masks: the mean. `null` without a mask. */
  acceleration: z.number().nullable(),
  /**
   * `value`: ‖M(F x̂ − y)‖ / ‖M y‖ of a `residual`. `ofKspace`: of the network's own k-space in place of F x̂.
   * `floor`: this quotient for the magnitude of the ground truth. `null` without ground truth.
   */
  residual: z
    .object({ value: z.number(), floor: z.number().nullable(), ofKspace: z.literal(true).optional() })
    .nullable(),
  /**
   * Of a `cascade`: which one is shown, and the SSIM of this slice for the input's image and after each cascade.
   * `null`: no metric applies.
   */
  cascades: z.object({ at: z.int(), ssim: z.array(z.number().nullable()).nullable() }).optional(),
})
export type FrameMeta = z.infer<typeof FrameMeta>

/** A volume's score in the viewer, over all slices. Equal to the score of `evaluate`. */
export const FrameScore = Metrics.extend({
  foreground: Metrics,
  acceleration: z.number(),
  /** See `VolumeScore`. */
  measurableAcceleration: z.number().optional(),
  slices: z.int(),
})
export type FrameScore = z.infer<typeof FrameScore>

/** Largest number of images in one request. */
const MOST_FRAMES = 64

export interface FrameOptions {
  /** Separates entries of caches, because a run's weights change while the run trains. */
  readonly version?: string
  readonly show?: Show
  /** Seed of the mask. `null`: the file's name is the seed. */
  readonly seed?: number | null
  /** The layer of a `feature`. */
  readonly layer?: string
  /** The channel of a `feature`, counted from 0. */
  readonly channel?: number
  /** Of a `cascade`: 0 is the network's input. `null`: the last, which is the network's image. */
  readonly cascade?: number | null
  /** Counted from 0. `null`: all coils, combined by the root of the sum of squares. See `hasCoils`. */
  readonly coil?: number | null
}

/** `kind=random&acceleration=4&center=0.08`, and `pairs=8/0.04` or `file=PATH&sha256=HASH` */
const maskQuery = ({ kind, acceleration, centerFraction, alternatives, file }: MaskSpec): string =>
  [
    `kind=${kind}&acceleration=${acceleration}&center=${centerFraction}`,
    alternatives && `pairs=${alternatives.map(pair => `${pair.acceleration}/${pair.centerFraction}`).join()}`,
    file && `file=${encodeURIComponent(file.path)}&sha256=${file.sha256}`,
  ]
    .filter(Boolean)
    .join('&')

const seedQuery = (seed: number | null) => seed !== null && `seed=${seed}`

/** Path and query of a slice's image. The query omits default values. */
export function framePath(
  volume: number,
  slice: number,
  source: string,
  mask: MaskSpec,
  {
    version = '',
    show = 'image',
    seed = null,
    layer = '',
    channel = 0,
    cascade = null,
    coil = null,
  }: FrameOptions = {},
): string {
  const asked = [
    maskQuery(mask),
    version && `version=${version}`,
    show !== 'image' && `show=${show}`,
    seedQuery(seed),
    show === 'feature' && `layer=${encodeURIComponent(layer)}&channel=${channel}`,
    show === 'cascade' && cascade !== null && `cascade=${cascade}`,
    coil !== null && `coil=${coil}`,
  ]
  return `/frames/${volume}/${slice}/${source}?${asked.filter(Boolean).join('&')}`
}

/** The source of a path from `framePath`. */
export const sourceOfPath = (path: string): string => path.split('?')[0].split('/').at(-1)!

/** Path for a request of several images, by `POST`. */
export const FRAMES_PATH = '/frames'

export const FramesRequest = z.object({
  /** Paths of images from `framePath`. Each image is sent as soon as it is ready, then the metrics follow. */
  frames: z.array(z.string()).max(MOST_FRAMES),
  /** Paths of images that the window already has. Only the metrics are sent. */
  metrics: z.array(z.string()).max(MOST_FRAMES),
})
export type FramesRequest = z.infer<typeof FramesRequest>

/**
 * A part of the answer. Order of its bytes: two little-endian uint32, this object as JSON, float32 pixels of the image.
 * The two numbers are the length of the JSON and the length of the pixels, in bytes.
 */
export const FramesPart = z.object({
  path: z.string(),
  meta: FrameMeta.optional(),
  metrics: SliceMetrics.nullable().optional(),
  /** Iterations of a classical method: the image follows. */
  progress: z.object({ done: z.number(), total: z.number() }).optional(),
  error: z.object({ code: z.string(), message: z.string() }).optional(),
})
export type FramesPart = z.infer<typeof FramesPart>

/**
 * Path of a volume's picture in lists: the middle slice, at most `THUMBNAIL` × `THUMBNAIL` pixels.
 * The picture shows the ground truth. Without ground truth it shows the zero-filled image.
 */
export const thumbnailPath = (volume: number): string => `/thumbnails/${volume}`
export const THUMBNAIL = 64

/**
 * Header of a layer's feature maps. The body is float32 [count, height, width].
 * The body holds the first `count` of `channels` maps.
 */
export const FeatureMeta = z.object({
  shape: z.tuple([z.int(), z.int()]),
  count: z.int(),
  channels: z.int(),
  /** Minimum and maximum over the maps in the body. */
  minimum: z.number(),
  maximum: z.number(),
})
export type FeatureMeta = z.infer<typeof FeatureMeta>
/** Largest number of maps in one answer. */
export const MOST_FEATURES = 64

/**
 * Path and query of a layer's feature maps: one slice, through a run's network.
 * @param seed seed of the mask; `null`: the file's name is the seed
 */
export const featuresPath = (
  volume: number,
  slice: number,
  run: string,
  layer: string,
  mask: MaskSpec,
  seed: number | null = null,
): string => {
  const query = [maskQuery(mask), seedQuery(seed)].filter(Boolean).join('&')
  return `/features/${volume}/${slice}/${run}/${encodeURIComponent(layer)}?${query}`
}

/** Path of a run's fixed validation slice, reconstructed with the weights after an epoch. */
export const previewPath = (run: string, epoch: number): string => `/previews/${run}/${epoch}`

/** Path for the upload of a dropped file. `batch`: one id per drop. `path`: the file's path within the drop. */
export const uploadPath = (batch: string, path: string): string =>
  `/uploads/${batch}/${path.split('/').map(encodeURIComponent).join('/')}`

/** Path of a file that the host wrote for the browser. */
export const downloadPath = (name: string): string => `/downloads/${encodeURIComponent(name)}`
