/**
 * ISMRMRD/MRD 1 files (HDF5; Inati et al., Magn. Reson. Med. 77, 411 (2017)): a group, usually `dataset`, with the
 * datasets `xml` (the header) and `data` (acquisitions). Cartesian acquisitions are sorted into slices of k-space
 * [coils, rows = readout, columns = phase encoding]. Averages are averaged, and the oversampling of the readout is
 * removed. Contrasts, cardiac phases, repetitions and sets are volumes of their own.
 * Source: ISMRMRD's `ismrmrd.h`, `ismrmrd.xsd` and documentation.
 */
import { AppError } from '../../../contract/errors.ts'
import type { Geometry } from '../../../contract/volumes.ts'
import type { FileSource } from '../source.ts'
import type { StoredVolume, VolumeFormat } from '../volume.ts'
import {
  headerRemarks,
  type MrdEncoding,
  type MrdHeader,
  parseIsmrmrdHeader,
  parseMrdHeader,
} from './ismrmrd-header.ts'
import { type Acquisition, type Acquisitions, groupOf, readAcquisitions } from './mrd-acquisitions.ts'
import { geometryOf } from './mrd-geometry.ts'
import { kspaceStack, type MrdMatrix, withoutOversampling } from './mrd-kspace.ts'
import { incompleteSlices, type OrderedSlice, partsOf, slicesOf } from './mrd-order.ts'

export const mrd: VolumeFormat = {
  label: 'ISMRMRD (MRD 1)',
  extensions: ['.mrd'],
  sniff(source) {
    const file = source.hdf5()
    return file !== null && groupOf(file) !== null
  },
  parts(source) {
    const names = [...indexOf(source).parts.keys()].filter(name => name !== null)
    return names.length > 0 ? names : null
  },
  read,
}

interface Index extends Acquisitions {
  readonly xml: string
  readonly header: MrdHeader
  readonly encoding: MrdEncoding
  readonly matrix: MrdMatrix
  readonly parts: ReadonlyMap<string | null, readonly Acquisition[]>
}

/** A file is indexed once, for all of its parts. */
const indices = new WeakMap<FileSource, Index>()

function indexOf(source: FileSource): Index {
  const known = indices.get(source)
  if (known) return known
  const index = makeIndex(source)
  indices.set(source, index)
  return index
}

function makeIndex(source: FileSource): Index {
  const file = source.hdf5()!
  const group = groupOf(file)!
  const xml = file.readText(`${group}/xml`)
  const header = parseMrdHeader(xml)
  if (xml === null || header === null)
    throw unsupported(source, `Expected an ISMRMRD header in ${group}/xml, got another text, or none`, CONVERT)
  const acquisitions = readAcquisitions(source, group)
  const { imaging } = acquisitions
  if (imaging.length === 0) {
    const others = [...acquisitions.leftOut].map(([kind, count]) => `${count} of the kind "${kind}"`)
    const noise = acquisitions.noise.length > 0 ? [`${acquisitions.noise.length} of noise`] : []
    const got = [...noise, ...others].join(', ') || 'none at all'
    throw unsupported(source, `Expected acquisitions of images in ${group}/data, got ${got}`, 'Choose another file.')
  }
  const encoding = encodingOf(source, header, imaging)
  requireCartesian(source, encoding, imaging)
  const matrix = matrixOf(source, encoding, imaging)
  return { ...acquisitions, xml, header, encoding, matrix, parts: partsOf(imaging) }
}

const CONVERT = "Convert the scanner's file again, for example with siemens_to_ismrmrd."

function encodingOf(source: FileSource, { encodings }: MrdHeader, imaging: readonly Acquisition[]): MrdEncoding {
  const spaces = [...new Set(imaging.map(each => each.space))].sort((a, b) => a - b)
  if (spaces.length > 1)
    throw unsupported(
      source,
      `Expected images of one encoding space, got acquisitions of the spaces ${spaces.join(', ')}`,
      'Write the acquisitions of each space into a file of their own.',
    )
  const encoding = encodings[spaces[0]] ?? (encodings.length === 1 ? encodings[0] : undefined)
  if (encoding) return encoding
  throw unsupported(
    source,
    `Expected the encoding space ${spaces[0]} of the acquisitions in the header, got ${encodings.length} encodings`,
    CONVERT,
  )
}

/** Some Cartesian files declare another trajectory. A file that lists no k-space positions has nothing else to say. */
function requireCartesian(source: FileSource, { trajectory }: MrdEncoding, imaging: readonly Acquisition[]): void {
  if (isCartesian(trajectory) || !imaging.some(each => each.hasTrajectory)) return
  throw unsupported(
    source,
    `Expected Cartesian acquisitions, got the trajectory "${trajectory}" with its positions in k-space`,
    'Regrid the data onto a Cartesian grid, or choose another file.',
  )
}

const isCartesian = (trajectory: string | null) => trajectory === null || trajectory === 'cartesian'

/** A slice of k-space may have this many times the bytes of the file, because most of it may not be measured. */
const MOST_EMPTY = 64

function matrixOf(source: FileSource, encoding: MrdEncoding, imaging: readonly Acquisition[]): MrdMatrix {
  const [encoded, columns, partitions] = encoding.encoded.matrix
  if (encoded === null || columns === null)
    throw unsupported(source, 'Expected encodedSpace/matrixSize in the header, got none', CONVERT)
  const [{ coils }] = imaging
  const other = imaging.find(each => each.coils !== coils)
  if (other)
    throw unsupported(
      source,
      `Expected ${coils} coils in every acquisition, got ${other.coils} in acquisition ${other.record + 1}`,
      CONVERT,
    )
  const isSlab = imaging.some(each => each.partition > 0)
  const depth = isSlab ? (partitions ?? 1) : 1
  if (8 * coils * encoded * columns * depth > MOST_EMPTY * source.bytes)
    throw unsupported(
      source,
      `Expected a header whose k-space fits a file of ${source.bytes} bytes, got ${coils} coils of ` +
        `${encoded} × ${columns} × ${depth} samples`,
      'Correct encodedSpace/matrixSize, or copy the file again.',
    )
  return {
    coils,
    encoded,
    columns,
    rows: withoutOversampling(encoding, 0),
    depth,
    slices: isSlab ? withoutOversampling(encoding, 2) : 1,
    centres: encoding.centres,
  }
}

function read(source: FileSource, part: string | null): StoredVolume {
  const index = indexOf(source)
  const { xml, header, encoding, matrix, imaging, group } = index
  const own = index.parts.get(part)!
  const phaseEncoding = { columns: matrix.columns, centre: encoding.centres[0] }
  const slices = slicesOf(own, imaging, phaseEncoding, { declared: encoding.slices, path: source.path })
  const { coils, rows, columns, encoded } = matrix
  const stated = parseIsmrmrdHeader(xml, { rows: encoded, columns })
  const kspace = kspaceStack(source, `${group}/data`, slices, matrix)
  return {
    matrix: { coils, rows, columns },
    kspace,
    target: null,
    noiseFree: null,
    mask: null,
    header: xml,
    attributes: {},
    facts: {
      reconSize: stated?.reconSize ?? null,
      acquisition: header.acquisition,
      orientation: null,
      ...(stated?.voxelSize && { voxelSize: stated.voxelSize }),
      ...(stated?.padding && { padding: stated.padding }),
      ...geometryFact(slices, matrix, stated?.voxelSize?.[2] ?? null),
      maximum: null,
      origin: 'measured',
      patientId: stated?.patientId ?? null,
    },
    remarks: [...headerRemarks(xml, { coils, rows, columns }), ...remarksOf(index, slices, own)],
  }
}

function geometryFact(
  slices: readonly OrderedSlice[],
  matrix: MrdMatrix,
  spacing: number | null,
): { geometry?: Geometry } {
  const geometry = geometryOf(slices, matrix, spacing)
  return geometry ? { geometry } : {}
}

function remarksOf(
  { leftOut, encoding }: Index,
  slices: readonly OrderedSlice[],
  own: readonly Acquisition[],
): string[] {
  const remarks: string[] = []
  if (!isCartesian(encoding.trajectory))
    remarks.push(
      `The header declares the trajectory "${encoding.trajectory}", but the file lists no positions in k-space. ` +
        'The acquisitions are read as Cartesian lines.',
    )
  if (leftOut.size > 0) {
    const kinds = [...leftOut].map(([kind, count]) => `${kind} (${count})`)
    remarks.push(`Acquisitions that are not used, by kind and number: ${kinds.join(', ')}.`)
  }
  const averages = slices
    .flatMap(({ lines }) => lines)
    .reduce((most, { weight }) => Math.max(most, Math.round(1 / weight)), 1)
  if (averages > 1) remarks.push(`Up to ${averages} acquisitions of a line were averaged.`)
  if (own.some(each => each.isReversed))
    remarks.push('Reversed readouts were turned. Nothing else corrects their echo shifts.')
  const lacking = incompleteSlices(slices)
  if (lacking.size > 0)
    remarks.push(`Slices that the file lacks, whole or in part: ${[...lacking].map(slice => slice + 1).join(', ')}.`)
  return remarks
}

const unsupported = ({ path }: FileSource, message: string, remedy: string): AppError =>
  new AppError('UNSUPPORTED_FORMAT', `${message}, in ${path}. ${remedy}`)
