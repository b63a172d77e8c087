/** Filters of HDF5 datasets (compressions): which can be undone here, and what to do about the others. */
import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import type { Filter } from 'h5wasm/node'

/** HDF5's own filters: gzip, shuffle, Fletcher's checksum, szip, n-bit, scale-offset. */
const BUILT_IN: ReadonlySet<number> = new Set([1, 2, 3, 4, 5, 6])

/** Filters of the plug-ins, by their registered numbers; each has a fixture in test/fixtures/compression. */
const PLUG_INS: ReadonlyMap<number, string> = new Map([
  [307, 'bzip2'],
  [32000, 'LZF'],
  [32001, 'Blosc'],
  [32004, 'LZ4'],
  [32008, 'bitshuffle'],
  [32013, 'ZFP'],
  [32015, 'Zstandard'],
  [32026, 'Blosc2'],
])

const BLOSC_ZLIB = 4

export function pluginFolder(): string {
  return dirname(createRequire(import.meta.url).resolve('h5wasm-plugins/plugins/libH5Zlzf.so'))
}

/** The first filter that cannot be undone, in words; `null` if all can. */
export function unknownFilter(filters: readonly Filter[]): string | null {
  for (const { id, name, cd_values } of filters) {
    // The plug-ins have no zlib, and their call of it would end the library.
    if ((id === 32001 || id === 32026) && cd_values[6] === BLOSC_ZLIB)
      return `filter ${id}, ${PLUG_INS.get(id)} with zlib`
    if (!BUILT_IN.has(id) && !PLUG_INS.has(id)) return name === '' ? `filter ${id}` : `filter ${id}, "${name}"`
  }
  return null
}

/** The line that packs a file anew as gzip, for wherever the filter's plug-in is. */
export function repack(file: string): string {
  const plugins = `$(python -c 'import hdf5plugin; print(hdf5plugin.PLUGIN_PATH)')`
  return `Repack it: pip install hdf5plugin, then HDF5_PLUGIN_PATH=${plugins} h5repack -f GZIP=4 ${quoted(file)} NEW.h5`
}

/** A file name as a shell takes it. */
export function quoted(file: string): string {
  return `'${file.replaceAll("'", "'\\''")}'`
}
