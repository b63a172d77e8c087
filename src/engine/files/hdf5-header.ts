/**
 * Reads from object headers what h5wasm does not report about a dataset: the datatype message, the external files, and
 * the chunks that were written. Source: HDF5 File Format Specification 3.0, IV.A.
 */
import fs from 'node:fs'

export interface DatasetHeader {
  /** The datatype message: class, sizes, byte order and layout of every number. */
  readonly datatype: Buffer
  /** Names of external files that hold the dataset's numbers, as the file states these names. */
  readonly externalFiles: readonly string[]
  /** Start of each chunk that was written, per axis. `null` if the dataset has no chunks, or an unknown chunk index. */
  storedChunks(): readonly (readonly number[])[] | null
}

const DATATYPE = 0x03
const EXTERNAL_FILES = 0x07
const LAYOUT = 0x08
const CONTINUATION = 0x10
const SHARED = 0x02

interface Message {
  readonly type: number
  readonly flags: number
  readonly data: Buffer
}

type Read = (address: number, length: number) => Buffer

/** Bytes that are read at once from the start of a file, because most object headers are there. */
const HEAD = 16384
const LONGEST = 1 << 24

/**
 * Reads the headers of one file's datasets. An address is the value of an object reference. Returns `null` for unknown
 * structures, such as shared datatype messages or addresses that are not 8 bytes long.
 */
export function datasetHeaders(path: string): (address: number) => DatasetHeader | null {
  const { start, head } = withFile(path, descriptor => {
    const found = findSuperblock(descriptor) ?? 0
    return { start: found, head: readAt(descriptor, found, HEAD) }
  })
  const read: Read = (at, length) => {
    if (length > LONGEST) throw new RangeError('No part of a header')
    const bytes =
      at + length <= head.length
        ? head.subarray(at, at + length)
        : withFile(path, descriptor => readAt(descriptor, start + at, length))
    if (bytes.length < length) throw new RangeError('Behind the end')
    return bytes
  }
  return address => orNull(() => parseDataset(read, address))
}

/** Returns `null` if parsing met an impossible address or length. */
function orNull<T>(parse: () => T): T | null {
  try {
    return parse()
  } catch (error) {
    if (error instanceof RangeError) return null
    throw error
  }
}

function withFile<T>(path: string, use: (descriptor: number) => T): T {
  const descriptor = fs.openSync(path, 'r')
  try {
    return use(descriptor)
  } finally {
    fs.closeSync(descriptor)
  }
}

function readAt(descriptor: number, at: number, length: number): Buffer {
  const bytes = Buffer.alloc(length)
  return bytes.subarray(0, fs.readSync(descriptor, bytes, 0, length, at))
}

/** Offset of the superblock: 0, or the end of a user block of 512, 1024, 2048, … bytes. */
export function findSuperblock(descriptor: number): number | null {
  const bytes = fs.fstatSync(descriptor).size
  const signature = Buffer.alloc(8)
  for (let start = 0; start < bytes; start = start === 0 ? 512 : 2 * start) {
    fs.readSync(descriptor, signature.fill(0), 0, signature.length, start)
    if (signature.toString('latin1') === '\x89HDF\r\n\x1a\n') return start
  }
  return null
}

function parseDataset(read: Read, address: number): DatasetHeader | null {
  const messages = readMessages(read, address)
  const external = messages.find(({ type }) => type === EXTERNAL_FILES)
  const datatype = findDatatype(read, messages)
  const layout = messages.find(({ type }) => type === LAYOUT)?.data
  return (
    datatype && {
      datatype,
      externalFiles: external ? readNames(read, external.data) : [],
      storedChunks: () => (layout?.[0] === 3 && layout[1] === 2 ? orNull(() => readChunks(read, layout)) : null),
    }
  )
}

const UNDEFINED = 0xffff_ffff_ffff_ffffn

/** The chunks of a Data Layout message of version 3 (IV.A.2.i), from a version 1 B-tree of type 1 (III.A.1). */
function readChunks(read: Read, layout: Buffer): number[][] {
  const axes = layout[2] // one more than the dataset's axes: the last axis is within the element
  const keySize = 8 + 8 * axes
  const node = (address: number, most: number): number[][] => {
    const head = read(address, 24)
    const [type, level, entries] = [head[4], head[5], head.readUInt16LE(6)]
    if (head.toString('latin1', 0, 4) !== 'TREE' || type !== 1 || level > most) throw new RangeError('No such node')
    const body = read(address + 24, entries * (keySize + 8))
    return Array.from({ length: entries }, (_, entry) => {
      const at = entry * (keySize + 8)
      if (level > 0) return node(Number(body.readBigUInt64LE(at + keySize)), level - 1)
      return [Array.from({ length: axes - 1 }, (_, axis) => Number(body.readBigUInt64LE(at + 8 + 8 * axis)))]
    }).flat()
  }
  const root = layout.readBigUInt64LE(3)
  return root === UNDEFINED ? [] : node(Number(root), 255)
}

function findDatatype(read: Read, messages: readonly Message[]): Buffer | null {
  const found = messages.find(({ type }) => type === DATATYPE)
  if (!found) return null
  if ((found.flags & SHARED) === 0) return found.data
  // A committed datatype has its own object header, which holds the message.
  const [version, kind] = found.data
  if (version === 3 && kind !== 2) return null
  const committed = Number(found.data.readBigUInt64LE(version === 1 ? 8 : 2))
  const own = readMessages(read, committed).find(({ type }) => type === DATATYPE)
  return own && (own.flags & SHARED) === 0 ? own.data : null
}

function readMessages(read: Read, address: number): Message[] {
  const prefix = read(address, 6)
  if (prefix.toString('latin1', 0, 4) !== 'OHDR') {
    if (prefix[0] !== 1) throw new RangeError('No object header')
    return readBlock(read, address + 16, read(address + 8, 4).readUInt32LE(), { head: 8, signed: 0 })
  }
  const flags = prefix[5]
  const sizeBytes = 1 << (flags & 3)
  const sizeAt = address + 6 + (flags & 0x20 ? 16 : 0) + (flags & 0x10 ? 4 : 0)
  const head = flags & 4 ? 6 : 4
  return readBlock(read, sizeAt + sizeBytes, read(sizeAt, sizeBytes).readUIntLE(0, Math.min(sizeBytes, 6)), {
    head,
    signed: 4,
  })
}

/**
 * The messages of a block and of its continuation blocks. In version 2 a continuation block has a signature and a
 * checksum.
 */
function readBlock(read: Read, at: number, length: number, form: { head: 8 | 6 | 4; signed: 0 | 4 }): Message[] {
  const block = read(at, length)
  const messages: Message[] = []
  for (let start = 0; start + form.head <= length; ) {
    const [type, size, flags] =
      form.head === 8
        ? [block.readUInt16LE(start), block.readUInt16LE(start + 2), block[start + 4]]
        : [block[start], block.readUInt16LE(start + 1), block[start + 3]]
    const data = block.subarray(start + form.head, start + form.head + size)
    messages.push({ type, flags, data })
    start += form.head + size
    if (type !== CONTINUATION) continue
    const [next, bytes] = [Number(data.readBigUInt64LE(0)), Number(data.readBigUInt64LE(8))]
    messages.push(...readBlock(read, next + form.signed, bytes - 2 * form.signed, form))
  }
  return messages
}

/** The names in an External Data Files message (IV.A.2.h). A local heap holds them (III.D). */
function readNames(read: Read, message: Buffer): string[] {
  const heap = read(Number(message.readBigUInt64LE(8)), 32)
  const names = read(Number(heap.readBigUInt64LE(24)), Number(heap.readBigUInt64LE(8)))
  return Array.from({ length: message.readUInt16LE(6) }, (_, slot) => {
    const start = Number(message.readBigUInt64LE(16 + 24 * slot))
    return names.toString('utf8', start, names.indexOf(0, start))
  })
}
