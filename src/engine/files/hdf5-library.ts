/**
 * Prepares h5wasm, the HDF5 C library as WebAssembly, on Node's file system. A failed call returns a negative status
 * and prints the reason. This module keeps the printed text for the error message.
 */
import type { Stats } from 'node:fs'
import { createRequire } from 'node:module'
import { totalmem } from 'node:os'
import { basename, dirname } from 'node:path'
import process from 'node:process'
import { type File, ready } from 'h5wasm/node'
import { AppError } from '../../contract/errors.ts'
import { repack } from './hdf5-filters.ts'

export type Hdf5Module = Awaited<typeof ready>

/** The parts of Emscripten's file system that this module changes. h5wasm does not declare their types. */
interface FileSystem {
  fstat(descriptor: number): Stats
  getStream(descriptor: number): object
}

const CHARACTER_DEVICE = 0o020000

const plugInFolder = dirname(createRequire(import.meta.url).resolve('h5wasm-plugins/plugins/libH5Zlzf.so'))

let printed = ''
const decoder = new TextDecoder()

const loaded = ready.then(module => {
  const files = module.FS as unknown as FileSystem
  // Both streams are captured, because plug-ins also print to standard output.
  for (const descriptor of [1, 2]) {
    Object.assign(files.getStream(descriptor), {
      node: { mode: CHARACTER_DEVICE },
      stream_ops: {
        write(_stream: unknown, memory: Uint8Array, at: number, length: number) {
          printed += decoder.decode(memory.slice(at, at + length))
          return length
        },
      },
    })
  }
  // HDF5 treats two open files with equal inode numbers as one file, and would read from the first file. Emscripten
  // rounds inode numbers to 53 bits, so the 64-bit numbers of cluster file systems can become equal. A file descriptor
  // is unique.
  const fstat = files.fstat
  files.fstat = descriptor => Object.assign(fstat(descriptor), { ino: descriptor })
  // Searches only this program's plug-ins, because plug-ins installed on the computer are not WebAssembly.
  for (const _ of module.get_plugin_search_paths()) module.remove_plugin_search_path(0)
  module.insert_plugin_search_path(plugInFolder, 0)
  return module
})

export function loadHdf5(): Promise<Hdf5Module> {
  return loaded
}

/** The innermost reason that HDF5 printed since the last call, or '' if HDF5 printed none. */
export function takeReason(): string {
  const reasons = [...printed.matchAll(/ in \w+\(\): ([\s\S]+?)\n *major:/g)]
  printed = ''
  return reasons.at(-1)?.[1].replace(/\s+/g, ' ') ?? ''
}

/**
 * [count, offset, strides] of a box. Axes without an entry in `first` begin at 0. Of the first axis, every slice number
 * `step` is taken.
 */
export function hyperslab(first: readonly number[], box: readonly number[], step = 1): [bigint[], bigint[], bigint[]] {
  const strides = box.map((_, axis) => (axis === 0 ? BigInt(step) : 1n))
  return [box.map(BigInt), box.map((_, axis) => BigInt(first[axis] ?? 0)), strides]
}

/** WebAssembly of this build has at most 2 GiB. The library itself needs a part of this memory. */
const LIBRARY_BYTES = 2 ** 31 - 2 ** 26

const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(1)} GB`

/** Throws `OUT_OF_MEMORY` if `bytes`, which the dataset needs, are more than the library or the computer can hold. */
export function requireLibraryMemory(bytes: number, dataset: string, isSlice: boolean, path: string): void {
  const most = Math.min(LIBRARY_BYTES, totalmem(), process.constrainedMemory() || Number.POSITIVE_INFINITY)
  if (bytes <= most) return
  throw new AppError(
    'OUT_OF_MEMORY',
    `Expected ${isSlice ? 'a slice of ' : ''}${dataset} of at most ${gigabytes(most)}, got ${gigabytes(bytes)}, ` +
      `in ${path}. ` +
      (dataset === 'kspace'
        ? 'Write the file again with fewer coils (coil compression) or without the oversampling of the readout.'
        : `Remove the dataset ${dataset}, or write the dataset with fewer numbers.`),
  )
}

/** Allocates `bytes` of the library's memory while `use` runs. */
export function withMemory<T>(library: Hdf5Module, bytes: number, path: string, use: (pointer: number) => T): T {
  const pointer = library._malloc(bytes)
  if (pointer === 0) throw new AppError('OUT_OF_MEMORY', `No memory for the ${bytes} bytes of a slice of ${path}`)
  try {
    return use(pointer)
  } finally {
    library._free(pointer)
  }
}

/** Returns the value of `read`. Throws if `read` throws, or if HDF5 prints a reason for a failure. */
export function undamaged<T>(path: string, part: string, read: () => T): T {
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

/** What a name of the root group is that is no dataset. */
export function linkInWords(library: Hdf5Module, file: File, name: string): string {
  const type = file.get_type(`/${name}`)
  takeReason() // discards what HDF5 prints about a broken link
  if (type === library.H5G_GROUP) return 'a group'
  if (type === library.H5G_TYPE) return 'a datatype'
  if (type === library.H5G_LINK)
    return `a link to ${library.get_symbolic_link(file.file_id, `/${name}`)}, which is missing`
  const { filename, obj_path } = library.get_external_link(file.file_id, `/${name}`)
  return `a link to ${obj_path} in ${filename}, which is missing or cannot be read`
}
