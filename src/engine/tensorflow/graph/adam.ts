/**
 * Adam, as core computes it of flat vectors, is thirteen passes over memory. TensorFlow has one operation for it, which takes one pass and changes the
 * variables where they are: ResourceApplyAdam (tensorflow/core/kernels/training_ops.cc),
 *   m ← m + (g − m)(1 − β₁),  v ← v + (g² − v)(1 − β₂),  p ← p − m · rate / (√v + ε).
 * The bits are those of the operations one by one.
 */
import { isDeepStrictEqual } from 'node:util'
import { DataType } from './native.ts'
import { isVariable, type Recording, type Source } from './recording.ts'

/** An update by one operation, of the variables 0 (the parameters), 1 (their mean gradient) and 2 (its mean square). */
export interface AdamUpdate {
  readonly gradients: Source
  readonly rate: Source
  readonly epsilon: Source
  readonly decays: readonly [mean: number, square: number]
}

/** The update in a recording whose variables become what Adam makes of them, else `null`. */
export function findAdamUpdate({ ops, constants, next }: Recording): AdamUpdate | null {
  const operands = (source: Source | undefined, name: string): readonly Source[] => {
    const op = source?.kind === 'output' ? ops[source.op] : undefined
    return op?.name === name ? op.inputs : []
  }
  /** Of average + (value − average) · weight: the value, and 1 − weight. */
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
