/**
 * HDF5 files, read. Pixels are looked at as raw bytes where the library has them:
 * h5wasm's own `slice()` makes an array of two numbers for each complex sample and takes a hundred times as long.
 */
import fs from 'node:fs'
import { basename, dirname, resolve } from 'node:path'
import { Dataset, File, type Metadata } from 'h5wasm/node'
import { AppError } from '../contract/errors.ts'
import type { ElementKind, Hdf5File } from '../core/data/hdf5.ts'
import { fileError } from './file-errors.ts'
import { type Hdf5Module, hyperslab, loadHdf5, takeReason, withMemory } from './hdf5-library.ts'

/** Opens a file for reading; everything after that is synchronous. */
export async function openHdf5(path: string): Promise<Hdf5File> {
  const library = await loadHdf5()
  const absolute = resolve(path)
  const bytes = requireReadable(absolute)
  const file = undamaged(absolute, 'superblock', () => new File(absolute, 'r'))
  try {
    return undamaged(absolute, 'list of datasets', () => new OpenFile(library, file, absolute, bytes))
  } catch (error) {
    file.close()
    throw error
  }
}

/** The file's size, once nothing that plain words can name is wrong with it. */
function requireReadable(path: string): number {
  let bytes: number
  let stored: Superblock | null
  try {
    const stat = fs.statSync(path)
    if (stat.isDirectory()) throw new AppError('FILE_UNREADABLE', `Expected a file, got a folder: ${path}`)
    if (!stat.isFile()) throw new AppError('FILE_UNREADABLE', `Expected a regular file, got a device or pipe: ${path}`)
    bytes = stat.size
    stored = readSuperblock(path, bytes)
  } catch (error) {
    throw fileError(error, path)
  }
  if (bytes === 0) {
    throw new AppError('FILE_UNREADABLE', `Expected an HDF5 file, got an empty one (0 bytes): ${path}. Copy it again.`)
  }
  if (stored === null) {
    throw new AppError(
      'UNSUPPORTED_FORMAT',
      `Expected an HDF5 file, got a file of another kind: ${path}. Choose a fastMRI file (.h5).`,
    )
  }
  if (stored.isOpenForWriting) {
    throw new AppError(
      'FILE_UNREADABLE',
      `The file is marked as open for writing, in ${path}. Close the program that writes it. If no program does, its writer ended before it closed the file: clear the mark with h5clear -s "${path}", and check that the data are whole.`,
    )
  }
  if (stored.end > bytes) {
    const message = `The file is truncated: ${bytes} of ${stored.end} bytes are there, in ${path}.`
    throw new AppError('FILE_UNREADABLE', `${message} Copy or download it again.`)
  }
  return bytes
}

class OpenFile implements Hdf5File {
  readonly path: string
  readonly name: string
  readonly bytes: number
  readonly datasets: readonly string[]
  readonly #library: Hdf5Module
  readonly #file: File
  readonly #attributes: ReadonlySet<string>
  readonly #metadata: ReadonlyMap<string, Metadata>
  #open = true

  constructor(library: Hdf5Module, file: File, path: string, bytes: number) {
    this.path = path
    this.name = basename(path)
    this.bytes = bytes
    this.#library = library
    this.#file = file
    this.datasets = file.keys().filter(name => file.get_type(`/${name}`) === library.H5G_DATASET)
    this.#attributes = new Set(library.get_attribute_names(file.file_id, '/'))
    this.#metadata = new Map(this.datasets.map(name => [name, library.get_dataset_metadata(file.file_id, `/${name}`)]))
  }

  shape(dataset: string): readonly number[] | null {
    return this.#metadata.get(dataset)?.shape ?? null
  }

  kind(dataset: string): ElementKind | null {
    const metadata = this.#metadata.get(dataset)
    return metadata ? elementKind(this.#library, metadata) : null
  }

  virtualSources(dataset: string): readonly string[] {
    const names = (this.#metadata.get(dataset)?.virtual_sources ?? []).map(source => source.file_name)
    return [...new Set(names)].filter(name => name !== '.').map(name => resolve(dirname(this.path), name))
  }

  withFloat32<T>(dataset: string, from: number, count: number, use: (values: Float32Array) => T): T {
    const shape = this.shape(dataset)
    if (shape === null || from < 0 || count < 0 || from + count > shape[0]) {
      throw new RangeError(`No slices ${from} to ${from + count} of ${dataset} in ${this.path}`)
    }
    const kind = this.kind(dataset)
    const single = kind === 'float32' || kind === 'complex64'
    if (!single && kind !== 'float64' && kind !== 'complex128')
      throw new AppError('UNSUPPORTED_FORMAT', `Expected floats in ${dataset}, got ${kind} elements, in ${this.path}`)
    return this.#withBytes(dataset, from, [count, ...shape.slice(1)], ({ buffer, byteOffset, byteLength }) =>
      use(
        single
          ? new Float32Array(buffer, byteOffset, byteLength / 4)
          : Float32Array.from(new Float64Array(buffer, byteOffset, byteLength / 8)),
      ),
    )
  }

  readNumbers(dataset: string): Float64Array {
    const kind = this.kind(dataset)
    if (kind !== 'integer' && kind !== 'float32' && kind !== 'float64') {
      throw new AppError('UNSUPPORTED_FORMAT', `Expected numbers in ${dataset}, got ${kind} elements, in ${this.path}`)
    }
    const value = this.#value(dataset)
    return ArrayBuffer.isView(value)
      ? Float64Array.from(value as Uint8Array | BigInt64Array as ArrayLike<number | bigint>, Number)
      : Float64Array.of(Number(value))
  }

  readText(dataset: string): string | null {
    if (this.kind(dataset) !== 'string') return null
    const value = this.#value(dataset)
    const first = Array.isArray(value) && value.length === 1 ? value[0] : value
    return typeof first === 'string' ? first : null
  }

  attribute(name: string): string | number | null {
    if (!this.#attributes.has(name)) return null
    const value = undamaged(this.path, `attribute ${name}`, () => this.#file.get_attribute(name, true))
    const first = Array.isArray(value) && value.length === 1 ? value[0] : value
    if (typeof first === 'boolean') return Number(first)
    return typeof first === 'string' || typeof first === 'number' ? first : null
  }

  dispose(): void {
    if (this.#open) this.#file.close()
    this.#open = false
  }

  #value(dataset: string): unknown {
    return undamaged(this.path, dataset, () => new Dataset(this.#file.file_id, `/${dataset}`).value)
  }

  /** Lends the elements [from, 0, …] to [from, 0, …] + box of a dataset, byte for byte. */
  #withBytes<T>(dataset: string, from: number, box: readonly number[], use: (bytes: Uint8Array) => T): T {
    const bytes = box.reduce((product, length) => product * length, this.#metadata.get(dataset)!.size)
    return withMemory(this.#library, bytes, this.path, pointer => {
      const position = [...hyperslab(from, box), BigInt(pointer)] as const
      undamaged(this.path, `${dataset}, slice ${from}`, () =>
        this.#library.get_dataset_data(this.#file.file_id, `/${dataset}`, ...position),
      )
      // HEAPU8 is a new view once the memory has grown: it is looked up after the call.
      return use(this.#library.HEAPU8.subarray(pointer, pointer + bytes))
    })
  }
}

function elementKind(library: Hdf5Module, metadata: Metadata): ElementKind {
  const { H5T_FLOAT, H5T_INTEGER, H5T_ENUM, H5T_STRING, H5T_COMPOUND } = library.H5T_class_t
  const { type, size } = metadata
  if (type === H5T_FLOAT.value && size === 4) return 'float32'
  if (type === H5T_FLOAT.value && size === 8) return 'float64'
  if (type === H5T_INTEGER.value || type === H5T_ENUM.value) return 'integer'
  if (type === H5T_STRING.value) return 'string'
  if (type !== H5T_COMPOUND.value) return 'other'
  const members = metadata.compound_type?.members ?? []
  const isComplex = ['r', 'i'].every((name, index) => {
    const member = members[index]
    const isFloat = member?.type === H5T_FLOAT.value && member.littleEndian && 2 * member.size === size
    return isFloat && member.name === name && 2 * member.offset === index * size
  })
  if (!isComplex || members.length !== 2) return 'other'
  return size === 8 ? 'complex64' : 'complex128'
}

/** What HDF5 reads, once it neither threw nor printed a reason why it could not. */
function undamaged<T>(path: string, part: string, read: () => T): T {
  takeReason()
  let value: T | undefined
  let cause: unknown
  try {
    value = read()
  } catch (error) {
    cause = error
  }
  const reason = takeReason() || (cause instanceof Error ? cause.message : '')
  if (reason === '') return value as T
  const message = `Cannot read ${path}: the file is damaged (${part}: ${reason}). Copy or download it again.`
  throw new AppError('FILE_UNREADABLE', message, cause)
}

interface Superblock {
  /** Where the file should end; `0` if the superblock is of a kind that is not known here. */
  readonly end: number
  /** Set while a program writes the file, and left where that program ended before it closed the file. HDF5 does not open such a file. */
  readonly isOpenForWriting: boolean
}

/** What an HDF5 file's superblock says (HDF5 File Format Specification, II.A); `null` if the file has no HDF5 signature. */
function readSuperblock(path: string, bytes: number): Superblock | null {
  const descriptor = fs.openSync(path, 'r')
  try {
    const block = Buffer.alloc(64)
    // The superblock starts at 0, or behind a user block of 512, 1024, 2048, … bytes.
    for (let start = 0; start < bytes; start = start === 0 ? 512 : 2 * start) {
      fs.readSync(descriptor, block.fill(0), 0, block.length, start)
      if (block.toString('latin1', 0, 8) === '\x89HDF\r\n\x1a\n')
        return { end: endOfFile(block), isOpenForWriting: isOpenForWriting(block) }
    }
    return null
  } finally {
    fs.closeSync(descriptor)
  }
}

/** From version 3 on, byte 11 holds the consistency flags: 1 for write access, 4 for single writer, multiple readers (SWMR). */
const isOpenForWriting = (superblock: Buffer): boolean => superblock[8] === 3 && (superblock[11] & 0b101) !== 0

function endOfFile(superblock: Buffer): number {
  const version = superblock[8]
  if (version > 3) return 0
  // Where the size of an address stands, and the first address; the end of the file is the third.
  const [sizeAt, firstAt] = version < 2 ? [13, 24 + 4 * version] : [9, 12]
  return superblock[sizeAt] === 8 ? Number(superblock.readBigUInt64LE(firstAt + 16)) : 0
}
