/**
 * NumPy's array file, version 1.0: little-endian float32, C order. A slice is [height, width], and a volume is [slices,
 * height, width]. The format has no field for a description.
 *
 * Source: numpy.lib.format, https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
 */
import { writeAtomically } from '../whole-files.ts'
import { bytesOf, type Reconstruction, type WriteReconstruction } from './reconstruction.ts'

const ALIGNMENT = 64
/** Magic string and version 1.0. The header's length follows as uint16. */
const PREAMBLE = [0x93, ...Buffer.from('NUMPY', 'latin1'), 1, 0]
const BEFORE_HEADER = PREAMBLE.length + 2

/** The header ends with spaces and a line feed, so that the data begin at a multiple of 64. */
function headerOf(shape: readonly number[]): string {
  const header = `{'descr': '<f4', 'fortran_order': False, 'shape': (${shape.join(', ')}), }`
  const length = Math.ceil((BEFORE_HEADER + header.length + 1) / ALIGNMENT) * ALIGNMENT - BEFORE_HEADER
  return `${header.padEnd(length - 1)}\n`
}

export function encodeNpy({ images, shape, slice }: Reconstruction): Uint8Array {
  const header = headerOf(slice === null ? shape : shape.slice(1))
  const length = Buffer.alloc(2)
  length.writeUInt16LE(header.length)
  return Buffer.concat([Buffer.from(PREAMBLE), length, Buffer.from(header, 'latin1'), bytesOf(images)])
}

export const writeNpy: WriteReconstruction = (path, reconstruction) => writeAtomically(path, encodeNpy(reconstruction))
