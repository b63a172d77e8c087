/**
 * Supervised reconstruction as fastMRI trains it (`unet_module.py`): L1 between the network's output and the ground
 * truth on normalised images. Training draws a fresh mask per slice and epoch. Validation masks are seeded by file
 * name. Metrics are computed on un-normalised volumes.
 */
import * as tf from '@tensorflow/tfjs-core'
import { AppError } from '../../contract/errors.ts'
import type { Metrics } from '../../contract/evaluation.ts'
import type { SliceSelection } from '../../contract/volumes.ts'
import type { Arithmetic } from '../compute.ts'
import { planBatches } from '../data/batches.ts'
import { listSlices, nameSlice, type SliceReference, usableSlices, type VolumeSource } from '../data/slices.ts'
import { meanOfMetrics, readReference } from '../evaluate.ts'
import { meanOf, type Network } from '../models/network.ts'
import type { Masking } from '../mri/draw.ts'
import { scoreVolume } from '../mri/metrics.ts'
import { stream } from '../mri/random.ts'
import { cropShape, normalise, normaliseTarget, unnormalise } from '../mri/transform.ts'
import type { Pause } from '../pause.ts'
import { type Imaging, makeImaging, maskOf, zeroFilled } from '../reconstruct.ts'
import { mean } from '../statistics.ts'
import { previewOf } from './preview.ts'
import { type PlainBatch, stackParts } from './stack.ts'
import type { TrainingTask, Validation } from './task.ts'

export interface SupervisedJob {
  readonly network: Network
  readonly networkConfig: unknown
  readonly train: readonly VolumeSource[]
  readonly validation: readonly VolumeSource[]
  readonly slices: SliceSelection
  readonly mask: Masking
  readonly batch: number
  readonly seed: number
}

interface ValidationInput {
  readonly index: number
  readonly image: Float32Array
  readonly target: Float32Array
  readonly mean: number
  readonly std: number
}

/** A prepared validation volume. Inputs and targets do not change from epoch to epoch. */
interface ValidationVolume {
  readonly shape: readonly [number, number]
  readonly inputs: readonly ValidationInput[]
  /** Read as an evaluation reads it, so that an evaluation of the run gives the run's numbers again. */
  readonly reference: ReturnType<typeof readReference>
}

const meanAbsoluteError = (prediction: tf.Tensor, target: tf.Tensor) =>
  tf.mean(tf.abs(tf.sub(prediction, target))) as tf.Scalar

async function prepareValidation(
  source: VolumeSource,
  job: SupervisedJob,
  { zeroFilling }: Imaging,
  pause: Pause,
): Promise<ValidationVolume> {
  const volume = await source.open()
  const crop = cropShape(source.info)
  const mask = maskOf(volume, job.mask)
  const indices = usableSlices(source.info, job.slices, 'ground truth')
  const inputs: ValidationInput[] = []
  for (const index of indices) {
    await pause()
    const { image, mean, std } = normalise(zeroFilled(volume, index, mask(index), zeroFilling))
    const truth = volume.readTarget(index)!
    inputs.push({ index, image, target: normaliseTarget(truth, source.info.targetShape!, crop, mean, std), mean, std })
  }
  return { shape: crop, inputs, reference: readReference(volume, indices, 'ground truth') }
}

/** Mean absolute difference of two equally long arrays, in double. */
function meanDifference(a: Float32Array, b: Float32Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += Math.abs(a[i] - b[i])
  return sum / a.length
}

/**
 * Throws `INVALID_ARGUMENT` if no training slice has ground truth.
 * The caller leaves out volumes without ground truth, and names them.
 */
export function supervisedTask(job: SupervisedJob, compute: Arithmetic): TrainingTask {
  const { network, networkConfig, seed } = job
  const { kernels } = compute
  const imaging = makeImaging(compute)
  const specs = network.parameters(networkConfig)
  const samples = listSlices(job.train, job.slices, 'ground truth')
  const validation = job.validation.filter(({ info }) => usableSlices(info, job.slices, 'ground truth').length > 0)
  const shapes = samples.map(({ source }) => cropShape(source.info).join(' × '))
  const plan = planBatches({ seed, batch: job.batch, shapes, smaller: 'always' })
  if (samples.length === 0)
    throw new AppError(
      'INVALID_ARGUMENT',
      'Expected a training slice with k-space and ground truth, got none. Choose other slices or volumes.',
    )
  const prepared: ValidationVolume[] = []
  /** Outputs of the last validation for slices of the first volume, by slice index. */
  let shown: { readonly by: tf.Tensor1D; readonly outputs: ReadonlyMap<number, Float32Array> } | null = null

  async function sample({ source, index }: SliceReference, epoch: number, place: number): Promise<PlainBatch> {
    const volume = await source.open()
    const crop = cropShape(source.info)
    const mask = maskOf(volume, job.mask, stream(seed, 'mask', epoch, place))
    const { image, mean, std } = normalise(zeroFilled(volume, index, mask(index), imaging.zeroFilling))
    const target = normaliseTarget(volume.readTarget(index)!, source.info.targetShape!, crop, mean, std)
    const shape = [...crop, 1]
    return { image: { data: image, shape }, target: { data: target, shape } }
  }

  async function validate(parameters: tf.Tensor1D, pause: Pause): Promise<Validation | null> {
    if (validation.length === 0) return null
    const model = { network, config: networkConfig, specs, parameters }
    const losses: number[] = []
    const scores: Metrics[] = []
    for (const [place, source] of validation.entries()) {
      prepared[place] ??= await prepareValidation(source, job, imaging, pause)
      const { shape, inputs, reference } = prepared[place]
      const prediction = new Float32Array(reference.target.length)
      const outputs = new Map<number, Float32Array>()
      for (const [i, input] of inputs.entries()) {
        await pause()
        const output = await imaging.predict(model, input.image, shape)
        outputs.set(input.index, output)
        losses.push(meanDifference(output, input.target))
        prediction.set(unnormalise(output, input.mean, input.std), i * shape[0] * shape[1])
      }
      scores.push(scoreVolume({ prediction, ...reference }))
      if (place === 0) shown = { by: parameters, outputs }
    }
    return {
      loss: mean(losses),
      metrics: meanOfMetrics(scores),
      extra: {},
    }
  }

  return {
    network: specs,
    head: [],
    batchesPerEpoch: plan.perEpoch,
    separable: true,
    chanceLoss: null,
    keepBest: true,
    validateEvery: 1,
    loss(parameters, { image, target }, pass) {
      const outputs = network.outputs(kernels, networkConfig, parameters, image as tf.Tensor4D, pass)
      return meanOf(outputs.map(output => meanAbsoluteError(output, target)))
    },
    contents: (epoch, index) => plan.places(epoch, index).map(place => nameSlice(samples[place])),
    async prepare(epoch, index) {
      const chosen: PlainBatch[] = []
      for (const place of plan.places(epoch, index)) chosen.push(await sample(samples[place], epoch, place))
      return stackParts(chosen)
    },
    validate,
    preview: previewOf({ ...job, validation }, specs, 'signal', imaging, (parameters, slice) =>
      shown?.by === parameters ? (shown.outputs.get(slice) ?? null) : null,
    ),
  }
}
