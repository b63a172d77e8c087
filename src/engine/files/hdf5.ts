/**
 * Reads HDF5 files. Pixels are read as raw bytes, because h5wasm's `slice()` takes a hundred times as long. `slice()`
 * makes an array of two numbers for each complex sample.
 */
import fs from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { Dataset, File, type Metadata } from 'h5wasm/node'
import { AppError } from '../../contract/errors.ts'
import { type ElementKind, type Hdf5File, type Hdf5Record, isComplex } from '../../core/data/hdf5.ts'
import { beyondFloat32 } from '../../core/extremes.ts'
import { readAttribute } from './hdf5-attributes.ts'
import { asUtf8, decode, type Element, elementOf, isFloat32 } from './hdf5-elements.ts'
import { quoted, repack, unknownFilter } from './hdf5-filters.ts'
import { type DatasetHeader, datasetHeaders } from './hdf5-header.ts'
import {
  type Hdf5Module,
  hyperslab,
  linkInWords,
  loadHdf5,
  requireLibraryMemory,
  undamaged,
  withMemory,
} from './hdf5-library.ts'
import { withPlugIns } from './hdf5-plug-ins.ts'
import { readRecords } from './hdf5-records.ts'

/** Opens an HDF5 file for reading. All methods of the opened file are synchronous. */
export const openHdf5 = async (path: string): Promise<Hdf5File> => openWith(await loadHdf5(), path)

export function openWith(library: Hdf5Module, path: string): Hdf5File {
  const absolute = resolve(path)
  const file = undamaged(absolute, 'superblock', () => new File(absolute, 'r'))
  try {
    return undamaged(absolute, 'list of datasets', () => new OpenFile(library, file, absolute))
  } catch (error) {
    file.close()
    throw error
  }
}

class OpenFile implements Hdf5File {
  readonly path: string
  readonly datasets: readonly string[]
  readonly groups: readonly string[]
  readonly #library: Hdf5Module
  readonly #file: File
  readonly #attributes: ReadonlySet<string>
  /** Names in the root group, and in the groups that were looked into: `group/name`. */
  readonly #names: Set<string>
  readonly #metadata = new Map<string, Metadata>()
  readonly #lookedInto = new Set<string>()
  readonly #elements = new Map<string, Element>()
  #headers: ReturnType<typeof datasetHeaders> | null = null
  #open = true

  constructor(library: Hdf5Module, file: File, path: string) {
    this.path = path
    this.#library = library
    this.#file = file
    this.#names = new Set(file.keys())
    this.datasets = this.#describe(this.#names)
    this.groups = [...this.#names].filter(name => file.get_type(`/${name}`) === library.H5G_GROUP)
    this.#attributes = new Set(library.get_attribute_names(file.file_id, '/'))
  }

  shape(dataset: string): readonly number[] | null {
    this.#lookInto(dirname(dataset))
    if (!this.#names.has(dataset)) return null
    const metadata = this.#metadata.get(dataset)
    if (!metadata)
      throw this.#unsupported(`Expected a dataset ${dataset}, got ${linkInWords(this.#library, this.#file, dataset)}`)
    if (metadata.shape === null) throw this.#unsupported(`Expected numbers in ${dataset}, got an empty dataset (null)`)
    return metadata.shape
  }

  kind(dataset: string): ElementKind | null {
    return this.#metadata.has(dataset) ? this.#element(dataset).kind : null
  }

  typeName(dataset: string): string {
    return this.#element(dataset).words
  }

  virtualSources(dataset: string): readonly string[] {
    const names = (this.#metadata.get(dataset)?.virtual_sources ?? []).map(source => source.file_name)
    return [...new Set(names)].filter(name => name !== '.').map(name => resolve(dirname(this.path), name))
  }

  unwritten(dataset: string): ReadonlySet<number> {
    const { shape, chunks } = this.#metadata.get(dataset)!
    const stored = this.#header(dataset)?.storedChunks() ?? null
    if (shape === null || chunks === null || stored === null) return new Set()
    const whole = shape.slice(1).reduce((product, size, axis) => product * Math.ceil(size / chunks[axis + 1]), 1)
    const layers = new Map<number, number>()
    for (const [first] of stored) layers.set(first, (layers.get(first) ?? 0) + 1)
    const slices = Array.from({ length: shape[0] }, (_, slice) => slice)
    return new Set(slices.filter(slice => (layers.get(slice - (slice % chunks[0])) ?? 0) < whole))
  }

  withFloat32<T>(dataset: string, from: number, count: number, use: (values: Float32Array) => T): T {
    const shape = this.shape(dataset)
    if (!shape?.length || from < 0 || count < 0 || from + count > shape[0]) {
      throw new RangeError(`No slices ${from} to ${from + count} of ${dataset} in ${this.path}`)
    }
    return this.withBox(dataset, [from], [count, ...shape.slice(1)], use)
  }

  withBox<T>(dataset: string, first: readonly number[], box: readonly number[], use: (values: Float32Array) => T): T {
    const element = this.#numbers(dataset)
    return this.#withBytes(dataset, first, box, bytes => {
      const { buffer, byteOffset, byteLength } = bytes
      if (isFloat32(element)) return use(new Float32Array(buffer, byteOffset, byteLength / 4))
      const count = (byteLength / element.size) * element.numbers.length
      if (element.numbers[0].bits < 64) return use(decode(bytes, element, new Float32Array(count)))
      const exact = decode(bytes, element, new Float64Array(count))
      const beyond = beyondFloat32(exact)
      if (beyond !== null) throw this.#outOfRange(dataset, first[0], beyond)
      return use(Float32Array.from(exact))
    })
  }

  eachRecord(dataset: string, indices: ArrayLike<number>, use: (record: Hdf5Record, place: number) => void): void {
    const [count] = this.shape(dataset) ?? [0]
    if (Array.prototype.some.call(indices, index => !(index >= 0 && index < count)))
      throw new RangeError(`Expected compounds 0 to ${count - 1} of ${dataset} in ${this.path}`)
    const { words } = this.#element(dataset) // throws for filters that are not supported
    const records = {
      library: this.#library,
      path: this.path,
      metadata: this.#metadata.get(dataset)!,
      fill: (pointer: number, from: number, length: number, step: number) =>
        this.#fill(dataset, hyperslab([from], [length], step), `, compound ${from + 1}`, pointer),
      reclaim: (pointer: number, length: number) => {
        this.#library.reclaim_vlen_memory_count(this.#file.file_id, dataset, '', BigInt(pointer), [BigInt(length)])
      },
      missing: (member: string) => this.#unsupported(`Expected numbers ${member} in ${dataset}, got ${words}`),
    }
    readRecords(records, indices, use)
  }

  readNumbers(dataset: string): Float64Array {
    const shape = this.shape(dataset)
    if (shape === null) throw new RangeError(`No dataset ${dataset} in ${this.path}`)
    const element = this.#numbers(dataset)
    if (isComplex(element.kind)) throw this.#unsupported(`Expected real numbers in ${dataset}, got ${element.words}`)
    const { total_size: count } = this.#metadata.get(dataset)!
    return this.#withBytes(dataset, null, [count], bytes => decode(bytes, element, new Float64Array(count)))
  }

  readText(dataset: string): string | null {
    const metadata = this.#metadata.get(dataset)
    if (!metadata?.shape) return null
    const { kind, isBytes } = this.#element(dataset)
    if (isBytes) {
      return this.#withBytes(dataset, null, [metadata.total_size], bytes =>
        new TextDecoder().decode(bytes.slice()).replace(/\0+$/, ''),
      )
    }
    if (kind !== 'string') return null
    const value = this.#value(dataset)
    const first = Array.isArray(value) && value.length === 1 ? value[0] : value
    return typeof first === 'string' ? asUtf8(first, metadata) : null
  }

  attribute(name: string): string | number | null {
    if (!this.#attributes.has(name)) return null
    return undamaged(this.path, `attribute ${name}`, () => readAttribute(this.#library, this.#file, name, this.path))
  }

  dispose(): void {
    if (this.#open) this.#file.close()
    this.#open = false
  }

  #value(dataset: string): unknown {
    return undamaged(this.path, dataset, () =>
      withPlugIns(this.#library, () => new Dataset(this.#file.file_id, `/${dataset}`).value),
    )
  }

  /**
   * Passes the bytes of the elements from `first` to `first` + box to `use`. If `first` is null, passes the whole
   * dataset.
   */
  #withBytes<T>(
    dataset: string,
    first: readonly number[] | null,
    box: readonly number[],
    use: (bytes: Uint8Array) => T,
  ): T {
    const bytes = box.reduce((product, length) => product * length, this.#metadata.get(dataset)!.size)
    requireLibraryMemory(bytes, dataset, first !== null, this.path)
    return withMemory(this.#library, bytes, this.path, pointer => {
      if (first === null) this.#fill(dataset, null, '', pointer)
      else this.#fill(dataset, hyperslab(first, box), `, slice ${first[0] + 1}`, pointer)
      // HEAPU8 is read after the call, because HEAPU8 becomes a new view when the memory grows.
      return use(this.#library.HEAPU8.subarray(pointer, pointer + bytes))
    })
  }

  /** Reads a part of a dataset to an address, or the whole dataset if `box` is null. */
  #fill(dataset: string, box: ReturnType<typeof hyperslab> | null, part: string, pointer: number): void {
    const [counts, offsets, strides] = box ?? [null, null, null]
    undamaged(this.path, `${dataset}${part}`, () => {
      const place = [`/${dataset}`, counts, offsets, strides, BigInt(pointer)] as const
      const status = withPlugIns(this.#library, () => this.#library.get_dataset_data(this.#file.file_id, ...place))
      if (status < 0) throw new Error('HDF5 could not read the data and gave no reason')
    })
  }

  /** Returns those names that are datasets, and reads their metadata. */
  #describe(names: Iterable<string>): string[] {
    const datasets = [...names].filter(name => this.#file.get_type(`/${name}`) === this.#library.H5G_DATASET)
    for (const name of datasets)
      this.#metadata.set(name, this.#library.get_dataset_metadata(this.#file.file_id, `/${name}`))
    return datasets
  }

  /** Finds the members of a group, when one is first asked for. */
  #lookInto(group: string): void {
    if (!this.groups.includes(group) || this.#lookedInto.has(group)) return
    this.#lookedInto.add(group)
    undamaged(this.path, `group ${group}`, () => {
      const members = this.#library.get_names(this.#file.file_id, `/${group}`, false)
      for (const name of members) this.#names.add(`${group}/${name}`)
      this.#describe(members.map(name => `${group}/${name}`))
    })
  }

  #numbers(dataset: string): Element {
    const element = this.#element(dataset)
    if (element.numbers.length > 0) return element
    throw this.#unsupported(`Expected numbers in ${dataset}, got ${element.words}`)
  }

  /** Describes a dataset's elements. Throws if the elements are in another file, or if a filter is not supported. */
  #element(dataset: string): Element {
    const known = this.#elements.get(dataset)
    if (known) return known
    const header = this.#header(dataset)
    this.#requireInFile(dataset, header?.externalFiles ?? [])
    this.#requireFilters(dataset)
    const element = elementOf(this.#metadata.get(dataset)!, header?.datatype ?? null)
    this.#elements.set(dataset, element)
    return element
  }

  #header(dataset: string): DatasetHeader | null {
    const { file_id: id } = this.#file
    const [reference, { filename }] = undamaged(this.path, dataset, () => [
      this.#library.create_object_reference(id, dataset),
      this.#library.get_external_link(id, `/${dataset}`) as { filename?: string },
    ])
    const address = Number(Buffer.from(reference).readBigUInt64LE())
    this.#headers ??= datasetHeaders(this.path)
    const header = (filename === undefined ? this.#headers : datasetHeaders(this.#besides(filename)))(address)
    // A chain of links can lead to an address in a different file, so the header must match the metadata.
    const { type, size } = this.#metadata.get(dataset)!
    const isOwn = header && (header.datatype[0] & 0x0f) === type && header.datatype.readUInt32LE(4) === size
    return isOwn ? header : null
  }

  /** The path where HDF5 looks for a linked file: the stated path, else this file's folder. */
  #besides(filename: string): string {
    const path = resolve(dirname(this.path), filename)
    return fs.existsSync(path) ? path : join(dirname(this.path), basename(filename))
  }

  #requireInFile(dataset: string, externalFiles: readonly string[]): void {
    if (externalFiles.length === 0) return
    throw this.#unsupported(
      `Expected the numbers of ${dataset} in the file itself, ` +
        `got a dataset that keeps them in ${externalFiles.join(', ')}`,
      `Run in the folder where the file was written: h5repack -l CONTI ${quoted(basename(this.path))} NEW.h5`,
    )
  }

  #requireFilters(dataset: string): void {
    if (this.#metadata.get(dataset)!.chunks === null) return // only chunked datasets have filters
    const filters = undamaged(this.path, dataset, () =>
      this.#library.get_dataset_filters(this.#file.file_id, `/${dataset}`),
    )
    const unknown = unknownFilter(filters)
    if (unknown !== null)
      throw this.#unsupported(`Cannot unpack ${dataset}: ${unknown}, is not supported`, repack(basename(this.path)))
  }

  #outOfRange(dataset: string, from: number, value: number): AppError {
    return new AppError(
      'NOT_FINITE',
      'Expected numbers that 32-bit floats can hold (1.2e-38 to 3.4e38), ' +
        `got ${value.toPrecision(3)} as the largest in ${dataset}, slice ${from + 1}, in ${this.path}. ` +
        'Multiply k-space and ground truth by one constant, and write the file again.',
    )
  }

  #unsupported(message: string, remedy = 'Write the dataset again, or choose another file.'): AppError {
    return new AppError('UNSUPPORTED_FORMAT', `${message}, in ${this.path}. ${remedy}`)
  }
}
