/** The training loop, the same for every pretext and every supervised task. */
import * as tf from '@tensorflow/tfjs-core'
import { AppError } from '../../contract/errors.ts'
import type { Metrics } from '../../contract/evaluation.ts'
import { beginningNotes, type Note } from '../../contract/notes.ts'
import type { Recipe } from '../../contract/recipes.ts'
import type { TrainingSummary } from '../../contract/report.ts'
import { OWN_LOSS, type TrainingEvent } from '../../contract/runs.ts'
import type { Arithmetic } from '../compute.ts'
import type { ParameterSpec } from '../models/network.ts'
import { countParameters, initialParameters } from '../models/parameters.ts'
import type { Pause } from '../pause.ts'
import { recipeOptimizer } from './gradients.ts'
import { makeKeeper, type RunFiles } from './keeper.ts'
import type { Optimizer } from './optimizers.ts'
import type { Preview } from './preview.ts'
import { recipeRate } from './schedules.ts'
import { type Batch, type PlainBatch, samplesIn, tensorsOf } from './stack.ts'
import { BEGINNING, type Progress, type SavedState } from './state.ts'
import { type Loss, makeStep, type Projection, type Step } from './step.ts'
import { type PlainState, startingState } from './stepper.ts'
import { makeStopwatch } from './stopwatch.ts'

export interface Validation {
  /** `null` where the task has none on patients that it was not trained on. */
  readonly loss: number | null
  readonly metrics: Metrics | null
  /** The method's own figures, by name. */
  readonly extra: Readonly<Record<string, number>>
  /** What seems to go wrong, and what to try. */
  readonly advice?: readonly Note[]
}

/** What is to be learned: parameters, batches, a loss, and how well it goes on patients not trained on. */
export interface TrainingTask {
  /** The network's parameters, which checkpoints carry, then the head's, which they carry apart. */
  readonly network: readonly ParameterSpec[]
  readonly head: readonly ParameterSpec[]
  readonly batchesPerEpoch: number
  readonly loss: Loss
  /** Whether the loss is a mean over samples, so that a step may take several batches. */
  readonly separable: boolean
  /** Whether a term is added to the method's own loss, which then tells its part (`StepPass.own`). */
  readonly hasTerm?: boolean
  /** Own loss of a network that has learned nothing, where there is such a level. */
  readonly chanceLoss: number | null
  /**
   * A batch: `epoch` and `index` (within the epoch) from 0. The first axis of the first part is the samples. A batch is the same whenever
   * and in whatever thread it is prepared, and the task keeps no part of a batch.
   */
  prepare(epoch: number, index: number): Promise<PlainBatch>
  /** What is in that batch, in words: files and slices (from 1). */
  contents(epoch: number, index: number): string[]
  /** `null` where there is nothing to validate on. */
  validate(parameters: tf.Tensor1D, pause: Pause): Promise<Validation | null>
  /** What the network makes of one fixed slice; `null` where there is nothing to validate on. */
  preview(parameters: tf.Tensor1D): Promise<Preview | null>
  /** Whether the weights with the lowest validation loss are kept (else the last ones). */
  readonly keepBest: boolean
  /** Epochs between validations; the last epoch is always validated. */
  readonly validateEvery: number
  /** What becomes of parameters after each update. */
  readonly project?: Projection
}

export interface Training {
  readonly run: string
  readonly task: TrainingTask
  readonly recipe: Recipe
  readonly seed: number
  /** Weights to start from, the network's part only; `null` draws them from the seed. */
  readonly start: Float32Array | null
  /** Goes on from here instead. */
  readonly resume?: SavedState | null
  readonly metadata: Readonly<Record<string, string>>
  readonly notes: readonly Note[]
  readonly files: RunFiles
  readonly pause: Pause
  readonly compute: Pick<Arithmetic, 'kernels' | 'makeStepper'>
}

const NOTHING: { readonly validation: Validation | null; readonly preview: Preview | null } = {
  validation: null,
  preview: null,
}

/** The network's parameters from `start` (but for a fresh output layer), or drawn from the seed; the head's always drawn from the seed. */
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

/** What the optimizer begins with: the resumed state, or a fresh one; a state of another network or optimizer is refused. */
function plainStart(training: Training, optimizer: Optimizer): PlainState {
  const fresh = startingState(startingParameters(training), optimizer)
  const { run, resume } = training
  if (!resume) return fresh
  const { parameters, slots: held } = resume.plain
  if (held.length !== optimizer.slots || [parameters, ...held].some(({ length }) => length !== fresh.parameters.length))
    throw new AppError(
      'CHECKPOINT_DAMAGED',
      `Expected a state of run ${run}’s network and optimizer, got another one’s.`,
    )
  return resume.plain
}

/**
 * Trains and yields what happens; returns the summary. Weights are kept as the task says: the best by validation loss, else the last.
 * When `pause` rejects with `CANCELLED` the last finished step's weights and the state are written before that is thrown: a training that
 * resumes there ends with the same weights as one that was never interrupted.
 * Throws `NOT_FINITE` (epoch, step and slices named) when the loss stops being a number; what was written before stays.
 */
export async function* train(training: Training): AsyncGenerator<TrainingEvent, TrainingSummary> {
  const { task, recipe, files, pause, run, resume, compute } = training
  if (recipe.accumulate > 1 && !task.separable) {
    throw new AppError(
      'INVALID_ARGUMENT',
      `Expected batches that are taken whole (accumulate 1), as this method compares the samples of a batch with each other, got accumulate ${recipe.accumulate}.`,
    )
  }
  const specs = [...task.network, ...task.head]
  const optimizer = recipeOptimizer(
    recipe,
    specs.map(spec => countParameters([spec])),
  )
  const perEpoch = Math.ceil(task.batchesPerEpoch / recipe.accumulate)
  const steps = recipe.epochs * perEpoch
  let progress: Progress = resume?.progress ?? BEGINNING
  const watch = makeStopwatch(progress.seconds)
  const exact = makeStep(specs, task.loss, optimizer, task.project)
  const step: Step =
    recipe.precision === 'bfloat16' ? (...given) => compute.kernels.inBfloat16(() => exact(...given)) : exact
  const stepper = compute.makeStepper(step, plainStart(training, optimizer))
  const keeper = makeKeeper(training, stepper, perEpoch)

  const patience = recipe.earlyStopping?.patience ?? Number.POSITIVE_INFINITY
  const outOfPatience = () => (progress.lowest?.waited ?? 0) >= patience

  /** A step of this number, from 0: its loss, and the method's own part of that. Several batches count by their samples. */
  async function takeStep(step: number): Promise<{ readonly loss: number; readonly own: number }> {
    const [epoch, place] = [Math.floor(step / perEpoch), step % perEpoch]
    const first = place * recipe.accumulate
    const indices = Array.from(
      { length: Math.min(recipe.accumulate, task.batchesPerEpoch - first) },
      (_, i) => first + i,
    )
    const rate = recipeRate(recipe, step, perEpoch)
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
    if (Number.isFinite(loss)) return { loss, own }
    const contents = indices.flatMap(index => task.contents(epoch, index))
    const remedy =
      step === 0 && training.start
        ? 'Nothing was learned before: the numbers outgrow float32 in the weights that it starts from. Start from others.'
        : `A lower learning rate may help; it was ${rate}.`
    throw new AppError(
      'NOT_FINITE',
      `The loss became ${loss} at epoch ${epoch + 1}, step ${place + 1} of ${perEpoch}, on ${contents.join(', ')}. ${remedy}`,
    )
  }

  /** The steps of the epoch begun that are not done yet. */
  async function* takeSteps(): AsyncGenerator<TrainingEvent, void> {
    const end = (progress.epoch + 1) * perEpoch
    while (progress.step < end) {
      await pause()
      const { loss, own } = await watch.step(() => takeStep(progress.step))
      progress = {
        ...progress,
        step: progress.step + 1,
        lossSum: progress.lossSum + loss,
        ownSum: progress.ownSum === null ? null : progress.ownSum + own,
        epochSeconds: progress.epochSeconds + watch.lastStep,
      }
      yield { type: 'step', step: progress.step, steps, epoch: progress.epoch + 1, loss }
      if (keeper.minutes >= recipe.saveMinutes) yield await keeper.state(atNow())
    }
  }

  const atNow = (): Progress => ({ ...progress, seconds: watch.seconds })

  const validate = async () => ({
    validation: await task.validate(stepper.parameters(), pause),
    preview: await task.preview(stepper.parameters()),
  })

  /** Validates where it is time to, tells the epoch, and writes what is to be kept of it. */
  async function* endEpoch(): AsyncGenerator<TrainingEvent, void> {
    const epoch = progress.epoch + 1
    const validated = epoch === recipe.epochs || epoch % task.validateEvery === 0
    const { validation, preview } = validated ? await watch.validation(validate) : NOTHING
    const validationLoss = validation?.loss ?? null
    const learningRate = recipeRate(recipe, progress.step - 1, perEpoch)
    if (validationLoss !== null && !Number.isFinite(validationLoss))
      throw new AppError(
        'NOT_FINITE',
        `The validation loss became ${validationLoss} after epoch ${epoch}, so these weights are not kept. A lower learning rate may help; it was ${learningRate}.`,
      )
    const loss = progress.lossSum / perEpoch
    const ownLoss = progress.ownSum === null ? null : progress.ownSum / perEpoch
    yield {
      type: 'epoch',
      figures: {
        epoch,
        loss,
        learningRate,
        seconds: progress.epochSeconds,
        validationLoss,
        validation: validation?.metrics ?? null,
        extra: { ...(task.hasTerm && ownLoss !== null && { [OWN_LOSS]: ownLoss }), ...validation?.extra },
      },
    }
    for (const note of validation?.advice ?? []) yield { type: 'note', ...note }
    if (preview) {
      const { image, ...facts } = preview
      yield { type: 'preview', epoch, ...facts, ...(await files.savePreview(epoch, image)) }
    }
    let { best, lowest } = progress
    if (validationLoss !== null) {
      const better = lowest === null || validationLoss < lowest.loss
      lowest = better ? { loss: validationLoss, waited: 0 } : { ...lowest!, waited: lowest!.waited + 1 }
      if (better && task.keepBest) {
        const written = await keeper.weights('best', progress)
        best = { path: written.path, sha256: written.sha256, epoch, loss: validationLoss }
        yield written
      }
    }
    if (recipe.milestones.includes(epoch)) yield await keeper.weights('milestone', progress)
    progress = {
      ...progress,
      epoch,
      lossSum: 0,
      ownSum: 0,
      epochSeconds: 0,
      best,
      lowest,
      loss,
      ownLoss,
      validationLoss,
    }
    if (isOver() || keeper.due || keeper.minutes >= recipe.saveMinutes) yield* save()
    if (outOfPatience() && epoch < recipe.epochs)
      yield {
        type: 'note',
        level: 'info',
        code: 'stopped-early',
        data: { epoch, patience },
        text: `Stopped early, after epoch ${epoch} of ${recipe.epochs}: ${patience} validations without a lower loss.`,
      }
  }

  async function* save(): AsyncGenerator<TrainingEvent, void> {
    const last = await keeper.weights('last', progress)
    progress = { ...progress, last: { path: last.path, sha256: last.sha256 } }
    yield last
    yield await keeper.state(atNow())
  }

  const isOver = () => progress.epoch === recipe.epochs || outOfPatience()

  try {
    const size = { steps, epochs: recipe.epochs, parameters: countParameters(specs), ...beginningNotes(training.notes) }
    const { step, epoch } = progress
    yield resume ? { type: 'resumed', from: { step, epoch }, ...size } : { type: 'started', ...size }
    watch.prepared()
    while (!isOver()) {
      yield* takeSteps()
      yield* endEpoch()
    }
    const { best, last, loss, ownLoss, validationLoss } = progress
    const { path, sha256 } = best ?? last!
    return {
      run,
      epochs: progress.epoch,
      steps: progress.step,
      batch: recipe.batch * recipe.accumulate,
      seconds: watch.seconds,
      loss: loss!,
      ...(task.chanceLoss !== null && ownLoss !== null && { ownLoss }),
      chanceLoss: task.chanceLoss,
      validationLoss: best?.loss ?? validationLoss,
      bestEpoch: best?.epoch ?? null,
      checkpoint: { path, sha256 },
    }
  } catch (error) {
    if (error instanceof AppError && error.code === 'CANCELLED') yield* save()
    throw error
  } finally {
    stepper.dispose()
  }
}
