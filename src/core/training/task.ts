/** What a training is given: a task, a recipe, where its files go, and what computes. */
import type * as tf from '@tensorflow/tfjs-core'
import type { Metrics } from '../../contract/evaluation.ts'
import type { Note } from '../../contract/notes.ts'
import type { Recipe } from '../../contract/recipes.ts'
import type { Arithmetic } from '../compute.ts'
import type { ParameterSpec } from '../models/network.ts'
import type { Pause } from '../pause.ts'
import type { RunFiles } from './keeper.ts'
import type { Preview } from './preview.ts'
import type { PlainBatch } from './stack.ts'
import type { SavedState } from './state.ts'
import type { Loss, Projection } from './step.ts'

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
