/**
 * Images and feature maps for panes and lists. Files and networks stay open between calls, so that scrolling is fast.
 */
import { setImmediate } from 'node:timers/promises'
import { isMadeOfImage, type OverMasks, type SliceMetrics, SPREAD_SEEDS } from '../../contract/images.ts'
import { classicalOf } from '../../core/classical.ts'
import { appliedPatterns, seededMaskOf } from '../../core/data/patterns.ts'
import { shownSlice } from '../../core/data/slices.ts'
import { croppedTruth, truthMaximum } from '../../core/data/truth.ts'
import type { Volume } from '../../core/data/volume.ts'
import { type Imaging, zeroFilled } from '../../core/imaging.ts'
import { inputOf } from '../../core/inputs/index.ts'
import { type Model, makeEagerPredict, type Predict } from '../../core/models/model.ts'
import { makeZeroFilling } from '../../core/mri/fft.ts'
import { fullPattern, type Pattern } from '../../core/mri/pattern.ts'
import { cropShape } from '../../core/mri/transform.ts'
import { isClassical, type Reconstructor, reconstructSlice } from '../../core/reconstruct.ts'
import { type Features, featureMaps } from '../../core/viewing/features.ts'
import { bodyOf, describeFrame } from '../../core/viewing/frame.ts'
import { imageOfDraw, picturesOverMasks, requireSeveralMasks } from '../../core/viewing/over-masks.ts'
import { hasMetrics, metricsOf, pictureOf } from '../../core/viewing/shows.ts'
import type { Subject } from '../../core/viewing/subject.ts'
import { shrink, toEightBit } from '../../core/viewing/thumbnail.ts'
import { KeptFiles } from '../files/kept-files.ts'
import { withStored } from '../files/masks.ts'
import { listVolume } from '../files/volumes.ts'
import { plain } from '../native/arithmetic.ts'
import { requirePictureMemory } from '../process/coil-memory.ts'
import type {
  Calls,
  FeaturesRequest,
  Frame,
  FrameRequest,
  ModelReference,
  ReconstructorReference,
  Thumbnail,
} from '../process/protocol.ts'
import { arithmeticFor, requireCompute } from '../tensorflow/tensorflow.ts'
import { loadModel } from '../training/models.ts'
import { factsOf, type OnProgress, solveAhead } from './classical.ts'
import { givenOf } from './given.ts'
import { keepImage, knownImage } from './made.ts'
import { openAt, volumes } from './opened.ts'
import { mapsOf } from './shown-maps.ts'
import { inTurn, whenNothingWaits } from './turns.ts'

const MODELS_KEPT = 4

const models = new KeptFiles<Model>(MODELS_KEPT, model => model.parameters.dispose())
/** By open volume. A changed file is opened as a new volume. */
const maxima = new WeakMap<Volume, number | null>()
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

/** Keeps zero-filled images, because a slice's networks share them. */
const imagingWith = (predict: Predict): Imaging => ({
  ...plain,
  predict,
  zeroFilled(volume, slice, mask) {
    const known = knownImage(volume, slice, mask, null)
    return known ?? keepImage(volume, slice, mask, null, zeroFilled(volume, slice, mask, zeroFilling))
  },
})

const inputFor: Subject['inputFor'] = (volume, slice, mask, model) =>
  inputOf(model, volume, slice, mask, imagingWith(plain.predict))

/** Like `reconstructSlice`, but with a cache of images, because metrics also need the image that a pane shows. */
async function reconstruct(volume: Volume, slice: number, mask: Pattern, by: Model | null): Promise<Float32Array> {
  const known = knownImage(volume, slice, mask, by)
  if (known) return known
  const imaging = by ? imagingWith(makeEagerPredict((await requireCompute()).kernels)) : imagingWith(plain.predict)
  return keepImage(volume, slice, mask, by, await reconstructSlice(volume, slice, mask, by, imaging))
}

/** @param solved A classical method's image. */
async function subjectOf(
  { path, content, reconstructor, mask, ...request }: Omit<FrameRequest, 'show'>,
  solved: Float32Array | null,
): Promise<Subject> {
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
    async reconstruct(of, slice, pattern, by) {
      if (!isClassical(by)) return reconstruct(of, slice, pattern, by)
      if (solved) return solved
      throw new Error('Expected a classical image that was computed before its turn')
    },
    inputFor,
    given: (of, slice, pattern, model, range) =>
      givenOf(of, slice, pattern, model, range, {
        ...{ kernels, fourier, inputFor },
        zeroFilled: (...input) => reconstruct(...input, null),
      }),
    coilFacts: solved && factsOf(solved),
    mapsOf,
  }
}

export async function frame(request: FrameRequest, signal: AbortSignal, emit?: OnProgress): Promise<Frame> {
  // What will be refused is not computed first.
  const solved = isMadeOfImage(request) ? await solveAhead(request, signal, { emit, withFacts: true }) : null
  return inTurn(signal, async () => {
    const { show } = request
    const subject = await subjectOf(request, solved)
    if (show === 'coils') requirePictureMemory(subject.volume.info)
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
  const solved = await solveAhead(request, signal, { emit })
  return inTurn(signal, async () => metricsOf(await subjectOf(request, solved)))
}

/** Takes a turn for each mask, so that other panes do not wait for all masks. */
export async function overMasks(
  request: Calls['overMasks']['params'],
  signal: AbortSignal,
  emit?: OnProgress,
): Promise<Calls['overMasks']['result']> {
  const { source, slice, mask, coil } = request
  await inTurn(signal, async () =>
    requireSeveralMasks({ source, volume: await openAt(request, slice), mask: withStored(mask), coil }),
  )
  let volumeMaximum: number | null = null
  const pictures = await picturesOverMasks(async seed => {
    const ofAll: OnProgress = ({ done, total, label }) =>
      emit?.({ done: seed * total + done, total: SPREAD_SEEDS * total, label })
    const solved = await solveAhead({ ...request, seed }, signal, { emit: ofAll })
    return inTurn(signal, async () => {
      const subject = await subjectOf({ ...request, seed }, solved)
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
  const opened = await openModel(model)
  const { parts } = inputFor(volume, slice, seededMaskOf(volume, withStored(mask), seed)(slice), opened)
  return featureMaps(kernels, opened, { parts, layer, most })
}
