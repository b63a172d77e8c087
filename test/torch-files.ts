/** Makes small zip files and pickles as torch.save writes them, and wrong ones. Real files are in `fixtures/torch`. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { crc32 } from 'node:zlib'

export const torchFixture = (name: string): string =>
  fileURLToPath(new URL(`./fixtures/torch/${name}`, import.meta.url))

export const readTorchFixture = (name: string): Buffer => readFileSync(torchFixture(name))

export interface ZipMember {
  readonly name: string
  readonly content: Uint8Array
  /** 0: stored, 8: deflated. */
  readonly method?: number
  readonly flags?: number
  /** Absent: the right one. */
  readonly crc?: number
}

/** A zip file of these members, as they are. */
export function zipOf(members: readonly ZipMember[]): Buffer {
  const contents: Buffer[] = []
  const table: Buffer[] = []
  let at = 0
  for (const { name, content, method = 0, flags = 0, crc = crc32(content) } of members) {
    const label = Buffer.from(name)
    const fields = Buffer.alloc(26) // version, flags, method, time, date, crc32, sizes, lengths of name and extra
    fields.writeUInt16LE(flags, 2)
    fields.writeUInt16LE(method, 4)
    fields.writeUInt32LE(crc, 10)
    fields.writeUInt32LE(content.length, 14)
    fields.writeUInt32LE(content.length, 18)
    fields.writeUInt16LE(label.length, 22)
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), fields, label, content])
    const place = Buffer.alloc(14)
    place.writeUInt32LE(at, 10)
    table.push(Buffer.from('PK\x01\x02\0\0'), fields, place, label)
    contents.push(local)
    at += local.length
  }
  const entries = Buffer.concat(table)
  const end = Buffer.alloc(22)
  end.write('PK\x05\x06')
  end.writeUInt16LE(members.length, 8)
  end.writeUInt16LE(members.length, 10)
  end.writeUInt32LE(entries.length, 12)
  end.writeUInt32LE(at, 16)
  return Buffer.concat([...contents, entries, end])
}

const text = (value: string) => {
  const bytes = Buffer.from(value)
  const length = Buffer.alloc(4)
  length.writeUInt32LE(bytes.length)
  return Buffer.concat([Buffer.from('X'), length, bytes])
}

const whole = (value: number) => {
  const bytes = Buffer.alloc(10)
  bytes.write('\x8a\x08', 'latin1') // LONG1 of 8 bytes
  bytes.writeBigInt64LE(BigInt(value), 2)
  return bytes
}

/** Parts of a pickle. */
export const p = {
  text,
  whole,
  code: (codes: string) => Buffer.from(codes, 'latin1'),
  all: (...parts: readonly Buffer[]) => Buffer.concat(parts),
  tuple: (...items: readonly Buffer[]) => Buffer.concat([Buffer.from('('), ...items, Buffer.from('t')]),
  global: (module: string, name: string) => Buffer.from(`c${module}\n${name}\n`),
  call: (module: string, name: string, ...args: readonly Buffer[]) =>
    Buffer.concat([p.global(module, name), p.tuple(...args), Buffer.from('R')]),
  dictionary: (...pairs: readonly (readonly [Buffer, Buffer])[]) =>
    Buffer.concat([Buffer.from('}('), ...pairs.flat(), Buffer.from('u')]),
  pickle: (value: Buffer) => Buffer.concat([Buffer.from([0x80, 2]), value, Buffer.from('.')]),
}

interface TensorParts {
  readonly type?: string
  readonly key?: string
  readonly length?: number
  readonly offset?: number
  readonly size?: readonly number[]
  readonly stride?: readonly number[]
}

/** A tensor of 6 float32 numbers, unless told otherwise. */
export const tensorPart = ({
  type = 'FloatStorage',
  key = '0',
  length = 6,
  offset = 0,
  size = [2, 3],
  stride = [3, 1],
}: TensorParts): Buffer =>
  p.call(
    'torch._utils',
    '_rebuild_tensor_v2',
    Buffer.concat([
      p.tuple(text('storage'), p.global('torch', type), text(key), text('cpu'), whole(length)),
      p.code('Q'),
    ]),
    whole(offset),
    p.tuple(...size.map(whole)),
    p.tuple(...stride.map(whole)),
    p.code('\x89'),
    p.call('collections', 'OrderedDict'),
  )

/** A file with this pickle, and the numbers 1 to 6 as storage 0. */
export const torchFileOf = (value: Buffer, others: readonly ZipMember[] = []): Buffer =>
  zipOf([
    { name: 'archive/data.pkl', content: p.pickle(value) },
    { name: 'archive/data/0', content: new Uint8Array(Float32Array.of(1, 2, 3, 4, 5, 6).buffer) },
    ...others,
  ])
