/** Takes one training step after another, and holds what each carries to the next. */
import * as tf from '@tensorflow/tfjs-core'
import type { Optimizer } from './optimizers.ts'
import type { Batch } from './stack.ts'
import type { Step, TrainingState } from './step.ts'

/** What a training carries from step to step, outside TensorFlow. */
export interface PlainState {
  readonly parameters: Float32Array
  /** The optimizer's vectors, each as long as the parameters. */
  readonly slots: readonly Float32Array[]
}

export interface Stepper {
  /**
   * Takes a step and gives its loss. The caller keeps the batch. After a loss that is no number the state is of no use.
   */
  step(batch: Batch, scalars: readonly number[]): Promise<number>
  /** The method's own part of the last step's loss; `null` where nothing is added to it. */
  readonly own: number | null
  /** The parameters as the last step left them, valid until the next one; the stepper disposes them. */
  parameters(): tf.Tensor1D
  /** A copy of all that is carried. */
  read(): Promise<PlainState>
  dispose(): void
}

/** The optimizer's vectors begin at zero. */
export const startingState = (parameters: Float32Array, { slots }: Optimizer): PlainState => ({
  parameters,
  slots: Array.from({ length: slots }, () => new Float32Array(parameters.length)),
})

/** Eager, or the engine's way: it records a step and replays it as one native graph. */
export type MakeStepper = (step: Step, state: PlainState) => Stepper

function disposeState({ parameters, slots }: TrainingState): void {
  tf.dispose([parameters, ...slots])
}

/** One operation at a time, as TensorFlow.js does it. */
export const eagerStepper: MakeStepper = (step, start) => {
  let state: TrainingState = {
    parameters: tf.tensor1d(start.parameters),
    slots: start.slots.map(slot => tf.tensor1d(slot)),
  }
  let ownLoss: number | null = null
  return {
    get own() {
      return ownLoss
    },
    async step(batch, values) {
      const scalars = values.map(value => tf.scalar(value))
      const { state: next, loss, own } = step(state, batch, scalars)
      disposeState(state)
      state = next
      const [value] = await loss.data()
      ownLoss = own && (await own.data())[0]
      tf.dispose([loss, ...scalars, ...(own ? [own] : [])])
      return value
    },
    parameters: () => state.parameters,
    async read() {
      const [parameters, ...slots] = await Promise.all(
        [state.parameters, ...state.slots].map(vector => vector.data() as Promise<Float32Array>),
      )
      return { parameters, slots }
    },
    dispose: () => disposeState(state),
  }
}
