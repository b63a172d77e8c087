/** A network's forward pass and its training step, on the first slice of measured k-space. */
import * as tf from '@tensorflow/tfjs-core'
import { maskOf } from '../../../src/core/data/patterns.ts'
import { croppedTruth } from '../../../src/core/data/truth.ts'
import { zeroFilled } from '../../../src/core/imaging.ts'
import { networkOf } from '../../../src/core/models/index.ts'
import type { Parameters } from '../../../src/core/models/network.ts'
import { fromTorch, initialParameters, toTorch } from '../../../src/core/models/parameters.ts'
import type { Batch } from '../../../src/core/models/parts.ts'
import { makeZeroFilling } from '../../../src/core/mri/fft.ts'
import { centreCropReal, cropShape, normalise, rescale } from '../../../src/core/mri/transform.ts'
import type { Optimizer } from '../../../src/core/training/optimizers.ts'
import { makeStep, type Step, type StepPass, stepIn } from '../../../src/core/training/step.ts'
import { startingState } from '../../../src/core/training/stepper.ts'
import { openVolume } from '../../../src/engine/files/volumes.ts'
import { readCheckpoint, writeCheckpoint } from '../../../src/engine/files/whole-files.ts'
import { RECORDED_AFTER } from '../../../src/engine/tensorflow/graph/predictor.ts'
import { graphStepper } from '../../../src/engine/tensorflow/graph/stepper.ts'
import { loadedCompute, requireCompute } from '../../../src/engine/tensorflow/tensorflow.ts'
import {
  type Computed,
  type Forward,
  floatsPath,
  type Given,
  type NetworkChoice,
  readFloats,
  type Trained,
  type Training,
  weightsPath,
  writeFloats,
} from '../computed.ts'
import { type Computation, type Kind, SEED } from './computation.ts'
import { optimizerOf } from './optimizer.ts'

export const specsOf = ({ network, networkConfig }: NetworkChoice) => networkOf(network).parameters(networkConfig)

/** Writes random weights as a checkpoint of Self-MRI. */
export async function writeWeights(given: Pick<Given, 'folder' | 'name'>, choice: NetworkChoice): Promise<void> {
  const specs = specsOf(choice)
  await writeCheckpoint(weightsPath(given), { tensors: toTorch(initialParameters(specs, SEED), specs), metadata: {} })
}

export async function readWeights(given: Pick<Given, 'folder' | 'name'>, choice: NetworkChoice): Promise<Float32Array> {
  const path = weightsPath(given)
  return fromTorch((await readCheckpoint(path)).tensors, specsOf(choice), path)
}

async function write(given: Given<Forward | Training>): Promise<void> {
  const { file, mask, computed } = given
  const volume = await openVolume(file, '')
  const crop = cropShape(volume.info)
  const { fourier } = await requireCompute()
  const { image, mean, std } = normalise(zeroFilled(volume, 0, maskOf(volume, mask)(0), makeZeroFilling(fourier)))
  const target = rescale(croppedTruth(volume, 0)!, mean, std)
  volume.dispose()
  await writeWeights(given, computed)
  await writeFloats(floatsPath(given, 'image'), centreCropReal(image, crop, computed.size))
  await writeFloats(floatsPath(given, 'target'), centreCropReal(target, crop, computed.size))
}

/** Reconstructs one image after another. After `RECORDED_AFTER` images, `predict` replays a recorded graph. */
export const forward: Kind<Forward> = {
  write,
  async load(given) {
    const { network, networkConfig, size, batch } = given.computed
    const parameters = tf.tensor1d(await readWeights(given, given.computed))
    const model = { network: networkOf(network), config: networkConfig, specs: specsOf(given.computed), parameters }
    const image = await readFloats(floatsPath(given, 'image'))
    const parts = { image: { data: image, shape: [...size, 1] } }
    const { predict } = await requireCompute()
    async function once(): Promise<Float32Array[]> {
      const outputs: Float32Array[] = []
      while (outputs.length < batch) outputs.push(await predict(model, parts, size))
      return outputs
    }
    return {
      async result() {
        for (let images = 0; images < RECORDED_AFTER; images += batch) await once()
        return Float32Array.from((await once()).flatMap(output => [...output]))
      },
      once,
    }
  },
}

/** The step of a supervised training, with an L1 loss. */
export function supervisedStep(
  { network, networkConfig }: NetworkChoice,
  { optimizer }: Pick<Trained, 'optimizer'>,
): Step {
  const { outputs, parameters } = networkOf(network)
  const { kernels } = loadedCompute()!
  const loss = (values: Parameters, { image, target }: Batch, pass: StepPass) =>
    tf.mean(tf.abs(tf.sub(outputs(kernels, networkConfig, values, { image }, pass)[0], target))) as tf.Scalar
  return makeStep(parameters(networkConfig), loss, optimizerOf(optimizer))
}

/** Takes steps as a run takes them. */
export const stepperOf = (
  step: Step,
  weights: Float32Array,
  optimizer: Optimizer,
  { precision }: Pick<Given, 'precision'>,
) => graphStepper(stepIn(precision, loadedCompute()!.kernels, step), startingState(weights, optimizer))

/** First the checked steps on the first batch, at the checked rate. Timed, at the timed rate: a step on each batch. */
export function stepsOn(
  batches: readonly Batch[],
  step: Step,
  weights: Float32Array,
  given: Given<Computed & Trained>,
): Computation {
  const { optimizer: kind, rates, checkedSteps } = given.computed
  const optimizer = optimizerOf(kind)
  const stepper = stepperOf(step, weights, optimizer, given)
  let taken = 0
  const next = (batch: Batch, rate: number) => stepper.step(batch, optimizer.scalars(rate, ++taken))
  return {
    async result() {
      const losses: number[] = []
      while (losses.length < checkedSteps) losses.push(await next(batches[0], rates.checked))
      return Float32Array.from(losses)
    },
    async once() {
      for (const batch of batches) await next(batch, rates.timed)
    },
  }
}

export const training: Kind<Training> = {
  write,
  async load(given) {
    const { computed } = given
    const batch: Record<string, tf.Tensor> = {}
    for (const which of ['image', 'target']) {
      const image = tf.tensor4d(await readFloats(floatsPath(given, which)), [1, ...computed.size, 1])
      batch[which] = tf.tile(image, [computed.batch, 1, 1, 1])
    }
    const weights = await readWeights(given, computed)
    return stepsOn([batch], supervisedStep(computed, computed), weights, given)
  },
}
