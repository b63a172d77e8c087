/**
 * Supervised reconstruction as fastMRI trains it (`unet_module.py`, `varnet_module.py`): a loss between the network's
 * image and the ground truth, in the network's units. Training draws a fresh mask per slice and epoch.
 */
import type * as tf from '@tensorflow/tfjs-core'
import { AppError } from '../../contract/errors.ts'
import type { LossWeights } from '../../contract/recipes.ts'
import type { SliceSelection } from '../../contract/volumes.ts'
import type { Arithmetic } from '../compute.ts'
import { planBatches } from '../data/batches.ts'
import { maskOf } from '../data/patterns.ts'
import { listSlices, nameSlice, type SliceReference, usableSlices, type VolumeSource } from '../data/slices.ts'
import { croppedTruth, truthMaximum } from '../data/truth.ts'
import { makeImaging } from '../imaging.ts'
import { INPUTS, inputOf } from '../inputs/index.ts'
import { centreCrop } from '../models/model.ts'
import { meanOf, type Network } from '../models/network.ts'
import { type PlainBatch, stackParts } from '../models/parts.ts'
import type { Masking } from '../mri/draw.ts'
import { stream } from '../mri/random.ts'
import { cropShape } from '../mri/transform.ts'
import { DEFAULT_LOSS, makeLoss, needsRange } from './losses.ts'
import { makeMinimaNotes } from './minima.ts'
import { previewOf } from './preview.ts'
import type { TrainingTask } from './task.ts'
import { makeValidation } from './validation.ts'

export interface SupervisedJob {
  readonly network: Network
  readonly networkConfig: unknown
  readonly train: readonly VolumeSource[]
  readonly validation: readonly VolumeSource[]
  readonly slices: SliceSelection
  readonly mask: Masking
  readonly batch: number
  /** Absent: the loss of the network's kind. */
  readonly loss?: LossWeights
  readonly seed: number
}

/** Gives the maximum of a volume's ground truth, and reads each volume once. */
function makeMaxima() {
  const maxima = new Map<VolumeSource, number>()
  return async (source: VolumeSource): Promise<number> => {
    const maximum = maxima.get(source) ?? (await truthMaximum(await source.open(), async () => {}))!
    maxima.set(source, maximum)
    return maximum
  }
}

/**
 * Throws `INVALID_ARGUMENT` if no training slice has ground truth.
 * The caller leaves out volumes without ground truth, and names them.
 */
export function supervisedTask(job: SupervisedJob, compute: Arithmetic): TrainingTask {
  const { network, networkConfig, seed } = job
  const { kernels } = compute
  const kind = INPUTS[network.takes]
  const imaging = makeImaging(compute)
  const specs = network.parameters(networkConfig)
  const samples = listSlices(job.train, job.slices, 'ground truth')
  const validation = job.validation.filter(({ info }) => usableSlices(info, job.slices, 'ground truth').length > 0)
  const shapes = samples.map(({ source }) => kind.sizes(source.info).join(' × '))
  const plan = planBatches({ seed, batch: job.batch, shapes, smaller: 'always' })
  if (samples.length === 0)
    throw new AppError(
      'INVALID_ARGUMENT',
      'Expected a training slice with k-space and ground truth, got none. Choose other slices or volumes.',
    )
  const weights = job.loss ?? DEFAULT_LOSS[network.takes]
  const loss = makeLoss(weights)
  const maximumOf = makeMaxima()
  const { validate, known } = makeValidation({ ...job, validation }, specs, loss, imaging)
  const minimaNotes = makeMinimaNotes(specs)

  async function sample({ source, index }: SliceReference, epoch: number, place: number): Promise<PlainBatch> {
    const volume = await source.open()
    const mask = maskOf(volume, job.mask, stream(seed, 'mask', epoch, place))
    const { parts, ...units } = inputOf({ network, config: networkConfig }, volume, index, mask(index), imaging)
    const target = kind.target(croppedTruth(volume, index)!, units)
    return {
      ...parts,
      target: { data: target, shape: [...cropShape(source.info), 1] },
      ...(needsRange(weights) && {
        range: { data: Float32Array.of((await maximumOf(source)) / units.std), shape: [] },
      }),
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
    loss(parameters, { target, range, ...input }, pass) {
      const [, height, width] = target.shape
      const outputs = network.outputs(kernels, networkConfig, parameters, input, pass)
      return meanOf(
        outputs.map(output =>
          loss.ofTensors(centreCrop(output, [height, width]), target as tf.Tensor4D, range as tf.Tensor1D),
        ),
      )
    },
    contents: (epoch, index) => plan.places(epoch, index).map(place => nameSlice(samples[place])),
    async prepare(epoch, index) {
      const chosen: PlainBatch[] = []
      for (const place of plan.places(epoch, index)) chosen.push(await sample(samples[place], epoch, place))
      return stackParts(chosen)
    },
    async validate(parameters, pause) {
      const validated = await validate(parameters, pause)
      return validated && { ...validated, advice: await minimaNotes(parameters) }
    },
    preview: previewOf({ ...job, validation }, specs, 'signal', imaging, known),
  }
}
