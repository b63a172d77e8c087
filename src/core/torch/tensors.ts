/** The numbers of PyTorch's tensors as float32, in C order. */
import { halfOf } from '../data/npy.ts'
import type { PlainTensor } from '../models/parameters.ts'
import type { StridedTensor } from './pickle.ts'
import type { Refusal } from './refusal.ts'

/** Reads the element that begins at a byte. */
type Read = (view: DataView, byte: number) => number

interface Kind {
  /** As in PyTorch, for example `float16`. */
  readonly name: string
  readonly bytes: number
  /** Absent for numbers that are no weights. */
  readonly read?: Read
}

const word = new DataView(new ArrayBuffer(4))
/** bfloat16 is the upper half of float32. */
const brainHalf: Read = (view, byte) => {
  word.setUint16(2, view.getUint16(byte, true), true)
  return word.getFloat32(0, true)
}

const KINDS: ReadonlyMap<string, Kind> = new Map<string, Kind>([
  ['torch.FloatStorage', { name: 'float32', bytes: 4, read: (view, byte) => view.getFloat32(byte, true) }],
  ['torch.DoubleStorage', { name: 'float64', bytes: 8, read: (view, byte) => view.getFloat64(byte, true) }],
  ['torch.HalfStorage', { name: 'float16', bytes: 2, read: (view, byte) => halfOf(view.getUint16(byte, true)) }],
  ['torch.BFloat16Storage', { name: 'bfloat16', bytes: 2, read: brainHalf }],
  ['torch.LongStorage', { name: 'int64', bytes: 8 }],
  ['torch.IntStorage', { name: 'int32', bytes: 4 }],
  ['torch.ShortStorage', { name: 'int16', bytes: 2 }],
  ['torch.CharStorage', { name: 'int8', bytes: 1 }],
  ['torch.ByteStorage', { name: 'uint8', bytes: 1 }],
  ['torch.BoolStorage', { name: 'bool', bytes: 1 }],
  ['torch.ComplexFloatStorage', { name: 'complex64', bytes: 8 }],
  ['torch.ComplexDoubleStorage', { name: 'complex128', bytes: 16 }],
])

/** Weights may take at most this many times the file's bytes. Float16 takes 2; more means the same numbers again. */
const MOST_GROWTH = 4

const AS_FLOAT = 'Save the weights as float32: in PyTorch, tensor.float().'

const product = (shape: readonly number[]) => shape.reduce((result, length) => result * length, 1)

/** Whether the elements lie one behind the other, in C order. */
function isPlain({ shape, strides }: StridedTensor): boolean {
  let expected = 1
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] !== 1 && strides[axis] !== expected) return false
    expected *= shape[axis]
  }
  return true
}

/** Copies `elements` elements in C order. */
function gather({ offset, shape, strides }: StridedTensor, elements: number, at: (element: number) => number) {
  const result = new Float32Array(elements)
  const index = shape.map(() => 0)
  let place = offset
  for (let i = 0; i < elements; i++) {
    result[i] = at(place)
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      place += strides[axis]
      if (++index[axis] < shape[axis]) break
      place -= strides[axis] * shape[axis]
      index[axis] = 0
    }
  }
  return result
}

export interface TensorReader {
  /** The tensor of this name in the state dictionary. Throws if its numbers are not in the file, or are no weights. */
  read(name: string, tensor: StridedTensor): PlainTensor
  /** Kinds of numbers that became float32. */
  readonly converted: ReadonlySet<string>
}

/**
 * Reads tensors. A float32 tensor in C order shares its memory with `storageBytes(key)`, as far as its place allows.
 * @param fileBytes bytes of the whole file
 */
export function tensorReader(
  storageBytes: (key: string) => Uint8Array,
  fileBytes: number,
  { damaged, unsupported }: Refusal,
): TensorReader {
  const storages = new Map<string, Uint8Array>()
  const converted = new Set<string>()
  let total = 0

  function bytesOf(name: string, { storage: { key, length } }: StridedTensor, { bytes }: Kind): Uint8Array {
    const known = storages.get(key) ?? storageBytes(key)
    storages.set(key, known)
    if (known.length !== length * bytes) throw damaged(`${known.length} bytes instead of ${length * bytes} for ${name}`)
    return known
  }

  function read(name: string, tensor: StridedTensor): PlainTensor {
    const { storage, offset, shape, strides } = tensor
    const kind = KINDS.get(storage.type) ?? { name: storage.type, bytes: 0 }
    if (!kind.read) throw unsupported(`${kind.name} in ${name}`, AS_FLOAT)
    const elements = product(shape)
    const last = shape.reduce((place, length, axis) => place + (length - 1) * strides[axis], offset)
    if (!(elements === 0 || last < storage.length)) throw damaged(`a tensor ${name} that reaches beyond its numbers`)
    total += 4 * elements
    if (!(total <= MOST_GROWTH * fileBytes))
      throw damaged(`tensors that take more than ${MOST_GROWTH} times the file’s ${fileBytes} bytes`)
    const bytes = bytesOf(name, tensor, kind)
    if (kind.name !== 'float32') converted.add(kind.name)
    const byte = bytes.byteOffset + 4 * offset
    if (kind.name === 'float32' && isPlain(tensor) && byte % 4 === 0)
      return { shape, data: new Float32Array(bytes.buffer, elements === 0 ? 0 : byte, elements) }
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const { read: element, bytes: size } = kind as Required<Kind>
    return { shape, data: gather(tensor, elements, place => element(view, size * place)) }
  }
  return { read, converted }
}
