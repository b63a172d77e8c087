/**
 * Writes the wire format of protocol buffers. A message is a list of fields, and a field is a tag (number, kind) and a
 * value. A SavedModel's few messages need no more, and no library.
 *
 * Source: https://protobuf.dev/programming-guides/encoding
 */

export type Message = Uint8Array

const VARINT = 0
const BYTES = 2
const FIXED32 = 5

/** Seven bits per byte, the lowest first. Negative numbers are 64 bits of two's complement. */
function varint(value: number): number[] {
  const bytes: number[] = []
  let rest = BigInt.asUintN(64, BigInt(value))
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128)
  bytes.push(Number(rest))
  return bytes
}

const tag = (field: number, kind: number) => varint((field << 3) | kind)

export const message = (...fields: readonly Message[]): Message => Buffer.concat(fields)

export const integer = (field: number, value: number): Message =>
  Uint8Array.from([...tag(field, VARINT), ...varint(value)])

export const boolean = (field: number, value: boolean): Message => integer(field, value ? 1 : 0)

export function float(field: number, value: number): Message {
  const bytes = Buffer.alloc(4)
  bytes.writeFloatLE(value)
  return message(Uint8Array.from(tag(field, FIXED32)), bytes)
}

/** A field with a string, bytes, or a nested message. */
export function bytes(field: number, value: string | Uint8Array): Message {
  const content = typeof value === 'string' ? Buffer.from(value) : value
  return message(Uint8Array.from([...tag(field, BYTES), ...varint(content.length)]), content)
}
