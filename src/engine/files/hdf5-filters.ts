/** Filters of HDF5 datasets (compressions): which can be undone here, and what to do about the others. */
import type { Filter } from 'h5wasm/node'

/** HDF5's own filters: gzip, shuffle, Fletcher's checksum, szip, n-bit, scale-offset. */
const BUILT_IN: ReadonlySet<number> = new Set([1, 2, 3, 4, 5, 6])

const BLOSC = 32001
/** Blosc's number for the one of its compressors that the plug-in was built without. */
const BLOSC_SNAPPY = 3

/** The plug-ins' filters, by their registered numbers; each has a fixture in test/fixtures/compression. */
const PLUG_INS: ReadonlySet<number> = new Set([
  307, // bzip2
  32000, // LZF
  BLOSC,
  32004, // LZ4
  32008, // bitshuffle
  32013, // ZFP
  32015, // Zstandard
  32026, // Blosc2
])

/** The first filter that cannot be undone, in words; `null` if all can. */
export function unknownFilter(filters: readonly Filter[]): string | null {
  const isSnappy = ({ id, cd_values }: Filter) => id === BLOSC && cd_values[6] === BLOSC_SNAPPY
  if (filters.some(isSnappy)) return `filter ${BLOSC}, "blosc" with Snappy`
  const unknown = filters.find(({ id }) => !BUILT_IN.has(id) && !PLUG_INS.has(id))
  if (!unknown) return null
  return unknown.name === '' ? `filter ${unknown.id}` : `filter ${unknown.id}, "${unknown.name}"`
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
