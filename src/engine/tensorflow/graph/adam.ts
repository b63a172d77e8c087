/**
 * Replaces core's Adam, thirteen passes over memory, by one native operation that updates the variables in place:
 * ResourceApplyAdam (tensorflow/core/kernels/training_ops.cc),
 *   m ← m + (g − m)(1 − β₁),  v ← v + (g² − v)(1 − β₂),  p ← p − m · rate / (√v + ε).
 * Both give equal bits. See docs/decisions/0008-record-a-step-replay-a-graph.md.
 */
import { isDeepStrictEqual } from 'node:util'
import { DataType } from './native.ts'
import { isVariable, type Recording, type Source } from './recording.ts'

/** Inputs of ResourceApplyAdam, which updates the variables 0 (parameters), 1 (mean gradient) and 2 (mean square). */
export interface AdamUpdate {
  readonly gradients: Source
  readonly rate: Source
  readonly epsilon: Source
  readonly decays: readonly [mean: number, square: number]
}

/** Finds Adam's update in a recording. Returns `null` if the recording's next values are not Adam's. */
export function findAdamUpdate({ ops, constants, next }: Recording): AdamUpdate | null {
  const operands = (source: Source | undefined, name: string): readonly Source[] => {
    const op = source?.kind === 'output' ? ops[source.op] : undefined
    return op?.name === name ? op.inputs : []
  }
  /** For average + (value − average) · weight, returns the value and 1 − weight. */
  function following(variable: number): { value: Source; decay: number } | null {
    const [average, change] = operands(next[variable], 'Add')
    const [difference, weight] = operands(change, 'Mul')
    const [value, before] = operands(difference, 'Sub')
    const constant = weight?.kind === 'constant' ? constants[weight.index] : undefined
    if (!isVariable(average, variable) || !isVariable(before, variable)) return null
    if (constant?.dtype !== DataType.float32 || constant.bytes.length !== 4) return null
    const { buffer, byteOffset } = constant.bytes
    return { value, decay: Math.fround(1 - new DataView(buffer, byteOffset).getFloat32(0, true)) }
  }
  if (next.length !== 3) return null
  const [mean, square] = [following(1), following(2)]
  const [parameters, step] = operands(next[0], 'Sub')
  const [numerator, denominator] = operands(step, 'RealDiv')
  const [direction, rate] = operands(numerator, 'Mul')
  const [root, epsilon] = operands(denominator, 'Add')
  const [gradients] = operands(square?.value, 'Square')
  const isAdam =
    isVariable(parameters, 0) &&
    isDeepStrictEqual(direction, next[1]) &&
    isDeepStrictEqual(operands(root, 'Sqrt')[0], next[2]) &&
    isDeepStrictEqual(gradients, mean?.value)
  return isAdam && mean && square ? { gradients, rate, epsilon, decays: [mean.decay, square.decay] } : null
}
