/**
 * The ISMRM raw data header (XML, http://www.ismrm.org/ISMRMRD) that fastMRI keeps in `ismrmrd_header`, as far as a
 * volume needs it: the size of the reconstructed image and of its pixels, and whose it is.
 */
import { XMLParser } from 'fast-xml-parser'

export interface IsmrmrdHeader {
  /** `encoding/reconSpace/matrixSize` [x, y]: the crop [height, width] that fastMRI calls `recon_size`. */
  readonly reconSize: [number, number] | null
  /** `reconSpace`'s field of view over its matrix, mm [down, right]; `null` where it has none, or counts of pixels in its place. */
  readonly pixelSize: [number, number] | null
  readonly patientId: string | null
}

// Entities stay as they are: a header needs none, and nested ones are a way to fill the memory.
const parser = new XMLParser({ removeNSPrefix: true, parseTagValue: false, processEntities: false })

/** The header's fields, or `null` for no header and for one that is not well-formed XML of that kind. */
export function parseIsmrmrdHeader(xml: string | null): IsmrmrdHeader | null {
  if (xml === null) return null
  const header = field(parse(xml), 'ismrmrdHeader')
  if (header === undefined) return null
  const space = ['encoding', 'reconSpace'].reduce(field, header)
  const matrix = field(space, 'matrixSize')
  const view = field(space, 'fieldOfView_mm')
  const height = size(field(matrix, 'x'))
  const width = size(field(matrix, 'y'))
  const patientId = field(field(header, 'subjectInformation'), 'patientID')
  return {
    reconSize: height !== null && width !== null ? [height, width] : null,
    pixelSize: pixelSize([length(field(view, 'x')), length(field(view, 'y'))], [height, width]),
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

/** A child element; of several (one `encoding` per scan) the first. */
function field(node: unknown, name: string): unknown {
  const first = Array.isArray(node) ? node[0] : node
  return typeof first === 'object' && first !== null ? (first as Record<string, unknown>)[name] : undefined
}

function size(text: unknown): number | null {
  const value = Number(text)
  return Number.isInteger(value) && value > 0 ? value : null
}

function length(text: unknown): number | null {
  const value = Number(text)
  return Number.isFinite(value) && value > 0 ? value : null
}

type Pair = readonly [number | null, number | null]

/** Some files hold the matrix as their field of view: nobody knows how large their pixels are. */
function pixelSize([tall, wide]: Pair, [height, width]: Pair): [number, number] | null {
  if (tall === null || wide === null || height === null || width === null) return null
  return tall === height && wide === width ? null : [tall / height, wide / width]
}
