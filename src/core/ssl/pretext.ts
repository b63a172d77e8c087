/**
 * Self-supervised pre-training as a task: k-space → mask → zero-filled image → a method's views → network → head → loss.
 * No ground truth is read. What of k-space a pretext may see is part of its protocol: see `Pretext` in the contract.
 */
import * as tf from '@tensorflow/tfjs-core'
import { AppError } from '../../contract/errors.ts'
import type { MaskSpec } from '../../contract/evaluation.ts'
import type { Pretext } from '../../contract/recipes.ts'
import { HELD_OUT_CHANCE } from '../../contract/runs.ts'
import type { Arithmetic } from '../compute.ts'
import {
  batchPlaces,
  listSlices,
  nameSlice,
  type SliceReference,
  sameSubject,
  spreadPlaces,
  type VolumeSource,
} from '../data/slices.ts'
import type { Volume } from '../data/volume.ts'
import { makeZeroFilling } from '../mri/fft.ts'
import { makeMask, subsampleMask } from '../mri/mask.ts'
import { RandomState, stream } from '../mri/random.ts'
import { cropShape } from '../mri/transform.ts'
import type { Pause } from '../pause.ts'
import { makeImaging } from '../reconstruct.ts'
import { mean } from '../statistics.ts'
import { unpack } from '../training/parameters.ts'
import { previewOf } from '../training/preview.ts'
import { stackParts, tensorsOf } from '../training/stack.ts'
import type { SupervisedJob } from '../training/supervised.ts'
import type { TrainingTask, Validation } from '../training/train.ts'
import { advise } from './health.ts'
import type { Judgement, Parts, Sample, SslMethod } from './method.ts'
import type { LabelledPart } from './pictures.ts'
import { withReconstruction } from './reconstruction-term.ts'
import { makeTrunk } from './trunk.ts'

export interface PretextJob extends SupervisedJob {
  readonly method: SslMethod
  readonly methodConfig: unknown
  readonly pretext: Pretext
  readonly epochs: number
}

/** A slice of a batch, and what a method makes of it. */
export interface SampleViews {
  /** File and slice, and which part of it where it makes several samples, in words. */
  readonly name: string
  readonly parts: readonly LabelledPart[]
}

/** A slice, or one of the instances that a method makes of it. */
interface Instance extends SliceReference {
  readonly instance: number
}

export interface PretextTask extends TrainingTask {
  /** What a batch is made of, to be looked at. */
  views(epoch: number, index: number): Promise<SampleViews[]>
}

/** The slice's one and only measurement: keyed by file name and slice, so the same in every run, as from a scanner. */
export function measurementMask(volume: Volume, index: number, mask: MaskSpec): Uint8Array {
  if (volume.mask) return volume.mask
  const key = Array.from(volume.info.file, character => character.codePointAt(0)!)
  return makeMask(mask, volume.info.columns, RandomState.fromKey([...key, index]))
}

/** The masks of a slice's views at one epoch; `random(view)` gives each view's stream. */
export function viewMasks(
  volume: Volume,
  index: number,
  mask: MaskSpec,
  { measurement, viewMasks, keep }: Pretext,
  random: (view: number) => RandomState,
): (view: number) => Uint8Array {
  const fresh = measurement === 'fresh' && !volume.mask // a file sub-sampled already has no other lines to draw from
  const draw = (view: number) =>
    fresh
      ? makeMask(mask, volume.info.columns, random(view))
      : subsampleMask(measurementMask(volume, index, mask), mask, keep, random(view))
  if (viewMasks === 'independent') return draw
  const shared = fresh ? draw(0) : measurementMask(volume, index, mask)
  return () => shared
}

/** Views of held-out patients are drawn once: as if from an epoch that no training reaches. */
const VALIDATION_EPOCH = 0xffffffff
/** Slices of held-out patients that a pretext is judged on, spread over all of them. */
const MOST_HELD_OUT = 64

function spread<T>(all: readonly T[], most: number): T[] {
  if (all.length <= most) return [...all]
  return Array.from({ length: most }, (_, i) => all[Math.floor((i * all.length) / most)])
}

export function pretextTask(job: PretextJob, compute: Arithmetic): PretextTask {
  const { network, networkConfig, methodConfig, seed, pretext } = job
  const method = pretext.reconstruction > 0 ? withReconstruction(job.method, pretext.reconstruction) : job.method
  const networkSpecs = network.parameters(networkConfig)
  const trunk = makeTrunk(network, networkConfig, compute.kernels)
  const zeroFilling = makeZeroFilling(compute.kernels)
  const instances = Array.from({ length: method.instances?.(methodConfig) ?? 1 }, (_, instance) => instance)
  const instancesOf = (volumes: readonly VolumeSource[]): Instance[] =>
    listSlices(volumes, job.slices, null).flatMap(slice => instances.map(instance => ({ ...slice, instance })))
  const samples = instancesOf(job.train)
  const heldOut = spread(instancesOf(job.validation), MOST_HELD_OUT)
  const head = method.head(methodConfig, trunk, { batch: job.batch, samples: samples.length })
  const specs = [...networkSpecs, ...head]
  const apart = method.contrastive && pretext.apart
  const placesOf = apart ? spreadPlaces(seed, samples, job.batch) : batchPlaces(seed, samples.length, job.batch)
  const batchesPerEpoch = Math.floor(samples.length / job.batch)
  if (batchesPerEpoch === 0) {
    throw new AppError(
      'INVALID_ARGUMENT',
      `Expected at least ${job.batch} training slices for a batch of ${job.batch}, got ${samples.length}`,
    )
  }
  const smallest = method.smallestView(methodConfig)
  if (smallest !== null && smallest < network.minimumSize(networkConfig)) {
    throw new AppError(
      'INVALID_ARGUMENT',
      `Expected views of at least ${network.minimumSize(networkConfig)} pixels for this network, got ${smallest}`,
    )
  }

  const everyPlace = [...samples.keys()]
  function rivalsOf(place: number): number[] {
    const others = apart ? everyPlace.filter(other => !sameSubject(samples[other], samples[place])) : []
    return others.length > 0 ? others : everyPlace // of a single patient's few slices none may be apart
  }

  /** `key` tells the sample's streams from those of others. */
  async function partsOf(reference: Instance, epoch: number, key: number, place: number | null): Promise<Parts> {
    const { source, index, instance } = reference
    const volume = await source.open()
    const maskOf = viewMasks(volume, index, job.mask, pretext, view => stream(seed, 'view mask', epoch, key, view))
    const fresh = pretext.measurement === 'fresh' && !volume.mask
    const measured = () =>
      fresh
        ? makeMask(job.mask, volume.info.columns, stream(seed, 'measurement', epoch, key))
        : measurementMask(volume, index, job.mask)
    const zeroFilled = zeroFilling.underMasks(volume.readKspace(index), volume.info.columns, cropShape(volume.info))
    const images = new Map<Uint8Array, Float32Array>() // views that share a mask share its image
    const imageOf = (mask: Uint8Array) => {
      const image = images.get(mask) ?? zeroFilled(mask)
      images.set(mask, image)
      return image
    }
    const sample: Sample = {
      shape: cropShape(source.info),
      view: view => imageOf(maskOf(view)),
      measured: () => imageOf(measured()),
      again: view =>
        imageOf(subsampleMask(measured(), job.mask, pretext.keep, stream(seed, 'sub-sample again', epoch, key, view))),
      full: () => (fresh ? imageOf(new Uint8Array(volume.info.columns).fill(1)) : null),
      mask: (columns, view) => makeMask(job.mask, columns, stream(seed, 'view mask', epoch, key, view)),
      random: view => stream(seed, 'augmentation', epoch, key, view),
      instance,
      place,
      get rivals() {
        return place === null ? everyPlace : rivalsOf(place)
      },
      count: samples.length,
    }
    return method.parts(methodConfig, sample)
  }

  /** Samples that are judged together: all, where they are compared with each other. */
  let judged: Parts[][] | null = null
  const advised = new Set<string>()
  let judgements = 0

  async function heldOutParts(pause: Pause): Promise<Parts[][]> {
    const parts: Parts[] = []
    for (const [key, reference] of heldOut.entries()) {
      await pause()
      parts.push(await partsOf(reference, VALIDATION_EPOCH, key, null))
    }
    return method.separable ? parts.map(sample => [sample]) : [parts]
  }

  async function validate(flat: tf.Tensor1D, pause: Pause): Promise<Validation | null> {
    if (heldOut.length < 2) return null
    judged ??= await heldOutParts(pause)
    const parameters = tf.tidy(() => unpack(flat, specs))
    const batches = judged.map(samples => tensorsOf(stackParts(samples)))
    try {
      const outcomes: Judgement[] = []
      for (const batch of batches) {
        await pause()
        outcomes.push(await method.judge(methodConfig, trunk, parameters, batch))
      }
      const { loss, figures } = meanJudgement(outcomes)
      const chance = method.chanceLoss(methodConfig, { batch: heldOut.length, samples: samples.length })
      const health = { judgement: ++judgements, loss, chance, figures }
      const advice = advise(health, method.figures).filter(({ code }) => !advised.has(code))
      for (const { code } of advice) advised.add(code)
      const extra = loss === null || chance === null ? figures : { ...figures, [HELD_OUT_CHANCE]: chance }
      return { loss, metrics: null, extra, advice }
    } finally {
      tf.dispose([...batches, ...Object.values(parameters)])
    }
  }

  async function collect(epoch: number, index: number): Promise<Parts[]> {
    const parts: Parts[] = []
    for (const place of placesOf(epoch, index)) parts.push(await partsOf(samples[place], epoch, place, place))
    return parts
  }

  const nameOf = (sample: Instance) =>
    nameSlice(sample) + (instances.length > 1 ? `, part ${sample.instance + 1} of ${instances.length}` : '')
  const contents = (epoch: number, index: number) => placesOf(epoch, index).map(place => nameOf(samples[place]))

  return {
    network: networkSpecs,
    head,
    batchesPerEpoch,
    separable: method.separable,
    hasTerm: pretext.reconstruction > 0,
    chanceLoss: method.chanceLoss(methodConfig, { batch: job.batch, samples: samples.length }),
    keepBest: false,
    validateEvery: Math.max(1, Math.floor(job.epochs / 10)),
    loss: (parameters, batch, pass) => method.loss(methodConfig, trunk, parameters, batch, pass),
    project: method.project,
    contents,
    async prepare(epoch, index) {
      const schedule = method.schedule?.(methodConfig, epoch * batchesPerEpoch + index, job.batch)
      return { ...stackParts(await collect(epoch, index)), ...schedule }
    },
    async views(epoch, index) {
      const names = contents(epoch, index)
      return (await collect(epoch, index)).map((parts, i) => ({ name: names[i], parts: labelled(parts) }))
    },
    validate,
    preview: previewOf(job, specs, 'arbitrary', makeImaging(compute)),
  }
}

const labelled = (parts: Parts): LabelledPart[] =>
  Object.entries(parts).map(([name, { label = name, data, shape }]) => ({ name: label, data, shape }))

/** Of equally many samples each. */
function meanJudgement(judgements: readonly Judgement[]): Judgement {
  const losses = judgements.map(({ loss }) => loss)
  const names = Object.keys(judgements[0].figures)
  return {
    loss: losses.every(loss => loss !== null) ? mean(losses) : null,
    figures: Object.fromEntries(names.map(name => [name, mean(judgements.map(({ figures }) => figures[name]))])),
  }
}
