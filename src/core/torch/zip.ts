/**
 * Reads zip files whose members are stored without compression, as PyTorch writes them. Zip64 is read too.
 * Source: PKWARE, APPNOTE.TXT 6.3.10, §§ 4.3 and 4.5.3.
 */
import type { Refusal } from './refusal.ts'

interface Member {
  readonly name: string
  /** 0: stored without compression. */
  readonly method: number
  readonly encrypted: boolean
  readonly crc32: number
  readonly storedBytes: number
  readonly bytes: number
  /** Place of the member's own header. */
  readonly at: number
}

export interface Zip {
  readonly names: readonly string[]
  /** The bytes of a member, not copied. A member is read once. Throws if the member is compressed or damaged. */
  read(name: string): Uint8Array
}

/** `PK` and two more bytes, as a little-endian number. */
const MAGIC = { member: 0x04034b50, entry: 0x02014b50, end: 0x06054b50, end64: 0x06064b50, locator64: 0x07064b50 }
/** Bytes of each part, without names and comments. */
const BYTES = { member: 30, entry: 46, end: 22, end64: 56, locator64: 20 }
const MOST_COMMENT_BYTES = 0xffff
/** In a field of 4 bytes: the value stands in the zip64 field. */
const ELSEWHERE = 0xffffffff
const ZIP64_FIELD = 1
const ENCRYPTED = 1
/** More members than any network of this program has. The limit bounds the memory for damaged files. */
const MOST_MEMBERS = 100_000

export const isZip = (bytes: Uint8Array): boolean =>
  bytes.length >= 4 && bytes[0] === 0x50 && bytes[1] === 0x4b && bytes[2] === 3 && bytes[3] === 4

const viewOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

const decoder = new TextDecoder()

/** Tables for four bytes at once: `CRC_TABLES[k][byte]` is the checksum of the byte and k zeros. */
const CRC_TABLES = [0, 1, 2, 3].map(zeros =>
  Uint32Array.from({ length: 256 }, (_, byte) => {
    let crc = byte
    for (let bit = 0; bit < 8 * (zeros + 1); bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1
    return crc
  }),
)

function crc32Of(bytes: Uint8Array): number {
  const [last, third, second, first] = CRC_TABLES
  const whole = bytes.length - (bytes.length % 4)
  let crc = -1
  let i = 0
  for (; i < whole; i += 4) {
    crc ^= bytes[i] | (bytes[i + 1] << 8) | (bytes[i + 2] << 16) | (bytes[i + 3] << 24)
    crc = first[crc & 255] ^ second[(crc >>> 8) & 255] ^ third[(crc >>> 16) & 255] ^ last[crc >>> 24]
  }
  for (; i < bytes.length; i++) crc = (crc >>> 8) ^ last[(crc ^ bytes[i]) & 255]
  return ~crc >>> 0
}

/** Where the table of members lies, and the number of members. */
function findTable(bytes: Uint8Array, view: DataView, { damaged }: Refusal) {
  const last = bytes.length - BYTES.end
  let end = last
  const isEnd = () => view.getUint32(end, true) === MAGIC.end && view.getUint16(end + 20, true) === last - end
  while (end >= Math.max(0, last - MOST_COMMENT_BYTES) && !isEnd()) end--
  if (end < Math.max(0, last - MOST_COMMENT_BYTES)) throw damaged('a zip file that ends early')
  const table = {
    members: view.getUint16(end + 10, true),
    bytes: view.getUint32(end + 12, true),
    at: view.getUint32(end + 16, true),
  }
  const locator = end - BYTES.locator64
  if (locator < 0 || view.getUint32(locator, true) !== MAGIC.locator64) return table
  const end64 = Number(view.getBigUint64(locator + 8, true))
  if (end64 + BYTES.end64 > locator || view.getUint32(end64, true) !== MAGIC.end64)
    throw damaged('a zip file without its zip64 end')
  const [members, size, at] = [32, 40, 48].map(field => Number(view.getBigUint64(end64 + field, true)))
  return { members, bytes: size, at }
}

/** Sizes and place of a member of zip64: those that have no room in the entry, in the order of the format. */
function zip64Of(extra: Uint8Array, fields: readonly number[]): number[] {
  const view = viewOf(extra)
  for (let at = 0; at + 4 <= extra.length; at += 4 + view.getUint16(at + 2, true)) {
    if (view.getUint16(at, true) !== ZIP64_FIELD) continue
    let place = at + 4
    return fields.map(field => {
      if (field !== ELSEWHERE) return field
      place += 8
      return place <= extra.length ? Number(view.getBigUint64(place - 8, true)) : Number.NaN
    })
  }
  return [...fields]
}

function readMembers(bytes: Uint8Array, refusal: Refusal): Map<string, Member> {
  const { damaged, unsupported } = refusal
  const view = viewOf(bytes)
  const table = findTable(bytes, view, refusal)
  if (table.members > MOST_MEMBERS)
    throw unsupported(`a zip file of ${table.members} members`, 'Save the weights alone with torch.save.')
  if (table.at + table.bytes > bytes.length) throw damaged('a zip file whose table of members lies outside the file')
  const members = new Map<string, Member>()
  let at = table.at
  for (let i = 0; i < table.members; i++) {
    if (at + BYTES.entry > table.at + table.bytes || view.getUint32(at, true) !== MAGIC.entry)
      throw damaged('a zip file with a damaged table of members')
    const [nameBytes, extraBytes, commentBytes] = [28, 30, 32].map(field => view.getUint16(at + field, true))
    const next = at + BYTES.entry + nameBytes + extraBytes + commentBytes
    if (next > table.at + table.bytes) throw damaged('a zip file with a damaged table of members')
    const nameEnd = at + BYTES.entry + nameBytes
    const name = decoder.decode(bytes.subarray(at + BYTES.entry, nameEnd))
    if (members.has(name)) throw damaged(`a zip file with two members ${name}`)
    const fields = [24, 20, 42].map(field => view.getUint32(at + field, true))
    const [size, storedBytes, place] = zip64Of(bytes.subarray(nameEnd, nameEnd + extraBytes), fields)
    members.set(name, {
      name,
      method: view.getUint16(at + 10, true),
      encrypted: (view.getUint16(at + 8, true) & ENCRYPTED) !== 0,
      crc32: view.getUint32(at + 16, true),
      storedBytes,
      bytes: size,
      at: place,
    })
    at = next
  }
  return members
}

/** Throws if the file is damaged. A member is checked when it is read. */
export function openZip(bytes: Uint8Array, refusal: Refusal): Zip {
  const { damaged, unsupported } = refusal
  const members = readMembers(bytes, refusal)
  const view = viewOf(bytes)
  let total = 0
  return {
    names: [...members.keys()],
    read(name) {
      const member = members.get(name)
      if (!member) throw damaged(`a zip file without ${name}`)
      const { method, encrypted, storedBytes, at } = member
      if (method !== 0 || encrypted)
        throw unsupported(
          `${encrypted ? 'an encrypted' : 'a compressed'} member ${name}`,
          'Save it again with torch.save, which does not compress.',
        )
      if (!(at + BYTES.member <= bytes.length) || view.getUint32(at, true) !== MAGIC.member)
        throw damaged(`a zip file in which ${name} is not at its place`)
      const begin = at + BYTES.member + view.getUint16(at + 26, true) + view.getUint16(at + 28, true)
      if (member.bytes !== storedBytes || !(begin + storedBytes <= bytes.length))
        throw damaged(`a zip file that ends within ${name}`)
      total += storedBytes
      if (total > bytes.length) throw damaged('a zip file whose members overlap')
      const content = bytes.subarray(begin, begin + storedBytes)
      // PyTorch can be told to compute no checksums. The field is then 0.
      if (member.crc32 !== 0 && member.crc32 !== crc32Of(content))
        throw damaged(`a zip file in which ${name} differs from its checksum`)
      return content
    },
  }
}
