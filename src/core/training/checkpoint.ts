/**
 * Checkpoints as safetensors: 8 bytes header length, JSON header, raw little-endian tensors
 * (format: huggingface/safetensors, README "Format"). Any safetensors reader opens them; names and layouts are PyTorch's.
 */
import { AppError } from '../../contract/errors.ts'
import type { PlainTensor } from './parameters.ts'

const ALIGNMENT = 8

export interface Checkpoint {
  readonly tensors: ReadonlyMap<string, PlainTensor>
  /** String to string, as safetensors has it. */
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

/** PyTorch's batch norm counts its batches, as int64, which decides nothing here. */
const COUNTERS = '.num_batches_tracked'

/** Reads a safetensors file of float32 tensors, counters of batches left out; `origin` is named in errors (`CHECKPOINT_DAMAGED`, `UNSUPPORTED_FORMAT`). */
export function decodeCheckpoint(bytes: Uint8Array, origin: string): Checkpoint {
  const damaged = (why: string, cause?: unknown) =>
    new AppError('CHECKPOINT_DAMAGED', `Expected a safetensors checkpoint, got ${why}, in ${origin}`, cause)
  if (bytes.length < 8) throw damaged(`${bytes.length} bytes`)
  const headerBytes = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true))
  if (headerBytes > bytes.length - 8) throw damaged('a file that ends within its header')
  let header: Record<string, { dtype: string; shape: number[]; data_offsets: [number, number] }>
  try {
    header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + headerBytes)))
  } catch (cause) {
    throw damaged('a header that is not JSON', cause)
  }
  const { __metadata__: metadata = {}, ...entries } = header
  const tensors = new Map<string, PlainTensor>()
  for (const [
    name,
    {
      dtype,
      shape,
      data_offsets: [from, to],
    },
  ] of Object.entries(entries)) {
    if (name.endsWith(COUNTERS)) continue
    if (dtype !== 'F32')
      throw new AppError('UNSUPPORTED_FORMAT', `Expected float32 (F32) for ${name}, got ${dtype}, in ${origin}`)
    const start = 8 + headerBytes + from
    const values = shape.reduce((product, n) => product * n, 1)
    if (to - from !== values * 4 || start + values * 4 > bytes.length) throw damaged(`a file that ends within ${name}`)
    tensors.set(name, {
      shape,
      data: new Float32Array(Uint8Array.from(bytes.subarray(start, start + values * 4)).buffer),
    })
  }
  return { tensors, metadata: metadata as unknown as Record<string, string> }
}
