/**
 * Reads HDF5 files. Pixels are read as raw bytes, because h5wasm's `slice()` takes a hundred times as long. `slice()`
 * makes an array of two numbers for each complex sample.
 */
import fs from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { Dataset, File, type Metadata } from 'h5wasm/node'
import { AppError } from '../../contract/errors.ts'
import { type ElementKind, type Hdf5File, isComplex } from '../../core/data/hdf5.ts'
import { beyondFloat32 } from '../../core/extremes.ts'
import { asUtf8, decode, type Element, elementOf, isFloat32 } from './hdf5-elements.ts'
import { quoted, repack, unknownFilter } from './hdf5-filters.ts'
import { type DatasetHeader, datasetHeaders } from './hdf5-header.ts'
import { type Hdf5Module, hyperslab, loadHdf5, requireLibraryMemory, takeReason, withMemory } from './hdf5-library.ts'
import { withPlugIns } from './hdf5-plug-ins.ts'

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
  readonly #library: Hdf5Module
  readonly #file: File
  readonly #attributes: ReadonlySet<string>
  readonly #names: ReadonlySet<string>
  readonly #metadata: ReadonlyMap<string, Metadata>
  readonly #elements = new Map<string, Element>()
  #headers: ReturnType<typeof datasetHeaders> | null = null
  #open = true

  constructor(library: Hdf5Module, file: File, path: string) {
    this.path = path
    this.#library = library
    this.#file = file
    this.#names = new Set(file.keys())
    this.datasets = [...this.#names].filter(name => file.get_type(`/${name}`) === library.H5G_DATASET)
    this.#attributes = new Set(library.get_attribute_names(file.file_id, '/'))
    this.#metadata = new Map(this.datasets.map(name => [name, library.get_dataset_metadata(file.file_id, `/${name}`)]))
  }

  shape(dataset: string): readonly number[] | null {
    if (!this.#names.has(dataset)) return null
    const metadata = this.#metadata.get(dataset)
    if (!metadata) throw this.#unsupported(`Expected a dataset ${dataset}, got ${this.#linkInWords(dataset)}`)
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
    const { file_id: id } = this.#file
    return undamaged(this.path, `attribute ${name}`, () => {
      const metadata = this.#library.get_attribute_metadata(id, '/', name)
      const element = elementOf(metadata, null)
      if (metadata.shape === null || element.kind === 'other' || isComplex(element.kind)) return null
      // h5wasm cannot read half floats. h5wasm returns 64-bit integers as `bigint`, which is exact.
      const value: unknown =
        element.kind === 'float16'
          ? this.#halfAttribute(name, element, metadata.total_size)
          : this.#file.get_attribute(name, false)
      const values = ArrayBuffer.isView(value) ? Array.from(value as Uint8Array) : [value].flat()
      const texts = values.map(one => (typeof one === 'string' ? asUtf8(one, metadata) : one))
      if (texts.length !== 1) return texts.join(', ')
      const [first] = texts as unknown[]
      if (typeof first === 'boolean') return Number(first)
      // Integers beyond 2⁵³, such as long patient ids, become text, because text keeps all digits.
      if (typeof first === 'bigint') return Number.isSafeInteger(Number(first)) ? Number(first) : String(first)
      return typeof first === 'string' || typeof first === 'number' ? first : null
    })
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

  #halfAttribute(name: string, element: Element, count: number): Float64Array {
    const bytes = count * element.size
    return withMemory(this.#library, bytes, this.path, pointer => {
      this.#library.get_attribute_data(this.#file.file_id, '/', name, BigInt(pointer))
      return decode(this.#library.HEAPU8.subarray(pointer, pointer + bytes), element, new Float64Array(count))
    })
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
      const [counts, offsets, strides] = first === null ? [null, null, null] : hyperslab(first, box)
      undamaged(this.path, first === null ? dataset : `${dataset}, slice ${first[0] + 1}`, () => {
        const { file_id: id } = this.#file
        const place = [`/${dataset}`, counts, offsets, strides, BigInt(pointer)] as const
        const status = withPlugIns(this.#library, () => this.#library.get_dataset_data(id, ...place))
        if (status < 0) throw new Error('HDF5 could not read the data and gave no reason')
      })
      // HEAPU8 is read after the call, because HEAPU8 becomes a new view when the memory grows.
      return use(this.#library.HEAPU8.subarray(pointer, pointer + bytes))
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

  #linkInWords(name: string): string {
    const { file_id: id } = this.#file
    const type = this.#file.get_type(`/${name}`)
    takeReason() // discards what HDF5 prints about a broken link
    if (type === this.#library.H5G_GROUP) return 'a group'
    if (type === this.#library.H5G_TYPE) return 'a datatype'
    if (type === this.#library.H5G_LINK)
      return `a link to ${this.#library.get_symbolic_link(id, `/${name}`)}, which is missing`
    const { filename, obj_path } = this.#library.get_external_link(id, `/${name}`)
    return `a link to ${obj_path} in ${filename}, which is missing or cannot be read`
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

/** Returns the value of `read`. Throws if `read` throws, or if HDF5 prints a reason for a failure. */
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
  if (reason.includes("can't find plugin")) {
    const remedy = repack(basename(path))
    throw new AppError(
      'UNSUPPORTED_FORMAT',
      `Cannot unpack ${part}: its filter is not supported, in ${path}. ${remedy}`,
    )
  }
  const message = `Cannot read ${path}: the file is damaged (${part}: ${reason}). Copy or download it again.`
  throw new AppError('FILE_UNREADABLE', message, cause)
}
