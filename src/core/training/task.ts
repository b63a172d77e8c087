/** What a training receives: a task, a recipe, files, and arithmetic. */
import type * as tf from '@tensorflow/tfjs-core'
import type { Metrics } from '../../contract/evaluation.ts'
import type { Note } from '../../contract/notes.ts'
import type { Recipe } from '../../contract/recipes.ts'
import type { Arithmetic } from '../compute.ts'
import type { ParameterSpec } from '../models/network.ts'
import type { PlainBatch } from '../models/parts.ts'
import type { Pause } from '../pause.ts'
import type { RunFiles } from './keeper.ts'
import type { Preview } from './preview.ts'
import type { SavedState } from './state.ts'
import type { Loss, Projection } from './step.ts'

export interface Validation {
  /** `null` if the task has no loss on held-out patients. */
  readonly loss: number | null
  readonly metrics: Metrics | null
  /** The method's own figures, by name. */
  readonly extra: Readonly<Record<string, number>>
  /** What seems to go wrong, and what to try. */
  readonly advice?: readonly Note[]
}

/** What is learned: parameters, batches, a loss, and a validation on held-out patients. */
export interface TrainingTask {
  /** The network's parameters, then the head's parameters. Checkpoints store both in separate files. */
  readonly network: readonly ParameterSpec[]
  readonly head: readonly ParameterSpec[]
  readonly batchesPerEpoch: number
  readonly loss: Loss
  /** Whether the loss is a mean over samples, so that a step may take several batches. */
  readonly separable: boolean
  /** Whether a term is added to the method's own loss. The loss then reports its own part (`StepPass.own`). */
  readonly hasTerm?: boolean
  /** Own loss of a network that has learned nothing; `null` if there is no such level. */
  readonly chanceLoss: number | null
  /**
   * A batch. `epoch` and `index` (within the epoch) count from 0. The first axis of the first part counts samples.
   * A batch does not depend on when, or in which thread, it is prepared. The task keeps no part of a batch.
   */
  prepare(epoch: number, index: number): Promise<PlainBatch>
  /** The content of that batch in words: files and slices (from 1). */
  contents(epoch: number, index: number): string[]
  /** `null` if there is nothing to validate on. */
  validate(parameters: tf.Tensor1D, pause: Pause): Promise<Validation | null>
  /** The network's output for one fixed slice; `null` if there is nothing to validate on. */
  preview(parameters: tf.Tensor1D): Promise<Preview | null>
  /** Whether the weights with the lowest validation loss are kept. Otherwise the last weights are kept. */
  readonly keepBest: boolean
  /** Epochs between validations. The last epoch is always validated. */
  readonly validateEvery: number
  /** Changes parameters after each update. */
  readonly project?: Projection
}

export interface Training {
  readonly run: string
  readonly task: TrainingTask
  readonly recipe: Recipe
  readonly seed: number
  /** Weights of the network to start from. `null` draws the weights from the seed. */
  readonly start: Float32Array | null
  /** State to resume from, in place of `start`. */
  readonly resume?: SavedState | null
  readonly metadata: Readonly<Record<string, string>>
  readonly notes: readonly Note[]
  readonly files: RunFiles
  readonly pause: Pause
  readonly compute: Pick<Arithmetic, 'kernels' | 'makeStepper'>
  /** `Device.kernels` of the device that computes. */
  readonly kernelsName: string
}
