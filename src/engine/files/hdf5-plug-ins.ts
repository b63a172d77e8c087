/** h5wasm-plugins: filters of HDF5 as WebAssembly. The library loads one when a dataset first needs it. */
import { inflateSync } from 'node:zlib'
import type { Hdf5Module } from './hdf5-library.ts'

/** The parts of JavaScript's WebAssembly that are needed here; TypeScript has them with the DOM's types alone. */
interface WebAssemblyApi {
  Instance: new (module: object, imports?: { readonly env?: Symbols }) => object
}
type Symbols = Readonly<Record<string, (...values: number[]) => number>>

const { WebAssembly } = globalThis as unknown as { WebAssembly: WebAssemblyApi }

/**
 * Runs a call of the library, in which plug-ins that it loads find all of C's functions that unpacking calls. h5wasm has
 * not all of them, and calling one that is missing ends the library: for zlib in Blosc, and wherever a packed chunk is
 * damaged.
 */
export function withPlugIns<T>(library: Hdf5Module, call: () => T): T {
  const { Instance } = WebAssembly
  const symbols = missingSymbols(library)
  WebAssembly.Instance = class extends Instance {
    constructor(module: object, imports: { readonly env?: Symbols } = {}) {
      const find = (env: Symbols, name: string) => symbols[name] ?? env[name]
      super(module, imports.env ? { ...imports, env: new Proxy(imports.env, { get: find }) } : imports)
    }
  }
  try {
    return call()
  } finally {
    WebAssembly.Instance = Instance
  }
}

let errno = 0

function missingSymbols(library: Hdf5Module): Symbols {
  const nothing = () => 0 // prints, or ends what a program without threads never began
  return {
    uncompress: (to, sizeAt, from, size) => uncompress(library.HEAPU8, to, sizeAt, from, size),
    memcmp: (a, b, size) => {
      const { HEAPU8: memory } = library
      return Buffer.compare(memory.subarray(a, a + size), memory.subarray(b, b + size))
    },
    ldexp: (value, exponent) => value * 2 ** exponent,
    __errno_location: () => {
      errno ||= library._malloc(4)
      return errno
    },
    fiprintf: nothing,
    __small_fprintf: nothing,
    fwrite: nothing,
    fputc: nothing,
    puts: nothing,
    pthread_attr_destroy: nothing,
    pthread_barrier_destroy: nothing,
    pthread_cond_broadcast: nothing,
    pthread_cond_destroy: nothing,
    pthread_mutex_destroy: nothing,
  }
}

const Z_OK = 0
const Z_DATA_ERROR = -3
const Z_BUF_ERROR = -5

/** zlib's function of this name, in the library's memory. */
function uncompress(memory: Uint8Array, to: number, sizeAt: number, from: number, size: number): number {
  const room = new DataView(memory.buffer, memory.byteOffset + sizeAt, 4)
  let unpacked: Uint8Array
  try {
    unpacked = inflateSync(memory.subarray(from, from + size))
  } catch {
    return Z_DATA_ERROR
  }
  if (unpacked.length > room.getUint32(0, true)) return Z_BUF_ERROR
  memory.set(unpacked, to)
  room.setUint32(0, unpacked.length, true)
  return Z_OK
}
