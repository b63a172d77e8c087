/**
 * Records the native operations of plain TensorFlow.js code. Every kernel of tfjs-node ends in `executeOp(name,
 * attributes, inputs, outputs)`. These calls and the origins of their inputs are the whole program. See
 * docs/record-and-replay.md.
 */
import type * as tf from '@tensorflow/tfjs-core'
import {
  type Backend,
  type Binding,
  DataType,
  dataTypeName,
  type NativeTensor,
  type OpAttribute,
  withBinding,
} from './native.ts'

/** The origin of an operation's input. */
export type Source =
  | { readonly kind: 'variable' | 'feed' | 'constant'; readonly index: number }
  | { readonly kind: 'output'; readonly op: number; readonly index: number }

export const isVariable = (source: Source | undefined, index: number): boolean =>
  source?.kind === 'variable' && source.index === index

export interface TensorType {
  readonly dtype: number
  readonly shape: readonly number[]
}

export interface RecordedOp {
  readonly name: string
  readonly attributes: readonly OpAttribute[]
  readonly inputs: readonly Source[]
}

/** A tensor that was neither declared nor computed in the recording. A replay uses the value that it had then. */
export interface Constant extends TensorType {
  readonly bytes: Uint8Array
  /** The first use of the tensor, in words. */
  readonly use: string
  /** Whether the tensor was made during the recording. Otherwise the tensor existed before. */
  readonly madeInside: boolean
}

export interface Recording {
  readonly variables: readonly TensorType[]
  readonly feeds: readonly TensorType[]
  readonly ops: readonly RecordedOp[]
  readonly constants: readonly Constant[]
  /** The next value of each variable. */
  readonly next: readonly Source[]
  readonly outputs: readonly (TensorType & { readonly source: Source })[]
  /** Tensors, in words, that outlive the recording and are neither in `next` nor outputs. */
  readonly kept: readonly string[]
}

/** Thrown if a replay would be wrong or impossible. The message gives the reason and the remedy. */
export class NotRecordable extends Error {}

export interface Work {
  readonly variables: readonly tf.Tensor[]
  readonly feeds: readonly tf.Tensor[]
  /** `next` has one tensor per variable, or is empty if the variables do not change. */
  run(
    variables: tf.Tensor[],
    feeds: tf.Tensor[],
  ): { readonly next: readonly tf.Tensor[]; readonly outputs: readonly tf.Tensor[] }
}

/** Dtypes whose values are plain bytes. */
const PLAIN: ReadonlySet<number> = new Set(Object.values(DataType).filter(dtype => dtype !== DataType.string))

/** Operations with their own random state. As a graph they would draw a different sequence. */
const RANDOM = /^(?:Random|TruncatedNormal|ParameterizedTruncatedNormal|Multinomial)/

/** Follows native tensors, by id, through the recorded operations. */
class Recorder {
  readonly #backend: Backend
  readonly #native: Binding
  readonly #sources = new Map<number, Source>()
  readonly #types = new Map<number, TensorType>()
  readonly #madeInside = new Set<number>()
  readonly #alive = new Map<number, string>()
  readonly ops: RecordedOp[] = []
  readonly constants: Constant[] = []
  /** The first reason against a recording. The work continues, so that its result is unchanged. */
  refusal: string | null = null

  constructor(backend: Backend) {
    this.#backend = backend
    this.#native = backend.binding
  }

  /** Tensors, in words, that are neither disposed nor results. */
  get kept(): string[] {
    return [...this.#alive.values()]
  }

  #refuse(reason: string): void {
    this.refusal ??= reason
  }

  /** A native tensor's dtype and shape. `Identity` is run, because the binding gives them only for outputs. */
  #typeOf(id: number): TensorType {
    const [{ id: copy, dtype, shape }] = this.#native.executeOp('Identity', [], [id], 1)
    this.#native.deleteTensor(copy)
    return { dtype, shape }
  }

  #sourceOf(id: number, use: string): Source {
    const known = this.#sources.get(id)
    if (known) return known
    const type = this.#typeOf(id)
    const values = PLAIN.has(type.dtype) ? (this.#native.tensorDataSync(id) as Uint8Array) : new Uint8Array()
    if (!PLAIN.has(type.dtype))
      this.#refuse(`${use} is a constant of ${dataTypeName(type.dtype)}, which cannot be written down`)
    const source: Source = { kind: 'constant', index: this.constants.length }
    this.constants.push({
      ...type,
      bytes: new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
      use,
      madeInside: this.#madeInside.has(id),
    })
    this.#sources.set(id, source)
    return source
  }

  /**
   * Gives each declared tensor its own id. Two tensors that share one native tensor, such as a tensor and its
   * `clone()`, share one id. The recording could not tell them apart.
   */
  declare(kind: 'variable' | 'feed', tensors: readonly tf.Tensor[]): tf.Tensor[] {
    return tensors.map((tensor, index) => {
      const [made] = this.#native.executeOp('Identity', [], this.#backend.getInputTensorIds([tensor]), 1)
      this.#sources.set(made.id, { kind, index })
      this.#types.set(made.id, made)
      return this.#backend.createOutputTensor(made)
    })
  }

  typesOf(declared: readonly tf.Tensor[]): TensorType[] {
    return this.#backend.getInputTensorIds(declared).map(id => this.#types.get(id)!)
  }

  /** If a result is a constant, `label` and the result's index name it. */
  results(label: string, tensors: readonly tf.Tensor[]): (TensorType & { readonly source: Source })[] {
    return this.#backend.getInputTensorIds(tensors).map((id, index) => {
      this.#alive.delete(id)
      const source = this.#sourceOf(id, `${label} ${index}`)
      return { source, ...(this.#types.get(id) ?? this.#typeOf(id)) }
    })
  }

  #execute(name: string, attributes: readonly OpAttribute[], inputs: readonly number[], count: number): NativeTensor[] {
    if (RANDOM.test(name))
      this.#refuse(`${name} draws random numbers of its own. Feed the numbers, or draw them with a fed seed`)
    const op = this.ops.length
    const wired = inputs.map((id, input) => this.#sourceOf(id, `input ${input} of operation ${op} (${name})`))
    const outputs = this.#native.executeOp(name, attributes, inputs, count)
    this.ops.push({ name, attributes: structuredClone(attributes), inputs: wired })
    for (const [index, output] of outputs.entries()) {
      this.#sources.set(output.id, { kind: 'output', op, index })
      this.#types.set(output.id, output)
      this.#alive.set(output.id, `output ${index} of operation ${op} (${name}), ${describeType(output)}`)
    }
    return outputs
  }

  /** The binding's functions that are replaced during the recording. */
  readonly replaced = {
    executeOp: (name: string, attributes: readonly OpAttribute[], inputs: readonly number[], count: number) =>
      this.#execute(name, attributes, inputs, count),
    createTensor: (shape: readonly number[], dtype: number, values: ArrayBufferView): number => {
      const id = this.#native.createTensor(shape, dtype, values)
      this.#madeInside.add(id)
      return id
    },
    deleteTensor: (id: number): void => {
      this.#alive.delete(id)
      this.#native.deleteTensor(id)
    },
    tensorDataSync: (id: number): unknown => {
      const source = this.#sources.get(id)
      if (source && source.kind !== 'constant')
        this.#refuse(
          `It reads a tensor back to JavaScript (data() or dataSync() of ${describeSource(source, this.ops)}), ` +
            'so later operations may depend on the value. Compute the value with tensors, or before the step',
        )
      return this.#native.tensorDataSync(id)
    },
  }
}

/**
 * Returns the results of `run`, and the recording. `run` must be a pure function of its arguments, see
 * `compareRecordings`.
 */
export function record(
  backend: Backend,
  { variables, feeds, run }: Work,
): { recording: Recording } & ReturnType<Work['run']> {
  const recorder = new Recorder(backend)
  const declared = { variables: recorder.declare('variable', variables), feeds: recorder.declare('feed', feeds) }
  const types = { variables: recorder.typesOf(declared.variables), feeds: recorder.typesOf(declared.feeds) }

  /** Clones a declared tensor that `run` returns unchanged, because declared tensors are disposed at the end. */
  const own = (tensor: tf.Tensor) =>
    declared.variables.includes(tensor) || declared.feeds.includes(tensor) ? tensor.clone() : tensor

  try {
    const made = withBinding(backend, recorder.replaced, () => {
      const { next, outputs } = run(declared.variables, declared.feeds)
      return { next: next.map(own), outputs: outputs.map(own) }
    })
    const next = recorder.results('the next value of variable', made.next).map(({ source }) => source)
    const outputs = recorder.results('result', made.outputs)
    const { ops, constants, kept, refusal } = recorder
    if (refusal !== null) {
      for (const tensor of [...made.next, ...made.outputs]) tensor.dispose()
      throw new NotRecordable(refusal)
    }
    return { recording: { ...types, ops, constants, next, outputs, kept }, ...made }
  } finally {
    for (const tensor of [...declared.variables, ...declared.feeds]) tensor.dispose()
  }
}

export const describeType = ({ dtype, shape }: TensorType): string => `${dataTypeName(dtype)} [${shape.join(', ')}]`

export function describeSource(source: Source, ops: readonly RecordedOp[]): string {
  if (source.kind !== 'output') return `${source.kind} ${source.index}`
  return `output ${source.index} of operation ${source.op} (${ops[source.op].name})`
}
