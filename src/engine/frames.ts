/** Images and feature maps for panes and lists. Files and networks stay open from call to call, so that scrolling opens nothing anew. */
import { setImmediate } from 'node:timers/promises'
import { AppError, throwIfCancelled } from '../contract/errors.ts'
import type { Volume } from '../core/data/volume.ts'
import { type Features, featureMaps } from '../core/features.ts'
import { croppedTruth, describeFrame, truthMaximum } from '../core/frame.ts'
import { cropShape, normalise } from '../core/mri/transform.ts'
import { type Model, maskOf, reconstructSlice, zeroFilled } from '../core/reconstruct.ts'
import { imageOfDraw, pictureOf, pictureOverMasks, type Subject } from '../core/shows.ts'
import { shrink, toEightBit } from '../core/thumbnail.ts'
import { KeptFiles } from './kept-files.ts'
import { loadModel } from './models.ts'
import type { Calls, FeaturesRequest, Frame, FrameRequest, ModelReference, Thumbnail } from './protocol.ts'
import { requireTensorflow } from './tensorflow.ts'
import { VolumePool } from './volume-pool.ts'

const MODELS_KEPT = 4

const volumes = new VolumePool()
const models = new KeptFiles<Model>(MODELS_KEPT, model => model.parameters.dispose())
/** Of open volumes: a file that changed is another volume. */
const maxima = new WeakMap<Volume, number | null>()
let queue: Promise<unknown> = Promise.resolve()

/** One work after another, so that none closes the volume or network of the one before; a cancelled one is passed over. */
function inTurn<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  const result = queue.then(async () => {
    await setImmediate() // lets its cancellation in
    throwIfCancelled(signal)
    return work()
  })
  queue = result.catch(() => {}) // told to its caller
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

/** Throws `INVALID_ARGUMENT` for a slice that the file has not. */
async function openAt(path: string, slice: number): Promise<Volume> {
  const volume = await volumes.open(path)
  const { slices } = volume.info
  if (Number.isInteger(slice) && slice >= 0 && slice < slices) return volume
  throw new AppError('INVALID_ARGUMENT', `Expected a slice from 0 to ${slices - 1}, got ${slice}, in ${path}`)
}

/** The ground truth needs no TensorFlow. */
async function subjectOf({ path, model, ...request }: FrameRequest): Promise<Subject> {
  if (request.source === 'network') await requireTensorflow()
  const volume = await openAt(path, request.slice)
  return { ...request, volume, volumeMaximum: await maximumOf(volume), model: model && (await openModel(model)) }
}

/** A mean or spread takes its turn anew for each mask, so that other panes need not wait for all of them. */
export async function frame(request: FrameRequest, signal: AbortSignal): Promise<Frame> {
  const { show } = request
  let volumeMaximum: number | null = null
  const draw = <T>(seed: number | null, make: (subject: Subject) => T): Promise<T> =>
    inTurn(signal, async () => {
      const subject = await subjectOf({ ...request, seed })
      volumeMaximum = subject.volumeMaximum
      return make(subject)
    })
  const picture =
    show === 'mean' || show === 'spread'
      ? await pictureOverMasks(show, seed => draw(seed, imageOfDraw))
      : await draw(request.seed, subject => pictureOf(show, subject))
  return { image: picture.image, meta: describeFrame(picture, { show, volumeMaximum }) }
}

export const thumbnail = (request: Calls['thumbnail']['params'], signal: AbortSignal): Promise<Thumbnail> =>
  inTurn(signal, () => makeThumbnail(request))

async function makeThumbnail({ path, mask, size }: Calls['thumbnail']['params']): Promise<Thumbnail> {
  const volume = await volumes.open(path)
  const middle = Math.floor(volume.info.slices / 2)
  let image = croppedTruth(volume, middle)
  if (!image) {
    await requireTensorflow()
    image = reconstructSlice(volume, middle, maskOf(volume, mask), null)
  }
  const { pixels, shape } = shrink(image, cropShape(volume.info), size)
  return { shape, pixels: toEightBit(pixels) }
}

export const features = (request: FeaturesRequest, signal: AbortSignal): Promise<Features> =>
  inTurn(signal, () => makeFeatures(request))

async function makeFeatures({ path, slice, mask, model, layer, most }: FeaturesRequest): Promise<Features> {
  await requireTensorflow()
  const volume = await openAt(path, slice)
  const { image } = normalise(zeroFilled(volume, slice, maskOf(volume, mask)))
  return featureMaps(await openModel(model), { image, shape: cropShape(volume.info), layer, most })
}
