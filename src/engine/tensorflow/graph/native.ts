/**
 * The part of tfjs-node's backend and binding that recording and replaying need. The binding identifies tensors by ids,
 * which are never reused.
 */
import type * as tf from '@tensorflow/tfjs-core'

export interface OpAttribute {
  readonly name: string
  /** One of the binding's TF_ATTR_*. */
  readonly type: number
  readonly value: unknown
}

export interface NativeTensor {
  readonly id: number
  readonly shape: readonly number[]
  /** A TF_DataType. A GraphDef uses equal numbers. */
  readonly dtype: number
}

type AttributeType =
  | 'TF_ATTR_STRING'
  | 'TF_ATTR_INT'
  | 'TF_ATTR_FLOAT'
  | 'TF_ATTR_BOOL'
  | 'TF_ATTR_TYPE'
  | 'TF_ATTR_SHAPE'

export interface Binding extends Readonly<Record<AttributeType, number>> {
  executeOp(
    name: string,
    attributes: readonly OpAttribute[],
    inputs: readonly number[],
    outputs: number,
  ): NativeTensor[]
  createTensor(shape: readonly number[], dtype: number, values: ArrayBufferView): number
  deleteTensor(id: number): void
  tensorDataSync(id: number): unknown
  loadSavedModel(folder: string, tags: string): number
  deleteSavedModel(session: number): void
  runSavedModel(session: number, inputs: readonly number[], inputNames: string, outputNames: string): NativeTensor[]
}

export interface Backend {
  binding: Binding
  createOutputTensor(tensor: NativeTensor): tf.Tensor
  /** Returns native ids. Makes native tensors first for values that only JavaScript holds. */
  getInputTensorIds(tensors: readonly tf.Tensor[]): number[]
  /** By a tensor's dataId, the id of the native tensor that holds its values. */
  readonly tensorMap: { get(dataId: object): { id: number } }
}

export const DataType = { float32: 1, int32: 3, uint8: 4, string: 7, complex64: 8, int64: 9, bool: 10 } as const

export const dataTypeName = (dtype: number): string =>
  Object.entries(DataType).find(([, number]) => number === dtype)?.[0] ?? `type ${dtype}`

/**
 * Runs `work` with some of the binding's functions replaced. The functions are read-only, so the replacements are in an
 * object whose prototype is the binding.
 */
export function withBinding<T>(backend: Backend, replaced: Partial<Binding>, work: () => T): T {
  const { binding } = backend
  backend.binding = Object.create(binding, Object.getOwnPropertyDescriptors(replaced))
  try {
    return work()
  } finally {
    backend.binding = binding
  }
}
