/**
 * Self-supervised pre-training as a task: k-space → mask → zero-filled image → a method's views → network → head → loss.
 * No ground truth is read. What of k-space a pretext may see is part of its protocol: see `Pretext` in the contract.
 */
import * as tf from '@tensorflow/tfjs-core'
import { AppError } from '../../contract/errors.ts'
import type { MaskSpec } from '../../contract/evaluation.ts'
import type { Pretext } from '../../contract/runs.ts'
import { batchPlaces, listSlices, nameSlice, type SliceReference } from '../data/slices.ts'
import type { Volume } from '../data/volume.ts'
import { makeMask, subsampleMask } from '../mri/mask.ts'
import { RandomState, stream } from '../mri/random.ts'
import { cropShape, normalise } from '../mri/transform.ts'
import type { Pause } from '../pause.ts'
import { zeroFilled } from '../reconstruct.ts'
import { unpack } from '../training/parameters.ts'
import { previewOf } from '../training/preview.ts'
import { type SupervisedJob, stackImages } from '../training/supervised.ts'
import type { TrainingTask, Validation } from '../training/train.ts'
import type { SslMethod } from './method.ts'

export interface PretextJob extends SupervisedJob {
  readonly method: SslMethod
  readonly methodConfig: unknown
  readonly pretext: Pretext
  readonly epochs: number
}

/** The slice's one and only measurement: keyed by file name and slice, so the same in every run, as from a scanner. */
export function measurementMask(volume: Volume, index: number, mask: MaskSpec): Uint8Array {
  if (volume.mask) return volume.mask
  const key = Array.from(volume.info.file, character => character.codePointAt(0)!)
  return makeMask(mask, volume.info.columns, RandomState.fromKey([...key, index]))
}

/** The two masks of a slice's views at one epoch; `random(view)` gives view 0's and view 1's stream. */
export function viewMasks(
  volume: Volume,
  index: number,
  mask: MaskSpec,
  { measurement, viewMasks, keep }: Pretext,
  random: (view: number) => RandomState,
): [Uint8Array, Uint8Array] {
  const fresh = measurement === 'fresh' && !volume.mask // a file sub-sampled already has no other lines to draw from
  const draw = (view: number) =>
    fresh
      ? makeMask(mask, volume.info.columns, random(view))
      : subsampleMask(measurementMask(volume, index, mask), mask, keep, random(view))
  if (viewMasks === 'independent') return [draw(0), draw(1)]
  const shared = fresh ? draw(0) : measurementMask(volume, index, mask)
  return [shared, shared]
}

/** Views of the validation patients are drawn once: as if from an epoch that no training reaches. */
const VALIDATION_EPOCH = 0xffffffff

export function pretextTask(job: PretextJob): TrainingTask {
  const { method, methodConfig, network, networkConfig, seed } = job
  const networkSpecs = network.parameters(networkConfig)
  const head = method.head(methodConfig)
  const specs = [...networkSpecs, ...head]
  const size = method.viewSize(methodConfig)
  const samples = listSlices(job.train, job.slices)
  const heldOut = listSlices(job.validation, job.slices)
  const placesOf = batchPlaces(seed, samples.length, job.batch)
  const batchesPerEpoch = Math.floor(samples.length / job.batch)
  if (batchesPerEpoch === 0) {
    throw new AppError(
      'INVALID_ARGUMENT',
      `Expected at least ${job.batch} training slices for a batch of ${job.batch}, got ${samples.length}`,
    )
  }
  if (size < network.minimumSize(networkConfig)) {
    throw new AppError(
      'INVALID_ARGUMENT',
      `Expected views of at least ${network.minimumSize(networkConfig)} pixels for this network, got ${size}`,
    )
  }

  async function views({ source, index }: SliceReference, epoch: number, place: number): Promise<Float32Array[]> {
    const volume = await source.open()
    const masks = viewMasks(volume, index, job.mask, job.pretext, view => stream(seed, 'view mask', epoch, place, view))
    const first = zeroFilled(volume, index, masks[0])
    const second = masks[1] === masks[0] ? first : zeroFilled(volume, index, masks[1])
    return [first, second].map((magnitude, view) => {
      const random = stream(seed, 'augmentation', epoch, place, view)
      return normalise(method.view(methodConfig, magnitude, cropShape(source.info), random)).image
    })
  }

  /** All first views, then all second views: 2N of [size, size]. */
  async function collect(
    references: readonly SliceReference[],
    places: readonly number[],
    epoch: number,
    pause: Pause = async () => {},
  ): Promise<Float32Array[]> {
    const pairs: Float32Array[][] = []
    for (const place of places) {
      await pause()
      pairs.push(await views(references[place], epoch, place))
    }
    return [...pairs.map(pair => pair[0]), ...pairs.map(pair => pair[1])]
  }

  /** [2N, size, size, 1] */
  const stack = (images: readonly Float32Array[]) =>
    stackImages(
      images,
      images.map(() => [size, size]),
    )

  const embed = (parameters: Parameters<TrainingTask['loss']>[0], images: tf.Tensor4D) =>
    method.embed(methodConfig, parameters, network.apply(networkConfig, parameters, images))

  let validationViews: Float32Array[] | null = null

  async function validate(flat: tf.Tensor1D, pause: Pause): Promise<Validation | null> {
    if (heldOut.length < 2) return null
    validationViews ??= await collect(heldOut, [...heldOut.keys()], VALIDATION_EPOCH, pause)
    const images = validationViews
    const embeddings = tf.tidy(() => embed(unpack(flat, specs), stack(images)))
    const loss = tf.tidy(() => method.loss(methodConfig, embeddings).dataSync()[0])
    const extra = method.figures(methodConfig, embeddings)
    embeddings.dispose()
    return { loss, metrics: null, extra }
  }

  return {
    network: networkSpecs,
    head,
    batchesPerEpoch,
    separable: method.separable,
    chanceLoss: method.chanceLoss(job.batch),
    keepBest: false,
    validateEvery: Math.max(1, Math.floor(job.epochs / 10)),
    loss: (parameters, [images]) => method.loss(methodConfig, embed(parameters, images as tf.Tensor4D)),
    contents: (epoch, index) => placesOf(epoch, index).map(place => nameSlice(samples[place])),
    async batch(epoch, index) {
      return [stack(await collect(samples, placesOf(epoch, index), epoch))]
    },
    validate,
    preview: previewOf(job, specs, 'arbitrary'),
  }
}
