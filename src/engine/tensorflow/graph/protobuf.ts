/**
 * Protocol buffers' wire format, the writing half: a message is its fields one after another, each a tag (number, kind) and a
 * value (protobuf.dev/programming-guides/encoding). The few messages of a SavedModel need no more, and no library.
 */

export type Message = Uint8Array

const VARINT = 0
const BYTES = 2
const FIXED32 = 5

/** Seven bits a byte, the lowest first; negative numbers as 64 bits of two's complement. */
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

/** A string, bytes, or a message within a message. */
export function bytes(field: number, value: string | Uint8Array): Message {
  const content = typeof value === 'string' ? Buffer.from(value) : value
  return message(Uint8Array.from([...tag(field, BYTES), ...varint(content.length)]), content)
}
