/** Takes equal steps eagerly and as a graph, for comparison. */
import * as tf from '@tensorflow/tfjs-core'
import type { Kernels } from '../../../../../src/core/kernels.ts'
import { networkOf } from '../../../../../src/core/models/index.ts'
import { initialParameters } from '../../../../../src/core/models/parameters.ts'
import type { Batch } from '../../../../../src/core/models/parts.ts'
import { makeOptimizer } from '../../../../../src/core/training/optimizers.ts'
import { type Loss, makeStep, type Step } from '../../../../../src/core/training/step.ts'
import { eagerStepper, type PlainState, type Stepper, startingState } from '../../../../../src/core/training/stepper.ts'
import type { Backend } from '../../../../../src/engine/tensorflow/graph/native.ts'
import { makeGraphStepper } from '../../../../../src/engine/tensorflow/graph/stepper.ts'
import { kernels } from '../../../../engine.ts'

export const backend = () => tf.backend() as unknown as Backend

/** Numbers of native tensors and sessions, because tfjs counts only its own tensors. */
export function native() {
  const { binding } = backend() as unknown as {
    binding: { getNumOfTensors(): number; getNumOfSavedModels(): number }
  }
  return { tensors: binding.getNumOfTensors(), sessions: binding.getNumOfSavedModels(), known: tf.memory().numTensors }
}

/** The norm of a − b over the norm of b. */
export function difference(a: Float32Array, b: Float32Array): number {
  const norm = (values: Float32Array) => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0))
  return norm(a.map((value, i) => value - b[i])) / norm(b)
}

/** A network that learns image y from image x, with Adam and an L1 loss. */
export function imageTraining(id: string, settings: Readonly<Record<string, number>>, used: Kernels = kernels()) {
  const network = networkOf(id)
  const config = network.config.parse(settings)
  const specs = network.parameters(config)
  const optimizer = makeOptimizer(kernels(), { kind: 'adam', beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0 })
  const loss: Loss = (parameters, { x, y }, pass) =>
    tf.mean(tf.abs(tf.sub(network.outputs(used, config, parameters, { image: x }, pass)[0], y))) as tf.Scalar
  const step = makeStep(specs, loss, optimizer)
  return { specs, loss, optimizer, step, start: startingState(initialParameters(specs, 1), optimizer) }
}

/** The batch and the scalars of a step, counted from 0. The caller disposes the batch. */
export type Feed = (step: number) => { batch: Batch; scalars: number[] }

export async function take(stepper: Stepper, steps: number, feed: Feed, from = 0): Promise<number[]> {
  const losses: number[] = []
  for (let i = from; i < from + steps; i++) {
    const { batch, scalars } = feed(i)
    losses.push(await stepper.step(batch, scalars))
    tf.dispose(batch)
  }
  return losses
}

export interface Trained {
  readonly losses: number[]
  readonly state: PlainState
  /** The printed lines. Empty if all steps were replayed. */
  readonly lines: string[]
}

/** `mostShapes`: see `makeGraphStepper`. */
export async function trainAsGraph(
  step: Step,
  start: PlainState,
  steps: number,
  feed: Feed,
  mostShapes?: number,
): Promise<Trained> {
  const lines: string[] = []
  const stepper = makeGraphStepper(backend(), line => lines.push(line), mostShapes)(step, start)
  try {
    return { losses: await take(stepper, steps, feed), state: await stepper.read(), lines }
  } finally {
    stepper.dispose()
  }
}

export async function trainEagerly(step: Step, start: PlainState, steps: number, feed: Feed): Promise<Trained> {
  const stepper = eagerStepper(step, start)
  try {
    return { losses: await take(stepper, steps, feed), state: await stepper.read(), lines: [] }
  } finally {
    stepper.dispose()
  }
}
