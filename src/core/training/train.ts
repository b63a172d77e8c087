/** The training loop, the same for every pretext and every supervised task. */
import * as tf from '@tensorflow/tfjs-core'
import { AppError } from '../../contract/errors.ts'
import type { Metrics } from '../../contract/evaluation.ts'
import type { TrainingSeconds, TrainingSummary } from '../../contract/report.ts'
import type { Recipe, TrainingEvent } from '../../contract/runs.ts'
import type { ParameterSpec } from '../models/network.ts'
import type { Pause } from '../pause.ts'
import type { Checkpoint } from './checkpoint.ts'
import { makeOptimizer } from './optimizers.ts'
import { countParameters, initialParameters, toTorch } from './parameters.ts'
import type { Preview } from './preview.ts'
import { learningRate } from './schedules.ts'
import { type Loss, makeStep } from './step.ts'
import { type MakeStepper, startingState } from './stepper.ts'

export interface Validation {
  readonly loss: number
  readonly metrics: Metrics | null
  /** The method's own figures, by name. */
  readonly extra: Readonly<Record<string, number>>
}

/** What is to be learned: parameters, batches, a loss, and how well it goes on patients not trained on. */
export interface TrainingTask {
  /** The network's parameters, which checkpoints carry, then the head's, which they carry apart. */
  readonly network: readonly ParameterSpec[]
  readonly head: readonly ParameterSpec[]
  readonly stepsPerEpoch: number
  readonly loss: Loss
  /** Loss of a network that has learned nothing, where there is such a level. */
  readonly chanceLoss: number | null
  /** `epoch` and `step` (within it) from 0. The caller disposes the tensors. */
  batch(epoch: number, step: number): Promise<tf.Tensor[]>
  /** `null` where there is nothing to validate on. */
  validate(parameters: tf.Tensor1D, pause: Pause): Promise<Validation | null>
  /** What the network makes of one fixed slice; `null` where there is nothing to validate on. */
  preview(parameters: tf.Tensor1D): Promise<Preview | null>
  /** Whether the weights with the lowest validation loss are kept (else the last ones). */
  readonly keepBest: boolean
  /** Epochs between validations; the last epoch is always validated. */
  readonly validateEvery: number
}

/** Where files go; core opens none itself. An epoch, from 1, is written at most once in each role. */
export interface RunFiles {
  saveCheckpoint(
    role: 'best' | 'last' | 'head',
    epoch: number,
    checkpoint: Checkpoint,
  ): Promise<{ path: string; sha256: string }>
  /** Image [height, width]. */
  savePreview(epoch: number, image: Float32Array): Promise<{ path: string }>
}

export interface Training {
  readonly run: string
  readonly task: TrainingTask
  readonly recipe: Recipe
  readonly seed: number
  /** Weights to start from, the network's part only; `null` draws them from the seed. */
  readonly start: Float32Array | null
  readonly metadata: Readonly<Record<string, string>>
  readonly notes: readonly string[]
  readonly files: RunFiles
  readonly pause: Pause
  readonly makeStepper: MakeStepper
}

/** The last weights are written at an epoch's end once this many times what writing them takes has passed. */
const SAVE_AFTER = 20

/** The network's parameters from `start`, or drawn from the seed; the head's always drawn from the seed. */
function startingParameters({ task, seed, start }: Training): Float32Array {
  const parameters = initialParameters([...task.network, ...task.head], seed)
  if (start) parameters.set(start)
  return parameters
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? 0
}

/**
 * Trains and yields what happens; returns the summary. Weights are kept as the task says: the best by validation loss, else the last.
 * When `pause` rejects with `CANCELLED` the last finished step's weights are written, as of the epoch begun, before that is thrown.
 * Throws `NOT_FINITE` (epoch and step named) when the loss stops being a number; the checkpoints written before stay.
 */
export async function* train(training: Training): AsyncGenerator<TrainingEvent, TrainingSummary> {
  const { task, recipe, files, pause, run } = training
  const begun = performance.now()
  const specs = [...task.network, ...task.head]
  const optimizer = makeOptimizer(recipe.optimizer)
  const steps = recipe.epochs * task.stepsPerEpoch
  const stepper = training.makeStepper(
    makeStep(specs, task.loss, optimizer),
    startingState(startingParameters(training), optimizer),
  )

  const stepMs: number[] = []
  let validationMs = 0
  let last: { path: string; sha256: string } | null = null
  let best: { path: string; sha256: string; epoch: number; loss: number } | null = null
  let savedAt = Number.NEGATIVE_INFINITY
  let saveMs = 0
  let epoch = 0

  async function write(role: 'best' | 'last'): Promise<{ path: string; sha256: string }> {
    const start = performance.now()
    const tensors = toTorch((await stepper.read()).parameters, specs)
    const pick = (wanted: readonly ParameterSpec[]) => new Map(wanted.map(spec => [spec.name, tensors.get(spec.name)!]))
    const metadata = { ...training.metadata, format: 'pt', run, epoch: String(epoch + 1) }
    if (role === 'last' && task.head.length > 0)
      await files.saveCheckpoint('head', epoch + 1, { tensors: pick(task.head), metadata })
    const written = await files.saveCheckpoint(role, epoch + 1, { tensors: pick(task.network), metadata })
    if (role === 'last') {
      savedAt = performance.now()
      saveMs = savedAt - start
    }
    return written
  }

  try {
    yield {
      type: 'started',
      steps,
      epochs: recipe.epochs,
      parameters: countParameters(specs),
      notes: [...training.notes],
    }
    const prepared = performance.now() - begun
    for (; epoch < recipe.epochs; epoch++) {
      const epochStart = performance.now()
      let total = 0
      let rate = 0
      for (let i = 0; i < task.stepsPerEpoch; i++) {
        await pause()
        const stepStart = performance.now()
        const done = epoch * task.stepsPerEpoch + i
        rate = learningRate(recipe.schedule, epoch, done, steps)
        const batch = await task.batch(epoch, i)
        const loss = await stepper.step(batch, optimizer.scalars(rate, done + 1))
        tf.dispose(batch)
        if (!Number.isFinite(loss)) {
          throw new AppError(
            'NOT_FINITE',
            `The loss became ${loss} at epoch ${epoch + 1}, step ${i + 1} of ${task.stepsPerEpoch}. A lower learning rate may help; it was ${rate}.`,
          )
        }
        total += loss
        stepMs.push(performance.now() - stepStart)
        yield { type: 'step', step: done + 1, steps, epoch: epoch + 1, loss }
      }
      const loss = total / task.stepsPerEpoch
      const seconds = (performance.now() - epochStart) / 1000
      const final = epoch === recipe.epochs - 1
      let validation: Validation | null = null
      let preview: Preview | null = null
      if (final || (epoch + 1) % task.validateEvery === 0) {
        const start = performance.now()
        validation = await task.validate(stepper.parameters(), pause)
        preview = await task.preview(stepper.parameters())
        validationMs += performance.now() - start
      }
      yield {
        type: 'epoch',
        figures: {
          epoch: epoch + 1,
          loss,
          learningRate: rate,
          seconds,
          validationLoss: validation?.loss ?? null,
          validation: validation?.metrics ?? null,
          extra: { ...validation?.extra },
        },
      }
      if (preview) {
        const { image, ...facts } = preview
        yield { type: 'preview', epoch: epoch + 1, ...facts, ...(await files.savePreview(epoch + 1, image)) }
      }
      if (validation && task.keepBest && (!best || validation.loss < best.loss)) {
        best = { ...(await write('best')), epoch: epoch + 1, loss: validation.loss }
        yield { type: 'checkpoint', role: 'best', epoch: epoch + 1, path: best.path, sha256: best.sha256 }
      }
      if (final || performance.now() - savedAt >= SAVE_AFTER * saveMs) {
        last = await write('last')
        yield { type: 'checkpoint', role: 'last', epoch: epoch + 1, ...last }
      }
      if (final) {
        // The first step also plans and allocates: its excess over the median is preparation, not training.
        const excess = Math.max(0, stepMs[0] - median(stepMs))
        const seconds: TrainingSeconds = {
          steps: (stepMs.reduce((sum, ms) => sum + ms, 0) - excess) / 1000,
          validation: validationMs / 1000,
          preparation: (prepared + excess) / 1000,
        }
        const { path, sha256 } = best ?? last!
        return {
          run,
          epochs: recipe.epochs,
          steps,
          batch: recipe.batch,
          seconds,
          loss,
          chanceLoss: task.chanceLoss,
          validationLoss: best?.loss ?? validation?.loss ?? null,
          bestEpoch: best?.epoch ?? null,
          checkpoint: { path, sha256 },
        }
      }
    }
    throw new Error('A training has at least one epoch')
  } catch (error) {
    if (error instanceof AppError && error.code === 'CANCELLED')
      yield { type: 'checkpoint', role: 'last', epoch: epoch + 1, ...(await write('last')) }
    throw error
  } finally {
    stepper.dispose()
  }
}
