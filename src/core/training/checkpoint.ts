/**
 * Checkpoints as safetensors: 8 bytes header length, JSON header, raw little-endian tensors
 * (format: huggingface/safetensors, README "Format"). Any safetensors reader opens these files.
 * Names and layouts are PyTorch's.
 */
import { z } from 'zod'
import { AppError } from '../../contract/errors.ts'
import { allFinite } from '../extremes.ts'
import type { PlainTensor } from '../models/parameters.ts'

const ALIGNMENT = 8

export interface Checkpoint {
  readonly tensors: ReadonlyMap<string, PlainTensor>
  /** String to string, as in safetensors. */
  readonly metadata: Readonly<Record<string, string>>
}

export function encodeCheckpoint({ tensors, metadata }: Checkpoint): Uint8Array {
  const header: Record<string, unknown> = { __metadata__: metadata }
  let offset = 0
  for (const [name, { shape, data }] of tensors) {
    header[name] = { dtype: 'F32', shape, data_offsets: [offset, offset + data.byteLength] }
    offset += data.byteLength
  }
  const json = new TextEncoder().encode(JSON.stringify(header))
  const headerBytes = Math.ceil(json.length / ALIGNMENT) * ALIGNMENT
  const bytes = new Uint8Array(8 + headerBytes + offset)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(headerBytes), true)
  bytes.set(json, 8)
  bytes.fill(0x20, 8 + json.length, 8 + headerBytes) // padded with spaces
  let position = 8 + headerBytes
  for (const { data } of tensors.values()) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), position)
    position += data.byteLength
  }
  return bytes
}

/** The number of batches (int64) that PyTorch's batch norm counts. Nothing here depends on this number. */
const COUNTERS = '.num_batches_tracked'
/** Variances, by whose square root batch norm divides. */
const VARIANCES = '.running_var'

/** Longest header, as in the safetensors library. */
const MOST_HEADER_BYTES = 100_000_000

/** Bytes of an element, by the format's names of types. */
const ELEMENT_BYTES: Readonly<Record<string, number>> = {
  ...{ F4: 0.5, F6_E2M3: 0.75, F6_E3M2: 0.75 },
  ...{ BOOL: 1, U8: 1, I8: 1, F8_E4M3: 1, F8_E5M2: 1, F8_E8M0: 1 },
  ...{ U16: 2, I16: 2, F16: 2, BF16: 2 },
  ...{ U32: 4, I32: 4, F32: 4 },
  ...{ U64: 8, I64: 8, F64: 8, C64: 8 },
}

const Count = z.int().min(0)
const Entry = z.object({ dtype: z.string(), shape: z.array(Count), data_offsets: z.tuple([Count, Count]) })
const Metadata = z.record(z.string(), z.string())

interface Stored extends Omit<z.infer<typeof Entry>, 'data_offsets'> {
  readonly name: string
  /** Bytes of the data, `to` excluded. */
  readonly from: number
  readonly to: number
}

const REMEDY = 'Copy or download the file again, or save it again with the safetensors library.'

/**
 * The header's tensors in the order of their bytes, and the place where the data begin.
 * Throws `CHECKPOINT_DAMAGED`, for example if the tensors' bytes leave gaps or overlap.
 */
function readHeader(bytes: Uint8Array, origin: string) {
  const damaged = (why: string, cause?: unknown) =>
    new AppError('CHECKPOINT_DAMAGED', `Expected a safetensors checkpoint, got ${why}, in ${origin}. ${REMEDY}`, cause)
  if (bytes.length < 8) throw damaged(`${bytes.length} bytes`)
  const headerBytes = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true))
  if (headerBytes > bytes.length - 8) throw damaged('a file that ends within its header')
  if (headerBytes > MOST_HEADER_BYTES) throw damaged(`a header of ${headerBytes} bytes, more than ${MOST_HEADER_BYTES}`)
  let header: unknown
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(8, 8 + headerBytes)))
  } catch (cause) {
    throw damaged('a header that is not JSON', cause)
  }
  if (typeof header !== 'object' || header === null || Array.isArray(header))
    throw damaged('a header that is not a JSON object')
  const { __metadata__, ...entries } = header as Record<string, unknown>
  const metadata = Metadata.safeParse(__metadata__ ?? {})
  if (!metadata.success) throw damaged('a header whose __metadata__ is not of strings')

  const stored = Object.entries(entries).map(([name, told]): Stored => {
    const entry = Entry.safeParse(told)
    if (!entry.success) throw damaged(`a header in which tensor ${name} lacks a valid dtype, shape or data_offsets`)
    if (!Object.hasOwn(ELEMENT_BYTES, entry.data.dtype))
      throw damaged(`a header in which tensor ${name} is of the unknown dtype ${entry.data.dtype}`)
    const { data_offsets: offsets, ...rest } = entry.data
    return { name, ...rest, from: offsets[0], to: offsets[1] }
  })
  stored.sort((a, b) => a.from - b.from || a.to - b.to)
  const begin = 8 + headerBytes
  let end = 0
  for (const { name, dtype, shape, from, to } of stored) {
    const expected = shape.reduce((product, n) => product * n, ELEMENT_BYTES[dtype])
    if (to - from !== expected)
      throw damaged(
        `a header in which tensor ${name} (${dtype}, ${shape.join(' × ') || 'a single number'}) ` +
          `has ${to - from} bytes, not ${expected}`,
      )
    if (from !== end)
      throw damaged(`a header in which tensor ${name} begins at byte ${from} of the data, not at ${end}`)
    if (begin + to > bytes.length) throw damaged(`a file that ends within ${name}`)
    end = to
  }
  if (begin + end !== bytes.length) throw damaged(`${bytes.length - begin - end} bytes that belong to no tensor`)
  return { stored, metadata: metadata.data, begin }
}

/** Throws `NOT_FINITE` or `CHECKPOINT_DAMAGED` for values that no network can compute with. */
export function requireUsable(name: string, data: Float32Array, origin: string): void {
  const remedy = 'Choose weights that were saved before the training diverged, or save them again.'
  const got = (wrong: number) =>
    `got ${data[wrong]} in ${name}, element ${wrong + 1} of ${data.length}, in ${origin}. ${remedy}`
  if (!allFinite(data))
    throw new AppError(
      'NOT_FINITE',
      `Expected finite numbers, ${got(data.findIndex(value => !Number.isFinite(value)))}`,
    )
  const negative = name.endsWith(VARIANCES) ? data.findIndex(value => value < 0) : -1
  if (negative >= 0) throw new AppError('CHECKPOINT_DAMAGED', `Expected variances of at least 0, ${got(negative)}`)
}

/** Floats of a file, without a copy if their place in memory allows this. */
function floatsOf(bytes: Uint8Array): Float32Array {
  const { buffer, byteOffset, length } = bytes.byteOffset % 4 === 0 ? bytes : Uint8Array.from(bytes)
  return new Float32Array(buffer, byteOffset, length / 4)
}

/**
 * Reads a safetensors file of finite float32 tensors, without batch norm's counters. The tensors share `bytes`, because
 * a copy of a large network's weights needs much memory.
 * Throws `CHECKPOINT_DAMAGED`, `UNSUPPORTED_FORMAT` or `NOT_FINITE`. The error names `origin`.
 */
export function decodeCheckpoint(bytes: Uint8Array, origin: string): Checkpoint {
  const { stored, metadata, begin } = readHeader(bytes, origin)
  const tensors = new Map<string, PlainTensor>()
  for (const { name, dtype, shape, from, to } of stored) {
    if (name.endsWith(COUNTERS)) continue
    if (dtype !== 'F32')
      throw new AppError(
        'UNSUPPORTED_FORMAT',
        `Expected float32 (F32) for ${name}, got ${dtype}, in ${origin}. ` +
          'Save the weights as float32: in PyTorch, tensor.float().',
      )
    const data = floatsOf(bytes.subarray(begin + from, begin + to))
    requireUsable(name, data, origin)
    tensors.set(name, { shape, data })
  }
  return { tensors, metadata }
}
