/**
 * Images and feature maps for panes and lists. Files and networks stay open between calls, so that scrolling is fast.
 */
import { setImmediate } from 'node:timers/promises'
import { AppError, throwIfCancelled } from '../../contract/errors.ts'
import type { OverMasks, SliceMetrics } from '../../contract/images.ts'
import { classicalOf, classicalProblem, iterationsOf, solveClassical } from '../../core/classical.ts'
import { shownSlice } from '../../core/data/slices.ts'
import { croppedTruth, truthMaximum } from '../../core/data/truth.ts'
import type { Volume } from '../../core/data/volume.ts'
import { type Model, makeEagerPredict } from '../../core/models/model.ts'
import { makeZeroFilling } from '../../core/mri/fft.ts'
import { fullPattern, isEqual, type Pattern } from '../../core/mri/pattern.ts'
import { cropShape, normalise } from '../../core/mri/transform.ts'
import {
  appliedPatterns,
  isClassical,
  type Reconstructor,
  reconstructSlice,
  requireFiniteImage,
  seededMaskOf,
  throughNetwork,
  zeroFilled,
} from '../../core/reconstruct.ts'
import { type Features, featureMaps } from '../../core/viewing/features.ts'
import { bodyOf, describeFrame } from '../../core/viewing/frame.ts'
import { imageOfDraw, picturesOverMasks } from '../../core/viewing/over-masks.ts'
import { hasMetrics, metricsOf, pictureOf } from '../../core/viewing/shows.ts'
import type { Subject } from '../../core/viewing/subject.ts'
import { shrink, toEightBit } from '../../core/viewing/thumbnail.ts'
import { KeptFiles } from '../files/kept-files.ts'
import { withStored } from '../files/masks.ts'
import { VolumePool } from '../files/volume-pool.ts'
import { listVolume } from '../files/volumes.ts'
import { plain } from '../native/arithmetic.ts'
import type {
  Calls,
  FeaturesRequest,
  Frame,
  FrameRequest,
  ModelReference,
  Progress,
  ReconstructorReference,
  Thumbnail,
  VolumeFile,
} from '../process/protocol.ts'
import { requireMemory } from '../process/require-memory.ts'
import { arithmeticFor, requireCompute } from '../tensorflow/tensorflow.ts'
import { loadModel } from '../training/models.ts'
import { mapsOf } from './shown-maps.ts'
import { inTurn, whenNothingWaits } from './turns.ts'

const MODELS_KEPT = 4
/** Images of a slice through all networks that panes show, and images of the slice before. */
const MADE_KEPT = 16

const volumes = new VolumePool()
const models = new KeptFiles<Model>(MODELS_KEPT, model => model.parameters.dispose())
/** By open volume. A changed file is opened as a new volume. */
const maxima = new WeakMap<Volume, number | null>()
/** The last images. The newest image is at the end. */
const made: Made[] = []
const zeroFilling = makeZeroFilling(plain.fourier)

const openModel = (reference: ModelReference) => models.get(reference.checkpoint, () => loadModel(reference))

const openReconstructor = async (reference: ReconstructorReference): Promise<Reconstructor> =>
  'classical' in reference ? classicalOf(reference) : openModel(reference)

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
  /** A network, a classical method with its settings as JSON, or `null`: zero-filled. */
  readonly maker: Model | string | null
  readonly image: Float32Array
}

/** Classical methods are made anew for each request. */
const makerOf = (reconstructor: Reconstructor | null): Made['maker'] =>
  isClassical(reconstructor) ? JSON.stringify(reconstructor) : reconstructor

function knownImage(volume: Volume, slice: number, mask: Pattern, by: Reconstructor | null): Float32Array | null {
  const maker = makerOf(by)
  const known = made.find(
    one => one.volume === volume && one.slice === slice && one.maker === maker && isEqual(one.mask, mask),
  )
  return known?.image ?? null
}

function keepImage(volume: Volume, slice: number, mask: Pattern, by: Reconstructor | null, image: Float32Array) {
  if (made.push({ volume, slice, mask, maker: makerOf(by), image }) > MADE_KEPT) made.shift()
  return image
}

/**
 * Like `reconstructSlice`, but with a cache of images, because a slice's networks share their input. Metrics also need
 * the image that a pane shows.
 */
async function reconstruct(
  volume: Volume,
  slice: number,
  mask: Pattern,
  by: Reconstructor | null,
): Promise<Float32Array> {
  const known = knownImage(volume, slice, mask, by)
  if (known) return known
  if (isClassical(by))
    return reconstructSlice(volume, slice, mask, by, { ...plain, zeroFilling }).then(image =>
      keepImage(volume, slice, mask, by, image),
    )
  const image = by
    ? await throughNetwork(
        await reconstruct(volume, slice, mask, null),
        by,
        cropShape(volume.info),
        makeEagerPredict((await requireCompute()).kernels),
      )
    : zeroFilled(volume, slice, mask, zeroFilling)
  return keepImage(volume, slice, mask, by, requireFiniteImage(image, volume, slice, by))
}

async function subjectOf({
  path,
  content,
  reconstructor,
  mask,
  ...request
}: Omit<FrameRequest, 'show'>): Promise<Subject> {
  const { kernels, fourier } = await arithmeticFor(reconstructor)
  const volume = await openAt({ path, content }, request.slice)
  const volumeMaximum = await maximumOf(volume)
  return {
    ...request,
    volume,
    volumeMaximum,
    mask: withStored(mask),
    reconstructor: reconstructor && (await openReconstructor(reconstructor)),
    kernels,
    fourier,
    reconstruct,
    mapsOf,
  }
}

type OnProgress = (progress: Progress) => void

/**
 * Computes a classical method's image outside of the turn, because its iterations take seconds. Other images are shown
 * meanwhile. The file is read in a turn.
 */
async function solveAhead(
  request: Omit<FrameRequest, 'show'>,
  signal: AbortSignal,
  emit: OnProgress = () => {},
): Promise<void> {
  const { reconstructor, path, content, slice, mask, seed } = request
  if (!reconstructor || 'network' in reconstructor) return
  const classical = classicalOf(reconstructor)
  const begun = await inTurn(signal, async () => {
    const volume = await openAt({ path, content }, slice)
    requireMemory(volume.info, classical)
    const pattern = seededMaskOf(volume, withStored(mask), seed)(slice)
    if (knownImage(volume, slice, pattern, classical)) return null
    return { volume, pattern, problem: classicalProblem(volume, slice, pattern, classical, plain) }
  })
  if (!begun) return
  const { volume, pattern, problem } = begun
  const total = iterationsOf(classical)
  const image = await solveClassical(problem, classical, {
    async pause() {
      await setImmediate() // lets other images and a cancellation arrive
      throwIfCancelled(signal)
    },
    onIteration: done => emit({ done, total, label: 'iterations' }),
  })
  keepImage(volume, slice, pattern, classical, image)
}

export async function frame(request: FrameRequest, signal: AbortSignal, emit?: OnProgress): Promise<Frame> {
  await solveAhead(request, signal, emit)
  return inTurn(signal, async () => {
    const { show } = request
    const subject = await subjectOf(request)
    const picture = await pictureOf(show, subject)
    const { volumeMaximum } = subject
    const awaited = show === 'image' && hasMetrics(subject)
    const meta = describeFrame(picture, { show, volumeMaximum, ...(!awaited && { metrics: null }) })
    return { image: bodyOf(picture), meta }
  })
}

export async function metrics(
  request: FrameRequest,
  signal: AbortSignal,
  emit?: OnProgress,
): Promise<SliceMetrics | null> {
  await solveAhead(request, signal, emit)
  return inTurn(signal, async () => metricsOf(await subjectOf(request)))
}

/** Takes a turn for each mask, so that other panes do not wait for all masks. */
export async function overMasks(
  request: Calls['overMasks']['params'],
  signal: AbortSignal,
): Promise<Calls['overMasks']['result']> {
  let volumeMaximum: number | null = null
  const pictures = await picturesOverMasks(async seed => {
    await solveAhead({ ...request, seed }, signal)
    return inTurn(signal, async () => {
      const subject = await subjectOf({ ...request, seed })
      volumeMaximum = subject.volumeMaximum
      return imageOfDraw(subject)
    })
  })
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
