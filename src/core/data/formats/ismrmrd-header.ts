/**
 * The ISMRMRD header (XML, http://www.ismrm.org/ISMRMRD), which fastMRI stores in `ismrmrd_header`.
 * This file reads the size of the reconstructed image, the voxel size, the measurable columns and the patient id.
 *
 * An image is a crop of the Fourier transform of k-space, so its pixels are the encoded samples.
 * In each direction, with N and FOV of `encodedSpace` and the k-space step Δk = 1 / FOV:
 *   pixel = 1 / (N Δk) = FOV / N.
 * `reconSpace` describes the scanner's own image. That image is often interpolated, so its pixels differ.
 * Example, fastMRI's knees: 640 × 368 samples over 280 × 161.4 mm give pixels of 0.4375 × 0.4386 mm.
 * Their `reconSpace` has 320 × 320 pixels over 140 × 140 mm.
 * The slice thickness comes from `reconSpace`, because a 2-D scan encodes nothing through the slice.
 * There `encodedSpace` includes the slice oversampling (4.5 mm in fastMRI's knees, for a thickness of 3 mm).
 *
 * `encodingLimits` name the phase-encoding steps that were measured, 0 to `maximum`, and the step `center` at the
 * centre of k-space. The centre of N columns is column ⌊N/2⌋, so the measurable columns are
 *   left = ⌊N/2⌋ − center ≤ column < right = left + maximum + 1, as in fastMRI (`mri_data.py`).
 * Source: Inati et al., Magn. Reson. Med. 77, 411 (2017);
 * Bernstein et al., Handbook of MRI Pulse Sequences (2004), 11.1.
 */
import { XMLParser } from 'fast-xml-parser'
import type { VoxelSize } from '../../../contract/volumes.ts'
import type { Matrix } from '../volume.ts'

export interface IsmrmrdHeader {
  /** `encoding/reconSpace/matrixSize` [x, y]: the crop [height, width] that fastMRI calls `recon_size`. */
  readonly reconSize: [number, number] | null
  /** `null` if the header omits the size, or contradicts the k-space or itself. */
  readonly voxelSize: VoxelSize | null
  /** Columns left ≤ column < right can be measured. `null`: all columns, or the header does not say. */
  readonly padding: [left: number, right: number] | null
  readonly patientId: string | null
}

// Entities stay unexpanded, because a header needs none and nested entities can exhaust memory.
const parser = new XMLParser({ removeNSPrefix: true, parseTagValue: false, processEntities: false })

/** Plausible field of view within the slice, mm. Some headers hold metres instead. */
const PLAUSIBLE_VIEW = { least: 1, most: 10_000 }
/** Largest relative difference between two statements of a length. */
const TOLERANCE = 0.01

/**
 * The header's fields. `null` if there is no header, or if `xml` is not a well-formed ISMRMRD header.
 * A header has one encoding for each scan. The encoding counts whose encoded matrix is [rows, columns] of k-space.
 * If no encoding fits, `voxelSize` and `padding` are `null`, and `reconSize` comes from the first encoding.
 */
export function parseIsmrmrdHeader(
  xml: string | null,
  { rows, columns }: Pick<Matrix, 'rows' | 'columns'>,
): IsmrmrdHeader | null {
  if (xml === null) return null
  const header = field(parse(xml), 'ismrmrdHeader')
  if (header === undefined) return null
  const encodings = encodingsOf(header)
  const ofKspace = encodings.filter(({ encoded: { matrix } }) => matrix[0] === rows && matrix[1] === columns)
  const [height, width] = (ofKspace[0] ?? encodings[0])?.recon.matrix ?? [null, null]
  const sizes = ofKspace.map(voxelSize)
  const patientId = field(field(header, 'subjectInformation'), 'patientID')
  return {
    reconSize: height !== null && width !== null ? [height, width] : null,
    voxelSize: new Set(sizes.map(String)).size === 1 ? sizes[0] : null,
    padding: padding(ofKspace[0]),
    patientId: typeof patientId === 'string' && patientId.trim() !== '' ? patientId.trim() : null,
  }
}

/** How one scan of an MRD file was encoded. `null`: the header does not say. */
export interface MrdEncoding {
  /** Of `encodedSpace` and `reconSpace`: readout, columns, partitions. */
  readonly encoded: Space
  readonly recon: Space
  /** `cartesian`, `radial`, `spiral`, … */
  readonly trajectory: string | null
  /** Steps at the centre of k-space, along columns and along partitions. */
  readonly centres: readonly [columns: number | null, partitions: number | null]
  readonly slices: number | null
}

export interface MrdHeader {
  readonly encodings: readonly MrdEncoding[]
  /** Name of the protocol. */
  readonly acquisition: string | null
  /** Share of the receiver's bandwidth that has noise, `relativeReceiverNoiseBandwidth`. */
  readonly noiseBandwidth: number | null
}

/** The fields that an MRD file needs to be sorted. `null` if `xml` is not a well-formed ISMRMRD header. */
export function parseMrdHeader(xml: string | null): MrdHeader | null {
  const header = xml === null ? undefined : field(parse(xml), 'ismrmrdHeader')
  if (header === undefined) return null
  const protocol = field(field(header, 'measurementInformation'), 'protocolName')
  const bandwidth = field(field(header, 'acquisitionSystemInformation'), 'relativeReceiverNoiseBandwidth')
  const encodings = [field(header, 'encoding', 'all') ?? []].flat().map((node): MrdEncoding => {
    const limits = field(node, 'encodingLimits')
    const trajectory = field(node, 'trajectory')
    const limit = (name: string, of: 'center' | 'maximum') => step(field(field(limits, name), of))
    const lastSlice = limit('slice', 'maximum')
    return {
      ...readEncoding(node),
      trajectory: typeof trajectory === 'string' ? trajectory.trim().toLowerCase() : null,
      centres: [limit('kspace_encoding_step_1', 'center'), limit('kspace_encoding_step_2', 'center')],
      slices: lastSlice === null ? null : lastSlice + 1,
    }
  })
  return {
    encodings,
    acquisition: typeof protocol === 'string' && protocol.trim() !== '' ? protocol.trim() : null,
    noiseBandwidth: length(bandwidth),
  }
}

/** What the header says otherwise than k-space, in words with a remedy. K-space counts. */
export function headerRemarks(xml: string | null, { coils, rows, columns }: Matrix): string[] {
  const header = xml === null ? undefined : field(parse(xml), 'ismrmrdHeader')
  const sizes = encodingsOf(header).flatMap(({ encoded: { matrix } }) =>
    matrix[0] !== null && matrix[1] !== null ? [{ readout: matrix[0], phase: matrix[1] }] : [],
  )
  const channels = size(field(field(header, 'acquisitionSystemInformation'), 'receiverChannels'))
  const remarks: string[] = []
  const isTransposed = ({ readout, phase }: (typeof sizes)[number]) =>
    columns === readout && rows !== readout && phase !== columns
  // Files may leave out the oversampling of the readout, and may add empty columns.
  const fits = (each: (typeof sizes)[number]) =>
    (each.readout === rows || each.readout === 2 * rows) && each.phase <= columns && !isTransposed(each)
  if (sizes.length > 0 && !sizes.some(fits)) {
    const [first] = sizes
    remarks.push(
      `The header says ${first.readout} samples along the readout and ${first.phase} phase-encoding steps, ` +
        `k-space has ${rows} rows and ${columns} columns` +
        (isTransposed(first)
          ? ': its columns seem to be the readout. ' +
            'Masks leave out columns: transpose k-space and write the file again.'
          : '. K-space counts, and the pixel size is unknown. ' +
            'Correct encodedSpace/matrixSize in the header, or export the file again.'),
    )
  }
  // One coil may be combined from several coils.
  if (channels !== null && coils > 1 && channels !== coils) {
    remarks.push(
      `The header says ${channels} receiver channels, k-space has ${coils} coils. K-space counts. ` +
        'If coils are missing, export the file again. ' +
        'If coils were compressed, correct receiverChannels in the header.',
    )
  }
  return remarks
}

/** `null` for a header that cannot be parsed, because every value of a header has a fallback. */
function parse(xml: string): unknown {
  try {
    return parser.parse(xml, true)
  } catch {
    return null
  }
}

/** A child element. If there are several: the first, or all. */
function field(node: unknown, name: string, which: 'first' | 'all' = 'first'): unknown {
  const first = Array.isArray(node) ? node[0] : node
  const found = typeof first === 'object' && first !== null ? (first as Record<string, unknown>)[name] : undefined
  return which === 'first' && Array.isArray(found) ? found[0] : found
}

/** x (down), y (right), z (through the slice). */
type Three = readonly [number | null, number | null, number | null]

export interface Space {
  readonly matrix: Three
  /** mm */
  readonly view: Three
}

interface Encoding {
  readonly encoded: Space
  readonly recon: Space
  /** Of the phase-encoding steps. */
  readonly limits: { readonly maximum: number | null; readonly center: number | null }
}

const encodingsOf = (header: unknown): Encoding[] => [field(header, 'encoding', 'all') ?? []].flat().map(readEncoding)

function readEncoding(node: unknown): Encoding {
  const limits = field(field(node, 'encodingLimits'), 'kspace_encoding_step_1')
  return {
    encoded: readSpace(field(node, 'encodedSpace')),
    recon: readSpace(field(node, 'reconSpace')),
    limits: { maximum: step(field(limits, 'maximum')), center: step(field(limits, 'center')) },
  }
}

function readSpace(node: unknown): Space {
  const three = (name: string, read: (text: unknown) => number | null): Three => {
    const parent = field(node, name)
    return [read(field(parent, 'x')), read(field(parent, 'y')), read(field(parent, 'z'))]
  }
  return { matrix: three('matrixSize', size), view: three('fieldOfView_mm', length) }
}

function size(text: unknown): number | null {
  const value = step(text)
  return value === 0 ? null : value
}

/** Steps are counted from 0. */
function step(text: unknown): number | null {
  const value = typeof text === 'string' && text.trim() !== '' ? Number(text) : Number.NaN
  return Number.isInteger(value) && value >= 0 ? value : null
}

function length(text: unknown): number | null {
  const value = Number(text)
  return value > 0 && value <= PLAUSIBLE_VIEW.most ? value : null
}

/** `null` if the pixel size is unknown: some files hold the matrix as their field of view. */
function voxelSize({ encoded, recon }: Encoding): VoxelSize | null {
  const [down, right] = [extent(encoded, 0), extent(encoded, 1)]
  if (down === null || right === null || (down === 1 && right === 1)) return null
  if (encoded.view[0]! < PLAUSIBLE_VIEW.least || encoded.view[1]! < PLAUSIBLE_VIEW.least) return null
  return [down, right, thickness(encoded, recon)]
}

/** Field of view over matrix. */
const extent = ({ matrix, view }: Space, axis: 0 | 1 | 2): number | null =>
  matrix[axis] === null || view[axis] === null ? null : view[axis] / matrix[axis]

/** Slice thickness of a 2-D scan. For a 3-D scan: the distance of its partitions, if both spaces agree. */
function thickness(encoded: Space, recon: Space): number | null {
  const [own, shown] = [extent(encoded, 2), extent(recon, 2)]
  if (encoded.matrix[2] === 1) return recon.matrix[2] === 1 && shown !== 1 ? shown : null
  return own !== null && shown !== null && Math.abs(own - shown) <= TOLERANCE * own ? own : null
}

/** `null` if every column can be measured, or if the limits are impossible. */
function padding(encoding: Encoding | undefined): [left: number, right: number] | null {
  const columns = encoding?.encoded.matrix[1] ?? null
  const { maximum, center } = encoding?.limits ?? { maximum: null, center: null }
  if (columns === null || maximum === null || center === null) return null
  const left = Math.floor(columns / 2) - center
  const right = Math.min(left + maximum + 1, columns)
  return left >= 0 && left < right && right - left < columns ? [left, right] : null
}
