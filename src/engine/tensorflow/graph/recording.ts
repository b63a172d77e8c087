/**
 * Records what a piece of plain TensorFlow.js makes the native library do. Every kernel of tfjs-node ends in
 * `executeOp(name, attributes, inputs, outputs)`, so those calls are the whole program: operations, and how they are wired.
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

/** Where an input comes from. */
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

/** A tensor that was neither declared nor computed in the recording: a replay knows only the value it had. */
export interface Constant extends TensorType {
  readonly bytes: Uint8Array
  /** Who first used it, in words. */
  readonly use: string
  /** Whether it was made while recording, else it was there before. */
  readonly madeInside: boolean
}

export interface Recording {
  readonly variables: readonly TensorType[]
  readonly feeds: readonly TensorType[]
  readonly ops: readonly RecordedOp[]
  readonly constants: readonly Constant[]
  /** What each variable becomes. */
  readonly next: readonly Source[]
  readonly outputs: readonly (TensorType & { readonly source: Source })[]
  /** Of tensors that outlive the recording and are neither `next` nor outputs, in words. */
  readonly kept: readonly string[]
}

/** What a replay would get wrong, or cannot do. The message says why, and what to do about it. */
export class NotRecordable extends Error {}

export interface Work {
  readonly variables: readonly tf.Tensor[]
  readonly feeds: readonly tf.Tensor[]
  /** As many `next` as variables, or none where they stay as they are. */
  run(
    variables: tf.Tensor[],
    feeds: tf.Tensor[],
  ): { readonly next: readonly tf.Tensor[]; readonly outputs: readonly tf.Tensor[] }
}

/** A dtype whose values are plain bytes. */
const PLAIN: ReadonlySet<number> = new Set(Object.values(DataType).filter(dtype => dtype !== DataType.string))

/** Operations that draw other numbers every time they run; as one graph they would draw another sequence. */
const RANDOM = /^(?:Random|TruncatedNormal|ParameterizedTruncatedNormal|Multinomial)/

/** Follows native tensors, by id, through the operations that are recorded. */
class Recorder {
  readonly #backend: Backend
  readonly #native: Binding
  readonly #sources = new Map<number, Source>()
  readonly #types = new Map<number, TensorType>()
  readonly #madeInside = new Set<number>()
  readonly #alive = new Map<number, string>()
  readonly ops: RecordedOp[] = []
  readonly constants: Constant[] = []
  /** The first reason against a recording. The work goes on, so that it ends as it would have. */
  refusal: string | null = null

  constructor(backend: Backend) {
    this.#backend = backend
    this.#native = backend.binding
  }

  /** Of tensors that are neither disposed nor results. */
  get kept(): string[] {
    return [...this.#alive.values()]
  }

  #refuse(reason: string): void {
    this.refusal ??= reason
  }

  /** A native tensor's dtype and shape: the binding tells them of outputs only. */
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
   * A declared tensor under an id of its own. Two that share one native tensor (`clone()` does) have one id, and the recording could not
   * tell them apart.
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

  /** `label` names them, with their place, where one is a constant. */
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

  /** The binding's functions that are replaced while recording. */
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
          `It reads a tensor back to JavaScript (data() or dataSync() of ${describeSource(source, this.ops)}), so what follows may depend on it. ` +
            'Compute it with tensors, or before the step',
        )
      return this.#native.tensorDataSync(id)
    },
  }
}

/** Gives what `run` gave, and the recording. `run` must be a pure function of its arguments; see `compareRecordings`. */
export function record(
  backend: Backend,
  { variables, feeds, run }: Work,
): { recording: Recording } & ReturnType<Work['run']> {
  const recorder = new Recorder(backend)
  const declared = { variables: recorder.declare('variable', variables), feeds: recorder.declare('feed', feeds) }
  const types = { variables: recorder.typesOf(declared.variables), feeds: recorder.typesOf(declared.feeds) }

  /** A declared tensor that the work returns unchanged is cloned: the declared tensors are disposed at the end. */
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
