/** Takes one training step after another, and holds the state between steps. */
import * as tf from '@tensorflow/tfjs-core'
import type { Batch } from '../models/parts.ts'
import type { Optimizer } from './optimizers.ts'
import type { Step, TrainingState } from './step.ts'

/** The state between steps, outside TensorFlow. */
export interface PlainState {
  readonly parameters: Float32Array
  /** The optimizer's vectors, each as long as the parameters. */
  readonly slots: readonly Float32Array[]
}

export interface Stepper {
  /**
   * Takes a step and returns its loss. The caller disposes the batch. After a loss that is not finite, the state is
   * unusable.
   */
  step(batch: Batch, scalars: readonly number[]): Promise<number>
  /** The method's own part of the last step's loss; `null` if no term is added to the own loss. */
  readonly own: number | null
  /** The parameters after the last step, valid until the next step. The stepper disposes them. */
  parameters(): tf.Tensor1D
  /** A copy of the whole state. */
  read(): Promise<PlainState>
  dispose(): void
}

/** The optimizer's vectors begin at zero. */
export const startingState = (parameters: Float32Array, { slots }: Optimizer): PlainState => ({
  parameters,
  slots: Array.from({ length: slots }, () => new Float32Array(parameters.length)),
})

/** Makes an eager stepper, or the engine's stepper: it records a step and replays the step as one native graph. */
export type MakeStepper = (step: Step, state: PlainState) => Stepper

function disposeState({ parameters, slots }: TrainingState): void {
  tf.dispose([parameters, ...slots])
}

/** Takes steps with TensorFlow.js, one operation at a time. */
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
