/**
 * Images and feature maps for panes and lists. Files and networks stay open between calls, so that scrolling is fast.
 */
import { setImmediate } from 'node:timers/promises'
import { AppError, throwIfCancelled } from '../../contract/errors.ts'
import type { OverMasks, SliceMetrics } from '../../contract/images.ts'
import { makePlainArithmetic } from '../../core/compute.ts'
import { shownSlice } from '../../core/data/slices.ts'
import { croppedTruth, truthMaximum } from '../../core/data/truth.ts'
import type { Volume } from '../../core/data/volume.ts'
import { type Model, makeEagerPredict } from '../../core/models/model.ts'
import { makeZeroFilling } from '../../core/mri/fft.ts'
import { fullPattern, isEqual, type Pattern } from '../../core/mri/pattern.ts'
import { cropShape, normalise } from '../../core/mri/transform.ts'
import {
  appliedPatterns,
  requireFiniteImage,
  seededMaskOf,
  throughNetwork,
  zeroFilled,
} from '../../core/reconstruct.ts'
import { type Features, featureMaps } from '../../core/viewing/features.ts'
import { describeFrame } from '../../core/viewing/frame.ts'
import { imageOfDraw, picturesOverMasks } from '../../core/viewing/over-masks.ts'
import { hasMetrics, metricsOf, pictureOf, type Subject } from '../../core/viewing/shows.ts'
import { shrink, toEightBit } from '../../core/viewing/thumbnail.ts'
import { KeptFiles } from '../files/kept-files.ts'
import { withStored } from '../files/masks.ts'
import { VolumePool } from '../files/volume-pool.ts'
import { listVolume } from '../files/volumes.ts'
import { lazyEigenvectors } from '../native/eigenvectors.ts'
import { lazyFourier } from '../native/fourier.ts'
import type {
  Calls,
  FeaturesRequest,
  Frame,
  FrameRequest,
  ModelReference,
  Thumbnail,
  VolumeFile,
} from '../process/protocol.ts'
import { requireCompute } from '../tensorflow/tensorflow.ts'
import { loadModel } from '../training/models.ts'

const MODELS_KEPT = 4
/** Images of a slice through all networks that panes show, and images of the slice before. */
const MADE_KEPT = 16

const volumes = new VolumePool()
const models = new KeptFiles<Model>(MODELS_KEPT, model => model.parameters.dispose())
/** By open volume. A changed file is opened as a new volume. */
const maxima = new WeakMap<Volume, number | null>()
/** The last images. The newest image is at the end. */
const made: Made[] = []
/** For the ground truth and zero-filled images, which are shown without loading TensorFlow. */
const plain = makePlainArithmetic(lazyFourier('shared'), lazyEigenvectors('shared'))
const zeroFilling = makeZeroFilling(plain.fourier)
let queue: Promise<unknown> = Promise.resolve()

/**
 * Runs one work after another, so that no work closes the volume or network of the work before. Skips cancelled works.
 */
function inTurn<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  const result = queue.then(async () => {
    await setImmediate() // lets a cancellation arrive
    throwIfCancelled(signal)
    return work()
  })
  queue = result.catch(() => {}) // the caller handles the error
  return result
}

let pictured: Promise<unknown> = Promise.resolve()

/** Runs `work` in turn, but after all other works. A list's pictures can wait, and an image in the viewer cannot. */
function whenNothingWaits<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  const result = pictured.then(async () => {
    let last: typeof queue
    do {
      await setImmediate() // lets simultaneous requests arrive
      last = queue
      await last
    } while (last !== queue)
    return inTurn(signal, work)
  })
  pictured = result.catch(() => {}) // the caller handles the error
  return result
}

const openModel = (reference: ModelReference) => models.get(reference.checkpoint, () => loadModel(reference))

async function maximumOf(volume: Volume): Promise<number | null> {
  const known = maxima.get(volume)
  if (known !== undefined) return known
  const maximum = await truthMaximum(volume, setImmediate)
  maxima.set(volume, maximum)
  return maximum
}

/** Throws `INVALID_ARGUMENT` for a slice that the file does not have. */
async function openAt({ path, content }: VolumeFile, slice: number): Promise<Volume> {
  const volume = await volumes.open(path, content)
  const { slices } = volume.info
  if (Number.isInteger(slice) && slice >= 0 && slice < slices) return volume
  throw new AppError('INVALID_ARGUMENT', `Expected a slice from 1 to ${slices}, got ${slice + 1}, in ${path}`)
}

interface Made {
  readonly volume: Volume
  readonly slice: number
  readonly mask: Pattern
  /** `null`: zero-filled. */
  readonly model: Model | null
  readonly image: Float32Array
}

/**
 * Like `reconstructSlice`, but with a cache of images, because a slice's networks share their input. Metrics also need
 * the image that a pane shows.
 */
async function reconstruct(volume: Volume, slice: number, mask: Pattern, model: Model | null): Promise<Float32Array> {
  const known = made.find(
    one => one.volume === volume && one.slice === slice && one.model === model && isEqual(one.mask, mask),
  )
  if (known) return known.image
  const computed = model
    ? await throughNetwork(
        await reconstruct(volume, slice, mask, null),
        model,
        cropShape(volume.info),
        makeEagerPredict((await requireCompute()).kernels),
      )
    : zeroFilled(volume, slice, mask, zeroFilling)
  const image = requireFiniteImage(computed, volume, slice, model)
  if (made.push({ volume, slice, mask, model, image }) > MADE_KEPT) made.shift()
  return image
}

/** Loads TensorFlow only for networks, because other images do not need it. */
async function subjectOf({ path, content, model, mask, ...request }: Omit<FrameRequest, 'show'>): Promise<Subject> {
  const { kernels, fourier } = model ? await requireCompute() : plain
  const volume = await openAt({ path, content }, request.slice)
  const volumeMaximum = await maximumOf(volume)
  return {
    ...request,
    volume,
    volumeMaximum,
    mask: withStored(mask),
    model: model && (await openModel(model)),
    kernels,
    fourier,
    reconstruct,
  }
}

export const frame = (request: FrameRequest, signal: AbortSignal): Promise<Frame> =>
  inTurn(signal, async () => {
    const { show } = request
    const subject = await subjectOf(request)
    const picture = await pictureOf(show, subject)
    const { volumeMaximum } = subject
    const awaited = show === 'image' && hasMetrics(subject)
    const meta = describeFrame(picture, { show, volumeMaximum, ...(!awaited && { metrics: null }) })
    return { image: picture.image, meta }
  })

export const metrics = (request: FrameRequest, signal: AbortSignal): Promise<SliceMetrics | null> =>
  inTurn(signal, async () => metricsOf(await subjectOf(request)))

/** Takes a turn for each mask, so that other panes do not wait for all masks. */
export async function overMasks(
  request: Calls['overMasks']['params'],
  signal: AbortSignal,
): Promise<Calls['overMasks']['result']> {
  let volumeMaximum: number | null = null
  const pictures = await picturesOverMasks(seed =>
    inTurn(signal, async () => {
      const subject = await subjectOf({ ...request, seed })
      volumeMaximum = subject.volumeMaximum
      return imageOfDraw(subject)
    }),
  )
  const framed = (show: OverMasks): Frame => {
    const { image } = pictures[show]
    return { image, meta: describeFrame(pictures[show], { show, volumeMaximum, metrics: null }) }
  }
  return { mean: framed('mean'), spread: framed('spread') }
}

export const thumbnail = (request: Calls['thumbnail']['params'], signal: AbortSignal): Promise<Thumbnail> =>
  whenNothingWaits(signal, () => makeThumbnail(request))

async function makeThumbnail({ path, content, mask, size, salt }: Calls['thumbnail']['params']): Promise<Thumbnail> {
  const volume = content ? await volumes.open(path, content) : await listVolume(path, salt)
  try {
    const slice = shownSlice(volume.info)
    let image = croppedTruth(volume, slice)
    if (!image) {
      // The measured columns are known only from the content. Without the content no mask is applied.
      const { rows, columns } = volume.info
      const measured = content
        ? appliedPatterns(volume, seededMaskOf(volume, mask, null))(slice)
        : fullPattern(rows, columns)
      image = zeroFilled(volume, slice, measured, zeroFilling)
    }
    const { pixels, shape } = shrink(image, cropShape(volume.info), size)
    return { shape, pixels: toEightBit(pixels) }
  } finally {
    if (!content) volume.dispose()
  }
}

export const features = (request: FeaturesRequest, signal: AbortSignal): Promise<Features> =>
  inTurn(signal, () => makeFeatures(request))

async function makeFeatures({
  path,
  content,
  slice,
  mask,
  seed,
  model,
  layer,
  most,
}: FeaturesRequest): Promise<Features> {
  const { kernels } = await requireCompute()
  const volume = await openAt({ path, content }, slice)
  const { image } = normalise(
    await reconstruct(volume, slice, seededMaskOf(volume, withStored(mask), seed)(slice), null),
  )
  return featureMaps(kernels, await openModel(model), { image, shape: cropShape(volume.info), layer, most })
}
