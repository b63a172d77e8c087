/**
 * Images, feature maps and scores for the viewer, with a cache in memory. The keys contain the contents of file and
 * checkpoint, so that the cache returns nothing from a changed file.
 */
import { AppError } from '../../contract/errors.ts'
import { MaskSpec, type Protocol } from '../../contract/evaluation.ts'
import {
  type FrameScore,
  isMadeOfImage,
  MOST_FEATURES,
  type OverMasks,
  type Show,
  type SliceMetrics,
  THUMBNAIL,
} from '../../contract/images.ts'
import type { StudyVolume } from '../../contract/studies.ts'
import { type EvaluationSettings, protocolOf } from '../../core/evaluate.ts'
import type { Features } from '../../core/viewing/features.ts'
import { versionKey, versionNow } from '../../engine/files/file-version.ts'
import type { Frame, FrameRequest, ReconstructorReference, Thumbnail } from '../../engine/process/protocol.ts'
import { keepResults, type OnProgress } from '../profile/kept-results.ts'
import type { Profile } from '../profile/profile.ts'
import { keptModel } from '../runs/kept-model.ts'
import { findRun, isPretrained } from '../runs/runs.ts'
import type { OpenProfile } from '../studies/contents/reader.ts'
import { fileOf, readyVolume } from '../studies/contents/ready.ts'
import { volumeById } from '../studies/studies.ts'
import { classicalNamed } from './classical.ts'

const FRAME_BYTES = 256e6
const THUMBNAIL_BYTES = 16e6
const FEATURE_BYTES = 256e6
const SCORES = 2000
const METRICS = 10_000

export interface Shown {
  /** Number of the volume. */
  readonly volume: number
  /** See `FrameSource`. */
  readonly source: string
  readonly mask: MaskSpec
}

interface Seeded {
  /** Seed of the mask. `null`: the file's name is the seed. */
  readonly seed: number | null
}

export interface ShownSlice extends Shown, Seeded {
  readonly slice: number
  readonly show: Show
  /** For a `feature`. The channel counts from 0. */
  readonly layer: string
  readonly channel: number
  /** Of a `cascade`, see `FrameOptions`. */
  readonly cascade: number | null
  /** Counted from 0. `null`: all coils, combined. */
  readonly coil: number | null
}

export interface ShownLayer extends Omit<Shown, 'source'>, Seeded {
  readonly slice: number
  readonly run: string
  readonly layer: string
}

export interface Frames {
  /**
   * The image, as soon as it is ready. Its metrics are absent if they need more time. The progress counts iterations of
   * classical methods.
   */
  image(request: ShownSlice, signal?: AbortSignal, onProgress?: OnProgress): Promise<Frame>
  /** Metrics of the image. `null` if no metric applies. */
  metrics(request: ShownSlice, signal?: AbortSignal): Promise<SliceMetrics | null>
  /** The image with its metrics. */
  frame(request: ShownSlice, signal?: AbortSignal, onProgress?: OnProgress): Promise<Frame>
  thumbnail(volume: number, signal?: AbortSignal): Promise<Thumbnail>
  /** The first feature maps of a layer, for a slice through the run's network. */
  features(request: ShownLayer, signal?: AbortSignal): Promise<Features>
  /** Score over all slices. `null` without ground truth, and for a source without scores. */
  score(
    request: Shown & Seeded,
    signal?: AbortSignal,
    onProgress?: OnProgress,
  ): Promise<{ score: FrameScore; protocol: Protocol } | null>
}

/** The part of a key for a volume: its content, and its file's name, which is the seed of its mask. */
const contentKey = ({ content, file }: StudyVolume) => `${content!.identity} ${file}`

interface Source {
  readonly kind: 'truth' | 'network'
  readonly reconstructor: ReconstructorReference | null
  /** Whether the image has the units of the file, so that metrics apply. */
  readonly scored: boolean
  /** The part of a key for the source. */
  readonly key: string
}

const maskKey = (mask: MaskSpec) => JSON.stringify(mask)

function sourceOf(profile: Profile, source: string): Source {
  if (source === 'truth') return { kind: 'truth', reconstructor: null, scored: true, key: 'truth' }
  if (source === 'zero-filled') return { kind: 'network', reconstructor: null, scored: true, key: 'zero-filled' }
  const classical = classicalNamed(profile, source)
  if (classical) return { kind: 'network', reconstructor: classical, scored: true, key: JSON.stringify(classical) }
  const run = findRun(profile, source.slice('run:'.length))
  const { model, sha256 } = keptModel(profile, run.id)
  const scored = !isPretrained(run)
  return { kind: 'network', reconstructor: model, scored, key: `${sha256} ${scored}` }
}

/** Runs one work after another, because several at once would delay the images for which a user waits. */
function makeTurns(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve()
  return work => {
    const result = last.then(work)
    last = result.catch(() => {}) // the caller receives the error
    return result
  }
}

const classicalIn = ({ reconstructor }: Pick<Source, 'reconstructor'>) =>
  reconstructor && 'classical' in reconstructor ? reconstructor : null

/** The image is then computed once for all that is made of it. */
const isMadeOfClassicalImage = (request: FrameRequest) =>
  classicalIn(request) !== null && request.show !== 'image' && isMadeOfImage(request)

/** Scores of whole volumes, kept in memory. */
function makeVolumeScores(opened: OpenProfile): Frames['score'] {
  const { salt } = opened.profile
  const scores = keepResults<FrameScore | null>(SCORES, () => 1)
  const inTurn = makeTurns()
  /** A classical method takes minutes, and networks' scores do not wait for it. */
  const inSlowTurn = makeTurns()

  async function evaluate(
    volume: StudyVolume,
    { reconstructor }: Source,
    settings: EvaluationSettings,
    signal: AbortSignal,
    onProgress: OnProgress,
  ): Promise<FrameScore | null> {
    const onEvent: OnProgress = ({ done, total, label }) =>
      onProgress({ done: (volume.slices * done) / total, total: volume.slices, label })
    const params = { files: [fileOf(volume)], salt, reconstructor, settings }
    const { volumes, skipped } = await opened.engines.interactive.call('evaluate', params, { signal, onEvent })
    if (skipped.length > 0) throw new AppError('FILE_UNREADABLE', skipped[0].reason)
    const [{ ssim, psnr, nmse, foreground, acceleration, measurableAcceleration, slices }] = volumes
    if (![ssim, psnr, nmse].every(Number.isFinite)) return null
    return {
      ...{ ssim, psnr, nmse, foreground, acceleration, slices },
      ...(measurableAcceleration !== undefined && { measurableAcceleration }),
    }
  }

  return async ({ volume: id, source: name, mask, seed }, signal, onProgress) => {
    const volume = await readyVolume(opened, id, signal)
    const source = sourceOf(opened.profile, name)
    if (!volume.targetShape || !source.scored || source.kind === 'truth') return null
    const settings: EvaluationSettings = {
      mask,
      maskDraws: null,
      ...(seed !== null && { maskSeed: seed }),
      slices: { kind: 'all' },
      reference: 'ground truth',
    }
    const classical = classicalIn(source)
    const turn = classical ? inSlowTurn : inTurn
    const make = (aborted: AbortSignal, onEvent: OnProgress) =>
      turn(() => evaluate(volume, source, settings, aborted, onEvent))
    const key = `${contentKey(volume)} ${source.key} ${maskKey(mask)} ${seed}`
    const score = await scores.get(key, make, signal, onProgress)
    return score && { score, protocol: protocolOf(settings, [volume], classical) }
  }
}

export function makeFrames(opened: OpenProfile): Frames {
  const { salt } = opened.profile
  const frames = keepResults<Frame>(FRAME_BYTES, ({ image }) => image.byteLength)
  const overMasks = keepResults<Readonly<Record<OverMasks, Frame>>>(
    FRAME_BYTES,
    ({ mean, spread }) => mean.image.byteLength + spread.image.byteLength,
  )
  const metrics = keepResults<SliceMetrics | null>(METRICS, () => 1)
  const thumbnails = keepResults<Thumbnail>(THUMBNAIL_BYTES, ({ pixels }) => pixels.byteLength)
  const features = keepResults<Features>(FEATURE_BYTES, ({ maps }) => maps.byteLength)
  const score = makeVolumeScores(opened)

  /** The request for the engine, and the key of its answer. */
  async function ask(
    shown: ShownSlice & Pick<FrameRequest, 'show'>,
    signal?: AbortSignal,
  ): Promise<{ readonly request: FrameRequest; readonly key: string }> {
    const { volume: id, slice, source: name, mask, show, seed, layer, channel, cascade, coil } = shown
    const volume = await readyVolume(opened, id, signal)
    const { kind, scored, key, ...source } = sourceOf(opened.profile, name)
    const masked = kind === 'truth' && show !== 'residual' ? '' : `${maskKey(mask)} ${seed}`
    const part = show === 'feature' ? `${channel} ${layer}` : show === 'cascade' ? cascade : ''
    return {
      request: {
        ...fileOf(volume),
        salt,
        slice,
        mask,
        ...source,
        source: kind,
        scored,
        show,
        seed,
        layer,
        channel,
        cascade,
        coil,
      },
      key: `${contentKey(volume)} ${slice} ${key} ${show} ${masked} ${part} ${coil}`,
    }
  }

  const { engines } = opened

  async function image(shown: ShownSlice, signal?: AbortSignal, onProgress?: OnProgress): Promise<Frame> {
    const { show } = shown
    if (show === 'mean' || show === 'spread') {
      const { request, key } = await ask({ ...shown, show: 'image', seed: null }, signal) // the engine has its seeds
      const make = (aborted: AbortSignal, onEvent: OnProgress) =>
        engines.interactive.call('overMasks', request, { signal: aborted, onEvent })
      return (await overMasks.get(key, make, signal, onProgress))[show]
    }
    const { request, key } = await ask({ ...shown, show }, signal)
    if (isMadeOfClassicalImage(request)) await image({ ...shown, show: 'image' }, signal, onProgress)
    const make = (aborted: AbortSignal, onEvent: OnProgress) =>
      engines.interactive.call('frame', request, { signal: aborted, onEvent })
    return frames.get(key, make, signal, onProgress)
  }

  async function metricsOf(shown: ShownSlice, signal?: AbortSignal): Promise<SliceMetrics | null> {
    const { meta } = await image(shown, signal)
    if (meta.metrics !== undefined) return meta.metrics
    const { request, key } = await ask({ ...shown, show: 'image' }, signal)
    return metrics.get(key, aborted => engines.interactive.call('metrics', request, { signal: aborted }), signal)
  }

  return {
    image,
    metrics: metricsOf,
    score,
    async frame(shown, signal, onProgress) {
      const { image: pixels, meta } = await image(shown, signal, onProgress)
      return { image: pixels, meta: { ...meta, metrics: await metricsOf(shown, signal) } }
    },
    async thumbnail(id, signal) {
      const { path, content } = volumeById(opened.profile, id)
      const mask = MaskSpec.parse({})
      const make = (aborted: AbortSignal) =>
        opened.engines.interactive.call('thumbnail', { path, salt, mask, size: THUMBNAIL }, { signal: aborted })
      return thumbnails.get(`${path}@${versionKey(versionNow(path, content?.version))}`, make, signal)
    },
    async features({ volume: id, slice, run, layer, mask, seed }, signal) {
      const volume = await readyVolume(opened, id, signal)
      const { model, sha256 } = keptModel(opened.profile, run)
      const make = (aborted: AbortSignal) =>
        opened.engines.interactive.call(
          'features',
          { ...fileOf(volume), salt, slice, mask, seed, model, layer, most: MOST_FEATURES },
          { signal: aborted },
        )
      return features.get(`${contentKey(volume)} ${slice} ${sha256} ${maskKey(mask)} ${seed} ${layer}`, make, signal)
    },
  }
}
