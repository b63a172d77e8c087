/** One training step: a pure function of (parameters, optimizer slots, batch, scalars). */
import * as tf from '@tensorflow/tfjs-core'
import type { Recipe } from '../../contract/recipes.ts'
import type { Kernels } from '../kernels.ts'
import type { ParameterSpec, Parameters, Pass } from '../models/network.ts'
import { replace, unpack } from '../models/parameters.ts'
import type { Batch } from '../models/parts.ts'
import { frugalValueAndGrad } from './frugal.ts'
import { atLeastMinima } from './minima.ts'
import type { Optimizer } from './optimizers.ts'

/** What a training carries from step to step. */
export interface TrainingState {
  readonly parameters: tf.Tensor1D
  readonly slots: readonly tf.Tensor1D[]
}

/** A loss may set buffers. If a term is added to the method's own loss, the loss also reports the own loss. */
export type StepPass = Required<Pick<Pass, 'set'>> & { own?(loss: tf.Scalar): void }

/**
 * A differentiable loss of named parameters and the batch's named parts. A buffer that the loss sets has the new value
 * at once.
 */
export type Loss = (parameters: Parameters, batch: Batch, pass: StepPass) => tf.Scalar

/** New values for some parameters after each update, such as rows scaled to length 1. */
export type Projection = (parameters: Parameters) => Readonly<Record<string, tf.Tensor>>

export type Step = (
  state: TrainingState,
  batch: Batch,
  scalars: readonly tf.Scalar[],
) => { readonly state: TrainingState; readonly loss: tf.Scalar; readonly own: tf.Scalar | null }

/** The step with maps in a recipe's precision. */
export const stepIn = (precision: Recipe['precision'] | 'float32', kernels: Kernels, step: Step): Step =>
  precision === 'bfloat16' ? (...given) => kernels.inBfloat16(() => step(...given)) : step

export function makeStep(
  specs: readonly ParameterSpec[],
  loss: Loss,
  optimizer: Optimizer,
  project?: Projection,
): Step {
  const bufferNames = specs.filter(spec => spec.buffer).map(({ name }) => name)
  const buffersOf = (flat: tf.Tensor1D): Parameters => {
    if (bufferNames.length === 0) return {}
    return tf.tidy(() => {
      const all = unpack(flat, specs)
      return Object.fromEntries(bufferNames.map(name => [name, all[name]]))
    })
  }
  const projections = [project, atLeastMinima(specs)].filter(each => each !== undefined)
  return (state, batch, scalars) =>
    tf.tidy(() => {
      const buffers = buffersOf(state.parameters) // outside the gradient's tape
      const values = new Map<string, tf.Tensor>()
      let own: tf.Scalar | null = null
      const { value, grad } = frugalValueAndGrad(flat => {
        const parameters: Record<string, tf.Tensor> = { ...unpack(flat as tf.Tensor1D, specs), ...buffers }
        const set = (name: string, next: tf.Tensor) => {
          parameters[name] = next
          values.get(name)?.dispose() // set before in this step, by another pass through the network
          values.set(name, tf.keep(tf.clone(next)))
        }
        const tell = (part: tf.Scalar) => {
          own = tf.keep(tf.clone(part))
        }
        return loss(parameters, batch, { set, own: tell })
      })(state.parameters)
      const updated = optimizer.update(state.parameters, grad as tf.Tensor1D, state.slots, scalars)
      const set = replace(updated.parameters, specs, values)
      const parameters = projections.reduce(
        (flat, project) => replace(flat, specs, new Map(Object.entries(project(unpack(flat, specs))))),
        set,
      )
      tf.dispose([...values.values()])
      // A named object of tensors, so that tidy keeps them all.
      const next = { parameters, slots: updated.slots }
      return { state: next, loss: value as tf.Scalar, own } as unknown as tf.TensorContainer
    }) as unknown as ReturnType<Step>
}
