/**
 * Checks that two recordings of one work on different data are one program. A replay would silently freeze every
 * difference: a constant that changes, or a branch on the data.
 */
import { isDeepStrictEqual } from 'node:util'
import { DataType } from './native.ts'
import { type Constant, describeSource, describeType, NotRecordable, type Recording } from './recording.ts'

const REMEDY =
  'Declare it: pass it in as a tensor of the batch, as a scalar of the step, or carry it as a slot of the optimizer'

/**
 * Throws `NotRecordable` if a replay of `first` would not give `second`. The message names the change and the remedy.
 */
export function compareRecordings(first: Recording, second: Recording): void {
  compareOps(first, second)
  for (const [i, constant] of first.constants.entries()) compareConstants(constant, second.constants[i])
  if (!isDeepStrictEqual(first.next, second.next) || !isDeepStrictEqual(outputs(first), outputs(second)))
    throw new NotRecordable('Its results come from different operations on different data: a branch in JavaScript')
  // A tensor that only the first run keeps may be a cache. A tensor that every run keeps is undeclared state.
  if (second.kept.length > 0) {
    throw new NotRecordable(
      `It keeps ${second.kept[0]} beyond the step (a tf.variable that it assigns, or tf.keep), ` +
        `which a replay would not. ${REMEDY}`,
    )
  }
}

const outputs = (recording: Recording) => recording.outputs.map(({ source }) => source)

function compareOps(first: Recording, second: Recording): void {
  const length = Math.max(first.ops.length, second.ops.length)
  for (let i = 0; i < length; i++) {
    const [a, b] = [first.ops[i], second.ops[i]]
    if (isDeepStrictEqual(a, b)) continue
    const difference =
      a?.name !== b?.name
        ? `operation ${i} was ${a?.name ?? 'none'}, then ${b?.name ?? 'none'}`
        : isDeepStrictEqual(a.inputs, b.inputs)
          ? `the attributes of operation ${i} (${a.name}) were ${attributes(a)}, then ${attributes(b)}`
          : `the inputs of operation ${i} (${a.name}) were ${inputs(first, i)}, then ${inputs(second, i)}`
    throw new NotRecordable(`It runs different operations on different data: ${difference}`)
  }
}

const attributes = ({ attributes }: Recording['ops'][number]) =>
  JSON.stringify(Object.fromEntries(attributes.map(({ name, value }) => [name, value])))

const inputs = ({ ops }: Recording, i: number) => ops[i].inputs.map(source => describeSource(source, ops)).join(', ')

function compareConstants(a: Constant, b: Constant): void {
  if (describeType(a) !== describeType(b))
    throw new NotRecordable(
      `An undeclared tensor changes its shape: ${a.use} was ${describeType(a)}, then ${describeType(b)}`,
    )
  const element = firstDifference(a.bytes, b.bytes)
  if (element === null) return
  const [before, after] = [a, b].map(constant => valueAt(constant, element))
  const origin =
    a.madeInside && b.madeInside
      ? 'It is made in JavaScript within the step (random numbers, a counter, a rate)'
      : 'It is held outside the step (a variable, running statistics, a memory bank)'
  throw new NotRecordable(
    `An undeclared tensor changes from step to step: ${a.use}, ${describeType(a)}, ` +
      `at index ${indexOf(a, element)} was ${before}, then ${after}. ` +
      `${origin}, and a replay would freeze it. ${REMEDY}`,
  )
}

function firstDifference(a: Uint8Array, b: Uint8Array): number | null {
  if (Buffer.compare(a, b) === 0) return null
  return a.findIndex((byte, i) => byte !== b[i])
}

const WIDTHS: Readonly<Record<number, number>> = {
  [DataType.bool]: 1,
  [DataType.uint8]: 1,
  [DataType.complex64]: 8,
  [DataType.int64]: 8,
}
const widthOf = (dtype: number) => WIDTHS[dtype] ?? 4

/** The indices, along each axis, of the element that holds a byte. */
function indexOf({ dtype, shape }: Constant, byte: number): string {
  let rest = Math.floor(byte / widthOf(dtype))
  const indices: number[] = []
  for (const size of shape.toReversed()) {
    indices.unshift(rest % size)
    rest = Math.floor(rest / size)
  }
  return `[${indices.join(', ')}]`
}

function valueAt({ dtype, bytes }: Constant, byte: number): number | boolean {
  const start = byte - (byte % widthOf(dtype))
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  if (dtype === DataType.bool) return view.getUint8(start) !== 0
  if (dtype === DataType.uint8) return view.getUint8(start)
  return dtype === DataType.float32 || dtype === DataType.complex64
    ? view.getFloat32(start, true)
    : view.getInt32(start, true)
}
