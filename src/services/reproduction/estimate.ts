/** Estimates of the duration of trainings, before and during the trainings. */
import type { RunConfig } from '../../contract/runs.ts'
import { trainedNetwork } from '../../core/models/trained.ts'
import { stream } from '../../core/mri/random.ts'
import type { Sample, SslMethod } from '../../core/ssl/method.ts'
import { methodOf, networkOf } from '../runs/catalogue.ts'
import type { Sizes } from './folds.ts'
import { endOf, type Work } from './schedule.ts'

/** Seconds of a training step of U-Net-16 per pixel of a sample. Measured at 128 × 126 on two cores. */
const SECONDS_PER_PIXEL = 0.045 / (128 * 126)
/** Seconds per pixel of an image for reading, masking and transforming k-space of one coil. */
const PREPARATION_PER_PIXEL = 1e-7
/**
 * Seconds per k-space sample of further coils: for reading once, and for masking and transforming for each view.
 * From docs/performance.md, 15 coils of 640 × 372 on two threads: 13.5 ms from disk, 7.4 ms of it from memory.
 */
const [READING_PER_SAMPLE, TRANSFORM_PER_SAMPLE] = [1.7e-9, 2.1e-9]
/** Duration of a pass without gradient, divided by the duration of a training step. */
const FORWARD = 0.4
const PRETEXT_VALIDATIONS = 10
/** Growth of the cost with the number of channels. From the benchmark's U-Net-32 and U-Net-64. */
const CHANNEL_EXPONENT = 1.4

/** Duration of a network's step, divided by the step of a U-Net with as many channels. Measured of U-Net++. */
const networkCost = (network: string): number => (network === 'unet' ? 1 : 2.1)

const width = (channels: unknown) => (typeof channels === 'number' ? (channels / 16) ** CHANNEL_EXPONENT : 1)

type Settings = Readonly<Record<string, unknown>>

/**
 * Duration of a step per pixel of the whole field, divided by the step of U-Net-16 per pixel. Measured on two cores, at
 * 128 × 126 with one coil and at 320 × 186 with eight coils.
 */
const COSTS: Readonly<Record<string, (settings: Settings, coils: number) => number>> = {
  'complex-unet': ({ channels }) => 1 + width(channels),
  varnet: ({ cascades, channels, maps, mapChannels }, coils) =>
    1 + Number(cascades) * (0.8 * width(channels) + 0.03 * coils) + (maps === 'none' ? 0 : coils * width(mapChannels)),
  modl({ denoiser, blocks, channels, layers, iterations }, coils) {
    const denoising = denoiser === 'cnn' ? 0.2 * (Number(layers) / 5) * width(channels) : 0.8 * width(channels)
    return 1 + Number(blocks) * (denoising + 0.006 * Number(iterations) * coils)
  },
}

const stepCost = ({ network, networkConfig }: Pick<RunConfig, 'network' | 'networkConfig'>, coils: number): number =>
  COSTS[network]?.(networkConfig, coils) ?? networkCost(network) * width(networkConfig.channels)

const SIDE = 320

/** The views in a sample of a pretext. */
interface Views {
  readonly count: number
  /** Number of pixels that go through the network. `null`: the pixels of the slice. */
  readonly pixels: number | null
}

const known = new Map<string, Views>()

function viewsOf(id: string, methodConfig: unknown): Views {
  const key = JSON.stringify([id, methodConfig])
  const views = known.get(key) ?? countViews(methodOf(id), methodConfig)
  known.set(key, views)
  return views
}

function countViews(method: SslMethod, methodConfig: unknown): Views {
  const image = () => ({ planes: [new Float32Array(SIDE * SIDE)], shape: [SIDE, SIDE] as const })
  const random = () => stream(0, 'estimate')
  const sample: Sample = {
    view: image,
    measured: image,
    again: image,
    full: () => null,
    masked: image,
    random,
    instance: 0,
    place: null,
    rivals: [0],
    count: 1,
  }
  const pictures = Object.values(method.parts(methodConfig, sample)).filter(({ shape }) => shape.length > 2)
  const pixels = pictures.reduce((sum, { data }) => sum + data.length, 0)
  return { count: pictures.length, pixels: method.smallestView(methodConfig) === null ? null : pixels }
}

type Pretext = Pick<RunConfig, 'network' | 'networkConfig'> & {
  readonly method: string
  readonly methodConfig: unknown
}

/** Duration of a pretext's sample, in pixels that go through U-Net-16. */
export function pretextCost({ method, methodConfig, ...of }: Pretext, { pixels, fieldPixels, coils }: Sizes): number {
  const trained = trainedNetwork({ ...of, kind: 'pretrain' })
  const viewed = viewsOf(method, methodConfig).pixels ?? (takesField(trained) ? fieldPixels : pixels)
  return viewed * stepCost(trained, coils)
}

/** Number of samples in an epoch of a pretext. A method may draw several samples of a slice. */
export const pretextSamples = (method: string, methodConfig: unknown, { pretextSlices }: Sizes): number =>
  pretextSlices * (methodOf(method).instances?.(methodConfig) ?? 1)

/** Whether a network takes the whole field, and not the crop at which images are compared. */
const takesField = ({ network }: Pick<RunConfig, 'network'>): boolean => networkOf(network).takes !== 'magnitude'

/** Seconds of a training, validation included. */
export function estimateSeconds(config: RunConfig, sizes: Sizes): number {
  const { method, methodConfig, recipe } = config
  const trained = trainedNetwork(config)
  const perPixel = SECONDS_PER_PIXEL * stepCost(trained, sizes.coils)
  const views = method === null ? { count: 1, pixels: null } : viewsOf(method, methodConfig)
  const passed = perPixel * (views.pixels ?? (takesField(trained) ? sizes.fieldPixels : sizes.pixels))
  const coils = sizes.furtherSamples * (READING_PER_SAMPLE + views.count * TRANSFORM_PER_SAMPLE)
  const prepared = PREPARATION_PER_PIXEL * views.count * sizes.pixels + coils
  const perEpoch = method === null ? sizes.trainingSlices : pretextSamples(method, methodConfig, sizes)
  const samples = recipe.epochs * perEpoch
  const validations = method === null ? recipe.epochs : PRETEXT_VALIDATIONS
  return samples * (passed + prepared) + (FORWARD * passed + coils) * validations * sizes.validationSlices
}

export interface Timed {
  readonly kind: 'training' | 'classical'
  readonly key: string
  /** Keys of items that must finish before this item begins. */
  readonly needs: readonly string[]
  /** Whether the item has a place. */
  readonly goesOn: boolean
  /** Items of one group have one ratio of measured to estimated time. */
  readonly group: string
  readonly estimate: number
  /** Measured seconds. `null`: the item has not finished. */
  readonly seconds: number | null
  /** Finished share of an unfinished item, 0 to 1. */
  readonly done: number
  /** If only a share was measured: this share, and its seconds. */
  readonly measured?: { readonly seconds: number; readonly share: number }
}

interface Measured extends Pick<Timed, 'kind' | 'group' | 'estimate'> {
  readonly took: number
}

/** Measured and estimated seconds of what is like an item. `null`: nothing of its kind is measured. */
function paceOf({ kind, group }: Timed, measured: readonly Measured[]) {
  const such = measured.filter(other => other.kind === kind)
  const alike = such.filter(other => other.group === group)
  const like = alike.length > 0 ? alike : such
  if (like.length === 0) return null
  const sum = (value: (of: Measured) => number) => like.reduce((total, of) => total + value(of), 0)
  return { took: sum(({ took }) => took), estimated: sum(({ estimate }) => estimate) }
}

/**
 * Estimated seconds until all items have finished, in their order at so many places. `null` while nothing of an
 * unfinished item's kind is measured: how fast a computer trains says little about how fast it computes classical
 * methods.
 */
export function secondsLeft(items: readonly Timed[], places = 1): number | null {
  const measured = items.flatMap(({ kind, group, estimate, seconds, measured }): Measured[] => {
    const { seconds: took, share } = measured ?? { seconds, share: 1 }
    return took === null || share === 0 ? [] : [{ kind, group, estimate: estimate * share, took }]
  })
  if (measured.length === 0) return null
  const paces = new Map<string, NonNullable<ReturnType<typeof paceOf>>>()
  const works: Work[] = []
  for (const item of items) {
    const { kind, key, needs, goesOn, group, estimate, seconds, done } = item
    if (seconds !== null) continue
    const like = `${kind} ${group}`
    const pace = paces.get(like) ?? paceOf(item, measured)
    if (pace === null) return null
    paces.set(like, pace)
    works.push({ key, needs, goesOn, seconds: (estimate * (1 - done) * pace.took) / pace.estimated })
  }
  return endOf(works, places)
}
