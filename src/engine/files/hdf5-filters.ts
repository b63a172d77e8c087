/** Filters (compressions) of HDF5 datasets: which filters are supported, and the remedy for all other filters. */
import type { Filter } from 'h5wasm/node'

/** HDF5's own filters: gzip, shuffle, Fletcher's checksum, szip, n-bit, scale-offset. */
const BUILT_IN: ReadonlySet<number> = new Set([1, 2, 3, 4, 5, 6])

const BLOSC = 32001
/** Blosc's number for Snappy, the only compressor that the Blosc plug-in lacks. */
const BLOSC_SNAPPY = 3

/** Registered numbers of the plug-ins' filters. Each filter has a fixture in test/fixtures/compression. */
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

/** Describes the first unsupported filter. Returns `null` if all filters are supported. */
export function unknownFilter(filters: readonly Filter[]): string | null {
  const isSnappy = ({ id, cd_values }: Filter) => id === BLOSC && cd_values[6] === BLOSC_SNAPPY
  if (filters.some(isSnappy)) return `filter ${BLOSC}, "blosc" with Snappy`
  const unknown = filters.find(({ id }) => !BUILT_IN.has(id) && !PLUG_INS.has(id))
  if (!unknown) return null
  return unknown.name === '' ? `filter ${unknown.id}` : `filter ${unknown.id}, "${unknown.name}"`
}

/** The command that repacks a file with gzip, for a computer that has the filter's plug-in. */
export function repack(file: string): string {
  const plugins = `$(python -c 'import hdf5plugin; print(hdf5plugin.PLUGIN_PATH)')`
  return `Repack it: pip install hdf5plugin, then HDF5_PLUGIN_PATH=${plugins} h5repack -f GZIP=4 ${quoted(file)} NEW.h5`
}

/** Quotes a file name for a shell. */
export function quoted(file: string): string {
  return `'${file.replaceAll("'", "'\\''")}'`
}
