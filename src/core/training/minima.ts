/** Parameters with a smallest value: see `ParameterSpec.minimum`. */
import * as tf from '@tensorflow/tfjs-core'
import type { Note } from '../../contract/notes.ts'
import type { ParameterSpec, Parameters } from '../models/network.ts'
import { toTorch } from '../models/parameters.ts'

const boundedOf = (specs: readonly ParameterSpec[]) =>
  specs.flatMap(({ name, minimum }) => (minimum ? [{ name, minimum }] : []))

/** Raises elements that an update left below their minimum. `undefined`: no parameter has a minimum. */
export function atLeastMinima(specs: readonly ParameterSpec[]) {
  const bounded = boundedOf(specs)
  if (bounded.length === 0) return undefined
  return (parameters: Parameters) =>
    Object.fromEntries(bounded.map(({ name, minimum }) => [name, tf.maximum(parameters[name], minimum.value)]))
}

/** Gives a warning the first time that a parameter stands at its minimum. */
export function makeMinimaNotes(specs: readonly ParameterSpec[]) {
  const bounded = boundedOf(specs)
  const told = new Set<string>()
  return async (flat: tf.Tensor1D): Promise<Note[]> => {
    if (bounded.length === 0) return []
    const tensors = toTorch((await flat.data()) as Float32Array, specs)
    return bounded.flatMap(({ name, minimum: { value, because } }): Note[] => {
      const stands = tensors.get(name)!.data.some(element => element <= Math.fround(value))
      if (!stands || told.has(name)) return []
      told.add(name)
      const text =
        `${name} has reached its smallest value, ${value}, where the training keeps it. ${because} ` +
        'If the loss no longer falls, use a lower --rate.'
      return [{ level: 'warning', code: 'at-minimum', data: { parameter: name, minimum: value }, text }]
    })
  }
}
