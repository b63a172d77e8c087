/**
 * The ISMRM raw data header (XML, http://www.ismrm.org/ISMRMRD) that fastMRI keeps in `ismrmrd_header`, as far as a
 * volume needs it: the size of the reconstructed image and of its voxels, and whose it is.
 *
 * An image is a crop of the Fourier transform of k-space: its pixels are the encoded samples. With a k-space step of
 *   Δk = 1 / FOV,   a pixel = 1 / (N Δk) = FOV / N,   FOV and N those of `encodedSpace`, for each direction.
 * `reconSpace` is what the scanner made of it, often interpolated, so its pixels are others. fastMRI's knees: 640 × 368 samples over
 * 280 × 161.4 mm, pixels of 0.4375 × 0.4386 mm; reconSpace says 320 × 320 over 140 × 140 mm. Through the slice it is the other way
 * round: a 2-D scan encodes nothing there, `encodedSpace` includes the slice oversampling (4.5 mm in those knees), and
 * `reconSpace` says the thickness (3 mm).
 * Source: Inati et al., Magn. Reson. Med. 77, 411 (2017); Bernstein et al., Handbook of MRI Pulse Sequences (2004), 11.1.
 */
import { XMLParser } from 'fast-xml-parser'
import type { VoxelSize } from '../../../contract/volumes.ts'

export interface IsmrmrdHeader {
  /** `encoding/reconSpace/matrixSize` [x, y]: the crop [height, width] that fastMRI calls `recon_size`. */
  readonly reconSize: [number, number] | null
  /** `null` where the header does not say it, or contradicts the k-space or itself. */
  readonly voxelSize: VoxelSize | null
  readonly patientId: string | null
}

// Entities stay as they are: a header needs none, and nested ones are a way to fill the memory.
const parser = new XMLParser({ removeNSPrefix: true, parseTagValue: false, processEntities: false })

/** A field of view within the slice outside of this, mm, is not in mm: some headers hold metres. */
const PLAUSIBLE_VIEW = { least: 1, most: 10_000 }
/** Largest relative difference of two statements of one length. */
const TOLERANCE = 0.01

/**
 * The header's fields, or `null` for no header and for one that is not well-formed XML of that kind. Of several encodings, one for each
 * scan, the one counts whose encoded matrix is that of k-space.
 */
export function parseIsmrmrdHeader(
  xml: string | null,
  [rows, columns]: readonly [number, number],
): IsmrmrdHeader | null {
  if (xml === null) return null
  const header = field(parse(xml), 'ismrmrdHeader')
  if (header === undefined) return null
  const encodings = [field(header, 'encoding', 'all') ?? []].flat().map(readEncoding)
  const ofKspace = encodings.filter(({ encoded: { matrix } }) => matrix[0] === rows && matrix[1] === columns)
  const [height, width] = (ofKspace[0] ?? encodings[0])?.recon.matrix ?? [null, null]
  const sizes = ofKspace.map(voxelSize)
  const patientId = field(field(header, 'subjectInformation'), 'patientID')
  return {
    reconSize: height !== null && width !== null ? [height, width] : null,
    voxelSize: new Set(sizes.map(String)).size === 1 ? sizes[0] : null,
    patientId: typeof patientId === 'string' && patientId.trim() !== '' ? patientId.trim() : null,
  }
}

/** `encodedSpace/matrixSize` [x, y] of the first encoding: samples along the readout, and phase-encoding steps; `null` if it is not there. */
export function encodedSize(xml: string | null): [readout: number, phase: number] | null {
  const encoding = xml === null ? undefined : field(field(parse(xml), 'ismrmrdHeader'), 'encoding')
  const matrix = field(field(encoding, 'encodedSpace'), 'matrixSize')
  const readout = size(field(matrix, 'x'))
  const phase = size(field(matrix, 'y'))
  return readout !== null && phase !== null ? [readout, phase] : null
}

/** A header that cannot be read is as good as none: everything in it has a fall-back. */
function parse(xml: string): unknown {
  try {
    return parser.parse(xml, true)
  } catch {
    return null
  }
}

/** A child element; of several the first, or all. */
function field(node: unknown, name: string, which: 'first' | 'all' = 'first'): unknown {
  const first = Array.isArray(node) ? node[0] : node
  const found = typeof first === 'object' && first !== null ? (first as Record<string, unknown>)[name] : undefined
  return which === 'first' && Array.isArray(found) ? found[0] : found
}

/** Of x (down), y (right), z (through the slice). */
type Three = readonly [number | null, number | null, number | null]

interface Space {
  readonly matrix: Three
  /** mm */
  readonly view: Three
}

interface Encoding {
  readonly encoded: Space
  readonly recon: Space
}

const readEncoding = (node: unknown): Encoding => ({
  encoded: readSpace(field(node, 'encodedSpace')),
  recon: readSpace(field(node, 'reconSpace')),
})

function readSpace(node: unknown): Space {
  const three = (name: string, read: (text: unknown) => number | null): Three => {
    const parent = field(node, name)
    return [read(field(parent, 'x')), read(field(parent, 'y')), read(field(parent, 'z'))]
  }
  return { matrix: three('matrixSize', size), view: three('fieldOfView_mm', length) }
}

function size(text: unknown): number | null {
  const value = Number(text)
  return Number.isInteger(value) && value > 0 ? value : null
}

function length(text: unknown): number | null {
  const value = Number(text)
  return value > 0 && value <= PLAUSIBLE_VIEW.most ? value : null
}

/** Some files hold the matrix as their field of view: nobody knows how large their pixels are. */
function voxelSize({ encoded, recon }: Encoding): VoxelSize | null {
  const [down, right] = [extent(encoded, 0), extent(encoded, 1)]
  if (down === null || right === null || (down === 1 && right === 1)) return null
  if (encoded.view[0]! < PLAUSIBLE_VIEW.least || encoded.view[1]! < PLAUSIBLE_VIEW.least) return null
  return [down, right, thickness(encoded, recon)]
}

/** Field of view over matrix. */
const extent = ({ matrix, view }: Space, axis: 0 | 1 | 2): number | null =>
  matrix[axis] === null || view[axis] === null ? null : view[axis] / matrix[axis]

/** Of a 3-D scan, where both spaces must agree, the distance of its partitions. */
function thickness(encoded: Space, recon: Space): number | null {
  const [own, shown] = [extent(encoded, 2), extent(recon, 2)]
  if (encoded.matrix[2] === 1) return recon.matrix[2] === 1 && shown !== 1 ? shown : null
  return own !== null && shown !== null && Math.abs(own - shown) <= TOLERANCE * own ? own : null
}
