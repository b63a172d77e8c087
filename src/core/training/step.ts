/** One training step: a pure function of (parameters, optimizer slots, batch, scalars). */
import * as tf from '@tensorflow/tfjs-core'
import type { ParameterSpec, Parameters } from '../models/network.ts'
import type { Optimizer } from './optimizers.ts'
import { unpack } from './parameters.ts'

/** What a training carries from step to step. */
export interface TrainingState {
  readonly parameters: tf.Tensor1D
  readonly slots: readonly tf.Tensor1D[]
}

/** A differentiable loss of named parameters and the batch's tensors. */
export type Loss = (parameters: Parameters, batch: readonly tf.Tensor[]) => tf.Scalar

export type Step = (
  state: TrainingState,
  batch: readonly tf.Tensor[],
  scalars: readonly tf.Scalar[],
) => { readonly state: TrainingState; readonly loss: tf.Scalar }

export function makeStep(specs: readonly ParameterSpec[], loss: Loss, optimizer: Optimizer): Step {
  return (state, batch, scalars) =>
    tf.tidy(() => {
      const { value, grad } = tf.valueAndGrad(flat => loss(unpack(flat as tf.Tensor1D, specs), batch))(state.parameters)
      const { parameters, slots } = optimizer.update(state.parameters, grad as tf.Tensor1D, state.slots, scalars)
      // A named object of tensors, so that tidy keeps them all.
      return { state: { parameters, slots }, loss: value as tf.Scalar } as unknown as tf.TensorContainer
    }) as unknown as ReturnType<Step>
}
