/** A training under way: its step, its files, and its progress. */
import * as tf from '@tensorflow/tfjs-core'
import { AppError } from '../../contract/errors.ts'
import type { ParameterSpec } from '../models/network.ts'
import { countParameters, initialParameters } from '../models/parameters.ts'
import { type Batch, samplesIn, tensorsOf } from '../models/parts.ts'
import { recipeOptimizer } from './gradients.ts'
import { type Keeper, makeKeeper } from './keeper.ts'
import { goOnWith } from './kernel-spans.ts'
import type { Optimizer } from './optimizers.ts'
import type { StepLoss } from './progress.ts'
import { recipeRate } from './schedules.ts'
import { BEGINNING, type Progress } from './state.ts'
import { makeStep, stepIn } from './step.ts'
import { type PlainState, type Stepper, startingState } from './stepper.ts'
import { makeStopwatch, type Stopwatch } from './stopwatch.ts'
import type { Training } from './task.ts'

export interface TrainingJob {
  readonly training: Training
  /** Parameters of the network, then of the head. */
  readonly specs: readonly ParameterSpec[]
  /** Steps of an epoch. */
  readonly perEpoch: number
  readonly stepper: Stepper
  readonly keeper: Keeper
  readonly watch: Stopwatch
  /** Takes step number `step`, from 0. Throws `NOT_FINITE` if the loss is not finite. */
  takeStep(step: number): Promise<StepLoss>
  /** Replaced after each step and each epoch. */
  progress: Progress
}

/**
 * The network's parameters come from `start`, or from the seed without `start`. The head's parameters come from the
 * seed. The output layer's parameters come from the seed too, if the recipe draws the output layer afresh.
 */
function startingParameters({ task, seed, start, recipe }: Training): Float32Array {
  const parameters = initialParameters([...task.network, ...task.head], seed)
  if (!start) return parameters
  let end = 0
  for (const spec of task.network) {
    const begin = end
    end += countParameters([spec])
    if (!(recipe.freshOutput && spec.output)) parameters.set(start.subarray(begin, end), begin)
  }
  return parameters
}

/** State with which the optimizer begins: the resumed state, or a fresh state. Refuses a state of another optimizer. */
function plainStart(training: Training, optimizer: Optimizer): PlainState {
  const fresh = startingState(startingParameters(training), optimizer)
  const { run, resume } = training
  if (!resume) return fresh
  const { parameters, slots: held } = resume.plain
  if (held.length !== optimizer.slots || [parameters, ...held].some(({ length }) => length !== fresh.parameters.length))
    throw new AppError(
      'CHECKPOINT_DAMAGED',
      `Expected a state of run ${run}’s network and optimizer, got a state of another network or optimizer.`,
    )
  return resume.plain
}

/** The caller disposes the stepper. */
export function makeJob(training: Training): TrainingJob {
  const { task, recipe, resume, compute, kernelsName } = training
  if (recipe.accumulate > 1 && !task.separable) {
    throw new AppError(
      'INVALID_ARGUMENT',
      `Expected accumulate 1 (whole batches), got accumulate ${recipe.accumulate}. ` +
        'This method compares the samples of a batch with each other.',
    )
  }
  const specs = [...task.network, ...task.head]
  const optimizer = recipeOptimizer(
    compute.kernels,
    recipe,
    specs.map(spec => countParameters([spec])),
  )
  const perEpoch = Math.ceil(task.batchesPerEpoch / recipe.accumulate)
  const progress = goOnWith(kernelsName, resume?.progress ?? BEGINNING)
  const watch = makeStopwatch(progress.seconds)
  const step = stepIn(recipe.precision, compute.kernels, makeStep(specs, task.loss, optimizer, task.project))
  const stepper = compute.makeStepper(step, plainStart(training, optimizer))
  const keeper = makeKeeper(training, stepper, perEpoch)
  const takeStep = stepTaker(training, { stepper, optimizer, perEpoch })
  return { training, specs, perEpoch, stepper, keeper, watch, takeStep, progress }
}

/** A step may take several batches. The loss of each batch counts by the batch's number of samples. */
function stepTaker(
  { task, recipe, start }: Training,
  {
    stepper,
    optimizer,
    perEpoch,
  }: { readonly stepper: Stepper; readonly optimizer: Optimizer; readonly perEpoch: number },
): TrainingJob['takeStep'] {
  async function lossOf(step: number, epoch: number, indices: readonly number[], rate: number): Promise<StepLoss> {
    const batches: Batch[] = []
    let [loss, own] = [0, 0]
    try {
      for (const index of indices) batches.push(tensorsOf(await task.prepare(epoch, index)))
      const samples = batches.reduce((sum, batch) => sum + samplesIn(batch), 0)
      for (const [i, batch] of batches.entries()) {
        const share = samplesIn(batch) / samples
        const scalars = optimizer.scalars(rate, step + 1, { share, last: i === batches.length - 1 })
        const whole = await stepper.step(batch, scalars)
        loss += share * whole
        own += share * (stepper.own ?? whole)
      }
    } finally {
      tf.dispose(batches)
    }
    return { loss, own }
  }

  return async step => {
    const [epoch, place] = [Math.floor(step / perEpoch), step % perEpoch]
    const first = place * recipe.accumulate
    const count = Math.min(recipe.accumulate, task.batchesPerEpoch - first)
    const indices = Array.from({ length: count }, (_, i) => first + i)
    const rate = recipeRate(recipe, step, perEpoch)
    const losses = await lossOf(step, epoch, indices, rate)
    if (Number.isFinite(losses.loss)) return losses
    const contents = indices.flatMap(index => task.contents(epoch, index))
    const remedy =
      step === 0 && start
        ? 'The numbers exceed float32 with the weights that training starts from. Start from other weights.'
        : `A lower learning rate may help; it was ${rate}.`
    throw new AppError(
      'NOT_FINITE',
      `The loss became ${losses.loss} at epoch ${epoch + 1}, step ${place + 1} of ${perEpoch}, ` +
        `on ${contents.join(', ')}. ${remedy}`,
    )
  }
}
