/** The files in a zip archive, stored or deflated, as NumPy writes its .npz. Source: PKWARE, APPNOTE.TXT 6.3. */
import { inflateSync } from 'fflate'
import { AppError } from '../../contract/errors.ts'
import type { FileSource } from './source.ts'

type Bytes = Pick<FileSource, 'path' | 'bytes' | 'read'>

export interface ZipEntry {
  readonly name: string
  /** The file's bytes. A stored file is read from the archive. A deflated file is inflated when it is first read. */
  open(): Bytes
}

const [LOCAL, CENTRAL, END] = [0x04034b50, 0x02014b50, 0x06054b50]
const STORED = 0
const DEFLATED = 8
/** Deflate makes nothing smaller than to 1/1032. */
const MOST_RATIO = 1032
/** A larger deflated array would have to be held in memory as a whole. */
const MOST_INFLATED = 2 ** 30
/** The end record, with the longest comment. */
const END_BYTES = 22 + 0xffff

const viewOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

export function isZip(source: Bytes): boolean {
  const bytes = source.read(0, 4)
  return bytes.length === 4 && viewOf(bytes).getUint32(0, true) === LOCAL
}

const damaged = (path: string, what: string): AppError =>
  new AppError('FILE_UNREADABLE', `The archive is damaged or truncated (${what}), in ${path}. Copy it again.`)

/** The files of the archive, in the order of its directory. Throws `FILE_UNREADABLE` if the directory is damaged. */
export function zipEntries(archive: Bytes): ZipEntry[] {
  const { path } = archive
  const from = Math.max(0, archive.bytes - END_BYTES)
  const tail = viewOf(archive.read(from, END_BYTES))
  let end = tail.byteLength - 22
  while (end >= 0 && tail.getUint32(end, true) !== END) end--
  if (end < 0) throw damaged(path, 'no directory at its end')
  const [length, start] = [tail.getUint32(end + 12, true), tail.getUint32(end + 16, true)]
  const directory = archive.read(start, Math.min(length, archive.bytes))
  if (directory.length < length) throw damaged(path, 'its directory is cut')
  const view = viewOf(directory)
  const entries: ZipEntry[] = []
  for (let at = 0; at + 46 <= view.byteLength; ) {
    if (view.getUint32(at, true) !== CENTRAL) throw damaged(path, 'its directory has an unknown record')
    const [nameBytes, extraBytes, noteBytes] = [28, 30, 32].map(offset => view.getUint16(at + offset, true))
    const name = new TextDecoder().decode(directory.subarray(at + 46, at + 46 + nameBytes))
    const method = view.getUint16(at + 10, true)
    const [packed, whole, offset] = sizesOf(view, at, 46 + nameBytes, extraBytes)
    entries.push({ name, open: () => openEntry(archive, { method, packed, whole, offset }) })
    at += 46 + nameBytes + extraBytes + noteBytes
  }
  return entries
}

/** Packed size, whole size and offset of the file's record. The values of large files lie in a further field. */
function sizesOf(view: DataView, at: number, names: number, extraBytes: number): [number, number, number] {
  const sizes = [20, 24, 42].map(offset => view.getUint32(at + offset, true))
  let extra = at + names
  while (extra + 4 <= Math.min(at + names + extraBytes, view.byteLength)) {
    const [id, bytes] = [view.getUint16(extra, true), view.getUint16(extra + 2, true)]
    if (id === 1) {
      let place = extra + 4
      // Whole size, packed size and offset, each only if its 32-bit field is full.
      for (const field of [1, 0, 2])
        if (sizes[field] === 0xffffffff && place + 8 <= view.byteLength) {
          sizes[field] = Number(view.getBigUint64(place, true))
          place += 8
        }
    }
    extra += 4 + bytes
  }
  return sizes as [number, number, number]
}

interface Stored {
  readonly method: number
  readonly packed: number
  readonly whole: number
  readonly offset: number
}

function openEntry(archive: Bytes, { method, packed, whole, offset }: Stored): Bytes {
  const { path } = archive
  const local = viewOf(archive.read(offset, 30))
  if (local.byteLength < 30 || local.getUint32(0, true) !== LOCAL) throw damaged(path, 'a file’s record is missing')
  const first = offset + 30 + local.getUint16(26, true) + local.getUint16(28, true)
  if (first + packed > archive.bytes) throw damaged(path, 'a file in it is cut')
  if (method === STORED)
    return { path, bytes: whole, read: (at, length) => readPart(archive, first, whole, at, length) }
  if (method !== DEFLATED)
    throw new AppError(
      'UNSUPPORTED_FORMAT',
      `Expected arrays that are stored or deflated, got the compression ${method}, in ${path}. ` +
        'Write the arrays again with numpy.savez.',
    )
  if (whole > MOST_RATIO * packed) throw damaged(path, `${whole} bytes out of ${packed}`)
  if (whole > MOST_INFLATED)
    throw new AppError(
      'UNSUPPORTED_FORMAT',
      `Expected compressed arrays of at most ${(MOST_INFLATED / 1e9).toFixed(1)} GB, ` +
        `got ${(whole / 1e9).toFixed(1)} GB, in ${path}. ` +
        'Write k-space with numpy.save or numpy.savez, without compression.',
    )
  /** Held as long as there is memory, because slices are read one by one. */
  let kept: WeakRef<Uint8Array> | null = null
  const inflated = (): Uint8Array => {
    const now = kept?.deref() ?? inflate(archive.read(first, packed), whole, path)
    kept = new WeakRef(now)
    return now
  }
  return { path, bytes: whole, read: (at, length) => inflated().slice(at, at + length) }
}

const readPart = (archive: Bytes, first: number, whole: number, at: number, length: number) =>
  archive.read(first + at, Math.max(0, Math.min(length, whole - at)))

function inflate(packed: Uint8Array, whole: number, path: string): Uint8Array {
  let bytes: Uint8Array
  try {
    bytes = inflateSync(packed, { out: new Uint8Array(whole) })
  } catch (error) {
    throw damaged(path, error instanceof Error ? error.message : 'it cannot be unpacked')
  }
  if (bytes.length !== whole) throw damaged(path, `${bytes.length} of ${whole} bytes`)
  return bytes
}
