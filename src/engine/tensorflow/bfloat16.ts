/**
 * Mixed precision by Kalamkar et al. 2019 (arXiv:1905.12322). Maps and their gradients are bfloat16 from convolution to
 * convolution. Parameters, their gradients, statistics, losses and all other operations are float32. bfloat16 has
 * float32's exponent, so the loss needs no scaling. bfloat16 has 8 bits of precision, and float32 has 24.
 *
 * TensorFlow.js has no bfloat16, so it takes a bfloat16 map for a float32 tensor. Only this file knows which native
 * tensors are bfloat16, and casts where an operation needs the other type.
 */
import type * as tf from '@tensorflow/tfjs-core'
import { type Backend, DataType, type NativeTensor, type OpAttribute, withBinding } from './graph/native.ts'
import type { NativeBackend } from './kernels.ts'

/** TF_BFLOAT16, for which TensorFlow.js has no name. */
const BFLOAT16 = 14

/** Inputs of an operation, by index. */
type Inputs = readonly number[] | 'all' | 'none'

/**
 * Operations on maps, and the inputs that are maps. An operation computes in bfloat16 if one of its maps is bfloat16.
 * TensorFlow 2.21 registers all of them in bfloat16, for CPUs and for CUDA.
 */
const MAP_INPUTS: ReadonlyMap<string, Inputs> = new Map<string, Inputs>([
  ['FusedBatchNormV3', [0]], // its statistics are float32
  ['FusedBatchNormGradV3', [0, 1]],
  ['ResizeBilinearGrad', [1]], // it takes gradients in float32 alone
  ...[
    ...['LeakyRelu', 'LeakyReluGrad', 'AvgPool', 'AvgPoolGrad', 'MaxPool', 'MaxPoolGrad', 'ResizeBilinear'],
    ...['Add', 'AddN', 'ConcatV2', 'PadV2', 'Reshape', 'Slice', 'SplitV', 'Transpose'],
  ].map((name): [string, Inputs] => [name, 'all']),
])

const CONVOLUTIONS = ['Conv2D', 'Conv2DBackpropInput', 'Conv2DBackpropFilter'] as const

/** Matrix units multiply this many channels at a time. Maps of other channels, such as images, are float32. */
const CHANNELS = 8

const isWide = (channels: number) => channels % CHANNELS === 0

const includes = (inputs: Inputs, i: number) => inputs === 'all' || (inputs !== 'none' && inputs.includes(i))

/** The attributes with which an operation computes in bfloat16. */
const reduced = (attributes: readonly OpAttribute[]): OpAttribute[] =>
  attributes.map(each => (each.name === 'T' ? { ...each, value: BFLOAT16 } : each))

interface Precision {
  /** The inputs that the operation takes in bfloat16. */
  readonly inputs: Inputs
  /** Whether the first output is kept in bfloat16. */
  readonly output: boolean
}

/**
 * A convolution computes in bfloat16 if matrix units can multiply its channels. The first convolution therefore reads
 * the image in float32, and the last convolution gives an image in float32. A filter's gradient belongs to a parameter.
 */
function convolutionPrecision(name: string, inputs: readonly tf.Tensor[]): Precision {
  if (name === 'Conv2DBackpropFilter') {
    const [x, , dy] = inputs
    return { inputs: [x, dy].every(({ shape }) => isWide(shape[3]!)) ? 'all' : 'none', output: false }
  }
  const [from, to] = inputs[1].shape.slice(2)
  return { inputs: isWide(from) && isWide(to) ? 'all' : 'none', output: isWide(name === 'Conv2D' ? to : from) }
}

/** Executes operations on the bfloat16 maps of one piece of work. */
class Bfloat16Maps {
  readonly #backend: Backend
  readonly #native: Backend['binding']
  /** tfjs-node's entries of the bfloat16 tensors, by native id. */
  readonly #entries = new Map<number, { id: number }>()
  /** A native tensor's values in the other type, by native id. A cast is deleted with its origin. */
  readonly #casts = new Map<number, number>()

  constructor(backend: Backend) {
    this.#backend = backend
    this.#native = backend.binding
  }

  #cast(id: number, from: number, to: number): number {
    const { TF_ATTR_TYPE, TF_ATTR_BOOL } = this.#native
    const attributes = [
      { name: 'SrcT', type: TF_ATTR_TYPE, value: from },
      { name: 'DstT', type: TF_ATTR_TYPE, value: to },
      { name: 'Truncate', type: TF_ATTR_BOOL, value: false },
    ]
    return this.#native.executeOp('Cast', attributes, [id], 1)[0].id
  }

  /** A float tensor's values in a type, which the caller does not delete. */
  #inType(id: number, type: number): number {
    const present = this.#entries.has(id) ? BFLOAT16 : DataType.float32
    if (present === type) return id
    const made = this.#casts.get(id) ?? this.#cast(id, present, type)
    this.#casts.set(id, made)
    return made
  }

  #precisionOf(name: string, inputs: readonly tf.Tensor[], ids: readonly number[]): Precision {
    if ((CONVOLUTIONS as readonly string[]).includes(name)) return convolutionPrecision(name, inputs)
    const maps = MAP_INPUTS.get(name) ?? 'none'
    const isMap = (id: number, i: number) => includes(maps, i) && inputs[i].shape.length === 4 && this.#entries.has(id)
    const output = ids.some(isMap)
    return { inputs: output ? maps : 'none', output }
  }

  execute(name: string, attributes: readonly OpAttribute[], inputs: tf.Tensor[], outputs: number): tf.Tensor[] {
    const ids = this.#backend.getInputTensorIds(inputs)
    const precision = this.#precisionOf(name, inputs, ids)
    const given = ids.map((id, i) => {
      if (inputs[i].dtype !== 'float32') return id
      return this.#inType(id, includes(precision.inputs, i) ? BFLOAT16 : DataType.float32)
    })
    const typed = precision.inputs === 'none' ? attributes : reduced(attributes)
    const results = this.#native.executeOp(name, typed, given, outputs)
    return results.map((result, i) => this.#hold(i === 0 ? this.#kept(result, precision.output) : result))
  }

  /** An operation's first output in the type in which it is kept. */
  #kept({ id, shape, dtype }: NativeTensor, inBfloat16: boolean): NativeTensor {
    const type = inBfloat16 ? BFLOAT16 : DataType.float32
    if (dtype === type || ![BFLOAT16, DataType.float32].includes(dtype)) return { id, shape, dtype }
    try {
      return { id: this.#cast(id, dtype, type), shape, dtype: type }
    } finally {
      this.#native.deleteTensor(id)
    }
  }

  #hold({ id, shape, dtype }: NativeTensor): tf.Tensor {
    const tensor = this.#backend.createOutputTensor({
      id,
      shape,
      dtype: dtype === BFLOAT16 ? DataType.float32 : dtype,
    })
    if (dtype === BFLOAT16) this.#entries.set(id, this.#backend.tensorMap.get(tensor.dataId))
    return tensor
  }

  /** The binding's functions that are replaced during the work. */
  readonly replaced = {
    deleteTensor: (id: number): void => {
      this.#native.deleteTensor(id)
      this.#entries.delete(id)
      const made = this.#casts.get(id)
      if (made !== undefined) this.#native.deleteTensor(made)
      this.#casts.delete(id)
    },
    tensorDataSync: (id: number): unknown => this.#native.tensorDataSync(this.#inType(id, DataType.float32)),
  }

  /** Makes the maps float32 that outlive the work. */
  widen(): void {
    for (const [id, entry] of this.#entries) {
      entry.id = this.#cast(id, BFLOAT16, DataType.float32)
      this.#native.deleteTensor(id)
    }
  }

  dispose(): void {
    for (const id of this.#casts.values()) this.#native.deleteTensor(id)
  }
}

/** Returns a function that runs `work` with bfloat16 maps. */
export function makeMixedPrecision(backend: NativeBackend & Backend): <T>(work: () => T) => T {
  let maps: Bfloat16Maps | null = null

  const execute = backend.executeMultipleOutputs.bind(backend)
  backend.executeMultipleOutputs = (...call) => (maps ? maps.execute(...call) : execute(...call))
  backend.executeSingleOutput = (...call) => backend.executeMultipleOutputs(...call, 1)[0]

  return work => {
    if (maps) return work()
    const present = new Bfloat16Maps(backend)
    maps = present
    try {
      return withBinding(backend, present.replaced, () => {
        const result = work()
        present.widen()
        return result
      })
    } finally {
      maps = null
      present.dispose()
    }
  }
}
