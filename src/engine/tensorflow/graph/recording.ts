/**
 * Records what a piece of plain TensorFlow.js makes the native library do. Every kernel of tfjs-node ends in
 * `executeOp(name, attributes, inputs, outputs)`, so those calls are the whole program: operations, and how they are wired.
 */
import type * as tf from '@tensorflow/tfjs-core'
import { type Backend, DataType, dataTypeName, type NativeTensor, type OpAttribute, withBinding } from './native.ts'

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

/** Gives what `run` gave, and the recording. `run` must be a pure function of its arguments; see `compareRecordings`. */
export function record(
  backend: Backend,
  { variables, feeds, run }: Work,
): { recording: Recording } & ReturnType<Work['run']> {
  const native = backend.binding
  const sources = new Map<number, Source>()
  const types = new Map<number, TensorType>()
  const madeInside = new Set<number>()
  const alive = new Map<number, string>()
  const ops: RecordedOp[] = []
  const constants: Constant[] = []
  /** The first reason against a recording. The work goes on, so that it ends as it would have. */
  let refusal: string | null = null
  const refuse = (reason: string) => {
    refusal ??= reason
  }

  /** A native tensor's dtype and shape: the binding tells them of outputs only. */
  function typeOf(id: number): TensorType {
    const [{ id: copy, dtype, shape }] = native.executeOp('Identity', [], [id], 1)
    native.deleteTensor(copy)
    return { dtype, shape }
  }

  function sourceOf(id: number, use: string): Source {
    const known = sources.get(id)
    if (known) return known
    const type = typeOf(id)
    const values = PLAIN.has(type.dtype) ? (native.tensorDataSync(id) as Uint8Array) : new Uint8Array()
    if (!PLAIN.has(type.dtype))
      refuse(`${use} is a constant of ${dataTypeName(type.dtype)}, which cannot be written down`)
    const source: Source = { kind: 'constant', index: constants.length }
    constants.push({
      ...type,
      bytes: new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
      use,
      madeInside: madeInside.has(id),
    })
    sources.set(id, source)
    return source
  }

  /**
   * A declared tensor under an id of its own. Two that share one native tensor (`clone()` does) are one id, and the recording
   * could not tell them apart.
   */
  function declare(kind: 'variable' | 'feed', tensors: readonly tf.Tensor[]): tf.Tensor[] {
    return tensors.map((tensor, index) => {
      const [made] = native.executeOp('Identity', [], backend.getInputTensorIds([tensor]), 1)
      sources.set(made.id, { kind, index })
      types.set(made.id, made)
      return backend.createOutputTensor(made)
    })
  }

  const declared = { variables: declare('variable', variables), feeds: declare('feed', feeds) }
  const typesOf = (tensors: readonly tf.Tensor[]) => backend.getInputTensorIds(tensors).map(id => types.get(id)!)
  const declaredTypes = { variables: typesOf(declared.variables), feeds: typesOf(declared.feeds) }

  /** What the work hands through as it is would be disposed with what was declared. */
  const own = (tensor: tf.Tensor) =>
    declared.variables.includes(tensor) || declared.feeds.includes(tensor) ? tensor.clone() : tensor

  const replaced = {
    executeOp(
      name: string,
      attributes: readonly OpAttribute[],
      inputs: readonly number[],
      count: number,
    ): NativeTensor[] {
      if (RANDOM.test(name))
        refuse(`${name} draws random numbers of its own. Feed the numbers, or draw them with a fed seed`)
      const op = ops.length
      const wired = inputs.map((id, input) => sourceOf(id, `input ${input} of operation ${op} (${name})`))
      const outputs = native.executeOp(name, attributes, inputs, count)
      ops.push({ name, attributes: structuredClone(attributes), inputs: wired })
      for (const [index, output] of outputs.entries()) {
        sources.set(output.id, { kind: 'output', op, index })
        types.set(output.id, output)
        alive.set(output.id, `output ${index} of operation ${op} (${name}), ${describeType(output)}`)
      }
      return outputs
    },
    createTensor(shape: readonly number[], dtype: number, values: ArrayBufferView): number {
      const id = native.createTensor(shape, dtype, values)
      madeInside.add(id)
      return id
    },
    deleteTensor(id: number): void {
      alive.delete(id)
      native.deleteTensor(id)
    },
    tensorDataSync(id: number): unknown {
      const source = sources.get(id)
      if (source && source.kind !== 'constant')
        refuse(
          `It reads a tensor back to JavaScript (data() or dataSync() of ${describeSource(source, ops)}), so what follows may depend on it. ` +
            'Compute it with tensors, or before the step',
        )
      return native.tensorDataSync(id)
    },
  }

  try {
    const made = withBinding(backend, replaced, () => {
      const { next, outputs } = run(declared.variables, declared.feeds)
      return { next: next.map(own), outputs: outputs.map(own) }
    })
    const results = (label: string, tensors: readonly tf.Tensor[]) =>
      backend.getInputTensorIds(tensors).map((id, index) => {
        alive.delete(id)
        const source = sourceOf(id, `${label} ${index}`)
        return { source, ...(types.get(id) ?? typeOf(id)) }
      })
    const next = results('the next value of variable', made.next).map(({ source }) => source)
    const outputs = results('result', made.outputs)
    if (refusal !== null) {
      for (const tensor of [...made.next, ...made.outputs]) tensor.dispose()
      throw new NotRecordable(refusal)
    }
    return { recording: { ...declaredTypes, ops, constants, next, outputs, kept: [...alive.values()] }, ...made }
  } finally {
    for (const tensor of [...declared.variables, ...declared.feeds]) tensor.dispose()
  }
}

export const describeType = ({ dtype, shape }: TensorType): string => `${dataTypeName(dtype)} [${shape.join(', ')}]`

export function describeSource(source: Source, ops: readonly RecordedOp[]): string {
  if (source.kind !== 'output') return `${source.kind} ${source.index}`
  return `output ${source.index} of operation ${source.op} (${ops[source.op].name})`
}
