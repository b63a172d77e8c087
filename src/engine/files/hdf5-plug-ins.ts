/** h5wasm-plugins: HDF5 filters as WebAssembly. The library loads a filter when a dataset first needs it. */
import { inflateSync } from 'node:zlib'
import type { Hdf5Module } from './hdf5-library.ts'

/** The parts of JavaScript's WebAssembly that this module needs. TypeScript declares them only with the DOM types. */
interface WebAssemblyApi {
  Instance: new (module: object, imports?: { readonly env?: Symbols }) => object
}
type Symbols = Readonly<Record<string, (...values: number[]) => number>>

const { WebAssembly } = globalThis as unknown as { WebAssembly: WebAssemblyApi }

/**
 * Runs a library call, and gives plug-ins loaded by that call the C functions that h5wasm lacks. Without these
 * functions the library aborts when Blosc uses zlib, and when a compressed chunk is damaged.
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
  const nothing = () => 0 // either prints, or ends threads that this program never starts
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

/** zlib's `uncompress`, in the library's memory. */
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
