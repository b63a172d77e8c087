/**
 * Self-supervised pre-training as a task: k-space → mask → zero-filled image → views → network → head → loss.
 * No ground truth is read. `Pretext` in the contract says what of k-space a pretext may see, because this access is
 * part of the protocol.
 */
import { AppError } from '../../contract/errors.ts'
import type { Pretext } from '../../contract/recipes.ts'
import type { Arithmetic } from '../compute.ts'
import { type BatchPlan, planBatches, type Smaller } from '../data/batches.ts'
import { listSlices, type VolumeSource } from '../data/slices.ts'
import { makeImaging } from '../imaging.ts'
import { INPUTS } from '../inputs/index.ts'
import { stackParts } from '../models/parts.ts'
import { previewOf } from '../training/preview.ts'
import type { SupervisedJob } from '../training/supervised.ts'
import type { TrainingTask } from '../training/task.ts'
import { heldOutValidation, judgedSamples } from './held-out.ts'
import type { Parts, SslMethod } from './method.ts'
import type { LabelledPart } from './pictures.ts'
import { withReconstruction } from './reconstruction-term.ts'
import { type Instance, nameInstance, sampling } from './samples.ts'
import { makeTrunk } from './trunk.ts'

export interface PretextJob extends SupervisedJob {
  readonly method: SslMethod
  readonly methodConfig: unknown
  readonly pretext: Pretext
  readonly epochs: number
}

/** A sample of a batch, and what a method makes of the sample. */
export interface SampleViews {
  /** File and slice in words, and the instance if a slice has several. */
  readonly name: string
  readonly parts: readonly LabelledPart[]
}

export interface PretextTask extends TrainingTask {
  /** The first samples of a batch, at most `most`, before they are stacked: for display. */
  views(epoch: number, index: number, most: number): Promise<SampleViews[]>
}

/** The epoch whose random streams held-out samples have. No training reaches it. */
const VALIDATION_EPOCH = 0xffffffff

function requireBatch({ batch }: PretextJob, samples: number): void {
  if (samples >= batch) return
  throw new AppError(
    'INVALID_ARGUMENT',
    `Expected at least ${batch} training slices for a batch of ${batch}, got ${samples}`,
  )
}

function requireLargeViews({ network, networkConfig, method, methodConfig }: PretextJob): void {
  const smallest = method.smallestView(methodConfig)
  if (smallest === null || smallest >= network.minimumSize(networkConfig)) return
  throw new AppError(
    'INVALID_ARGUMENT',
    `Expected views of at least ${network.minimumSize(networkConfig)} pixels for this network, got ${smallest}`,
  )
}

const labelled = (parts: Parts): LabelledPart[] =>
  Object.entries(parts).map(([name, { label = name, data, shape }]) => ({ name: label, data, shape }))

/** The training's samples, and the samples of held-out patients. */
function instancesOf({ method, methodConfig, slices, train, validation }: PretextJob) {
  const perSlice = method.instances?.(methodConfig) ?? 1
  const all = (volumes: readonly VolumeSource[]): Instance[] =>
    listSlices(volumes, slices, null).flatMap(slice =>
      Array.from({ length: perSlice }, (_, instance) => ({ ...slice, instance })),
    )
  return { perSlice, samples: all(train), heldOut: judgedSamples(all(validation)) }
}

/** If all slices have one shape, an epoch has whole batches only. Another shape may have few slices. */
export const smallerBatches = ({ separable }: Pick<SslMethod, 'separable'>): Smaller =>
  separable ? 'if shapes differ' : 'never' // a method that compares samples needs a whole batch of them

/** Samples whose views have one size can be in one batch. Otherwise a batch holds slices of one shape. */
function batchesOf(
  { network, method, methodConfig, seed, batch, pretext }: PretextJob,
  samples: readonly Instance[],
): BatchPlan {
  const isFixed = method.smallestView(methodConfig) !== null
  const shapes = samples.map(({ source }) => (isFixed ? '' : INPUTS[network.takes].shape(source.info).join(' × ')))
  const plan = planBatches({
    seed,
    batch,
    shapes,
    smaller: smallerBatches(method),
    ...(method.contrastive && pretext.apart && { apart: samples }),
  })
  if (plan.perEpoch > 0) return plan
  throw new AppError(
    'INVALID_ARGUMENT',
    `Expected at least ${batch} training slices of one size for a batch of ${batch}, got fewer of each size ` +
      `(${[...new Set(shapes)].join(', ')}). Take a smaller batch.`,
  )
}

export function pretextTask(job: PretextJob, compute: Arithmetic): PretextTask {
  const { network, networkConfig, methodConfig, pretext } = job
  const method = pretext.reconstruction > 0 ? withReconstruction(job.method, pretext.reconstruction) : job.method
  const trunk = makeTrunk(network, networkConfig, compute.kernels)
  const { perSlice, samples, heldOut } = instancesOf(job)
  const counts = { batch: job.batch, samples: samples.length }
  const networkSpecs = network.parameters(networkConfig)
  const head = method.head(methodConfig, trunk, counts)
  const specs = [...networkSpecs, ...head]
  requireBatch(job, samples.length)
  requireLargeViews(job)
  const { perEpoch: batchesPerEpoch, places: placesOf } = batchesOf(job, samples)
  const withSample = sampling(job, compute, samples, method.contrastive && pretext.apart)

  async function collect(epoch: number, places: readonly number[]): Promise<Parts[]> {
    const parts: Parts[] = []
    for (const place of places)
      parts.push(await withSample(samples[place], epoch, place, place, sample => method.parts(methodConfig, sample)))
    return parts
  }

  return {
    network: networkSpecs,
    head,
    batchesPerEpoch,
    separable: method.separable,
    hasTerm: pretext.reconstruction > 0,
    chanceLoss: method.chanceLoss(methodConfig, counts),
    keepBest: false,
    validateEvery: Math.max(1, Math.floor(job.epochs / 10)),
    loss: (parameters, batch, pass) => method.loss(methodConfig, trunk, parameters, batch, pass),
    project: method.project,
    contents: (epoch, index) => placesOf(epoch, index).map(place => nameInstance(samples[place], perSlice)),
    async prepare(epoch, index) {
      const schedule = method.schedule?.(methodConfig, epoch * batchesPerEpoch + index, job.batch)
      return { ...stackParts(await collect(epoch, placesOf(epoch, index))), ...schedule }
    },
    async views(epoch, index, most) {
      const places = placesOf(epoch, index).slice(0, most)
      return (await collect(epoch, places)).map((parts, i) => ({
        name: nameInstance(samples[places[i]], perSlice),
        parts: labelled(parts),
      }))
    },
    validate: heldOutValidation({
      method,
      methodConfig,
      trunk,
      specs,
      counts: { heldOut: heldOut.length, training: samples.length },
      parts: place =>
        withSample(heldOut[place], VALIDATION_EPOCH, place, null, sample => method.parts(methodConfig, sample)),
    }),
    preview: previewOf(job, specs, 'arbitrary', makeImaging(compute)),
  }
}
