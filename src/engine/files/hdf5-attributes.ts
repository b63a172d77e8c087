/** Reads attributes of the root group. */
import type { File } from 'h5wasm/node'
import { isComplex } from '../../core/data/hdf5.ts'
import { asUtf8, decode, type Element, elementOf } from './hdf5-elements.ts'
import { type Hdf5Module, withMemory } from './hdf5-library.ts'

/** `Hdf5File.attribute`, for an attribute that exists. */
export function readAttribute(library: Hdf5Module, file: File, name: string, path: string): string | number | null {
  const metadata = library.get_attribute_metadata(file.file_id, '/', name)
  const element = elementOf(metadata, null)
  if (metadata.shape === null || element.kind === 'other' || isComplex(element.kind)) return null
  // h5wasm cannot read half floats. h5wasm returns 64-bit integers as `bigint`, which is exact.
  const value: unknown =
    element.kind === 'float16'
      ? halves(library, file, name, { element, count: metadata.total_size, path })
      : file.get_attribute(name, false)
  const values = ArrayBuffer.isView(value) ? Array.from(value as Uint8Array) : [value].flat()
  const texts = values.map(one => (typeof one === 'string' ? asUtf8(one, metadata) : one))
  if (texts.length !== 1) return texts.join(', ')
  const [first] = texts as unknown[]
  if (typeof first === 'boolean') return Number(first)
  // Integers beyond 2⁵³, such as long patient ids, become text, because text keeps all digits.
  if (typeof first === 'bigint') return Number.isSafeInteger(Number(first)) ? Number(first) : String(first)
  return typeof first === 'string' || typeof first === 'number' ? first : null
}

function halves(
  library: Hdf5Module,
  file: File,
  name: string,
  { element, count, path }: { readonly element: Element; readonly count: number; readonly path: string },
): Float64Array {
  const bytes = count * element.size
  return withMemory(library, bytes, path, pointer => {
    library.get_attribute_data(file.file_id, '/', name, BigInt(pointer))
    return decode(library.HEAPU8.subarray(pointer, pointer + bytes), element, new Float64Array(count))
  })
}
