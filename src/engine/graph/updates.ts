/**
 * An optimizer's update, as core computes it of flat vectors, is a dozen passes over memory. TensorFlow has operations for a whole one, which take one pass and
 * change the variables where they are (tensorflow/core/kernels/training_ops.cc):
 *   ResourceApplyAdam        m ← m + (g − m)(1 − β₁),  v ← v + (g² − v)(1 − β₂),  p ← p − m · rate / (√v + ε)
 *   ResourceApplyAdagradV2   p ← p − g · rate / (√v + ε), which with a v that is left alone is RMSprop's.
 * The bits are those of the operations one by one.
 */
import { isDeepStrictEqual } from 'node:util'
import { DataType } from './native.ts'
import { isVariable, type RecordedOp, type Recording, type Source } from './recording.ts'

interface Moved {
  readonly gradients: Source
  readonly rate: Source
  readonly epsilon: Source
}

/** Of the variables 0 (the parameters), 1 (their mean gradient) and 2 (its mean square), or 0 and 1 (the mean square, which is `square` then). */
export type Update =
  | ({ readonly kind: 'adam'; readonly decays: readonly [mean: number, square: number] } & Moved)
  | ({ readonly kind: 'rmsprop'; readonly square: Source } & Moved)

/** The update in a recording whose variables become what Adam or RMSprop makes of them, else `null`. */
export function findUpdate(recording: Recording): Update | null {
  return findAdam(recording) ?? findRmsprop(recording)
}

function operands(ops: readonly RecordedOp[], source: Source | undefined, name: string): readonly Source[] {
  const op = source?.kind === 'output' ? ops[source.op] : undefined
  return op?.name === name ? op.inputs : []
}

/** Of p − direction · rate / (√square + ε), p the parameters. */
function findMove({ ops, next }: Recording, square: Source) {
  const [parameters, step] = operands(ops, next[0], 'Sub')
  const [numerator, denominator] = operands(ops, step, 'RealDiv')
  const [direction, rate] = operands(ops, numerator, 'Mul')
  const [root, epsilon] = operands(ops, denominator, 'Add')
  const isMove = isVariable(parameters, 0) && isDeepStrictEqual(operands(ops, root, 'Sqrt')[0], square)
  return isMove ? { direction, rate, epsilon } : null
}

function findAdam(recording: Recording): Update | null {
  const { ops, constants, next } = recording
  /** Of average + (value − average) · weight: the value, and 1 − weight. */
  function following(variable: number): { value: Source; decay: number } | null {
    const [average, change] = operands(ops, next[variable], 'Add')
    const [difference, weight] = operands(ops, change, 'Mul')
    const [value, before] = operands(ops, difference, 'Sub')
    const constant = weight?.kind === 'constant' ? constants[weight.index] : undefined
    if (!isVariable(average, variable) || !isVariable(before, variable)) return null
    if (constant?.dtype !== DataType.float32 || constant.bytes.length !== 4) return null
    const { buffer, byteOffset } = constant.bytes
    return { value, decay: Math.fround(1 - new DataView(buffer, byteOffset).getFloat32(0, true)) }
  }
  if (next.length !== 3) return null
  const [mean, square, move] = [following(1), following(2), findMove(recording, next[2])]
  const [gradients] = operands(ops, square?.value, 'Square')
  if (!mean || !square || !move) return null
  const isAdam = isDeepStrictEqual(move.direction, next[1]) && isDeepStrictEqual(gradients, mean.value)
  return isAdam ? { kind: 'adam', ...move, gradients, decays: [mean.decay, square.decay] } : null
}

function findRmsprop(recording: Recording): Update | null {
  const { ops, next } = recording
  if (next.length !== 2) return null
  const square = next[1]
  const move = findMove(recording, square)
  // The square becomes the variable's own memory: it must not be what was handed on from a feed.
  if (!move || square.kind !== 'output' || ops[square.op].name !== 'Add') return null
  return { kind: 'rmsprop', ...move, gradients: move.direction, square }
}
